"""What charts of Superset were answered, in a form that can be compared."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import UTC, date, datetime
from typing import Any

from tests.bi.visitor import Answer, Api

# What Superset adds to the columns of a chart.
HELPING = re.compile(r"^order_|__contribution$")


def comparable(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row whichever way it came: Superset gives days as milliseconds and whole numbers as decimals."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, date):
            day = datetime(value.year, value.month, value.day, tzinfo=UTC)
            moment = value.replace(tzinfo=UTC) if isinstance(value, datetime) else day
            found[name] = moment.timestamp() * 1000
        else:
            found[name] = round(float(value), 9) if isinstance(value, int | float) else value
    return found


def key(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(str(sorted(row.items())) for row in rows)


def months(rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
    return {f"{month:%Y-%m}": value for month, value in rows}


def by_month(data: list[dict[str, Any]], column: str) -> dict[str, Any]:
    """A chart's values by month that has one; a day comes as milliseconds since 1970 in UTC."""
    return {
        f"{datetime.fromtimestamp(row['Месяц'] / 1000, UTC):%Y-%m}": row[column]
        for row in data
        if row[column] is not None
    }


def filtered(answer: Answer, column: str, *values: object) -> dict[str, Any]:
    """The chart's own request with another choice in a filter of the dashboard."""
    asked = deepcopy(answer.asked)
    for query in asked["queries"]:
        query["filters"] = [
            *(one for one in query.get("filters", []) if one["col"] != column),
            {"col": column, "op": "IN", "val": list(values)},
        ]
    return asked


def tile(reader: Api, answer: Answer, **choices: object) -> float:
    asked = answer.asked
    for column, value in choices.items():
        asked = filtered(Answer(0, asked, 200, {}), column, value)
    (row,) = reader.rows(asked)
    (value,) = row.values()
    return float(value)
