"""Back-up and restore as docs/operations.md has them: the commands themselves, and the marts after them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from municipal_indicators.settings import REPOSITORY
from tests.compare_warehouses import Marts, dump

pytestmark = pytest.mark.frees_engine
PAGE = (REPOSITORY / "docs" / "operations.md").read_text(encoding="utf-8")

FILL = """
from datetime import date
from municipal_indicators.marts import build, publishing
from municipal_indicators.reference.passport import load_passport
from municipal_indicators.sources.schema import apply_schema
from municipal_indicators.warehouse.client import open_warehouse
from tests.marts.given import Given

with open_warehouse() as warehouse:
    apply_schema(warehouse)
    given = Given(warehouse, load_passport())
    for day in (29, 30):
        given.visits(date(2024, 1, day), [{}, {}])
    publishing.publish_marts(warehouse, build.build_marts(warehouse, load_passport()).id)
"""
# The engine of a server, as far as an embedded one can be one.
RUN = """
import sys
import chdb
connection = chdb.connect(sys.argv[1])
print(connection.query(sys.argv[2]))
"""


def section(heading: str) -> list[str]:
    """The commands of a code block, by the line that precedes it."""
    block = re.search(rf"^{re.escape(heading)}.*?^```\n(.*?)^```", PAGE, re.M | re.S)
    assert block, heading
    return block[1].replace("\\\n", "").splitlines()


def python(code: str, *arguments: str, warehouse: Path) -> str:
    engine = {"client_kwargs": {"interface": "chdb", "path": str(warehouse)}}
    connection = json.dumps({"conn_type": "clickhouse", "extra": engine})
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "AIRFLOW_CONN_CLICKHOUSE_DEFAULT": connection},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture
def live(tmp_path: Path) -> tuple[Path, Marts]:
    """A warehouse with marts in it, and these."""
    warehouse = tmp_path / "warehouse"
    python(FILL, warehouse=warehouse)
    marts = dump(warehouse)
    assert sum(map(len, marts.values())) > 50
    return warehouse, marts


def test_the_embedded_warehouse_is_restored_as_it_was(
    live: tuple[Path, Marts], tmp_path: Path
) -> None:
    warehouse, marts = live
    names = {"WAREHOUSE": str(warehouse), "BACKUP": str(tmp_path / "backup.tar.gz")}
    back_up, restore = section("Встроенный движок:")

    def bash(command: str) -> int:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command], env={**os.environ, **names}, check=False
        )
        return done.returncode

    assert bash(back_up) == 0
    python(RUN, str(warehouse), "DROP DATABASE core", warehouse=warehouse)
    assert bash(restore) == 0
    assert dump(warehouse) == marts
    python(FILL, warehouse=warehouse)
    # A back-up that is cut short leaves what is there.
    Path(names["BACKUP"]).write_bytes(Path(names["BACKUP"]).read_bytes()[:10_000])
    assert bash(restore) != 0
    assert dump(warehouse).keys() == marts.keys()


def test_a_server_is_restored_as_it_was(live: tuple[Path, Marts], tmp_path: Path) -> None:
    warehouse, marts = live
    shipped = ET.parse(REPOSITORY / "deploy/clickhouse/config.d/municipal.xml").getroot()
    config = ET.Element("clickhouse")
    config.extend(one for one in shipped if one.tag in ("storage_configuration", "backups"))
    (path,) = config.iter("path")
    path.text = f"{tmp_path}/backups/"
    ET.ElementTree(config).write(tmp_path / "config.xml")
    commands = section("Сервер:")
    back_up, restore = (re.findall(r'--query "(.*)"', command)[0] for command in commands)
    option = f"?config-file={tmp_path}/config.xml"
    python(RUN, f"{warehouse}{option}", back_up, warehouse=warehouse)
    other = tmp_path / "other"
    assert "RESTORED" in python(RUN, f"{other}{option}", restore, warehouse=other)
    assert dump(other) == marts
    # It is a warehouse like any other: the next night loads and builds.
    python(FILL, warehouse=other)
