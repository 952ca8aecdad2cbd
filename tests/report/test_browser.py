"""The page in a real browser: opens offline, draws every chart, speaks Russian, fits the screen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browsers import SCREENSHOTS, browser
from tests.report.made_up_marts import INDICATORS

__all__ = ["browser"]

pytestmark = pytest.mark.browser

FLAT = re.compile(r"M[\d.]+,([\d.]+)V\1H")
MARKS = ".scatterlayer .trace path, .barlayer .point path"
# Texts of charts that the edge of their chart cuts off.
BEYOND_CHART = """
[...document.querySelectorAll(".chart")].flatMap(chart => {
  const {left, right} = chart.getBoundingClientRect();
  return [...chart.querySelectorAll(".bartext, .legendtext, .xtick text, .ytick text")].filter(
    text => text.getBoundingClientRect().left < left - 1
      || text.getBoundingClientRect().right > right + 1
  ).map(text => chart.id + ": " + text.textContent);
})
"""
SCREENS = [(1280, 900, "light"), (1280, 900, "dark"), (390, 844, "light"), (390, 844, "dark")]


class Opened:
    """A page with what it said and asked for while it opened."""

    def __init__(self, page: Page, path: Path) -> None:
        self.page = page
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-drawn]", state="attached", timeout=60_000)


@pytest.fixture(params=SCREENS, ids=lambda screen: f"{screen[0]}-{screen[2]}")
def opened(browser: Browser, written: Path, request: pytest.FixtureRequest) -> Iterator[Opened]:
    width, height, scheme = request.param
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, offline=True
    )
    yield Opened(context.new_page(), written / "full.html")
    context.close()


@pytest.fixture(scope="module")
def page(browser: Browser, written: Path) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    yield Opened(context.new_page(), written / "full.html").page
    context.close()


def test_opens_draws_and_fits(opened: Opened, request: pytest.FixtureRequest) -> None:
    page = opened.page
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    name = request.node.callspec.id
    page.screenshot(path=SCREENSHOTS / f"report-{name}.png", full_page=True)
    assert opened.said == []
    assert [url.partition(":")[0] for url in opened.asked] == ["file"]
    charts = page.locator(".chart")
    assert charts.count() == len(INDICATORS) + 7
    for number in range(charts.count()):
        chart = charts.nth(number)
        assert chart.locator(MARKS).count() > 0, chart.get_attribute("id")
    cards = page.locator("article.indicator")
    assert cards.count() == len(INDICATORS)
    assert all(cards.nth(number).is_visible() for number in range(cards.count()))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(BEYOND_CHART) == []
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    page.screenshot(path=SCREENSHOTS / f"report-{name}-open.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_charts_hold_every_point(page: Page) -> None:
    # 42 months, one of them without data: its bar has no height.
    bars = page.locator("#chart-site-audience .barlayer .point path")
    outlines = [bar.get_attribute("d") or "" for bar in bars.all()]
    assert [place for place, line in enumerate(outlines) if FLAT.match(line)] == [7]
    assert len(outlines) == 42
    # The month under way has no bar where the source has not reached it.
    assert page.locator("#chart-smev_requests .barlayer .point").count() == 43
    assert page.locator("#chart-service-channels .barlayer .trace").count() == 5
    assert page.locator("#chart-edms_workplaces_share .annotation").text_content() == "Нет данных"


def test_names_are_shown_as_they_are(page: Page) -> None:
    labels = page.locator("#chart-site-sources .ytick").all_text_contents()
    assert "brand<new>" in labels
    assert "Прямые заходы" in labels


def test_hover_speaks_russian(page: Page) -> None:
    plot = page.locator("#chart-smev_requests .nsewdrag")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    # The last bar but one: the last month is under way.
    page.mouse.move(box["x"] + box["width"] * (1 - 1.5 / 43), box["y"] + box["height"] / 2)
    page.wait_for_selector("#chart-smev_requests .hoverlayer .legend")
    hover = page.locator("#chart-smev_requests .hoverlayer").text_content() or ""
    shown = hover.replace("\N{NO-BREAK SPACE}", " ")
    assert "июнь 2026" in shown
    assert "Факт: 1 146 ед." in shown
    assert "Прогноз: 2 292 ед." in shown
    ticks = page.locator("#chart-site-audience .ytick").all_text_contents()
    assert "10 000" in [tick.replace("\N{NO-BREAK SPACE}", " ") for tick in ticks]


def test_charts_follow_the_colour_scheme_and_print_light(page: Page) -> None:
    legend = page.locator("#chart-funding .legendtext").first
    colour = "element => getComputedStyle(element).fill"
    page.emulate_media(color_scheme="light")
    light = legend.evaluate(colour)
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(500)
    assert legend.evaluate(colour) != light
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert legend.evaluate(colour) == light
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.wait_for_timeout(500)
    assert legend.evaluate(colour) != light
    page.emulate_media(color_scheme="light")


def test_prints_on_a4(page: Page) -> None:
    paper = page.pdf(prefer_css_page_size=True)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    (SCREENSHOTS / "report-a4.pdf").write_bytes(paper)
    assert paper.startswith(b"%PDF")
    assert page.locator("html[data-print]").count() == 0


def test_a_number_is_opened_down_to_its_parts_without_scripts(
    browser: Browser, written: Path
) -> None:
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto((written / "full.html").as_uri())
    card = page.locator("#indicator-departments_equipped_share")
    lacking, whole = card.get_by_text("Отдел опеки"), card.get_by_text("Отдел № 1", exact=True)
    assert not lacking.is_visible()
    card.get_by_text("Из чего сложилось").click()
    assert lacking.is_visible()
    assert not whole.is_visible()
    card.get_by_text("Оснащены полностью: 42").click()
    assert whole.is_visible()
    context.close()


def test_all_tables_open_with_one_button(page: Page) -> None:
    closed = page.locator("details:not([open])")
    assert closed.count() > 12
    page.get_by_role("button", name="Раскрыть все таблицы").click()
    assert closed.count() == 0
    assert page.locator("#indicator-ict_events table").is_visible()
    page.get_by_role("button", name="Свернуть все таблицы").click()
    assert page.locator("details[open]").count() == 0
