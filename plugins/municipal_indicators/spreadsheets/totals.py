"""Compares the total rows of a table with its rows that were loaded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from municipal_indicators.spreadsheets.cells import Cell, is_blank, plain_text
from municipal_indicators.spreadsheets.kinds import (
    Block,
    Note,
    Table,
    TableLoad,
)
from municipal_indicators.spreadsheets.rows import Numbered

TOLERANCE = Decimal("0.01")
_COUNT = "count()"
_SHOWN = 5
_AFTER_WORDS = re.compile(r"\D*[:=–—-]\s*(\d{1,9})(?:\s*[^\W\d]+\.?)?")


@dataclass(frozen=True, slots=True)
class Page:
    """A loaded table, which may go on below the next heading; ``end`` is the line that follows it."""

    load: TableLoad
    totals: Sequence[Numbered]
    end: int

    @property
    def top(self) -> int:
        """The line of its headings."""
        return self.load.table.headings.last_row + 1


def unequal_totals(pages: Sequence[Page]) -> list[Note]:
    """A note for each total that differs by more than a kopeck from every run of rows beside it.

    ``pages`` are tables of one kind on one sheet, from the top. A run above a total ends at it and begins at
    the top of a page or below any earlier total: so subtotals, totals of subtotals and grand totals are all
    recognised. A run below it ends at the next total or at the end of a page. The difference shown is that to
    the rows below the previous total; for the last total of a page, that to all rows of it.
    """
    if not pages[0].load.kind.totals:
        return []
    starts: list[int] = []
    notes: list[Note] = []
    numbered = [(page, line, row) for page in pages for line, row in page.totals]
    for number, (page, line, row) in enumerate(numbered):
        load = page.load
        tops = [one.top for one in pages if one.top < line]
        ends = [one.end for one in pages if one.end > line]
        ends += [other for _, other, _ in numbered[number + 1 : number + 2]]
        stated = _stated(load, row)
        if stated:
            sums = [_loaded(load, stated, start, line) for start in [*tops, *starts]]
            is_last = line == page.totals[-1][0]
            shown = sums[len(tops) - 1] if is_last or not starts else sums[-1]
            sums += [_loaded(load, stated, line, end) for end in ends]
            for place, (name, total) in enumerate(stated.items()):
                if any(abs(one[place] - total) <= TOLERANCE for one in sums):
                    continue
                text = (
                    f"the total in line {line} says {_name(load.table, name)} {_plain(total)}, "
                    f"the loaded rows {_plain(shown[place])} (difference {_plain(total - shown[place])})"
                )
                notes.append(Note("total_differs", text))
        starts.append(line)
    notes += _rows_below(pages, numbered)
    if len(notes) > _SHOWN:
        notes[_SHOWN:] = [Note("total_differs", "more totals differ", len(notes) - _SHOWN)]
    return notes


def _rows_below(
    pages: Sequence[Page], numbered: Sequence[tuple[Page, int, Sequence[Cell]]]
) -> list[Note]:
    """A note of rows below the last total, if it is the sum of all rows above it: they may be no items."""
    if not numbered:
        return []
    page, line, row = numbered[-1]
    stated = _stated(page.load, row)
    fields = [name for name in stated if name != _COUNT]
    (rows,) = _aggregates(page.load, ["count()"], line, page.end)
    if not (rows and fields and any(stated[name] for name in fields)):
        return []
    above = _loaded(page.load, fields, page.top, line)
    below = _loaded(page.load, fields, line, page.end)
    totals = [stated[name] for name in fields]
    if not _equal(above, totals) or _equal(below, totals):
        return []
    text = f"line {line} is the total of all rows above it, the rows below it are loaded as items"
    return [Note("rows_below_total", text, int(rows), line + 1)]


def _equal(sums: Sequence[Decimal], totals: Sequence[Decimal]) -> bool:
    return all(abs(one - other) <= TOLERANCE for one, other in zip(sums, totals, strict=True))


def _stated(load: TableLoad, row: Sequence[Cell]) -> dict[str, Decimal]:
    """The numbers of a total row by field; the number of rows under ``count()``."""
    columns, totals = load.table.headings.columns, load.kind.totals
    texts = load.reading.convert(Block(1, {name: [row[place]] for name, place in columns.items()}))
    stated = {}
    for name in totals:
        if name in columns and (number := _number(texts[name][0])) is not None:
            stated[name] = number
    if _COUNT in totals and (count := _count(row)) is not None:
        stated[_COUNT] = count
    return stated


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


def _loaded(load: TableLoad, fields: Iterable[str], start: int, end: int) -> list[Decimal]:
    """The aggregates of the loaded rows between two lines, for the fields of a total row."""
    return _aggregates(load, [load.kind.totals[name] for name in fields], start, end)


def _aggregates(load: TableLoad, queries: Iterable[str], start: int, end: int) -> list[Decimal]:
    aggregates = ", ".join(f"toString(ifNull({query}, 0))" for query in queries)
    (sums,) = load.task.warehouse.rows(
        f"SELECT {aggregates} FROM {load.kind.target} "  # noqa: S608 - names are ours
        "WHERE unit_key = {unit_key:String} AND load_id = {load_id:UUID} AND sheet = {sheet:String} "
        "AND line > {start:UInt64} AND line < {end:UInt64}",
        {
            "unit_key": load.task.load.unit.key,
            "load_id": load.task.load.load_id,
            "sheet": load.table.label,
            "start": start,
            "end": end,
        },
    )
    return [Decimal(value) for value in sums]


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _name(table: Table, name: str) -> str:
    return "rows:" if name == _COUNT else f"«{table.headings.known.names[name]}»"
