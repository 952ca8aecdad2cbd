"""Deletes what nothing that is published needs: rows of dead loads, and old entries of the ledgers."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, datetime

from municipal_indicators import settings
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.templates import render

log = logging.getLogger(__name__)

# Ledgers without loads: the column of their time, and what of them is read for good, however old.
_LEDGERS = {
    "ops.metrica_request_events": ("at", "false"),
    "ops.metrica_run_events": ("at", "false"),
    "ops.metrica_storage_snapshots": (
        "at",
        "(counter_id, at) IN (SELECT counter_id, max(at) FROM {table} GROUP BY ALL)",
    ),
    "ops.metrica_reloads": ("counter_day", "false"),
    "ops.notification_events": (
        "at",
        "(kind, subject, at) IN (SELECT kind, subject, max(at) FROM {table} GROUP BY ALL)",
    ),
    "ops.checks": ("at", "at = (SELECT max(at) FROM {table})"),
    "ops.mart_builds": (
        "at",
        "at IN (SELECT max(at) FROM {table} GROUP BY status) "
        "OR build IN (SELECT build FROM ops.indicator_history)",
    ),
    "ops.files": (
        "modified_at",
        "(source, unit_key) IN (SELECT source, unit_key FROM ops.published) "
        "AND (source, unit_key, modified_at) IN "
        "(SELECT source, unit_key, max(modified_at) FROM {table} GROUP BY ALL)",
    ),
}
_BATCH = 1000


def sweep_loads(warehouse: Warehouse, now: datetime | None = None, *, dry_run: bool = False) -> int:
    """Delete the rows of dead loads and what is noted of them; returns the number of loads that had any.

    Failed and killed attempts are kept for ``keep_failed_days``, as are older copies of a content that is
    published, since they hold the same. Other superseded or withdrawn versions explain earlier reports for
    ``keep_superseded_days``; so long also stays what was put into quarantine and why.
    """
    now = now or datetime.now(UTC)
    superseded = now - settings.kept_days("superseded")
    bounds = {
        "repeated_before": now - settings.kept_days("failed"),
        "superseded_before": superseded,
    }
    swept = set()
    for table in [*tables_of_loads(warehouse), "ops.load_warnings", "ops.quarantine"]:
        failed = superseded if table.startswith("ops.") else bounds["repeated_before"]
        found = warehouse.rows(
            render("loads/dead_loads_of_table.sql", table=table), bounds | {"failed_before": failed}
        )
        if found and not dry_run:
            _delete_loads(warehouse, table, [load_id for (load_id,) in found])
        if found:
            log.info("%s: rows of %d dead loads%s.", table, len(found), _done(dry_run))
        swept.update(found)
    return len(swept)


def sweep_ledgers(
    warehouse: Warehouse, now: datetime | None = None, *, dry_run: bool = False
) -> int:
    """Delete entries older than ``keep_ledger_days`` that no reader needs; returns their number.

    All entries of a published unit's present version stay, and those of loads whose rows may still be there.
    """
    now = now or datetime.now(UTC)
    kept = max(settings.kept_days("ledger"), settings.kept_days("superseded"))
    bound = {"before": now - kept}
    loads = warehouse.rows(render("loads/loads_to_forget.sql"), bound)
    swept = sum(int(entries) for _, entries in loads)
    if loads and not dry_run:
        ids = [load_id for load_id, _ in loads]
        # A withdrawal goes last: without it, a version before it would be published again.
        _delete_loads(warehouse, "ops.load_events", ids, "status != 'withdrawn'")
        _delete_loads(warehouse, "ops.load_events", ids)
    for table, (column, is_kept) in _LEDGERS.items():
        swept += _delete(warehouse, table, column, is_kept.format(table=table), bound, dry_run)
    log.info("%d old entries of the ledgers%s.", swept, _done(dry_run))
    return swept


def _delete(
    warehouse: Warehouse,
    table: str,
    column: str,
    is_kept: str,
    bound: dict[str, datetime],
    dry_run: bool,
) -> int:
    old = f"{column} < {{before:DateTime64(6)}} AND NOT ({is_kept})"
    found = int(warehouse.value(f"SELECT count() FROM {table} WHERE {old}", bound))  # noqa: S608
    if found and not dry_run:
        warehouse.command(f"DELETE FROM {table} WHERE {old}", bound)  # noqa: S608
    return found


def _delete_loads(
    warehouse: Warehouse, table: str, load_ids: Iterable[object], also: str = "true"
) -> None:
    ids = list(map(str, load_ids))
    for first in range(0, len(ids), _BATCH):
        warehouse.command(
            f"DELETE FROM {table} WHERE load_id IN {{ids:Array(UUID)}} AND {also}",  # noqa: S608
            {"ids": ids[first : first + _BATCH]},
        )


def _done(dry_run: bool) -> str:
    return " would be deleted" if dry_run else " are deleted"


def tables_of_loads(warehouse: Warehouse) -> list[str]:
    """The stored tables that loads fill, without what is noted of them in ``ops``."""
    rows = warehouse.rows(
        """
        SELECT concat('core.', c.table) FROM system.columns AS c
        INNER JOIN system.tables AS t ON t.database = c.database AND t.name = c.table
        WHERE c.name = 'load_id' AND t.engine NOT LIKE '%View' AND c.database = 'core'
        ORDER BY 1
        """
    )
    return [table for (table,) in rows]
