"""Hostile and broken files: a clear refusal in bounded memory, and the files beside them are loaded."""

from __future__ import annotations

import io
import logging
import re
import socket
from pathlib import Path

import pytest
import xlsxwriter

from tests.emulators.inbox.tables import csv_bytes, xlsx_bytes
from tests.sources.gosuslugi.hostile_files import (
    BOOK,
    NAME,
    STRINGS,
    changed,
    linked,
    packed,
    refused,
    with_formulas,
)
from tests.sources.gosuslugi.registers_of_applications import register, row
from tests.spreadsheets.arrivals import Arrivals

ROWS = "core.service_application_rows"
MEMORY = 512 << 10
"""kB that a run may take on top."""


def test_hostile_files_are_refused_and_the_others_loaded(arrivals: Arrivals) -> None:
    files = refused()
    before = status_kilobytes("VmRSS")
    # Resets the peak: an earlier test may have taken more.
    Path("/proc/self/clear_refs").write_text("5", "utf-8")
    arrivals.put("before.xlsx", BOOK)
    for name, (content, _) in files.items():
        arrivals.put(name, content)
    arrivals.put("after.csv", csv_bytes(register(row(Номер_заявления="2"))))
    run = arrivals.load()
    assert status_kilobytes("VmHWM") - before < MEMORY
    assert (run.published, run.broken) == (2, [])
    assert set(run.rejected) == {f"gosuslugi/{name}" for name in files}
    reasons = dict(
        arrivals.warehouse.rows("SELECT unit, message FROM ops.loads WHERE status = 'failed'")
    )
    for name, (_, words) in files.items():
        assert re.search(words, reasons[f"gosuslugi/{name}"]), name
    for_senders = arrivals.reasons()
    assert for_senders.count("Причина: ") == len(files)
    assert all(re.search("[а-яё]{4}", one) for one in re.findall("Причина: (.*)", for_senders))
    assert arrivals.quarantine() == []


def test_a_formula_is_its_value_and_without_one_it_is_quarantined(arrivals: Arrivals) -> None:
    arrivals.take("a.xlsx", with_formulas())
    arrivals.take("b.xlsx", BOOK)
    columns = "application_key, service_code, filed_on, status_group, due_on, rating"
    computed, typed = arrivals.rows(columns, ROWS, "arrived_at")
    assert computed == typed
    assert [(line, field) for _, line, field, _ in arrivals.quarantine()] == [
        (3, "Номер заявления"),
        (4, "Код услуги"),
    ]


def test_links_out_of_a_workbook_are_not_followed(arrivals: Arrivals) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        host, port = server.getsockname()
        assert arrivals.take("a.xlsx", linked(f"http://{host}:{port}/b.xlsx")).published == 1
        try:
            server.accept()
        except BlockingIOError:
            return
    raise AssertionError("somebody called")


def test_a_cell_of_200_kilobytes_disturbs_nothing(arrivals: Arrivals) -> None:
    name = "услуга " * 30_000
    arrivals.take("a.xlsx", changed(BOOK, STRINGS, NAME, name))
    arrivals.take("a.csv", csv_bytes(register(row(Наименование_услуги=name))))
    assert arrivals.rows("service_code", ROWS) == [("5700000000000163601",)] * 2


def test_a_command_in_a_cell_is_text(arrivals: Arrivals) -> None:
    rows = [
        row(Код_услуги="=cmd|'/c calc'!A1"),
        row(Номер_заявления="2", Наименование_услуги="=1+1", Код_услуги="=1+1"),
        row(Номер_заявления="3", Код_услуги="-10000000109"),
    ]
    for name, content in {
        "a.csv": csv_bytes(register(*rows)),
        "a.xlsx": xlsx_bytes(register(*rows)),
    }.items():
        arrivals.take(name, content)
        assert arrivals.rows("service_code", ROWS, "arrived_at, line")[-1:] == [("-10000000109",)]
    faults = {(line, field) for _, line, field, _ in arrivals.quarantine()}
    assert faults == {(2, "Код услуги"), (3, "Код услуги")}


def test_notes_links_and_properties_of_a_workbook_are_not_read(
    arrivals: Arrivals, caplog: pytest.LogCaptureFixture
) -> None:
    name, snils, mail = "Петрова Анна Сергеевна", "112-233-445 95", "anna.petrova@mail.ru"
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        book.set_properties({"author": name, "manager": name, "comments": snils})
        book.define_name("Исполнитель", f'="{name}"')
        sheet = book.add_worksheet("Реестр")
        sheet.set_header(f"&L{name}")
        for line, cells in enumerate(register(row()).grid()):
            sheet.write_row(line, 0, cells)
        sheet.write_comment(1, 0, f"{name} {snils}", {"author": name})
        sheet.write_url(1, 1, f"mailto:{mail}", string=str(row()[1]))
        sheet.insert_textbox(5, 1, f"{name} {snils}")
        sheet.data_validation(1, 5, 9, 5, {"validate": "list", "source": [name, snils]})
    with caplog.at_level(logging.DEBUG):
        assert arrivals.take("a.xlsx", buffer.getvalue()).published == 1
    assert arrivals.counts() == [("published", 1, 1, 0, 0)]
    for found in (arrivals.everything(), caplog.text):
        assert not re.search("Петров|Сергеевн|112-233|petrova", found)


def test_the_name_of_a_member_leads_nowhere(arrivals: Arrivals) -> None:
    arrivals.take("a.zip", packed("../../../evil.xlsx", BOOK))
    assert [counts[0] for counts in arrivals.counts()] == ["published"]
    assert not list(arrivals.places.parent.rglob("evil*"))


def status_kilobytes(name: str) -> int:
    """A figure of this process's memory."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text("utf-8"))
    assert found
    return int(found[1])
