"""Numbers and dates as a Russian reader expects them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from municipal_indicators.report import russian

MOSCOW = ZoneInfo("Europe/Moscow")


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        (0, 0, "0"),
        (1234567, 0, "1 234 567"),
        (-12345.678, 2, "−12 345,68"),
        (57.142857, 2, "57,14"),
        (60.0, 2, "60"),
        (100.0, 0, "100"),
        (0.005, 2, "0,01"),
        (-0.001, 2, "0"),
        (1e-9, 2, "0"),
        (1e15, 1, "1 000 000 000 000 000"),
        (Decimal("781.24567"), 2, "781,25"),
        (None, 2, "нет данных"),
        (float("nan"), 0, "нет данных"),
        (float("inf"), 0, "нет данных"),
    ],
)
def test_numbers(value: russian.Number | None, decimals: int, expected: str) -> None:
    assert russian.number(value, decimals).replace(russian.NBSP, " ") == expected


def test_a_quantity_never_parts_from_its_unit() -> None:
    assert russian.quantity(57.142857, "%") == "57,1\N{NO-BREAK SPACE}%"
    assert russian.quantity(612.54, "ед.") == "612,5\N{NO-BREAK SPACE}ед."
    assert russian.quantity(5, "") == "5"
    assert russian.quantity(None, "%") == "нет данных"


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (666.3, "ед.", "≈ 666 ед."),
        (666, "ед.", "666 ед."),
        (666.04, "ед.", "666 ед."),
        (57.94, "%", "57,9 %"),
        (None, "ед.", "нет данных"),
    ],
)
def test_what_is_expected_of_a_count_is_whole(
    value: float | None, unit: str, expected: str
) -> None:
    assert russian.estimate(value, unit).replace(russian.NBSP, " ") == expected


@pytest.mark.parametrize(
    ("difference", "unit", "expected"),
    [
        (1.34, "%", "+1,3 п. п."),
        (-2, "ед.", "−2 ед."),
        (0.01, "%", "0 п. п."),
        (None, "%", "нет данных"),
    ],
)
def test_changes_have_a_sign(difference: float | None, unit: str, expected: str) -> None:
    assert russian.change(difference, unit).replace(russian.NBSP, " ") == expected


def test_a_sentence_has_one_full_stop() -> None:
    assert [russian.ended(text) for text in ("всего 5 ед.", "всего 5 %", "")] == [
        "всего 5 ед.", "всего 5 %.", "",
    ]  # fmt: skip


def test_shares_are_per_cent() -> None:
    assert russian.percent(0.3456) == "34,6\N{NO-BREAK SPACE}%"
    assert russian.percent(None) == "нет данных"


def test_dates() -> None:
    last = date(2026, 6, 30)
    assert russian.month(last) == "июнь\N{NO-BREAK SPACE}2026"
    assert russian.day(last).split() == ["30", "июня", "2026"]
    assert russian.short_day(last) == "30.06.2026"
    assert {russian.month(None), russian.day(None), russian.short_day(None)} == {"нет данных"}


@pytest.mark.parametrize("zone_written", [UTC, None])
def test_instants_are_shown_by_the_programme_clock(zone_written: object) -> None:
    written = datetime(2025, 12, 31, 22, 5, tzinfo=UTC)
    stored = written if zone_written else written.replace(tzinfo=None)
    assert russian.instant(stored, MOSCOW).split() == ["1", "января", "2026,", "01:05"]
    assert russian.instant(None, MOSCOW) == "нет данных"


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, "0 дней"), (1, "1 день"), (2, "2 дня"), (5, "5 дней"), (11, "11 дней"), (14, "14 дней"),
     (21, "21 день"), (22, "22 дня"), (111, "111 дней"), (1001, "1 001 день")],
)  # fmt: skip
def test_counted_nouns(count: int, expected: str) -> None:
    assert russian.plural(count, "день", "дня", "дней").replace(russian.NBSP, " ") == expected


def test_reaches_name_the_month_once() -> None:
    november = date(2026, 11, 1)
    days = [
        ("сайт", date(2026, 11, 17)),
        ("реестры", date(2025, 12, 31)),
        ("СМЭВ", date(2026, 11, 15)),
        ("Госуслуги", None),
    ]
    assert russian.reaches(november, days).replace(russian.NBSP, " ") == (
        "сайт по 17 ноября, СМЭВ по 15-е; "
        "нет данных за ноябрь — реестры (по 31 декабря 2025), Госуслуги"
    )
