"""Deletes rows that are no longer read: those of failed attempts and of versions superseded long ago."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from municipal_indicators.warehouse.client import Warehouse

log = logging.getLogger(__name__)

FAILED_KEPT = timedelta(days=7)
SUPERSEDED_KEPT = timedelta(days=400)

_DEAD_LOADS = """
SELECT unit_key, load_id
FROM ops.load_events
WHERE (source, unit_key, load_id) NOT IN (SELECT source, unit_key, load_id FROM ops.published)
GROUP BY unit_key, load_id
HAVING max(at) < if(
    countIf(status = 'published') > 0, {superseded_before:DateTime64(6)}, {failed_before:DateTime64(6)}
)
"""


def sweep_loads(warehouse: Warehouse, now: datetime | None = None) -> int:
    """Delete the core rows of dead loads; returns the number of loads that had any.

    Failed and killed attempts are kept for a week. Superseded or withdrawn versions are kept for 400
    days, to explain earlier reports. The ledger and the quarantine are kept.
    """
    now = now or datetime.now(UTC)
    bounds = {
        "failed_before": now - FAILED_KEPT,
        "superseded_before": now - SUPERSEDED_KEPT,
    }
    swept = set()
    for table in _versioned_tables(warehouse):
        dead = f"(unit_key, load_id) IN ({_DEAD_LOADS})"
        found = warehouse.rows(
            f"SELECT DISTINCT unit_key, load_id FROM {table} WHERE {dead}",  # noqa: S608
            bounds,
        )
        if found:
            warehouse.command(f"DELETE FROM {table} WHERE {dead}", bounds)  # noqa: S608
            log.info("%s: rows of %d dead loads deleted.", table, len(found))
            swept.update(found)
    return len(swept)


def _versioned_tables(warehouse: Warehouse) -> list[str]:
    rows = warehouse.rows(
        """
        SELECT concat('core.', c.table) FROM system.columns AS c
        INNER JOIN system.tables AS t ON t.database = c.database AND t.name = c.table
        WHERE c.database = 'core' AND c.name = 'load_id' AND t.engine NOT LIKE '%View'
        ORDER BY 1
        """
    )
    return [table for (table,) in rows]
