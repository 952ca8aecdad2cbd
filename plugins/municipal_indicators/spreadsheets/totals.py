"""Compares what a table's own total rows say with the rows of it that were loaded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from municipal_indicators.inbox.file_loads import FileLoad
from municipal_indicators.spreadsheets.cells import Cell, is_blank, plain_text
from municipal_indicators.spreadsheets.kinds import (
    Block,
    Note,
    Reading,
    Table,
    TableKind,
)
from municipal_indicators.spreadsheets.rows import Numbered

TOLERANCE = Decimal("0.01")
_COUNT = "count()"
_SHOWN = 5
_AFTER_WORDS = re.compile(r"\D*[:=–—-]\s*(\d{1,9})(?:\s*[^\W\d]+\.?)?")


def unequal_totals(
    task: FileLoad, kind: TableKind, reading: Reading, table: Table, totals: Sequence[Numbered]
) -> list[Note]:
    """A note for each total that no run of loaded rows right above it adds up to within a kopeck.

    A run begins at the top of the table or below any earlier total, so that subtotals, totals of
    them and grand totals are all understood. The difference shown is that from the rows below the
    total before it; of the last total, that from all rows.
    """
    if not kind.totals or not totals:
        return []
    starts: list[int] = [0]
    notes: list[Note] = []
    for line, row in totals:
        said = _said(kind, reading, table, row)
        if said:
            sums = [_loaded(task, kind, table.label, said, start, line) for start in starts]
            shown = sums[0] if line == totals[-1][0] else sums[-1]
            for place, (name, total) in enumerate(said.items()):
                if any(abs(one[place] - total) <= TOLERANCE for one in sums):
                    continue
                text = (
                    f"the total in line {line} says {_name(table, name)} {_plain(total)}, the loaded rows "
                    f"{_plain(shown[place])} (difference {_plain(total - shown[place])})"
                )
                notes.append(Note("total_differs", text))
        starts.append(line)
    if len(notes) > _SHOWN:
        notes[_SHOWN:] = [Note("total_differs", "more totals differ", len(notes) - _SHOWN)]
    return notes


def _said(
    kind: TableKind, reading: Reading, table: Table, row: Sequence[Cell]
) -> dict[str, Decimal]:
    """What a total row says, by field; the number of rows under ``count()``."""
    columns = table.headings.columns
    texts = reading.convert(Block(1, {name: [row[place]] for name, place in columns.items()}))
    said = {}
    for name in kind.totals:
        if name in columns and (number := _number(texts[name][0])) is not None:
            said[name] = number
    if _COUNT in kind.totals and (count := _count(row)) is not None:
        said[_COUNT] = count
    return said


def _count(row: Sequence[Cell]) -> Decimal | None:
    first, *others = [plain_text(cell) for cell in row if not is_blank(cell)]
    if found := _AFTER_WORDS.fullmatch(first):
        return Decimal(found[1])
    return Decimal(others[0]) if len(others) == 1 and others[0].isdecimal() else None


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _loaded(
    task: FileLoad, kind: TableKind, label: str, fields: dict[str, Decimal], start: int, end: int
) -> list[Decimal]:
    aggregates = ", ".join(f"toString(ifNull({kind.totals[name]}, 0))" for name in fields)
    (sums,) = task.warehouse.rows(
        f"SELECT {aggregates} FROM {kind.target} "  # noqa: S608 - names are ours
        "WHERE unit_key = {unit_key:String} AND load_id = {load_id:UUID} AND sheet = {sheet:String} "
        "AND line > {start:UInt64} AND line < {end:UInt64}",
        {
            "unit_key": task.load.unit.key,
            "load_id": task.load.load_id,
            "sheet": label,
            "start": start,
            "end": end,
        },
    )
    return [Decimal(value) for value in sums]


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _name(table: Table, name: str) -> str:
    return "rows:" if name == _COUNT else f"«{table.headings.known.names[name]}»"
