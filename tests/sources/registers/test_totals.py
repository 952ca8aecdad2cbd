"""A register's own total row against the rows of it that were loaded."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.emulators.inbox.tables import Cell, Table, csv_bytes, xlsx_bytes
from tests.spreadsheets.arrivals import MODIFIED, Arrivals

DAY = date(2024, 6, 30)
BUDGET = ("Год", "Дата", "Мероприятие", "План, тыс. руб.", "Исполнено, тыс. руб.")
WORKPLACES = ("Номер", "Подразделение", "ПК", "СЗИ", "СЭД", "На дату")
TWO = ((2024, DAY, "Связь", 100.5, 50), (2024, DAY, "Защита", 200.25, 60))
PLACES = (("1", "Архив", "да", "нет", "да", DAY), ("2", "Архив", "да", "да", "да", DAY))


@pytest.mark.parametrize(
    ("closing", "reported"),
    [
        ([("Итого", "", "", 300.75, 110)], []),
        # A kopeck is the rounding of thousands.
        ([("ВСЕГО:", "", "", 300.75001, 110)], []),
        (
            [("Итого по программе", "", "", 310.75, 110)],
            ["the total in line 4 says «План» 310750, the loaded rows 300750 (difference 10000)"],
        ),
        ([("Итого", "", "", "-", 110.1)], ["«Кассовое исполнение» 110100,"]),
    ],
)
def test_a_total_that_the_rows_do_not_add_up_to_is_reported(
    closing: list[tuple[Cell, ...]],
    reported: list[str],
    arrivals: Arrivals,
    caplog: pytest.LogCaptureFixture,
) -> None:
    arrivals.take("a.xlsx", xlsx_bytes(Table(BUDGET, TWO, closing_rows=closing)))
    assert arrivals.counts()[0][:3] == ("published", 2, 2)
    assert ("the total in line" in arrivals.message()) == bool(reported)
    for text in reported:
        assert text in arrivals.message()
        assert text in caplog.text


def test_subtotals_and_totals_of_them_are_understood(arrivals: Arrivals) -> None:
    rows: list[tuple[Cell, ...]] = [
        *TWO,
        ("Итого по разделу 1", "", "", 300.75, 110),
        (2024, DAY, "Обучение", 10, 5),
        ("Итого по разделу 2", "", "", 11, 5),
        ("Всего", "", "", 310.75, 115),
    ]
    arrivals.take("a.xlsx", xlsx_bytes(Table(BUDGET, rows)))
    assert arrivals.counts()[0][:3] == ("published", 3, 3)
    assert arrivals.message().count("the total in line") == 1
    assert "the total in line 6 says «План» 11000" in arrivals.message()
    assert "the loaded rows 10000 (difference 1000" in arrivals.message()


def test_a_quarantined_row_shows_in_the_total(arrivals: Arrivals) -> None:
    rows: list[tuple[Cell, ...]] = [*TWO, (2024, DAY, "Связь", "сорок", 1)]
    closing = [("Итого", "", "", 340.75, 111)]
    arrivals.take("a.xlsx", xlsx_bytes(Table(BUDGET, rows, closing_rows=closing)))
    assert arrivals.counts()[0] == ("published", 3, 2, 1, 0)
    assert "(difference 40000)" in arrivals.message()


@pytest.mark.parametrize(
    ("closing", "reported"),
    [
        (("Всего рабочих мест: 2",), ""),
        (("Всего рабочих мест", 2), ""),
        (("Всего рабочих мест: 3",), "says rows: 3, the loaded rows 2 (difference 1)"),
        (("Итого", "", 2, 1, 2, ""), ""),
        (("Итого", "", 2, 2, 2, ""), "says «СЗИ» 2, the loaded rows 1 (difference 1)"),
        (("Итого за 2024 год",), ""),
    ],
)
def test_a_count_in_words_or_in_its_column(
    closing: tuple[Cell, ...], reported: str, arrivals: Arrivals
) -> None:
    table = Table(WORKPLACES, PLACES, closing_rows=[closing])
    arrivals.take("a.csv", csv_bytes(table, encoding="windows-1251"))
    assert arrivals.counts() == [("published", 2, 2, 0, 0)]
    assert ("the total in line" in arrivals.message(), reported in arrivals.message()) == (
        bool(reported),
        True,
    )


def test_a_complete_total_row_is_no_item(arrivals: Arrivals) -> None:
    rows = [*TWO, (2024, DAY, "ВСЕГО по программе:", 300.75, 110), (2023, DAY, "Итого", 7, 6)]
    arrivals.take("a.xlsx", xlsx_bytes(Table(BUDGET, rows)))
    answers = "SELECT year, item, plan FROM core.budget ORDER BY year, item"
    items = [(2024, "Защита", Decimal(200250)), (2024, "Связь", Decimal(100500))]
    assert arrivals.warehouse.rows(answers) == [(2023, "", Decimal(7000)), *items]
    whole = Table(BUDGET[:2] + BUDGET[3:], [(2024, DAY, 301, 110)])
    arrivals.take("b.xlsx", xlsx_bytes(whole), MODIFIED - timedelta(days=1))
    assert arrivals.warehouse.rows(answers)[1:] == items
    arrivals.take("c.csv", csv_bytes(whole), MODIFIED + timedelta(days=1))
    assert arrivals.warehouse.rows(answers)[1:] == [(2024, "", Decimal(301000))]
    later = Table(BUDGET, TWO, title_rows=("Отчёт сформирован 05.08.2024",))
    arrivals.take("d.xlsx", xlsx_bytes(later))
    assert arrivals.warehouse.rows(answers)[1:] == items
