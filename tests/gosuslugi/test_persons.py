"""Nothing of a person reaches the warehouse, a log, a reason file or the archive's names."""

from __future__ import annotations

import logging

import pytest

from tests.emulators.inbox.tables import Table, csv_bytes, xlsx_bytes
from tests.gosuslugi.registers_of_applications import HEADINGS, register, row
from tests.tables.arrivals import Arrivals

NAME = "Петрова Анна Сергеевна"
DATA = {
    "name": NAME,
    "snils": "112-233-445 95",
    "phone": "+7 919 123-45-67",
    "mail": "anna.petrova@mail.ru",
    "passport": "54 01 123456",
    "address": "ул. Ленина, д. 5, кв. 12",
}
TRACES = (
    "Петров",
    "Сергеевн",
    "112-233",
    "11223344595",
    "123-45-67",
    "9191234567",
    "petrova",
    "123456",
    "Ленина",
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


def test_an_application_number_is_never_stored(
    arrivals: Arrivals, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        arrivals.take("a.xlsx", xlsx_bytes(register(row(), row(Дата_подачи="never"))))
    assert "3500308079" not in arrivals.everything() + caplog.text
    assert arrivals.warehouse.value("SELECT count() FROM ops.quarantine") == 1
