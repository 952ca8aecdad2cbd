"""What an arrived file contains: its members and their formats."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

from municipal_indicators.errors import FileRejectedError
from municipal_indicators.inbox.archives import unpacked
from municipal_indicators.inspection.headings import heading_counter
from municipal_indicators.sources.smev.recognition import Kind, kind_of
from municipal_indicators.spreadsheets.headings import SEARCHED_ROWS
from municipal_indicators.spreadsheets.kinds import TableKind
from municipal_indicators.spreadsheets.readers import read_sheets

_SPOKEN = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 with BOM",
    "utf-16": "UTF-16",
    "\t": "tab",
    ";": "«;»",
    ",": "«,»",
}


def contents(path: Path, kinds: Sequence[TableKind]) -> tuple[list[tuple[str, str]], bool]:
    """Each member with its format, and whether all members look like messages or logs of SMEV.

    A file that is not an archive is its own member, without a name.
    """
    try:
        with unpacked(path) as content:
            found = {member.name: kind_of(member.path) for member in content.members}
            formats = [
                (one.name, _format(one.path, found[one.name], kinds)) for one in content.members
            ]
            formats += [(name, f"not read: {why}") for name, why in content.broken]
    except FileRejectedError:
        # Only an archive can be unreadable as a whole.
        with path.open("rb") as file:
            return [("", "gzip archive" if file.read(2) == b"\x1f\x8b" else "zip archive")], False
    return formats, not {Kind.UNKNOWN, Kind.EMPTY} & set(found.values())


def _format(path: Path, kind: Kind, kinds: Sequence[TableKind]) -> str:
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(b"PK\x03\x04"):
        return "OpenDocument (.ods)" if b"opendocument" in head else "Excel workbook (.xlsx)"
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return "Excel 97 workbook (.xls)"
    lowered = head.lower()
    if b"<html" in lowered or b"<table" in lowered:
        return "HTML table"
    if b"schemas-microsoft-com:office:spreadsheet" in lowered:
        return "SpreadsheetML (XML of Excel 2003)"
    if kind is not Kind.UNKNOWN:
        return str(kind.value)
    return _dialect(path, kinds)


def _dialect(path: Path, kinds: Sequence[TableKind]) -> str:
    try:
        sheet = next(iter(read_sheets(path, heading_counter(kinds))))
    except FileRejectedError as error:
        return f"not read: {error.reason}"
    encoding, delimiter = (_SPOKEN.get(one, one) for one in sheet.dialect or ("", ""))
    with suppress(FileRejectedError):
        if max(map(len, islice(sheet.rows, SEARCHED_ROWS)), default=0) < 2:
            return f"text in {encoding}, without columns"
    return f"CSV in {encoding}, delimiter {delimiter}"
