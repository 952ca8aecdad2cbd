"""The days of a run: params, settling days, time zones, contiguous spans, chunks."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from municipal_indicators.errors import ConfigurationError
from municipal_indicators.sources.metrica.days import (
    Days,
    contiguous_spans,
    counter_days,
    programme_days,
    split,
)
from municipal_indicators.sources.metrica.run_planning import CHUNK_DAYS

MOSCOW = "Europe/Moscow"
NOW = datetime(2024, 3, 10, 12, tzinfo=UTC)


def days(first: str, last: str) -> Days:
    return Days(date.fromisoformat(first), date.fromisoformat(last))


def requested(date_from: str | None, date_to: str | None = None, at: datetime = NOW) -> Days:
    return programme_days(date_from, date_to, at, MOSCOW, 3, NOW)


def test_a_night_loads_yesterday_and_the_settling_days() -> None:
    assert requested(None) == days("2024-03-06", "2024-03-09")


def test_yesterday_is_that_of_the_programme_zone() -> None:
    # 22:30 in London is already the next day in Moscow.
    late = datetime(2024, 3, 8, 22, 30, tzinfo=UTC)
    assert requested(None, at=late).last == date(2024, 3, 8)
    assert requested(None, at=datetime(2024, 3, 8, 20, 30, tzinfo=UTC)).last == date(2024, 3, 7)


def test_given_dates_are_used() -> None:
    assert requested("2022-01-01", "2023-06-30") == days("2022-01-01", "2023-06-30")
    assert requested("2024-03-01") == days("2024-03-01", "2024-03-09")


@pytest.mark.parametrize(
    ("date_from", "date_to", "message"),
    [
        (None, "2024-03-01", "Последний день \\(date_to\\) задан без первого"),
        (
            "2024-03-05",
            "2024-03-01",
            "\\(date_from\\) 2024-03-05 позже, чем последний \\(date_to\\) 2024-03-01",
        ),
        ("2024-03-10", None, "2024-03-10 позже, чем вчера, 2024-03-09"),
        ("01.03.2024", None, "date_from: '01.03.2024' — не день. Напишите его как ГГГГ-ММ-ДД"),
        ("2024-03-01", "2024-02-30", "date_to: '2024-02-30' — не день"),
        (
            "1926-03-01",
            "2024-03-01",
            "\\(date_from\\): 1926-03-01 — .* допустимы дни с 2009-01-01 по 2024-03-09",
        ),
        ("0226-03-01", "0226-03-02", "\\(date_from\\): 0226-03-01"),
        (
            "2024-03-01",
            "2024-03-10",
            "\\(date_to\\): 2024-03-10 ещё не закончился \\(Europe/Moscow\\)",
        ),
    ],
)
def test_invalid_dates_are_errors_that_name_the_param(
    date_from: str | None, date_to: str | None, message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        requested(date_from, date_to)


def test_a_logical_date_before_metrica_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="Логическая дата: 0226-02-25"):
        requested(None, at=datetime(226, 3, 1, 12, tzinfo=UTC))


def test_a_logical_date_in_the_future_is_an_error() -> None:
    with pytest.raises(
        ConfigurationError, match=r"Логическая дата: 2029-12-31.*последний возможный — 2024-03-09"
    ):
        requested(None, at=datetime(2030, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (MOSCOW, days("2024-03-05", "2024-03-06")),
        ("Europe/Kaliningrad", days("2024-03-04", "2024-03-06")),
        ("Asia/Vladivostok", days("2024-03-05", "2024-03-07")),
        ("Europe/Istanbul", days("2024-03-05", "2024-03-06")),  # another name, the same clock
    ],
)
def test_every_counter_day_that_overlaps_is_requested(zone: str, expected: Days) -> None:
    assert counter_days(days("2024-03-05", "2024-03-06"), MOSCOW, zone, NOW) == expected


def test_a_counter_day_that_is_not_over_is_left_out_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    early = datetime(2024, 3, 10, 0, 30, tzinfo=ZoneInfo(MOSCOW))
    yesterday = days("2024-03-09", "2024-03-09")
    assert counter_days(yesterday, MOSCOW, "Europe/Kaliningrad", early) == days(
        "2024-03-08", "2024-03-08"
    )
    assert "Days after 2024-03-08 are not over yet in Europe/Kaliningrad" in caplog.text
    assert counter_days(yesterday, MOSCOW, "America/New_York", early) == days(
        "2024-03-08", "2024-03-08"
    )
    assert counter_days(days("2024-03-09", "2024-03-09"), MOSCOW, "Asia/Tokyo", early) == yesterday


def test_a_span_is_split_into_years() -> None:
    chunks = split(days("2022-01-01", "2024-03-09"))
    assert [str(chunk) for chunk in chunks] == [
        "2022-01-01…2022-12-31",
        "2023-01-01…2023-12-31",
        "2024-01-01…2024-03-09",
    ]
    assert [len(chunk) for chunk in split(days("2024-02-29", "2025-02-28"))] == [366]
    assert [len(chunk) for chunk in split(days("2024-03-01", "2024-03-07"), max_days=3)] == [
        3,
        3,
        1,
    ]


@pytest.mark.parametrize("year", [2023, 2024])
def test_two_chunks_are_a_year(year: int) -> None:
    first, second = split(days(f"{year}-01-01", f"{year}-12-31"), CHUNK_DAYS)
    assert split(Days(first.first, second.last)) == [days(f"{year}-01-01", f"{year}-12-31")]


def test_single_days_become_contiguous_spans() -> None:
    found = contiguous_spans(date(2024, 3, day) for day in (7, 1, 2, 3, 5, 2))
    assert found == [
        days("2024-03-01", "2024-03-03"),
        days("2024-03-05", "2024-03-05"),
        days("2024-03-07", "2024-03-07"),
    ]
    assert contiguous_spans([]) == []
