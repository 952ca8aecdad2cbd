"""What calamine does not tell of a binary workbook (.xlsb): merged areas, calendar, the farthest cells."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import ZipFile

WORKBOOK = "xl/workbook.bin"
_ROW, _CELLS, _ERRORS = 0, range(1, 12), (3, 11)
_SHEET, _PROPERTIES, _MERGED = 156, 153, 176
_LINK = re.compile(rb"<Relationship\s[^<>]{0,2048}>")
_ATTRIBUTE = re.compile(rb"(Id|Target)=[\"']([^\"']{0,1024})[\"']")
Merge = tuple[tuple[int, int], tuple[int, int]]
"""First and last row and column, from 0."""


@dataclass(slots=True)
class BinaryWorkbook:
    """``merges`` by the name of the sheet; ``errors`` counts cells that show an error.

    ``corners`` are the last row and column of each sheet, from 0.
    """

    is_1904: bool = False
    errors: int = 0
    merges: dict[str, list[Merge]] = field(default_factory=dict)
    corners: list[tuple[int, int]] = field(default_factory=list)


def read_binary(path: Path) -> BinaryWorkbook:
    """Look through the records of all sheets. Raises struct.error and ValueError for damaged ones."""
    book = BinaryWorkbook()
    with ZipFile(path) as archive:
        parts = {name.lower(): name for name in archive.namelist()}
        links = _links(archive.read(parts["xl/_rels/workbook.bin.rels"]))
        for kind, content in _records(archive.read(parts[WORKBOOK])):
            if kind == _PROPERTIES:
                book.is_1904 = bool(content[0] & 1)
            elif kind == _SHEET:
                link, end = _string(content, 8)
                name, _ = _string(content, end)
                part = parts.get(f"xl/{links.get(link, '')}".lower())
                if part:
                    _look_through(archive.read(part), book, book.merges.setdefault(name, []))
    return book


def _look_through(sheet: bytes, book: BinaryWorkbook, merges: list[Merge]) -> None:
    height = width = 0
    for kind, content in _records(sheet):
        if kind == _ROW:
            height = max(height, *struct.unpack_from("<I", content))
        elif kind in _CELLS:
            width = max(width, *struct.unpack_from("<I", content))
            book.errors += kind in _ERRORS
        elif kind == _MERGED:
            top, bottom, left, right = struct.unpack_from("<IIII", content)
            merges.append(((top, left), (bottom, right)))
    book.corners.append((height, width))


def _records(part: bytes) -> Iterator[tuple[int, bytes]]:
    place, end = 0, len(part)
    while place < end:
        kind = part[place]
        place += 1
        if kind > 127:
            kind = kind & 127 | part[place] << 7
            place += 1
        size = shift = 0
        while True:
            byte = part[place]
            place += 1
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128 or shift > 21:
                break
        yield kind, part[place : place + size]
        place += size


def _string(content: bytes, place: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<I", content, place)
    end = place + 4 + 2 * length
    return content[place + 4 : end].decode("utf-16-le"), end


def _links(part: bytes) -> dict[str, str]:
    found = (dict(_ATTRIBUTE.findall(link)) for link in _LINK.findall(part))
    return {
        one.get(b"Id", b"").decode(): one.get(b"Target", b"").decode().removeprefix("/xl/")
        for one in found
    }
