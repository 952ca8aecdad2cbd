"""Reads an embedded warehouse in a process of its own and prints it as JSON.

`python dump.py WAREHOUSE < needles.json`: the engine opens one folder in the life of a process,
and the process of the tests has opened another.
"""

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import clickhouse_connect

OURS = "('staging', 'core', 'intermediate', 'reference', 'mart_rows', 'marts', 'ops')"
Row = dict[str, Any]


def dump(path: str, needles: list[str]) -> dict[str, Any]:
    """Marts whole, their declared columns, the counts, and where a needle was found."""
    client = clickhouse_connect.get_client(interface="chdb", path=path)

    def rows(query: str) -> list[Row]:
        return list(client.query(query).named_results())

    tables = rows(
        f"SELECT database, name, comment, engine FROM system.tables WHERE database IN {OURS}"
    )
    columns = rows(
        "SELECT database, table, name, type, comment FROM system.columns "
        f"WHERE database IN {OURS} ORDER BY database, table, position"
    )
    # One with a parameter has no columns there.
    marts = sorted({one["table"] for one in columns if one["database"] == "marts"})
    return {
        "tables": tables,
        "columns": columns,
        "marts": {name: rows(f"SELECT * FROM marts.`{name}`") for name in marts},
        "loads": rows("SELECT * FROM ops.loads ORDER BY source, unit, started_at"),
        "quarantine": rows("SELECT * FROM ops.quarantine ORDER BY source, unit, line, field"),
        "found": list(_found(rows, tables, columns, needles)),
        "searched": len(needles),
    }


def _found(
    rows: Callable[[str], list[Row]], tables: list[Row], columns: list[Row], needles: list[str]
) -> Iterator[Row]:
    stored = {(one["database"], one["name"]) for one in tables if one["engine"] != "Null"}
    lowered = [needle.lower() for needle in needles]
    for column in columns:
        place = column["database"], column["table"]
        if "String" not in column["type"] or place not in stored:
            continue
        table, name = f"{place[0]}.`{place[1]}`", column["name"]
        cells = rows(f"SELECT DISTINCT lowerUTF8(toString(`{name}`)) AS cell FROM {table}")
        text = "\n".join(one["cell"] or "" for one in cells)
        for needle in lowered:
            if needle in text:
                yield {"column": f"{table}.{name}", "needle": needle}


def main() -> None:
    """Print the dump of the warehouse named on the command line."""
    needles = json.load(sys.stdin)
    json.dump(dump(sys.argv[1], needles), sys.stdout, default=str, ensure_ascii=False)


if __name__ == "__main__":
    main()
