"""Nothing of a person reaches the warehouse, a log, a reason file or the archive's names."""

from __future__ import annotations

import io
import logging
from pathlib import Path

import pytest
import xlsxwriter
from rich.console import Console

from municipal_indicators import settings
from municipal_indicators.inspection.findings import inspect_file
from municipal_indicators.inspection.terminal import print_inspection
from municipal_indicators.marts.build import build_marts
from municipal_indicators.marts.publishing import publish_marts
from municipal_indicators.reference.passport import load_passport
from tests.emulators.inbox.tables import Table, csv_bytes, xlsx_bytes, zip_bytes
from tests.planted import PERSONS, found_in
from tests.sources.gosuslugi.registers_of_applications import (
    HEADINGS,
    register,
    row,
    rows_with_persons,
)
from tests.spreadsheets.arrivals import MODIFIED, ZONE, Arrivals

NAME = PERSONS["name"]


def test_personal_data_planted_everywhere_is_found_nowhere(
    arrivals: Arrivals, caplog: pytest.LogCaptureFixture
) -> None:
    # In each column that is read, in those that are not, above, below, and in names.
    columns = [f"Столбец {person}" for person in PERSONS.values()]
    table = Table(
        (*HEADINGS, *columns),
        [[*cells, *PERSONS.values()] for cells in rows_with_persons()],
        title_rows=[f"Выгрузил {person}" for person in PERSONS.values()],
        closing_rows=[(), *((f"Исполнитель {person}",) for person in PERSONS.values())],
    )
    with caplog.at_level(logging.DEBUG):
        arrivals.put(f"{NAME}/{NAME}.xlsx", xlsx_bytes(table, sheet=NAME))
        arrivals.put("a.csv", csv_bytes(table))
        for person in PERSONS.values():
            content = csv_bytes(Table((person, "Заявитель"), [(person, person)]))
            arrivals.put(f"нет таблицы {person}.csv".replace(" ", "_"), content)
        run = arrivals.load()
    assert (run.published, len(run.rejected)) == (2, len(PERSONS))
    for found in (arrivals.everything(), caplog.text):
        assert found_in(found) == set()
    assert arrivals.warehouse.value("SELECT count() FROM core.service_application_rows") > 0


def crowded() -> bytes:
    """A workbook with persons wherever a workbook can hold them, and a sheet that is refused."""
    said = ", ".join(PERSONS.values())
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        book.set_properties(
            dict.fromkeys(("title", "author", "manager", "comments", "keywords"), said)
        )
        book.set_custom_property("Исполнитель", said)
        book.define_name("Исполнитель", f'="{NAME}"')
        for name, headings in ((NAME, HEADINGS), (NAME[:22], HEADINGS[1:])):
            sheet = book.add_worksheet(name)
            sheet.set_header(f"&L{said}")
            sheet.set_footer(f"&R{said}")
            sheet.write_row(0, 0, (f"Выгрузил {said}", NAME))
            sheet.write_row(1, 0, (*headings, *PERSONS.values(), "Адрес заявителя"))
            sheet.write_row(2, 0, (*row(), *PERSONS.values(), said))
            sheet.write_row(3, 0, row(Номер_заявления="2", Наименование_услуги=said, Статус=said))
            sheet.write_row(4, 0, row(Номер_заявления=NAME, Дата_подачи=said))
            sheet.write_row(6, 0, ("Начальник отдела", said))
            sheet.write_comment(2, 0, said, {"author": NAME})
            sheet.write_url(8, 1, "mailto:anna.petrova@mail.ru", string=NAME)
            sheet.insert_textbox(9, 1, said)
            sheet.data_validation(2, 5, 9, 5, {"validate": "list", "source": [NAME]})
    return buffer.getvalue()


def test_persons_in_every_place_of_a_workbook_are_in_no_table_log_or_inspection(
    arrivals: Arrivals, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shown = Console(file=io.StringIO(), width=300)
    path = tmp_path / f"{NAME} {PERSONS['SNILS']}.zip"
    members = {f"{NAME}.xlsx": crowded(), f"{PERSONS['phone']}.pdf": b"%PDF-1.4"}
    path.write_bytes(zip_bytes(members, MODIFIED))
    with caplog.at_level(logging.DEBUG):
        print_inspection(inspect_file(path, "gosuslugi", ZONE, rows=5), shown, problems=50)
        assert arrivals.take(path.name, path.read_bytes()).published == 1
        built = build_marts(arrivals.warehouse, load_passport())
        publish_marts(arrivals.warehouse, built.id)
    marts = "SELECT count() FROM marts.service_applications_monthly"
    assert arrivals.warehouse.value(marts) > 0
    inspected = shown.file.getvalue()  # type: ignore[attr-defined]
    assert "NOT loaded" in inspected
    assert "Problems: 3" in inspected
    for found in (arrivals.everything(), caplog.text, inspected):
        assert "***" in found
        assert found_in(found) == set()


def test_an_application_number_is_never_stored(
    arrivals: Arrivals, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        arrivals.take("a.xlsx", xlsx_bytes(register(row(), row(Дата_подачи="never"))))
    assert "3500308079" not in arrivals.everything() + caplog.text
    assert arrivals.warehouse.value("SELECT count() FROM ops.quarantine") == 1


def test_the_key_of_the_hashes_is_hidden_in_messages() -> None:
    from airflow.sdk._shared.secrets_masker import redact

    key = settings.personal_data_key().decode()
    assert redact(f"the key is {key}.") == "the key is ***."
