"""Heading rows found by meaning, wherever and however they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from municipal_indicators import settings
from municipal_indicators.errors import ConfigurationError
from municipal_indicators.sources.gosuslugi.files import KINDS as GOSUSLUGI
from municipal_indicators.sources.registers.files import KINDS as REGISTERS
from municipal_indicators.spreadsheets.cells import Cell, normal_form
from municipal_indicators.spreadsheets.headings import (
    Headings,
    find_headings,
    heading_sets,
    nearest,
)
from municipal_indicators.spreadsheets.kinds import TableKind
from municipal_indicators.spreadsheets.rows import data_rows
from municipal_indicators.spreadsheets.sheets import SheetRows, row_blocks
from municipal_indicators.spreadsheets.staging import staging_scripts
from municipal_indicators.spreadsheets.words import read_words

Grid = list[list[Cell]]


def found(rows: Grid, kinds: Sequence[TableKind]) -> Headings:
    needed = {kind.name: kind.needed for kind in kinds}
    headings = find_headings(rows, needed)
    assert headings
    return headings


def read(rows: Grid, kinds: Sequence[TableKind] = REGISTERS) -> list[int]:
    """The lines of the data rows."""
    headings = found(rows, kinds)
    kind = next(kind for kind in kinds if kind.name == headings.known.kind)
    left = SheetRows(row_blocks([list(row) for row in rows]))
    left.skip(headings.last_row + 1)
    runs = data_rows(left, headings, replace(kind, totals={}), read_words())
    return [line for lines, _ in runs for line in lines]


def test_the_heading_row_is_found_below_titles() -> None:
    rows: Grid = [
        ["Реестр мероприятий", "", ""],
        ["Дата: 05.03.2024", "", ""],
        ["Вид", " НАЗВАНИЕ\u00a0мероприятия:", "Дата\nпроведения"],
        ["семинар", "День данных", "05.03.2024"],
    ]
    headings = found(rows, REGISTERS)
    assert (headings.known.kind, headings.last_row) == ("events", 2)
    assert headings.columns == {"kind": 0, "title": 1, "held_on": 2}


def test_two_header_levels_are_joined() -> None:
    rows: Grid = [
        ["Номер", "Код", "", "Дата", "", "Канал", "Статус"],
        ["заявления", "услуги", "цели", "подачи", "статуса", "подачи", ""],
        ["1", "60010153", "", "05.03.2024", "06.03.2024", "ЕПГУ", "Исполнено"],
    ]
    headings = found(rows, GOSUSLUGI)
    assert headings.last_row == 1
    assert headings.columns == {
        "application_number": 0,
        "service_code": 1,
        "filed_at": 3,
        "status_at": 4,
        "channel": 5,
        "status": 6,
    }


def test_an_exact_heading_is_preferred_and_the_first_of_equals() -> None:
    rows: Grid = [
        [
            "Рег. номер",
            "Номер заявления",
            "Код услуги",
            "Дата подачи",
            "Дата подачи",
            "Канал",
            "Статус",
        ]
    ]
    headings = found(rows, GOSUSLUGI)
    assert headings.columns["application_number"] == 1
    assert headings.columns["filed_at"] == 3


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("План", "plan"),
        ("План, тыс. руб.", "plan"),
        ("План на 2024 год (тыс. рублей)", "plan"),
        ("Утверждено на год, руб.", "plan"),
        ("Кассовое исполнение (в тысячах рублей)", "executed"),
    ],
)
def test_units_do_not_hide_a_heading(heading: str, field: str) -> None:
    match = heading_sets()["budget"].match
    from municipal_indicators.spreadsheets.cells import normal_form

    answer = match(normal_form(heading))
    assert answer
    assert answer[0] == field


def test_unknown_headings_are_told_masked_and_with_a_near_one() -> None:
    rows: Grid = [
        ["Номер заевления", "Код услуги", "Дата подачи", "Канал", "Статус", "Петров Пётр Петрович"]
    ]
    headings = found(rows, GOSUSLUGI)
    assert headings.missing(GOSUSLUGI[0].needed) == ["Номер заявления"]
    assert headings.unknown_masked() == ["«Номер заевления» (похоже на «Номер заявления»)", "«***»"]


def test_a_heading_under_two_columns_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "headings.yaml").write_text(
        "events:\n  held_on: [Дата]\n  title: [Название, ДАТА]\n", "utf-8"
    )
    monkeypatch.setattr(settings, "REFERENCE", tmp_path)
    words = r"headings\.yaml:3: events\.title\[1\]: «ДАТА» стоит и в held_on, и в title"
    with pytest.raises(ConfigurationError, match=words):
        heading_sets()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            "events: {title: [Название]}\n",
            "нет заголовков для id, address; добавьте под ключом toys",
        ),
        ("toys: {id: [Номер]}\n", "нет заголовков для address; добавьте под ключом toys"),
    ],
)
def test_a_kind_without_headings_is_an_error(
    content: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "headings.yaml").write_text(content, "utf-8")
    monkeypatch.setattr(settings, "REFERENCE", tmp_path)
    with pytest.raises(ConfigurationError, match=rf"headings\.yaml:1: toys: .*{words}"):
        find_headings([["Номер", "Адрес"]], {"toys": ("id", "address")})


def test_a_field_that_only_the_sql_asks_for_is_told_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists = yaml.safe_load((settings.REFERENCE / "headings.yaml").read_text("utf-8"))
    (kind,) = (kind for kind in REGISTERS if kind.name == "workplaces")
    for name in set(lists["workplaces"]) - set(kind.needed):
        del lists["workplaces"][name]
    (tmp_path / "headings.yaml").write_text(yaml.safe_dump(lists, allow_unicode=True), "utf-8")
    monkeypatch.setattr(settings, "REFERENCE", tmp_path)
    with pytest.raises(
        ConfigurationError, match=r"workplaces: .* нет заголовков для \w+; добавьте под"
    ):
        staging_scripts([kind])


HEAD: list[Cell] = ["Подразделение", "Требуется", "Оснащено", "На дату"]
DAY = "30.06.2024"


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        ([["А", 5, 5, DAY], ["Б", 4, 4, DAY], ["Итого", 9, 9, ""]], [2, 3]),
        ([["А", 5, 5, DAY], ["ВСЕГО по разделу", 5, 5, DAY]], [2]),
        ([[1, 2, 3, 4], ["А", 5, 5, DAY]], [3]),
        ([["А", "Б", 1, 2], ["А", 5, 5, DAY]], [3]),
        ([["А", 5, 5, DAY], [*HEAD], ["Б", 5, 5, DAY]], [2, 4]),
        ([["А", 5, 5, DAY], ["", "", "", ""], ["Б", 5, 5, DAY]], [2, 4]),
        ([["А", 5, 5, DAY], ["", "", "", ""], ["Глава района", "", "Петров", ""]], [2]),
        ([["А", 5, 5, DAY], ["Исполнитель: Петров", "", "", ""]], [2]),
        ([["А", 5, 5, DAY], ["* без учёта архива", "", "", ""]], [2]),
        ([["А", 5, 5, DAY], ["Б", "", "", ""]], [2, 3]),
        ([["А", 5, 5, DAY], ["", "", "", ""], ["Б", 5, "", DAY]], [2, 4]),
        ([["А", 5, "", DAY], ["Б", "", 5, DAY], ["В", 5, 5, DAY]], [2, 3, 4]),
        (
            [["А", 5, 5, DAY], ["Итого", 5, 5, ""], ["из них новых", 2, 2, ""], ["Б", 4, 4, DAY]],
            [2, 5],
        ),
        (
            [
                ["А", 5, 5, DAY],
                ["Итого", 5, 5, DAY],
                ["В том числе:", 2, 2, DAY],
                ["в т. ч. А", 1, "", ""],
            ],
            [2],
        ),
        (
            [
                ["А", 5, 5, DAY],
                ["Всего", 5, 5, ""],
                [],
                ["из них", 2, 2, ""],
                ["из них:", 1, 1, ""],
            ],
            [2],
        ),
        # Not below a total: it may be anything, and is reported.
        ([["А", 5, 5, DAY], ["из них новых", 2, 2, ""], ["Б", 4, 4, DAY]], [2, 3, 4]),
        (
            [["Итого", 5, 5, ""], ["А", 5, 5, DAY], ["из них новых", 2, 2, ""], ["Б", 4, 4, DAY]],
            [3, 4, 5],
        ),
        (
            [["Итого", 5, 5, ""], ["А", 5, "", DAY], ["из них новых", 2, 2, DAY], ["Б", 4, 4, DAY]],
            [3, 4, 5],
        ),
        (
            [
                ["Раздел 1. Земля", "", "", ""],
                ["А", 5, 5, DAY],
                ["Раздел 2", 5, "", ""],
                ["Б", "", "", ""],
                ["В", 1, 1, DAY],
            ],
            [3, 4, 6],
        ),
        (
            [["А", "", "", ""], ["Б", 5, 5, DAY], ["Отдел", "", "", ""], ["В", 5, "", DAY]],
            [3, 4, 5],
        ),
        ([["Нет данных", "", "", ""]], []),
        ([], []),
        ([["Итого", 0, 0, ""]], []),
        ([["А", 5]], [2]),
    ],
    ids=str,
)
def test_data_rows_are_told_from_what_stands_around_them(rows: Grid, lines: list[int]) -> None:
    assert read([HEAD, *rows]) == lines


def test_every_heading_is_matched_by_the_field_it_stands_under() -> None:
    lists = yaml.safe_load((settings.REFERENCE / "headings.yaml").read_text("utf-8"))
    for kind, known in heading_sets().items():
        for name, headings in lists[kind].items():
            for heading in headings:
                match = known.match(normal_form(str(heading).replace("*", "2024")))
                assert match
                assert match[0] == name, heading


@pytest.mark.parametrize(
    ("kind", "text", "name"),
    [
        ("departments", "Кол-во ПК оснащённых", "Оснащено"),
        ("departments", "Количество требуемых рабочих мест", "Требуется"),
        ("departments", "Наименование отдела администрации", "Подразделение"),
        ("budget", "Исполнение кассовое за период", "Кассовое исполнение"),
        ("service_applications", "Номир заевления", "Номер заявления"),
        ("service_applications", "Подачи дата (МСК)", "Дата подачи"),
        ("service_catalogue", "Форма электронная есть", "Электронная подача"),
    ],
)
def test_the_nearest_heading_is_that_of_the_same_words(kind: str, text: str, name: str) -> None:
    assert nearest(text, heading_sets()[kind], 0.6)[0] == name


@pytest.mark.parametrize("text", ["ФИО", "Телефон", "Цена", "Иванов", "№ п/п"])
def test_no_heading_is_near_other_words(text: str) -> None:
    assert [nearest(text, known, 0.75) for known in heading_sets().values()] == [[]] * 6
