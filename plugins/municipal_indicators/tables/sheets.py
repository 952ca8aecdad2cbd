"""Opens a file by its first bytes, whatever its name says, and hands over its sheets as raw rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from municipal_indicators.errors import FileRejectedError
from municipal_indicators.masking import mask_personal
from municipal_indicators.tables.cells import Cell, plain_text

Row = list[Cell]
Judge = Callable[[Sequence[Row]], int]

WIDEST = 16_384
"""Columns of a sheet of Excel: no table has more."""

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


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its rows from the first one on, so that row n is line n as Excel shows it.

    ``is_1904``: bare numbers count days from 1904 where a column holds dates. ``dialect``: the
    encoding and the delimiter that a CSV was taken to have. ``errors``: cells of the whole workbook
    that show an error («#Н/Д») and are handed over as blank.
    """

    name: str
    rows: Iterator[Row]
    is_hidden: bool = False
    is_1904: bool = False
    dialect: tuple[str, str] | None = None
    errors: int = 0

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
        from municipal_indicators.tables.workbooks import read_workbook

        yield from read_workbook(path)
    elif head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        from municipal_indicators.tables.markup import read_markup

        yield from read_markup(path)
    else:
        from municipal_indicators.tables.delimited import read_delimited

        yield read_delimited(path, judge)
