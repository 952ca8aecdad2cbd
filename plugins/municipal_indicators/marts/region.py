"""What compares the districts of a region: views over their published marts, in the database ``region``."""

from __future__ import annotations

from municipal_indicators import settings
from municipal_indicators.errors import PassportError
from municipal_indicators.reference.passport import load_passport
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.districts import database_of
from municipal_indicators.warehouse.templates import render

_COLUMNS = """
SELECT name, type, comment FROM system.columns
WHERE database = 'marts' AND table = 'indicators_monthly' ORDER BY position
"""


def show_districts(warehouse: Warehouse) -> list[str]:
    """Make ``region.indicators_monthly`` anew, one row a district, indicator and month; nothing in no region.

    Returns the districts that it shows: those whose marts have the columns of the present district's. One
    that was not built by this version yet is left out until it is.
    """
    if not settings.districts():
        return []
    columns = warehouse.rows(_COLUMNS)
    databases = {database_of("marts", name): name for name in settings.districts()}
    found = warehouse.rows(
        "SELECT database FROM system.columns WHERE database IN {databases:Array(String)} "
        "AND table = 'indicators_monthly' AND (name, type) IN {columns:Array(Tuple(String, String))} "
        "GROUP BY database HAVING count() = length({columns:Array(Tuple(String, String))}) ORDER BY database",
        {"databases": list(databases), "columns": [(name, kind) for name, kind, _ in columns]},
    )
    shown = [databases[database] for (database,) in found]
    titles = [(name, _title(name)) for name in shown]
    warehouse.command("CREATE DATABASE IF NOT EXISTS region")
    warehouse.command(render("region/indicators_monthly.sql", columns=columns, districts=titles))
    return shown


def _title(district: str) -> str:
    """What the passport calls the district; its name where another district's passport is faulty."""
    with settings.working_for(district):
        try:
            return load_passport().district or district
        except PassportError:
            return district
