"""Whole files of Gosuslugi: what is loaded, refused, or named, and what a second run changes."""

# ruff: noqa: DTZ001 - the engine answers in UTC without saying so

from __future__ import annotations

import gzip
import io
from datetime import datetime
from typing import Any

import pytest
import xlsxwriter

from municipal_indicators.inbox import fence
from municipal_indicators.spreadsheets import delimited, streaming
from municipal_indicators.spreadsheets.texts import Texts
from tests.emulators.inbox.tables import Table, csv_bytes, xlsx_bytes, zip_bytes
from tests.sources.gosuslugi.registers_of_applications import HEADINGS, register, row
from tests.spreadsheets.arrivals import Arrivals
from tests.spreadsheets.excel97 import xls_bytes

ROWS = "core.service_application_rows"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1251"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_a_csv_says_the_same_as_a_workbook(
    arrivals: Arrivals, encoding: Any, delimiter: str
) -> None:
    rows = [row(Номер_заявления=f"{number}", Оценка=number % 5 + 1) for number in range(20)]
    table = register(*rows, title_rows=("Администрация, Мценск",), closing_rows=[("Итого", "20")])
    arrivals.take("a.xlsx", xlsx_bytes(table))
    columns = "line, application_key, service_code, filed_on, status_at, due_on, rating"
    expected = arrivals.rows(columns, ROWS)
    arrivals.warehouse.command("TRUNCATE TABLE ops.load_events")
    arrivals.take(
        "a.csv", csv_bytes(table, encoding=encoding, delimiter=delimiter, trailing_delimiter=True)
    )
    assert arrivals.rows(columns, ROWS) == expected
    assert len(expected) == 20


def test_a_long_csv_says_the_same_cut_in_columns_or_quoted(
    arrivals: Arrivals, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        row(
            Номер_заявления=f"{number}",
            Дата_подачи=f"{number % 28 + 1:02d}.03.2024 10:{number % 60:02d}",
            Дата_статуса="5 апреля 2024 г." if number % 90 == 7 else "15.04.2024",
            Статус="Летит\\низко" if number % 100 == 3 else "Исполнено",
            Код_услуги="1,5E+12" if number % 70 == 9 else "57/1",
        )
        for number in range(400)
    ]
    rows[250:250] = [[], ["Раздел 2"]]
    grid = register(*rows, closing_rows=[("Итого", "400")]).grid()
    plain = "".join(";".join(map(str, cells)) + "\r\n" for cells in grid)
    quoted = "".join(";".join(f'"{cell}"' for cell in cells) + "\r\n" for cells in grid)
    monkeypatch.setattr(delimited, "_FIRST_BLOCK", 4096)
    monkeypatch.setattr(delimited, "_BLOCK", 8192)
    monkeypatch.setattr(streaming, "BLOCK_ROWS", 150)
    # A child would not see what is set here.
    monkeypatch.setattr(fence, "_InChild", lambda function, given, _: fence._Here(function, given))
    cut: list[int] = []

    class Watched(Texts):
        def __init__(self, array: Any) -> None:
            super().__init__(array)
            cut.append(len(array))

    monkeypatch.setattr(delimited, "Texts", Watched)
    results = []
    for name, text in (("plain", plain), ("quoted", quoted)):
        arrivals.warehouse.command("TRUNCATE TABLE ops.load_events")
        arrivals.warehouse.command("TRUNCATE TABLE ops.quarantine")
        before = len(cut)
        arrivals.take(f"{name}.csv", text.encode(), datetime(2024, 5, 1))
        assert (len(cut) > before) is (name == "plain")
        columns = "line, application_key, service_code, filed_on, status_group, status_at, rating"
        results.append((arrivals.rows(columns, ROWS), arrivals.quarantine(), arrivals.message()))
    assert results[0] == results[1]
    assert [len(part) for part in results[0][:2]] == [394, 6]
    assert "Летит\\низко» × 4" in results[0][2]


def test_formats_that_only_look_like_another_are_read(arrivals: Arrivals) -> None:
    grid = register(row()).grid()
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>" for cells in grid)
    page = f"<html><meta charset=windows-1251><table>{lines}</table></html>".encode("windows-1251")
    contents = {
        "old.xls": xls_bytes(grid),
        "page.xls": page,
        "text.xls": csv_bytes(register(row())),
        "book.csv": xlsx_bytes(register(row())),
        "packed.csv.gz": gzip.compress(csv_bytes(register(row()), delimiter="\t")),
    }
    for name, content in contents.items():
        arrivals.put(name, content)
    assert arrivals.load().published == len(contents)
    said = arrivals.rows("application_key, filed_on, status_at, due_on, rating", ROWS, "unit_key")
    assert len(said) == len(contents)
    assert len(set(said)) == 1


def test_a_hidden_sheet_is_not_seen_as_by_a_person(arrivals: Arrivals) -> None:
    def book(*, only_hidden: bool) -> bytes:
        buffer = io.BytesIO()
        workbook = xlsxwriter.Workbook(buffer)
        for name in ("Виден", "Скрыт"):
            sheet = workbook.add_worksheet(name)
            if name == "Скрыт":
                sheet.hide()
            if name == "Скрыт" or not only_hidden:
                for line, cells in enumerate(register(row(Номер_заявления=name + "-1")).grid()):
                    sheet.write_row(line, 0, cells)
        workbook.close()
        return buffer.getvalue()

    arrivals.take("a.xlsx", book(only_hidden=False))
    assert arrivals.rows("sheet", ROWS) == [("Виден",)]
    assert "Скрыт: hidden sheet left out" in arrivals.message()
    assert arrivals.take("b.xlsx", book(only_hidden=True)).rejected == ["gosuslugi/b.xlsx"]


def test_a_good_row_beside_a_bad_one_is_loaded(arrivals: Arrivals) -> None:
    rows = [
        row(Номер_заявления="1"),
        row(Номер_заявления="2", Дата_подачи="32.13.2024"),
        row(Номер_заявления="3"),
    ]
    table = register(
        *rows, title_rows=("Реестр", "Отчёт сформирован 04.04.2024"), column_numbers=True
    )
    arrivals.take("a.xlsx", xlsx_bytes(table, sheet="Заявления"))
    assert arrivals.rows("line, file_at", ROWS) == [
        (5, datetime(2024, 4, 3, 21)),
        (7, datetime(2024, 4, 3, 21)),
    ]
    assert arrivals.counts() == [("published", 3, 2, 1, 0)]
    ((sheet, line, field, reason),) = arrivals.quarantine()
    assert (sheet, line, field) == ("Заявления", 6, "Дата подачи")
    assert reason.startswith("no date")
    (masked,) = arrivals.warehouse.rows("SELECT masked_row FROM ops.quarantine")[0]
    assert masked.startswith(
        "Номер заявления: ***; Код услуги: 5700000000000163601; Дата подачи: 32.13.2024; "
    )


def test_without_a_date_in_the_content_the_modification_time_counts(arrivals: Arrivals) -> None:
    arrivals.take("Выгрузка_01.01.2020.xlsx", xlsx_bytes(register(row())), datetime(2024, 5, 6, 12))
    assert arrivals.rows("file_at, arrived_at", ROWS) == [
        (datetime(2024, 5, 6, 9), datetime(2024, 5, 6, 9))
    ]


@pytest.mark.parametrize(
    "table",
    [
        register(),
        register(title_rows=("Отчёт",), closing_rows=[("Нет данных",)]),
        Table(("Нет данных",), []),
    ],
    ids=["headings only", "says so below", "says so only"],
)
def test_an_empty_month_is_a_valid_file(arrivals: Arrivals, table: Table) -> None:
    run = arrivals.take("a.xlsx", xlsx_bytes(table))
    assert run.published == 1
    assert arrivals.counts() == [("published", 0, 0, 0, 0)]


@pytest.mark.parametrize(
    "missing", ["Номер заявления", "Код услуги", "Дата подачи", "Статус", "Канал подачи"]
)
def test_a_file_without_a_needed_column_is_refused_by_name(
    arrivals: Arrivals, missing: str
) -> None:
    spoilt = missing[:-1] + "ъ"
    headings = [spoilt if name == missing else name for name in HEADINGS]
    arrivals.put("good.xlsx", xlsx_bytes(register(row())))
    run = arrivals.take("bad.xlsx", xlsx_bytes(Table(headings, [row()])))
    assert (run.published, run.rejected) == (1, ["gosuslugi/bad.xlsx"])
    reason = arrivals.reasons()
    assert f"нет столбцов: «{missing}»" in reason
    assert f"«{spoilt}» (похоже на «{missing}»)" in reason


def test_what_is_no_known_table_is_refused_in_russian(arrivals: Arrivals) -> None:
    arrivals.put("a.xlsx", xlsx_bytes(Table(("Фрукт", "Цена"), [("яблоко", 5)])))
    arrivals.put("b.xlsx", b"PK\x03\x04 broken")
    arrivals.put("c.csv", b"just text")
    run = arrivals.load()
    assert len(run.rejected) == 3
    assert "нет заголовков" in arrivals.reasons()
    assert "сохраните заново как .xlsx" in arrivals.reasons()


def test_all_sheets_with_data_are_loaded(arrivals: Arrivals) -> None:
    content = xlsx_bytes(
        register(row(Номер_заявления="1")),
        sheet="ЕПГУ",
        empty_sheets=("Лист2",),
        other_sheets={
            "МФЦ": register(row(Номер_заявления="2"), row(Номер_заявления="1")),
            "Справочник": Table(("Код", "Расшифровка"), [("1", "один")]),
            "Сломан": Table(HEADINGS[1:], [row()[1:]]),
        },
    )
    arrivals.take("a.xlsx", content)
    assert arrivals.rows("sheet, line", ROWS, "sheet, line") == [
        ("ЕПГУ", 2),
        ("МФЦ", 2),
        ("МФЦ", 3),
    ]
    ((sheet, line, _, reason),) = arrivals.quarantine()
    assert (sheet, line) == ("Сломан", 0)
    assert "it lacks «Номер заявления»" in reason
    assert arrivals.counts() == [("published", 4, 2, 1, 1)]
    for name in ("Лист2", "Справочник"):
        assert f"{name}: sheet without a table" in arrivals.message()


def test_a_zip_with_one_good_member_is_loaded_and_the_others_are_named(arrivals: Arrivals) -> None:
    members = {
        "реестр.csv": csv_bytes(register(row()), encoding="windows-1251"),
        "Петров Пётр Петрович.pdf": b"%PDF-1.4",
        "пусто.csv": b"",
        "другое.xlsx": xlsx_bytes(Table(("Фрукт",), [("яблоко",)])),
    }
    arrivals.take("a.zip", zip_bytes(members, datetime(2024, 3, 5)))
    assert arrivals.rows("sheet, line", ROWS) == [("реестр.csv", 2)]
    named = {sheet: reason for sheet, line, _, reason in arrivals.quarantine() if line == 0}
    assert set(named) == {"***.pdf", "пусто.csv", "другое.xlsx / Реестр"}
    assert named["***.pdf"] == "the file is PDF, not a table"
    assert arrivals.counts() == [("published", 4, 1, 3, 0)]


def test_running_twice_and_in_any_order_changes_nothing(arrivals: Arrivals) -> None:
    files = {
        "a.xlsx": (
            xlsx_bytes(register(row(Статус="В работе", Дата_статуса="10.03.2024"))),
            datetime(2024, 4, 1),
        ),
        "b.xlsx": (xlsx_bytes(register(row(Дата_статуса="15.03.2024"))), datetime(2024, 5, 1)),
        "c.csv": (
            csv_bytes(register(row(Статус="Отказ", Дата_статуса="15.03.2024"))),
            datetime(2024, 6, 1),
        ),
    }
    states = []
    for order in ("abc", "cba", "bac"):
        arrivals.warehouse.command("TRUNCATE TABLE ops.load_events")
        for letter in order:
            name = next(name for name in files if name.startswith(letter))
            arrivals.take(name, *files[name])
            arrivals.take(name, *files[name])
        states.append(
            arrivals.warehouse.rows(
                "SELECT * EXCEPT (application_key, load_id) FROM core.service_applications"
            )
        )
    assert states[0] == states[1] == states[2]
    assert len(states[0]) == 1
    assert "refused" in states[0][0]


def test_a_big_register_passes_in_blocks(
    arrivals: Arrivals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("municipal_indicators.spreadsheets.streaming.BLOCK_ROWS", 7)
    rows = [
        row(Номер_заявления=str(number % 40), Оценка="9" if number == 33 else "5")
        for number in range(50)
    ]
    arrivals.take("a.csv", csv_bytes(register(*rows)))
    assert arrivals.counts() == [("published", 50, 39, 1, 10)]
    assert arrivals.quarantine()[0][1] == 35
