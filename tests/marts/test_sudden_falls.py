"""Days far below their own weekday are told: of a site, of the requests; weekends and holidays are not."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from municipal_indicators.marts.build import build_marts
from municipal_indicators.marts.checks import check_marts
from tests.marts.given import COUNTER, NOW, Given, days_between, request

FIRST, LAST = date(2024, 3, 4), date(2024, 4, 28)
MONDAY = date(2024, 4, 22)


def usual(day: date) -> int:
    """Working days have 30, weekends 3."""
    return 30 if day.weekday() < 5 else 3


def falls(given: Given) -> list[tuple[Any, ...]]:
    build_marts(given.warehouse, given.passport, NOW)
    check_marts(given.warehouse)
    return given.select(
        "SELECT rows, example FROM ops.checks "
        "WHERE check = 'days_are_like_their_weekday' AND NOT passed AND severity = 'warn'"
    )


@pytest.mark.parametrize(
    ("came", "told"),
    [
        ({}, []),
        ({MONDAY: 9}, []),
        ({MONDAY: 8}, [(1, f"(site {COUNTER}, 2024-04-22, 8, 30)")]),
        # A loaded day without a single visit has no row in the mart.
        ({MONDAY: 0}, [(1, f"(site {COUNTER}, 2024-04-22, 0, 30)")]),
        # Older than two weeks: it was told then.
        ({date(2024, 4, 8): 0}, []),
        # A weekend is compared with weekends, and three visits are no measure.
        ({date(2024, 4, 21): 0}, []),
    ],
)
def test_a_site(given: Given, came: dict[date, int], told: list[tuple[Any, ...]]) -> None:
    visits = {day: range(came.get(day, usual(day))) for day in days_between(FIRST, LAST)}
    given.site(FIRST, LAST, visits)
    assert falls(given) == told


def test_a_holiday_is_no_fall(given: Given) -> None:
    holiday = date(2024, 5, 1)
    days = days_between(holiday - timedelta(days=56), holiday)
    given.site(days[0], holiday, {day: range(0 if day == holiday else 30) for day in days})
    assert falls(given) == []


def test_requests(given: Given) -> None:
    days = [
        datetime.combine(day, time(9), UTC)
        for day in days_between(FIRST, LAST)
        for _ in range(0 if day == MONDAY else usual(day))
    ]
    sent = [request(sent_at=day, delivered_at=day) for day in days]
    given.table("smev", "core.smev_event_rows", sent)
    assert falls(given) == [(1, "(smev requests, 2024-04-22, 0, 30)")]
