"""Odd cells and rows: guarded texts, years and marks in words, names of groups, dates without a year."""

from __future__ import annotations

import io
from datetime import date

import pytest
import xlsxwriter

from tests.cases.odd_files import (
    BUDGET,
    DAY,
    DEPARTMENTS,
    LATER,
    READ,
    TITLE,
    WORKPLACES,
    departments,
    page_of,
    warnings,
)
from tests.emulators.inbox.tables import Cell, Table, xlsx_bytes
from tests.sources.gosuslugi.registers_of_applications import HEADINGS, register, row
from tests.spreadsheets.arrivals import Arrivals, grid_csv

# Cells.


def test_the_text_guard_of_excel(registers: Arrivals) -> None:
    guarded = [[f'="{cell}"' for cell in ("Архив", "5", "4,5", DAY)], ["ЗАГС", "1", '=""', DAY]]
    registers.take("a.csv", grid_csv(DEPARTMENTS, *guarded))
    assert departments(registers) == [("Архив", 5.0, 4.5)]
    assert [(line, field) for _, line, field, _ in registers.quarantine()] == [(3, "Оснащено")]
    # As the csv module of another program writes the same.
    again = [[f'"=""{cell}"""' for cell in ("Архив", "5", "4,5", DAY)]]
    registers.take("b.csv", grid_csv(DEPARTMENTS, *again))
    assert departments(registers)[1:] == [("Архив", 5.0, 4.5)]


def test_the_text_guard_in_headings_codes_and_html(registers: Arrivals) -> None:
    title = ['="Рабочие места на 30.06.2024"']
    headings = [f'="{name}"' for name in WORKPLACES]
    registers.take("a.csv", grid_csv(title, headings, ['="00123"', '="Архив"', "+", "-", '="+"']))
    assert not registers.reasons()
    page = page_of(title[0], tuple(headings), ('="00124"', "Архив", "+", '="-"', "+"))
    registers.take("a.xls", page.encode())
    assert registers.rows(
        "number, has_pc, has_protection, has_edms", "core.workplace_rows", "number"
    ) == [
        ("00123", True, False, True),
        ("00124", True, False, True),
    ]


@pytest.mark.parametrize(
    "year",
    ["2025 год", "2025 г.", "2025г", "2025 ГОД", "на 2025 год", "за 2025 г.", "2025 года", 2025.0],
)
def test_a_year_in_words(year: Cell, registers: Arrivals) -> None:
    registers.take("a.xlsx", xlsx_bytes(Table(BUDGET, [(year, "01.07.2025", 5, 4)])), LATER)
    assert registers.rows("year", "core.budget_rows") == [(2025,)]


@pytest.mark.parametrize("year", ["2025-2027 годы", "25 год", "2025 год (план)"])
def test_what_is_no_year_is_quarantined(year: Cell, registers: Arrivals) -> None:
    registers.take("a.xlsx", xlsx_bytes(Table(BUDGET, [(year, "01.07.2025", 5, 4)])), LATER)
    assert [(line, field) for _, line, field, _ in registers.quarantine()] == [(2, "Год")]


@pytest.mark.usefixtures("shipped")
def test_marks_of_yes_and_no(registers: Arrivals) -> None:
    yes = ["☑", "☑\ufe0f", "✓", "✔", "✔️", "√", "v", "V", "+", "✅", "■"]
    no = ["☐", "□", "✗", "✘", "❌", "-"]
    rows = [(f"{n}", "Архив", mark, "да", "нет") for n, mark in enumerate([*yes, *no])]
    registers.take("a.xlsx", xlsx_bytes(Table(WORKPLACES, rows, title_rows=(TITLE,))))
    assert registers.rows("has_pc", "core.workplace_rows") == [(True,)] * len(yes) + [
        (False,)
    ] * len(no)
    assert not registers.quarantine()


# Rows that name a group.

PLACES: list[tuple[Cell, ...]] = [
    ("1", "Архив", "да", "нет", "да"),
    ("2", "Архив", "нет", "да", "да"),
    ("3", "Архив", "да", "да", "нет"),
]


@pytest.mark.parametrize("group", ["Отдел ЖКХ", "ЖКХ", "1. Отдел ЖКХ", "Отдел № 3", "МКУ «ЕДДС»"])
def test_a_row_that_names_a_group_of_workplaces_is_no_data(group: str, registers: Arrivals) -> None:
    rows = [(group,), PLACES[0], (group.upper(),), *PLACES[1:]]
    registers.take("a.xlsx", xlsx_bytes(Table(WORKPLACES, rows, title_rows=(TITLE,))))
    assert registers.rows("number", "core.workplace_rows") == [("1",), ("2",), ("3",)]
    assert not registers.quarantine()
    assert not warnings(registers)


def test_a_merged_name_of_a_group_is_no_data(registers: Arrivals) -> None:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, TITLE)
        sheet.write_row(1, 0, WORKPLACES)
        for line, cells in {3: PLACES[0], 5: PLACES[1], 6: PLACES[2]}.items():
            sheet.write_row(line, 0, cells)
        for line in (2, 4):
            sheet.merge_range(line, 0, line, 4, "Отдел ЖКХ")
    registers.take("a.xlsx", buffer.getvalue())
    assert registers.rows("number", "core.workplace_rows") == [("1",), ("2",), ("3",)]
    assert (registers.quarantine(), warnings(registers)) == ([], [])


def test_a_numbered_group_and_a_drawn_line_are_no_data(registers: Arrivals) -> None:
    headings = ("№ п/п", *WORKPLACES)
    rows: list[list[Cell]] = [["-" * 30], [1, "Отдел ЖКХ"], [1, *PLACES[0]], ["2.", "", "Архив"]]
    rows += [[2, *PLACES[1]], ["=" * 9], [3, *PLACES[2]]]
    registers.take("a.xlsx", xlsx_bytes(Table(headings, rows, title_rows=(TITLE,))))
    assert registers.rows("number", "core.workplace_rows") == [("1",), ("2",), ("3",)]
    assert (registers.quarantine(), warnings(registers)) == ([], [])


def test_a_number_alone_in_its_row_is_still_a_row(registers: Arrivals) -> None:
    rows = [PLACES[0], ("АРМ-7",), ("00012",), *PLACES[1:]]
    registers.take("a.xlsx", xlsx_bytes(Table(WORKPLACES, rows, title_rows=(TITLE,))))
    assert [line for _, line, *_ in registers.quarantine()] == [4, 5]


def test_a_department_alone_in_its_row_is_warned_of(registers: Arrivals) -> None:
    rows: list[tuple[Cell, ...]] = [
        ("Управление хозяйства",),
        *((*one, DAY) for one in READ[:2]),
        ("Прочие",),
        (*READ[2], DAY),
    ]
    registers.take("a.xlsx", xlsx_bytes(Table(DEPARTMENTS, rows)))
    assert departments(registers) == READ
    assert not registers.quarantine()
    assert warnings(registers) == [("group_rows", 2, 2)]


def test_groups_of_applications_are_no_data(gosuslugi: Arrivals) -> None:
    rows: list[list[Cell]] = [["Отдел ЖКХ"], row(), ["Архивный отдел"], row(Номер_заявления="7")]
    gosuslugi.take("a.xlsx", xlsx_bytes(register(*rows)))
    assert len(gosuslugi.rows("service_code", "core.service_application_rows")) == 2
    assert (gosuslugi.quarantine(), warnings(gosuslugi)) == ([], [])


# Months without a year.


def monthly(first: Cell, second: Cell, **titles: tuple[str, ...]) -> bytes:
    january = register(row(Номер_заявления="1", Дата_подачи=first, Дата_статуса=first))
    february = register(row(Номер_заявления="2", Дата_подачи=second, Дата_статуса=second))
    tables = [
        Table(HEADINGS, one.rows, title_rows=titles.get(name, ()))
        for name, one in {"january": january, "february": february}.items()
    ]
    cover = {"Титул": Table(titles.get("cover", ("Отчёт",)), [])}
    return xlsx_bytes(
        cover["Титул"],
        sheet="Титул",
        other_sheets={"Январь": tables[0], "Февраль": tables[1]},
    )


FILED = [(date(2024, 1, 15),), (date(2024, 2, 20),)]


def filed(arrivals: Arrivals) -> list[tuple[object, ...]]:
    return arrivals.rows("filed_on", "core.service_application_rows", "filed_on")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (date(2024, 1, 15), "20.02.2024"),
        ("15.01", "20.02"),
        ("15 января", "20 февраля"),
        ("15.01 10:30", "20.02. 09:15"),
        ("15.янв", "20-фев."),
        ("15", 20),
    ],
)
@pytest.mark.parametrize(
    ("name", "titles"),
    [
        ("a.xlsx", {"january": ("Заявления за 2024 год",), "february": ("Заявления за 2024 год",)}),
        ("a.xlsx", {"cover": ("Отчёт МФЦ о заявлениях за 2024 г.",)}),
        ("a.xlsx", {"january": ("Заявления, январь 2024",)}),
        ("Заявления_2024.xlsx", {}),
    ],
)
def test_a_sheet_a_month(
    first: Cell, second: Cell, name: str, titles: dict[str, tuple[str, ...]], gosuslugi: Arrivals
) -> None:
    gosuslugi.take(name, monthly(first, second, **titles), LATER)
    assert filed(gosuslugi) == FILED
    assert not gosuslugi.quarantine()


def test_a_year_of_the_file_name_is_warned_of(gosuslugi: Arrivals) -> None:
    gosuslugi.take("Заявления_2024.xlsx", monthly("15.01", "20 февраля"), LATER)
    warned = gosuslugi.warehouse.rows("SELECT sheet, code FROM ops.load_warnings ORDER BY 1")
    assert warned == [
        ("Титул", "no_table"),
        ("Февраль", "year_from_name"),
        ("Январь", "year_from_name"),
    ]


@pytest.mark.parametrize("title", ["Отчёт", "За 2023 и 2024 годы"])
def test_without_one_year_such_dates_are_quarantined(title: str, gosuslugi: Arrivals) -> None:
    gosuslugi.take("a.xlsx", monthly("15.01", 20, cover=(title,)), LATER)
    reasons = {(field, reason) for _, _, field, reason in gosuslugi.quarantine()}
    assert {field for field, _ in reasons} == {"Дата подачи"}
