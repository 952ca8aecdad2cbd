"""What ``make airflow`` starts, in a folder of its own, and a client of its API."""

from __future__ import annotations

import configparser
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import jwt
import psutil
import requests

from demo.services import HOST, USER
from demo.stage import Stage
from municipal_indicators.settings import REPOSITORY
from tests.emulators.inbox.tables import Table, csv_bytes, write_file

PATIENCE = 400
READY = "Остановить: Ctrl-C"
EVENTS = Table(
    ("Дата", "Название", "Вид"),
    [("06.05.2024", "День данных", "семинар"), ("03.06.2024", "Открытый урок", "вебинар")],
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@dataclass
class Running:
    """One ``python -m demo.airflow`` over the stage; nothing is loaded, one register waits in the inbox."""

    root: Path
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.stage = Stage(self.root / "demo")
        self.url = f"http://{HOST}:{self.port}"
        arrived = datetime(2024, 7, 1, 9)  # noqa: DTZ001  Moscow time
        write_file(self.stage.inbox / "registers" / "events.csv", csv_bytes(EVENTS), arrived)
        self.process = self.start()

    @property
    def said(self) -> str:
        """All that was printed."""
        return (self.root / "said.log").read_text(encoding="utf-8")

    def start(self) -> subprocess.Popen[bytes]:
        """Start it; again, where it has ended."""
        with (self.root / "said.log").open("wb") as said:
            self.process = subprocess.Popen(
                self.command(self.port),
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                env=os.environ | {"PYTHONUNBUFFERED": "1", "COLUMNS": "120"},
            )
        return self.process

    def command(self, port: int) -> list[str]:
        options = ["--empty", "--port", str(port), "--folder", str(self.stage.root)]
        return [sys.executable, "-m", "demo.airflow", *options]

    def wait_until_ready(self) -> None:
        def is_ready() -> bool:
            assert self.process.poll() is None, self.said
            return READY in self.said

        wait(is_ready, lambda: self.said)

    def family(self) -> list[psutil.Process]:
        """All processes that it has started."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def kill(self) -> None:
        """Leave nothing behind, whatever happened."""
        if self.process.poll() is None:
            family = self.family()
            self.process.kill()
            for one in family:
                if one.is_running():
                    one.kill()
        self.process.wait()

    def token(self) -> str:
        """A login of the only user."""
        login = {"username": USER, "password": self.stage.password(USER)}
        answer = requests.post(f"{self.url}/auth/token", json=login, timeout=60)
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def token_without_rights(self) -> str:
        """A login that the server has signed, of somebody who may see nothing."""
        given = self.token()
        claims = jwt.decode(given, options={"verify_signature": False})
        settings = configparser.RawConfigParser()
        settings.read(self.stage.root / "airflow" / "airflow.cfg", encoding="utf-8")
        algorithm = jwt.get_unverified_header(given)["alg"]
        return jwt.encode(
            claims | {"role": ""}, settings["api_auth"]["jwt_secret"], algorithm=algorithm
        )

    def api(self, path: str, body: Mapping[str, Any] | None = None) -> requests.Response:
        """Ask the API as the only user; a body makes it a POST."""
        headers = {"Authorization": f"Bearer {self.token()}"}
        address = f"{self.url}/api/v2/{path}"
        if body is None:
            return requests.get(address, headers=headers, timeout=60)
        return requests.post(address, headers=headers, json=body, timeout=60)

    def runs(self, dag_id: str = "~") -> list[dict[str, Any]]:
        """Runs as the API shows them, the newest first."""
        found: list[dict[str, Any]] = self.api(f"dags/{dag_id}/dagRuns?order_by=-run_after").json()[
            "dag_runs"
        ]
        return found

    def wait_for_success(self, dag_id: str) -> dict[str, Any]:
        """The newest run of the DAG, when it has succeeded."""

        def has_succeeded() -> bool:
            states = [run["state"] for run in self.runs(dag_id)]
            assert "failed" not in states
            return states[:1] == ["success"]

        wait(has_succeeded, lambda: f"{dag_id}: {self.runs(dag_id)}")
        return self.runs(dag_id)[0]


def wait(is_done: Callable[[], bool], why: Callable[[], str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_done():
        assert time.monotonic() < deadline, why()
        time.sleep(0.5)
