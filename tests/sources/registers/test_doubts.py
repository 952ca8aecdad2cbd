"""Registers that can be read but are doubtful: what is loaded, and what is warned of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from tests.emulators.inbox.tables import Cell, Table, csv_bytes, xlsx_bytes
from tests.sources.registers.test_registers import DAY, DEPARTMENTS, EVENTS, WORKPLACES
from tests.spreadsheets.arrivals import Arrivals


def warned(arrivals: Arrivals) -> list[tuple[Any, ...]]:
    """File, line, code and text of all warnings."""
    return arrivals.warehouse.rows(
        "SELECT splitByChar('/', unit)[2], line, code, text FROM ops.load_warnings "
        "ORDER BY unit, code, text"
    )


def departments(*rows: Sequence[Cell]) -> bytes:
    return xlsx_bytes(Table(DEPARTMENTS, rows))


def test_of_several_rows_of_a_department_the_least_equipped_counts(arrivals: Arrivals) -> None:
    rows = [("ЖКХ", 10, 5, DAY), ("ЖКХ", 2, 2, DAY), ("Архив", 5, 5, DAY), ("Архив", 2, 3, DAY)]
    arrivals.take("a.xlsx", departments(*rows))
    assert arrivals.warehouse.rows(
        "SELECT department, equipped >= required FROM core.departments ORDER BY department"
    ) == [("Архив", True), ("ЖКХ", False)]
    assert warned(arrivals) == [
        (
            "a.xlsx",
            2,
            "repeated_key",
            "departments: rows of one key (as_of, department) have other values",
        )
    ]
    # The later file wins as a whole.
    arrivals.take("b.xlsx", departments(("ЖКХ", 10, 10, DAY)))
    assert arrivals.warehouse.rows(
        "SELECT equipped FROM core.departments WHERE department = 'ЖКХ'"
    ) == [(10,)]


def test_numbers_that_restart_are_warned_of(arrivals: Arrivals) -> None:
    rows = [
        (1, department, flag, flag, flag, DAY) for department, flag in (("ЖКХ", "нет"), ("А", "да"))
    ]
    arrivals.take("a.xlsx", xlsx_bytes(Table(WORKPLACES, rows)))
    assert [code for _, _, code, _ in warned(arrivals)] == ["repeated_key"]


def test_a_much_smaller_version_is_warned_of_whatever_arrives_first(arrivals: Arrivals) -> None:
    arrivals.take("a.xlsx", departments(("ЖКХ", 10, 5, "20.11.2024")))
    assert warned(arrivals) == []
    three = [(name, 10, 5, "10.11.2024") for name in ("ЖКХ", "Архив", "Культура")]
    arrivals.take("b.xlsx", departments(*three))
    arrivals.take("c.xlsx", departments(*(("ЖКХ", 1, 1, "30.11.2024"), ("А", 1, 1, "30.11.2024"))))
    assert warned(arrivals) == [
        (
            "b.xlsx",
            0,
            "smaller_version",
            "departments: the version of 2024-11-20 has 1 rows and lacks 2 of the 3 of 2024-11-10",
        )
    ]


def test_cash_above_the_plan_is_warned_of(arrivals: Arrivals) -> None:
    headings = ("Год", "Дата", "План, руб.", "Кассовое исполнение, руб.")
    rows = [
        (2024, "01.10.2024", 500, 600),
        (2025, "01.10.2025", 10**9, 277_370_000),
        (2026, "01.10.2026", 9, 9),
    ]
    arrivals.take("a.xlsx", xlsx_bytes(Table(headings, rows)))
    assert warned(arrivals) == [
        (
            "a.xlsx",
            0,
            "cash_above_plan",
            "2024 on 2024-10-01: cash 600.00 is above the plan 500.00 of the file; "
            "2025 on 2025-10-01: cash 277370000.00 is above the plan 861400.00 of the passport",
        )
    ]


def test_blank_is_no_beside_nothing_but_marks(arrivals: Arrivals) -> None:
    rows: list[tuple[Cell, ...]] = [
        ("A1", "ЖКХ", "+", "+", "+", DAY),
        ("A2", "ЖКХ", "+", "", "нет", DAY),
        ("A3", "ЖКХ", "+", "", "", DAY),
        ("Отдел 4", "", "", "", "", ""),
    ]
    arrivals.take("a.xlsx", xlsx_bytes(Table(WORKPLACES, rows)))
    assert arrivals.rows("number, has_protection, has_edms", "core.workplace_rows") == [
        ("A1", True, True),
        ("A2", False, False),
    ]
    assert [code for _, _, code, _ in warned(arrivals)] == ["blank_is_no", "many_quarantined"]


def test_words_alone_are_marks_too(arrivals: Arrivals) -> None:
    rows = [("A1", "ЖКХ", "да", "да", "да", DAY), ("A2", "ЖКХ", "да", "", "", DAY)]
    arrivals.take("a.xlsx", xlsx_bytes(Table(WORKPLACES, rows)))
    assert arrivals.rows("has_protection, has_edms", "core.workplace_rows") == [
        (True, True),
        (False, False),
    ]


def test_dates_of_another_locale_are_warned_of(arrivals: Arrivals) -> None:
    text = [("03/25/2025", "А", ""), ("03/05/2025", "Б", "")]
    arrivals.take("a.csv", csv_bytes(Table(EVENTS, text)))
    # Excel makes a date of «05.03.2025» only, and swaps it.
    mixed: list[tuple[Cell, ...]] = [
        (date(2025, 5, 3), "А", ""),
        (date(2025, 6, 3), "Б", ""),
        ("25.03.2025", "В", ""),
        ("26.03.2025", "Г", ""),
    ]
    arrivals.take("b.xlsx", xlsx_bytes(Table(EVENTS, mixed)))
    arrivals.take("c.xlsx", xlsx_bytes(Table(EVENTS, [*mixed, ("05.04.2025", "Д", "")])))
    assert [(file, code) for file, _, code, _ in warned(arrivals)] == [
        ("a.csv", "many_quarantined"),
        ("a.csv", "swapped_days"),
        ("b.xlsx", "swapped_days"),
    ]


def test_a_day_beyond_the_next_year_is_quarantined(arrivals: Arrivals) -> None:
    arrivals.take(
        "a.xlsx", xlsx_bytes(Table(EVENTS, [("12.05.98", "А", ""), ("12.05.25", "Б", "")]))
    )
    assert arrivals.rows("held_on", "core.event_rows") == [(date(2025, 5, 12),)]
    ((_, line, field, _),) = arrivals.quarantine()
    assert (line, field) == (2, "Дата")
