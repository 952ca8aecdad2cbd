"""Which counter days a run loads: params, settling days, zones, gaps, pieces."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from municipal_indicators.errors import ConfigurationError
from municipal_indicators.sources.metrica.plan import (
    CHUNK_DAYS,
    Days,
    counter_days,
    cut,
    programme_days,
    spans_of,
)

MOSCOW = "Europe/Moscow"
NOW = datetime(2024, 3, 10, 12, tzinfo=UTC)


def days(first: str, last: str) -> Days:
    return Days(date.fromisoformat(first), date.fromisoformat(last))


def asked(date_from: str | None, date_to: str | None = None, at: datetime = NOW) -> Days:
    return programme_days(date_from, date_to, at, MOSCOW, 3, NOW)


def test_a_night_takes_the_day_before_and_the_settling_days() -> None:
    assert asked(None) == days("2024-03-06", "2024-03-09")


def test_the_day_before_is_one_of_the_programme_zone() -> None:
    # 22:30 in London is already the next day in Moscow.
    late = datetime(2024, 3, 8, 22, 30, tzinfo=UTC)
    assert asked(None, at=late).last == date(2024, 3, 8)
    assert asked(None, at=datetime(2024, 3, 8, 20, 30, tzinfo=UTC)).last == date(2024, 3, 7)


def test_dates_may_be_asked_for() -> None:
    assert asked("2022-01-01", "2023-06-30") == days("2022-01-01", "2023-06-30")
    assert asked("2024-03-01") == days("2024-03-01", "2024-03-09")


@pytest.mark.parametrize(
    ("date_from", "date_to", "told"),
    [
        (None, "2024-03-01", "date_to needs date_from"),
        ("2024-03-05", "2024-03-01", "date_from 2024-03-05 is after date_to 2024-03-01"),
        ("2024-03-10", None, "date_from 2024-03-10 is after yesterday, 2024-03-09"),
        ("01.03.2024", None, "date_from is '01.03.2024': write a day as YYYY-MM-DD"),
        ("2024-03-01", "2024-02-30", "date_to is '2024-02-30'"),
        (
            "2024-03-01",
            "2024-03-10",
            "date_to asks for 2024-03-10, which is not over yet in Europe/Moscow",
        ),
    ],
)
def test_dates_that_cannot_be_meant_name_their_param(
    date_from: str | None, date_to: str | None, told: str
) -> None:
    with pytest.raises(ConfigurationError, match=told):
        asked(date_from, date_to)


def test_a_logical_date_in_the_future_is_refused() -> None:
    with pytest.raises(
        ConfigurationError, match=r"logical date asks for 2029-12-31.*the latest is 2024-03-09"
    ):
        asked(None, at=datetime(2030, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (MOSCOW, days("2024-03-05", "2024-03-06")),
        ("Europe/Kaliningrad", days("2024-03-04", "2024-03-06")),
        ("Asia/Vladivostok", days("2024-03-05", "2024-03-07")),
        ("Europe/Istanbul", days("2024-03-05", "2024-03-06")),  # another name, the same clock
    ],
)
def test_every_counter_day_that_overlaps_is_ordered(zone: str, expected: Days) -> None:
    assert counter_days(days("2024-03-05", "2024-03-06"), MOSCOW, zone, NOW) == expected


def test_a_counter_day_that_is_not_over_is_left_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    early = datetime(2024, 3, 10, 0, 30, tzinfo=ZoneInfo(MOSCOW))
    asked_for = days("2024-03-09", "2024-03-09")
    assert counter_days(asked_for, MOSCOW, "Europe/Kaliningrad", early) == days(
        "2024-03-08", "2024-03-08"
    )
    assert "Days after 2024-03-08 are not over yet in Europe/Kaliningrad" in caplog.text
    assert counter_days(asked_for, MOSCOW, "America/New_York", early) == days(
        "2024-03-08", "2024-03-08"
    )
    assert counter_days(days("2024-03-09", "2024-03-09"), MOSCOW, "Asia/Tokyo", early) == asked_for


def test_a_span_is_cut_into_years() -> None:
    pieces = cut(days("2022-01-01", "2024-03-09"))
    assert [str(piece) for piece in pieces] == [
        "2022-01-01…2022-12-31",
        "2023-01-01…2023-12-31",
        "2024-01-01…2024-03-09",
    ]
    assert [len(piece) for piece in cut(days("2024-02-29", "2025-02-28"))] == [366]
    assert [len(piece) for piece in cut(days("2024-03-01", "2024-03-07"), longest=3)] == [3, 3, 1]


@pytest.mark.parametrize("year", [2023, 2024])
def test_two_chunks_are_a_year(year: int) -> None:
    first, second = cut(days(f"{year}-01-01", f"{year}-12-31"), CHUNK_DAYS)
    assert cut(Days(first.first, second.last)) == [days(f"{year}-01-01", f"{year}-12-31")]


def test_single_days_make_spans_without_gaps() -> None:
    found = spans_of(date(2024, 3, day) for day in (7, 1, 2, 3, 5, 2))
    assert found == [
        days("2024-03-01", "2024-03-03"),
        days("2024-03-05", "2024-03-05"),
        days("2024-03-07", "2024-03-07"),
    ]
    assert spans_of([]) == []
