"""Sheets as the readers return them: unprocessed rows, in blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, islice
from typing import Protocol

from municipal_indicators.inbox.masking import mask_personal
from municipal_indicators.spreadsheets.cells import Cell, plain_text

Row = list[Cell]
HeadingCounter = Callable[[Sequence[Row]], int]

WIDEST = 16_384
"""The most columns that a sheet of Excel can have."""

ROWS_PER_BLOCK = 1_000

LONGEST_CELL = 1 << 18
"""The most characters of a cell; Excel itself writes 32 767."""

LONGEST_NAME = 255
"""The most characters of a sheet's name; Excel allows 31."""


class RowBlock(Protocol):
    """A block of consecutive rows of a sheet, readable by rows or by columns."""

    def __len__(self) -> int:
        """How many rows."""

    @property
    def width(self) -> int:
        """How many cells each row has at least."""

    def column(self, place: int) -> Sequence[Cell]:
        """The cells of a column within the width."""

    def rows(self) -> list[Row]:
        """The rows."""


class RowList:
    """A block that holds a list of rows."""

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
        """The rows."""
        return self._rows

    @cached_property
    def _columns(self) -> list[tuple[Cell, ...]]:
        # Columns end with the shortest row, which is the width.
        return list(zip(*self._rows, strict=False))


def row_blocks(rows: Iterable[Row]) -> Iterator[RowBlock]:
    """Rows in blocks of at most ``ROWS_PER_BLOCK``."""
    rest = iter(rows)
    while block := list(islice(rest, ROWS_PER_BLOCK)):
        yield RowList(block)


def within_limits(block: RowBlock) -> tuple[RowBlock, int]:
    """The block with no cell longer than ``LONGEST_CELL``, and how many cells were cut."""
    if not isinstance(block, RowList):
        # Blocks of another kind hold no long cell.
        return block, 0
    cut = 0
    for row in block.rows():
        for place, cell in enumerate(row):
            if cell.__class__ is str and len(cell) > LONGEST_CELL:
                row[place] = cell[:LONGEST_CELL]
                cut += 1
    return block, cut


def split_top(blocks: Iterator[RowBlock], number: int) -> tuple[list[Row], Iterator[RowBlock]]:
    """The first ``number`` rows, or fewer, and the blocks below them."""
    top: list[Row] = []
    for block in blocks:
        rows = block.rows()
        wanted = number - len(top)
        top += rows[:wanted]
        if len(rows) >= wanted:
            return top, chain(row_blocks(rows[wanted:]), blocks)
    return top, iter(())


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: all its rows from the first one, so that row n is line n in Excel.

    ``is_1904``: in date columns plain numbers count days from 1904. ``dialect``: the encoding and
    delimiter found for a CSV. ``errors``: the number of cells in the whole workbook that show an
    error («#Н/Д»); they are read as blank. ``cut`` holds, once the rows are read, the number of cells
    that were cut to ``LONGEST_CELL``.
    """

    name: str
    blocks: Iterator[RowBlock]
    is_hidden: bool = False
    is_1904: bool = False
    dialect: tuple[str, str] | None = None
    errors: int = 0
    cut: list[int] = field(default_factory=list)

    @property
    def rows(self) -> Iterator[Row]:
        """All rows, one by one; a sheet can be read only once, by rows or by blocks."""
        return (row for block in self.blocks for row in block.rows())

    def label(self, member: str) -> str:
        """The name of a table in messages and quarantine: member and sheet, masked."""
        return " / ".join(filter(None, (member, mask_personal(plain_text(self.name)))))
