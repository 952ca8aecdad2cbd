"""Notes what a re-load changed of each day, before it is published: the points of the settling curve."""

from __future__ import annotations

from collections.abc import Sequence

from municipal_indicators.sources.metrica.staging import id_of, table_of
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.load_ledger import Load
from municipal_indicators.warehouse.templates import render

_NOT_VALUES = {"unit_key", "load_id", "part", "line"}


def note_changes(warehouse: Warehouse, source: str, loads: Sequence[Load]) -> None:
    """Compare these loads with the published ones of the same days, row by row, into ``ops.metrica_reloads``.

    One row a day that was published before; days loaded for the first time have none.
    """
    keys = [load.unit.key for load in loads]
    previous = dict(
        warehouse.rows(
            """
            SELECT unit_key, load_id FROM ops.published
            WHERE source = 'metrica' AND unit_key IN {keys:Array(String)}
            """,
            {"keys": keys},
        )
    )
    again = [load for load in loads if load.unit.key in previous]
    if not again:
        return
    table = table_of(source)
    values = [name for name in warehouse.columns(table) if name not in _NOT_VALUES]
    warehouse.command(
        render(
            "loads/changes_of_days.sql",
            table=table,
            source=source,
            id=id_of(source),
            values=", ".join(values),
        ),
        {
            "keys": [load.unit.key for load in again],
            "new": [str(load.load_id) for load in again],
            "old": [str(previous[load.unit.key]) for load in again],
        },
    )
