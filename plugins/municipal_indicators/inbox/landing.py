"""Arriving files: found in the inbox, copied and hashed, archived or rejected; not parsed here."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

from municipal_indicators import settings
from municipal_indicators.errors import (
    ConfigurationError,
    FileRejectedError,
    IndicatorsError,
    StorageError,
)
from municipal_indicators.inbox import archived, local_files, workplace
from municipal_indicators.inbox.local_files import CHUNK, GONE, Place, Stamp, in_words, named
from municipal_indicators.inbox.masking import mask_personal
from municipal_indicators.inbox.names import is_left_alone, shown, suffix_of
from municipal_indicators.warehouse.load_ledger import AHEAD, Unit, now

if TYPE_CHECKING:
    from upath import UPath

log = logging.getLogger(__name__)

YOUNG_SECONDS = 30.0
WATCH_SECONDS = 2.0
EMPTY_GRACE_SECONDS = 60.0
GROWTH_DAYS = 7
_SINCE_1970 = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that waits: where, as it was when it was found; ``label`` is its path, personal data masked."""

    source: str
    origin: Place | UPath
    label: str
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Arrived:
    """What is recorded of a file that arrived; ``size`` in bytes, 0 where it was not recorded."""

    label: str
    modified_at: datetime
    size: int


@dataclass(slots=True)
class Waiting:
    """The files that wait, oldest first, and what is wrong with places that could not be looked at."""

    files: list[Arrival] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class LandedFile:
    """A local copy of one arrived file, which does not change any more.

    ``unit`` is its content (key: SHA-256; label: path below the inbox, personal data masked),
    ``modified_at`` the modification time of the arrived file in UTC, at most that of its landing. A copy
    from the archive has no ``arrival``.
    """

    unit: Unit
    path: Path
    suffix: str
    modified_at: datetime
    arrival: Arrival | None

    @property
    def is_of_the_future(self) -> bool:
        """Whether the file that arrived is dated ahead of the clock, which is not believed."""
        return self.arrival is not None and _instant(self.arrival.stamp) > now() + AHEAD


def waiting_files(source: str) -> Waiting:
    """The files below ``inbox/<source>`` at any depth that may be taken.

    Names of unfinished uploads, hidden folders, links and what is no regular file are left alone.
    Waits two seconds if some are so young that they may be growing. Raises ConfigurationError if there
    is no inbox.
    """
    inbox = settings.inbox_folder()
    root = archived.local(inbox)
    waiting = Waiting()
    if root is None:
        _list_remote(source, inbox / source, waiting)
    elif root.is_dir():
        _list(Place(root, (source,)), waiting)
    elif root == settings.REPOSITORY / "inbox":
        log.info("%s does not exist: nothing has arrived.", root)
    else:
        raise ConfigurationError(
            f"Папки приёма {root} нет: создайте или подключите её, или исправьте переменную Airflow inbox, "
            "затем запустите снова."
        )
    quiet = settings.file_quiet_seconds()
    for one in [one for one in waiting.files if one.stamp.age < quiet]:
        log.info("%s has moved within %.0f s: left for the next run.", one.label, quiet)
        waiting.files.remove(one)
    if any(one.stamp.age < YOUNG_SECONDS for one in waiting.files):
        time.sleep(WATCH_SECONDS)
    waiting.files.sort(key=lambda one: (one.stamp.modified, str(_path(one.origin))))
    return waiting


def land(arrival: Arrival, folder: Path) -> LandedFile | None:
    """A copy of a waiting file in ``folder``; None if it is still being written or was taken away.

    A file that has been empty for less than a minute is being written too. Raises StorageError.
    """
    target = folder / "arrived"
    try:
        key = _copied(arrival, target)
    except OSError as error:
        if error.errno in GONE:
            return None
        raise StorageError(f"файл не читается: {in_words(error)}") from None
    if key is None:
        return None
    return LandedFile(
        unit=Unit(arrival.source, key, arrival.label),
        path=target,
        suffix=suffix_of(_path(arrival.origin).name),
        modified_at=min(_instant(arrival.stamp), now()),
        arrival=arrival,
    )


def is_unchanged(file: LandedFile) -> bool:
    """Whether the arrived file is unchanged since it was copied, or was removed. Raises OSError."""
    if file.arrival is None:
        return True
    present = _stamp(file.arrival.origin)
    return present is None or file.arrival.stamp.is_of(present)


def archive(file: LandedFile) -> None:
    """Move a processed file to ``archive/<source>/<SHA-256><suffix>``, and note how it arrived.

    Raises StorageError.
    """
    if file.arrival is not None:
        archived.note(file.unit, file.modified_at, file.arrival.stamp.size)
        _move(file, settings.archive_folder() / file.unit.source / (file.unit.key + file.suffix))


def reject(file: LandedFile, error: FileRejectedError) -> str:
    """Move a file to ``archive/rejected/``, the reason for its sender beside it; returns its name there.

    Raises StorageError.
    """
    target = settings.archive_folder() / "rejected" / (file.unit.key + file.suffix)
    reason = target.parent / (target.name + ".reason.txt")
    text = (
        f"Файл не принят: {file.unit.label}\n"
        f"Получен: {file.modified_at:%d.%m.%Y %H:%M} UTC\n"
        f"Причина: {mask_personal(error.for_sender)}\n"
        "Исправьте файл и положите его в ту же папку ещё раз.\n"
        f"\nFor the engineer: {mask_personal(error.reason)}\n"
    )
    with named(archived.described()):
        if local := archived.local(reason):
            local_files.make_folder(local.parent)
            local_files.write_text(local, text)
        else:
            reason.write_text(text, encoding="utf-8")
    _move(file, target)
    return target.name


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
    target = folder / "archived"
    with named(archived.described()):
        digest = _copy(_place(found), target) if found else ""
    if not found or digest != unit.key:
        raise IndicatorsError(
            f"{unit.label}: в {place}/{unit.key}… {'лежит не его содержимое' if found else 'его нет'}: "
            "попросите файл ещё раз и положите его в папку приёма"
        )
    return LandedFile(unit, target, suffix_of(found.name), modified_at, None)


def grown_in_archive(source: str, known: Mapping[str, Arrived]) -> list[tuple[str, Arrival]]:
    """Archived files of the last days that moved on, with the key that they had.

    Their writer still had them open when they were moved. Raises StorageError if the archive cannot be
    listed.
    """
    root = archived.local(settings.archive_folder())
    found: list[tuple[str, Arrival]] = []
    if root is None or not (root / source).is_dir():
        return found
    with named(archived.described()):
        for place, _, stamp in local_files.entries(Place(root, (source,))):
            key = place.names[-1][:64]
            if key not in known or not isinstance(stamp, Stamp) or stamp.age > GROWTH_DAYS * 86400:
                continue
            if _instant(stamp) > known[key].modified_at:
                found.append((key, Arrival(source, place, known[key].label, stamp)))
    return found


def begins_with(file: LandedFile, key: str, size: int) -> bool:
    """Whether the first ``size`` bytes of a landed file are the content with this SHA-256."""
    with (
        named(workplace.described()),
        local_files.opened(Place(file.path.parent, (file.path.name,))) as one,
    ):
        return local_files.digest_of(one, size) == key


def settle_in_archive(file: LandedFile, modified_at: datetime) -> None:
    """Give an archived file its time of arrival again: its content is as it was. Raises StorageError."""
    if file.arrival is not None:
        with named(archived.described()):
            local_files.set_modified(_path(file.arrival.origin), _nanoseconds(modified_at))


def _list(folder: Place, waiting: Waiting) -> None:
    folders = [folder]
    while folders:
        folder = folders.pop()
        try:
            if len(folder.names) > local_files.DEEPEST:
                raise OSError(0, f"more than {local_files.DEEPEST} folders in one another")
            for place, is_folder, stamp in local_files.entries(folder):
                label = shown(place.names)
                if is_left_alone(place.names[-1]):
                    log.info("%s is left alone: hidden, or not finished.", label)
                elif is_folder:
                    folders.append(place)
                elif isinstance(stamp, Stamp):
                    waiting.files.append(Arrival(folder.names[0], place, label, stamp))
                elif stamp is None:
                    log.warning("%s is left alone: a link or a device, no file.", label)
                else:
                    waiting.problems.append(f"{label}: файл не читается: {in_words(stamp)}")
        except FileNotFoundError:
            if len(folder.names) == 1:
                log.info("%s does not exist: nothing has arrived.", folder.path)
        except OSError as error:
            waiting.problems.append(f"{shown(folder.names)}/: папка не читается: {in_words(error)}")


def _list_remote(source: str, folder: UPath, waiting: Waiting) -> None:
    if not folder.exists():
        log.info("The inbox folder %s does not exist: nothing has arrived.", folder)
        return
    for path in folder.rglob("*"):
        names = path.relative_to(folder).parts
        if any(map(is_left_alone, names)) or not path.is_file():
            continue
        label = shown((source, *names))
        try:
            if stamp := _stamp(path):
                waiting.files.append(Arrival(source, path, label, stamp))
        except OSError as error:
            waiting.problems.append(f"{label}: файл не читается: {in_words(error)}")


def _place(path: UPath) -> Place | UPath:
    local = archived.local(path)
    return Place(local.parent, (local.name,)) if local else path


def _path(origin: Place | UPath) -> Path:
    # What both kinds of path can do is enough for those who call this.
    return origin.path if isinstance(origin, Place) else cast("Path", origin)


def _stamp(origin: Place | UPath) -> Stamp | None:
    if isinstance(origin, Place):
        return local_files.stamp_of(origin)
    try:
        found = origin.stat()
    except FileNotFoundError:
        return None
    modified = round(found.st_mtime * 1e9)
    return Stamp(found.st_size, modified, modified, 0)


def _instant(stamp: Stamp) -> datetime:
    """The modification time, within what the warehouse can store."""
    since = timedelta(microseconds=max(stamp.modified // 1000, 0))
    return _SINCE_1970 + min(since, _LATEST - _SINCE_1970)


def _nanoseconds(instant: datetime) -> int:
    return (instant - _SINCE_1970) // timedelta(microseconds=1) * 1000


def _copied(arrival: Arrival, target: Path) -> str | None:
    """The SHA-256 of what was copied; None if the file is still being written."""
    stamp = arrival.stamp
    if stamp.size == 0 and stamp.age < EMPTY_GRACE_SECONDS:
        return None
    origin = arrival.origin
    if not isinstance(origin, Place):
        key = _copy(origin, target) if stamp.is_of(_stamp(origin)) else None
        return key if stamp.is_of(_stamp(origin)) else None
    with local_files.opened(origin) as descriptor:
        if not stamp.is_of(local_files.stamp_of_opened(descriptor)):
            return None
        if stamp.age < local_files.OPEN_SECONDS and local_files.is_written(descriptor):
            return None
        key = local_files.copy(descriptor, target, workplace.described())
        return key if stamp.is_of(local_files.stamp_of_opened(descriptor)) else None


def _copy(origin: Place | UPath, target: Path) -> str:
    """Copy a file to the temporary folder; its SHA-256. Raises OSError, for that folder StorageError."""
    if isinstance(origin, Place):
        with local_files.opened(origin) as descriptor:
            return local_files.copy(descriptor, target, workplace.described())
    digest = hashlib.sha256()
    with origin.open("rb") as source, target.open("wb") as sink:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            with named(workplace.described()):
                sink.write(chunk)
    return digest.hexdigest()


def _move(file: LandedFile, target: UPath) -> None:
    local, arrival = archived.local(target), file.arrival
    with named(archived.described()):
        if local is None:
            _store_remote(file.path, target)
        else:
            local_files.make_folder(local.parent)
            if (
                arrival
                and isinstance(arrival.origin, Place)
                and local_files.move(arrival.origin, local, arrival.stamp)
            ):
                return
            if not _is_kept(local, file):
                modified, what = _nanoseconds(file.modified_at), archived.described()
                local_files.keep(file.path, local, file.unit.key, modified, what)
    if arrival:
        _remove(arrival)


def _is_kept(target: Path, file: LandedFile) -> bool:
    """Whether a run before archived the file already, and could only not remove it."""
    kept = local_files.stamp_of(Place(target.parent, (target.name,)))
    return (
        kept is not None
        and file.arrival is not None
        and (kept.size, _instant(kept)) == (file.arrival.stamp.size, file.modified_at)
    )


def _remove(arrival: Arrival) -> None:
    # If it has changed since it was copied, it is another unit, which the next run loads.
    with named("файл в архиве, но его не убрать из папки приёма"):
        if isinstance(arrival.origin, Place):
            local_files.remove(arrival.origin, arrival.stamp)
        elif arrival.stamp.is_of(_stamp(arrival.origin)):
            arrival.origin.unlink(missing_ok=True)


def _store_remote(path: Path, target: UPath) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.parent / (target.name + ".part")
    with path.open("rb") as source, partial.open("wb") as sink:
        while chunk := source.read(CHUNK):
            sink.write(chunk)
    partial.rename(target)
