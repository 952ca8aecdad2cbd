"""The front in a process of its own: chDB opens one folder a process, and tests have theirs open."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from urllib.request import Request, urlopen

from tests.emulators.clickhouse.faults import Fault, Kind

REPOSITORY = Path(__file__).resolve().parents[3]
PASSWORD_VARIABLE = "CLICKHOUSE_{}_PASSWORD"


class ClickHouseFront:
    """A ClickHouse server to talk to over HTTP on 127.0.0.1; use as a context manager.

    `identity` names the user of `deploy/clickhouse/users.d` with whose grants, profile and quota
    every statement runs; without it everything is allowed and the user is `default`. Only that
    user can log in, with `password`. `limits` replaces values of its profile, `grants` adds to
    its rights. Raises RuntimeError where the server doesn't start.
    """

    def __init__(
        self,
        path: Path | str,
        identity: str | None = None,
        *,
        password: str = "",
        port: int = 0,
        limits: Mapping[str, str] | None = None,
        grants: Sequence[str] = (),
    ) -> None:
        self.path = Path(path)
        self.identity = identity
        self.user = identity or "default"
        self.password = password
        self.port = port
        self.limits = dict(limits or {})
        self.grants = tuple(grants)
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """The address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def connection(self, **client_kwargs: object) -> str:
        """The Airflow connection to it, as JSON."""
        return json.dumps(
            {
                "conn_type": "clickhouse",
                "host": "127.0.0.1",
                "port": self.port,
                "login": self.user,
                "password": self.password,
                "schema": "default",
                "extra": {"client_kwargs": client_kwargs} if client_kwargs else {},
            }
        )

    def start(self) -> ClickHouseFront:
        """Start the process; returns when it answers."""
        command = [sys.executable, "-m", "tests.emulators.clickhouse", "--until-stdin-ends"]
        command += ["--path", str(self.path), "--port", str(self.port)]
        command += ["--identity", self.identity] if self.identity else []
        command += [f"--limit={name}={value}" for name, value in self.limits.items()]
        command += [f"--grant={grant}" for grant in self.grants]
        variable = PASSWORD_VARIABLE.format(self.user.upper())
        process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env={**os.environ, variable: self.password},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._process = process
        assert process.stdout is not None
        line = process.stdout.readline()
        if " on http://" not in line:
            self.stop()
            raise RuntimeError(f"The ClickHouse front of {self.path} did not start: {line.strip()}")
        self.port = int(line.split(" on http://")[1].split()[0].rstrip(",").rpartition(":")[2])
        return self

    def stop(self) -> None:
        """End the process; a second call does nothing."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def __enter__(self) -> ClickHouseFront:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def fail_next(
        self,
        kind: Kind,
        match: str = "",
        *,
        times: int = 1,
        after: int = 0,
        status: int = 502,
        seconds: float = 3600.0,
    ) -> None:
        """Order a fault, see `faults.Fault`, for statements that contain the expression `match`."""
        self._control("POST", asdict(Fault(kind, match, times, after, status, seconds)))

    def faults_done(self) -> int:
        """How many ordered faults have happened since the last `clear_faults`."""
        return int(self._control("GET")["done"])

    def clear_faults(self) -> None:
        """Forget the faults that have not happened."""
        self._control("DELETE")

    def _control(self, method: str, order: Mapping[str, object] | None = None) -> dict[str, int]:
        body = None if order is None else json.dumps(order).encode()
        with urlopen(Request(self.url + "/faults", body, method=method), timeout=30) as answer:
            answered: dict[str, int] = json.load(answer)
        return answered
