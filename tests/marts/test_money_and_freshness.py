"""Funding by year and the freshness of the sources."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from municipal_indicators import settings
from tests.marts.given import COUNTER, NOW, SITE, Given, request

OTHER = 87654321


def _budget(year: int, as_of: date, executed: str, item: str = "", **values: Any) -> dict[str, Any]:
    return {
        "year": year,
        "as_of": as_of,
        "item": item,
        "plan": None,
        "executed": Decimal(executed),
        **values,
    }


def test_funding_by_year(given: Given) -> None:
    given.table(
        "registers",
        "core.budget_rows",
        [
            _budget(2025, date(2025, 7, 1), "400000.00"),
            _budget(2025, date(2025, 12, 31), "430700.00", "а"),
            _budget(2025, date(2025, 12, 31), "0.10", "б"),
            _budget(2026, date(2026, 4, 1), "930500"),
        ],
        "budget",
    )
    given.build("programme_funding_yearly")
    rows = {
        row[0]: row[1:]
        for row in given.select("SELECT * FROM marts.programme_funding_yearly ORDER BY year")
    }
    assert list(rows) == [2023, 2024, 2025, 2026, 2027]
    assert rows[2023] == (Decimal("780000.00"), None, None, date(2023, 1, 1))
    assert rows[2025] == (
        Decimal("861400.00"),
        Decimal("430700.10"),
        430700.10 / 861400,
        date(2025, 1, 1),
    )
    assert rows[2026] == (Decimal("930500.00"), Decimal("930500.00"), 1.0, date(2025, 1, 1))


def test_funding_reaches_through_the_last_year_of_a_prolonged_programme(given: Given) -> None:
    def prolong(content: dict[str, Any]) -> None:
        content["editions"][1]["last_year"] = 2029
        content["editions"][1]["funding_thousand_roubles"][2029] = 1.5

    given.change_passport(prolong)
    given.build("programme_funding_yearly")
    rows = given.select("SELECT year, plan FROM marts.programme_funding_yearly ORDER BY year")
    assert [year for year, _ in rows] == list(range(2023, 2030))
    assert rows[-2:] == [(2028, None), (2029, Decimal("1500.00"))]


def test_later_file_corrects_the_budget(given: Given) -> None:
    day = date(2025, 7, 1)
    given.table("registers", "core.budget_rows", [_budget(2025, day, "2", file_at=NOW)], "budget")
    given.table(
        "registers",
        "core.budget_rows",
        [_budget(2025, day, "1", file_at=NOW - timedelta(days=1))],
        "budget",
    )
    given.build("programme_funding_yearly")
    assert given.select(
        "SELECT executed FROM marts.programme_funding_yearly WHERE year = 2025"
    ) == [(Decimal("2.00"),)]


def _today(given: Given) -> date:
    """Today of whoever reads: freshness is told by the clock, so days are counted back from it."""
    ((today,),) = given.select("SELECT toDate(now(), 'Europe/Moscow')")
    assert isinstance(today, date)
    return today


def _sites(given: Given, *sites: dict[str, Any]) -> None:
    given.change_passport(lambda content: content.update(sites=list(sites)))


def _freshness(given: Given, source: str, columns: str) -> tuple[Any, ...]:
    (row,) = given.select(f"SELECT {columns} FROM marts.data_freshness WHERE source = '{source}'")
    return row


def test_freshness(given: Given) -> None:
    today = _today(given)
    yesterday, long_ago = today - timedelta(days=1), today - timedelta(days=54)
    given.visits(yesterday)
    # At 22:00 UTC the day after has begun in the programme zone.
    evening = datetime.combine(long_ago - timedelta(days=1), time(22), UTC)
    given.table("smev", "core.smev_event_rows", [request(sent_at=evening)])
    given.build("data_coverage", now=datetime.now(UTC))
    rows = given.select(
        "SELECT source, data_through, lag_days, status FROM marts.data_freshness ORDER BY source"
    )
    assert rows == [
        ("gosuslugi", None, None, "missing"),
        ("metrica", yesterday, 1, "fresh"),
        ("registers", None, None, "missing"),
        ("smev", long_ago, 54, "late"),
    ]


def test_freshness_is_told_when_it_is_read(given: Given) -> None:
    today = _today(given)
    stopped = today - timedelta(days=20)
    given.visits(stopped - timedelta(days=1))
    # All has stopped since the build of that day, which saw a lag of 1.
    given.build("data_coverage", now=datetime.combine(stopped, time(12), UTC))
    columns = "data_through, lag_days, status"
    assert _freshness(given, "metrica", columns) == (stopped - timedelta(days=1), 21, "late")


def test_site_that_stopped_loading_shows(given: Given) -> None:
    today = _today(given)
    _sites(
        given, {"counter_id": COUNTER, "name": "Сайт"}, {"counter_id": OTHER, "name": "Второй сайт"}
    )
    given.visits(today - timedelta(days=1))
    given.visits(today - timedelta(days=70), counter=OTHER)
    given.build("data_coverage", now=datetime.now(UTC))
    columns = "data_through, lag_days, status"
    assert _freshness(given, "metrica", columns) == (today - timedelta(days=70), 70, "late")


@pytest.mark.parametrize("circumstance", ["closed", "never loaded"])
def test_site_that_does_not_hold_the_reach_back(given: Given, circumstance: str) -> None:
    today = _today(given)
    last = today - timedelta(days=70)
    until = {"until": last} if circumstance == "closed" else {}
    _sites(
        given,
        {"counter_id": COUNTER, "name": "Сайт"},
        {"counter_id": OTHER, "name": "Второй сайт", **until},
    )
    given.visits(today - timedelta(days=1))
    if circumstance == "closed":
        given.visits(last, counter=OTHER)
    given.build("data_coverage", now=datetime.now(UTC))
    assert _freshness(given, "metrica", "lag_days, status") == (1, "fresh")


def test_closed_sites_reach_as_far_as_the_latest(given: Given) -> None:
    today = _today(given)
    first, second = today - timedelta(days=70), today - timedelta(days=40)
    _sites(
        given,
        {"counter_id": COUNTER, "name": "Сайт", "until": first},
        {"counter_id": OTHER, "name": "Второй сайт", "until": second},
    )
    given.visits(first)
    given.visits(second, counter=OTHER)
    given.build("data_coverage", now=datetime.now(UTC))
    assert _freshness(given, "metrica", "data_through, lag_days") == (second, 40)


@pytest.mark.parametrize("baseline_value", [None, 500])
def test_days_that_are_not_loaded_are_counted_since_the_base_year(
    given: Given, baseline_value: int | None
) -> None:
    given.change_indicator("site_visitors_growth", baseline_value=baseline_value)
    today = _today(given)
    # 2022 but one day, and of the programme's years nothing but yesterday.
    given.site(date(2022, 1, 1), date(2022, 12, 31), without=[date(2022, 5, 9)])
    given.visits(today - timedelta(days=1))
    given.build("data_coverage", now=datetime.now(UTC))
    until_yesterday = (today - timedelta(days=1) - date(2022, 12, 31)).days
    missing, detail = _freshness(given, "metrica", "missing_days, detail")
    assert missing == 1 + until_yesterday - 1
    assert SITE in detail


def test_days_outside_from_and_until_are_not_missed(given: Given) -> None:
    today = _today(given)
    first, last = today - timedelta(days=40), today - timedelta(days=20)
    _sites(given, {"counter_id": COUNTER, "name": "Сайт", "from": first, "until": last})
    gaps = [first + timedelta(days=5), first + timedelta(days=6), last]
    given.site(first, last, without=gaps)
    given.build("data_coverage", now=datetime.now(UTC))
    missing, detail = _freshness(given, "metrica", "missing_days, detail")
    assert missing == 3
    assert all(f"{day:%d.%m}" in detail for day in gaps)


@pytest.mark.parametrize(("until", "missed"), [(None, 20), (3, 4)])
def test_days_since_the_last_build_are_missed(given: Given, until: int | None, missed: int) -> None:
    stopped = _today(given) - timedelta(days=20)
    site = {"counter_id": COUNTER, "name": "Сайт", "from": stopped - timedelta(days=5)}
    if until is not None:
        site["until"] = stopped + timedelta(days=until)
    _sites(given, site)
    given.site(stopped - timedelta(days=5), stopped - timedelta(days=1))
    given.build("data_coverage", now=datetime.combine(stopped, time(12), UTC))
    # From the day of the build through yesterday, or through the last day that the site is observed.
    assert _freshness(given, "metrica", "missing_days") == (missed,)


def test_today_is_not_missed(given: Given) -> None:
    today = _today(given)
    first = today - timedelta(days=5)
    _sites(given, {"counter_id": COUNTER, "name": "Сайт", "from": first})
    given.site(first, today - timedelta(days=1))
    given.build("data_coverage", now=datetime.now(UTC))
    assert _freshness(given, "metrica", "missing_days") == (0,)


def test_successor_misses_no_day_of_the_counter_it_replaces(given: Given) -> None:
    today = _today(given)
    first, change = today - timedelta(days=40), today - timedelta(days=20)
    _sites(
        given,
        {
            "counter_id": COUNTER,
            "name": "Старый",
            "from": first,
            "until": change - timedelta(days=1),
        },
        {"counter_id": OTHER, "name": "Сайт", "from": change, "replaces": COUNTER},
    )
    given.site(first, change - timedelta(days=1))
    given.site(change, today - timedelta(days=1), counter=OTHER)
    given.build("data_coverage", now=datetime.now(UTC))
    assert _freshness(given, "metrica", "missing_days") == (0,)


def _replaced(given: Given, old: dict[str, Any], new: dict[str, Any]) -> None:
    _sites(
        given,
        {"counter_id": COUNTER, "name": "Старый", **old},
        {"counter_id": OTHER, "name": "Сайт", "replaces": COUNTER, **new},
    )


def test_dead_counter_does_not_hold_the_site_back_that_replaced_it(given: Given) -> None:
    today = _today(given)
    first, change = today - timedelta(days=40), today - timedelta(days=20)
    _replaced(given, {"from": first}, {"from": change})
    # Nothing says until when the old counter is observed, but it died on the day of the change.
    given.site(first, change - timedelta(days=1))
    hole, yesterday = today - timedelta(days=9), today - timedelta(days=1)
    given.site(change, yesterday, counter=OTHER, without=[hole])
    given.build("data_coverage", now=datetime.now(UTC))
    row = _freshness(given, "metrica", "data_through, status, missing_days, detail")
    assert row[:3] == (yesterday, "fresh", 1)
    assert row[3].startswith(f"Сайт: нет дней: 1 ({hole:%d.%m.%Y})")


def test_successor_that_never_loaded_holds_its_site_back(given: Given) -> None:
    today = _today(given)
    first, change = today - timedelta(days=40), today - timedelta(days=20)
    last = change - timedelta(days=1)
    _replaced(given, {"from": first, "until": last}, {"from": change})
    given.site(first, last)
    given.build("data_coverage", now=datetime.now(UTC))
    assert _freshness(given, "metrica", "data_through, missing_days") == (last, 20)


def test_days_between_two_counters_are_not_missed(given: Given) -> None:
    today = _today(given)
    first, change = today - timedelta(days=40), today - timedelta(days=10)
    last = today - timedelta(days=20)
    _replaced(given, {"from": first, "until": last}, {"from": change})
    given.site(first, last, without=[last])
    given.site(change, today - timedelta(days=1), counter=OTHER)
    # A day that the successor has loaded before it is observed tells nothing of the old counter's day.
    given.visits(last, counter=OTHER)
    given.build("data_coverage", now=datetime.now(UTC))
    assert _freshness(given, "metrica", "missing_days") == (1,)


def test_site_is_not_left_out_because_the_programme_has_not_begun(given: Given) -> None:
    year = _today(given).year + 1
    given.change_passport(
        lambda content: content.update(first_year=year, last_year=year, editions=[])
    )
    given.site(date(2022, 1, 1), date(2022, 12, 31))
    given.build("data_coverage", now=datetime.now(UTC))
    assert _freshness(given, "metrica", "missing_days, detail") == (0, "")


def test_other_sources_miss_no_site_days(given: Given) -> None:
    given.smev_speaks(_today(given) - timedelta(days=9))
    given.build("data_coverage", now=datetime.now(UTC))
    assert _freshness(given, "smev", "missing_days") == (0,)


def test_building_twice_changes_nothing_but_the_time(given: Given) -> None:
    given.visits(date(2026, 11, 23), [{}, {"counter_user_id_hash": 2}])
    given.table(
        "smev", "core.smev_event_rows", [request(sent_at=datetime(2026, 9, 30, 22, tzinfo=UTC))]
    )
    tables = [
        name
        for (name,) in given.select(
            "SELECT DISTINCT table FROM system.columns WHERE database = 'marts'"
        )
    ]

    def everything() -> dict[str, object]:
        columns = dict.fromkeys(("indicators_monthly", "indicators_latest"), "* EXCEPT computed_at")
        return {
            table: given.select(f"SELECT {columns.get(table, '*')} FROM marts.{table} ORDER BY ALL")
            for table in tables
        }

    given.build(now=NOW)
    first = everything()
    given.build(now=NOW + timedelta(hours=1))
    assert everything() == first
    assert sorted(tables) == sorted(
        path.stem
        for folder in ("marts", "mart_views")
        for path in (settings.SQL / folder).glob("*.sql")
        if path.stem != "indicators_as_of"
    )


def test_every_mart_and_column_is_explained_in_russian(given: Given) -> None:
    unexplained = given.select(
        """
        SELECT table, name FROM system.columns
        WHERE database = 'marts' AND NOT match(comment, '[А-Яа-я]')
        UNION ALL
        SELECT name, '' FROM system.tables
        WHERE database = 'marts' AND NOT match(comment, '[А-Яа-я]')
        """
    )
    assert unexplained == []
