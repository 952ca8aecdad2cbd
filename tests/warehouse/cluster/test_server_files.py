"""The files that ClickHouse servers and Keepers read: well-formed, and every word is one the engine knows."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from municipal_indicators import settings
from municipal_indicators.warehouse import cluster
from municipal_indicators.warehouse.client import Warehouse, _hook
from tests.emulators.clickhouse.users import IMAGE_USERS

FOLDER = settings.REPOSITORY / "deploy/clickhouse"
TOPOLOGY = FOLDER / "topology"
FILES = sorted(FOLDER.rglob("*.xml"))

# Sections with names of one's own inside, or read by the server's program alone, which chDB leaves out.
SECTIONS = {
    "interserver_http_credentials": {"user", "password"},
    "macros": {"shard", "replica"},
    "remote_servers": {"secret", "shard", "internal_replication", "replica", "host", "port"},
    "zookeeper": {"node", "host", "port"},
}
PORTS = {"http_port", "tcp_port", "mysql_port", "postgresql_port"}
SYSTEM_LOG = {"ttl", "database", "table", "partition_by", "flush_interval_milliseconds"}
CRASH_REPORTS = {"enabled"}
# From the documentation of BACKUP: the embedded engine names no disks.
BACKUPS = {
    "storage_configuration": {"disks.backups.type", "disks.backups.path"},
    "backups": {"allowed_disk"},
}
USERS = {"roles", "profiles", "quotas", "users"}
# From Keeper's documentation: the embedded engine has no Keeper that could be asked.
KEEPER = {
    "listen_host",
    "logger.level",
    "logger.console",
    *(
        f"keeper_server.{name}"
        for name in (
            "tcp_port",
            "server_id",
            "log_storage_path",
            "snapshot_storage_path",
            "coordination_settings.operation_timeout_ms",
            "coordination_settings.session_timeout_ms",
            "coordination_settings.raft_logs_level",
            "raft_configuration.server.id",
            "raft_configuration.server.hostname",
            "raft_configuration.server.port",
        )
    ),
}
INTERVAL = {"duration", "queries", "query_selects", "query_inserts", "errors", "execution_time"} | {
    f"{what}_{counted}" for what in ("read", "result", "written") for counted in ("rows", "bytes")
}


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Warehouse]:
    client = _hook().get_client()
    yield Warehouse(client)
    client.close()


def root_of(path: Path) -> etree._Element:
    root = etree.parse(path, etree.XMLParser(resolve_entities=False, no_network=True)).getroot()
    assert root.tag == "clickhouse"
    return root


def elements(parent: etree._Element) -> Iterator[etree._Element]:
    return (one for one in parent if isinstance(one.tag, str))


def below(parent: etree._Element, prefix: str = "") -> Iterator[str]:
    """The dotted names of the values in a section."""
    for one in elements(parent):
        name = prefix + str(one.tag)
        if list(elements(one)):
            yield from below(one, name + ".")
        else:
            yield name


def names(warehouse: Warehouse, table: str) -> set[str]:
    return {name for (name,) in warehouse.rows(f"SELECT name FROM system.{table}")}


def test_every_file_is_looked_at() -> None:
    assert {path.relative_to(FOLDER).as_posix() for path in FILES} >= {
        "config.d/municipal.xml",
        "users.d/municipal.xml",
        *(f"topology/{name}.xml" for name in ("single", "cluster", "keeper")),
        *(f"topology/{name}-users.xml" for name in ("single", "cluster")),
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_every_setting_is_known(path: Path, warehouse: Warehouse) -> None:
    root = root_of(path)
    if path.name == "keeper.xml":
        assert {str(one.tag) for one in elements(root)} == {
            "listen_host",
            "logger",
            "keeper_server",
        }
        assert set(below(root)) <= KEEPER
        return
    server = names(warehouse, "server_settings")
    logs = {name for name in server if name.endswith("_log")} | {
        str(one.tag) for one in elements(root) if str(one.tag).endswith("_log")
    }
    for section in elements(root):
        tag = str(section.tag)
        if tag in USERS or tag in SECTIONS or tag in PORTS or tag in server:
            continue
        if tag in logs:
            assert set(below(section)) <= SYSTEM_LOG
        elif tag in BACKUPS:
            assert set(below(section)) <= BACKUPS[tag]
        elif tag == "send_crash_reports":
            assert set(below(section)) <= CRASH_REPORTS
        else:
            unknown = {f"{tag}.{name}" for name in below(section)} - server
            assert not unknown, unknown
            assert len(section), f"{tag} is no setting of this server"


def test_the_topology_says_only_what_its_sections_may() -> None:
    root = root_of(TOPOLOGY / "cluster.xml")
    for tag, allowed in SECTIONS.items():
        section = root.find(tag)
        assert section is not None, tag
        assert {str(one.tag) for one in section.iterdescendants(etree.Element)} <= allowed | {
            "municipal"
        }


@pytest.mark.parametrize(
    "path", sorted(FOLDER.rglob("*users*/*.xml")) + sorted(TOPOLOGY.glob("*-users.xml")), ids=str
)
def test_profiles_and_quotas_name_what_there_is(path: Path, warehouse: Warehouse) -> None:
    root = root_of(path)
    known = names(warehouse, "settings")
    for profile in root.iterfind("profiles/*"):
        for one in elements(profile):
            if one.tag == "constraints":
                assert {str(limit.tag) for limit in elements(one)} <= known
            else:
                assert one.tag in known | {"profile"}, f"{path.name}: {profile.tag}/{one.tag}"
    for interval in root.iterfind("quotas/*/interval"):
        assert {str(one.tag) for one in elements(interval)} <= INTERVAL


def test_the_cluster_is_two_shards_of_two_replicas_and_three_keepers() -> None:
    root = root_of(TOPOLOGY / "cluster.xml")
    shards = root.findall("remote_servers/municipal/shard")
    hosts = [[replica.text for replica in shard.iterfind("replica/host")] for shard in shards]
    assert hosts == [["clickhouse", "clickhouse-1-2"], ["clickhouse-2-1", "clickhouse-2-2"]]
    assert {shard.findtext("internal_replication") for shard in shards} == {"true"}
    asked = [
        (node.findtext("host"), node.findtext("port")) for node in root.iterfind("zookeeper/node")
    ]
    keeper = root_of(TOPOLOGY / "keeper.xml")
    port = keeper.findtext("keeper_server/tcp_port")
    members = [
        (member.findtext("id"), member.findtext("hostname"))
        for member in keeper.iterfind("keeper_server/raft_configuration/server")
    ]
    assert asked == [(host, port) for _, host in members]
    assert [number for number, _ in members] == ["1", "2", "3"]


@pytest.mark.parametrize("name", ["single", "cluster"])
def test_the_engine_merges_the_rights_of_a_topology(name: str, tmp_path: Path) -> None:
    """In a process of its own, that reads users.xml with users.d beside it as a server does."""
    (tmp_path / "users.d").mkdir()
    (tmp_path / "users.xml").write_text(IMAGE_USERS)
    shutil.copy(FOLDER / "users.d/municipal.xml", tmp_path / "users.d/municipal.xml")
    shutil.copy(TOPOLOGY / f"{name}-users.xml", tmp_path / "users.d/topology.xml")
    (tmp_path / "config.xml").write_text(
        f"<clickhouse><users_config>{tmp_path / 'users.xml'}</users_config></clickhouse>"
    )
    script = (
        "import chdb, sys\n"
        "c = chdb.connect(sys.argv[1])\n"
        'print(c.query("SELECT access_type, database, count() FROM system.grants '
        "WHERE role_name = 'loader' GROUP BY 1, 2\", 'JSONCompact'))\n"
        "c.close()\n"
    )
    passwords = {f"CLICKHOUSE_{user}_PASSWORD": "not-used" for user in ("LOADER", "BI", "AUDITOR")}
    done = subprocess.run(
        [sys.executable, "-c", script, f"{tmp_path}/data?config-file={tmp_path}/config.xml"],
        env=passwords,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    rights = {(right, database) for right, database, _ in json.loads(done.stdout)["data"]}
    # What every loader may is still there, and with a cluster more.
    assert {("INSERT", "core"), ("CREATE DATABASE", "ops"), ("CREATE FUNCTION", None)} <= rights
    more = {
        ("CLUSTER", None),
        ("INSERT", cluster.SHARDS),
        ("CREATE TABLE", cluster.SHARDS),
        ("SYSTEM SYNC REPLICA", "intermediate"),
        ("SYSTEM SYNC REPLICA", "reference"),
        ("SYSTEM SYNC REPLICA", "mart_rows"),
    }
    assert (more <= rights) if name == "cluster" else not (more & rights)
