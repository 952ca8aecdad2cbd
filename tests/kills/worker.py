"""Processes that run one job each, to be killed: ``python -m tests.kills.worker`` forks one for every order.

All is imported once, before the forks: a job then begins at once. An order is a line of JSON (``job``,
``env`` and, if wanted, ``die_after`` and ``trace``); the answer is the number of the process. The next line
asks how it ended.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

REPOSITORY = Path(__file__).resolve().parents[2]
# What changes the warehouse; each call is one statement, which the engine has answered when it returns.
CHANGES = ("command", "insert", "stage_bytes")


class Worker:
    """The parent of the processes; use as a context manager. It runs one job at a time."""

    def __init__(self, environment: Mapping[str, str], said: Path) -> None:
        self._environment = dict(environment)
        self._said = said
        self._parent: subprocess.Popen[str] | None = None
        self.pid = 0

    def __enter__(self) -> Worker:
        self._parent = subprocess.Popen(
            [sys.executable, "-m", "tests.kills.worker", str(self._said)],
            cwd=REPOSITORY,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *raised: object) -> None:
        assert self._parent is not None
        # It ends when nobody gives orders any more, as its job does that is still running.
        self._parent.communicate()

    def begin(self, job: str, env: Mapping[str, str], **more: object) -> None:
        """Start a job; ``die_after`` kills it after so many changes, ``trace`` is a file for their list."""
        stdin, _ = self._pipes()
        stdin.write(json.dumps({"job": job, "env": dict(env), **more}) + "\n")
        stdin.flush()
        self.pid = self._answer()

    def kill(self) -> None:
        """Send SIGKILL to the job; it may have ended already."""
        os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        """How the job ended: 0, 1 for an error, -9 if it was killed."""
        stdin, _ = self._pipes()
        stdin.write("\n")
        stdin.flush()
        return self._answer()

    def run(self, job: str, env: Mapping[str, str], **more: object) -> int:
        """Start a job and wait for its end."""
        self.begin(job, env, **more)
        return self.wait()

    def _answer(self) -> int:
        return int(self._pipes()[1].readline())

    def _pipes(self) -> tuple[IO[str], IO[str]]:
        assert self._parent is not None
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        return self._parent.stdin, self._parent.stdout


def serve(said: Path) -> None:
    """Fork a process for each order of stdin."""
    from tests.kills import jobs

    while line := sys.stdin.readline():
        order = json.loads(line)
        pid = os.fork()
        if not pid:
            _be_the_job(jobs.JOBS[order["job"]], order, said)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        # Until somebody asks how it ended, its number is nobody else's: a late SIGKILL hits no other process.
        sys.stdin.readline()
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        sys.stdout.write(f"{code}\n")
        sys.stdout.flush()


def _be_the_job(job: Callable[[], None], order: dict[str, Any], said: Path) -> None:
    code = 1
    try:
        with Path(os.devnull).open() as nothing, said.open("a") as log:
            os.dup2(nothing.fileno(), 0)
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        os.environ.update(order["env"])
        changes = _traced(order.get("die_after"))
        job()
        if "trace" in order:
            Path(order["trace"]).write_text(json.dumps(changes), encoding="utf-8")
        code = 0
    except BaseException:  # noqa: BLE001 - it is told by the code, and the parent must not go on here
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _traced(die_after: int | None) -> list[str]:
    """The changes of this process as they are answered; it dies of the given one before it goes on."""
    from municipal_indicators.warehouse.client import Warehouse

    changes: list[str] = []
    turn = threading.Lock()

    def traced(name: str) -> None:
        real = getattr(Warehouse, name)

        def change(warehouse: Warehouse, what: str, *arguments: Any, **options: Any) -> Any:
            done = real(warehouse, what, *arguments, **options)
            with turn:
                changes.append(" ".join(f"{name} {what}".split())[:60])
                if len(changes) == die_after:
                    os.kill(os.getpid(), signal.SIGKILL)
            return done

        setattr(Warehouse, name, change)

    for name in CHANGES:
        traced(name)
    return changes


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
