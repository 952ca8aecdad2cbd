"""The run of every file source: land files, load each as one unit, publish, archive or reject it."""

from __future__ import annotations

import logging
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from municipal_indicators.errors import ConfigurationError, FileRejectedError, IndicatorsError
from municipal_indicators.inbox import fence, landing
from municipal_indicators.inbox.archives import Unpacked, unpacked
from municipal_indicators.inbox.landing import LandedFile
from municipal_indicators.inbox.masking import mask_personal
from municipal_indicators.warehouse.client import Warehouse, open_warehouse
from municipal_indicators.warehouse.load_ledger import (
    Load,
    LoadCounts,
    Unit,
    begin_loads,
    fail_loads,
    publish_loads,
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

    def quarantine(
        self, sheet: str, line: int, field_name: str, reason: str, masked_row: str = ""
    ) -> None:
        """Put one row (line 0: an entire sheet or member) into quarantine; texts must be masked already."""
        row = {"field": field_name, "reason": reason, "masked_row": masked_row}
        self._note("ops.quarantine", {"sheet": sheet, "line": line, **row})

    def warn(self, code: str, text: str, sheet: str = "", times: int = 1) -> None:
        """Record a warning about data that is loaded; ``text`` must be masked already."""
        row = {"sheet": sheet, "line": 0, "code": code, "text": text, "times": times}
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
    """Results of one run over a source's inbox; ``errors`` are the reasons of the files in ``rejected``."""

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

    A file for which ``load_file`` raises FileRejectedError is rejected, and the others are loaded. For
    another error the file stays in the inbox, the others are loaded, and FilesFailedError is raised at
    the end. ConfigurationError ends the run at once, since it would occur for every file.
    """
    with landing.landed_files(source.name) as arrivals, _opened(source) as loader:
        run = loader.run
        run.broken += arrivals.unreadable
        loader.load_all(arrivals.files)
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
            f"{source.name}: {len(run.broken)} files failed and stay in the inbox: "
            + "; ".join(run.broken),
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
    with _opened(source) as loader:
        run = loader.run
        found = loader.load_archived(names=names)
    log.info("%s: %d of %d archived files loaded again.", source.name, run.published, found)
    if run.broken:
        raise FilesFailedError(
            f"{source.name}: {len(run.broken)} files could not be loaded again and keep their published "
            f"version: {'; '.join(run.broken)}",
            run,
        )
    return run


def load_outcome(source: FileSource, again: bool | str = False) -> dict[str, Any]:
    """``load_new_files`` for a DAG: ``published`` (count) and ``failed`` (what stays in the inbox).

    With ``again``, archived files are loaded again first: True or a pattern of names, see
    ``load_again``. A separate task reports the files that failed, so that the assets of what was
    published are updated nevertheless.
    """
    steps = [partial(load_new_files, source)]
    if again:
        steps.insert(0, partial(load_again, source, again if isinstance(again, str) else ""))
    published, failed = 0, []
    for step in steps:
        try:
            run = step()
        except FilesFailedError as error:
            run = error.run
            failed.append(str(error))
        published += run.published
    return {"published": published, "failed": " ".join(failed)}


@contextmanager
def _opened(source: FileSource) -> Iterator[_FileLoader]:
    with fence.fenced(), open_warehouse() as warehouse:
        source.apply_schema(warehouse)
        yield _FileLoader(source, warehouse, FileRun())


@dataclass(frozen=True, slots=True)
class _FileLoader:
    """Loads the files of one run, one after another, into the open warehouse."""

    source: FileSource
    warehouse: Warehouse
    run: FileRun

    def load_all(self, files: Sequence[LandedFile]) -> None:
        """Load landed files; content that is already published is only archived."""
        known = self._known_files()
        for number, file in enumerate(files, start=1):
            place = f"[{number}/{len(files)}] {file.unit.label}"
            if file.unit.key in known and file.modified_at <= known[file.unit.key]:
                landing.archive(file)
                self.run.known += 1
                log.info("%s: the same content was loaded before; archived.", place)
            elif self._load(file, place):
                known[file.unit.key] = file.modified_at

    def load_archived(self, *, names: str = "", keys: Sequence[str] = ()) -> int:
        """Load the files that ``sql/loads/files_to_load_again.sql`` selects again; returns their number."""
        rows = self.warehouse.rows(
            render("loads/files_to_load_again.sql"),
            {"source": self.source.name, "names": names, "keys": list(keys)},
        )
        with tempfile.TemporaryDirectory(prefix="again-") as folder:
            for number, (key, unit_label, modified_at) in enumerate(rows, start=1):
                unit = Unit(self.source.name, key, unit_label)
                try:
                    file = landing.from_archive(unit, modified_at.replace(tzinfo=UTC), Path(folder))
                except (IndicatorsError, OSError) as error:
                    self.run.broken.append(str(error))
                    continue
                self._load(file, f"[{number}/{len(rows)}] {unit_label}, once more")
                file.path.unlink()
        return len(rows)

    def _load(self, file: LandedFile, place: str) -> bool:
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
        except ConfigurationError as error:
            fail_loads(self.warehouse, [load], str(error))
            raise
        except Exception as error:  # noqa: BLE001 - the other files are loaded; the run fails at the end
            reason = _reason_of(error)
            fail_loads(self.warehouse, [load], reason)
            self.run.broken.append(f"{file.unit.label}: {reason}")
            log.error("%s: failed: %s", place, reason)
            return False
        # After publishing: if the run is killed before this line, the file is loaded again, without effect.
        self._remember(file)
        landing.archive(file)
        self.run.published += 1
        log.info(
            "%s: %d rows loaded, %d quarantined, %d duplicates. %s",
            place,
            counts.loaded,
            counts.quarantined,
            counts.duplicates,
            message,
        )
        return True

    def _staged(self, load: Load, file: LandedFile) -> tuple[LoadCounts, str]:
        if file.path.stat().st_size == 0:
            raise FileRejectedError("the file is empty", "Файл пуст.")
        with unpacked(file.path) as content:
            task = FileLoad(
                self.warehouse, load, file, content, self.source.time_zone, self.run.again
            )
            for member, reason in content.broken:
                task.quarantine(member, 0, "", reason)
            counts, message = self.source.load_file(task)
        if not landing.is_unchanged(file):
            raise _FileChangedError(
                "the file grew while it was loaded: it is left for the next run"
            )
        return counts, message

    def _reject(self, load: Load, file: LandedFile, error: FileRejectedError, place: str) -> None:
        reason = mask_personal(error.reason)
        fail_loads(self.warehouse, [load], reason)
        target = landing.reject(file, error)
        self.run.rejected.append(file.unit.label)
        self.run.errors.append(error)
        log.warning("%s: rejected: %s. See %s.reason.txt", place, reason, target.name)

    def _known_files(self) -> dict[str, datetime]:
        rows = self.warehouse.rows(
            """
            SELECT unit_key, max(f.modified_at) FROM ops.published AS p
            INNER JOIN ops.files AS f USING (source, unit_key)
            WHERE source = {source:String} GROUP BY unit_key
            """,
            {"source": self.source.name},
        )
        return {key: modified_at.replace(tzinfo=UTC) for key, modified_at in rows}

    def _remember(self, file: LandedFile) -> None:
        self.warehouse.insert(
            "ops.files",
            ["source", "unit_key", "unit", "modified_at"],
            [[file.unit.source, file.unit.key, file.unit.label, file.modified_at]],
        )


def _reason_of(error: Exception) -> str:
    """The message of our own errors; of others type and place, since their message may quote the file."""
    if isinstance(error, IndicatorsError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    place = " < ".join(
        f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames)
    )
    return f"{type(error).__name__} at {place}"
