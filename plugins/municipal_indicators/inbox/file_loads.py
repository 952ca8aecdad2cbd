"""The run that all file sources share: land, load each file as one unit, publish it, archive or reject it."""

from __future__ import annotations

import logging
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from municipal_indicators.errors import ConfigurationError, FileRejectedError, IndicatorsError
from municipal_indicators.inbox import landing
from municipal_indicators.inbox.archives import Unpacked, unpacked
from municipal_indicators.inbox.landing import LandedFile
from municipal_indicators.inbox.masking import mask_personal
from municipal_indicators.warehouse.client import Warehouse, open_warehouse, render
from municipal_indicators.warehouse.load_ledger import (
    Books,
    Load,
    Unit,
    begin_loads,
    fail_loads,
    publish_loads,
)
from municipal_indicators.warehouse.migrations import apply_schema

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FileLoad:
    """What a source's loader is given: the open warehouse, the load, the file and its unpacked members.

    ``again`` takes the keys of published files that this one tells more about: they are loaded
    anew, from the archive, when the run has loaded the others.
    """

    warehouse: Warehouse
    load: Load
    file: LandedFile
    content: Unpacked
    time_zone: str
    again: set[str] = field(default_factory=set)

    def context(self, **more: object) -> dict[str, object]:
        """What a staging door's views read from ``log_comment``; ``more`` is added."""
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
        """Put one row (line 0: a whole sheet or member) into quarantine; texts must be masked already."""
        self.warehouse.insert(
            "ops.quarantine",
            ["load_id", "source", "unit", "sheet", "line", "field", "reason", "masked_row"],
            [
                [
                    self.load.load_id,
                    self.load.unit.source,
                    self.load.unit.label,
                    sheet,
                    line,
                    field_name,
                    reason,
                    masked_row,
                ]
            ],
        )


@dataclass(slots=True)
class FileRun:
    """Counts of one run over a source's inbox."""

    published: int = 0
    known: int = 0
    rejected: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    again: set[str] = field(default_factory=set)


class FilesFailedError(IndicatorsError):
    """Some files failed for a reason of ours and stay in the inbox; ``run`` tells what was published."""

    def __init__(self, message: str, run: FileRun) -> None:
        super().__init__(message)
        self.run = run


class _FileChangedError(IndicatorsError):
    """The arrived file was written to while its copy was loaded."""


Loader = Callable[[FileLoad], tuple[Books, str]]


def load_new_files(source: str, load_file: Loader, time_zone: str) -> FileRun:
    """Load everything new in ``inbox/<source>``; each file is published by itself.

    ``load_file`` stages one file and returns its books and a one-line message. A file that it
    refuses with FileRejectedError is rejected and the others go on. A failure of another kind
    is ours: the file stays in the inbox, the others go on, and FilesFailedError ends the run.
    ConfigurationError ends it at once, since every file would meet it.
    """
    run = FileRun()
    with landing.landed_files(source) as arrivals:
        run.broken += arrivals.unreadable
        with open_warehouse() as warehouse:
            apply_schema(warehouse)
            _load_all(warehouse, source, arrivals.files, load_file, time_zone, run)
            if run.again:
                _load_archived(
                    warehouse,
                    source,
                    load_file,
                    time_zone,
                    run,
                    {"names": "", "keys": sorted(run.again)},
                )
    log.info(
        "%s: %d files published, %d known already, %d rejected, %d failed.",
        source,
        run.published,
        run.known,
        len(run.rejected),
        len(run.broken),
    )
    if run.broken:
        raise FilesFailedError(
            f"{source}: {len(run.broken)} files failed and stay in the inbox: "
            + "; ".join(run.broken),
            run,
        )
    return run


def load_again(source: str, load_file: Loader, time_zone: str, names: str = "") -> FileRun:
    """Load archived files of a source anew, each in place of its published version.

    Takes the published files whose path below the inbox is like ``names`` (``*`` stands for
    anything); without it those that have quarantined rows or words that nobody had mapped. They keep
    the time at which they arrived, by which versions are ranked. A file that is refused now keeps
    its published version. Raises FilesFailedError in the end when some could not be loaded.
    """
    run = FileRun()
    with open_warehouse() as warehouse:
        apply_schema(warehouse)
        found = _load_archived(
            warehouse, source, load_file, time_zone, run, {"names": names, "keys": []}
        )
    log.info("%s: %d of %d archived files loaded again.", source, run.published, found)
    if run.broken:
        raise FilesFailedError(
            f"{source}: {len(run.broken)} files could not be loaded again and keep their published "
            f"version: {'; '.join(run.broken)}",
            run,
        )
    return run


def load_outcome(
    source: str, load_file: Loader, time_zone: str, again: bool | str = False
) -> dict[str, Any]:
    """``load_new_files`` for a DAG: ``published`` (count) and ``failed`` (what stays in the inbox).

    ``again`` loads archived files anew before: True or a pattern of names, see ``load_again``.
    Files that failed are told to a task of their own, so that what was published beside them is
    announced all the same.
    """
    steps = [partial(load_new_files, source, load_file, time_zone)]
    if again:
        names = again if isinstance(again, str) else ""
        steps.insert(0, partial(load_again, source, load_file, time_zone, names))
    published, failed = 0, []
    for step in steps:
        try:
            run = step()
        except FilesFailedError as error:
            run = error.run
            failed.append(str(error))
        published += run.published
    return {"published": published, "failed": " ".join(failed)}


def _load_all(
    warehouse: Warehouse,
    source: str,
    files: list[LandedFile],
    load_file: Loader,
    time_zone: str,
    run: FileRun,
) -> None:
    known = _known_files(warehouse, source)
    for number, file in enumerate(files, start=1):
        place = f"[{number}/{len(files)}] {file.unit.label}"
        if file.unit.key in known and file.modified_at <= known[file.unit.key]:
            landing.archive(file)
            run.known += 1
            log.info("%s: the same content was loaded before; archived.", place)
        elif _load_one(warehouse, file, load_file, time_zone, run, place):
            known[file.unit.key] = file.modified_at


def _load_archived(
    warehouse: Warehouse,
    source: str,
    load_file: Loader,
    time_zone: str,
    run: FileRun,
    chosen: dict[str, object],
) -> int:
    """Load archived files anew, as ``sql/loads/files_to_load_again.sql`` selects them; how many."""
    rows = warehouse.rows(render("loads/files_to_load_again.sql"), {"source": source, **chosen})
    with tempfile.TemporaryDirectory(prefix="again-") as folder:
        for number, (key, unit_label, modified_at) in enumerate(rows, start=1):
            unit = Unit(source, key, unit_label)
            try:
                file = landing.from_archive(unit, modified_at.replace(tzinfo=UTC), Path(folder))
            except (IndicatorsError, OSError) as error:
                run.broken.append(str(error))
                continue
            place = f"[{number}/{len(rows)}] {unit_label}, once more"
            _load_one(warehouse, file, load_file, time_zone, run, place)
            file.path.unlink()
    return len(rows)


def _load_one(
    warehouse: Warehouse,
    file: LandedFile,
    load_file: Loader,
    time_zone: str,
    run: FileRun,
    place: str,
) -> bool:
    (load,) = begin_loads(warehouse, [file.unit])
    try:
        books, message = _staged(warehouse, load, file, load_file, time_zone, run.again)
        publish_loads(warehouse, [(load, books, message)])
    except FileRejectedError as error:
        reason = mask_personal(error.reason)
        fail_loads(warehouse, [load], reason)
        target = landing.reject(file, error)
        run.rejected.append(file.unit.label)
        log.warning("%s: rejected: %s. See %s.reason.txt", place, reason, target.name)
        return False
    except _FileChangedError as error:
        fail_loads(warehouse, [load], str(error))
        log.info("%s: %s", place, error)
        return False
    except ConfigurationError as error:
        fail_loads(warehouse, [load], str(error))
        raise
    except Exception as error:  # noqa: BLE001 - the other files go on; the run fails in the end
        reason = _told(error)
        fail_loads(warehouse, [load], reason)
        run.broken.append(f"{file.unit.label}: {reason}")
        log.error("%s: failed: %s", place, reason)
        return False
    # Only now: killed before this line, the file is loaded once more, which changes nothing.
    _remember(warehouse, file)
    landing.archive(file)
    run.published += 1
    log.info(
        "%s: %d rows loaded, %d quarantined, %d duplicates. %s",
        place,
        books.loaded,
        books.quarantined,
        books.duplicates,
        message,
    )
    return True


def _staged(
    warehouse: Warehouse,
    load: Load,
    file: LandedFile,
    load_file: Loader,
    time_zone: str,
    again: set[str],
) -> tuple[Books, str]:
    if file.path.stat().st_size == 0:
        raise FileRejectedError("the file is empty", "Файл пуст.")
    with unpacked(file.path) as content:
        task = FileLoad(warehouse, load, file, content, time_zone, again)
        for member, reason in content.broken:
            task.quarantine(member, 0, "", reason)
        books, message = load_file(task)
    if not landing.is_unchanged(file):
        raise _FileChangedError("the file grew while it was loaded: left for the next run")
    return books, message


def _told(error: Exception) -> str:
    """An error's own words where they are ours, else its type and place: its text may quote the file."""
    if isinstance(error, IndicatorsError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    way = " < ".join(
        f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames)
    )
    return f"{type(error).__name__} at {way}"


def _known_files(warehouse: Warehouse, source: str) -> dict[str, datetime]:
    rows = warehouse.rows(
        """
        SELECT unit_key, max(f.modified_at) FROM ops.published AS p
        INNER JOIN ops.files AS f USING (source, unit_key)
        WHERE source = {source:String} GROUP BY unit_key
        """,
        {"source": source},
    )
    return {key: modified_at.replace(tzinfo=UTC) for key, modified_at in rows}


def _remember(warehouse: Warehouse, file: LandedFile) -> None:
    warehouse.insert(
        "ops.files",
        ["source", "unit_key", "unit", "modified_at"],
        [[file.unit.source, file.unit.key, file.unit.label, file.modified_at]],
    )
