"""The ledger of loads: begin an attempt at units, publish it with balanced counts, or fail it."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from municipal_indicators.errors import UnbalancedLoadError
from municipal_indicators.warehouse.client import Warehouse

log = logging.getLogger(__name__)

AHEAD = timedelta(minutes=5)
"""What clocks of different machines may differ by without a word."""

_COLUMNS = (
    "source",
    "dataset",
    "unit_key",
    "unit",
    "load_id",
    "status",
    "at",
    "delivered",
    "loaded",
    "quarantined",
    "duplicates",
    "message",
)


@dataclass(frozen=True, slots=True)
class Unit:
    """The smallest thing that is loaded at once: a counter day, or the content of a file.

    ``dataset`` distinguishes what one source loads under the same keys: visits and hits of a day.
    """

    source: str
    key: str
    label: str
    dataset: str = ""


@dataclass(frozen=True, slots=True)
class Load:
    """One attempt at a unit; its rows carry ``load_id`` and stay invisible until it is published."""

    unit: Unit
    load_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class LoadCounts:
    """What became of the rows of one load."""

    delivered: int = 0
    loaded: int = 0
    quarantined: int = 0
    duplicates: int = 0

    def check(self, load: Load) -> None:
        """Raise UnbalancedLoadError unless delivered = loaded + quarantined + duplicates."""
        if self.delivered != self.loaded + self.quarantined + self.duplicates:
            raise UnbalancedLoadError(
                f"{load.unit.source} {load.unit.label}: получено строк {self.delivered}, а загружено "
                f"{self.loaded} + в карантине {self.quarantined} + повторов {self.duplicates}; ничего не "
                f"опубликовано. Запустите DAG снова; если повторится, смотрите загрузку {load.load_id} в "
                "ops.load_events и ops.quarantine."
            )


def begin_loads(warehouse: Warehouse, units: Sequence[Unit]) -> list[Load]:
    """Open one load per unit; an earlier attempt that still looks running was killed: it is failed."""
    killed = warehouse.rows(
        """
        SELECT source, unit_key, any(unit), dataset, load_id FROM ops.load_events
        WHERE source IN {sources:Array(String)} AND dataset IN {datasets:Array(String)}
            AND unit_key IN {keys:Array(String)}
        GROUP BY source, dataset, unit_key, load_id
        HAVING argMax(status, at) = 'running'
        """,
        _names(units),
    )
    fail_loads(
        warehouse,
        (Load(Unit(*unit), load_id) for *unit, load_id in killed),
        "interrupted: the run ended before it could publish; a later attempt took over",
    )
    loads = [Load(unit, uuid.uuid4()) for unit in units]
    _note(warehouse, ((load, "running", LoadCounts(), "") for load in loads))
    return loads


def publish_loads(warehouse: Warehouse, results: Sequence[tuple[Load, LoadCounts, str]]) -> None:
    """Make the rows of loads visible, all in one insert; the counts are checked first.

    Raises UnbalancedLoadError, and then publishes none of them.
    """
    for load, counts, _ in results:
        counts.check(load)
    _note(warehouse, ((load, "published", counts, message) for load, counts, message in results))


def fail_loads(warehouse: Warehouse, loads: Iterable[Load], message: str) -> None:
    """Close loads without publishing them; readers keep the version that they had."""
    fail_each(warehouse, ((load, message) for load in loads))


def fail_each(warehouse: Warehouse, reasons: Iterable[tuple[Load, str]]) -> None:
    """The same, each load with its own message."""
    _note(warehouse, ((load, "failed", LoadCounts(), message) for load, message in reasons))


def withdraw_units(
    warehouse: Warehouse,
    source: str,
    keys: Sequence[str],
    message: str,
    dataset: str | None = None,
) -> None:
    """Unpublish units: readers no longer see any version of them, until one is loaded again.

    Without ``dataset`` all that the source loads under these keys: visits and hits, and the same
    counter day under another time zone.
    """
    seen = warehouse.rows(
        """
        SELECT source, unit_key, unit, dataset, load_id FROM ops.published
        WHERE source = {source:String}
            AND arrayExists(
                key -> unit_key = key OR startsWith(unit_key, concat(key, '/')), {keys:Array(String)}
            )
            AND dataset = coalesce({dataset:Nullable(String)}, dataset)
        """,
        {"source": source, "keys": list(keys), "dataset": dataset},
    )
    _note(
        warehouse,
        (
            (Load(Unit(*unit), load_id), "withdrawn", LoadCounts(), message)
            for *unit, load_id in seen
        ),
    )


def published_loads(warehouse: Warehouse, source: str) -> dict[str, uuid.UUID]:
    """The published load of each unit of a source, by unit key."""
    rows = warehouse.rows(
        "SELECT unit_key, load_id FROM ops.published WHERE source = {source:String}",
        {"source": source},
    )
    return dict(rows)


def now() -> datetime:
    """The clock of the ledger, in UTC; tests put it ahead."""
    return datetime.now(UTC)


def not_before(last: datetime | None, what: str) -> datetime:
    """The instant to record after an event of ``last`` (UTC): now, or just after it if a clock was ahead.

    The order of a ledger decides what readers see, and a clock that was corrected may not turn it round.
    """
    present = now()
    last = last.replace(tzinfo=UTC) if last else None
    if last is None or last < present:
        return present
    if last > present + AHEAD:
        log.warning(
            "%s: its last event has the time %s UTC, which lies ahead of this machine's clock: a clock was "
            "wrong then, or is now. What is recorded goes on from there.",
            what,
            f"{last:%Y-%m-%d %H:%M}",
        )
    return last + timedelta(microseconds=1)


def _names(units: Sequence[Unit]) -> dict[str, object]:
    return {
        "sources": sorted({unit.source for unit in units}),
        "datasets": sorted({unit.dataset for unit in units}),
        "keys": [unit.key for unit in units],
    }


def _note(warehouse: Warehouse, events: Iterable[tuple[Load, str, LoadCounts, str]]) -> None:
    events = list(events)
    if not events:
        return
    last = warehouse.rows(
        """
        SELECT source, unit_key, dataset, max(at) FROM ops.load_events
        WHERE source IN {sources:Array(String)} AND dataset IN {datasets:Array(String)}
            AND unit_key IN {keys:Array(String)}
        GROUP BY source, dataset, unit_key
        """,
        _names([load.unit for load, *_ in events]),
    )
    before = {Unit(source, key, "", dataset): at for source, key, dataset, at in last}
    rows = []
    for load, status, counts, message in events:
        unit = load.unit
        at = not_before(before.get(replace(unit, label="")), f"{unit.source} {unit.label}")
        rows.append(
            (
                unit.source,
                unit.dataset,
                unit.key,
                unit.label,
                load.load_id,
                status,
                at,
                counts.delivered,
                counts.loaded,
                counts.quarantined,
                counts.duplicates,
                message,
            )
        )
    warehouse.insert("ops.load_events", _COLUMNS, rows)
