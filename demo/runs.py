"""Runs ``airflow`` commands: progress on the screen, the log in a file."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import IO, Self, cast

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from demo import commands
from demo.stage import Stage

_ERROR = re.compile(r"^(?:[\w.]+\.)?\w*(?:Error|Exception): .*")
# An error of ours stands alone in the log.
_SENTENCE = re.compile(
    r"\[error +\] ((?:(?!\[error).)*?) +\[municipal_indicators\.endings\]", re.DOTALL
)
_LOGGED = re.compile(r"^\d{4}-\d\d-\d\dT|^\s|^Traceback|^Task ")
_DAYS = re.compile(r": (\d+) days published")
_COUNTED = re.compile(r"\[(\d+)/(\d+)\]\s*([^:\[]{1,60})")


class RunFailedError(Exception):
    """An ``airflow`` command of the demo ended with an error; the message shows the log's end."""


class Airflow:
    """An Airflow process that runs commands, each with a log of its own, on the stage's warehouse.

    A context manager: the process is started at once; an error ends it with whatever it is doing.
    """

    def __init__(self, stage: Stage, environment: Mapping[str, str], console: Console) -> None:
        self.stage = stage
        self.environment = dict(environment)
        self.console = console

    def __enter__(self) -> Self:
        # Behind a server's front the warehouse is open already, in the front's process.
        is_embedded = '"chdb"' in self.environment["AIRFLOW_CONN_CLICKHOUSE_DEFAULT"]
        held = ["--hold", str(self.stage.warehouse)] if is_embedded else []
        self._process = subprocess.Popen(
            [sys.executable, "-P", commands.__file__, *held],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        return self

    def __exit__(self, *raised: object) -> None:
        if raised[0]:
            # Airflow's runner takes a SIGTERM for itself. The next run completes what was under way.
            os.killpg(self._process.pid, signal.SIGKILL)
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(BrokenPipeError):
                cast("IO[str]", stream).close()
        self._process.wait()

    @property
    def ended(self) -> bool:
        """Whether the process is gone."""
        return self._process.poll() is not None

    def run(self, arguments: Sequence[str], title: str, log: str) -> float:
        """Run one ``airflow`` command; returns its seconds. Raises RunFailedError."""
        started = time.monotonic()
        tail: deque[str] = deque(maxlen=2000)
        path = self.stage.logs / f"{log}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8") as file, _progress(self.console) as progress:
            task = progress.add_task(title, total=None, note="")
            for line in self._lines(arguments):
                file.write(line)
                tail.append(line)
                if found := _COUNTED.search(line):
                    done, total, note = found.groups()
                    progress.update(task, completed=int(done), total=int(total), note=note.strip())
                elif found := _DAYS.search(line):
                    progress.update(task, advance=int(found[1]), note=f"+{found[1]} дней")
        if not tail or tail.pop() != f"{commands.ENDED}0\n":
            command = " ".join(arguments[:3])
            raise RunFailedError(
                f"Команда airflow {command} не выполнена: {_reason(tail)}\nЖурнал: {path}"
            )
        seconds = time.monotonic() - started
        self.console.print(f"  [green]✓[/] {title} — {seconds:.0f} с")
        return seconds

    def run_dag(self, dag_id: str, title: str, params: Mapping[str, object] | None = None) -> float:
        """``airflow dags test DAG_ID`` with params; returns its seconds. Raises RunFailedError."""
        arguments = ["dags", "test", dag_id]
        if params:
            arguments += ["--conf", json.dumps(params)]
        return self.run(arguments, title, dag_id)

    def _lines(self, arguments: Sequence[str]) -> Iterator[str]:
        """What a command says; the last line is that of its end, where the process did not end before."""
        told, said = cast("IO[str]", self._process.stdin), cast("IO[str]", self._process.stdout)
        with suppress(BrokenPipeError):
            told.write(json.dumps({"arguments": arguments}) + "\n")
            told.flush()
        for line in said:
            yield line
            if line.startswith(commands.ENDED):
                return


def _reason(tail: Sequence[str]) -> str:
    """The last error of ours in a log, else its last exception, with the lines of its message."""
    if sentences := _SENTENCE.findall("".join(tail)):
        return str(sentences[-1])
    found = [number for number, line in enumerate(tail) if _ERROR.match(line)]
    if not found:
        return "".join(list(tail)[-20:])
    rest = list(tail)[found[-1] :]
    message = [rest[0]]
    for line in rest[1:6]:
        if _LOGGED.match(line) or not line.strip():
            break
        message.append(line)
    return "".join(message).strip()


def _progress(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
