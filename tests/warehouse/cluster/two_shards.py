"""A pytest plugin, ``-p tests.warehouse.cluster.two_shards``: the same tests on a cluster of two shards.

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
from lxml import etree

from municipal_indicators.settings import REPOSITORY
from municipal_indicators.warehouse import cluster
from municipal_indicators.warehouse.client import Warehouse, _hook
from municipal_indicators.warehouse.templates import literal
from tests.emulators.clickhouse.users import as_default
from tests.warehouse.region_rights import rights

NAME = "municipal"
# A district of a region on the same shards.
DISTRICT = "mtsensk"
ON_CLUSTER = f" ON CLUSTER {NAME}"
_REPLICATED = re.compile(r"Replicated(MergeTree)\([^)]*\)")

_CONFIG = """<clickhouse>
  <tcp_port>9000</tcp_port>
  <users_config>{users}</users_config>
  <access_control_improvements>
    <users_without_row_policies_can_read_rows>true</users_without_row_policies_can_read_rows>
    <on_cluster_queries_require_cluster_grant>true</on_cluster_queries_require_cluster_grant>
    <select_from_system_db_requires_grant>true</select_from_system_db_requires_grant>
  </access_control_improvements>
  <remote_servers><{name}>
    <shard><internal_replication>true</internal_replication>
      <replica><host>127.0.0.1</host><port>9000</port></replica></shard>
    <shard><internal_replication>true</internal_replication>
      <replica><host>127.0.0.1</host><port>9000</port></replica></shard>
  </{name}></remote_servers>
</clickhouse>
"""
TOPOLOGY = REPOSITORY / "deploy/clickhouse/topology"


def sharded_tables() -> list[str]:
    """The tables of the schema that hold the rows of loads."""
    text = "".join(
        path.read_text() for path in sorted((REPOSITORY / "sql/migrations").glob("*.sql"))
    )
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


def users() -> str:
    """The production user ``loader`` with a cluster's rights, who sees a shard's rows as that shard."""
    of_cluster = etree.parse(TOPOLOGY / "cluster-users.xml").getroot().iterfind(".//query")
    granted = [str(right.text) for right in of_cluster]
    # Of this process only: chDB enters `default` first, and a test looks at the clusters.
    granted += [*rights("loader"), f"GRANT SYSTEM SYNC REPLICA ON {DISTRICT}_*.*"]
    granted += ["GRANT SHOW DATABASES ON default.*", "GRANT SELECT ON system.clusters"]
    root = etree.fromstring(as_default("loader", grants=granted))
    user = root.find("users/default")
    assert user is not None
    databases = etree.SubElement(user, "databases")
    for database in (cluster.SHARDS, f"{DISTRICT}_{cluster.SHARDS}"):
        policies = etree.SubElement(databases, database)
        for table in sharded_tables():
            rows = etree.SubElement(etree.SubElement(policies, table), "filter")
            rows.text = f"{cluster.SHARDING_KEY} % 2 + 1 = shardNum()"
    return etree.tostring(root, encoding="unicode")


def connection(home: Path) -> str:
    """Write the engine's configuration below ``home``; the connection that opens it as a cluster."""
    config, users_file = home / "config.xml", home / "users.xml"
    config.write_text(_CONFIG.format(name=NAME, users=users_file))
    users_file.write_text(users())
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
        if isinstance(plugin, ModuleType) and hasattr(plugin, "empty"):
            _empty_shards_too(plugin)


def _empty_shards_too(conftest: ModuleType) -> None:
    empty = conftest.empty

    def emptied(warehouse: Warehouse) -> None:
        empty(warehouse)
        for table in sharded_tables():
            warehouse.command(f"TRUNCATE TABLE core.{table}")

    conftest.empty = emptied  # type: ignore[attr-defined]


@pytest.fixture(scope="session", autouse=True)
def _engine_is_two_shards() -> Iterator[None]:
    client = _hook().get_client()
    try:
        shards = client.query(f"SELECT is_local FROM system.clusters WHERE cluster = '{NAME}'")
        assert shards.result_rows == [(1,), (1,)]
        yield
    finally:
        client.close()
