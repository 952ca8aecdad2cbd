"""The run that all file sources share: land, load each file as one unit, publish it, archive or reject it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from municipal_indicators import landing
from municipal_indicators.archives import Unpacked, unpacked
from municipal_indicators.errors import FileRejectedError, IndicatorsError
from municipal_indicators.landing import LandedFile
from municipal_indicators.loads import Books, Load, begin_loads, fail_loads, publish_loads
from municipal_indicators.migrations import apply_schema
from municipal_indicators.warehouse import Warehouse, open_warehouse

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FileLoad:
    """What a source's loader is given: the open warehouse, the load, the file and its unpacked members."""

    warehouse: Warehouse
    load: Load
    file: LandedFile
    content: Unpacked
    time_zone: str

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

    def quarantine(self, sheet: str, line: int, field_name: str, reason: str, masked_row: str = "") -> None:
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


Loader = Callable[[FileLoad], tuple[Books, str]]


def load_new_files(source: str, load_file: Loader, time_zone: str) -> FileRun:
    """Load everything new in ``inbox/<source>``; each file is published by itself.

    ``load_file`` stages one file and returns its books and a one-line message. A file that it
    refuses with FileRejectedError is rejected and the others go on. A failure of another kind
    is ours: the file stays in the inbox, the others go on, and IndicatorsError ends the run.
    """
    run = FileRun()
    with landing.landed_files(source) as files:
        with open_warehouse() as warehouse:
            apply_schema(warehouse)
            known = _known_files(warehouse, source)
            for number, file in enumerate(files, start=1):
                place = f"[{number}/{len(files)}] {file.unit.label}"
                if file.unit.key in known and file.modified_at <= known[file.unit.key]:
                    landing.archive(file)
                    run.known += 1
                    log.info("%s: the same content was loaded before; archived.", place)
                    continue
                _load_one(warehouse, file, load_file, time_zone, run, place)
                known[file.unit.key] = file.modified_at
    log.info(
        "%s: %d files published, %d known already, %d rejected, %d failed.",
        source,
        run.published,
        run.known,
        len(run.rejected),
        len(run.broken),
    )
    if run.broken:
        raise IndicatorsError(
            f"{source}: {len(run.broken)} of {len(files)} files failed and stay in the inbox: "
            + "; ".join(run.broken)
        )
    return run


def _load_one(
    warehouse: Warehouse, file: LandedFile, load_file: Loader, time_zone: str, run: FileRun, place: str
) -> None:
    (load,) = begin_loads(warehouse, [file.unit])
    try:
        if file.path.stat().st_size == 0:
            raise FileRejectedError("the file is empty", "Файл пуст.")
        with unpacked(file.path) as content:
            task = FileLoad(warehouse, load, file, content, time_zone)
            for member, reason in content.broken:
                task.quarantine(member, 0, "", reason)
            books, message = load_file(task)
        _remember(warehouse, file)
        publish_loads(warehouse, [(load, books, message)])
    except FileRejectedError as error:
        fail_loads(warehouse, [load], error.reason)
        target = landing.reject(file, error)
        run.rejected.append(file.unit.label)
        log.warning("%s: rejected: %s. See %s.reason.txt", place, error.reason, target.name)
        return
    except Exception as error:
        # Only the type of a foreign error is told: its text may quote the file.
        reason = str(error) if isinstance(error, IndicatorsError) else f"{type(error).__name__} (see the task's log)"
        fail_loads(warehouse, [load], reason)
        run.broken.append(f"{file.unit.label}: {reason}")
        log.error("%s: failed: %s", place, reason)
        log.debug("%s", place, exc_info=True)
        return
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
