"""A pytest plugin, ``-p tests.cluster.two_shards``: the same tests on a cluster of two shards.

One embedded engine is both shards: each of them shows, by a row policy, only the rows that the
sharding key gives it. So the real Distributed engine plans, sends and joins across two shards. What
one process cannot have is left out of the statements, as the worker of ON CLUSTER does on each node:
the words ON CLUSTER, and replication, whose copies talk over a port that the engine does not open.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from municipal_indicators import cluster
from municipal_indicators.warehouse import Warehouse, _hook, literal

REPOSITORY = Path(__file__).resolve().parents[2]
NAME = "municipal"
ON_CLUSTER = f" ON CLUSTER {NAME}"
_REPLICATED = re.compile(r"Replicated(MergeTree)\([^)]*\)")

_CONFIG = """<clickhouse>
  <tcp_port>9000</tcp_port>
  <users_config>{users}</users_config>
  <remote_servers><{name}>
    <shard><internal_replication>true</internal_replication>
      <replica><host>127.0.0.1</host><port>9000</port></replica></shard>
    <shard><internal_replication>true</internal_replication>
      <replica><host>127.0.0.1</host><port>9000</port></replica></shard>
  </{name}></remote_servers>
</clickhouse>
"""
_USERS = """<clickhouse>
  <profiles><default/></profiles><quotas><default/></quotas>
  <users><default>
    <password/><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>
    <databases><{shards}>{policies}</{shards}></databases>
  </default></users>
</clickhouse>
"""
_POLICY = "<{table}><filter>{key} % 2 + 1 = shardNum()</filter></{table}>"


def sharded_tables() -> list[str]:
    """The tables of the schema that hold the rows of loads."""
    text = "".join(path.read_text() for path in sorted((REPOSITORY / "sql/schema").glob("*.sql")))
    created = re.findall(r"CREATE TABLE IF NOT EXISTS core\.(\w+)\n\((.*?)\n\)", text, re.DOTALL)
    return [
        table
        for table, columns in created
        if re.search(r"\bunit_key ", columns) and re.search(r"\bload_id ", columns)
    ]


def on_one_node(statement: str) -> list[str]:
    """What one process without replication runs of a statement for the cluster."""
    if statement.startswith("SYSTEM SYNC REPLICA"):
        return []
    return [_REPLICATED.sub(r"\1", statement).replace(ON_CLUSTER, "")]


def connection(home: Path) -> str:
    """Write the engine's configuration below ``home``; the connection that opens it as a cluster."""
    policies = "".join(
        _POLICY.format(table=table, key=cluster.SHARDING_KEY) for table in sharded_tables()
    )
    config, users = home / "config.xml", home / "users.xml"
    config.write_text(_CONFIG.format(name=NAME, users=users))
    users.write_text(_USERS.format(shards=cluster.SHARDS, policies=policies))
    path = f"{home / 'warehouse'}?config-file={config}"
    extra = {"cluster": NAME, "client_kwargs": {"interface": "chdb", "path": path}}
    return json.dumps({"conn_type": "clickhouse", "schema": "default", "extra": extra})


def _translated_here(sql: str, name: str, ask: cluster.Ask) -> list[str]:
    def about_a_fresh_server(question: str) -> list[tuple[object, ...]]:
        return [] if "engine = 'MergeTree'" in question else ask(question)

    statements = _translated(sql, name, about_a_fresh_server)
    for statement in statements:
        ask(f"SELECT formatQuery({literal(statement)})")
    return [one for statement in statements for one in on_one_node(statement)]


_translated = cluster.translated


def pytest_configure(config: pytest.Config) -> None:
    home = Path(tempfile.mkdtemp(prefix="municipal-shards-"))
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    os.environ["AIRFLOW_CONN_CLICKHOUSE_DEFAULT"] = connection(home)
    cluster.translated = _translated_here  # type: ignore[assignment]
    for plugin in config.pluginmanager.get_plugins():
        if isinstance(plugin, ModuleType) and hasattr(plugin, "_empty"):
            _empty_shards_too(plugin)


def _empty_shards_too(conftest: ModuleType) -> None:
    empty = conftest._empty

    def emptied(warehouse: Warehouse) -> None:
        empty(warehouse)
        for table in sharded_tables():
            warehouse.command(f"TRUNCATE TABLE core.{table}")

    conftest._empty = emptied  # type: ignore[attr-defined]


@pytest.fixture(scope="session", autouse=True)
def _engine_is_two_shards() -> Iterator[None]:
    client = _hook().get_client()
    try:
        shards = client.query(f"SELECT is_local FROM system.clusters WHERE cluster = '{NAME}'")
        assert shards.result_rows == [(1,), (1,)]
        yield
    finally:
        client.close()
