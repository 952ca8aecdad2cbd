"""Odd layouts: numbering, second tables, rows beside a total, repeated sums; variants of the cases beside."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.cases.odd_files import DAY, DEPARTMENTS, LATER, TITLE, WORKPLACES, departments, refusal
from tests.emulators.inbox.tables import Cell, Table, xlsx_bytes
from tests.spreadsheets.arrivals import Arrivals, grid_csv
from tests.spreadsheets.merged_sheets import Area, Drawn, workbook_bytes

Rows = Sequence[Sequence[Cell]]
FORMATS = {"xlsx": "xlsx", "ods": "ods", "xls": "html"}
AS_OF: list[Cell] = [f"по состоянию на {DAY}"]
HEAD: list[Cell] = list(DEPARTMENTS[:3])
READ = [("Архив", 3.0, 3.0), ("ЗАГС", 2.0, 1.0)]
ITEMS: list[list[Cell]] = [list(row) for row in READ]


def sheet(form: str, rows: Rows, *areas: tuple[int, int, int, int]) -> bytes:
    drawn = Drawn("Лист1", rows=[list(row) for row in rows], areas=[*map(Area._make, areas)])
    return workbook_bytes([drawn], FORMATS[form])


def codes(arrivals: Arrivals) -> set[str]:
    return {code for (code,) in arrivals.warehouse.rows("SELECT code FROM ops.load_warnings")}


def took(arrivals: Arrivals, rows: Rows) -> list[tuple[object, ...]]:
    arrivals.take("a.xlsx", xlsx_bytes(Table((), [AS_OF, *rows])))
    assert (arrivals.reasons(), arrivals.quarantine()) == ("", [])
    return departments(arrivals)


# Numbering and means.


@pytest.mark.parametrize(
    "numbers",
    [
        ["1", "2", "3", "4=3/2*100"],
        ["1.", "2.", "3.", "4."],
        ["(1)", "(2)", "(3)", "(4)"],
        ["гр. 1", "гр. 2", "гр. 3", "гр.4 = гр.3 / гр.2"],
        ["А", "1", "2", "3 (2:1)"],
    ],
)
def test_column_numbers_in_any_spelling(numbers: list[Cell], registers: Arrivals) -> None:
    rows: list[Sequence[Cell]] = [
        [*HEAD, "Процент"],
        numbers,
        [*ITEMS[0], 100],
        numbers,
        [*ITEMS[1], 50],
    ]
    assert took(registers, rows) == READ


@pytest.mark.usefixtures("shipped")
@pytest.mark.parametrize(
    "word",
    ["Среднее", "Средневзвешенное", "Максимум", "Медиана", "Процент оснащённости", "Доля, %"],
)
def test_a_mean_is_no_department(word: str, registers: Arrivals) -> None:
    assert took(registers, [HEAD, *ITEMS, [word, 2.5, 2]]) == READ
    assert codes(registers) == set()


def test_the_middle_school_is_a_department(registers: Arrivals) -> None:
    assert took(registers, [HEAD, ["Средняя школа № 1", 2, 1]]) == [("Средняя школа № 1", 2, 1)]


# Rows beside a total.


@pytest.mark.parametrize("word", ["Кроме того, филиалы", "Справочно: филиалы", "из них новые"])
def test_what_is_told_beside_the_items_is_none(word: str, registers: Arrivals) -> None:
    below: list[Sequence[Cell]] = [["Итого", 5, 4], [word, 1, 0], ["второй филиал", 1, 0]]
    assert took(registers, [HEAD, *ITEMS, *below]) == READ
    assert codes(registers) == {"parts_of_total"}


def test_a_note_between_the_items_takes_no_item_with_it(registers: Arrivals) -> None:
    rows: list[Sequence[Cell]] = [HEAD, ITEMS[0], ["Кроме того, филиал", 1, 0], ITEMS[1]]
    assert took(registers, rows) == READ


def test_a_total_that_says_so_is_followed_by_its_parts(registers: Arrivals) -> None:
    rows: list[Sequence[Cell]] = [
        HEAD,
        *ITEMS,
        ["Всего, в том числе:", 5, 4],
        ["новые", 3, 2],
        ["старые", 2, 2],
    ]
    assert took(registers, rows) == READ
    assert codes(registers) == {"parts_of_total"}


def test_rows_below_the_total_of_all_are_warned_of(registers: Arrivals) -> None:
    took(registers, [HEAD, *ITEMS, ["Итого", 5, 4], ["Филиал", 1, 0]])
    assert codes(registers) == {"rows_below_total"}


# Second tables.


def test_words_in_place_of_numbers_are_no_second_table(registers: Arrivals) -> None:
    rows: list[Sequence[Cell]] = [
        AS_OF,
        HEAD,
        ["ЖКХ", "уточняется", "закупка"],
        ITEMS[0],
        ["ЗАГС", "нет сведений", "ремонт"],
    ]
    registers.take("a.xlsx", xlsx_bytes(Table((), rows)))
    assert departments(registers) == READ[:1]
    assert [line for _, line, *_ in registers.quarantine()] == [4, 6]


@pytest.mark.parametrize("heading", [[], [HEAD]])
def test_a_date_does_not_hold_for_another_month(heading: Rows, registers: Arrivals) -> None:
    rows: list[Sequence[Cell]] = [
        ["на 31.01.2024"],
        HEAD,
        *ITEMS,
        ["март 2024"],
        *heading,
        ["Архив", 3, 0],
    ]
    registers.take("a.xlsx", xlsx_bytes(Table((), rows)))
    assert departments(registers) == READ
    ((_, line, _, reason),) = registers.quarantine()
    assert line == 0
    assert "gives its date" in reason


def test_a_group_that_speaks_of_a_month_is_no_title(registers: Arrivals) -> None:
    groups: list[list[Cell]] = [
        ["Отдел связи (создан в марте 2024)"],
        ["Отдел ЖКХ, с 1 марта 2024 года"],
    ]
    marks: list[Cell] = ["Архив", "да", "да", "нет"]
    rows: list[Sequence[Cell]] = [
        [TITLE],
        WORKPLACES,
        ["1", *marks],
        groups[0],
        ["2", *marks],
        groups[1],
        ["3", *marks],
    ]
    registers.take("a.xlsx", xlsx_bytes(Table((), rows)))
    assert registers.rows("number", "core.workplace_rows") == [("1",), ("2",), ("3",)]


def test_a_date_holds_for_the_month_that_it_ends(registers: Arrivals) -> None:
    rows: list[Sequence[Cell]] = [
        ["на 01.02.2024"],
        HEAD,
        ITEMS[0],
        ["январь 2024, отделы"],
        HEAD,
        ITEMS[1],
    ]
    registers.take("a.xlsx", xlsx_bytes(Table((), rows)))
    assert (departments(registers), registers.quarantine()) == (READ, [])


# Headings.


def test_a_lower_storey_that_tells_columns_apart(registers: Arrivals) -> None:
    rows: list[Sequence[Cell]] = [
        AS_OF,
        ["Подразделение", "Требуется", "", "Оснащено", ""],
        ["", "ПК", "Принтеры", "ПК", "Принтеры"],
        ["Архив", 3, 1, 3, 0],
    ]
    areas = [(1, 0, 2, 1), (1, 1, 1, 2), (1, 3, 1, 2)]
    for form in FORMATS:
        words = refusal(registers, f"a.{form}", sheet(form, rows, *areas))
        assert "«Требуется ПК», «Требуется Принтеры»" in words
    rows[2] = ["", "Всего", "Принтеры", "Всего", "Принтеры"]
    registers.take("b.xlsx", sheet("xlsx", rows, *areas))
    assert departments(registers) == READ[:1]


def test_more_unknown_headings_below_the_first_are_refused(registers: Arrivals) -> None:
    rows: list[Sequence[Cell]] = [
        AS_OF,
        HEAD,
        ["Подразделение", "единиц техники", "единиц всего"],
        *ITEMS,
    ]
    words = refusal(registers, "a.xlsx", xlsx_bytes(Table((), rows)))
    assert "«единиц техники»" in words


def test_the_same_heading_twice_is_warned_of(registers: Arrivals) -> None:
    took(registers, [[*HEAD, "Оснащено"], [*ITEMS[0], 0]])
    assert codes(registers) == {"repeated_heading"}


# Names of groups beside a merged date.


@pytest.mark.parametrize("form", FORMATS)
def test_a_group_beside_a_merged_date_is_no_row(form: str, registers: Arrivals) -> None:
    rows: list[list[Cell]] = [
        ["На дату", *WORKPLACES],
        [DAY, "", "Отдел ЖКХ"],
        ["", "1", "Архив", "да", "да", "нет"],
        ["", "", "Отдел связи"],
        ["", "2", "ЗАГС", "нет", "да", "да"],
    ]
    registers.take(f"a.{form}", sheet(form, rows, (1, 0, 4, 1)))
    assert registers.rows("number", "core.workplace_rows") == [("1",), ("2",)]
    assert (registers.quarantine(), codes(registers)) == ([], set())


def test_a_date_alone_in_its_row_is_quarantined(registers: Arrivals) -> None:
    row = ["1", "Архив", "да", "да", "нет", DAY]
    rows: list[Sequence[str]] = [
        [*WORKPLACES, "На дату"],
        row,
        ["", "", "", "", "", DAY],
        ["2", *row[1:]],
    ]
    registers.take("a.csv", grid_csv(*rows))
    assert [line for _, line, *_ in registers.quarantine()] == [3]


# Rows and sheets that say the same.


def test_numbers_that_restart_with_the_same_marks_are_warned_of(registers: Arrivals) -> None:
    row = ["да", "да", "да"]
    rows: list[Sequence[str]] = [[TITLE], [*WORKPLACES[:1], *WORKPLACES[2:]]]
    rows += [["Архив"], ["1", *row], ["2", *row], ["ЗАГС"], ["1", *row], ["2", *row]]
    registers.take("a.csv", grid_csv(*rows))
    assert registers.counts()[0][1:] == (4, 2, 0, 2)
    assert registers.warehouse.rows("SELECT code, line, times FROM ops.load_warnings") == [
        ("repeated_rows", 7, 2)
    ]


@pytest.mark.parametrize(
    ("name", "warning"),
    [("Общий свод", "summary_sheet"), ("2024 свод", "summary_sheet"), ("Общая", "sheet_of_sums")],
)
def test_a_sheet_that_sums_up_the_others(name: str, warning: str, registers: Arrivals) -> None:
    first = Table((), [AS_OF, HEAD, ["Архив", 30, 3], ["ЗАГС", 20, 10], ["ЖКХ", 5, 5]])
    second = Table((), [AS_OF, HEAD, ["Аппарат", 50, 13], ["Прочие", 5, 5]])
    registers.take("a.xlsx", xlsx_bytes(first, sheet="Отделы", other_sheets={name: second}))
    assert codes(registers) == {warning}


# Money.

BUDGET: list[Cell] = ["Год", "На дату", "Мероприятие", "План, тыс. руб.", "Исполнено, тыс. руб."]


def executed(arrivals: Arrivals, *items: Sequence[Cell]) -> list[tuple[object, ...]]:
    rows: list[Sequence[Cell]] = [BUDGET, *([2024, "01.10.2024", *item] for item in items)]
    arrivals.take("a.xlsx", xlsx_bytes(Table((), rows)), LATER)
    assert codes(arrivals) == {"parent_rows"}
    return [row for row in arrivals.rows("item", "core.budget_rows") if row[0]]


def test_a_parent_of_rounded_parts_is_no_item(registers: Arrivals) -> None:
    parts: list[list[Cell]] = [["Сайт", 33.3, 20], ["Связь", 33.3, 20], ["ЦОД", 33.3, 20.1]]
    found = executed(registers, ["Задача 1", 100, 60], *parts)
    assert [item for item, *_ in found] == ["Сайт", "Связь", "ЦОД"]


def test_sources_between_a_total_and_its_items_are_none(registers: Arrivals) -> None:
    sources: list[list[Cell]] = [["федеральный бюджет", 40, 30], ["местный бюджет", 60, 30]]
    items: list[list[Cell]] = [["Сайт", 70, 20], ["Связь", 30, 40]]
    found = executed(registers, ["Программа", 100, 60], *sources, *items)
    assert [item for item, *_ in found] == ["Сайт", "Связь"]


# Numbers and formats of other programs.


def test_thousands_of_another_locale_are_quarantined(registers: Arrivals) -> None:
    rows = ['"Архив","1,234","999"', '"ЗАГС","2","1"', '"ЖКХ","4,5","4"']
    head = f'"по состоянию на {DAY}","",""\n"Подразделение","Требуется","Оснащено"\n'
    registers.take("a.csv", (head + "\n".join(rows)).encode())
    assert departments(registers) == [("ЗАГС", 2, 1), ("ЖКХ", 4.5, 4)]
    assert [line for _, line, *_ in registers.quarantine()] == [3]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"MOXCEL\0\7\0\1\0\0\0" + bytes(range(256)), "MXL (1С)"),
        (b"ID;PWXL;N;E\r\nC;Y1;X1;K1\r\nE\r\n", "SYLK"),
        (b'[{"a": 1}]', "JSON"),
    ],
)
def test_formats_of_other_programs_are_refused_by_name(
    content: bytes, name: str, registers: Arrivals
) -> None:
    assert f"Файл в формате {name}" in refusal(registers, "a.xls", content)


def test_a_row_of_units_belongs_to_the_heading_just_above_it(registers: Arrivals) -> None:
    other = ["Исполнено", "План", "Мероприятие", "Год"]
    units: list[Cell] = ["руб.", "руб.", "", ""]
    rows: list[Sequence[Cell]] = [["на 01.10.2024"], ["Год", "План", "Исполнено", "Мероприятие"]]
    rows += [[2024, "5 тыс. руб.", "4 тыс. руб.", "Сайт"], other, units, [3, 6, "Связь", 2024]]
    registers.take("a.xlsx", xlsx_bytes(Table((), rows)), LATER)
    assert registers.rows("item, toFloat64(plan), toFloat64(executed)", "core.budget_rows") == [
        ("Сайт", 5000, 4000),
        ("Связь", 6, 3),
    ]


def test_rows_that_end_before_a_repeated_heading_are_read(registers: Arrivals) -> None:
    lines = [*AS_OF, "Подразделение;Требуется;Оснащено;Оснащено", "Архив;3", "ЗАГС;2;1"]
    registers.take("a.csv", "\n".join(map(str, lines)).encode())
    assert departments(registers) == [("ЗАГС", 2, 1)]
