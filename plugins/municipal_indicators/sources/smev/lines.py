"""Cuts a large text file into blocks of whole lines, in constant memory."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from municipal_indicators.inbox.safe_xml import utf16_of
from municipal_indicators.sources.smev.json_objects import are_objects_spread, objects_on_lines

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BLOCK_BYTES = 32 << 20
_HEAD_BYTES = 256 << 10
_CHUNK_BYTES = 1 << 20


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

    A leading byte order mark is dropped, UTF-16 is read as UTF-8, a carriage return ends a line where nothing
    else does, and a JSON array or objects of several lines are read as an object a line, on the line where it
    begins. ``ending`` is appended to the last line if that
    has no end. A line longer than ``size`` may be skipped; one longer than twice ``size`` always is.
    """
    with path.open("rb") as opened:
        file = plain_lines(opened)
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


def plain_lines(file: IO[bytes]) -> IO[bytes]:
    """The same file, at its beginning, in UTF-8 or in an encoding of one byte, with an object a line.

    A file that must be rewritten for that cannot be sought in.
    """
    head = file.read(_HEAD_BYTES)
    encoding = utf16_of(head)
    if encoding:
        head = head.decode(encoding, errors="ignore").encode("utf-8")
    is_spread = are_objects_spread(head.removeprefix(codecs.BOM_UTF8))
    file.seek(0 if encoding or not head.startswith(codecs.BOM_UTF8) else len(codecs.BOM_UTF8))
    # Lines that end as on an old Mac would all be one.
    has_returns = b"\r" in head and b"\n" not in head
    if not (encoding or is_spread or has_returns):
        return file
    chunks = _chunks(file)
    if encoding:
        chunks = _recoded(chunks, encoding)
    if has_returns:
        chunks = (chunk.replace(b"\r", b"\n") for chunk in chunks)
    if is_spread:
        chunks = objects_on_lines(chunks)
    return io.BufferedReader(_Flow(chunks))


class _Flow(io.RawIOBase):
    """A file of chunks that are made while it is read."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, target: WriteableBuffer) -> int:
        while not self._left:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._left = memoryview(chunk)
        buffer = memoryview(target).cast("B")
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK_BYTES):
        yield chunk


def _recoded(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for chunk in chunks:
        yield decoder.decode(chunk).encode("utf-8", errors="replace")
    yield decoder.decode(b"", final=True).encode("utf-8", errors="replace")


def _skip_line(file: IO[bytes], size: int) -> None:
    while (rest := file.readline(size)) and not rest.endswith(b"\n"):
        pass
