"""Sheets of several tables, and tables with several columns of one heading, in any format."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from municipal_indicators.sources.registers.files import load_file
from municipal_indicators.warehouse.client import Warehouse
from tests.emulators.inbox.tables import Cell, Table, xlsx_bytes
from tests.spreadsheets.arrivals import Arrivals, grid_csv

Grid = list[list[Cell]]
HEAD: list[Cell] = ["Подразделение", "Требуется", "Оснащено"]
ROWS: Grid = [["ЖКХ", 10, 5], ["Архив", 5, 5]]
FEBRUARY, MARCH = date(2024, 2, 10), date(2024, 3, 10)


@pytest.fixture
def arrivals(places: Path, warehouse: Warehouse) -> Arrivals:
    return Arrivals("registers", places, warehouse, load_file)


def in_format(rows: Grid, name: str) -> bytes:
    """The rows as a file of the format that the name ends with."""
    texts = [[str(cell) for cell in row] for row in rows]
    if name.endswith("csv"):
        return grid_csv(*texts)
    if name.endswith("xlsx"):
        first, *others = rows
        return xlsx_bytes(Table([str(cell) for cell in first], [tuple(row) for row in others]))
    if name.endswith("html"):
        lines = ("".join(f"<td>{text}</td>" for text in row) for row in texts)
        return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>".encode()
    cells = "</Row><Row>".join(
        "".join(f'<Cell><Data ss:Type="String">{text}</Data></Cell>' for text in row)
        for row in texts
    )
    space = "urn:schemas-microsoft-com:office:spreadsheet"
    return (
        f'<?xml version="1.0"?><Workbook xmlns="{space}" xmlns:ss="{space}"><Worksheet ss:Name="Л"><Table>'
        f"<Row>{cells}</Row></Table></Worksheet></Workbook>"
    ).encode()


NAMES = ["a.csv", "a.xlsx", "a.html", "a.xml"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("between", "line"),
    [
        ([["по состоянию на 10.03.2024"]], 1),
        ([[], ["по состоянию на", "10.03.2024"], HEAD], 2),
        ([["Итого", 15, 10], ["на 10.03.2024"], ["1", "2", "3"]], 1),
        ([["Исполнитель: специалист"], [], ["Таблица 2"], ["на 10.03.2024"], [], HEAD], 1),
    ],
)
def test_a_new_date_begins_a_table(arrivals: Arrivals, name: str, between: Grid, line: int) -> None:
    sheet: Grid = [["по состоянию на 10.02.2024", "", ""], HEAD, *ROWS, *between, ["ЖКХ", 10, 9]]
    arrivals.take(name, in_format(sheet, name))
    assert arrivals.rows("as_of, department, equipped", "core.department_rows") == [
        (FEBRUARY, "ЖКХ", 5),
        (FEBRUARY, "Архив", 5),
        (MARCH, "ЖКХ", 9),
    ]
    assert arrivals.quarantine() == []


@pytest.mark.parametrize("name", NAMES)
def test_a_heading_in_another_order_is_mapped_anew(arrivals: Arrivals, name: str) -> None:
    sheet: Grid = [
        ["на 10.02.2024", "", ""],
        HEAD,
        [1, 2, 3],
        *ROWS,
        ["Продолжение таблицы", "", ""],
        HEAD,
        [1, 2, 3],
        ["Культура", 4, 3],
        ["Оснащено", "Подразделение", "Требуется"],
        [1, "Кадры", 2],
    ]
    arrivals.take(name, in_format(sheet, name))
    assert arrivals.rows("department, required, equipped", "core.department_rows") == [
        ("ЖКХ", 10, 5),
        ("Архив", 5, 5),
        ("Культура", 4, 3),
        ("Кадры", 2, 1),
    ]
    assert arrivals.quarantine() == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "other",
    [
        [["Подразделение", "Всего АРМ", "Из них с СЭД"], ["ЖКХ", 4, 1]],
        [[], ["Отдел (сектор)", "Всего АРМ", "Из них с СЭД"], ["ЖКХ", 4, 1], ["Архив", 3, 0]],
        [["Подразделение", 2023, 2024], ["ЖКХ", 4, 1]],
    ],
)
def test_a_table_of_no_known_kind_is_left_out_and_named(
    arrivals: Arrivals, name: str, other: Grid
) -> None:
    sheet: Grid = [["на 10.02.2024", "", ""], HEAD, *ROWS, *other]
    again: Grid = [[], ["на 10.03.2024", "", ""], HEAD, ["Кадры", 1, 1]]
    arrivals.take(name, in_format([*sheet, *again], name))
    assert arrivals.rows("as_of, department", "core.department_rows") == [
        (FEBRUARY, "ЖКХ"),
        (FEBRUARY, "Архив"),
        (MARCH, "Кадры"),
    ]
    assert "is of no known kind" in arrivals.message()
    assert arrivals.quarantine() == []


def test_an_unknown_table_above_is_named_too(arrivals: Arrivals) -> None:
    sheet: Grid = [
        ["на 10.02.2024", "", ""],
        ["Показатель", "План", "Факт"],
        ["Рабочих мест", 4, 1],
        ["Серверов", 3, 2],
        [],
        ["на 10.03.2024"],
        HEAD,
        *ROWS,
    ]
    arrivals.take("a.xlsx", in_format(sheet, "a.xlsx"))
    assert arrivals.rows("DISTINCT as_of", "core.department_rows", "as_of") == [(MARCH,)]
    assert "is of no known kind" in arrivals.message()


@pytest.mark.parametrize("name", NAMES)
def test_a_new_unit_begins_a_table(arrivals: Arrivals, name: str) -> None:
    head: list[Cell] = ["Год", "Дата", "Мероприятие", "План", "Кассовое исполнение"]
    sheet: Grid = [
        ["тыс. руб.", "", "", "", ""],
        head,
        [2024, "30.06.2024", "Связь", 5, 1],
        ["(в рублях)"],
        [2024, "30.06.2024", "Защита", 7, 2],
        ["млн руб."],
        head,
        [2024, "30.06.2024", "Кадры", 3, 1],
    ]
    arrivals.take(name, in_format(sheet, name))
    assert arrivals.rows("plan", "core.budget_rows") == [
        (Decimal(5_000),),
        (Decimal(7),),
        (Decimal(3_000_000),),
    ]


@pytest.mark.parametrize(
    ("upper", "expected"),
    [
        (["", "Принтеры", "", "Всего", ""], [("ЖКХ", 11, 6)]),
        (["", "Итого", "", "в т.ч. принтеры", ""], [("ЖКХ", 1, 1)]),
        (["", "Принтеры", "", "ПК", ""], []),
    ],
)
def test_columns_of_the_same_heading_are_told_apart(
    arrivals: Arrivals, upper: list[Cell], expected: list[tuple[object, ...]]
) -> None:
    sheet: Grid = [["на 10.02.2024"], upper, [*HEAD, *HEAD[1:]], ["ЖКХ", 1, 1, 11, 6]]
    arrivals.take("a.csv", in_format(sheet, "a.csv"))
    assert arrivals.rows("department, required, equipped", "core.department_rows") == expected
    assert ("«Принтеры Требуется», «ПК Требуется»" in arrivals.reasons()) == (not expected)


@pytest.mark.parametrize(
    ("rows", "departments"),
    [
        # The rows below add up to the total, then items follow.
        ([["Итого", 15, 10], ["из них город", 10, 5], ["село", 5, 5], ["Кадры", 1, 1]], 3),
        ([["Итого", 15, 10], ["в том числе:"], ["город", 10, 5], ["село", 4, 5]], 2),
        ([["ЖКХ-2", 3, 3], ["в т.ч. гараж", 2, 2], ["склад", 1, 1], ["Кадры", 1, 1]], 4),
        ([["По району всего", 15, 10]], 2),
        ([["В среднем по району", 7.5, 5]], 2),
    ],
)
def test_parts_are_no_items(arrivals: Arrivals, rows: Grid, departments: int) -> None:
    arrivals.take("a.csv", in_format([["на 10.02.2024"], HEAD, *ROWS, *rows], "a.csv"))
    assert len(arrivals.rows("department", "core.department_rows")) == departments
    assert arrivals.quarantine() == []
    assert "the total in line" not in arrivals.message()


def test_below_a_total_above_all_items_are_the_items(arrivals: Arrivals) -> None:
    sheet: Grid = [["на 10.02.2024"], HEAD, ["Всего", 15, 10], ["в том числе:"], *ROWS]
    arrivals.take("a.csv", in_format(sheet, "a.csv"))
    assert [name for (name,) in arrivals.rows("department", "core.department_rows")] == [
        "ЖКХ",
        "Архив",
    ]
