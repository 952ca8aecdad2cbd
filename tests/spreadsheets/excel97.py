"""Writes the smallest .xls (BIFF8 in an OLE container) that holds one sheet of text, numbers and dates."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from datetime import date

from tests.emulators.inbox.tables import Cell

_SECTOR = 512
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_GENERAL, _DATE = 0, 1


def xls_bytes(
    rows: Sequence[Sequence[Cell]],
    sheet: str = "Лист1",
    merges: Sequence[tuple[int, int, int, int]] = (),
) -> bytes:
    """The rows as an Excel 97 workbook; ``merges`` are first and last row, first and last column, from 0."""
    return _container(_workbook(rows, sheet, merges))


def _workbook(
    rows: Sequence[Sequence[Cell]], sheet: str, merges: Sequence[tuple[int, int, int, int]]
) -> bytes:
    name = sheet.encode("utf-16-le")
    formats = b"".join(_record(0xE0, struct.pack("<HHH14x", 0, number, 0)) for number in (0, 14))
    start = _record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0)) + formats
    head = struct.pack("<BBBB", 0, 0, len(sheet), 1) + name
    offset = len(start) + len(_record(0x85, b"\0" * 4 + head)) + len(_record(0x0A, b""))
    globals_ = start + _record(0x85, struct.pack("<I", offset) + head) + _record(0x0A, b"")
    cells = b"".join(
        _cell(line, column, cell)
        for line, row in enumerate(rows)
        for column, cell in enumerate(row)
    )
    begin = _record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0))
    areas = b"".join(struct.pack("<HHHH", *area) for area in merges)
    merged = _record(0xE5, struct.pack("<H", len(merges)) + areas) if merges else b""
    return globals_ + begin + cells + merged + _record(0x0A, b"")


def _cell(line: int, column: int, cell: Cell) -> bytes:
    if isinstance(cell, date):
        days = float((cell - date(1899, 12, 30)).days)
        return _record(0x203, struct.pack("<HHHd", line, column, _DATE, days))
    if isinstance(cell, int | float):
        return _record(0x203, struct.pack("<HHHd", line, column, _GENERAL, float(cell)))
    text = (cell or "").encode("utf-16-le")
    return _record(0x204, struct.pack("<HHHHB", line, column, _GENERAL, len(cell or ""), 1) + text)


def _record(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def _container(stream: bytes) -> bytes:
    # Streams under 4096 bytes would need a second, smaller allocation table.
    stream = stream.ljust(4096, b"\0")
    stream += b"\0" * (-len(stream) % _SECTOR)
    sectors = len(stream) // _SECTOR
    table = [_FAT, _END, *range(3, sectors + 2), _END]
    fat = struct.pack(f"<{len(table)}I", *table).ljust(_SECTOR, b"\xff")
    assert len(fat) == _SECTOR, "one sector of the table holds streams of up to 63 kB"
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack(
        "<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, _END, 0, _END, 0
    )
    header += struct.pack("<109I", 0, *[_FREE] * 108)
    entries = _entry("Root Entry", 5, 1, _END, 0) + _entry("Workbook", 2, _FREE, 2, len(stream))
    return header + fat + entries.ljust(_SECTOR, b"\0") + stream


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    text = name.encode("utf-16-le") + b"\0\0"
    links = struct.pack("<BBIII", kind, 1, _FREE, _FREE, child)
    return (
        text.ljust(64, b"\0")
        + struct.pack("<H", len(text))
        + links
        + bytes(36)
        + struct.pack("<IQ", start, size)
    )
