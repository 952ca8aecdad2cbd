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
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

_ERROR = re.compile(r"^(?:[\w.]+\.)?\w*(?:Error|Exception): .*")
_LOGGED = re.compile(r"^\d{4}-\d\d-\d\dT|^\s|^Traceback|^Task ")
_DAYS = re.compile(r": (\d+) days published")
_COUNTED = re.compile(r"\[(\d+)/(\d+)\]\s*([^:\[]{1,60})")


class RunFailedError(Exception):
    """An ``airflow`` command of the demo ended with an error; the message shows the log's end."""


def run_airflow(
    arguments: list[str], title: str, log: Path, environment: Mapping[str, str], console: Console
) -> float:
    """Run one ``airflow`` command; returns its seconds. Raises RunFailedError."""
    started = time.monotonic()
    tail: deque[str] = deque(maxlen=2000)
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [str(Path(sys.executable).with_name("airflow")), *arguments]
    with log.open("w", encoding="utf-8") as file, _progress(console) as progress:
        task = progress.add_task(title, total=None, note="")
        try:
            with _child(command, environment) as lines:
                for line in lines:
                    file.write(line)
                    tail.append(line)
                    if found := _COUNTED.search(line):
                        done, total, note = found.groups()
                        progress.update(
                            task, completed=int(done), total=int(total), note=note.strip()
                        )
                    elif found := _DAYS.search(line):
                        progress.update(task, advance=int(found[1]), note=f"+{found[1]} дней")
        except RunFailedError as error:
            raise RunFailedError(f"airflow {error} failed: {_reason(tail)}\nLog: {log}") from None
    seconds = time.monotonic() - started
    console.print(f"  [green]✓[/] {title} — {seconds:.0f} с")
    return seconds


def run_dag(
    dag_id: str,
    title: str,
    logs: Path,
    environment: Mapping[str, str],
    console: Console,
    params: Mapping[str, object] | None = None,
) -> float:
    """``airflow dags test DAG_ID`` with params; returns its seconds. Raises RunFailedError."""
    arguments = ["dags", "test", dag_id]
    if params:
        arguments += ["--conf", json.dumps(params)]
    return run_airflow(arguments, title, logs / f"{dag_id}.log", environment, console)


@contextmanager
def _child(command: list[str], environment: Mapping[str, str]) -> Iterator[Iterator[str]]:
    process = subprocess.Popen(
        command,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        yield iter(process.stdout)
        if process.wait():
            raise RunFailedError(" ".join(command[1:4]))
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=20)
        process.stdout.close()


def _reason(tail: Sequence[str]) -> str:
    """The last exception of a log, with the lines of its message."""
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
