"""The ledger of loads: begin an attempt at units, publish it with balanced counts, or fail it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from municipal_indicators.errors import UnbalancedLoadError
from municipal_indicators.warehouse.client import Warehouse

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
                f"{load.unit.source} {load.unit.label}: {self.delivered} rows delivered, but "
                f"{self.loaded} loaded + {self.quarantined} quarantined + {self.duplicates} duplicates; "
                "nothing of it was published. Run the DAG again; if it repeats, inspect load "
                f"{load.load_id} in ops.load_events and ops.quarantine."
            )


def begin_loads(warehouse: Warehouse, units: Sequence[Unit]) -> list[Load]:
    """Open one load per unit; an earlier attempt that still looks running was killed: it is failed."""
    loads = [Load(unit, uuid.uuid4()) for unit in units]
    warehouse.command(
        """
        INSERT INTO ops.load_events (source, dataset, unit_key, unit, load_id, status, at, message)
        SELECT source, dataset, unit_key, any(unit), load_id, 'failed', now64(6, 'UTC'),
               'interrupted: the run ended before it could publish; a later attempt took over'
        FROM ops.load_events
        WHERE source IN {sources:Array(String)} AND dataset IN {datasets:Array(String)}
            AND unit_key IN {keys:Array(String)}
        GROUP BY source, dataset, unit_key, load_id
        HAVING argMax(status, at) = 'running'
        """,
        {
            "sources": sorted({unit.source for unit in units}),
            "datasets": sorted({unit.dataset for unit in units}),
            "keys": [unit.key for unit in units],
        },
    )
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
    warehouse.command(
        """
        INSERT INTO ops.load_events (source, dataset, unit_key, unit, load_id, status, at, message)
        SELECT source, dataset, unit_key, unit, load_id, 'withdrawn', now64(6, 'UTC'), {message:String}
        FROM ops.published
        WHERE source = {source:String}
            AND arrayExists(
                key -> unit_key = key OR startsWith(unit_key, concat(key, '/')), {keys:Array(String)}
            )
            AND dataset = coalesce({dataset:Nullable(String)}, dataset)
        """,
        {"source": source, "keys": list(keys), "message": message, "dataset": dataset},
    )


def published_loads(warehouse: Warehouse, source: str) -> dict[str, uuid.UUID]:
    """The published load of each unit of a source, by unit key."""
    rows = warehouse.rows(
        "SELECT unit_key, load_id FROM ops.published WHERE source = {source:String}",
        {"source": source},
    )
    return dict(rows)


def _note(warehouse: Warehouse, events: Iterable[tuple[Load, str, LoadCounts, str]]) -> None:
    at = datetime.now(UTC)
    warehouse.insert(
        "ops.load_events",
        _COLUMNS,
        (
            (
                load.unit.source,
                load.unit.dataset,
                load.unit.key,
                load.unit.label,
                load.load_id,
                status,
                at,
                counts.delivered,
                counts.loaded,
                counts.quarantined,
                counts.duplicates,
                message,
            )
            for load, status, counts, message in events
        ),
    )
