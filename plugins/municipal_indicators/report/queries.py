"""Reads the numbers of the report: runs the files of ``sql/report/`` and returns their rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from municipal_indicators.errors import IndicatorsError

SQL_FOLDER = Path(__file__).resolve().parents[3] / "sql" / "report"

Row = dict[str, Any]


def rows(client: Client, query: str) -> list[Row]:
    """The rows of ``sql/report/<query>.sql`` as mappings, NULL as None.

    Raises IndicatorsError if a mart is missing; the error names the DAG that builds it.
    """
    path = SQL_FOLDER / f"{query}.sql"
    try:
        return list(client.query(path.read_text(encoding="utf-8")).named_results())
    except DatabaseError as error:
        if "UNKNOWN_TABLE" in str(error) or "UNKNOWN_DATABASE" in str(error):
            raise IndicatorsError(
                f"{path.name}: a mart it reads does not exist ({_first_sentence(error)}). "
                "Run the DAG build_indicator_marts first, against the same warehouse."
            ) from error
        raise IndicatorsError(f"{path}: the warehouse refused it: {error}") from error


def _first_sentence(error: DatabaseError) -> str:
    """The engine's message without the query that is repeated in it."""
    return str(error).partition(" In scope")[0]
