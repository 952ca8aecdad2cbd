"""Arriving files: found in the inbox, copied and hashed, archived or rejected; not parsed here."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from municipal_indicators import settings
from municipal_indicators.errors import FileRejectedError, IndicatorsError
from municipal_indicators.inbox.masking import mask_personal
from municipal_indicators.warehouse.load_ledger import Unit

if TYPE_CHECKING:
    from upath import UPath

log = logging.getLogger(__name__)

YOUNG_SECONDS = 30.0
WATCH_SECONDS = 2.0
EMPTY_GRACE_SECONDS = 60.0
_CHUNK = 1 << 20
# Known suffixes only: "заявление.ivanov" must not bring a name into the archive.
_SUFFIX = re.compile(
    r"(?:\.(?:xlsx|xlsm|xlsb|xls|ods|csv|tsv|txt|xml|jsonl|json|log|html?|zip|gz|tgz|tar|\d{1,3}))+$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class LandedFile:
    """A local copy of one arrived file, which does not change any more.

    ``unit`` is its content (key: SHA-256; label: path below the inbox, personal data masked),
    ``modified_at`` the modification time of the arrived file in UTC.
    """

    unit: Unit
    path: Path
    suffix: str
    modified_at: datetime
    origin: UPath
    stamp: tuple[int, float]


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Copies of the files that can be loaded; label and reason of each that cannot be read."""

    files: list[LandedFile]
    unreadable: list[str]


def waiting_files(source: str) -> list[UPath]:
    """The files below ``inbox/<source>`` at any depth, oldest first, without lock files of editors."""
    folder = settings.inbox_folder() / source
    if not folder.exists():
        log.info("The inbox folder %s does not exist: nothing has arrived.", folder)
        return []
    found = []
    for path in folder.rglob("*"):
        if path.name.startswith((".", "~$")) or not path.is_file():
            continue
        if stamp := _stamp(path):
            found.append((stamp[1], str(path), path))
    return [path for *_, path in sorted(found, key=lambda one: one[:2])]


@contextmanager
def landed_files(source: str) -> Iterator[Arrivals]:
    """Copies of all waiting files that have stopped growing, as long as the context is open.

    A file that changes while it is watched or copied, and one that has been empty for less than a
    minute, stays in the inbox for the next run.
    """
    paths = waiting_files(source)
    growing = _growing(paths)
    arrivals = Arrivals([], [])
    with tempfile.TemporaryDirectory(prefix=f"landing-{source}-") as folder:
        for number, path in enumerate(paths):
            label = label_of(source, path)
            try:
                file = None if path in growing else _land(source, path, Path(folder) / str(number))
            except OSError as error:
                if not isinstance(error, FileNotFoundError):
                    arrivals.unreadable.append(
                        f"{label}: it cannot be read ({type(error).__name__})"
                    )
                continue
            if file is None:
                log.info("%s is still being written: left for the next run.", label)
            else:
                arrivals.files.append(file)
        yield arrivals


def is_unchanged(file: LandedFile) -> bool:
    """Whether the arrived file is unchanged since it was copied, or was removed."""
    return _stamp(file.origin) in (file.stamp, None)


def archive(file: LandedFile) -> UPath:
    """Move a processed file to ``archive/<source>/<SHA-256><suffix>``."""
    target = settings.archive_folder() / file.unit.source / (file.unit.key + file.suffix)
    _store(file.path, target)
    _remove_origin(file)
    return target


def reject(file: LandedFile, error: FileRejectedError) -> UPath:
    """Move a file to ``archive/rejected/`` and write the reason for its sender beside it."""
    target = settings.archive_folder() / "rejected" / (file.unit.key + file.suffix)
    _store(file.path, target)
    reason = target.parent / (target.name + ".reason.txt")
    reason.write_text(
        f"Файл не принят: {file.unit.label}\n"
        f"Получен: {file.modified_at:%d.%m.%Y %H:%M} UTC\n"
        f"Причина: {mask_personal(error.for_sender)}\n"
        "Исправьте файл и положите его в ту же папку ещё раз.\n"
        f"\nFor the engineer: {mask_personal(error.reason)}\n",
        encoding="utf-8",
    )
    _remove_origin(file)
    return target


def archived_path(source: str, key: str) -> UPath | None:
    """The path of the content with this SHA-256 in the archive; None if it is missing."""
    place = settings.archive_folder() / source
    return next((path for path in place.glob(f"{key}*") if not path.name.endswith(".part")), None)


def from_archive(unit: Unit, modified_at: datetime, folder: Path) -> LandedFile:
    """A copy, in ``folder``, of the archived content of a unit, to be loaded again.

    Raises IndicatorsError when the archive has no such content or has other content under its name.
    """
    place = settings.archive_folder() / unit.source
    found = archived_path(unit.source, unit.key)
    target = folder / unit.key
    digest = hashlib.sha256()
    if found:
        with found.open("rb") as archived, target.open("wb") as copy:
            while chunk := archived.read(_CHUNK):
                digest.update(chunk)
                copy.write(chunk)
    if not found or digest.hexdigest() != unit.key:
        raise IndicatorsError(
            f"{unit.label}: {place}/{unit.key}… {'is not its content' if found else 'does not exist'}: "
            "ask for the file again and put it into the inbox"
        )
    # A path that does not exist: the origin is neither watched for changes nor removed.
    origin = settings.inbox_folder() / unit.source / f".{unit.key}"
    return LandedFile(unit, target, _suffix(found.name), modified_at, origin, (-1, 0.0))


def label_of(source: str, path: UPath) -> str:
    """The path of a file below the inbox, with personal data masked."""
    relative = path.relative_to(settings.inbox_folder() / source)
    return mask_personal(f"{source}/{relative.as_posix()}")


def _growing(paths: list[UPath]) -> set[UPath]:
    stamps = {path: _stamp(path) for path in paths}
    now = time.time()
    young = {
        path: stamp for path, stamp in stamps.items() if stamp and now - stamp[1] < YOUNG_SECONDS
    }
    if young:
        time.sleep(WATCH_SECONDS)
    return {path for path, stamp in young.items() if _stamp(path) != stamp}


def _stamp(path: UPath) -> tuple[int, float] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_size, found.st_mtime


def _land(source: str, path: UPath, target: Path) -> LandedFile | None:
    before = _stamp(path)
    if before is None:
        return None
    if before[0] == 0 and time.time() - before[1] < EMPTY_GRACE_SECONDS:
        return None
    digest = hashlib.sha256()
    with path.open("rb") as arriving, target.open("wb") as copy:
        while chunk := arriving.read(_CHUNK):
            digest.update(chunk)
            copy.write(chunk)
    if _stamp(path) != before:
        return None
    return LandedFile(
        unit=Unit(source, digest.hexdigest(), label_of(source, path)),
        path=target,
        suffix=_suffix(path.name),
        modified_at=datetime.fromtimestamp(before[1], UTC),
        origin=path,
        stamp=before,
    )


def _suffix(name: str) -> str:
    found = _SUFFIX.search(name)
    return found.group().lower() if found else ""


def _store(path: Path, target: UPath) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.parent / (target.name + ".part")
    if not _is_linked(path, partial):
        with path.open("rb") as source, partial.open("wb") as sink:
            while chunk := source.read(_CHUNK):
                sink.write(chunk)
    partial.rename(target)


def _is_linked(path: Path, partial: UPath) -> bool:
    """Whether the landed copy could be linked into the archive, which saves copying it again."""
    if partial.protocol not in ("", "file"):
        return False
    partial.unlink(missing_ok=True)
    try:
        os.link(path, partial.path)
    except OSError:
        # Another disk, or a file system without links.
        return False
    return True


def _remove_origin(file: LandedFile) -> None:
    # If it has changed since it was copied, it is another unit, which the next run loads.
    if _stamp(file.origin) == file.stamp:
        file.origin.unlink(missing_ok=True)
