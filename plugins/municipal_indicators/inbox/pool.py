"""Small texts of an archive in one local file."""

from __future__ import annotations

from pathlib import Path
from typing import IO


class Pool:
    """Small texts from archives, one after another in one file.

    An archive of a month's messages has tens of thousands of them: creating a file for each takes
    longer than reading it, and keeping all in memory would need memory in proportion to the archive.
    A process that is handed a pool reads the same file.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._end = 0

    def __getstate__(self) -> dict[str, object]:
        if self._file:
            self._file.flush()
        return {**vars(self), "_file": None}

    def add(self, content: bytes) -> int:
        """Append a text; returns its position."""
        if self._file is None:
            self._file = (self._folder / "pool").open("w+b")
        place = self._end
        self._file.seek(place)
        self._file.write(content)
        self._end += len(content)
        return place

    def read(self, place: int, size: int) -> bytes:
        """The first ``size`` bytes of the text at a position."""
        if self._file is None:
            self._file = (self._folder / "pool").open("rb")
        self._file.seek(place)
        return self._file.read(size)

    def file_of(self, place: int, size: int) -> Path:
        """The text at a position as a file of its own."""
        target = self._folder / f"of-pool-{place}"
        if not target.exists():
            target.write_bytes(self.read(place, size))
        return target

    def close(self) -> None:
        """Close the file; the owner of the folder deletes it."""
        if self._file is not None:
            self._file.close()
