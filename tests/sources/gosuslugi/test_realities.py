"""The realities of docs/files.md#что-приходит, each through a whole load."""

# ruff: noqa: DTZ001 - the engine answers in UTC without saying so

from __future__ import annotations

import io
import re
from datetime import date, datetime

import pytest
import xlsxwriter

from municipal_indicators.settings import REPOSITORY
from tests.emulators.inbox.tables import Cell, Table, csv_bytes, xlsx_bytes, zip_bytes
from tests.sources.gosuslugi.registers_of_applications import HEADINGS, register, row
from tests.spreadsheets.arrivals import MODIFIED, Arrivals

ROWS = "core.service_application_rows"
CODE = "5700000000000163601"


def test_headings_of_two_levels_with_merged_cells(arrivals: Arrivals) -> None:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet()
        sheet.merge_range(0, 0, 0, 9, "Реестр заявлений за март 2024 г.")
        for first, last, text in ((0, 0, ""), (1, 2, "Услуга"), (3, 3, ""), (5, 6, "Статус")):
            if last > first:
                sheet.merge_range(1, first, 1, last, text)
        sheet.merge_range(1, 0, 2, 0, "№ заявления")
        for column, text in enumerate(("Код услуги", "Наименование услуги"), start=1):
            sheet.write(2, column, text)
        for column, text in ((3, "Дата подачи"), (4, "Канал подачи"), (7, "Регламентный срок")):
            sheet.merge_range(1, column, 2, column, text)
        sheet.write_row(2, 5, ("Статус", "Дата статуса"))
        sheet.write_row(3, 0, [*range(1, 11)])
        sheet.write_row(4, 0, row())
    arrivals.take("a.xlsx", buffer.getvalue())
    columns = "line, service_code, filed_on, channel, status_group, finished_on, due_on"
    assert arrivals.rows(columns, ROWS) == [
        (
            5,
            CODE,
            date(2024, 3, 5),
            "ЕПГУ",
            "provided",
            date(2024, 3, 15),
            date(2024, 3, 20),
        )
    ]


def test_group_rows_totals_and_what_they_consist_of_are_no_data(arrivals: Arrivals) -> None:
    rows: list[list[Cell]] = [
        ["Раздел 1. Земля"],
        row(Номер_заявления="1"),
        row(Номер_заявления="2"),
        ["ВСЕГО по разделу", 2],
        ["в том числе:"],
        ["из них через ЕПГУ", 2],
        ["Раздел 2. Архив"],
        row(Номер_заявления="3"),
        ["ВСЕГО по разделу", 1],
        ["Итого", 3],
        ["из них в электронном виде", 3],
        [],
        ["Начальник отдела", "", "", "", "", "Сидоров С.С."],
    ]
    arrivals.take("a.xlsx", xlsx_bytes(register(*rows)))
    assert arrivals.rows("line", ROWS) == [(3,), (4,), (9,)]
    assert arrivals.counts() == [("published", 3, 3, 0, 0)]
    assert "the total in line" not in arrivals.message()


def test_a_separator_line_and_trailing_delimiters(arrivals: Arrivals) -> None:
    table = register(row(), row(Номер_заявления="2"))
    for name, delimiter in (("a.csv", ";"), ("b.csv", "\t"), ("c.csv", "|")):
        content = csv_bytes(
            table,
            encoding="windows-1251",
            delimiter=delimiter,
            separator_line=True,
            trailing_delimiter=True,
        )
        arrivals.take(name, content)
        assert arrivals.counts()[-1] == ("published", 2, 2, 0, 0)
        assert "columns left out" not in arrivals.message()


@pytest.mark.parametrize("is_1904", [False, True])
def test_date_cells_and_bare_numbers_of_both_date_systems(
    arrivals: Arrivals, is_1904: bool
) -> None:
    serial = 45356 - 1462 * is_1904
    rows = [
        row(Номер_заявления="1", Дата_подачи=date(2024, 3, 5)),
        row(Номер_заявления="2", Дата_подачи=serial),
        row(Номер_заявления="3", Дата_подачи=serial + 0.385),
        row(Номер_заявления="4", Регламентный_срок=serial),
    ]
    arrivals.take("a.xlsx", xlsx_bytes(register(*rows), date_1904=is_1904))
    assert arrivals.rows("filed_on", ROWS) == [(date(2024, 3, 5),)] * 4
    assert arrivals.rows("due_on", ROWS)[3] == (date(2024, 3, 5),)


def test_the_day_that_only_excel_knows_is_no_date(arrivals: Arrivals) -> None:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "dd.mm.yyyy"})
        sheet.write_row(0, 0, HEADINGS)
        for line, number in enumerate((60, 59, "29.02.1900", 45356), start=1):
            sheet.write_row(line, 0, row(Номер_заявления=f"{line}"))
            sheet.write(line, 3, number, day)
    arrivals.take("a.xlsx", buffer.getvalue())
    assert arrivals.rows("line, filed_on", ROWS) == [(5, date(2024, 3, 5))]
    assert [(line, field) for _, line, field, _ in arrivals.quarantine()] == [
        (line, "Дата подачи") for line in (2, 3, 4)
    ]


def test_latin_letters_and_odd_blanks_among_cyrillic(arrivals: Arrivals) -> None:
    headings = [
        "Hoмep зaявлeния",
        "Koд\u00a0уcлуги",
        "Наименование  услуги.",
        "ДАТА\nПОДАЧИ:",
        "Канал\u2009подачи",
        "Cтaтуc",
        *HEADINGS[6:],
    ]
    cells = row(
        Канал_подачи="EПГУ\u200b", Статус=" Иcпoлнeнo ", Тип_заявителя="Физическоe\u00a0лицо"
    )
    arrivals.take("a.xlsx", xlsx_bytes(Table(headings, [cells])))
    assert arrivals.rows("channel, status_group, applicant_type", ROWS) == [
        ("ЕПГУ", "provided", "ФЛ")
    ]


def test_what_means_nothing_is_not_zero(arrivals: Arrivals) -> None:
    words: list[Cell] = ["-", "–", "х", "Х", "x", "н/д", "нет", "#Н/Д", "#N/A", ""]
    rows = [row(Номер_заявления=f"{n}", Оценка=word) for n, word in enumerate(words)]
    arrivals.take("a.xlsx", xlsx_bytes(register(*rows)))
    assert arrivals.rows("rating", ROWS) == [(None,)] * len(words)


def test_error_cells_are_blank_and_counted(arrivals: Arrivals) -> None:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADINGS)
        for line, column, error in ((1, 9, "#N/A"), (2, 7, "#REF!"), (3, 3, "#VALUE!"), (4, 0, "")):
            sheet.write_row(line, 0, row(Номер_заявления=f"{line}"))
            sheet.write_formula(line, column, "=Лист2!A1", value=error)
    text = register(row(Номер_заявления="5", Дата_подачи="#ССЫЛКА!"))
    arrivals.take("a.xlsx", buffer.getvalue())
    assert arrivals.rows("line, rating, due_on", ROWS) == [
        (2, None, date(2024, 3, 20)),
        (3, 5, None),
    ]
    assert "error cells («#Н/Д», «#ССЫЛКА!») read as blank × 3" in arrivals.message()
    arrivals.take("b.csv", csv_bytes(text))
    assert "error cells" not in arrivals.message()
    found = [(line, field, reason[:7]) for _, line, field, reason in arrivals.quarantine()]
    assert found == [
        (4, "Дата подачи", "empty"),
        (5, "Номер заявления", "empty"),
        (2, "Дата подачи", "no date"),
    ]


def test_columns_without_a_heading_and_with_the_same_one(arrivals: Arrivals) -> None:
    headings = ["", *HEADINGS, "", "Дата\nподачи", "Дата"]
    arrivals.take(
        "a.xlsx", xlsx_bytes(Table(headings, [["1", *row(), "x", "01.01.2020", "02.01.2020"]]))
    )
    assert arrivals.rows("filed_on", ROWS) == [(date(2024, 3, 5),)]
    assert "columns left out: «Дата»" in arrivals.message()


def test_the_same_file_renamed_is_known_and_packed_it_doubles_nothing(arrivals: Arrivals) -> None:
    content = xlsx_bytes(register(row(), row(Номер_заявления="2")))
    arrivals.take("Выгрузка.xlsx", content)
    run = arrivals.take("2024/Выгрузка_05.03.2024 (1).xlsx", content, MODIFIED)
    assert (run.published, run.known) == (0, 1)
    arrivals.take("Выгрузка.zip", zip_bytes({"Выгрузка.xlsx": content}, MODIFIED))
    assert [counts[0] for counts in arrivals.counts()] == ["published"] * 2
    assert arrivals.warehouse.value("SELECT count() FROM core.service_applications") == 2


def test_a_number_of_two_portals_is_two_applications(arrivals: Arrivals) -> None:
    arrivals.take("a.xlsx", xlsx_bytes(register(row(), row(Канал_подачи="РПГУ", Статус="Отказ"))))
    arrivals.take("b.xlsx", xlsx_bytes(register(row(Статус="Отказ", Дата_статуса="16.03.2024"))))
    assert arrivals.warehouse.rows(
        "SELECT channel, status_group FROM core.service_applications ORDER BY channel"
    ) == [("ЕПГУ", "refused"), ("РПГУ", "refused")]


def test_cyrillic_names_are_taken_and_lock_files_are_left(arrivals: Arrivals) -> None:
    lock = arrivals.put("март/~$Выгрузка_05.03.2024 (1).xlsx", b"\x0dlock")
    run = arrivals.take("март/Выгрузка_05.03.2024 (1).xlsx", xlsx_bytes(register(row())))
    assert (run.published, run.rejected, lock.exists()) == (1, [], True)
    assert arrivals.warehouse.rows("SELECT unit FROM ops.loads") == [
        ("gosuslugi/март/Выгрузка_05.03.2024 (1).xlsx",)
    ]


def test_a_preliminary_export_is_overtaken_by_the_final_one(arrivals: Arrivals) -> None:
    early = register(
        row(Статус="В работе", Дата_статуса="10.03.2024"),
        title_rows=("Период 01.03.2024–31.03.2024", "Отчёт сформирован 11.03.2024 08:00"),
    )
    final = register(
        row(), row(Номер_заявления="2"), title_rows=("Отчёт сформирован 01.04.2024 08:00",)
    )
    # The early one arrives last.
    arrivals.take("b.xlsx", xlsx_bytes(final))
    arrivals.take("a.xlsx", xlsx_bytes(early))
    groups = "SELECT status_group, count() FROM core.service_applications GROUP BY 1"
    assert arrivals.warehouse.rows(groups) == [("provided", 2)]
    assert sorted(set(arrivals.rows("file_at", ROWS))) == [
        (datetime(2024, 3, 11, 5),),
        (datetime(2024, 4, 1, 5),),
    ]


def test_every_reality_names_tests_that_exist() -> None:
    text = (REPOSITORY / "docs" / "files.md").read_text("utf-8")
    assert [int(number) for number in re.findall(r"^\| (\d+) \|.+`", text, re.MULTILINE)] == [
        *range(1, 26)
    ]
    for place, name in re.findall(r"`([\w/.]+)::(test_\w+)`", text):
        path = "sources/gosuslugi/test_realities.py" if place == "realities" else place
        assert f"\ndef {name}(" in (REPOSITORY / "tests" / path).read_text("utf-8"), name
