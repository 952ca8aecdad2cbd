"""CSV and its relatives: encoding proved strictly, delimiter found by what splits rows alike."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from municipal_indicators.errors import FileRejectedError
from municipal_indicators.tables.sheets import Row, Sheet

DELIMITERS = (";", "\t", ",")
_SAMPLE_RECORDS = 50
_LONGEST_CELL = 1 << 18
_BLOCK = 1 << 20
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)


def read_delimited(path: Path) -> Sheet:
    """The only sheet of a CSV. Lines count records as Excel does: a ``sep=`` line is none of them.

    Raises FileRejectedError for what is no text, and while rows are read for a quote never closed.
    """
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        found = _SEPARATOR_LINE.fullmatch(file.readline(16))
    delimiter = found.group(1) if found else _delimiter(path, encoding)
    return Sheet("", _records(path, encoding, delimiter, skip_line=bool(found)))


def _records(path: Path, encoding: str, delimiter: str, *, skip_line: bool) -> Iterator[Row]:
    csv.field_size_limit(_LONGEST_CELL)
    with path.open(encoding=encoding, newline="") as file:
        if skip_line:
            file.readline()
        reader = csv.reader(file, delimiter=delimiter, skipinitialspace=delimiter != "\t")
        number, width, line = 0, 0, 0
        try:
            for record in reader:
                number += 1
                if reader.line_num - line > 1 and _swallows_rows(record, delimiter, width):
                    raise _open_quote(number)
                line = reader.line_num
                width = max(width, len(record))
                yield record  # type: ignore[misc]  # a list of str is a row of cells
        except csv.Error:
            raise _open_quote(number + 1) from None


def _swallows_rows(record: list[str], delimiter: str, width: int) -> bool:
    """Whether a cell holds a whole later row: the sign of a quote that was never closed."""
    needed = max(width - 1, 1)
    return any(
        line.count(delimiter) >= needed
        for cell in record
        if "\n" in cell
        for line in cell.split("\n")[1:]
    )


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


def _delimiter(path: Path, encoding: str) -> str:
    """The delimiter that splits the first records most alike into most columns."""

    def score(delimiter: str) -> float:
        records = islice(_sample(path, encoding, delimiter), _SAMPLE_RECORDS)
        widths = Counter(len(record) for record in records if any(map(str.strip, record)))
        split = {width: times for width, times in widths.items() if width > 1}
        if not split:
            return 0
        width, times = max(split.items(), key=lambda one: one[0] * one[1])
        return width * times / widths.total()

    return max(DELIMITERS, key=score)


def _sample(path: Path, encoding: str, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(_LONGEST_CELL)
    with path.open(encoding=encoding, newline="") as file:
        try:
            yield from csv.reader(file, delimiter=delimiter, skipinitialspace=delimiter != "\t")
        except csv.Error:
            return


def _open_quote(record: int) -> FileRejectedError:
    return FileRejectedError(
        f"row {record}: a quote is opened and never closed, or a cell exceeds {_LONGEST_CELL >> 10} kB",
        f"В строке {record} открыта кавычка, которая нигде не закрыта, или ячейка слишком велика. "
        "Исправьте строку или пришлите таблицу в .xlsx.",
    )
