"""The page in a real browser: opens offline, draws every chart, speaks Russian, fits the screen."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from pypdf import PdfReader

from tests.browsers import SCREENSHOTS, browser
from tests.report.made_up_marts import INDICATORS

__all__ = ["browser"]

pytestmark = pytest.mark.browser

MARKS = "svg rect[fill], svg path, svg circle, .bar"
# Texts of charts that the edge of their chart cuts off.
BEYOND_CHART = """
[...document.querySelectorAll(".chart")].flatMap(chart => {
  const {left, right} = chart.getBoundingClientRect();
  return [...chart.querySelectorAll("text, .values span, .ranking span, .ranking b")].filter(
    text => text.getBoundingClientRect().left < left - 1
      || text.getBoundingClientRect().right > right + 1
  ).map(text => chart.id + ": " + text.textContent);
})
"""
A4_WIDTH = 688
SCREENS = [
    (1280, 900, "light"),
    (1280, 900, "dark"),
    (820, 1100, "light"),
    (390, 844, "light"),
    (390, 844, "dark"),
]


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(browser: Browser, written: Path, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, offline=True)
    page = context.new_page()
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto((written / "full.html").as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    context.close()


def test_charts_hold_every_point(page: Page) -> None:
    # 42 months of visits, one of them without data.
    assert page.locator("#chart-site-audience svg.plot > rect").count() == 41
    assert page.locator("#chart-service-channels svg.plot > rect").count() == 5 * 42
    assert page.locator("#chart-edms_workplaces_share .said").text_content() == "Нет данных"


def test_names_are_shown_as_they_are(page: Page) -> None:
    names = page.locator("#chart-site-sources .ranking li > span:first-child").all_text_contents()
    assert "brand<new>" in names
    assert "Прямые заходы" in names


def test_hover_speaks_russian(page: Page) -> None:
    # The last month but one: the last is under way.
    hovers = page.locator("#chart-smev_requests .hover rect")
    hovers.nth(-2).hover()
    told = hovers.nth(-2).locator("title").text_content() or ""
    assert told.replace("\N{NO-BREAK SPACE}", " ").split("\n") == [
        "июнь 2026", "Факт: 1 146 ед.", "План года: 1 600 ед.",
    ]  # fmt: skip
    assert float(hovers.nth(-2).evaluate("one => getComputedStyle(one).fillOpacity")) < 1
    ticks = page.locator("#chart-site-audience .values span").all_text_contents()
    assert "10 000" in [tick.replace("\N{NO-BREAK SPACE}", " ") for tick in ticks]


def test_charts_follow_the_colour_scheme_and_print_light(page: Page) -> None:
    bar = page.locator("#chart-funding svg.plot > rect").first
    colour = "element => getComputedStyle(element).fill"
    page.emulate_media(color_scheme="light")
    light = bar.evaluate(colour)
    page.emulate_media(color_scheme="dark")
    assert bar.evaluate(colour) != light
    page.emulate_media(color_scheme="dark", media="print")
    assert bar.evaluate(colour) == light
    page.emulate_media(color_scheme="light", media="null")


def test_paper_is_no_phone(browser: Browser, written: Path) -> None:
    context = browser.new_context(viewport={"width": A4_WIDTH, "height": 1000}, offline=True)
    page = context.new_page()
    page.emulate_media(media="print")
    page.goto((written / "full.html").as_uri())
    heads = page.locator(".overview thead th")
    assert all(heads.nth(number).is_visible() for number in range(heads.count()))
    assert page.evaluate("document.documentElement.scrollWidth") <= A4_WIDTH
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    rows = page.locator("article:has(#chart-smev-requests) table.long tbody tr")
    assert [rows.nth(number).is_visible() for number in (0, 11, 12, 41)] == [
        True,
        True,
        False,
        False,
    ]
    context.close()


def test_prints_on_a4(page: Page, tmp_path: Path) -> None:
    paper = page.pdf(prefer_css_page_size=True)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    (SCREENSHOTS / "report-a4.pdf").write_bytes(paper)
    sheets = PdfReader(BytesIO(paper)).pages
    texts = [" ".join(sheet.extract_text().split()) for sheet in sheets]
    # The summary stands whole on the first sheet, down to what is wrong with the data.
    assert "Сводка" in texts[0]
    assert "Реестры программы" in texts[0]
    assert "замечания — 78 случаев" in texts[0]
    for number, told in enumerate(texts, start=1):
        assert f"лист {number} из {len(texts)}" in told
        assert "Показатели за июнь 2026 · редакция программы от 1 января 2025 · рассчитано" in told


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
    assert page.locator("#indicator-ict_events table").first.is_visible()
    page.get_by_role("button", name="Свернуть все таблицы").click()
    assert page.locator("details[open]").count() == 0
