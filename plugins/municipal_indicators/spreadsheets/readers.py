"""Opens a file by its first bytes, whatever its name, and yields its sheets as unprocessed rows."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path

from municipal_indicators.errors import FileRejectedError
from municipal_indicators.inbox.fence import Parsing, parse
from municipal_indicators.spreadsheets.delimited import read_delimited
from municipal_indicators.spreadsheets.markup import is_mhtml, read_markup, read_mhtml
from municipal_indicators.spreadsheets.sheets import (
    LONGEST_NAME,
    HeadingCounter,
    RowBlock,
    Sheet,
    no_table_format,
    within_limits,
)
from municipal_indicators.spreadsheets.workbooks import read_workbook

SHEETS_LIMIT = 1_000
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_NO_TABLE = {
    b"%PDF": "PDF",
    b"{\\rtf": "RTF",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"MZ": "EXE",
    b"MOXCEL": "MXL (1С)",
    b"ID;P": "SYLK",
    b"[{": "JSON",
    b'{"': "JSON",
}


def read_sheets(path: Path, count_headings: HeadingCounter | None = None) -> Iterator[Sheet]:
    """The sheets of a workbook (.xlsx, .xlsb, .xls, .ods), a CSV, or an HTML, MHTML or XML table named .xls.

    Rows must be consumed before the next sheet is requested; a hidden sheet has none. A cell has at most
    ``LONGEST_CELL`` characters, see ``Sheet.cut``. ``count_headings`` returns the number of known
    headings in some rows; it helps to find the delimiter. Parsed within the fence, see ``inbox.fence``.
    Raises FileRejectedError and ParserDiedError.
    """
    parts = parse(_parts, path, count_headings)
    number = 0
    part = next(parts, None)
    while part is not None:
        sheet: Sheet = part
        blocks = _Blocks(parts, sheet)
        yield replace(sheet, blocks=blocks)
        number += 1
        parts.skip_to(number)
        part = blocks.next_sheet()


class _Blocks(Iterator[RowBlock]):
    """The blocks of one sheet among the parts of all; what follows them is the next sheet."""

    def __init__(self, parts: Parsing, sheet: Sheet) -> None:
        self._parts = parts
        self._sheet = sheet
        self._is_over = False
        self._next: Sheet | None = None

    def __next__(self) -> RowBlock:
        if self._is_over:
            raise StopIteration
        part = next(self._parts, None)
        if isinstance(part, int):
            self._sheet.cut.append(part)
            part = next(self._parts, None)
        if part is None or isinstance(part, Sheet):
            self._next, self._is_over = part, True
            raise StopIteration
        block: RowBlock = part
        return block

    def next_sheet(self) -> Sheet | None:
        """The sheet after this one; its remaining blocks are passed over."""
        for _ in self:
            pass
        return self._next


def _parts(
    path: Path, count_headings: HeadingCounter | None
) -> Generator[Sheet | RowBlock | int, int | None]:
    """Each sheet without its blocks, then its blocks, then the number of its cells that were cut."""
    for number, sheet in enumerate(_sheets(path, count_headings)):
        if number >= SHEETS_LIMIT:
            raise FileRejectedError(
                f"more than {SHEETS_LIMIT} sheets or tables",
                f"В файле более {SHEETS_LIMIT} листов или таблиц. Оставьте нужные и пришлите файл снова.",
            )
        yield replace(sheet, name=sheet.name[:LONGEST_NAME], blocks=iter(()))
        cut = 0
        wanted: int | None = None
        for block in () if sheet.is_hidden else sheet.blocks:
            bounded, cells = within_limits(block)
            cut += cells
            wanted = yield bounded
            if wanted is not None and wanted > number:
                break
        if cut:
            yield cut


def _sheets(path: Path, count_headings: HeadingCounter | None) -> Iterator[Sheet]:
    with path.open("rb") as file:
        head = file.read(4096)
    for magic, name in _NO_TABLE.items():
        if head.startswith(magic):
            raise no_table_format(name)
    if head.startswith((_ZIP, _OLE)):
        yield from read_workbook(path)
    elif head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        yield from read_markup(path)
    elif is_mhtml(head):
        yield from read_mhtml(path)
    else:
        yield read_delimited(path, count_headings)
