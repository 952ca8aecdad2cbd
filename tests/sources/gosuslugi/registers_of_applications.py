"""A register of applications to vary in tests: its headings and one good row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.emulators.inbox.tables import Cell, Table
from tests.planted import PERSONS

HEADINGS = (
    "Номер заявления",
    "Код услуги",
    "Наименование услуги",
    "Дата подачи",
    "Канал подачи",
    "Статус",
    "Дата статуса",
    "Регламентный срок",
    "Тип заявителя",
    "Оценка",
)
GOOD: dict[str, Cell] = {
    "Номер заявления": "3500308079",
    "Код услуги": "5700000000000163601",
    "Наименование услуги": "Выдача градостроительного плана",
    "Дата подачи": "05.03.2024",
    "Канал подачи": "ЕПГУ",
    "Статус": "Исполнено",
    "Дата статуса": "15.03.2024",
    "Регламентный срок": "20.03.2024",
    "Тип заявителя": "ФЛ",
    "Оценка": "5",
}


def row(**changes: Cell) -> list[Cell]:
    """The good row with other cells, named by their heading with blanks as underscores."""
    cells = {**GOOD, **{name.replace("_", " "): cell for name, cell in changes.items()}}
    return [cells[name] for name in HEADINGS]


def rows_with_persons() -> list[list[Cell]]:
    """Good rows with each person of the list in each cell; a bare number is no person among codes."""
    return [
        row(**{heading.replace(" ", "_"): f"ИНН {person}" if bare else person})
        for heading in HEADINGS
        for person in PERSONS.values()
        for bare in (heading == "Код услуги" and person.isdecimal(),)
    ]


def register(*rows: Sequence[Cell], **more: Any) -> Table:
    """A register of these rows."""
    return Table(HEADINGS, rows, **more)
