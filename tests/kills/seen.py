"""What readers see, in fingerprints: of each mart, of each published unit, of every view."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from municipal_indicators.warehouse.client import Warehouse
from tests.compare_warehouses import IGNORED

# What no two runs share: when something ran, and the ids of its loads.
_OF_A_RUN = {
    *IGNORED,
    *("load_id", "load_number", "msu_load_id"),
    *("arrived_at", "requested_at", "loaded_at", "checked_at"),
}

Marks = dict[str, str]
"""Number and hash of the rows of a mart, or of a unit in a table, by name."""


class Reader:
    """Asks one warehouse the same queries again and again; they are written once."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        tables = self._columns("core", "%MergeTree")
        self._of_units = [
            f"SELECT concat('{table} ', {_unit(columns)}) AS what, {_mark(columns)} FROM core.{table} "
            "WHERE load_id IN ({loads}) GROUP BY what"
            for table, columns in tables.items()
            if "load_id" in columns
        ]
        stored = {mart for mart, columns in self._columns("mart_rows", "%MergeTree").items()}
        self._of_views = {
            f"{database}.{view}": f"SELECT '{database}.{view}' AS what, {_mark(columns)} "
            f"FROM {database}.{view}"
            for database in ("core", "marts")
            for view, columns in self._columns(database, "View").items()
        }
        self._of_marts = [self._of_views[f"marts.{mart}"] for mart in stored]

    def marts(self) -> Marks:
        """All marts of builds by one query, as of a reader who joins them."""
        return self._read(self._of_marts)

    def units(self, loads: str = "SELECT load_id FROM ops.published") -> Marks:
        """The rows of the published loads, or of other ones, by table and unit."""
        return self._read(part.format(loads=loads) for part in self._of_units)

    def views(self) -> Marks:
        """All views of ``core`` and ``marts``."""
        return self._read(self._of_views.values())

    def _columns(self, database: str, engine: str) -> dict[str, list[str]]:
        rows = self._warehouse.rows(
            "SELECT c.table, groupArray(c.name) FROM system.columns AS c "
            "INNER JOIN system.tables AS t ON t.database = c.database AND t.name = c.table "
            f"WHERE c.database = '{database}' AND t.engine LIKE '{engine}' GROUP BY c.table ORDER BY c.table"
        )
        return dict(rows)

    def _read(self, parts: Iterable[str]) -> Marks:
        return dict(self._warehouse.rows(" UNION ALL ".join(parts)))


def _unit(columns: Sequence[str]) -> str:
    # Visits and hits of a day have the same key in the table of days.
    return "concat(unit_key, ' ', source)" if "source" in columns else "unit_key"


def _mark(columns: Sequence[str]) -> str:
    kept = ", ".join(column for column in columns if column not in _OF_A_RUN)
    return f"concat(toString(count()), ' rows, ', hex(sum(cityHash64(toString(tuple({kept})))))) AS mark"
