"""Finds the other half of a log line that rotation cut, in the previous or next file, by name and timestamps.

Only the archive and the arriving file are read. No half is stored, since it may quote a person.
"""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from municipal_indicators.sources.smev.lines import plain_lines

if TYPE_CHECKING:
    from pathlib import Path

    from upath import UPath

_STAMP = re.compile(rb"^\[?(20\d\d[-.]\d\d[-.]\d\d[ T]\d\d:\d\d:\d\d)", re.MULTILINE)
_NUMBERED = re.compile(r"^(?P<base>.+\.(?:log|txt))(?:\.(?P<number>\d{1,3}))?$", re.IGNORECASE)
_DATED = re.compile(r"^(?P<base>.*[-_.])(?P<number>\d{1,4})(?P<end>\.(?:log|txt))$", re.IGNORECASE)
_EDGE_BYTES = 256 << 10
# How a continuation line of an entry begins; such a line is complete.
_BELOW = (b" ", b"\t", b"Caused by:", b"... ")


@dataclass(frozen=True, slots=True)
class Edges:
    """Both ends of a log: its first and last timestamps, and the parts of lines that rotation cut.

    ``head`` is the rest of a line that began in the previous file; empty if the file begins with an
    entry or with a continuation line. ``is_cut`` means that the last line has no end.
    """

    head: bytes
    first_stamp: bytes
    last_stamp: bytes
    is_cut: bool

    def continues(self, before: Edges) -> bool:
        """Whether the cut line of ``before`` may end here: it is cut, and no entry here is older."""
        return bool(self.head) and before.is_cut and before.last_stamp <= self.first_stamp


def older_names(name: str) -> list[str]:
    """The possible names of the file before a rotated log."""
    plain = name.removesuffix(".gz")
    if match := _NUMBERED.match(plain):
        names = [f"{match['base']}.{int(match['number'] or 0) + 1}"]
        if not match["number"] and (dated := _DATED.match(plain)) and int(dated["number"]) > 0:
            names.append(f"{dated['base']}{int(dated['number']) - 1}{dated['end']}")
        return _packed_too(names)
    return []


def newer_names(name: str) -> list[str]:
    """The possible names of the file after a rotated log."""
    plain = name.removesuffix(".gz")
    match = _NUMBERED.match(plain)
    if match and match["number"]:
        number = int(match["number"])
        return _packed_too([match["base"] if number == 1 else f"{match['base']}.{number - 1}"])
    if dated := _DATED.match(plain):
        return _packed_too([f"{dated['base']}{int(dated['number']) + 1}{dated['end']}"])
    return []


def edges_of(path: Path | UPath) -> Edges:
    """The edges of a log file, plain or gzipped."""
    with _opened(path) as (file, is_stream):
        start = end = file.read(_EDGE_BYTES)
        if not is_stream:
            file.seek(max(file.seek(0, io.SEEK_END) - _EDGE_BYTES, 0))
        while chunk := file.read(_EDGE_BYTES):
            end = (end + chunk)[-2 * _EDGE_BYTES :] if is_stream else chunk
    stamps = [found[1].replace(b".", b"-").replace(b"T", b" ") for found in _STAMP.finditer(start)]
    last = [found[1].replace(b".", b"-").replace(b"T", b" ") for found in _STAMP.finditer(end)]
    head = start.split(b"\n", 1)[0].rstrip(b"\r")
    if _STAMP.match(start) or head.startswith(_BELOW) or not stamps:
        head = b""
    return Edges(
        head=head,
        first_stamp=stamps[0] if stamps else b"",
        last_stamp=last[-1] if last else b"",
        is_cut=bool(end) and not end.endswith(b"\n"),
    )


def _packed_too(names: list[str]) -> list[str]:
    return [packed for name in names for packed in (name, f"{name}.gz")]


@contextmanager
def _opened(path: Path | UPath) -> Iterator[tuple[IO[bytes], bool]]:
    """The file, and whether it can only be read onwards."""
    with path.open("rb") as file:
        is_packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        if is_packed:
            with gzip.open(file) as unpacked:
                yield plain_lines(unpacked), True  # type: ignore[arg-type]
        else:
            plain = plain_lines(file)
            yield plain, plain is not file
