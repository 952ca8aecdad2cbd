"""Sheets as the readers return them: unprocessed rows, in blocks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Protocol

from municipal_indicators.errors import FileRejectedError
from municipal_indicators.inbox.masking import mask_personal
from municipal_indicators.spreadsheets.cells import Cell, is_blank, plain_text

Row = list[Cell]
HeadingCounter = Callable[[Sequence[Row]], int]

WIDEST = 16_384
"""The most columns that a sheet of Excel can have."""

ROWS_PER_BLOCK = 1_000

LONGEST_CELL = 1 << 18
"""The most characters of a cell; Excel itself writes 32 767."""

# «4», «4.», «(4)», «гр. 4», «4=3/2*100», «4 (3/2)».
_COLUMN_NUMBER = re.compile(
    r"(?:гр(?:афа)?[. ]*)?\(?(\d{1,3})\)?\.?(?:\s?[=(][\dгра(). +*/:×х%,–-]+)?", re.IGNORECASE
)
_FORMAT = re.compile(r"\Aan? | (?:document|message)\Z")

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


def is_column_numbers(row: Row, least: int) -> bool:
    """Whether a row numbers the columns («1 | 2 | 3», «А | 1 | 2»), at least so many of them."""
    texts = [plain_text(cell) for cell in row if not is_blank(cell)]
    numbers = [int(found[1]) for text in texts if (found := _COLUMN_NUMBER.fullmatch(text))]
    letters = [text for text in texts if len(text) == 1 and text.isalpha()]
    if len(numbers) + len(letters) < len(texts) or len(texts) < (3 if letters else least):
        return False
    return (
        numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        if numbers
        else len(letters) > 1
    )


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


class Spans:
    """Fills merged areas with the value that is seen, row after row.

    The first column of an area is filled downwards. An area that is not the first shown cell of its row
    is filled to the right too: a mark over two columns holds for both, a title only stands once.
    """

    def __init__(self) -> None:
        self._areas: dict[int, tuple[int, Cell]] = {}
        self._next: dict[int, tuple[int, Cell]] = {}

    def skip_to_free(self, row: Row) -> None:
        """Fill a row that is built from the left, up to the first column of no earlier area."""
        while len(row) in self._areas:
            row.append(self._areas[len(row)][1])

    def add(self, row: Row, cell: Cell, width: int, height: int) -> None:
        """Append a cell that covers so many columns and rows."""
        place = len(row)
        row += [cell] + [""] * (width - 1)
        self.cover(row, place, width, height)

    def cover(self, row: Row, place: int, width: int, height: int) -> None:
        """Make the cell at ``place`` the only value of an area that begins there."""
        cell = row[place]
        right = cell if any(one not in ("", cell) for one in row[:place]) else ""
        row[place + 1 : place + width] = [right] * (len(row[place + 1 : place + width]))
        if height > 1:
            end = min(place + width, len(row))
            for column in range(place, end):
                self._next[column] = (height - 1, right if column > place else cell)

    def next_row(self, row: Row) -> Row:
        """The row with what the areas above show in it; then the areas are one row shorter."""
        for column, (_, cell) in sorted(self._areas.items()):
            if column < len(row):
                row[column] = cell
            elif cell != "" or column == len(row):
                row += [""] * (column - len(row)) + [cell]
        left = {place: (rows - 1, cell) for place, (rows, cell) in self._areas.items() if rows > 1}
        self._areas = {**left, **self._next}
        self._next = {}
        return row


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


def no_table_format(name: str) -> FileRejectedError:
    """The error for a file in a format that holds no table."""
    return FileRejectedError(
        f"the file is {name}, not a table",
        f"Файл в формате {_FORMAT.sub('', name)}, а нужна таблица. Пришлите .xlsx, "
        ".xls, .ods или .csv.",
    )


class SheetRows(Iterator[RowBlock]):
    """The blocks of a sheet that are still to be read; ``line`` is the number of their first row."""

    def __init__(self, blocks: Iterator[RowBlock], line: int = 1) -> None:
        self.line = line
        self._blocks = blocks
        self._front: list[RowBlock] = []

    def __next__(self) -> RowBlock:
        block = self._front.pop(0) if self._front else next(self._blocks)
        self.line += len(block)
        return block

    def put_back(self, blocks: Sequence[RowBlock]) -> None:
        """Let blocks that were just read be read again."""
        self._front[:0] = blocks
        self.line -= sum(map(len, blocks))

    def peek(self, number: int) -> list[Row]:
        """The first ``number`` rows, or fewer; they stay to be read."""
        blocks: list[RowBlock] = []
        rows: list[Row] = []
        while len(rows) < number and (block := next(self, None)) is not None:
            # Rows once cut out of a text stay so.
            blocks.append(RowList(block.rows()))
            rows += blocks[-1].rows()
        self.put_back(blocks)
        return rows[:number]

    def skip(self, number: int) -> None:
        """Pass over ``number`` rows."""
        while number > 0 and (block := next(self, None)) is not None:
            if len(block) > number:
                self.put_back(list(row_blocks(block.rows()[number:])))
            number -= len(block)


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
