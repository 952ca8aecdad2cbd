"""The headline month and the month under way: which each is, and what is said where a source ends early."""

from __future__ import annotations

from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from lxml import html
from rich.console import Console

from bi.sources import read_sources
from municipal_indicators.report import print_indicators, russian, write_report
from tests.marts.given import Given

GROWTH, SMEV, EVENTS = "site_visitors_growth", "smev_requests", "ict_events"
EDMS = "edms_workplaces_share"
STARTED, BASE = date(2023, 1, 1), date(2022, 1, 10)


def _sources(given: Given, *, site: date, smev: date) -> None:
    """The site, with 12 visitors against 10, and SMEV, with a request on its last day, through these days."""
    given.site(date(2022, 1, 1), date(2022, 12, 31), {BASE: range(10)})
    given.site(STARTED, site, {date(2023, 1, 10): range(12)})
    given.requests({date(2023, 1, 10): 5, smev: 1})
    given.events(date(2023, 2, 10))
    given.workplaces(date(2023, 6, 30), 1, of=4)


def _build(given: Given, today: date) -> None:
    now = datetime(today.year, today.month, today.day, 9, tzinfo=UTC)
    given.build("indicators_monthly", "data_coverage", now=now)


def _months(given: Given) -> dict[str, date]:
    """The month of each role."""
    rows = given.select("SELECT DISTINCT toString(role), month FROM marts.indicators_latest")
    assert len(rows) == len(dict(rows))
    return dict(rows)


def _said(given: Given, role: str, *codes: str) -> dict[str, tuple[Any, ...]]:
    return {
        code: tuple(rest)
        for code, *rest in given.select(
            "SELECT indicator, round(fact, 6), toString(status), is_reached, note"
            f" FROM marts.indicators_latest WHERE role = '{role}'"
        )
        if code in codes
    }


def test_one_day_of_january_leaves_december_the_headline(given: Given) -> None:
    _sources(given, site=date(2024, 1, 1), smev=date(2023, 12, 31))
    _build(given, date(2024, 1, 1))
    assert _months(given) == {"headline": date(2023, 12, 1), "preliminary": date(2024, 1, 1)}
    december = _said(given, "headline", GROWTH, SMEV, EVENTS, EDMS)
    assert december == {
        GROWTH: (20.0, "off_track", True, "по 31.12.2023"),
        SMEV: (6.0, "off_track", True, "по 31.12.2023"),
        EVENTS: (1.0, "off_track", True, "на 10.02.2023"),
        EDMS: (25.0, "off_track", True, "на 30.06.2023"),
    }
    january = _said(given, "preliminary", GROWTH, SMEV, EDMS)
    assert january[GROWTH][2:] == (True, "нет данных")
    assert january[SMEV] == (None, "no_data", False, "нет данных за январь")
    assert january[EDMS][0] == 25.0


def test_sources_that_end_on_different_days_of_the_month(given: Given) -> None:
    _sources(given, site=date(2023, 11, 17), smev=date(2023, 11, 15))
    _build(given, date(2023, 11, 18))
    assert _months(given) == {"headline": date(2023, 10, 1), "preliminary": date(2023, 11, 1)}
    assert _said(given, "preliminary", GROWTH, SMEV, EVENTS) == {
        GROWTH: (20.0, "off_track", True, "по 17.11.2023"),
        SMEV: (6.0, "off_track", True, "по 15.11.2023"),
        EVENTS: (1.0, "off_track", True, "на 10.02.2023"),
    }


def test_source_that_has_not_reached_the_month_says_nothing_of_it(given: Given) -> None:
    _sources(given, site=date(2023, 11, 2), smev=date(2023, 10, 31))
    _build(given, date(2023, 11, 3))
    assert _months(given) == {"headline": date(2023, 10, 1), "preliminary": date(2023, 11, 1)}
    columns = (
        "numerator, denominator, fact, forecast, forecast_due, expected, toString(status), note"
    )
    assert given.select(
        f"SELECT {columns} FROM marts.indicators_latest"
        f" WHERE role = 'preliminary' AND indicator = '{SMEV}'"
    ) == [(None, None, None, None, None, None, "no_data", "нет данных за ноябрь")]
    # The mart itself carries the sum of October forward.
    assert given.indicator(SMEV, "fact", "month = '2023-11-01'") == [(6.0,)]


def test_dead_source_does_not_stop_the_headline(given: Given) -> None:
    _sources(given, site=date(2023, 6, 20), smev=date(2023, 11, 15))
    _build(given, date(2023, 11, 16))
    assert _months(given) == {"headline": date(2023, 10, 1), "preliminary": date(2023, 11, 1)}
    said = _said(given, "headline", GROWTH, SMEV)
    assert said[GROWTH] == (None, "no_data", False, "нет данных за октябрь")
    assert said[SMEV][2:] == (True, "по 31.10.2023")


def test_month_that_a_source_left_half_done_is_no_headline(given: Given) -> None:
    _sources(given, site=date(2023, 10, 15), smev=date(2023, 12, 16))
    _build(given, date(2023, 12, 17))
    # In November the site says nothing and SMEV is whole.
    assert _months(given) == {"headline": date(2023, 11, 1), "preliminary": date(2023, 12, 1)}
    given.site(date(2023, 10, 16), date(2023, 11, 15))
    _build(given, date(2023, 12, 17))
    assert _months(given) == {"headline": date(2023, 10, 1), "preliminary": date(2023, 12, 1)}


def test_last_day_of_a_month_leaves_nothing_preliminary(given: Given) -> None:
    _sources(given, site=date(2023, 10, 31), smev=date(2023, 10, 31))
    _build(given, date(2023, 11, 1))
    assert _months(given) == {"headline": date(2023, 10, 1)}


def test_no_month_is_over_yet(given: Given) -> None:
    _sources(given, site=date(2023, 1, 17), smev=date(2023, 1, 15))
    _build(given, date(2023, 1, 18))
    assert _months(given) == {"preliminary": date(2023, 1, 1)}


def test_programme_that_counts_only_events(given: Given) -> None:
    def change(content: dict[str, Any]) -> None:
        content["indicators"] = [one for one in content["indicators"] if one["code"] == EVENTS]
        content["editions"] = [
            {**edition, "targets": {EVENTS: edition["targets"][EVENTS]}}
            for edition in content["editions"]
        ]

    given.change_passport(change)
    given.events(date(2023, 2, 10), date(2023, 5, 3))
    _build(given, date(2023, 5, 4))
    assert _months(given) == {"headline": date(2023, 4, 1), "preliminary": date(2023, 5, 1)}


def test_empty_mart_has_no_month(given: Given) -> None:
    _build(given, date(2023, 5, 4))
    assert _months(given) == {}


@pytest.mark.parametrize(
    ("site", "smev", "today", "month", "beside"),
    [
        (date(2024, 1, 1), date(2023, 12, 31), date(2024, 1, 1), date(2023, 12, 1), "январь 2024"),
        (date(2023, 11, 17), date(2023, 11, 15), date(2023, 11, 18), date(2023, 10, 1), "ноябрь 2023"),
        (date(2023, 6, 20), date(2023, 11, 15), date(2023, 11, 16), date(2023, 10, 1), "ноябрь 2023"),
        (date(2023, 10, 31), date(2023, 10, 31), date(2023, 11, 1), date(2023, 10, 1), ""),
    ],
    ids=["1 January", "the 17th", "dead source", "month's end"],
)  # fmt: skip
def test_page_terminal_and_superset_show_one_month(
    given: Given, tmp_path: Path, site: date, smev: date, today: date, month: date, beside: str
) -> None:
    _sources(given, site=site, smev=smev)
    now = datetime(today.year, today.month, today.day, 9, tzinfo=UTC)
    given.build(now=now)
    shown = russian.month(month)
    page = write_report(
        given.warehouse, tmp_path / "page.html", programme="П", time_zone="Europe/Moscow"
    )
    parsed = html.fromstring(page.read_text(encoding="utf-8"))
    assert parsed.xpath("string(//*[@class='as-of']/strong)") == shown
    heads = str(parsed.xpath("string(//*[@class='overview']/thead)"))
    wanted = f"предварительно, {beside.replace(' ', russian.NBSP)}"
    assert (wanted in heads) is bool(beside)
    out = StringIO()
    print_indicators(given.warehouse, Console(file=out, width=120), "Europe/Moscow")
    assert f"Показатели программы, {shown}" in out.getvalue()
    assert (f"{beside.partition(' ')[0].capitalize()}*" in out.getvalue()) is bool(beside)
    assert (f"{beside.partition(' ')[0].capitalize()} идёт: " in out.getvalue()) is bool(beside)
    metric = read_sources().datasets["indicators_latest"].sql("headline_month")
    assert given.select(f"SELECT {metric} FROM marts.indicators_latest") == [(month,)]
