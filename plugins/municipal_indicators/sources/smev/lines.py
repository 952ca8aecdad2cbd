"""Cuts a large text file into blocks of whole lines, in flat memory; what a line says is not known here."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

BLOCK_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class LineBlock:
    """Whole lines of a file in pieces, which are not joined; ``first_line`` counts from one.

    Without pieces it is one line longer than a block, which is skipped.
    """

    first_line: int
    pieces: tuple[bytes, ...]

    @property
    def lines(self) -> int:
        """How many lines they are, blank ones included."""
        if not self.pieces:
            return 1
        ends = sum(piece.count(b"\n") for piece in self.pieces)
        return ends + (not self.pieces[-1].endswith(b"\n"))

    @property
    def blank_lines(self) -> int:
        """How many of them say nothing; slow, because each is looked at."""
        content = b"".join(self.pieces).removesuffix(b"\n")
        return sum(not line.strip(b" \t\r") for line in content.split(b"\n"))


def line_blocks(path: Path, size: int = BLOCK_BYTES, ending: bytes = b"") -> Iterator[LineBlock]:
    """The lines of a file in blocks of ``size`` bytes and the rest of the last line of each.

    A leading byte order mark is dropped. ``ending`` completes the last line, which lacks it.
    A line that is longer than ``size`` may be skipped; it is, if longer than twice that.
    """
    with path.open("rb") as file:
        if file.read(3) != codecs.BOM_UTF8:
            file.seek(0)
        line = 1
        while chunk := file.read(size):
            tail = b"" if chunk.endswith(b"\n") else file.readline(size)
            if len(tail) == size and not tail.endswith(b"\n"):
                whole = chunk[: chunk.rfind(b"\n") + 1]
                if whole:
                    block = LineBlock(line, (whole,))
                    yield block
                    line += block.lines
                _skip_line(file, size)
                yield LineBlock(line, ())
                line += 1
                continue
            pieces = tuple(piece for piece in (chunk, tail) if piece)
            if ending and not pieces[-1].endswith(b"\n"):
                pieces += (ending,)
            block = LineBlock(line, pieces)
            yield block
            line += block.lines


def _skip_line(file: IO[bytes], size: int) -> None:
    while (rest := file.readline(size)) and not rest.endswith(b"\n"):
        pass
