"""House rules over all DAG files: their ids and params, and that parsing them does no work."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from airflow.serialization.decoders import decode_timetable
from airflow.serialization.encoders import encode_timetable
from airflow.timetables.base import TimeRestriction

from municipal_indicators.dag_support.schedules import ANSWER_LIMIT, ZONE, every_night
from municipal_indicators.settings import REPOSITORY
from municipal_indicators.sources.metrica.operators import TRIGGERER_GRACE, WAIT_LIMIT
from municipal_indicators.watch.problems import watched_dags

DAG_IDS = {
    "build_indicator_marts",
    "close_reporting_period",
    "keep_house",
    "load_gosuslugi_applications",
    "load_metrica_hits",
    "load_metrica_visits",
    "load_programme_registers",
    "load_smev_requests",
    "rebuild_from_archive",
    "watch_the_morning",
}

# Parses every DAG file in a fresh interpreter, as Airflow's processor does, under an audit hook.
PARSE = """
import importlib.util, json, sys
from pathlib import Path
import airflow.providers.standard.operators.hitl
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
                    & {"pandas", "numpy", "chdb", "clickhouse_connect", "lxml", "python_calamine",
                       "requests", "pydantic"}),
    "dags": {dag.dag_id: {
        "file": Path(dag.fileloc).stem,
        "params": dag.params.dump(),
        "doc": dag.doc_md or "",
        "name": dag.dag_display_name,
        "description": dag.description or "",
        "tags": sorted(dag.tags),
        "starts": dag.start_date,
        "fields": {name: {"description": dag.params.get_param(name).description or "",
                          **dag.params.get_param(name).schema} for name in dag.params},
        "task_names": {task.task_id: task.task_display_name for task in dag.tasks},
        "task_docs": {task.task_id: task.doc_md or "" for task in dag.tasks},
        "owners": sorted({task.owner for task in dag.tasks}),
        "owner_links": dag.owner_links,
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "awaits": [
            asset.name
            for asset in getattr(getattr(dag.schedule, "asset_condition", None), "objects", [])
        ],
        "hours": getattr(getattr(dag.schedule, "timetable", dag.schedule), "expression", ""),
        "limit": dag.dagrun_timeout.total_seconds() if dag.dagrun_timeout else None,
        "tasks": {task.task_id: [str(outlet.name) for outlet in task.outlets] for task in dag.tasks},
        "pools": sorted({task.pool for task in dag.tasks}),
    } for dag in dags},
}, default=str))
"""


def parse(**environment: str) -> dict[str, Any]:
    """What parsing all DAG files gives, and what it touches."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PARSE), str(REPOSITORY / "dags")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "plugins"), **environment},
    )
    (line,) = [text for text in done.stdout.splitlines() if text.startswith("RESULT ")]
    result: dict[str, Any] = json.loads(line.removeprefix("RESULT "))
    return result


@pytest.fixture(scope="module")
def parsed() -> dict[str, Any]:
    return parse()


def test_dag_ids_are_the_file_stems(parsed: dict[str, Any]) -> None:
    assert set(parsed["dags"]) == DAG_IDS
    assert {dag["file"] for dag in parsed["dags"].values()} == DAG_IDS


def test_the_nights_of_all_loads_are_watched() -> None:
    loads = {dag_id for dag_id in DAG_IDS if dag_id.startswith("load_")}
    assert {*watched_dags()} == loads | {"build_indicator_marts"}


def test_parsing_does_no_work(parsed: dict[str, Any]) -> None:
    assert parsed["touched"] == []
    assert parsed["heavy"] == []


def test_params_are_those_that_users_know(parsed: dict[str, Any]) -> None:
    params = {dag_id: dag["params"] for dag_id, dag in parsed["dags"].items()}
    asked = {"date_from": None, "date_to": None, "force": False}
    assert params.pop("load_metrica_visits") == params.pop("load_metrica_hits") == asked
    assert params.pop("watch_the_morning") == {}
    assert params.pop("build_indicator_marts") == {"force": False}
    assert params.pop("keep_house") == {"dry_run": False}
    assert params.pop("rebuild_from_archive") == {"after_restore": False}
    closing = {"period": "", "version": 1, "reasons": None, "closed_by": ""}
    assert params.pop("close_reporting_period") == closing
    assert all(of_dag == {"again": None} for of_dag in params.values())


def test_every_param_is_a_typed_field_with_words(parsed: dict[str, Any]) -> None:
    fields = {
        f"{dag_id}.{name}": field
        for dag_id, dag in parsed["dags"].items()
        for name, field in dag["fields"].items()
    }
    assert len(fields) == 2 * 3 + 3 + 3 + 4
    for name, field in fields.items():
        assert field["type"], name
        assert field["title"], name
        assert field["description"], name
    assert {name for name, field in fields.items() if field.get("format") == "date"} == {
        f"load_metrica_{source}.{param}"
        for source in ("visits", "hits")
        for param in ("date_from", "date_to")
    }


def test_every_dag_explains_itself(parsed: dict[str, Any]) -> None:
    for dag_id, dag in parsed["dags"].items():
        for heading in ("Что делает", "Что нужно", "Если не выполнено"):
            assert f"\n### {heading}\n" in dag["doc"], dag_id
        assert ("\n### Параметры\n" in dag["doc"]) == bool(dag["params"]), dag_id
        assert "/programme-report/)" in dag["doc"], dag_id
        assert all(f"`{name}`" in dag["doc"] for name in dag["params"]), dag_id
        assert dag["name"] != dag_id
        assert dag["description"], dag_id
        assert dag["tags"], dag_id
        assert dag["catchup"] is False, dag_id
        assert dag["max_active_runs"] == 1, dag_id


def test_people_read_russian_and_ids_are_latin(parsed: dict[str, Any]) -> None:
    for dag_id, dag in parsed["dags"].items():
        read = [dag["name"], dag["description"], dag["doc"], *dag["tags"], *dag["owners"]]
        read += [*dag["task_names"].values(), *dag["task_docs"].values()]
        for field in dag["fields"].values():
            read += [field["title"], field["description"]]
        assert [text for text in read if not re.search("[А-ЯЁа-яё]", text)] == [], dag_id
        assert [one for one in (dag_id, *dag["tasks"], *dag["params"]) if not one.isascii()] == []


def test_the_owner_is_who_the_installation_names(parsed: dict[str, Any]) -> None:
    assert {*parsed["dags"]["keep_house"]["owners"]} == {"Отдел информатизации"}
    contact = "mailto:it@example.org"
    named = parse(MUNICIPAL_OWNER="МКУ «Цифра»", MUNICIPAL_OWNER_CONTACT=contact)
    for dag in named["dags"].values():
        assert (dag["owners"], dag["owner_links"]) == (["МКУ «Цифра»"], {"МКУ «Цифра»": contact})


def test_a_run_is_over_before_the_next_night_and_after_a_wait(parsed: dict[str, Any]) -> None:
    longest = (WAIT_LIMIT + TRIGGERER_GRACE).total_seconds()
    limits = {dag_id: dag["limit"] or 0 for dag_id, dag in parsed["dags"].items()}
    # It has no nights, and waits for somebody's answer.
    assert limits.pop("close_reporting_period") == ANSWER_LIMIT.total_seconds()
    for dag_id, limit in limits.items():
        assert longest < limit < 24 * 3600, dag_id


def test_tasks_have_names_for_people(parsed: dict[str, Any]) -> None:
    for dag_id, dag in parsed["dags"].items():
        assert all(name != task_id for task_id, name in dag["task_names"].items()), dag_id
        assert len(set(dag["task_names"].values())) == len(dag["task_names"]), dag_id


def test_a_load_that_is_switched_on_waits_for_its_night(parsed: dict[str, Any]) -> None:
    loads = [dag for dag_id, dag in parsed["dags"].items() if dag_id.startswith("load_")]
    assert [dag["starts"] for dag in loads] == [None] * 5
    # What Airflow's scheduler makes of a night that has just begun.
    begun = datetime.now(ZoneInfo(ZONE)) - timedelta(minutes=2)
    schedule = every_night(f"{begun.minute} {begun.hour} * * *")
    first = decode_timetable(encode_timetable(schedule)).next_dagrun_info(
        last_automated_data_interval=None, restriction=TimeRestriction(None, None, catchup=False)
    )
    assert first is not None
    assert first.run_after > begun + timedelta(hours=20)
    assert first.run_after.astimezone(begun.tzinfo).strftime("%H:%M") == begun.strftime("%H:%M")


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


def test_the_marts_are_also_built_by_the_clock(parsed: dict[str, Any]) -> None:
    # A month, a status and the report must not wait for a load.
    assert parsed["dags"]["build_indicator_marts"]["hours"] == "30 6 * * *"
