"""What readers see in the warehouse, in a form that two runs can be compared by."""

from __future__ import annotations

from typing import Any

from municipal_indicators.warehouse.client import Warehouse

# What no two runs share: when something ran, and the ids of its loads.
_OF_A_RUN = {
    *("computed_at", "loaded_at", "checked_at", "requested_at", "last_success_at"),
    *("load_id", "load_ids", "load_number", "msu_load_id"),
}


def seen(warehouse: Warehouse, database: str) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the views of ``core`` or ``marts``, without what belongs to a run or to the clock."""
    names = warehouse.rows(
        f"SELECT name FROM system.tables WHERE database = '{database}' AND engine = 'View' "
        "AND name != 'data_freshness' "
        # A view with a parameter has no columns before it is asked.
        f"AND name IN (SELECT table FROM system.columns WHERE database = '{database}') ORDER BY name"
    )
    rows = {}
    for (name,) in names:
        columns = [one for one in warehouse.columns(f"{database}.{name}") if one not in _OF_A_RUN]
        found = warehouse.rows(f"SELECT {', '.join(columns)} FROM {database}.{name} ORDER BY ALL")
        rows[name] = [tuple(map(_hashable, row)) for row in found]
    return rows


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def count(found: dict[str, list[tuple[Any, ...]]]) -> int:
    """How many rows that are."""
    return sum(len(rows) for rows in found.values())
