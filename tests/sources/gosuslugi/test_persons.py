"""Nothing of a person reaches the warehouse, a log, a reason file or the archive's names."""

from __future__ import annotations

import io
import logging
from pathlib import Path

import pytest
import xlsxwriter
from rich.console import Console

from municipal_indicators.inspection.findings import inspect_file
from municipal_indicators.inspection.terminal import print_inspection
from municipal_indicators.marts.build import build_marts
from municipal_indicators.marts.publishing import publish_marts
from municipal_indicators.reference.passport import load_passport
from tests.emulators.inbox.tables import Table, csv_bytes, xlsx_bytes, zip_bytes
from tests.sources.gosuslugi.registers_of_applications import HEADINGS, register, row
from tests.spreadsheets.arrivals import MODIFIED, ZONE, Arrivals

NAME = "Петрова Анна Сергеевна"
DATA = {
    "name": NAME,
    "snils": "112-233-445 95",
    "phone": "+7 919 123-45-67",
    "mail": "anna.petrova@mail.ru",
    "passport": "54 01 654321",
    "address": "ул. Ленина, д. 5, кв. 12",
    "inn": "ИНН 500100732259",
}
TRACES = (
    "Петров",
    "Сергеевн",
    "112-233",
    "11223344595",
    "123-45-67",
    "9191234567",
    "petrova",
    "654321",
    "Ленина",
    "500100732259",
)


@pytest.mark.parametrize("data", DATA.values(), ids=DATA.keys())
def test_personal_data_planted_everywhere_is_found_nowhere(
    arrivals: Arrivals, data: str, caplog: pytest.LogCaptureFixture
) -> None:
    file_name = data.replace(" ", "_").replace("/", "_")
    with caplog.at_level(logging.DEBUG):
        # In each column that is read, in one that is not, above, below, and in names.
        rows = [row(**{name.replace(" ", "_"): data}) for name in HEADINGS]
        headings = (*HEADINGS, f"Столбец {data}", "Заявитель")
        table = Table(
            headings,
            [[*cells, data, data] for cells in rows],
            title_rows=(f"Выгрузил {data}",),
            closing_rows=[(), (f"Исполнитель {data}",)],
        )
        arrivals.put(f"{file_name}/{file_name}.xlsx", xlsx_bytes(table, sheet=data[:25]))
        arrivals.put(f"{file_name}.csv", csv_bytes(table))
        arrivals.put(
            f"без столбца {data}.xlsx".replace("/", "_"), xlsx_bytes(Table(headings[1:], []))
        )
        arrivals.put("нет таблицы.xlsx", xlsx_bytes(Table((data, "Заявитель"), [(data, data)])))
        run = arrivals.load()
    assert (run.published, len(run.rejected)) == (2, 2)
    for found in (arrivals.everything(), caplog.text):
        for trace in TRACES:
            assert trace not in found
    assert arrivals.warehouse.value("SELECT count() FROM core.service_application_rows") > 0


def crowded() -> bytes:
    """A workbook with persons wherever a workbook can hold them, and a sheet that is refused."""
    said = ", ".join(DATA.values())
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        book.set_properties(
            dict.fromkeys(("title", "author", "manager", "comments", "keywords"), said)
        )
        book.set_custom_property("Исполнитель", said)
        book.define_name("Исполнитель", f'="{NAME}"')
        for name, headings in ((NAME, HEADINGS), (f"{NAME} 2", HEADINGS[1:])):
            sheet = book.add_worksheet(name)
            sheet.set_header(f"&L{said}")
            sheet.set_footer(f"&R{said}")
            sheet.write_row(0, 0, (f"Выгрузил {said}", NAME))
            sheet.write_row(1, 0, (*headings, *DATA.values(), "Адрес заявителя"))
            sheet.write_row(2, 0, (*row(), *DATA.values(), said))
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
    path = tmp_path / f"{NAME} {DATA['snils']}.zip"
    members = {f"{NAME}.xlsx": crowded(), f"{DATA['phone']}.pdf": b"%PDF-1.4"}
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
        for trace in TRACES:
            assert trace not in found


def test_an_application_number_is_never_stored(
    arrivals: Arrivals, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        arrivals.take("a.xlsx", xlsx_bytes(register(row(), row(Дата_подачи="never"))))
    assert "3500308079" not in arrivals.everything() + caplog.text
    assert arrivals.warehouse.value("SELECT count() FROM ops.quarantine") == 1
