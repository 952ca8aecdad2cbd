"""Archived files are loaded again after the lists of ``reference/`` were corrected."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from municipal_indicators import settings
from municipal_indicators.inbox.file_loads import load_again, load_outcome
from municipal_indicators.sources.file_sources import file_source
from municipal_indicators.sources.gosuslugi.files import load_file as load_gosuslugi
from municipal_indicators.sources.registers.files import load_file
from municipal_indicators.warehouse.client import Warehouse
from tests.emulators.inbox.tables import Table, xlsx_bytes
from tests.sources.gosuslugi.registers_of_applications import register, row
from tests.spreadsheets.arrivals import MODIFIED, ZONE, Arrivals

HEADINGS = ("Номер", "Подразделение", "ПК", "СЗИ", "СЭД", "На дату")


def register_of(word: str, number: str = "2") -> bytes:
    rows = [
        ("1", "Архив", "да", "да", "да", "30.06.2024"),
        (number, "Архив", word, "да", "да", "30.06.2024"),
    ]
    return xlsx_bytes(Table(HEADINGS, rows))


@pytest.fixture
def arrivals(places: Path, warehouse: Warehouse) -> Arrivals:
    return Arrivals("registers", places, warehouse, load_file)


@pytest.fixture
def own_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of ``reference/`` that can be edited."""
    folder = tmp_path / "reference"
    shutil.copytree(settings.REFERENCE, folder)
    monkeypatch.setattr(settings, "REFERENCE", folder)
    return folder


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_quarantined_row_comes_in_once_after_the_mapping_was_mended(
    arrivals: Arrivals, own_lists: Path
) -> None:
    arrivals.put("good.xlsx", register_of("да", number="3"))
    arrivals.take("a.xlsx", register_of("стоит"))
    assert [reason[2] for reason in arrivals.quarantine()] == ["ПК"]
    edit(own_lists / "words.yaml", '"yes": [', '"yes": [стоит, ')
    assert load_outcome(file_source("registers", ZONE, load_file), again=True) == {
        "published": 1,
        "rejected": [],
        "failed": "",
    }
    rows = arrivals.rows("number, has_pc", "core.workplace_rows", "number, unit_key")
    assert sorted(rows) == [("1", True), ("1", True), ("2", True), ("3", True)]
    assert (
        arrivals.warehouse.value(
            "SELECT count() FROM ops.quarantine WHERE load_id IN (SELECT load_id FROM ops.published)"
        )
        == 0
    )
    # Nothing is left to do, and what was archived stays there.
    assert load_outcome(file_source("registers", ZONE, load_file), again=True)["published"] == 0
    assert len(list((arrivals.places / "archive" / "registers").iterdir())) == 2
    assert not list((arrivals.places / "inbox").rglob("*.xlsx"))


def test_a_file_loaded_again_keeps_its_rank_among_others(
    arrivals: Arrivals, own_lists: Path
) -> None:
    arrivals.take("old.xlsx", register_of("стоит"))
    arrivals.take("new.xlsx", register_of("нет"), MODIFIED + timedelta(days=1))
    edit(own_lists / "words.yaml", '"yes": [', '"yes": [стоит, ')
    assert load_again(file_source("registers", ZONE, load_file)).published == 1
    assert arrivals.warehouse.rows("SELECT has_pc FROM core.workplaces WHERE number_key = '2'") == [
        (False,)
    ]


def test_a_status_that_nobody_had_mapped_is_mended(
    places: Path, warehouse: Warehouse, own_lists: Path
) -> None:
    arrivals = Arrivals("gosuslugi", places, warehouse, load_gosuslugi)
    arrivals.put("other.xlsx", xlsx_bytes(register(row(Номер_заявления="2"))))
    arrivals.take("a.xlsx", xlsx_bytes(register(row(Статус="Ждём чуда"))))
    edit(own_lists / "statuses.yaml", "    - Принято\n", "    - Принято\n    - Ждём чуда\n")
    assert load_again(file_source("gosuslugi", ZONE, load_gosuslugi)).published == 1
    assert sorted(arrivals.rows("status_group", "core.service_application_rows")) == [
        ("in_progress",),
        ("provided",),
    ]


def test_words_are_found_however_long_the_message_was(
    places: Path, warehouse: Warehouse, own_lists: Path
) -> None:
    arrivals = Arrivals("gosuslugi", places, warehouse, load_gosuslugi)
    sheets = {f"Отчёт {n}": register(row(Номер_заявления=f"4{n}")) for n in range(60)}
    sheets["Последний"] = register(row(Номер_заявления="7", Статус="Неведомый статус"))
    arrivals.take("a.xlsx", xlsx_bytes(register(row()), other_sheets=sheets))
    assert "Неведомый" not in arrivals.message()
    assert warehouse.rows("SELECT sheet, code, times FROM ops.load_warnings") == [
        ("Последний", "unknown_status", 1)
    ]
    edit(own_lists / "statuses.yaml", "    - Принято\n", "    - Принято\n    - Неведомый статус\n")
    assert load_again(file_source("gosuslugi", ZONE, load_gosuslugi)).published == 1
    groups = arrivals.rows("status_group", "core.service_application_rows")
    assert set(groups) == {("provided",), ("in_progress",)}


@pytest.mark.parametrize(
    ("names", "published"), [("a.xlsx", 1), ("*.xlsx", 2), ("*_*", 1), ("", 0), ("b*", 0)]
)
def test_files_are_chosen_by_their_path(names: str, published: int, arrivals: Arrivals) -> None:
    arrivals.put("a.xlsx", register_of("да"))
    arrivals.take("2024/a_1.xlsx", register_of("нет"))
    assert load_again(file_source("registers", ZONE, load_file), names).published == published


@pytest.mark.parametrize("is_there", [True, False])
def test_without_its_archived_content_the_published_version_stays(
    is_there: bool, arrivals: Arrivals
) -> None:
    arrivals.take("a.xlsx", register_of("стоит"))
    (archived,) = (arrivals.places / "archive" / "registers").iterdir()
    if is_there:
        archived.write_bytes(b"other")
    else:
        archived.unlink()
    arrivals.put("b.xlsx", register_of("да", number="9"))
    outcome = load_outcome(file_source("registers", ZONE, load_file), again=True)
    assert outcome["published"] == 1
    assert ("лежит не его содержимое" if is_there else "его нет") in outcome["failed"]
    assert sorted(arrivals.rows("number", "core.workplace_rows")) == [("1",), ("1",), ("9",)]


def test_a_file_that_is_refused_now_keeps_its_published_version(
    arrivals: Arrivals, own_lists: Path
) -> None:
    arrivals.take("a.xlsx", register_of("стоит"))
    edit(own_lists / "headings.yaml", "    - СЭД\n", "    - Совсем другое\n")
    assert load_again(file_source("registers", ZONE, load_file), "a.xlsx").rejected == [
        "registers/a.xlsx"
    ]
    assert arrivals.rows("number", "core.workplace_rows") == [("1",)]
