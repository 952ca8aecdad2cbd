"""What an arrived file contains: its members and their formats."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from municipal_indicators.errors import FileRejectedError
from municipal_indicators.inbox.archives import foreign_archive, unpacked
from municipal_indicators.inspection.headings import heading_counter
from municipal_indicators.sources.smev.recognition import Kind, kind_of
from municipal_indicators.spreadsheets import encodings
from municipal_indicators.spreadsheets.binary import WORKBOOK
from municipal_indicators.spreadsheets.headings import SEARCHED_ROWS
from municipal_indicators.spreadsheets.kinds import TableKind
from municipal_indicators.spreadsheets.markup import is_mhtml
from municipal_indicators.spreadsheets.readers import read_sheets

_MARKUP = {
    b"<html": "HTML table",
    b"<table": "HTML table",
    b"schemas-microsoft-com:office:spreadsheet": "SpreadsheetML (XML of Excel 2003)",
}
_SPOKEN = {
    **encodings.SPOKEN,
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
            head = file.read(16)
        name = foreign_archive(head) or ("gzip" if head.startswith(b"\x1f\x8b") else "zip")
        return [("", f"{name} archive")], False
    return formats, not {Kind.UNKNOWN, Kind.EMPTY} & set(found.values())


def _format(path: Path, kind: Kind, kinds: Sequence[TableKind]) -> str:
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(b"PK\x03\x04"):
        return _office_format(path, head)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return "Excel 97 workbook (.xls)"
    if is_mhtml(head):
        return "MHTML (a web page in one file)"
    lowered = head.lower()
    for mark, name in _MARKUP.items():
        if mark in lowered:
            return name
    if kind is not Kind.UNKNOWN:
        return str(kind.value)
    return _dialect(path, kinds)


def _office_format(path: Path, head: bytes) -> str:
    if b"opendocument" in head:
        return "OpenDocument (.ods)"
    with suppress(BadZipFile), ZipFile(path) as archive:
        if WORKBOOK in archive.namelist():
            return "binary Excel workbook (.xlsb)"
    return "Excel workbook (.xlsx)"


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
