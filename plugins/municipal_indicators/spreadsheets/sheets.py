"""Opens a file by its first bytes, whatever its name says, and hands over its sheets as raw rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import Protocol

from municipal_indicators.errors import FileRejectedError
from municipal_indicators.inbox.masking import mask_personal
from municipal_indicators.spreadsheets.cells import Cell, plain_text

Row = list[Cell]
Judge = Callable[[Sequence[Row]], int]

WIDEST = 16_384
"""Columns of a sheet of Excel: no table has more."""

PIECE_ROWS = 1_000

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_NO_TABLE = {
    b"%PDF": "PDF",
    b"{\\rtf": "RTF",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"Rar!": "RAR",
    b"7z\xbc\xaf": "7-Zip",
    b"MZ": "EXE",
}


class Piece(Protocol):
    """Some rows of a sheet, as rows or as columns."""

    def __len__(self) -> int:
        """How many rows."""

    @property
    def width(self) -> int:
        """How many cells each row has at least."""

    def column(self, place: int) -> Sequence[Cell]:
        """The cells of a column within the width."""

    def rows(self) -> list[Row]:
        """The rows."""


class Rows:
    """A piece that is made of rows."""

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def width(self) -> int:
        """How many cells each row has at least."""
        return min(map(len, self._rows), default=0)

    def column(self, place: int) -> Sequence[Cell]:
        """The cells of a column within the width."""
        return self._columns[place]

    def rows(self) -> list[Row]:
        """The rows themselves."""
        return self._rows

    @cached_property
    def _columns(self) -> list[tuple[Cell, ...]]:
        # The shortest row ends them, which is the width.
        return list(zip(*self._rows, strict=False))


def in_pieces(rows: Iterable[Row]) -> Iterator[Piece]:
    """Rows in pieces of at most ``PIECE_ROWS``."""
    rest = iter(rows)
    while piece := list(islice(rest, PIECE_ROWS)):
        yield Rows(piece)


def parted(pieces: Iterator[Piece], number: int) -> tuple[list[Row], Iterator[Piece]]:
    """The first rows of some pieces, at most so many, and the pieces below them."""
    top: list[Row] = []
    for piece in pieces:
        rows = piece.rows()
        wanted = number - len(top)
        top += rows[:wanted]
        if len(rows) >= wanted:
            return top, chain(in_pieces(rows[wanted:]), pieces)
    return top, iter(())


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its rows from the first one on, so that row n is line n as Excel shows it.

    ``is_1904``: bare numbers count days from 1904 where a column holds dates. ``dialect``: the
    encoding and the delimiter that a CSV was taken to have. ``errors``: cells of the whole workbook
    that show an error («#Н/Д») and are handed over as blank.
    """

    name: str
    pieces: Iterator[Piece]
    is_hidden: bool = False
    is_1904: bool = False
    dialect: tuple[str, str] | None = None
    errors: int = 0

    @property
    def rows(self) -> Iterator[Row]:
        """All rows, one by one; they can be read once, as rows or in pieces."""
        return (row for piece in self.pieces for row in piece.rows())

    def label(self, member: str) -> str:
        """The place of a table as messages and quarantine name it: member and sheet, masked."""
        return " / ".join(filter(None, (member, mask_personal(plain_text(self.name)))))


def read_sheets(path: Path, judge: Judge | None = None) -> Iterator[Sheet]:
    """The sheets of a workbook (.xlsx, .xls, .ods), a CSV, or an HTML or XML table named .xls.

    Rows must be consumed before the next sheet is asked for. ``judge``, which tells how many
    headings it knows in some rows, helps to find the delimiter. Raises FileRejectedError.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    for magic, name in _NO_TABLE.items():
        if head.startswith(magic):
            raise FileRejectedError(
                f"the file is {name}, not a table",
                f"Файл в формате {name}, а нужна таблица. Пришлите .xlsx, .xls, .ods или .csv.",
            )
    if head.startswith((_ZIP, _OLE)):
        from municipal_indicators.spreadsheets.workbooks import read_workbook

        yield from read_workbook(path)
    elif head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        from municipal_indicators.spreadsheets.markup import read_markup

        yield from read_markup(path)
    else:
        from municipal_indicators.spreadsheets.delimited import read_delimited

        yield read_delimited(path, judge)
