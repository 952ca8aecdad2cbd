"""CSV and its relatives: encoding proved strictly, delimiter found by what splits rows alike."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import TextIO

from municipal_indicators.errors import FileRejectedError
from municipal_indicators.tables.sheets import WIDEST, Judge, Row, Sheet

DELIMITERS = (";", "\t", ",")
_SAMPLE_RECORDS = 50
_LONGEST_CELL = 1 << 18
_LONGEST_LINE = 1 << 24
_BLOCK = 1 << 20
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)


def read_delimited(path: Path, judge: Judge | None = None) -> Sheet:
    """The only sheet of a CSV. Lines count records as Excel does: a ``sep=`` line is none of them.

    ``judge`` tells how many headings it knows in the first rows: the delimiter that it likes best
    is taken, and the one that splits rows most alike where it knows none. Raises
    FileRejectedError for what is no text, and while rows are read for a quote never closed.
    """
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        found = _SEPARATOR_LINE.fullmatch(file.readline(16))
    delimiter = found.group(1) if found else _delimiter(path, encoding, judge)
    records = _records(path, encoding, delimiter, skip_line=bool(found))
    return Sheet("", records, dialect=(encoding, delimiter))


def _records(path: Path, encoding: str, delimiter: str, *, skip_line: bool) -> Iterator[Row]:
    """The records of a file: cut at the delimiters where nothing is quoted, else by the csv module."""
    csv.field_size_limit(_LONGEST_CELL)
    # Quotes, blanks that the csv module skips, and line ends of its own.
    telling = ('"', "\r") if delimiter == "\t" else ('"', "\r", f"{delimiter} ", "\n ")
    number, width = 0, 0
    with path.open(encoding=encoding, newline="") as file:
        if skip_line:
            file.readline()
        blocks = _blocks(file)
        for block in blocks:
            text = block.replace("\r\n", "\n")
            lines = text.removesuffix("\n").split("\n")
            if not (
                any(sign in text for sign in telling)
                or text.startswith(" ")
                or max(map(len, lines)) > WIDEST
            ):
                rows: list[Row] = [line.split(delimiter) if line else [] for line in lines]  # type: ignore[misc]
                number, width = number + len(rows), max(width, *map(len, rows))
                yield from rows
                continue
            source = _Lines(block, blocks, delimiter)
            reader = csv.reader(source, delimiter=delimiter, skipinitialspace=delimiter != "\t")
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
                yield record  # type: ignore[misc]  # a list of str is a row of cells


def _blocks(file: TextIO) -> Iterator[str]:
    """A file in pieces that end where a line ends; raises FileRejectedError for an endless line."""
    while block := file.read(_BLOCK):
        rest = file.readline(_LONGEST_LINE)
        if len(rest) == _LONGEST_LINE:
            raise _too_wide()
        yield block + rest


class _Lines(Iterator[str]):
    """The lines of a block, and of those after it while a quoted cell goes on into them.

    None has so many cells that the reader could not hold them.
    """

    def __init__(self, block: str, blocks: Iterator[str], delimiter: str) -> None:
        self._blocks = blocks
        self._delimiter = delimiter
        self._next = ""
        self._open(block)

    def __next__(self) -> str:
        if self.is_spent:
            self._open(next(self._blocks))
        line = self._next
        self._next = self._lines.readline()
        if len(line) > WIDEST and line.count(self._delimiter) > WIDEST:
            raise _too_wide()
        return line

    @property
    def is_spent(self) -> bool:
        """Whether all lines of the blocks that were opened are taken."""
        return not self._next

    def _open(self, block: str) -> None:
        self._lines = StringIO(block, newline="")
        self._next = self._lines.readline()


def _swallows_rows(record: list[str], delimiter: str, width: int) -> bool:
    """Whether a cell holds a whole later row: the sign of a quote that was never closed."""
    lines = (line for cell in record if "\n" in cell for line in cell.split("\n")[1:])
    rows = sum(line.count(delimiter) >= max(width - 1, 1) for line in lines)
    # In a narrow table one delimiter in a longer text proves nothing yet.
    return rows > (width < 3)


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(_BLOCK)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates = ["utf-16"]
    elif b"\0" in head:
        raise FileRejectedError(
            "the file is binary and of no kind that can be read",
            "Формат файла не распознан. Пришлите таблицу .xlsx, .xls, .ods или .csv.",
        )
    elif head.startswith(codecs.BOM_UTF8):
        candidates = ["utf-8-sig"]
    else:
        candidates = ["utf-8", "windows-1251"]
    for encoding in candidates:
        if _decodes(path, encoding):
            return encoding
    raise FileRejectedError(
        f"the text is not in {' or '.join(candidates)}",
        "Кодировка файла не распознана. Сохраните CSV в кодировке UTF-8 или Windows-1251.",
    )


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _delimiter(path: Path, encoding: str, judge: Judge | None) -> str:
    samples = {delimiter: _sample(path, encoding, delimiter) for delimiter in DELIMITERS}
    if judge:
        known = {delimiter: judge(rows) for delimiter, rows in samples.items()}
        if max(known.values()) > 1:
            return max(DELIMITERS, key=known.__getitem__)
    return max(DELIMITERS, key=lambda delimiter: _evenness(samples[delimiter]))


def _evenness(rows: Sequence[Row]) -> float:
    """Columns times the share of rows that have just as many."""
    widths = Counter(len(row) for row in rows if any(map(str.strip, map(str, row))))
    best = max((width * times for width, times in widths.items() if width > 1), default=0)
    return best / max(widths.total(), 1)


def _sample(path: Path, encoding: str, delimiter: str) -> list[Row]:
    csv.field_size_limit(_LONGEST_CELL)
    rows: list[Row] = []
    with path.open(encoding=encoding, newline="") as file:
        blocks = _blocks(file)
        source = _Lines("", blocks, delimiter)
        reader = csv.reader(source, delimiter=delimiter, skipinitialspace=delimiter != "\t")
        try:
            rows.extend(list(record) for record in islice(reader, _SAMPLE_RECORDS))
        except (csv.Error, FileRejectedError):
            return rows
    return rows


def _open_quote(record: int) -> FileRejectedError:
    return FileRejectedError(
        f"row {record}: a quote is opened and never closed, or a cell exceeds {_LONGEST_CELL >> 10} kB",
        f"В строке {record} открыта кавычка, которая нигде не закрыта, или ячейка слишком велика. "
        "Исправьте строку или пришлите таблицу в .xlsx.",
    )


def _too_wide() -> FileRejectedError:
    return FileRejectedError(
        f"a row has more than {WIDEST} cells, or {_LONGEST_LINE >> 20} MiB",
        "В строке файла слишком много ячеек, или строки в нём не разделены. Пришлите таблицу в .xlsx.",
    )
