"""docs/operations.md as it is written: each query, command and parameter of it is tried.

So are the queries of docs/indicators.md.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import uuid
from datetime import date
from pathlib import Path

from airflow.sdk import DAG

from municipal_indicators.reference.passport import load_passport
from municipal_indicators.settings import REPOSITORY
from municipal_indicators.warehouse.client import Warehouse
from tests.marts.given import COUNTER, Given

PAGE = (REPOSITORY / "docs" / "operations.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^ *```(\w*)\n(.*?)^ *```", PAGE, re.M | re.S)
INDICATORS = (REPOSITORY / "docs" / "indicators.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"^ *```sql\n(.*?)^ *```", PAGE + INDICATORS, re.M | re.S)
TRIGGERED = re.findall(r"airflow dags (?:test|trigger) (\w+)(?: --conf '([^']+)')?", PAGE)
IN_PROSE = re.findall(r"`'(\{[^`]*\})'`", PAGE)


def test_every_query_is_answered(warehouse: Warehouse) -> None:
    given = Given(warehouse, load_passport())
    given.visits(date(2024, 1, 30), [{}])
    given.build()
    assert QUERIES
    for query in QUERIES:
        warehouse.rows(query)


def test_every_run_has_parameters_that_its_dag_knows(airflow_database: None) -> None:
    from airflow.dag_processing.dagbag import DagBag

    dags: dict[str, DAG] = DagBag(dag_folder=str(REPOSITORY / "dags")).dags
    assert TRIGGERED
    for name, conf in TRIGGERED:
        if name == "DAG_ID":
            continue
        params, given = dags[name].params, json.loads(conf or "{}")
        assert set(given) <= set(params), name
        params.update(given)
    known = {param for dag in dags.values() for param in dag.params}
    for conf in IN_PROSE:
        assert set(json.loads(conf)) <= known, conf


def test_a_day_is_withdrawn_by_the_code_as_written(warehouse: Warehouse) -> None:
    given = Given(warehouse, load_passport())
    given.visits(date(2026, 11, 3), [{}])
    code = next(text for language, text in BLOCKS if language == "python")
    assert f'"{COUNTER}/2026-11-03"' in code
    exec(compile(code, "operations.md", "exec"), {})
    assert warehouse.rows("SELECT * FROM ops.published WHERE source = 'metrica'") == []


def test_secrets_are_put_in_as_written(tmp_path: Path) -> None:
    blocks = [text for _, text in BLOCKS if text.startswith("{ read -rsp ")]
    names = [re.findall(r"printf '\{\"(\w+)\"", block)[0] for block in blocks]
    assert names == ["smtp_default", "notify_webhook", "metrica_default"]
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    }

    def run(commands: str, typed: str = "") -> str:
        done = subprocess.run(
            ["bash", "-euc", commands],
            env=environment,
            input=typed,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout + done.stderr

    run("airflow db migrate")
    run("airflow connections add metrica_default --conn-type metrica --conn-password old")
    secrets = {name: f"https://chat.example.org/{uuid.uuid4().hex}" for name in names}
    for name, block in zip(names, blocks, strict=True):
        assert secrets[name] not in run(block, f"{secrets[name]}\n")
    run(f"airflow connections export {tmp_path / 'all.json'}")
    kept = json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))
    assert {name: kept[name]["password"] for name in names} == secrets
    assert json.loads(kept["smtp_default"]["extra"]) == {"from_email": "robot@example.org"}
    assert not list(tmp_path.rglob("connection.json"))
