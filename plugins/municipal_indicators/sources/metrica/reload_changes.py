"""Records what a repeated load changed in each day, for the settling curve."""

from __future__ import annotations

from collections.abc import Sequence

from municipal_indicators.sources.metrica.staging import id_of, table_of
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.load_ledger import Load
from municipal_indicators.warehouse.templates import render

_KEY_COLUMNS = {"unit_key", "load_id", "part", "line"}


def record_changes(warehouse: Warehouse, source: str, loads: Sequence[Load]) -> None:
    """Compare loads with the published ones of the same days, row by row, into ``ops.metrica_reloads``.

    Has to run before the new loads are published. Writes one row for each day that was published
    before, and none for days loaded for the first time.
    """
    keys = [load.unit.key for load in loads]
    previous = dict(
        warehouse.rows(
            """
            SELECT unit_key, load_id FROM ops.published
            WHERE source = 'metrica' AND dataset = {dataset:String} AND unit_key IN {keys:Array(String)}
            """,
            {"keys": keys, "dataset": source},
        )
    )
    reloaded = [load for load in loads if load.unit.key in previous]
    if not reloaded:
        return
    table = table_of(source)
    columns = [name for name in warehouse.columns(table) if name not in _KEY_COLUMNS]
    warehouse.command(
        render(
            "loads/changes_of_days.sql",
            table=table,
            source=source,
            id=id_of(source),
            values=", ".join(columns),
        ),
        {
            "keys": [load.unit.key for load in reloaded],
            "new": [str(load.load_id) for load in reloaded],
            "old": [str(previous[load.unit.key]) for load in reloaded],
        },
    )
