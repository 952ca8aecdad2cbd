"""Writes the smallest .xlsb (BIFF12 in a zip) of sheets of text, numbers, dates and merged areas."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date

from tests.emulators.inbox.tables import Cell

_TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="bin" ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/>'
    "</Types>"
)
_LINKS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
_LINK = (
    '<Relationship Id="rId{0}" Target="worksheets/sheet{0}.bin" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"/>'
)
Area = tuple[int, int, int, int]
"""First and last row, first and last column, from 0."""


def xlsb_bytes(
    sheets: Mapping[str, Sequence[Sequence[Cell]]],
    *,
    merges: Sequence[Area] = (),
    hidden: Sequence[str] = (),
    date_1904: bool = False,
    far: tuple[int, int] | None = None,
) -> bytes:
    """The sheets as a binary workbook; ``merges`` are those of each sheet, ``far`` is one more cell."""
    book = _record(131) + _record(153, struct.pack("<III", date_1904, 0, 0)) + _record(143)
    for number, name in enumerate(sheets, 1):
        state = struct.pack("<II", 1 if name in hidden else 0, number)
        book += _record(156, state + _text(f"rId{number}") + _text(name))
    book += _record(144) + _record(132)
    formats = b"".join(
        _record(47, struct.pack("<HHHHHHI", 0xFFFF, number, 0, 0, 0, 0, 0)) for number in (0, 14)
    )
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": _TYPES,
        "xl/_rels/workbook.bin.rels": _LINKS.format(
            "".join(_LINK.format(number) for number in range(1, len(sheets) + 1))
        ),
        "xl/workbook.bin": book,
        "xl/styles.bin": _record(278) + _record(617, struct.pack("<I", 2)) + formats + _record(618),
    }
    for number, rows in enumerate(sheets.values(), 1):
        parts[f"xl/worksheets/sheet{number}.bin"] = _sheet(rows, merges, far)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return buffer.getvalue()


def _sheet(
    rows: Sequence[Sequence[Cell]], merges: Sequence[Area], far: tuple[int, int] | None
) -> bytes:
    width = max(map(len, rows), default=1)
    content = _record(129) + _record(148, struct.pack("<IIII", 0, len(rows) - 1, 0, width - 1))
    content += _record(145)
    for line, row in enumerate(rows):
        content += _record(0, struct.pack("<IIHHBI", line, 0, 300, 0, 0, 0))
        content += b"".join(_cell(place, cell) for place, cell in enumerate(row))
    if far:
        content += _record(0, struct.pack("<IIHHBI", far[0], 0, 300, 0, 0, 0)) + _cell(far[1], 1)
    content += _record(146)
    if merges:
        areas = b"".join(_record(176, struct.pack("<IIII", *area)) for area in merges)
        content += _record(177, struct.pack("<I", len(merges))) + areas + _record(178)
    return content + _record(130)


def _cell(place: int, cell: Cell) -> bytes:
    if cell is None or cell == "":
        return _record(1, struct.pack("<II", place, 0))
    if isinstance(cell, date):
        days = float((cell - date(1899, 12, 30)).days)
        return _record(5, struct.pack("<IId", place, 1, days))
    if isinstance(cell, int | float):
        return _record(5, struct.pack("<IId", place, 0, float(cell)))
    return _record(6, struct.pack("<II", place, 0) + _text(cell))


def _text(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def _record(kind: int, content: bytes = b"") -> bytes:
    number = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size, rest = b"", len(content)
    while True:
        size += bytes([rest & 0x7F | (0x80 if rest > 127 else 0)])
        rest >>= 7
        if not rest:
            return number + size + content
