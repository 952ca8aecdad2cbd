"""The DAG load_metrica_visits, run against the emulated API and the real engine."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pendulum
import pytest
from airflow.models.dagrun import DagRun
from airflow.sdk import DAG

from municipal_indicators import settings
from municipal_indicators.settings import REPOSITORY
from municipal_indicators.sources.schema import apply_schema
from municipal_indicators.warehouse.client import Warehouse, open_warehouse
from tests.conftest import empty
from tests.emulators.metrica import MetricaEmulator, Reply
from tests.sources.metrica.conftest import FAR_SITE, SITE, TOKEN, connect
from tests.sources.metrica.visit_rows import expected, published

SPAN = {"date_from": "2024-03-01", "date_to": "2024-03-02"}


@pytest.fixture(scope="module")
def dag(airflow_database: None) -> DAG:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(REPOSITORY / "dags" / "load_metrica_visits.py"))
    assert bag.import_errors == {}
    found: DAG = bag.dags["load_metrica_visits"]
    return found


def states(run: DagRun) -> dict[str, list[str]]:
    """The end states of each task, by map index."""
    found: dict[str, list[str]] = {}
    for instance in sorted(run.get_task_instances(), key=lambda one: one.map_index):
        found.setdefault(instance.task_id, []).append(str(instance.state))
    return found


def sites(path: Path, *counters: int) -> str:
    """A passport like the repo's with these sites."""
    text = settings.passport_path().read_text(encoding="utf-8")
    listed = "".join(f"  - {{counter_id: {number}, name: Сайт {number}}}\n" for number in counters)
    path.write_text(
        re.sub(r"(?m)^sites:\n(?:  - .*\n)+", f"sites:\n{listed}", text), encoding="utf-8"
    )
    return str(path)


def run(
    dag: DAG, logical_date: pendulum.DateTime | None, conf: dict[str, Any] | None = None
) -> DagRun:
    ended: DagRun = dag.test(logical_date=logical_date, run_conf=conf)
    return ended


def test_a_night_loads_the_settled_days_and_a_second_run_changes_nothing(
    dag: DAG, emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    night = pendulum.datetime(2024, 3, 6, 1, 20)
    first = run(dag, night)
    assert first.state == "success"
    assert states(first) == {
        task: ["success"]
        for task in (
            "apply_schema",
            "plan_requests",
            "load_logs",
            "reconcile",
            "announce_visits",
            "confirm_all_loaded",
        )
    }
    before = published(warehouse)
    truth = emulator.visits(SITE, date(2024, 3, 2), date(2024, 3, 5))
    assert before == expected(truth, "Europe/Moscow")
    counts = Counter(
        visit.day for visit in emulator.visits(SITE, date(2024, 3, 2), date(2024, 3, 5))
    )
    reported = "SELECT counter_day, visits FROM core.metrica_reported_days ORDER BY counter_day"
    assert warehouse.rows(reported) == sorted(counts.items())
    assert run(dag, night).state == "success"
    assert published(warehouse) == before
    assert [request.status for request in emulator.store.requests.values()] == [
        "cleaned_by_user"
    ] * 2


def test_a_rejected_site_fails_the_run_and_the_others_are_published(
    dag: DAG,
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    passport = sites(tmp_path / "programme.yaml", SITE, 404, FAR_SITE)
    monkeypatch.setenv("AIRFLOW_VAR_PROGRAMME_PASSPORT", passport)
    ended = run(dag, None, SPAN)
    assert ended.state == "failed"
    assert states(ended)["load_logs"] == ["success", "failed", "success"]
    names = {
        one.rendered_map_index for one in ended.get_task_instances() if one.task_id == "load_logs"
    }
    assert f"{SITE} (Сайт {SITE}) 2024-03-01…2024-03-02" in names
    assert states(ended)["announce_visits"] == ["success"]
    assert states(ended)["confirm_all_loaded"] == ["upstream_failed"]
    assert "Site 404 (Сайт 404)" in caplog.text
    assert TOKEN not in caplog.text
    units = [row[0] for row in warehouse.rows("SELECT unit FROM ops.published ORDER BY unit")]
    assert units == [f"{SITE}/2024-03-0{n}" for n in (1, 2)] + [
        f"{FAR_SITE}/2024-03-0{n}" for n in (1, 2, 3)
    ]


def test_an_outage_of_one_counter_fails_its_task_and_the_others_are_published(
    dag: DAG,
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    passport = sites(tmp_path / "programme.yaml", SITE, FAR_SITE)
    monkeypatch.setenv("AIRFLOW_VAR_PROGRAMME_PASSPORT", passport)
    emulator.faults.fail("counter", Reply(504), times=6)
    ended = run(dag, None, SPAN)
    assert ended.state == "failed"
    assert states(ended)["load_logs"] == ["failed", "success"]
    assert states(ended)["announce_visits"] == ["success"]
    assert states(ended)["confirm_all_loaded"] == ["upstream_failed"]
    assert f"Site {SITE} (Сайт {SITE}) cannot be loaded" in caplog.text
    assert {row[0] for row in warehouse.rows("SELECT counter_id FROM core.site_days")} == {FAR_SITE}


def test_a_load_that_fails_for_good_releases_its_request(
    dag: DAG, emulator: MetricaEmulator, warehouse: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    emulator.faults.fail("download", Reply(403, "access_denied", "Access is denied"), times=9)
    ended = run(dag, None, SPAN)
    assert ended.state == "failed"
    assert states(ended)["load_logs"] == ["failed"]
    assert states(ended)["announce_visits"] in (["skipped"], ["upstream_failed"])
    assert published(warehouse) == []
    assert [request.status for request in emulator.store.requests.values()] == ["cleaned_by_user"]
    assert TOKEN not in capsys.readouterr().out


def test_a_rejected_report_neither_fails_the_run_nor_holds_back_the_days(
    dag: DAG, emulator: MetricaEmulator, warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    emulator.faults.fail("report", Reply(403, "access_denied", "Access is denied"))
    ended = run(dag, None, SPAN)
    assert ended.state == "success"
    assert states(ended)["announce_visits"] == ["success"]
    assert f"Counter {SITE} is not compared" in caplog.text
    assert warehouse.rows("SELECT * FROM core.metrica_reported_days") == []
    assert run(dag, None, SPAN).state == "success"
    assert warehouse.value("SELECT count() FROM core.metrica_reported_days") == 2


def command(*arguments: str) -> subprocess.Popen[bytes]:
    """The real command line, in a session of its own."""
    return subprocess.Popen(
        [str(Path(sys.executable).with_name("airflow")), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


@pytest.mark.frees_engine
@pytest.mark.parametrize(
    ("action", "left"),
    [
        ("create", "created"),
        pytest.param("clean", "cleaned_by_user", marks=pytest.mark.slow),
    ],
)
def test_a_process_that_is_killed_is_finished_by_the_next_run(
    dag: DAG, emulator: MetricaEmulator, action: str, left: str
) -> None:
    with open_warehouse() as warehouse:
        apply_schema(warehouse)
        empty(warehouse)
    hold = emulator.faults.hold(action, "after")
    process = command("dags", "test", "load_metrica_visits", "--conf", json.dumps(SPAN))
    reached = hold.reached.wait(60)
    os.killpg(process.pid, signal.SIGKILL)
    said = process.communicate()[0].decode(errors="replace")
    hold.release()
    assert reached, said[-4000:]
    assert hold.ended.wait(10)
    assert [request.status for request in emulator.store.requests.values()] == [left]
    assert run(dag, None, SPAN).state == "success"
    with open_warehouse() as warehouse:
        truth = emulator.visits(SITE, date(2024, 3, 1), date(2024, 3, 2))
        shown = warehouse.rows("SELECT visit_id FROM core.site_visits ORDER BY visit_id")
        assert shown == sorted((visit.visit_id,) for visit in truth)
        states = {row[0] for row in warehouse.rows("SELECT state FROM ops.metrica_requests")}
    assert states == {"cleaned"}
    assert {request.status for request in emulator.store.requests.values()} == {"cleaned_by_user"}


def test_a_wrong_token_ends_the_run_at_once(
    dag: DAG, emulator: MetricaEmulator, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(emulator, monkeypatch, token="y0_not-the-token")
    ended = run(dag, None, SPAN)
    assert ended.state == "failed"
    assert states(ended)["plan_requests"] == ["failed"]
    assert emulator.actions() == ["counter"]


def test_the_dag_is_what_users_know(dag: DAG) -> None:
    assert dag.params.dump() == {"date_from": None, "date_to": None, "force": False}
    assert (dag.max_active_runs, dag.catchup) == (1, False)
    assert "Если не выполнено" in str(dag.doc_md)
    assert dag.task_dict["announce_visits"].outlets[0].name == "metrica_visits"
    in_the_pool = {task.task_id for task in dag.tasks if task.pool == "warehouse"}
    everything = {task.task_id for task in dag.tasks}
    assert in_the_pool == everything - {"confirm_all_loaded"}
