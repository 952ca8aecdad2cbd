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


OF_BUDGET: list[Cell] = ["Год", "Дата", "Мероприятие", "План", "Кассовое исполнение"]


@pytest.mark.parametrize(
    "page",
    [
        # An upper storey of words that nobody knows, above a heading.
        [
            ["№ п/п", "Сведения", "", ""],
            ["", "Оснащено", "Подразделение", "Требуется"],
            [3, 1, "Кадры", 2],
        ],
        [["", "Сведения", "№ п/п"], HEAD, ["Кадры", 2, 1]],
        [["Этаж", "Показатели", ""], HEAD, ["Кадры", 2, 1]],
        [[], ["Таблица 2"], ["№ п/п", "Сведения", ""], HEAD, ["Кадры", 2, 1]],
    ],
)
def test_an_upper_storey_belongs_to_its_heading(arrivals: Arrivals, page: Grid) -> None:
    first: Grid = [["на 10.02.2024"], ["№ п/п", "Сведения", ""], HEAD]
    arrivals.take("a.csv", in_format([*first, *ROWS, *page], "a.csv"))
    assert arrivals.rows("department, required", "core.department_rows")[2:] == [("Кадры", 2)]
    assert arrivals.quarantine() == []


def test_titles_below_events_are_those_of_the_next_table(arrivals: Arrivals) -> None:
    events: Grid = [
        ["Название", "Дата", "Вид"],
        ["Форум", "10.01.2024", ""],
        [1, 2],
        ["Съезд", "11.01.2024"],
    ]
    titles: Grid = [["по состоянию на", "10.02.2024"], ["№ п/п", "Сведения", ""]]
    arrivals.take("a.csv", in_format([*events, *titles, HEAD, *ROWS], "a.csv"))
    assert arrivals.rows("title", "core.event_rows") == [("Форум",), ("Съезд",)]
    assert len(arrivals.rows("as_of", "core.department_rows")) == 2
    assert arrivals.quarantine() == []


@pytest.mark.parametrize(
    ("titles", "head", "row"),
    [
        # Titles that could be headings.
        ([["по состоянию на", "10.02.2024"]], ["", *HEAD], ["да", "ЖКХ", 10, 5]),
        ([["по состоянию на 10.02.2024"]], ["", "Всего", "", "Принтеры", "", "Отдел"], None),
    ],
)
def test_a_title_is_no_heading(
    arrivals: Arrivals, titles: Grid, head: list[Cell], row: list[Cell] | None
) -> None:
    lower: Grid = [["", *HEAD[1:], *HEAD[1:], ""], ["", 10, 5, 1, 1, "ЖКХ"]]
    sheet = [*titles, head, row] if row else [*titles, head, *lower]
    arrivals.take("a.csv", in_format(sheet, "a.csv"))
    assert arrivals.rows("as_of, department, required, equipped", "core.department_rows") == [
        (FEBRUARY, "ЖКХ", 10, 5)
    ]


@pytest.mark.parametrize(
    ("above", "head", "row"),
    [
        # A unit of its own wins over that of the table above it.
        ([], ["Ед. изм.", *OF_BUDGET], ["тыс. руб.", 2024, "30.06.2024", "Кадры", 5, 1]),
        ([], [*OF_BUDGET[:3], "План, тыс. руб.", "Исполнено"], [2024, "30.06.2024", "Кадры", 5, 1]),
        # It is in the upper storey, and the lower one repeats merged headings.
        (
            [["Год", "Дата", "Мероприятие", "Суммы, тыс. руб.", ""]],
            OF_BUDGET,
            [2024, "30.06.2024", "Кадры", 5, 1],
        ),
        # A title with a unit, above a column without a heading or with an unknown one.
        (
            [["Реестр"], ["Единица измерения: тыс. руб."]],
            [*OF_BUDGET, "Адрес"],
            [2024, "30.06.2024", "Кадры", 5, 1, "1"],
        ),
        (
            [["Единица измерения: тыс. руб."]],
            ["", *OF_BUDGET],
            ["1", 2024, "30.06.2024", "Кадры", 5, 1],
        ),
    ],
)
def test_the_unit_of_a_second_table(
    arrivals: Arrivals, above: Grid, head: list[Cell], row: list[Cell]
) -> None:
    first: Grid = [["в рублях"], OF_BUDGET, [2024, "30.06.2024", "Связь", 7, 2], [], ["Таблица 2"]]
    arrivals.take("a.csv", in_format([*first, *above, head, row], "a.csv"))
    plans = arrivals.rows("item, plan", "core.budget_rows")
    assert plans == [("Связь", Decimal(7)), ("Кадры", Decimal(5_000))]


def test_a_budget_of_two_storeys_is_no_list_of_events(arrivals: Arrivals) -> None:
    sheet: Grid = [
        ["Дата", "Год", "Мероприятие", "Суммы, руб.", ""],
        ["Дата", "Год", "Мероприятие", "План", "Исполнено"],
        ["30.06.2024", 2024, "Связь", 5, 1],
    ]
    arrivals.take("a.csv", in_format(sheet, "a.csv"))
    assert arrivals.rows("item", "core.budget_rows") == [("Связь",)]
    assert arrivals.rows("title", "core.event_rows") == []


@pytest.mark.parametrize(
    ("head", "rows"),
    [
        # A number, an amount with its unit or a unit stands before the word.
        (["ПК", "Номер", "СЗИ", "СЭД"], [["да", "А-1", "нет", "да"], [1, "Итого", 0, 1]]),
        (["План", "Год", "Исполнено"], [["5 руб.", 2024, "3 руб."], ["5 руб.", "Итого", "3 руб."]]),
        (
            ["План", "Год", "Исполнено"],
            [
                ["5 руб.", 2024, "3 руб."],
                ["5 руб.", "Итого", "3 руб."],
                ["4 руб.", "в том числе", "2 руб."],
                ["1 руб.", "иное", "1 руб."],
            ],
        ),
        (
            ["Ед. изм.", "План", "Статья", "Исполнено", "Год"],
            [["руб.", 5, "Связь", 3, 2024], ["руб.", 5, "Итого", 3, ""]],
        ),
        # A total above its rows, and one below the page before.
        (["План, руб.", "Год", "Исполнено"], [[9, "Всего", 4], [5, 2024, 3], [4, 2025, 1]]),
        (
            ["План, руб.", "Год", "Исполнено"],
            [[5, 2024, 3], ["Исполнено", "План, руб.", "Год"], [1, 4, 2025], [4, 9, "Всего"]],
        ),
        (
            ["План, руб.", "Год", "Исполнено"],
            [[9, "Всего", 4], [5, 2024, 3], ["Исполнено", "План, руб.", "Год"], [1, 4, 2025]],
        ),
    ],
)
def test_a_total_row_is_known_wherever_it_stands(
    arrivals: Arrivals, head: list[Cell], rows: Grid
) -> None:
    arrivals.take("a.csv", in_format([["на 10.02.2024"], head, *rows], "a.csv"))
    assert arrivals.counts()[0][0] == "published"
    assert arrivals.quarantine() == []
    assert "the total in line" not in arrivals.message()


def test_a_complete_total_without_its_date_is_no_item(arrivals: Arrivals) -> None:
    sheet: Grid = [
        ["в рублях"],
        OF_BUDGET,
        [2024, "30.06.2024", "Связь", 7, 2],
        [2024, "", "Итого", 7, 2],
    ]
    arrivals.take("a.csv", in_format(sheet, "a.csv"))
    assert arrivals.rows("item", "core.budget_rows") == [("Связь",)]
    assert arrivals.quarantine() == []
