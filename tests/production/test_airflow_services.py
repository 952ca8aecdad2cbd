"""Airflow's services with the compose file's own commands, environment, users and health checks.

They run natively in namespaces of their own (``world.py``), over a real PostgreSQL and, in the
place of a ClickHouse server, the HTTP front of the embedded engine with the rights of ``loader``.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from municipal_indicators import settings
from tests.emulators.inbox import write_inbox
from tests.production.compose import FILLED, read_services
from tests.production.databases import start_postgres, start_warehouse
from tests.production.world import World, require_world

pytestmark = pytest.mark.slow
ADMIN_PASSWORD = FILLED["AIRFLOW_ADMIN_PASSWORD"]
DAG = "load_programme_registers"
API = "http://127.0.0.1:8080"
# The client runs inside the world, where the ports are the compose file's own.
CLIENT = """
import json, sys
from urllib.error import HTTPError
from urllib.request import Request, urlopen
method, url, token, body = json.load(sys.stdin)
headers = {"Content-Type": "application/json"}
if token:
    headers["Authorization"] = "Bearer " + token
data = None if body is None else json.dumps(body).encode()
try:
    with urlopen(Request(url, data, headers, method=method), timeout=60) as answer:
        print(json.dumps([answer.status, answer.read().decode()]))
except HTTPError as error:
    print(json.dumps([error.code, error.read().decode()]))
"""


class Stack:
    """All of Airflow, started as the compose file says."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.token = ""

    def call(self, method: str, path: str, body: Any = None, token: str | None = None) -> Any:
        """One call of the API; status and decoded body."""
        asked = json.dumps([method, API + path, self.token if token is None else token, body])
        done = self.world.run("redis", ["sh", "-c", f"echo '{asked}' | python -c '{CLIENT}'"])
        assert done.returncode == 0, done.stderr
        status, text = json.loads(done.stdout)
        return status, json.loads(text) if text.startswith(("{", "[")) else text

    def sign_in(self, password: str) -> int:
        """Ask for a token; the status."""
        given = {"username": "admin", "password": password}
        status, answer = self.call("POST", "/auth/token", given, token="")
        if status == 201:
            self.token = answer["access_token"]
        return int(status)

    def run_dag(self, dag: str, seconds: float = 180) -> dict[str, str]:
        """Trigger a DAG and wait for its end; states of its tasks by name."""
        deadline = time.monotonic() + seconds
        while self.call("GET", f"/api/v2/dags/{dag}")[0] != 200:
            assert time.monotonic() < deadline, self.logs()
            time.sleep(1)
        status, _ = self.call("PATCH", f"/api/v2/dags/{dag}", {"is_paused": False})
        assert status == 200
        status, run = self.call("POST", f"/api/v2/dags/{dag}/dagRuns", {"logical_date": None})
        assert status == 200, run
        path = f"/api/v2/dags/{dag}/dagRuns/{run['dag_run_id']}"
        while (state := self.call("GET", path)[1]["state"]) not in {"success", "failed"}:
            assert time.monotonic() < deadline, f"{state}\n{self.logs()}"
            time.sleep(1)
        tasks = self.call("GET", f"{path}/taskInstances")[1]["task_instances"]
        states = {task["task_id"]: task["state"] for task in tasks}
        assert state == "success", f"{states}\n{self.logs()}"
        return states

    def logs(self) -> str:
        """The ends of all services' logs."""
        return "\n".join(
            f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}"
            for log in sorted(self.world.folder.glob("airflow-*.log"))
        )


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    require_world()
    folder = tmp_path_factory.mktemp("world")
    for name in ("inbox", "archive"):
        (folder / "data" / name).mkdir(parents=True)
    shutil.copy(settings.passport_path(), folder / "data" / "programme.yaml")
    _fill_inbox(folder / "data" / "inbox")
    with World(folder, FILLED).running() as world:
        start_postgres(world)
        start_warehouse(world)
        for _ in range(2):  # a second `docker compose up` runs it again
            ready = world.run("airflow-init", world.command("airflow-init"))
            assert ready.returncode == 0, ready.stdout + ready.stderr
        for name in ("api-server", "scheduler", "dag-processor", "triggerer"):
            world.start(f"airflow-{name}")
            if name == "api-server":
                world.await_healthy("airflow-api-server")
        yield Stack(world)


def _fill_inbox(inbox: Path) -> None:
    from datetime import date

    everything = inbox.parent.parent / "written"
    write_inbox(everything, date(2026, 1, 1), date(2026, 1, 31))
    shutil.copytree(everything / "registers", inbox / "registers")


def test_every_service_is_healthy_by_its_own_check(stack: Stack) -> None:
    for name in ("api-server", "scheduler", "dag-processor", "triggerer"):
        stack.world.await_healthy(f"airflow-{name}")


def test_nobody_enters_without_the_password_of_the_env_file(stack: Stack) -> None:
    assert stack.call("GET", "/api/v2/dags", token="")[0] == 401
    assert stack.sign_in("admin") == 401
    assert stack.sign_in(ADMIN_PASSWORD) == 201
    assert stack.call("GET", "/api/v2/dags")[0] == 200


def test_who_may_only_look_sees_the_report_in_the_menu(stack: Stack) -> None:
    assert stack.sign_in(ADMIN_PASSWORD) == 201
    status, role = stack.call("GET", "/auth/fab/v1/roles/Viewer")
    assert status == 200, role
    rights = {(one["action"]["name"], one["resource"]["name"]) for one in role["actions"]}
    assert ("can_read", "Plugins") in rights
    assert ("can_edit", "DAGs") not in rights


def test_a_load_runs_from_the_inbox_into_the_warehouse(stack: Stack) -> None:
    assert stack.sign_in(ADMIN_PASSWORD) == 201
    states = stack.run_dag(DAG)
    assert set(states.values()) <= {"success", "skipped"}, states
    archived = list((stack.world.folder / "data" / "archive").rglob("*.xlsx"))
    assert archived, "nothing was archived"
    left = [path for path in (stack.world.folder / "data" / "inbox").rglob("*") if path.is_file()]
    assert left == []


def test_a_worker_of_the_celery_profile_runs_the_tasks(stack: Stack) -> None:
    world = stack.world
    world.start("redis")
    world.await_healthy("redis")
    world.stop("airflow scheduler")
    world.services = read_services(FILLED | {"AIRFLOW_EXECUTOR": "CeleryExecutor"})
    for name in ("airflow-worker", "airflow-scheduler"):
        world.start(name)
    for name in ("airflow-worker", "airflow-scheduler"):
        world.await_healthy(name)
    assert stack.sign_in(ADMIN_PASSWORD) == 201
    states = stack.run_dag("build_indicator_marts")
    assert set(states.values()) == {"success"}, states
    worked = (world.folder / "airflow-worker.log").read_text(errors="replace")
    assert worked.count("PurePosixPath('build_indicator_marts.py')") >= len(states)
