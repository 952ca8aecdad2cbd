"""Reads a page as a reader would: texts, tables and charts of its parts."""

from __future__ import annotations

from typing import Any

from lxml import html

from tests.report.made_up_marts import INDICATORS

CHARTS = (
    *(f"chart-{code}" for code, *_ in INDICATORS),
    "chart-site-audience", "chart-site-sources", "chart-site-devices",
    "chart-service-channels", "chart-smev-requests", "chart-smev-service", "chart-funding",
)  # fmt: skip


def text(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


def found(page: html.HtmlElement, path: str, **variables: str) -> list[Any]:
    """What an XPath finds below the element."""
    result = page.xpath(path, **variables)
    assert isinstance(result, list)
    return result


def one(page: html.HtmlElement, path: str, **variables: str) -> html.HtmlElement:
    (element,) = found(page, path, **variables)
    assert isinstance(element, html.HtmlElement)
    return element


def by_id(page: html.HtmlElement, name: str) -> html.HtmlElement:
    return one(page, "//*[@id=$name]", name=name)


def indicator_cards(page: html.HtmlElement) -> list[Any]:
    return found(page, "//article[@class='card indicator']")


def rows_behind(page: html.HtmlElement, chart: str) -> list[list[str]]:
    """The first table under a chart, heading row first."""
    card = one(page, "//article[.//*[@id=$chart]]", chart=chart)
    table = found(card, ".//details[not(@class)]//table")[0]
    return [[text(cell) for cell in found(row, "th|td")] for row in found(table, ".//tr")]


def rows_of(card: html.HtmlElement) -> list[list[str]]:
    return [[text(cell) for cell in found(row, "th|td")] for row in found(card, ".//tbody/tr")]


def keys(page: html.HtmlElement, chart: str) -> list[str]:
    """The legend of a chart."""
    card = one(page, "//article[.//*[@id=$chart]]", chart=chart)
    return [text(key) for key in found(card, ".//*[@class='legend']/li")]


def hovers(page: html.HtmlElement, chart: str) -> list[str]:
    """What is told of each month of a chart, one line a month."""
    titles = found(by_id(page, chart), ".//*[@class='hover']/rect/title")
    return [
        "; ".join(title.text_content().split("\n")).replace("\N{NO-BREAK SPACE}", " ")
        for title in titles
    ]


def labels(page: html.HtmlElement, chart: str) -> list[str]:
    """The texts on a chart, without those of its axes."""
    return [text(label) for label in found(by_id(page, chart), ".//*[@class='label']")]
