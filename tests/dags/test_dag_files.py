"""House rules over all DAG files: what the contract names, and that parsing them does no work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
DAG_IDS = {
    "build_indicator_marts",
    "load_gosuslugi_applications",
    "load_metrica_hits",
    "load_metrica_visits",
    "load_programme_registers",
    "load_smev_requests",
}

# Parses every DAG file in a fresh interpreter, as Airflow's processor does, under an audit hook.
PARSE = """
import importlib.util, json, sys
from pathlib import Path
import airflow.sdk.definitions.retry_policy
from airflow.sdk import Asset, BaseOperator, Param, dag, task

# Whatever Airflow itself loads with the first DAG is not ours.
for schedule in (Asset("a") | Asset("b"), "0 0 * * *"):
    @dag(schedule=schedule)
    def warm_up():
        @task
        def nothing(): ...
        nothing()
    warm_up()
touched = []
def watch(event, arguments):
    if event in ("socket.connect", "sqlite3.connect", "subprocess.Popen"):
        touched.append(f"{event} {arguments[:2]}")
    if event == "open" and isinstance(arguments[0], str) and arguments[0].endswith((".yaml", ".csv", ".sql")):
        touched.append("open " + arguments[0])
before = set(sys.modules)
sys.addaudithook(watch)
from airflow.sdk.definitions._internal.contextmanager import DagContext
for path in sorted(Path(sys.argv[1]).glob("*.py")):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    DagContext.current_autoregister_module_name = path.stem
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
dags = [dag for dag, _ in DagContext.autoregistered_dags]
print("RESULT " + json.dumps({
    "touched": touched,
    "heavy": sorted({m.split(".")[0] for m in set(sys.modules) - before}
                    & {"pandas", "numpy", "chdb", "clickhouse_connect", "lxml", "python_calamine", "plotly",
                       "requests", "pydantic"}),
    "dags": {dag.dag_id: {
        "file": Path(dag.fileloc).stem,
        "params": dag.params.dump(),
        "doc": dag.doc_md or "",
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "awaits": [asset.name for asset in getattr(dag.schedule, "objects", [])],
        "tasks": {task.task_id: [str(outlet.name) for outlet in task.outlets] for task in dag.tasks},
        "pools": sorted({task.pool for task in dag.tasks}),
    } for dag in dags},
}, default=str))
"""


@pytest.fixture(scope="module")
def parsed() -> dict[str, Any]:
    """What parsing all DAG files gave, and what it touched."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PARSE), str(REPOSITORY / "dags")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "plugins")},
    )
    (line,) = [text for text in done.stdout.splitlines() if text.startswith("RESULT ")]
    result: dict[str, Any] = json.loads(line.removeprefix("RESULT "))
    return result


def test_dag_ids_are_the_contract_and_the_file_stems(parsed: dict[str, Any]) -> None:
    assert set(parsed["dags"]) == DAG_IDS
    assert {dag["file"] for dag in parsed["dags"].values()} == DAG_IDS


def test_parsing_does_no_work(parsed: dict[str, Any]) -> None:
    assert parsed["touched"] == []
    assert parsed["heavy"] == []


def test_params_are_the_contract(parsed: dict[str, Any]) -> None:
    params = {dag_id: dag["params"] for dag_id, dag in parsed["dags"].items()}
    asked = {"date_from": None, "date_to": None, "force": False}
    assert params.pop("load_metrica_visits") == params.pop("load_metrica_hits") == asked
    assert all(not of_dag for of_dag in params.values())


def test_every_dag_explains_itself(parsed: dict[str, Any]) -> None:
    for dag_id, dag in parsed["dags"].items():
        assert "hen it fails" in dag["doc"], dag_id
        assert dag["catchup"] is False, dag_id
        assert dag["max_active_runs"] == 1, dag_id


def test_loads_announce_what_the_marts_await(parsed: dict[str, Any]) -> None:
    announced = {
        asset
        for dag_id, dag in parsed["dags"].items()
        if dag_id.startswith("load_")
        for outlets in dag["tasks"].values()
        for asset in outlets
    }
    assert announced == {
        "metrica_visits",
        "metrica_hits",
        "service_applications",
        "smev_requests",
        "programme_registers",
    }
    assert set(parsed["dags"]["build_indicator_marts"]["awaits"]) == announced


def test_whoever_opens_the_warehouse_shares_its_pool(parsed: dict[str, Any]) -> None:
    assert all("warehouse" in dag["pools"] for dag in parsed["dags"].values())
