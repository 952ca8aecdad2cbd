"""What all benchmarks share: the machine, the cost of a process, progress, and the choice of ways."""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

REPOSITORY = Path(__file__).resolve().parents[1]
MOST_SECONDS = 1800


@dataclass(frozen=True, slots=True)
class Measure:
    """The cost of one way; ``rows`` are the rows that it stored or read."""

    way: str
    rows: int
    seconds: float
    cpu_seconds: float
    peak_megabytes: float

    @property
    def speed(self) -> float:
        """Rows per second."""
        return self.rows / self.seconds


AnyMeasure = TypeVar("AnyMeasure", bound=Measure)


def timed(way: str, load: Callable[[], object], count: Callable[[], int]) -> Measure:
    """Time a load in this process; its rows are counted after the clock has stopped."""
    cpu, started = cpu_seconds(), time.perf_counter()
    load()
    seconds, cpu = time.perf_counter() - started, cpu_seconds() - cpu
    peak = peak_megabytes()
    return Measure(way, count(), seconds, cpu, peak)


def middle(measures: Sequence[AnyMeasure]) -> AnyMeasure:
    """The medians of the rounds of one way, and the highest peak."""
    return replace(
        measures[0],
        seconds=median(one.seconds for one in measures),
        cpu_seconds=median(one.cpu_seconds for one in measures),
        peak_megabytes=max(one.peak_megabytes for one in measures),
    )


def in_fresh_process(module: str, way: str, folder: Path) -> Measure:
    """What ``python -m module --child`` answers of a way, with an empty warehouse and inbox."""
    with a_room(folder, way) as room:
        arguments = [module, "--child", way, str(folder), str(room / "answer.json")]
        return Measure(**answer_of(way, arguments, room, environment(room)))


@contextmanager
def a_room(folder: Path, name: str) -> Iterator[Path]:
    """A folder of one fresh process, removed afterwards."""
    room = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=folder))
    try:
        yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)


def answer_of(
    way: str, arguments: Sequence[str], room: Path, variables: dict[str, str], task: str = ""
) -> dict[str, Any]:
    """Run ``python -m`` with these arguments; returns what it writes into ``answer.json`` of its room.

    ``task`` is its standard input. If the process fails, the benchmark ends with its output.
    """
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        input=task,
        cwd=REPOSITORY,
        env=variables,
        capture_output=True,
        text=True,
        timeout=MOST_SECONDS,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{way} failed:\n{done.stdout[-3000:]}{done.stderr[-6000:]}")
    answer: dict[str, Any] = json.loads((room / "answer.json").read_text(encoding="utf-8"))
    return answer


def environment(room: Path) -> dict[str, str]:
    """The connection, the folders and a bare Airflow; nothing of the user's own."""
    engine = {"interface": "chdb", "path": str(room / "warehouse")}
    connection = {
        "conn_type": "clickhouse",
        "schema": "default",
        "extra": {"client_kwargs": engine},
    }
    own = {key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW")}
    return own | {
        "AIRFLOW_HOME": str(room / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW_CONN_CLICKHOUSE_DEFAULT": json.dumps(connection),
        "AIRFLOW_VAR_INBOX": str(room / "inbox"),
        "AIRFLOW_VAR_ARCHIVE": str(room / "archive"),
        "AIRFLOW_VAR_PERSONAL_DATA_KEY": "a-key-of-the-bench",
        "PYTHONPATH": str(REPOSITORY / "plugins"),
    }


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processors": os.cpu_count(),
        "memory_gib": round(memory / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def say(text: str) -> None:
    """A line of progress."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def peak_megabytes() -> float:
    """The highest resident size; of this process alone, while ru_maxrss begins with the parent's."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024
    except (OSError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def cpu_seconds() -> float:
    """User and system time of this process and those that it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def chosen_ways(known: Collection[str]) -> Callable[[str], list[str]]:
    """Reads a comma list of ways, each once."""

    def read(text: str) -> list[str]:
        chosen = text.split(",")
        if unknown := [way for way in chosen if way not in known]:
            raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(known)}")
        return list(dict.fromkeys(chosen))

    return read


def whole_number(text: str) -> int:
    """A number of rows or rounds on the command line."""
    number = int(text.replace("_", "")) if text.replace("_", "").isdecimal() else 0
    if not number:
        raise argparse.ArgumentTypeError(f"{text!r}: write a whole number above 0")
    return number
