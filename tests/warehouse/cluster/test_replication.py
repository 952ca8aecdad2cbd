"""The replicated tables of two nodes at a real ZooKeeper: which node copies what from which.

The embedded engine makes the replicas, and the coordinator knows them; rows are not copied, because
the engine does not open the port over which replicas talk.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from municipal_indicators.warehouse import cluster
from tests.services import require
from tests.warehouse.cluster.test_translation import ask, ours
from tests.warehouse.cluster.two_shards import ON_CLUSTER, sharded_tables

JAR = Path("/usr/share/java/zookeeper.jar")
COPIED = ["reference.holidays", "intermediate.site_calendar"]


@pytest.fixture(scope="module")
def keeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a ZooKeeper of our own, empty at first."""
    java = shutil.which("java")
    require(None if java and JAR.exists() else "No ZooKeeper is installed (apt install zookeeper)")
    assert java
    folder = tmp_path_factory.mktemp("zookeeper")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    (folder / "zoo.cfg").write_text(
        f"tickTime=2000\ndataDir={folder}\nclientPort={port}\nclientPortAddress=127.0.0.1\n"
        "admin.enableServer=false\n"
    )
    main = "org.apache.zookeeper.server.quorum.QuorumPeerMain"
    server = subprocess.Popen(
        [java, "-Xmx256m", "-cp", str(JAR), main, str(folder / "zoo.cfg")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, server)
        yield port
    finally:
        server.kill()
        server.wait(timeout=60)


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"ZooKeeper ended with {server.returncode}")


def as_its_worker_runs(statement: str) -> str:
    """A statement ON CLUSTER as each node gets it: without these words, with one UUID for all nodes."""
    created = re.match(r"CREATE TABLE (?:IF NOT EXISTS )?\w+\.\w+", statement)
    if created:
        one = uuid.uuid5(uuid.NAMESPACE_OID, created[0])
        statement = f"{created[0]} UUID '{one}'{statement[created.end() :]}"
    return statement.replace(ON_CLUSTER, "")


def of_a_node(
    folder: Path, port: int, shard: int, replica: int, statements: list[str]
) -> dict[str, Any]:
    folder.mkdir()
    done = subprocess.run(
        [
            sys.executable,
            str(Path(__file__).with_name("node.py")),
            str(folder),
            *map(str, (port, shard, replica)),
        ],
        input=json.dumps(statements),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def all_statements() -> list[str]:
    """The schema, and the copy, exchange and removal that a build makes of a table; no rows."""
    build = [
        part
        for table in COPIED
        for part in (
            f"CREATE TABLE {table}__next AS {table}",
            f"EXCHANGE TABLES {table}__next AND {table}",
            f"DROP TABLE {table}__next SYNC",
        )
    ]
    of_rows = re.compile(r"(?:--[^\n]*\n|\s)*(?:DELETE|INSERT|ALTER TABLE \S+ DROP PARTITION)")
    changing = [one for one in ours() if not of_rows.match(one)]
    own = ["CREATE DATABASE IF NOT EXISTS ops", *changing, *build]
    statements = [one for sql in own for one in cluster.translated(sql, "municipal", ask)]
    return with_added_columns(
        as_its_worker_runs(one) for one in statements if not one.startswith("SYSTEM SYNC REPLICA")
    )


def with_added_columns(statements: Iterable[str]) -> list[str]:
    """The statements, with columns that are added later in the statement that creates their table.

    A replica without its port stays readable only and cannot be altered, but views read these columns.
    """
    found: list[str] = []
    for statement in statements:
        altered = re.match(r"ALTER TABLE (\w+\.\w+)\s+(?=ADD COLUMN)", statement)
        if not altered:
            found.append(statement)
            continue
        added = re.sub(
            r"(\A|,)\s*ADD COLUMN IF NOT EXISTS ", r"\1\n    ", statement[altered.end() :]
        )
        created = re.compile(rf"CREATE TABLE (?:IF NOT EXISTS )?{altered[1]}\s")
        (place,) = (number for number, one in enumerate(found) if created.match(one))
        head, end, rest = found[place].partition("\n)\nENGINE")
        found[place] = f"{head},{added}{end}{rest}"
    return found


def test_small_tables_are_on_every_node_and_rows_of_loads_on_those_of_their_shard(
    keeper: int, tmp_path: Path
) -> None:
    statements = all_statements()
    first = of_a_node(tmp_path / "1-1", keeper, 1, 1, statements)
    assert first["refused"] == []
    other = of_a_node(tmp_path / "2-1", keeper, 2, 1, statements)
    assert other["refused"] == []
    databases = [
        f"CREATE DATABASE {name}"
        for name in (
            "ops",
            "core",
            "intermediate",
            "reference",
            "shards",
            "staging",
            "mart_rows",
            "marts",
            "marts_next",
        )
    ]
    second = of_a_node(tmp_path / "1-2", keeper, 1, 2, databases + first["schema"])
    assert second["refused"] == []
    assert len(first["views"]) > 20
    assert sorted(second["views"]) == sorted(first["views"])

    on_first, on_second, on_other = (
        {name: rest for name, *rest in said["replicas"]} for said in (first, second, other)
    )
    assert on_first.keys() == on_second.keys() == on_other.keys()
    assert not any(name.endswith("__next") for name in on_first)
    shards = {name for name in on_first if name.startswith("shards.")}
    assert shards == {f"shards.{table}" for table in sharded_tables()}
    for name, (path, replica, _) in on_first.items():
        if name in shards:
            assert path.endswith("/1")
            assert replica == "1"
            assert on_second[name] == [path, "2", 2]
            assert on_other[name] == [path[: -len("1")] + "2", "1", 1]
        else:
            assert replica == "1-1"
            assert on_other[name] == [path, "2-1", 2]
            assert on_second[name] == [path, "1-2", 3]
