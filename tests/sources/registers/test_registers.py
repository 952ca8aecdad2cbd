"""Registers kept by hand: dates of versions, yes and no, amounts, what ends in quarantine."""

# ruff: noqa: DTZ001 - the engine answers in UTC without saying so

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.emulators.inbox.tables import Cell, Table, csv_bytes, xlsx_bytes
from tests.spreadsheets.arrivals import Arrivals

WORKPLACES = ("Номер", "Подразделение", "ПК", "СЗИ", "СЭД", "На дату")
DEPARTMENTS = ("Подразделение", "Требуется", "Оснащено", "На дату")
EVENTS = ("Дата", "Название", "Вид")
BUDGET = ("Год", "Дата", "План", "Кассовое исполнение")
DAY = "30.06.2024"


def each(
    arrivals: Arrivals, columns: str, cases: Sequence[Mapping[str, Cell]]
) -> list[tuple[Any, ...]]:
    """What the rows of one register of workplaces become: columns, or the field and reason."""
    good: dict[str, Cell] = {
        "Подразделение": "Архив",
        "ПК": "да",
        "СЗИ": "нет",
        "СЭД": "да",
        "На дату": DAY,
    }
    rows = [
        list(({"Номер": f"{number:05d}"} | good | dict(changes)).values())
        for number, changes in enumerate(cases)
    ]
    arrivals.take("a.xlsx", xlsx_bytes(Table(WORKPLACES, rows)))
    loaded = {
        line: found for line, *found in arrivals.rows(f"line, {columns}", "core.workplace_rows")
    }
    faults = {line: fault for _, line, *fault in arrivals.quarantine()}
    assert arrivals.counts() == [("published", len(cases), len(loaded), len(faults), 0)]
    return [tuple((loaded | faults)[line]) for line in range(2, len(cases) + 2)]


def test_a_workplace(arrivals: Arrivals) -> None:
    columns = "as_of, number, department, has_pc, has_protection, has_edms"
    assert each(arrivals, columns, [{}]) == [
        (date(2024, 6, 30), "00000", "Архив", True, False, True)
    ]


def test_yes_and_no_in_many_spellings(arrivals: Arrivals) -> None:
    yes: list[Cell] = ["ДА", " да ", "+", 1, "имеется", "✓"]
    no: list[Cell] = ["Нет", "-", 0, "отсутствует"]
    answers = each(arrivals, "has_pc", [{"ПК": cell} for cell in [*yes, *no]])
    assert answers == [(True,)] * len(yes) + [(False,)] * len(no)


def test_a_bad_workplace_is_quarantined(arrivals: Arrivals) -> None:
    cases: list[tuple[dict[str, Cell], str, str]] = [
        ({"ПК": ""}, "ПК", "empty"),
        ({"СЗИ": "возможно"}, "СЗИ", "neither yes nor no"),
        ({"СЭД": 2}, "СЭД", "neither yes nor no"),
        ({"Номер": ""}, "Номер", "empty"),
        ({"Номер": "1,2E+12"}, "Номер", "damaged by a spreadsheet"),
        ({"Номер": "Иванов И.И."}, "Номер", "personal data"),
        ({"На дату": "31.06.2024"}, "На дату", "no date"),
        ({"На дату": ""}, "На дату", "empty"),
    ]
    answers = each(arrivals, "number", [changes for changes, *_ in cases])
    for (_, field, reason), (found, why) in zip(cases, answers, strict=True):
        assert (found, reason in why) == (field, True)


def test_numbers_of_workplaces_are_text(arrivals: Arrivals) -> None:
    numbers: dict[Cell, str] = {
        "00012": "00012",
        101340000123.0: "101340000123",
        "АРМ-7": "АРМ-7",
        "101-04/12": "101-04/12",
    }
    answers = each(arrivals, "number", [{"Номер": cell} for cell in numbers])
    assert answers == [(number,) for number in numbers.values()]


@pytest.mark.parametrize(
    "title",
    ["по состоянию на 30.06.2024", "Рабочие места на 30 июня 2024 г.", "Состояние на: 2024-06-30"],
)
def test_the_date_of_a_version_may_stand_above(arrivals: Arrivals, title: str) -> None:
    table = Table(WORKPLACES[:5], [("1", "Архив", "да", "да", "да")], title_rows=("Реестр", title))
    arrivals.take("a.xlsx", xlsx_bytes(table), datetime(2024, 7, 12, 12))
    # It says what the rows are true for, and not when the file was made.
    assert arrivals.rows("as_of, file_at", "core.workplace_rows") == [
        (date(2024, 6, 30), datetime(2024, 7, 12, 9))
    ]


def test_a_register_of_no_date_is_refused(arrivals: Arrivals) -> None:
    run = arrivals.take(
        "a.xlsx", xlsx_bytes(Table(WORKPLACES[:5], [("1", "Архив", "да", "да", "да")]))
    )
    assert run.rejected
    assert "добавьте столбец «На дату» или строку «по состоянию на" in arrivals.reasons()


def test_merged_departments_hold_for_all_their_rows(arrivals: Arrivals) -> None:
    import io

    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, WORKPLACES)
    sheet.merge_range(1, 1, 2, 1, "Архив")
    for line in (1, 2):
        sheet.write(line, 0, f"{line}")
        sheet.write_row(line, 2, ["да", "да", "да", DAY])
    book.close()
    arrivals.take("a.xlsx", buffer.getvalue())
    assert arrivals.rows("number, department", "core.workplace_rows") == [
        ("1", "Архив"),
        ("2", "Архив"),
    ]


def test_departments(arrivals: Arrivals) -> None:
    rows: list[tuple[Cell, ...]] = [
        ("Архив", 5, "4,5", DAY),
        ("Отдел Иванова И.И.", 1, 1, DAY),
        ("Отдел Петрова П.П.", 1, 1, DAY),
        ("ЗАГС", "много", 1, DAY),
        ("Опека", "", 1, DAY),
        ("ЖКХ", 5, -1, DAY),
    ]
    table = Table(
        DEPARTMENTS,
        rows,
        closing_rows=[("Итого", 12, 7.5), (), ("Начальник отдела", "Сидоров С.С.")],
    )
    arrivals.take("a.xlsx", xlsx_bytes(table))
    loaded = arrivals.rows("department, required, equipped, as_of", "core.department_rows")
    assert loaded[0] == ("Архив", 5.0, 4.5, date(2024, 6, 30))
    # Masked, and still two departments.
    assert len({name for name, *_ in loaded}) == len(loaded) == 3
    assert all(name.startswith("Отдел *** #") for name, *_ in loaded[1:])
    assert [(line, field) for _, line, field, _ in arrivals.quarantine()] == [
        (5, "Требуется"),
        (6, "Требуется"),
        (7, "Оснащено"),
    ]
    assert arrivals.counts() == [("published", 6, 3, 3, 0)]


def test_percents_are_told_from_counts(arrivals: Arrivals) -> None:
    arrivals.take("a.xlsx", xlsx_bytes(Table(DEPARTMENTS, [("Архив", 5, "95,3%", DAY)])))
    assert [(line, field) for _, line, field, _ in arrivals.quarantine()] == [(2, "Оснащено")]
    shares = Table((*DEPARTMENTS[:2], "Оснащено, %", "На дату"), [("Архив", 5, 0.953, DAY)])
    assert arrivals.take("b.xlsx", xlsx_bytes(shares)).rejected == ["registers/b.xlsx"]
    assert "нет столбцов: «Оснащено»" in arrivals.reasons()


def test_events(arrivals: Arrivals) -> None:
    rows: list[tuple[Cell, ...]] = [
        (date(2024, 5, 6), "День Открытых Данных", "семинар"),
        ("06.05.2024", "День Открытых Данных", "семинар"),
        ("06.05.2024", " день открытых  ДАННЫХ", "семинар"),
        ("май", "Вебинар", ""),
        ("07.05.2024", "", "семинар"),
        ("07.05.2024", "Вебинар", None),
    ]
    arrivals.take("a.csv", csv_bytes(Table(EVENTS, rows), encoding="windows-1251"))
    assert arrivals.rows("held_on, title, kind", "core.event_rows")[0] == (
        date(2024, 5, 6),
        "День Открытых Данных",
        "семинар",
    )
    assert arrivals.counts() == [("published", 6, 3, 2, 1)]
    assert arrivals.warehouse.value("SELECT count() FROM core.events") == 2


@pytest.mark.parametrize(
    ("headings", "title", "cells", "expected"),
    [
        (BUDGET, "Бюджет", (861400, 215350.5), ("861400.00", "215350.50")),
        (BUDGET, "Исполнение бюджета, тыс. руб.", (861.4, 215.3505), ("861400.00", "215350.50")),
        (BUDGET, "(в тысячах рублей)", ("861,4", "0,1"), ("861400.00", "100.00")),
        (BUDGET, "в млн. рублей", (0.8614, 0.1), ("861400.00", "100000.00")),
        (
            ("Год", "Дата", "План, тыс. руб.", "Кассовое исполнение, руб."),
            "",
            (861.4, 215350.5),
            ("861400.00", "215350.50"),
        ),
        (
            ("Год", "Дата", "План на 2024 год (тыс. руб.)", "Исполнено (тыс. руб.)"),
            "в рублях",
            ("1 861,4", "1\u00a0215,35"),
            ("1861400.00", "1215350.00"),
        ),
        (
            ("Год", "Дата", "План", "Кассовое исполнение, тыс. рублей"),
            "",
            (861.4, 215.35),
            ("861400.00", "215350.00"),
        ),
        (BUDGET, "", ("861,4 тыс. руб.", "215 350,50 руб."), ("861400.00", "215350.50")),
        (BUDGET, "тыс. руб.", ("-", 215.35), (None, "215350.00")),
        (BUDGET, "", (0.1 + 0.2, 123456789012.34), ("0.30", "123456789012.34")),
    ],
)
def test_amounts_are_in_the_unit_that_the_table_names(
    arrivals: Arrivals,
    headings: tuple[str, ...],
    title: str,
    cells: tuple[Cell, Cell],
    expected: tuple[str | None, ...],
) -> None:
    arrivals.take(
        "a.xlsx", xlsx_bytes(Table(headings, [(2024, DAY, *cells)], title_rows=(title, "")))
    )
    assert arrivals.quarantine() == []
    assert arrivals.rows("year, as_of, item, plan, executed", "core.budget_rows") == [
        (2024, date(2024, 6, 30), "", *(amount and Decimal(amount) for amount in expected))
    ]


def test_the_items_of_a_budget_stay_distinct(arrivals: Arrivals) -> None:
    rows = [(2024, DAY, "Связь", 100, 50), (2024, DAY, "Защита", 200, 60)]
    closing = [("Итого", "", "", 300, 110)]
    table = Table(("Год", "Дата", "Мероприятие", "План", "Исполнено"), rows, closing_rows=closing)
    arrivals.take("a.xlsx", xlsx_bytes(table))
    assert arrivals.warehouse.rows(
        "SELECT item, plan, executed FROM core.budget ORDER BY item"
    ) == [
        ("Защита", Decimal(200), Decimal(60)),
        ("Связь", Decimal(100), Decimal(50)),
    ]


def test_a_bad_budget_row_is_quarantined(arrivals: Arrivals) -> None:
    cases: list[tuple[tuple[Cell, ...], str, str]] = [
        (("", DAY, 1, 1), "Год", "empty"),
        (("24", DAY, 1, 1), "Год", "no year"),
        ((2024, "июнь", 1, 1), "Дата", "no date"),
        ((2024, DAY, "сто", 1), "План", "no amount"),
        ((2024, DAY, 1, "1.2.3"), "Кассовое исполнение", "no amount"),
        ((2024, DAY, "-", "-"), "План", "neither"),
    ]
    rows = [*(row for row, *_ in cases), (2024, "31.12.2024", 1, 1)]
    arrivals.take("a.xlsx", xlsx_bytes(Table(BUDGET, rows)))
    for (_, field, reason), (_, _, found, why) in zip(cases, arrivals.quarantine(), strict=True):
        assert (found, reason in why) == (field, True)
    assert arrivals.counts() == [("published", 7, 1, 6, 0)]


def test_the_later_file_of_a_version_wins_whatever_arrives_first(arrivals: Arrivals) -> None:
    first = Table(
        WORKPLACES,
        [("1", "Архив", "нет", "нет", "нет", DAY), ("2", "Архив", "да", "да", "да", DAY)],
    )
    fixed = Table(WORKPLACES, [(" 1", "Архив", "да", "нет", "нет", DAY)])
    arrivals.take("fixed.xlsx", xlsx_bytes(fixed), datetime(2024, 7, 20))
    arrivals.take("first.xlsx", xlsx_bytes(first), datetime(2024, 7, 12))
    assert arrivals.warehouse.rows("SELECT number_key, has_pc FROM core.workplaces ORDER BY 1") == [
        ("1", True),
        ("2", True),
    ]


def test_a_table_for_another_folder_is_refused(arrivals: Arrivals) -> None:
    run = arrivals.take(
        "a.xlsx", xlsx_bytes(Table(("Номер заявления", "Код услуги", "Статус"), [("1", "2", "3")]))
    )
    assert run.rejected == ["registers/a.xlsx"]


def test_a_budget_without_its_execution_is_no_list_of_events(arrivals: Arrivals) -> None:
    headings = ("Год", "Дата", "Мероприятие", "План, тыс. руб.", "Осваивание")
    rows = [(2024, DAY, "Связь", 861.4, 200)]
    assert arrivals.take("a.xlsx", xlsx_bytes(Table(headings, rows))).published == 0
    assert "нет столбцов: «Кассовое исполнение»" in arrivals.reasons()
    events = Table(("Год", "Дата", "Мероприятие", "Вид"), [(2024, DAY, "День", "семинар")])
    assert arrivals.take("b.xlsx", xlsx_bytes(events)).published == 1


def test_four_kinds_in_one_workbook(arrivals: Arrivals) -> None:
    content = xlsx_bytes(
        Table(WORKPLACES, [("1", "Архив", "да", "да", "да", DAY)]),
        other_sheets={
            "Отделы": Table(DEPARTMENTS, [("Архив", 1, 1, DAY)]),
            "События": Table(EVENTS, [("06.05.2024", "День данных", "семинар")]),
            "Деньги": Table(BUDGET, [(2024, DAY, 1, 1)]),
        },
    )
    arrivals.take("Всё сразу.xlsx", content)
    assert arrivals.counts() == [("published", 4, 4, 0, 0)]


def test_persons_of_registers_are_found_nowhere(
    arrivals: Arrivals, caplog: pytest.LogCaptureFixture
) -> None:
    name, snils = "Петрова Анна Сергеевна", "112-233-445 95"
    said = f"{name}, {snils}, +7 919 123-45-67, anna.petrova@mail.ru, ул. Ленина, д. 5"
    rows: dict[str, tuple[Sequence[str], Sequence[Cell]]] = {
        "места": (WORKPLACES, ("1", said, "да", "да", said, DAY)),
        "другие": (WORKPLACES, (name, "Архив", "да", "да", "да", DAY)),
        "отделы": (DEPARTMENTS, (f"Приёмная: {said}", 5, 5, DAY)),
        "события": (EVENTS, (DAY, f"Встреча с {said}", said)),
        "бюджет": ((*BUDGET, "Мероприятие"), (2024, DAY, 5, said, said)),
        name: (EVENTS, (said, said, said)),
    }
    sheets = {
        sheet: Table(
            (*headings, f"Ответственный {said}"),
            [(*cells, said)],
            title_rows=(f"Составил {said}",),
            closing_rows=[("Всего: 7", said), (), (f"Исполнитель {said}",)],
        )
        for sheet, (headings, cells) in rows.items()
    }
    first, *_ = sheets
    with caplog.at_level("DEBUG"):
        content = xlsx_bytes(sheets.pop(first), sheet=first, other_sheets=sheets)
        assert arrivals.take(f"{said}.xlsx".replace("/", ""), content).published == 1
    assert arrivals.counts()[0][1:4] == (6, 2, 4)
    for found in (arrivals.everything(), caplog.text):
        assert "***" in found
        for trace in ("Петров", "Сергеевн", "112-233", "123-45-67", "petrova@", "Ленина"):
            assert trace not in found
