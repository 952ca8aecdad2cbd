"""The run of every file source: land files, load each as one unit, publish, archive or reject it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from municipal_indicators import settings
from municipal_indicators.errors import (
    FileRejectedError,
    IndicatorsError,
    WarehouseAccessError,
    WarehouseUnreachableError,
)
from municipal_indicators.inbox import fence, landing, workplace
from municipal_indicators.inbox.archived import Archived
from municipal_indicators.inbox.archives import Unpacked, unpacked
from municipal_indicators.inbox.landing import Arrival, Arrived, LandedFile, Waiting
from municipal_indicators.inbox.masking import mask_personal
from municipal_indicators.inbox.reasons import first_of, reason_of
from municipal_indicators.warehouse.client import Warehouse, open_warehouse
from municipal_indicators.warehouse.load_ledger import (
    Load,
    LoadCounts,
    Unit,
    begin_loads,
    fail_loads,
    publish_loads,
    published_loads,
    withdraw_units,
)
from municipal_indicators.warehouse.templates import render

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FileLoad:
    """The arguments of a source's loader: the open warehouse, the load, the file and its members.

    A loader adds to ``again`` the keys of published files that this file completes. They are loaded
    again from the archive after the other files of the run.
    """

    warehouse: Warehouse
    load: Load
    file: LandedFile
    content: Unpacked
    time_zone: str
    again: set[str] = field(default_factory=set)

    def context(self, **more: object) -> dict[str, object]:
        """The context that the staging views read from ``log_comment``, with ``more`` added."""
        return {
            "load_id": str(self.load.load_id),
            "unit_key": self.load.unit.key,
            "unit": self.load.unit.label,
            "source": self.load.unit.source,
            "time_zone": self.time_zone,
            **more,
        }

    def parameters(self) -> dict[str, object]:
        """The parameters of queries over the rows of this load."""
        return {
            "source": self.load.unit.source,
            "unit_key": self.load.unit.key,
            "load_id": self.load.load_id,
        }

    def quarantine(
        self, sheet: str, line: int, field_name: str, reason: str, masked_row: str = ""
    ) -> None:
        """Put one row (line 0: an entire sheet or member) into quarantine; texts must be masked already."""
        row = {"field": field_name, "reason": reason, "masked_row": masked_row}
        self._note("ops.quarantine", {"sheet": sheet, "line": line, **row})

    def warn(self, code: str, text: str, sheet: str = "", times: int = 1, line: int = 0) -> None:
        """Record a warning about data that is loaded; ``text`` must be masked already."""
        row = {"sheet": sheet, "line": line, "code": code, "text": text, "times": times}
        self._note("ops.load_warnings", row)

    def _note(self, table: str, row: Mapping[str, object]) -> None:
        unit = self.load.unit
        row = {"load_id": self.load.load_id, "source": unit.source, "unit": unit.label, **row}
        self.warehouse.insert(table, list(row), [list(row.values())])


Loader = Callable[[FileLoad], tuple[LoadCounts, str]]


@dataclass(frozen=True, slots=True)
class FileSource:
    """A source whose data arrive as files.

    ``name`` is its folder in the inbox and the archive. ``load_file`` stages one file and returns
    its counts and a one-line message. ``apply_schema`` brings the schema of the warehouse up to date.
    """

    name: str
    load_file: Loader
    time_zone: str
    apply_schema: Callable[[Warehouse], object]


@dataclass(slots=True)
class FileRun:
    """Results of one run over a source's inbox; ``errors`` are the reasons of the files in ``rejected``.

    ``broken`` has label and reason of each file that stays in the inbox, published or not.
    """

    published: int = 0
    known: int = 0
    rejected: list[str] = field(default_factory=list)
    errors: list[FileRejectedError] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    again: set[str] = field(default_factory=set)


class FilesFailedError(IndicatorsError):
    """Files failed for a reason that is not theirs and stay in the inbox; ``run`` has the results."""

    def __init__(self, message: str, run: FileRun) -> None:
        super().__init__(message)
        self.run = run


class _FileChangedError(IndicatorsError):
    """The arrived file was changed while its copy was loaded."""


def load_new_files(source: FileSource) -> FileRun:
    """Load everything new in the source's inbox; each file is published separately.

    A file for which ``load_file`` raises FileRejectedError is rejected. For any other error, wherever it
    occurs, the file stays in the inbox. In both cases the others are loaded; FilesFailedError is raised
    at the end for files that stay. A warehouse that does not answer any more ends the run.
    Raises ConfigurationError if there is no inbox.
    """
    waiting = landing.waiting_files(source.name)
    with opened(source) as loader:
        run = loader.run
        with loader.ending_run():
            loader.load_grown()
            loader.load_waiting(waiting)
            if run.again:
                loader.load_archived(keys=sorted(run.again))
    log.info(
        "%s: %d files published, %d known already, %d rejected, %d failed.",
        source.name,
        run.published,
        run.known,
        len(run.rejected),
        len(run.broken),
    )
    if run.broken:
        raise FilesFailedError(
            f"Источник {source.name}: не загружено файлов: {len(run.broken)}, они остались в папке приёма. "
            "Исправьте причину "
            f"и запустите DAG снова: {first_of(run.broken)}",
            run,
        )
    return run


def load_again(source: FileSource, names: str = "") -> FileRun:
    """Load archived files of a source again, replacing the published version of each.

    Loads the published files whose path below the inbox matches ``names`` (``*`` matches anything);
    without it, those with quarantined rows or words that no list maps. They keep their time of
    arrival, by which versions are ranked. A file that is rejected now keeps its published version.
    Raises FilesFailedError at the end when some could not be loaded.
    """
    found = 0
    with opened(source) as loader:
        run = loader.run
        with loader.ending_run():
            found = loader.load_archived(names=names)
    log.info("%s: %d of %d archived files loaded again.", source.name, run.published, found)
    if run.broken:
        raise FilesFailedError(
            f"Источник {source.name}: не загружено заново файлов архива: {len(run.broken)}, их прежняя "
            "версия осталась. "
            f"Исправьте причину и запустите DAG снова: {first_of(run.broken)}",
            run,
        )
    return run


def load_outcome(
    source: FileSource, again: bool | str = False, since: datetime | None = None
) -> dict[str, Any]:
    """``load_new_files`` for a DAG: ``published`` (count), ``rejected`` (names) and ``failed``, what stays.

    With ``again``, archived files are loaded again first: True or a pattern of names, see
    ``load_again``. With ``since``, what was published after that instant counts too: by an attempt
    of the same run that was killed before it could be announced. A separate task reports the files
    that failed, so that the assets of what was published are updated nevertheless.
    """
    steps = [partial(load_new_files, source)]
    if again:
        steps.insert(0, partial(load_again, source, again if isinstance(again, str) else ""))
    published, rejected, failed = 0, [], []
    for step in steps:
        try:
            run = step()
        except FilesFailedError as error:
            run = error.run
            failed.append(str(error))
        published += run.published
        rejected += run.rejected
    if since and not published:
        published = _published_since(source.name, since)
    return {"published": published, "rejected": rejected, "failed": " ".join(failed)}


def _published_since(source: str, since: datetime) -> int:
    events = """
        SELECT count() FROM ops.load_events
        WHERE source = {source:String} AND status = 'published' AND at >= {since:DateTime64(6, 'UTC')}
    """
    with open_warehouse() as warehouse:
        return int(warehouse.value(events, {"source": source, "since": since.astimezone(UTC)}))


@contextmanager
def opened(source: FileSource) -> Iterator[_FileLoader]:
    """The warehouse, up to date and open for a run over files of the source."""
    with (
        settings.read_once(),
        fence.fenced(),
        workplace.own_folder() as folder,
        open_warehouse() as warehouse,
    ):
        source.apply_schema(warehouse)
        yield _FileLoader(source, warehouse, folder, FileRun())


@dataclass(frozen=True, slots=True)
class _FileLoader:
    """Loads the files of one run, one after another, into the open warehouse.

    ``folder`` holds the copy of one file at a time, and what is unpacked of it.
    """

    source: FileSource
    warehouse: Warehouse
    folder: Path
    run: FileRun

    @contextmanager
    def ending_run(self) -> Iterator[None]:
        """End the run early where the warehouse is gone; raise that if nothing was published."""
        try:
            yield
        except (WarehouseAccessError, WarehouseUnreachableError) as error:
            # What was published must be announced, which a failed task does not do.
            if not self.run.published:
                raise
            self.run.broken.append(f"остальные файлы: {error}")

    @contextmanager
    def _fate(self, label: str, place: str) -> Iterator[None]:
        """One file, one fate: an error within is told, and the next file is loaded."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - the other files are loaded; the run fails at the end
            reason = reason_of(error)
            self.run.broken.append(f"{label}: {reason}")
            log.error("%s: failed: %s", place, reason)
            if isinstance(error, (WarehouseAccessError, WarehouseUnreachableError)):
                # One cut connection is this file's; a warehouse that is gone would be waited for by each.
                self.warehouse.value("SELECT 1")

    def load_waiting(self, waiting: Waiting) -> None:
        """Land and load waiting files; content that is already published is only archived."""
        self.run.broken.extend(waiting.problems)
        known = self._known_files()
        for number, arrival in enumerate(waiting.files, start=1):
            place = f"[{number}/{len(waiting.files)}] {arrival.label}"
            with self._fate(arrival.label, place), self._landed(arrival) as file:
                if file is None:
                    log.info("%s is still being written: left for the next run.", arrival.label)
                    continue
                if file.unit.key in known and file.modified_at <= known[file.unit.key]:
                    landing.archive(file)
                    self.run.known += 1
                    log.info("%s: the same content was loaded before; archived.", place)
                elif self._load(file, place):
                    known[file.unit.key] = file.modified_at

    def load_grown(self) -> None:
        """Load archived files again to which their writers added after they were moved."""
        arrived = self._arrived_files()
        grown = []
        with self._fate(f"{self.source.name}/", self.source.name):
            grown = landing.grown_in_archive(self.source.name, arrived)
        for key, arrival in grown:
            place = f"{arrival.label}, which grew in the archive"
            with self._fate(arrival.label, place), self._landed(arrival) as file:
                if file is None:
                    continue
                if file.unit.key == key:
                    landing.settle_in_archive(file, arrived[key].modified_at)
                elif landing.begins_with(file, key, arrived[key].size):
                    log.warning("%s: its writer went on after it was taken; loaded anew.", place)
                    self._load(file, place, instead_of=key)
                else:
                    # A log that is emptied in its place: what was loaded is another part of it.
                    log.warning("%s: it was overwritten; what was loaded before stays.", place)
                    self._load(file, place)

    def load_archived(self, *, names: str = "", keys: Sequence[str] = ()) -> int:
        """Load the files that ``sql/loads/files_to_load_again.sql`` selects again; returns their number."""
        rows = self.warehouse.rows(
            render("loads/files_to_load_again.sql"),
            {"source": self.source.name, "names": names, "keys": list(keys)},
        )
        self.load_units(
            [
                (Unit(self.source.name, key, label), at.replace(tzinfo=UTC))
                for key, label, at in rows
            ]
        )
        return len(rows)

    def load_missing(self, contents: Sequence[Archived]) -> None:
        """Load what the archive holds and the warehouse does not."""
        known = self._known_files()
        missing = [one for one in contents if one.unit.key not in known]
        self.load_units([(one.unit, one.modified_at) for one in missing])

    def load_units(self, units: Sequence[tuple[Unit, datetime]]) -> None:
        """Load archived contents, given with their times of arrival."""
        for number, (unit, modified_at) in enumerate(units, start=1):
            place = f"[{number}/{len(units)}] {unit.label}, from the archive"
            with self._fate(unit.label, place):
                file = landing.from_archive(unit, modified_at, self.folder)
                try:
                    self._load(file, place)
                finally:
                    file.path.unlink()

    @contextmanager
    def _landed(self, arrival: Arrival) -> Iterator[LandedFile | None]:
        file = landing.land(arrival, self.folder)
        try:
            yield file
        finally:
            if file:
                file.path.unlink()

    def _load(self, file: LandedFile, place: str, instead_of: str = "") -> bool:
        (load,) = begin_loads(self.warehouse, [file.unit])
        try:
            with fence.counted(self.warehouse, load):
                counts, message = self._staged(load, file)
            publish_loads(self.warehouse, [(load, counts, message)])
        except FileRejectedError as error:
            self._reject(load, file, error, place)
            return False
        except _FileChangedError as error:
            fail_loads(self.warehouse, [load], str(error))
            log.info("%s: %s", place, error)
            return False
        except Exception as error:
            fail_loads(self.warehouse, [load], reason_of(error))
            raise
        self.run.published += 1
        log.info(
            "%s: %d rows loaded, %d quarantined, %d duplicates. %s",
            place,
            counts.loaded,
            counts.quarantined,
            counts.duplicates,
            message,
        )
        # After publishing: if the run is killed before this line, the file is loaded again, without effect.
        self._remember(file)
        if instead_of:
            # Before the file loses the name by which the next run would find what is left to do.
            reason = f"replaced by {file.unit.key}, to which its file grew"
            withdraw_units(self.warehouse, self.source.name, [instead_of], reason)
        landing.archive(file)
        return True

    def _staged(self, load: Load, file: LandedFile) -> tuple[LoadCounts, str]:
        if file.path.stat().st_size == 0:
            raise FileRejectedError("the file is empty", "Файл пуст.")
        with unpacked(file.path, self.folder) as content:
            task = FileLoad(
                self.warehouse, load, file, content, self.source.time_zone, self.run.again
            )
            if file.is_of_the_future:
                log.warning("%s: dated ahead of the clock: its arrival counts.", file.unit.label)
                task.warn("future_file_time", "dated ahead of the clock: its arrival counts")
            for member, reason in content.broken:
                task.quarantine(member, 0, "", reason)
            counts, message = self.source.load_file(task)
        if not landing.is_unchanged(file):
            raise _FileChangedError("файл вырос, пока загружался: остаётся до следующего запуска")
        return counts, message

    def _reject(self, load: Load, file: LandedFile, error: FileRejectedError, place: str) -> None:
        reason = mask_personal(error.reason)
        fail_loads(self.warehouse, [load], f"{reason}\n{mask_personal(error.for_sender)}")
        self.run.rejected.append(file.unit.label)
        self.run.errors.append(error)
        name = landing.reject(file, error)
        log.warning("%s: rejected: %s. See %s.reason.txt", place, reason, name)

    def _known_files(self) -> dict[str, datetime]:
        """The latest modification time of each published content."""
        published = published_loads(self.warehouse, self.source.name)
        arrived = self._arrived_files()
        return {key: one.modified_at for key, one in arrived.items() if key in published}

    def _arrived_files(self) -> dict[str, Arrived]:
        """The latest arrival of each content that was ever loaded."""
        rows = self.warehouse.rows(
            """
            SELECT unit_key, argMax(unit, modified_at), max(modified_at), max(size) FROM ops.files
            WHERE source = {source:String} GROUP BY unit_key
            """,
            {"source": self.source.name},
        )
        return {
            key: Arrived(label, modified_at.replace(tzinfo=UTC), size)
            for key, label, modified_at, size in rows
        }

    def _remember(self, file: LandedFile) -> None:
        unit, size = file.unit, file.path.stat().st_size
        self.warehouse.insert(
            "ops.files",
            ["source", "unit_key", "unit", "modified_at", "size"],
            [[unit.source, unit.key, unit.label, file.modified_at, size]],
        )
