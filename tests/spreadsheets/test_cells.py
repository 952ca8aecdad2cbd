"""Cells as text, words in normal form, dates in their spellings."""

# ruff: noqa: DTZ001 - a cell of a sheet is a wall clock without a zone

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from municipal_indicators.spreadsheets.cells import (
    Cell,
    code_text,
    is_damaged,
    normal_form,
    plain_text,
)
from municipal_indicators.spreadsheets.columns import damaged, decimal_text
from municipal_indicators.spreadsheets.dates import made_at, moment_text, true_at
from municipal_indicators.spreadsheets.words import read_words

MOSCOW = ZoneInfo("Europe/Moscow")


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (3500308079.0, "3500308079"),
        (0.1 + 0.2, "0.3"),
        (1e-7, "0.0000001"),
        (-5.0, "-5"),
        (True, "да"),
        (date(2024, 3, 5), "2024-03-05"),
        (datetime(2024, 3, 5, 10, 29, 59, 999998), "2024-03-05 10:30:00"),
        (datetime(2024, 3, 5, 10, 30, 1, 250000), "2024-03-05 10:30:01.250"),
        (time(10, 30), "10:30:00"),
        ("  Дата\u00a0 \u200bподачи\r\n", "Дата подачи"),
        ("a\tb\0", "a b"),
    ],
)
def test_a_cell_as_text(cell: Cell, text: str) -> None:
    assert plain_text(cell) == text


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("'0012", "0012"),
        ('="0012"', "0012"),
        ("-10000000109", "-10000000109"),
        (60010153.0, "60010153"),
    ],
)
def test_a_code_keeps_every_digit(cell: Cell, text: str) -> None:
    assert code_text(cell) == text


@pytest.mark.parametrize(
    ("cell", "answer"),
    [
        ("1,23457E+15", True),
        ("3.5E+09", True),
        ("3,50031e+9", True),
        ("3,50031Е+09", True),
        (1.23457e18, True),
        (1234567890123450.0, True),
        (1234567890123456.0, False),
        (3500308079.0, False),
        (date(2024, 3, 5), True),
        ("5700000000000163601", False),
        ("12Е-2024", False),
        ("", False),
    ],
)
def test_damage_by_a_spreadsheet_is_seen(cell: Cell, answer: bool) -> None:
    assert damaged([cell]) == [answer]
    assert cell == "" or is_damaged(cell) == answer


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("ДАТА  подачи.", "дата\u00a0подачи"),
        ("Отчётная дата:", "отчетная дата"),
        ("CТАТУC", "статус"),
        ("№заявления", "N заявления"),
        ("Реестровый\nномер", "реестровый номер"),
        ("План, тыс. руб.", "план тыс руб"),
        ("«Услуга»", "услуга"),
    ],
)
def test_words_compare_in_normal_form(left: str, right: str) -> None:
    assert normal_form(left) == normal_form(right)


@given(st.text())
def test_a_normal_form_is_its_own(text: str) -> None:
    assert normal_form(normal_form(text)) == normal_form(text)
    assert not set("\t\n\r\0") & set(plain_text(text))


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("05.03.2024", "05.03.2024"),
        ("5.3.2024", "2024-03-05"),
        ("05/03/2024", "2024-03-05"),
        ("05.03.2024 г.", "2024-03-05"),
        ("05.03.2024, 4:05", "2024-03-05 04:05:00"),
        ("05.03.24", "05.03.24"),
        ("5 марта 2024 г.", "2024-03-05"),
        ("«05» мая 2024 года", "2024-05-05"),
        ("2023-12-13T14:23:02.000+0300", "2023-12-13T14:23:02.000+0300"),
        ("45356,385", "45356.385"),
        (45356.0, "45356"),
        (datetime(2024, 3, 5, 4, 5), "2024-03-05 04:05:00"),
        ("н/д", ""),
        ("-", ""),
        ("позавчера", "позавчера"),
        ("112-233-445 95", "***"),
    ],
)
def test_dates_come_in_a_plain_spelling(cell: Cell, text: str) -> None:
    assert moment_text(cell, read_words()) == text


def test_bare_numbers_of_a_1904_workbook_are_moved() -> None:
    assert moment_text(43894.0, read_words(), is_1904=True) == "45356"


@pytest.mark.parametrize(
    ("line", "made", "true"),
    [
        ("Отчёт сформирован 05.03.2024", datetime(2024, 3, 5), None),
        ("Отчет сформирован: 05.03.2024 08:40", datetime(2024, 3, 5, 8, 40), None),
        ("Дата выгрузки 2024-03-05 08:40:00", datetime(2024, 3, 5, 8, 40), None),
        (
            "Период с 01.02.2024 по 29.02.2024, выгрузка от 5 марта 2024 г.",
            datetime(2024, 3, 5),
            None,
        ),
        ("Оснащённость подразделений на 30.06.2024", None, datetime(2024, 6, 30)),
        ("по состоянию на «1» июля 2024 года", None, datetime(2024, 7, 1)),
        ("Период с 01.02.2024 по 29.02.2024", None, None),
        ("На основании постановления главы района от 05.03.2024", None, None),
        ("по состоянию на 31.06.2024", None, None),
    ],
)
def test_dates_above_a_table(line: str, made: datetime | None, true: datetime | None) -> None:
    words = read_words()
    lines = ["Администрация Мценского района", line]
    for found, expected in (
        (made_at(lines, words, MOSCOW), made),
        (true_at(lines, words, MOSCOW), true),
    ):
        assert found == (expected and expected.replace(tzinfo=MOSCOW))


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("1 234,50", "1234.50"),
        ("1\u00a0234\u00a0567", "1234567"),
        (1234.5, "1234.5"),
        ("н/д", ""),
        ("х", ""),
        ("много", "много"),
        ("12 34", "12 34"),
    ],
)
def test_numbers_as_people_write_them(cell: Cell, text: str) -> None:
    assert decimal_text(cell, read_words()) == text
