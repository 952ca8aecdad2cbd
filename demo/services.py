"""Airflow's own processes: started, watched, prepared over the API and stopped together."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import requests
from rich.console import Console

from demo.stage import Stage

HOST = "127.0.0.1"
USER = "admin"
POOL = "warehouse"

# The api-server starts first, since the others report to it; for the same reason it is stopped last.
# Their log servers are not needed on one machine and would only occupy ports.
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "api-server": ("api-server", "--host", HOST, "--port", "{port}", "--workers", "1"),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}
HEALTHY_WITHIN_SECONDS = 300
ENDED_WITHIN_SECONDS = 20


class ServiceFailedError(Exception):
    """A process of Airflow ended by itself or did not become ready; the message names it and its log."""


def services_environment(stage: Stage, emulator_port: int, port: int) -> dict[str, str]:
    """The environment of all processes: that of the demo, and a small Airflow with a login."""
    return stage.environment(emulator_port) | {
        "AIRFLOW__API__BASE_URL": f"http://{HOST}:{port}",
        "AIRFLOW__API__HOST": HOST,
        "AIRFLOW__API__INSTANCE_NAME": "Показатели программы (демо)",
        "AIRFLOW__CORE__AUTH_MANAGER": (
            "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
        ),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://{HOST}:{port}/execution/",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(stage.passwords),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
    }


@dataclass(slots=True)
class _Service:
    name: str
    log: Path
    process: subprocess.Popen[bytes]


class AirflowServices:
    """The four processes of an Airflow on this machine; ``stop`` ends those that were started."""

    def __init__(self, stage: Stage, environment: Mapping[str, str], port: int) -> None:
        self.environment = dict(environment)
        self.logs = stage.logs / "airflow"
        self.port = port
        self.url = f"http://{HOST}:{port}"
        self._password = stage.password(USER)
        self._running: list[_Service] = []
        self._begun_at = datetime.now(UTC)

    def start(self) -> None:
        """Start all processes, each with a log of its own."""
        self._begun_at = datetime.now(UTC)
        self.logs.mkdir(parents=True, exist_ok=True)
        airflow = str(Path(sys.executable).with_name("airflow"))
        for name, command in COMMANDS.items():
            log = self.logs / f"{name}.log"
            with log.open("wb") as output:
                process = subprocess.Popen(
                    [airflow, *(part.format(port=self.port) for part in command)],
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    # Ctrl-C reaches only this process, which stops the others in order.
                    start_new_session=True,
                )
            self._running.append(_Service(name, log, process))

    def wait_until_healthy(self, console: Console) -> None:
        """Wait until every process is ready. Raises ServiceFailedError."""
        waiting = set(COMMANDS)

        def is_healthy() -> bool:
            waiting.intersection_update(self._not_healthy())
            status.update(f"Airflow запускается: {', '.join(sorted(waiting))}")
            return not waiting

        started = time.monotonic()
        with console.status("Airflow запускается") as status:
            self._wait(is_healthy, lambda: f"не отвечают: {', '.join(sorted(waiting))}")
        console.print(f"  [green]✓[/] Процессы Airflow — {time.monotonic() - started:.0f} с")

    def prepare(self, expected: set[str]) -> None:
        """Create the pool of the embedded engine, wait for the DAGs ``expected`` and switch them on.

        Raises ServiceFailedError if a DAG file cannot be imported.
        """
        headers = self.headers()
        if POOL not in {pool["name"] for pool in self._get("pools?limit=100", headers)["pools"]}:
            pool = {
                "name": POOL,
                "slots": 1,
                "description": "Во встроенное хранилище пишет кто-то один",
            }
            made = requests.post(f"{self.url}/api/v2/pools", json=pool, headers=headers, timeout=30)
            made.raise_for_status()

        def are_parsed() -> bool:
            parsed = {
                dag["dag_id"]
                for dag in self._get("dags?limit=100", headers)["dags"]
                if dag["last_parsed_time"]
                and datetime.fromisoformat(dag["last_parsed_time"]) >= self._begun_at
            }
            if expected <= parsed:
                return True
            # An error of an earlier start remains until its file is parsed again.
            for error in self._get("importErrors", headers)["import_errors"]:
                if datetime.fromisoformat(error["timestamp"]) >= self._begun_at:
                    raise ServiceFailedError(f"{error['filename']}: {error['stack_trace']}")
            return False

        self._wait(are_parsed, lambda: "dag-processor не прочитал все DAG")
        switched = requests.patch(
            f"{self.url}/api/v2/dags?dag_id_pattern=~&limit=100",
            json={"is_paused": False},
            headers=headers,
            timeout=30,
        )
        switched.raise_for_status()

    def headers(self) -> dict[str, str]:
        """Those of a call of the API by the demo's user."""
        login = {"username": USER, "password": self._password}
        answer = requests.post(f"{self.url}/auth/token", json=login, timeout=30)
        answer.raise_for_status()
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def process(self, name: str) -> psutil.Process:
        """One of the started processes of ``COMMANDS``."""
        return psutil.Process(next(one.process.pid for one in self._running if one.name == name))

    def watch(self) -> None:
        """Never return; raises ServiceFailedError when a process ends by itself."""
        while True:
            self._check_running()
            time.sleep(1)

    def stop(self) -> None:
        """Stop the processes and their children; those that do not end in time are killed."""
        families = {one.name: _family(one.process.pid) for one in self._running}
        for name in reversed(families):
            if name == "api-server":
                psutil.wait_procs(families.get("scheduler", []), timeout=ENDED_WITHIN_SECONDS)
            # The next triggerer restarts what this one waits for: there is no need to let it finish.
            for process in families[name][: None if name == "triggerer" else 1]:
                _signal(process, signal.SIGTERM)
        started = [process for family in families.values() for process in family]
        _, left = psutil.wait_procs(started, timeout=ENDED_WITHIN_SECONDS)
        for process in left:
            _signal(process, signal.SIGKILL)
        for one in self._running:
            one.process.wait()
        self._running.clear()

    def _wait(self, is_done: Callable[[], bool], why: Callable[[], str]) -> None:
        deadline = time.monotonic() + HEALTHY_WITHIN_SECONDS
        while not is_done():
            self._check_running()
            if time.monotonic() > deadline:
                raise ServiceFailedError(f"Airflow не готов, {why()}. Журналы: {self.logs}")
            time.sleep(0.5)

    def _not_healthy(self) -> set[str]:
        try:
            answer = requests.get(f"{self.url}/api/v2/monitor/health", timeout=5)
            answer.raise_for_status()
        except requests.RequestException:
            return set(COMMANDS)
        said = answer.json()
        return {
            name
            for name in COMMANDS
            if said["metadatabase" if name == "api-server" else name.replace("-", "_")]["status"]
            != "healthy"
        }

    def _check_running(self) -> None:
        for one in self._running:
            code = one.process.poll()
            if code is not None:
                end = one.log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
                raise ServiceFailedError(
                    "\n".join(
                        [*end, f"airflow {one.name} завершился сам (код {code}). Журнал: {one.log}"]
                    )
                )

    def _get(self, what: str, headers: Mapping[str, str]) -> dict[str, Any]:
        answer = requests.get(f"{self.url}/api/v2/{what}", headers=headers, timeout=30)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


def _signal(process: psutil.Process, number: int) -> None:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def _family(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
