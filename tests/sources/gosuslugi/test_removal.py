"""A correction that removes an application: its newest status belongs to the group ``removed``."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.emulators.inbox.tables import Cell, xlsx_bytes
from tests.sources.gosuslugi.registers_of_applications import register, row
from tests.spreadsheets.arrivals import MODIFIED, Arrivals


def groups(arrivals: Arrivals) -> list[str]:
    found = arrivals.warehouse.rows(
        "SELECT status_group FROM core.service_applications ORDER BY status_at"
    )
    return [group for (group,) in found]


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("stamp", ["16.03.2024", "15.03.2024", ""])
def test_a_removal_wins_in_any_order_of_arrival(
    stamp: str, is_first: bool, arrivals: Arrivals
) -> None:
    removal = register(
        row(Статус="Аннулировано (ошибка)", Дата_статуса=stamp),
        title_rows=("Отчёт сформирован 20.03.2024",),
    )
    files = {"export.xlsx": register(row(), row(Номер_заявления="2")), "removal.xlsx": removal}
    for name in sorted(files, reverse=is_first):
        arrivals.put(name, xlsx_bytes(files[name]))
    arrivals.load()
    assert groups(arrivals) == ["provided"]
    assert [status for status, *_ in arrivals.counts()] == ["published"] * 2


def test_a_removal_without_any_date_is_as_old_as_its_file(arrivals: Arrivals) -> None:
    removal = xlsx_bytes(register(row(Статус="Дубль", Дата_статуса="")))
    arrivals.take("removal.xlsx", removal, MODIFIED + timedelta(days=11))
    assert groups(arrivals) == []
    later = row(Статус="В работе", Дата_статуса="17.03.2024")
    arrivals.take("export.xlsx", xlsx_bytes(register(row(), later)), MODIFIED + timedelta(days=13))
    assert groups(arrivals) == ["in_progress"]


def test_a_withdrawal_by_the_applicant_removes_nothing(arrivals: Arrivals) -> None:
    cells: list[Cell] = row(Статус="Аннулировано", Дата_статуса="16.03.2024")
    arrivals.take("a.xlsx", xlsx_bytes(register(row(), cells)))
    assert groups(arrivals) == ["withdrawn"]
