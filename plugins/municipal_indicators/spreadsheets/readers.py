"""Opens a file by its first bytes, whatever its name, and yields its sheets as unprocessed rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from municipal_indicators.errors import FileRejectedError
from municipal_indicators.spreadsheets.delimited import read_delimited
from municipal_indicators.spreadsheets.markup import read_markup
from municipal_indicators.spreadsheets.sheets import HeadingCounter, Sheet
from municipal_indicators.spreadsheets.workbooks import read_workbook

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


def read_sheets(path: Path, count_headings: HeadingCounter | None = None) -> Iterator[Sheet]:
    """The sheets of a workbook (.xlsx, .xls, .ods), a CSV, or an HTML or XML table named .xls.

    Rows must be consumed before the next sheet is requested. ``count_headings`` returns the number of
    known headings in some rows; it helps to find the delimiter. Raises FileRejectedError.
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
        yield from read_workbook(path)
    elif head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        yield from read_markup(path)
    else:
        yield read_delimited(path, count_headings)
