"""The headings of a table as an inspection shows them, column by column, also of refused tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from municipal_indicators.errors import FileRejectedError
from municipal_indicators.inbox.archives import Member, unpacked
from municipal_indicators.inbox.masking import mask_personal
from municipal_indicators.spreadsheets.cells import is_blank, plain_text
from municipal_indicators.spreadsheets.headings import (
    SEARCHED_COLUMNS,
    SEARCHED_ROWS,
    Headings,
    HeadingSet,
    find_headings,
    headings_of,
    known_headings,
    nearest,
)
from municipal_indicators.spreadsheets.kinds import TableKind
from municipal_indicators.spreadsheets.readers import read_sheets
from municipal_indicators.spreadsheets.sheets import HeadingCounter, Row

_NEAREST = 3
_LONGEST = 1_000
_ALIKE = 0.6
_ALIKE_TO_ANY = 0.75


@dataclass(frozen=True, slots=True)
class Column:
    """A column with its letter and its heading as written (masked).

    ``name`` is the field that it is read as. If it is empty, ``nearest`` are the most similar known
    headings.
    """

    letter: str
    heading: str
    name: str = ""
    nearest: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class RefusedTable:
    """A table that is not loaded, with the row that is most likely its headings.

    ``title`` is the most similar kind (empty: none), ``lacking`` are the headings that it lacks for
    that kind, ``line`` is the last line of the headings.
    """

    label: str
    title: str
    line: int
    columns: Sequence[Column]
    lacking: Sequence[str]


def columns_of(headings: Headings) -> list[Column]:
    """All columns with a heading, from left to right."""
    known = headings.known
    found = {
        place: Column(column_letter(place), _masked(headings.texts[name]), known.names[name])
        for name, place in headings.columns.items()
    }
    for place, text in headings.unknown.items():
        found[place] = _unknown(place, text, [known], _ALIKE)
    return [found[place] for place in sorted(found)]


def refused_tables(path: Path, kinds: Sequence[TableKind]) -> list[RefusedTable]:
    """The visible tables of a file by their most likely headings, as if none of them were loaded."""
    try:
        with unpacked(path) as content:
            return [table for member in content.members for table in _tables(member, kinds)]
    except FileRejectedError:
        return []


def column_letter(place: int) -> str:
    """The letters of a 0-based column as spreadsheets show them."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _tables(member: Member, kinds: Sequence[TableKind]) -> Iterator[RefusedTable]:
    try:
        for sheet in read_sheets(member.path, heading_counter(kinds)):
            if sheet.is_hidden:
                continue
            top = list(islice(sheet.rows, SEARCHED_ROWS))
            if table := _refused(sheet.label(member.name), top, kinds):
                yield table
    except FileRejectedError:
        return


def _refused(label: str, top: Sequence[Row], kinds: Sequence[TableKind]) -> RefusedTable | None:
    if found := _found(top, kinds):
        kind = next(kind for kind in kinds if kind.name == found.known.kind)
        title = f"{kind.title} ({kind.name})"
        return RefusedTable(
            label, title, found.last_row + 1, columns_of(found), found.missing(kind.needed)
        )
    texts = [
        {
            place: str(cell)[:_LONGEST]
            for place, cell in enumerate(row[:SEARCHED_COLUMNS])
            if _is_text(cell)
        }
        for row in top
    ]
    # The heading row is the first row with the most texts.
    place = max(range(len(texts)), key=lambda row: (len(texts[row]), -row), default=0)
    if not texts or len(texts[place]) < 2:
        return None
    sets = headings_of(_needed(kinds))
    columns = [_unknown(column, text, sets, _ALIKE_TO_ANY) for column, text in texts[place].items()]
    return RefusedTable(label, "", place + 1, columns, ())


def heading_counter(kinds: Sequence[TableKind]) -> HeadingCounter:
    """What ``read_sheets`` finds the delimiter by."""
    return partial(known_headings, _needed(kinds))


def _found(rows: Sequence[Row], kinds: Sequence[TableKind]) -> Headings | None:
    return find_headings(rows, _needed(kinds))


def _needed(kinds: Sequence[TableKind]) -> dict[str, Sequence[str]]:
    return {kind.name: tuple(kind.needed) for kind in kinds}


def _is_text(cell: object) -> bool:
    return isinstance(cell, str) and not is_blank(cell) and any(map(str.isalpha, cell))


def _unknown(place: int, text: str, sets: Sequence[HeadingSet], alike: float) -> Column:
    near: dict[str, None] = {}
    for known in sets:
        near |= dict.fromkeys(nearest(text, known, alike))
    return Column(column_letter(place), _masked(text), nearest=list(near)[:_NEAREST])


def _masked(text: str) -> str:
    return mask_personal(plain_text(text))[:60]
