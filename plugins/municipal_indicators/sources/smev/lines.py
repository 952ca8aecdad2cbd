"""Cuts a large text file into blocks of whole lines, in constant memory; lines are not interpreted."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

BLOCK_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class LineBlock:
    """Whole lines of a file, in chunks of bytes that are not joined; ``first_line`` counts from one.

    A block without chunks is one line that is longer than a block and is skipped.
    """

    first_line: int
    chunks: tuple[bytes, ...]

    @property
    def lines(self) -> int:
        """The number of lines, blank ones included."""
        if not self.chunks:
            return 1
        ends = sum(chunk.count(b"\n") for chunk in self.chunks)
        return ends + (not self.chunks[-1].endswith(b"\n"))

    @property
    def blank_lines(self) -> int:
        """The number of blank lines; slow, because each line is looked at."""
        content = b"".join(self.chunks).removesuffix(b"\n")
        return sum(not line.strip(b" \t\r") for line in content.split(b"\n"))


def line_blocks(path: Path, size: int = BLOCK_BYTES, ending: bytes = b"") -> Iterator[LineBlock]:
    """The lines of a file in blocks of ``size`` bytes, each extended to the end of its last line.

    A leading byte order mark is dropped. ``ending`` is appended to the last line if that has no end.
    A line longer than ``size`` may be skipped; one longer than twice ``size`` always is.
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
            chunks = tuple(part for part in (chunk, tail) if part)
            if ending and not chunks[-1].endswith(b"\n"):
                chunks += (ending,)
            block = LineBlock(line, chunks)
            yield block
            line += block.lines


def _skip_line(file: IO[bytes], size: int) -> None:
    while (rest := file.readline(size)) and not rest.endswith(b"\n"):
        pass
