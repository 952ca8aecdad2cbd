"""CSV and similar texts: the delimiter is found by how evenly it splits rows."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Any

from municipal_indicators.errors import FileRejectedError
from municipal_indicators.spreadsheets.cells import Cell, unguarded
from municipal_indicators.spreadsheets.encodings import encoding_of
from municipal_indicators.spreadsheets.headings import SEARCHED_COLUMNS
from municipal_indicators.spreadsheets.sheets import (
    LONGEST_CELL,
    WIDEST,
    HeadingCounter,
    Row,
    RowBlock,
    Sheet,
    row_blocks,
)
from municipal_indicators.spreadsheets.texts import Texts

DELIMITERS = (";", "\t", ",")
_SAMPLE_RECORDS = 50
_LONGEST_LINE = 1 << 24
_FIRST_BLOCK = 1 << 16
_BLOCK = 1 << 22
_GUARD = b'="'
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)


def read_delimited(path: Path, count_headings: HeadingCounter | None = None) -> Sheet:
    """The only sheet of a CSV. Line numbers count records, as in Excel; a ``sep=`` line is not counted.

    The delimiter is the one with most known headings by ``count_headings``; if there are none, the one
    that splits rows most evenly. Raises FileRejectedError for a file that is no text and, while rows
    are read, for a quote that is never closed.
    """
    encoding = encoding_of(path)
    with path.open(encoding=encoding, newline="") as file:
        found = _SEPARATOR_LINE.fullmatch(file.readline(16))
    delimiter = found.group(1) if found else _delimiter(path, encoding, count_headings)
    blocks = _row_blocks(path, encoding, delimiter, skip_line=bool(found))
    return Sheet("", blocks, dialect=(encoding, delimiter))


class _PlainBlock:
    """A block without quotes whose lines are equally long: columns are cut all at once, rows one by one."""

    def __init__(self, block: bytes, delimiter: str) -> None:
        self._block = block
        self._delimiter = delimiter
        self._size = block.count(b"\n") + (not block.endswith(b"\n"))

    def __len__(self) -> int:
        return self._size

    @cached_property
    def width(self) -> int:
        """The least number of cells in a row; 0 where Arrow cannot cut the columns."""
        return len(self._columns)

    def column(self, place: int) -> Sequence[Cell]:
        """The cells of a column within the width."""
        return Texts(self._columns[place])

    def rows(self) -> list[Row]:
        """The rows; a blank line has no cell."""
        lines = self._block.decode().replace("\r\n", "\n").removesuffix("\n").split("\n")
        if len(max(lines, key=len)) > WIDEST:
            for line in lines:
                _check_width(line, self._delimiter)
        return [line.split(self._delimiter) if line else [] for line in lines]  # type: ignore[misc]

    @cached_property
    def _columns(self) -> Sequence[Any]:
        from pyarrow import ArrowInvalid, BufferReader, csv, string

        first, _, _ = self._block.partition(b"\n")
        width = first.count(self._delimiter.encode()) + 1
        if width > SEARCHED_COLUMNS:
            # Columns beyond are not read, and Arrow takes some kilobytes per column.
            return ()
        names = list(map(str, range(width)))
        try:
            table = csv.read_csv(
                BufferReader(self._block),
                csv.ReadOptions(column_names=names, block_size=len(self._block)),
                csv.ParseOptions(
                    delimiter=self._delimiter, quote_char=False, ignore_empty_lines=False
                ),
                csv.ConvertOptions(column_types=dict.fromkeys(names, string())),
            ).combine_chunks()
        except ArrowInvalid:
            # Rows of unequal length.
            return ()
        if table.num_rows != self._size:
            return ()
        return [column.chunk(0) for column in table.columns]


def _row_blocks(
    path: Path, encoding: str, delimiter: str, *, skip_line: bool
) -> Iterator[RowBlock]:
    """The records of a file: cut at the delimiters where nothing is quoted, else by the csv module."""
    csv.field_size_limit(LONGEST_CELL)
    number, width = 0, 0
    blocks = _blocks(path, encoding, skip_line=skip_line)
    for block in blocks:
        if _is_plain(block, delimiter):
            plain = _PlainBlock(block, delimiter)
            number, width = number + len(plain), max(width, plain.width)
            if _has_long_line(block):
                yield from row_blocks(plain.rows())
            else:
                yield plain
            continue
        source = _Lines(block, blocks, delimiter)
        reader = csv.reader(source, delimiter=delimiter, skipinitialspace=delimiter != "\t")
        records: list[Row] = []
        line = 0
        while not source.is_spent:
            number += 1
            try:
                record = next(reader)
            except csv.Error:
                raise _open_quote(number) from None
            if reader.line_num - line > 1 and _swallows_rows(record, delimiter, width):
                raise _open_quote(number)
            line, width = reader.line_num, max(width, len(record))
            if source.is_guarded:
                record = list(map(unguarded, record))
            records.append(record)  # type: ignore[arg-type]  # a list of str is a row of cells
        yield from row_blocks(records)


def _is_plain(block: bytes, delimiter: str) -> bool:
    """Whether cutting at delimiters is enough: no quotes, no blanks to skip, no unusual line ends."""
    if b'"' in block or block.count(b"\r") != block.count(b"\r\n") or not delimiter.isascii():
        return False
    sign = delimiter.encode()
    return delimiter == "\t" or not (
        sign + b" " in block or b"\n " in block or block.startswith(b" ")
    )


def _has_long_line(block: bytes) -> bool:
    return len(block) > LONGEST_CELL and max(map(len, block.split(b"\n"))) > LONGEST_CELL


def _blocks(path: Path, encoding: str, *, skip_line: bool = False) -> Iterator[bytes]:
    """A file as UTF-8, in blocks that end at a line end.

    Raises FileRejectedError for a line without end.
    """
    is_utf8 = encoding.startswith("utf-8")
    # The first block holds the headings, which are read row by row.
    size = _FIRST_BLOCK
    with path.open("rb") if is_utf8 else path.open(encoding=encoding, newline="") as file:
        if encoding == "utf-8-sig":
            file.read(len(codecs.BOM_UTF8))
        if skip_line:
            file.readline()
        while block := file.read(size):
            rest = file.readline(_LONGEST_LINE)
            if len(rest) == _LONGEST_LINE:
                raise _too_wide()
            yield _utf8(block) + _utf8(rest)
            size = _BLOCK


def _utf8(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


class _Lines(Iterator[str]):
    """The lines of a block, and of the following blocks while a quoted cell extends into them.

    A line with too many cells for the csv module is an error.
    """

    def __init__(self, block: bytes, blocks: Iterator[bytes], delimiter: str) -> None:
        self._blocks = blocks
        self._delimiter = delimiter
        self._next = ""
        self.is_guarded = False
        self._open(block)

    def __next__(self) -> str:
        if self.is_spent:
            self._open(next(self._blocks))
        line = self._next
        self._next = self._lines.readline()
        _check_width(line, self._delimiter)
        return line

    @property
    def is_spent(self) -> bool:
        """Whether all lines of the opened blocks have been read."""
        return not self._next

    def _open(self, block: bytes) -> None:
        # Whether some cell so far may be guarded.
        self.is_guarded = self.is_guarded or _GUARD in block
        self._lines = StringIO(block.decode(), newline="")
        self._next = self._lines.readline()


def _check_width(line: str, delimiter: str) -> None:
    if len(line) > WIDEST and line.count(delimiter) > WIDEST:
        raise _too_wide()


def _swallows_rows(record: list[str], delimiter: str, width: int) -> bool:
    """Whether a cell contains a complete later row: then a quote was never closed."""
    lines = (line for cell in record if "\n" in cell for line in cell.split("\n")[1:])
    rows = sum(line.count(delimiter) >= max(width - 1, 1) for line in lines)
    # In a narrow table a single delimiter inside a longer text proves nothing.
    return rows > (width < 3)


def _delimiter(path: Path, encoding: str, count_headings: HeadingCounter | None) -> str:
    samples = {delimiter: _sample(path, encoding, delimiter) for delimiter in DELIMITERS}
    if count_headings:
        known = {delimiter: count_headings(rows) for delimiter, rows in samples.items()}
        if max(known.values()) > 1:
            return max(DELIMITERS, key=known.__getitem__)
    return max(DELIMITERS, key=lambda delimiter: _evenness(samples[delimiter]))


def _evenness(rows: Sequence[Row]) -> float:
    """The number of columns times the share of rows that have exactly so many."""
    widths = Counter(len(row) for row in rows if any(map(str.strip, map(str, row))))
    best = max((width * times for width, times in widths.items() if width > 1), default=0)
    return best / max(widths.total(), 1)


def _sample(path: Path, encoding: str, delimiter: str) -> list[Row]:
    csv.field_size_limit(LONGEST_CELL)
    rows: list[Row] = []
    source = _Lines(b"", _blocks(path, encoding), delimiter)
    reader = csv.reader(source, delimiter=delimiter, skipinitialspace=delimiter != "\t")
    try:
        rows.extend(list(map(unguarded, record)) for record in islice(reader, _SAMPLE_RECORDS))
    except (csv.Error, FileRejectedError):
        return rows
    return rows


def _open_quote(record: int) -> FileRejectedError:
    return FileRejectedError(
        f"row {record}: a quote is opened and never closed, or a cell exceeds {LONGEST_CELL >> 10} kB",
        f"В строке {record} открыта кавычка, которая нигде не закрыта, или ячейка слишком велика. "
        "Исправьте строку или пришлите таблицу в .xlsx.",
    )


def _too_wide() -> FileRejectedError:
    return FileRejectedError(
        f"a row has more than {WIDEST} cells, or {_LONGEST_LINE >> 20} MiB",
        "В строке файла слишком много ячеек, или строки в нём не разделены. Пришлите таблицу в .xlsx.",
    )
