"""Cuts a large text file into blocks of whole lines, in flat memory; what a line says is not known here."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

BLOCK_BYTES = 16 << 20
_BLANK_STARTS = (b"\n", b"\r", b" ", b"\t")
_BLANK_SIGNS = tuple(b"\n" + start for start in _BLANK_STARTS)


@dataclass(frozen=True, slots=True)
class LineBlock:
    """Whole lines of a file; ``first_line`` counts from one.

    ``data`` is None for one line longer than a block, which is skipped.
    """

    first_line: int
    data: bytes | None

    @property
    def lines(self) -> int:
        """How many lines of the block are not blank; a skipped line counts."""
        if self.data is None:
            return 1
        data = self.data
        if data.startswith(_BLANK_STARTS) or any(sign in data for sign in _BLANK_SIGNS):
            return sum(1 for line in data.split(b"\n") if line.strip(b" \t\r"))
        return data.count(b"\n") + (not data.endswith(b"\n"))


def line_blocks(path: Path, size: int = BLOCK_BYTES) -> Iterator[LineBlock]:
    """The lines of a file in blocks of about ``size`` bytes; a leading byte order mark is dropped."""
    with path.open("rb") as file:
        if file.read(3) != codecs.BOM_UTF8:
            file.seek(0)
        line, rest = 1, b""
        while chunk := file.read(size):
            data = rest + chunk
            end = data.rfind(b"\n") + 1
            if not end and len(data) > size:
                yield LineBlock(line, None)
                line, rest = line + 1, _after_line(file, size)
                continue
            if end:
                yield LineBlock(line, data[:end])
                line += data.count(b"\n")
            rest = data[end:]
        if rest:
            yield LineBlock(line, rest)


def _after_line(file: IO[bytes], size: int) -> bytes:
    while chunk := file.read(size):
        _, found, after = chunk.partition(b"\n")
        if found:
            return after
    return b""
