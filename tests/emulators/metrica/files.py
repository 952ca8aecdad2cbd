"""The content of a part of a log: bytes in memory, or a range of a file on disk."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from mmap import ACCESS_READ, mmap
from pathlib import Path

CHUNK = 1 << 20
SMALL_CHUNK = 64 << 10


@dataclass(frozen=True, slots=True)
class Memory:
    """A body that is small enough for memory."""

    body: bytes
    piece: int = SMALL_CHUNK

    @property
    def length(self) -> int:
        """Bytes of the body."""
        return len(self.body)

    def chunks(self) -> Iterator[bytes]:
        """The body in chunks."""
        for start in range(0, len(self.body), self.piece):
            yield self.body[start : start + self.piece]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A range of whole lines of a file, with the heading in front where the range does not include it."""

    path: Path
    head: bytes
    start: int
    end: int

    @property
    def length(self) -> int:
        """Bytes of the body, the heading included."""
        return len(self.head) + self.end - self.start

    @property
    def body(self) -> bytes:
        """The complete body, for cuts at a row."""
        return b"".join(self.chunks())

    def chunks(self) -> Iterator[bytes]:
        """The body in chunks: memory does not grow with the file."""
        if self.head:
            yield self.head
        left = self.end - self.start
        with self.path.open("rb", buffering=0) as file:
            file.seek(self.start)
            while left > 0 and (chunk := file.read(min(CHUNK, left))):
                left -= len(chunk)
                yield chunk


Content = Memory | Stretch


def split(path: Path, most_bytes: int, most_rows: int | None = None) -> list[Stretch]:
    """Split a file with a heading into ranges of whole lines within both limits.

    A line that is longer than `most_bytes` becomes its own range.
    """
    with path.open("rb") as file:
        head = file.readline()
        with mmap(file.fileno(), 0, access=ACCESS_READ) as view:
            cuts = [len(head)]
            while cuts[-1] < len(view):
                cuts.append(_end(view, cuts[-1], most_bytes - len(head), most_rows))
    # The first range includes the heading of the file.
    return [
        Stretch(path, head if start else b"", start, end) for start, end in pairwise([0, *cuts[1:]])
    ]


def _end(view: mmap, start: int, room: int, most_rows: int | None) -> int:
    end = len(view)
    if end - start > room:
        end = (
            view.rfind(b"\n", start, start + max(0, room)) + 1 or view.find(b"\n", start) + 1 or end
        )
    for place in range(most_rows or 0):
        start = view.find(b"\n", start, end) + 1
        if not start or place + 1 == most_rows:
            return start or end
    return end
