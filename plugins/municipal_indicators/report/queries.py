"""Reads the numbers of the report: runs the files of ``sql/report/`` and returns their rows."""

from __future__ import annotations

import re
from typing import Any

from clickhouse_connect.driver.exceptions import DatabaseError

from municipal_indicators import settings
from municipal_indicators.errors import IndicatorsError
from municipal_indicators.warehouse.client import Warehouse

Row = dict[str, Any]


def rows(warehouse: Warehouse, query: str) -> list[Row]:
    """The rows of ``sql/report/<query>.sql``, a mapping each, NULL as None.

    Raises IndicatorsError where a mart is missing, which names the DAG that builds it, and what
    ``Warehouse`` raises where a server cannot be reached.
    """
    path = settings.SQL / "report" / f"{query}.sql"
    try:
        return warehouse.mappings(path.read_text(encoding="utf-8"))
    except DatabaseError as error:
        message = str(error)
    # Not raised inside ``except``: the driver's error quotes the server's address and the statement.
    if "UNKNOWN_TABLE" in message or "UNKNOWN_DATABASE" in message:
        raise IndicatorsError(
            f"{path.name}: нет витрины, которую он читает ({_first_sentence(message)}). Запустите сначала "
            "DAG build_indicator_marts с тем же хранилищем."
        )
    raise IndicatorsError(f"{path}: хранилище отказало: {_first_sentence(message)}.")


def by_indicator(warehouse: Warehouse, query: str) -> dict[str, list[Row]]:
    """The rows of a query that has a column ``indicator``, by its code; raises what ``rows`` raises."""
    found: dict[str, list[Row]] = {}
    for row in rows(warehouse, query):
        found.setdefault(row["indicator"], []).append(row)
    return found


def _first_sentence(message: str) -> str:
    """What the engine says, without the statement and the address that are quoted after it."""
    said = message.rpartition("DB::Exception: ")[2]
    return re.split(r"\. | \(for url|:? [Ii]n scope|: While", said, maxsplit=1)[0].rstrip(".")
