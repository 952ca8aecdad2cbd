"""Files that took gigabytes or hours are refused or loaded within limits; those beside them are loaded."""

from __future__ import annotations

import pytest

from municipal_indicators.inbox.file_loads import FilesFailedError
from municipal_indicators.spreadsheets.sheets import LONGEST_CELL
from tests.emulators.inbox.tables import csv_bytes, xlsx_bytes
from tests.sources.gosuslugi.deadly_files import (
    good_but_odd,
    long_cell,
    long_string,
    many_attributes,
    many_tags,
    repeated,
    unclosed,
)
from tests.sources.gosuslugi.registers_of_applications import register, row
from tests.spreadsheets.arrivals import Arrivals

ROWS = "core.service_application_rows"


@pytest.fixture(autouse=True)
def _low(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_FILE_MEMORY_MIB", "1024")
    monkeypatch.setenv("AIRFLOW_VAR_FILE_SECONDS", "20")


def test_what_is_refused_before_it_is_parsed(arrivals: Arrivals) -> None:
    files = {**repeated(), "unclosed.ods": unclosed(), "tags.xls": many_tags()}
    for name, content in files.items():
        arrivals.put(name, content)
    run = arrivals.load()
    assert (run.broken, set(run.rejected)) == ([], {f"gosuslugi/{name}" for name in files})
    assert all("spans more than" in error.reason or "tags" in error.reason for error in run.errors)


def test_what_the_limits_end_is_rejected_at_the_second_attempt(arrivals: Arrivals) -> None:
    arrivals.put("before.csv", csv_bytes(register(row(Номер_заявления="1"))))
    deadly = {"string.xlsx": long_string(), "attributes.xls": many_attributes()}
    for name, content in deadly.items():
        arrivals.put(name, content)
    arrivals.put("after.csv", csv_bytes(register(row(Номер_заявления="2"))))
    with pytest.raises(FilesFailedError) as first:
        arrivals.load()
    assert first.value.run.published == 2
    assert len(first.value.run.broken) == len(deadly)
    second = arrivals.load()
    assert (second.broken, set(second.rejected)) == ([], {f"gosuslugi/{name}" for name in deadly})
    assert arrivals.reasons().count("Не удаётся прочитать файл") == len(deadly)


def test_a_limit_counts_from_what_the_parser_has_reserved(
    arrivals: Arrivals, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrivals.take("a.xlsx", xlsx_bytes(register(row(Номер_заявления="1"))))
    monkeypatch.setenv("AIRFLOW_VAR_FILE_MEMORY_MIB", "128")
    assert arrivals.take("b.xlsx", xlsx_bytes(register(row(Номер_заявления="2")))).published == 1


@pytest.mark.parametrize("name", list(good_but_odd()))
def test_what_is_odd_but_good_is_loaded(arrivals: Arrivals, name: str) -> None:
    assert arrivals.take(name, good_but_odd()[name]).published == 1
    assert len(arrivals.rows("line", ROWS)) == 1


def test_a_name_in_a_tar_of_russian_windows_is_read(arrivals: Arrivals) -> None:
    arrivals.take("a.tar", good_but_odd()["cp866.tar"])
    assert "Реестр заявлений.csv" in arrivals.message()


def test_a_cell_beyond_the_limit_is_cut_and_warned_of(arrivals: Arrivals) -> None:
    arrivals.take("a.csv", long_cell(LONGEST_CELL + 5))
    assert arrivals.rows("lengthUTF8(service_name)", "core.service_catalogue_rows") == [
        (LONGEST_CELL,)
    ]
    assert f"cells cut to {LONGEST_CELL} characters" in arrivals.message()
