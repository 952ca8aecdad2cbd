"""States of a warehouse that kills begin from, kept in databases beside it and brought back from there."""

from __future__ import annotations

from municipal_indicators.warehouse.client import Warehouse

_STORED = """
SELECT database, name FROM system.tables
WHERE database IN ('core', 'intermediate', 'reference', 'mart_rows', 'ops') AND engine LIKE '%MergeTree'
    AND name != 'schema_migrations' AND {}
ORDER BY database, name
"""


def keep(warehouse: Warehouse, state: str) -> None:
    """Copy all stored rows."""
    warehouse.command(f"CREATE DATABASE kept_{state}")
    for database, name in warehouse.rows(_STORED.format("total_rows > 0")):
        kept = f"kept_{state}.{database}__{name}"
        warehouse.command(f"CREATE TABLE {kept} AS {database}.{name}")
        warehouse.command(f"INSERT INTO {kept} SELECT * FROM {database}.{name}")


def restore(warehouse: Warehouse, state: str) -> None:
    """Bring the rows back once the statements of killed processes have ended."""
    while warehouse.value("SELECT count() FROM system.processes") > 1:
        pass
    for database, name in warehouse.rows(_STORED.format("position(name, '__next_') > 0")):
        warehouse.command(f"DROP TABLE {database}.{name} SYNC")
    kept = dict(
        warehouse.rows(
            f"SELECT name, total_rows FROM system.tables WHERE database = 'kept_{state}'"
        )
    )
    for database, name in warehouse.rows(_STORED.format("true")):
        copy = f"{database}__{name}"
        warehouse.command(f"TRUNCATE TABLE {database}.{name}")
        if copy in kept:
            warehouse.command(f"INSERT INTO {database}.{name} SELECT * FROM kept_{state}.{copy}")
