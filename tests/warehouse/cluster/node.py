"""One node of a cluster, as far as an embedded engine can be one: runs statements, says what it then has.

`python node.py FOLDER KEEPER_PORT SHARD REPLICA < statements.json`: prints JSON and ends without closing
the engine, which would wait for minutes for replicas that never could open their port.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

from municipal_indicators.settings import REPOSITORY

CONFIG = """<clickhouse>
  <tcp_port>9000</tcp_port>
  <zookeeper><node><host>127.0.0.1</host><port>{port}</port></node></zookeeper>
  <macros><shard>{shard}</shard><replica>{replica}</replica></macros>
  <remote_servers><municipal>
    <shard><replica><host>127.0.0.1</host><port>9000</port></replica></shard>
    <shard><replica><host>127.0.0.1</host><port>9000</port></replica></shard>
  </municipal></remote_servers>
</clickhouse>
"""


def for_a_neighbour() -> list[str]:
    """The queries by which docs/cluster.md brings a new node the functions and tables of its neighbour."""
    text = (REPOSITORY / "docs/cluster.md").read_text(encoding="utf-8")
    queries = re.findall(r"^      (SELECT .+(?:\n      .+)*)$", text, re.MULTILINE)
    assert len(queries) == 2
    return queries


def main() -> None:
    """Run the statements of standard input."""
    import chdb

    folder, port, shard, replica = sys.argv[1:]
    config = Path(folder) / "config.xml"
    config.write_text(CONFIG.format(port=port, shard=shard, replica=replica))
    # Whether it has types depends on how mypy came to know the package.
    connect: Any = chdb.connect
    connection = connect(f"{folder}/data?config-file={config}")
    refused = []
    for statement in json.load(sys.stdin):
        try:
            connection.query(statement)
        except Exception as error:  # noqa: BLE001 - reported to the test, which knows what may be refused
            refused.append([statement, str(error)])

    def rows(sql: str) -> Any:
        return json.loads(str(connection.query(sql, "JSONCompact")))["data"]

    said = {
        "refused": refused,
        "replicas": rows(
            "SELECT database || '.' || table, zookeeper_path, replica_name, total_replicas "
            "FROM system.replicas"
        ),
        "views": rows(
            "SELECT database || '.' || name, create_table_query FROM system.tables "
            "WHERE database IN ('core', 'ops', 'staging') AND engine LIKE '%View'"
        ),
        "schema": [text for sql in for_a_neighbour() for (text,) in rows(sql)],
    }
    sys.stdout.write(json.dumps(said))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
