"""What an inspection shows of odd files, and that it loads nothing."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter
from rich.console import Console

from municipal_indicators import settings
from municipal_indicators.inspection.findings import (
    DOUBTFUL,
    NOT_LOADED,
    Inspection,
    inspect_file,
)
from municipal_indicators.inspection.headings import column_letter
from municipal_indicators.inspection.terminal import print_inspection
from municipal_indicators.warehouse.client import Warehouse
from tests.emulators.inbox.tables import Cell, Table, csv_bytes, xlsx_bytes, zip_bytes
from tests.sources.gosuslugi.registers_of_applications import HEADINGS, register, row
from tests.spreadsheets.arrivals import MODIFIED, ZONE
from tests.spreadsheets.binary import xlsb_bytes
from tests.spreadsheets.excel97 import xls_bytes

Look = Callable[..., Inspection]
PERSON = "Петров Пётр Петрович"
PHONE = "+7 900 123-45-67"


def odd_register() -> bytes:
    rows: list[list[Cell]] = [
        row(),
        row(Номер_заявления="1,23457E+15"),
        row(Дата_подачи="вчера"),
        row(Номер_заявления="77", Статус="Ждём чуда"),
    ]
    table = Table(
        (*HEADINGS, "Оценка гражданина", "ФИО", "Телефон"),
        [[*cells, 5, PERSON, PHONE] for cells in rows],
        title_rows=("Отчёт сформирован 05.03.2024", f"Исполнитель: {PERSON}"),
        closing_rows=[("Всего заявлений: 5",)],
    )
    return xlsx_bytes(table, empty_sheets=("Лист2",))


@pytest.fixture
def looked(places: Path, warehouse: Warehouse, tmp_path: Path) -> Look:
    def look(name: str, content: bytes, source: str = "") -> Inspection:
        path = tmp_path / name
        path.write_bytes(content)
        return inspect_file(path, source, ZONE, rows=2)

    return look


@pytest.mark.parametrize(
    ("name", "content", "source", "exit_code", "kinds"),
    [
        ("a.xlsx", xlsx_bytes(register(row())), "gosuslugi", 0, ["service_applications"]),
        ("a.xls", xls_bytes(register(row()).grid()), "gosuslugi", 0, ["service_applications"]),
        (
            "a.csv",
            csv_bytes(register(row()), encoding="windows-1251"),
            "gosuslugi",
            0,
            ["service_applications"],
        ),
        (
            "events.zip",
            zip_bytes(
                {
                    "a.xlsx": xlsx_bytes(Table(("Дата", "Название"), [("06.05.2024", "День")])),
                    "b.txt": b"hello",
                },
                MODIFIED,
            ),
            "registers",
            DOUBTFUL,
            ["events"],
        ),
        ("none.xlsx", xlsx_bytes(Table(("Нет данных",), [])), "gosuslugi", 0, []),
        ("empty.csv", b"", "gosuslugi", NOT_LOADED, []),
        (
            "other.xlsx",
            xlsx_bytes(Table(("Товар", "Цена"), [("стол", 5)])),
            "gosuslugi",
            NOT_LOADED,
            [],
        ),
        ("cut.xlsx", xlsx_bytes(register(row()))[:3000], "gosuslugi", NOT_LOADED, []),
        ("~$a.xlsx", b"lock", "gosuslugi", NOT_LOADED, []),
        ("a.log", b"2024-03-05 10:00:00,123 INFO something\n", "smev", DOUBTFUL, []),
        ("letter.xml", b'<?xml version="1.0"?><a/>', "smev", NOT_LOADED, []),
        # It begins with stamps, as a log does.
        (
            "stamped.csv",
            csv_bytes(
                Table(
                    ("Дата подачи", *HEADINGS[:3], *HEADINGS[4:]),
                    [("2024-03-05 10:00:00", *row()[:3], *row()[4:])],
                )
            ),
            "gosuslugi",
            0,
            ["service_applications"],
        ),
    ],
)
def test_what_an_odd_file_is_taken_for(
    name: str, content: bytes, source: str, exit_code: int, kinds: list[str], looked: Look
) -> None:
    found = looked(name, content)
    assert (found.source, found.exit_code, [one.kind for one in found.tables]) == (
        source,
        exit_code,
        kinds,
    )
    assert bool(found.reason) == (exit_code == NOT_LOADED)


def test_headings_columns_rows_and_problems(looked: Look) -> None:
    found = looked("a.xlsx", odd_register())
    (table,) = found.tables
    assert (table.label, table.lines, table.loaded, table.quarantined) == ("Реестр", (3, 3), 2, 2)
    assert [column.letter for column in table.columns] == list("ABCDEFGHIJKLM")
    assert (table.columns[4].name, table.columns[4].heading) == ("Канал подачи", "Канал подачи")
    rating, name = table.columns[10:12]
    assert (rating.name, rating.heading, "Оценка" in rating.nearest) == (
        "",
        "Оценка гражданина",
        True,
    )
    assert (name.heading, name.nearest) == ("ФИО", [])
    assert [(one["line"], one["filed_on"], one["status_group"]) for one in table.rows] == [
        ("4", "2024-03-05", "provided"),
        ("7", "2024-03-05", "unknown"),
    ]
    assert [(one.sheet, one.line, one.cell, one.field) for one in found.problems] == [
        ("Реестр", 5, "A5", "Номер заявления"),
        ("Реестр", 6, "D6", "Дата подачи"),
    ]
    assert [words for words in found.warnings if "«Ждём чуда»" in words]
    assert [words for words in found.warnings if "says rows: 5, the loaded rows 2" in words]
    assert found.notes == ["Лист2: sheet without a table"]


def test_the_tables_that_were_cut_are_listed_first(looked: Look) -> None:
    budget = Table(
        ("Год", "Строка бюджета", "План", "Кассовое исполнение"),
        [(2024, "Связь", 5, 4), (2024, "Сайт", 2, 2)],
        title_rows=("Исполнение по состоянию на 01.07.2024, тыс. руб.",),
        closing_rows=[
            ("Итого", "", 9, 6),
            (),
            ("Подразделение", "Требуется", "Оснащено", "На дату"),
            ("Архив", 3, 2, "30.06.2024"),
        ],
    )
    found = looked("a.xlsx", xlsx_bytes(budget))
    first, second = found.tables
    assert (first.kind, first.lines[0], first.day, first.unit) == (
        "budget",
        2,
        "2024-07-01",
        "тыс. руб.",
    )
    assert (list(first.totals), first.warnings) == ([5], ["total_differs"])
    assert (second.kind, second.lines[0], second.day, second.unit) == (
        "departments",
        7,
        "column D",
        "",
    )
    console = Console(file=io.StringIO(), width=200)
    print_inspection(found, console, problems=5)
    shown = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    row = next(line for line in shown if "тыс. руб." in line and "Реестр" in line)
    assert " ".join(row.split()) == (
        "Реестр 2 исполнение бюджета 2024-07-01 тыс. руб. 5 2 total_differs"
    )
    assert "It would be loaded, but with problems: see below. (exit code 3)" in shown[-1]


def test_make_does_not_look_like_a_crash_where_a_file_is_refused(tmp_path: Path) -> None:
    refused = tmp_path / "a.csv"
    refused.write_bytes(b"a;b\n1;2\n")
    repository = Path(__file__).parents[2]
    done = subprocess.run(
        ["make", "--old-file=.venv/bin/python", "inspect", f"FILE={refused}"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "It would NOT be loaded. (exit code 4)" in done.stdout.splitlines()[-1]


def test_make_fails_where_the_inspection_itself_does(tmp_path: Path) -> None:
    def status(file: str, **environment: str) -> int:
        return subprocess.run(
            ["make", "--old-file=.venv/bin/python", "inspect", f"FILE={file}"],
            cwd=Path(__file__).parents[2],
            env={**os.environ, **environment},
            capture_output=True,
            check=False,
        ).returncode

    assert status(str(tmp_path / "none.csv")) != 0
    # A crash before anything is read.
    assert status(str(tmp_path), PYTHONHOME=str(tmp_path)) != 0


def test_a_refusal_is_told_to_engineer_and_sender(looked: Look) -> None:
    table = Table(HEADINGS[:1] + HEADINGS[2:], [row()[:1] + row()[2:]])
    found = looked("a.xlsx", xlsx_bytes(table))
    assert found.exit_code == NOT_LOADED
    assert "it lacks «Код услуги»" in found.reason
    assert "нет столбцов: «Код услуги»" in found.for_sender


def test_a_refused_table_shows_its_headings_by_letter_and_what_it_lacks(looked: Look) -> None:
    headings = ["Номер заевления", PERSON, *HEADINGS[1:]]
    table = Table(headings, [["1", "", *row()[1:]]], title_rows=(f"Выгрузил {PERSON}",))
    (refused,) = looked("a.xlsx", xlsx_bytes(table)).refused
    assert (refused.label, refused.title, refused.line, refused.lacking) == (
        "Реестр",
        "реестр заявлений (service_applications)",
        2,
        ["Номер заявления"],
    )
    first, second, third = refused.columns[:3]
    assert (first.letter, first.heading, first.name) == ("A", "Номер заевления", "")
    assert first.nearest[0] == "Номер заявления"
    assert (second.letter, second.heading) == ("B", "***")
    assert (third.letter, third.name) == ("C", "Код услуги")


def test_where_no_heading_is_known_the_likeliest_row_is_shown(looked: Look) -> None:
    table = Table(("Номир заевления", "Кот услуги", "Цена"), [("1", "2", 3)], title_rows=("Отчёт",))
    (refused,) = looked("a.csv", csv_bytes(table)).refused
    assert (refused.title, refused.line) == ("", 2)
    assert [(one.letter, one.nearest[:1]) for one in refused.columns[:2]] == [
        ("A", ["Номер заявления"]),
        ("B", ["Код услуги"]),
    ]


def test_a_table_that_is_known_and_not_taken_is_shown_once(looked: Look) -> None:
    undated = Table(("Номер", "Подразделение", "ПК", "СЗИ", "СЭД"), [("1", "Архив", 1, 1, 0)])
    found = looked("a.xlsx", xlsx_bytes(undated))
    assert "gives its date" in found.reason
    assert ([table.kind for table in found.tables], found.refused) == (["workplaces"], [])


def test_a_table_on_a_hidden_sheet_is_asked_for(looked: Look) -> None:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        hidden = book.add_worksheet("Скрыт")
        hidden.write_row(0, 0, HEADINGS)
        hidden.write_row(1, 0, row())
        book.add_worksheet("Лист2").activate()
        hidden.hide()
    assert "Покажите лист с данными" in looked("a.xlsx", buffer.getvalue()).for_sender


def test_many_members_alike_are_told_shortly(looked: Look) -> None:
    members = {f"{n:02d}.csv": csv_bytes(register(row(Номер_заявления=f"{n}"))) for n in range(12)}
    console = Console(file=io.StringIO(), width=200)
    print_inspection(looked("a.zip", zip_bytes(members, MODIFIED)), console, problems=5)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert shown.count("good rows: 1") == 12
    assert (shown.count("Heading in the file"), shown.count("First rows as typed")) == (1, 5)
    assert "… and 2 more: CSV in UTF-8 with BOM" in shown


def test_a_refused_sheet_beside_a_good_one_is_shown_too(looked: Look) -> None:
    other = {"Сломан": Table(HEADINGS[1:], [row()[1:]]), "Справка": Table(("a", "б"), [(1, 2)])}
    found = looked("a.xlsx", xlsx_bytes(register(row()), other_sheets=other))
    assert [(one.label, one.lacking) for one in found.refused] == [("Сломан", ["Номер заявления"])]


@pytest.mark.parametrize(
    ("content", "formats"),
    [
        (
            csv_bytes(register(row()), encoding="windows-1251"),
            ["CSV in windows-1251, delimiter «;»"],
        ),
        (
            csv_bytes(register(row()), encoding="utf-8-sig", delimiter="\t"),
            ["CSV in UTF-8 with BOM, delimiter tab"],
        ),
        (
            b"a,b\n1,2\n",
            ["CSV in UTF-8, delimiter «,»"],
        ),
        (
            zip_bytes(
                {
                    "a.csv": csv_bytes(register(row()), delimiter=",", encoding="utf-8"),
                    f"{PERSON}.pdf": b"%PDF-1.4",
                    "b.csv": b"",
                },
                MODIFIED,
            ),
            [
                "a.csv: CSV in UTF-8, delimiter «,»",
                "***.pdf: not read: the file is PDF, not a table",
                "b.csv: not read: the member is empty",
            ],
        ),
        (zip_bytes({"a.csv": b"1" * 99}, MODIFIED)[:-30], ["zip archive"]),
        (b'a;b\n1;"2\n' * 9, ["CSV in UTF-8, delimiter «;»"]),
        (b"a letter\nof two lines\n", ["text in UTF-8, without columns"]),
        (
            ";".join(HEADINGS).encode("cp866") + b"\n1;2\n",
            ["CSV in cp866 (DOS), delimiter «;»"],
        ),
        (";".join(HEADINGS).encode("koi8-r"), ["CSV in KOI8-R, delimiter «;»"]),
        (b"7z\xbc\xaf\x27\x1c\0\4", ["7-Zip archive"]),
        (xlsb_bytes({"a": [["b"]]}), ["binary Excel workbook (.xlsb)"]),
    ],
    ids=[
        "windows-1251",
        "tabs",
        "commas",
        "members",
        "half a zip",
        "open quote",
        "letter",
        "cp866",
        "KOI8-R",
        "7-Zip",
        "xlsb",
    ],
)
def test_encoding_delimiter_and_members_are_named(
    content: bytes, formats: list[str], looked: Look
) -> None:
    found = looked("a.bin", content)
    assert [": ".join(filter(None, one)) for one in found.formats] == formats


def test_a_file_in_the_wrong_folder_is_told_where_it_belongs(looked: Look) -> None:
    found = looked("a.xlsx", xlsx_bytes(register(row())), "registers")
    assert (found.source, found.exit_code) == ("registers", NOT_LOADED)
    assert found.notes == ["inbox/gosuslugi/ would accept it"]


def test_the_same_content_under_another_name_is_looked_at_again(looked: Look) -> None:
    for name in ("a.xlsx", "b.xlsx"):
        found = looked(name, odd_register())
        assert (found.label, len(found.problems)) == (f"gosuslugi/{name}", 2)


def test_columns_have_the_letters_of_spreadsheets() -> None:
    assert [column_letter(place) for place in (0, 25, 26, 701, 702)] == [
        "A",
        "Z",
        "AA",
        "ZZ",
        "AAA",
    ]


def test_the_command_shows_no_person_and_loads_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "inbox" / "gosuslugi"
    folder.mkdir(parents=True)
    path = folder / f"Реестр {PERSON}.xlsx"
    path.write_bytes(odd_register())
    configured = tmp_path / "configured"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
        "AIRFLOW_HOME": str(configured / "airflow"),
        "AIRFLOW_VAR_PROGRAMME_PASSPORT": str(settings.passport_path()),
        "AIRFLOW_VAR_ARCHIVE": str(configured / "archive"),
        "COLUMNS": "200",
        "TMPDIR": str(tmp_path),
    }
    command = [sys.executable, "-m", "municipal_indicators.inspection", str(path)]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert (done.returncode, done.stderr) == (DOUBTFUL, "")
    for words in (
        "реестр заявлений",
        "headings in line 3",
        "D6",
        "no date",
        "(keyed hash)",
        "It would be loaded",
    ):
        assert words in done.stdout
    for secret in ("Петров", "900 123", "900123", "3500308079"):
        assert secret not in done.stdout
    assert path.exists()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["inbox"]
