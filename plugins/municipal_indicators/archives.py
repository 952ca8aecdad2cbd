"""Opens .zip and .gz: members as local files, within limits that a hostile archive cannot pass."""

from __future__ import annotations

import gzip
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from municipal_indicators.errors import FileRejectedError
from municipal_indicators.masking import mask_personal

UNPACKED_LIMIT = 1 << 30
RATIO_LIMIT = 100
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Member:
    """One file to read: the file itself (``name`` empty) or one out of an archive."""

    name: str
    path: Path


@dataclass(slots=True)
class Unpacked:
    """The readable members of a file, and the names and reasons of those that were not readable."""

    members: list[Member] = field(default_factory=list)
    broken: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class _Budget:
    packed: int
    spent: int = 0

    def spend(self, size: int) -> None:
        self.spent += size
        if self.spent > UNPACKED_LIMIT or self.spent > RATIO_LIMIT * max(self.packed, 1):
            raise FileRejectedError(
                f"the archive unpacks beyond {UNPACKED_LIMIT >> 30} GiB or {RATIO_LIMIT}:1",
                "Архив распаковывается более чем в 1 ГиБ или более чем в 100 раз. "
                "Пришлите данные несколькими обычными файлами.",
            )


def is_zip(path: Path) -> bool:
    """Whether the content is a zip that is no Office document."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return not _is_office(archive)


def check_office_size(path: Path) -> None:
    """Raise FileRejectedError for a workbook (itself a zip) that unpacks beyond the limits."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            _Budget(path.stat().st_size).spend(sum(info.file_size for info in archive.infolist()))


@contextmanager
def unpacked(path: Path) -> Iterator[Unpacked]:
    """Open a file: itself, or the members of the archive that it is, one nested level included.

    Raises FileRejectedError for an archive beyond the limits or without a readable member.
    """
    with tempfile.TemporaryDirectory(prefix="unpacked-") as folder:
        result = Unpacked()
        _unpack(path, "", Path(folder), _Budget(path.stat().st_size), result, depth=0)
        if not result.members:
            reasons = "; ".join(f"{name}: {why}" for name, why in result.broken[:5]) or "it holds no file"
            raise FileRejectedError(
                f"the archive has no readable member ({reasons})",
                "В архиве нет ни одного файла, который удалось бы прочитать. Упакуйте файлы заново.",
            )
        yield result


def _is_office(archive: zipfile.ZipFile) -> bool:
    names = set(archive.namelist())
    return "[Content_Types].xml" in names or "META-INF/manifest.xml" in names


def _unpack(path: Path, name: str, folder: Path, budget: _Budget, result: Unpacked, depth: int) -> None:
    if depth < 2 and is_zip(path):
        _unpack_zip(path, name, folder, budget, result, depth)
    elif depth < 2 and _starts_with(path, b"\x1f\x8b"):
        _unpack_gzip(path, name, folder, budget, result, depth)
    else:
        result.members.append(Member(name, path))


def _unpack_zip(path: Path, name: str, folder: Path, budget: _Budget, result: Unpacked, depth: int) -> None:
    with zipfile.ZipFile(path) as archive:
        for number, info in enumerate(archive.infolist()):
            if info.is_dir() or _is_noise(info.filename):
                continue
            label = "/".join(filter(None, (name, mask_personal(info.filename))))
            # The member's own name never becomes a path on our disk.
            target = folder / f"{depth}-{number}-{len(result.members)}"
            try:
                with archive.open(info) as source:
                    _copy(source, target, budget)
            except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError) as e:
                result.broken.append((label, f"the member cannot be unpacked ({type(e).__name__})"))
                continue
            _unpack(target, label, folder, budget, result, depth + 1)


def _unpack_gzip(path: Path, name: str, folder: Path, budget: _Budget, result: Unpacked, depth: int) -> None:
    target = folder / f"{depth}-gz-{len(result.members)}"
    try:
        with gzip.open(path) as source:
            _copy(source, target, budget)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        # A journal that is still rotated may end early: what was unpacked is not trusted.
        result.broken.append((name or "the file", f"broken gzip ({type(error).__name__})"))
        return
    _unpack(target, name.removesuffix(".gz"), folder, budget, result, depth + 1)


def _copy(source: IO[bytes], target: Path, budget: _Budget) -> None:
    with target.open("wb") as sink:
        while chunk := source.read(_CHUNK):
            budget.spend(len(chunk))
            sink.write(chunk)


def _is_noise(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or (bool(parts) and parts[-1].startswith((".", "~$")))


def _starts_with(path: Path, magic: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(magic)) == magic

