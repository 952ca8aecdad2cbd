"""What a night with nothing new costs, by DAG: `python -m bench.night --help`.

A small warehouse is loaded and built by the demo's own means. Then Airflow's services are started, and each
DAG of a night runs once as the scheduler runs it: each task in a process that the local executor forks.
The only site of the passport is not observed any more, and no file has arrived: there is nothing to load.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

import psutil
import requests
from rich.console import Console

from bench.measuring import REPOSITORY, machine, say
from demo.__main__ import COUNTER, FILE_LOADS
from demo.runs import Airflow
from demo.services import HOST, AirflowServices, services_environment
from demo.stage import TOKEN, Stage, month_end
from tests.emulators.inbox import write_inbox
from tests.emulators.metrica.parts import Settings
from tests.emulators.metrica.server import MetricaEmulator
from tests.emulators.metrica.state import Counter

GOAL = 60
LOADS = ("load_metrica_visits", "load_metrica_hits", *(dag_id for dag_id, _ in FILE_LOADS))
NIGHT = (*LOADS, "build_indicator_marts", "watch_the_morning", "keep_house")
PATIENCE = 600


@dataclass(frozen=True, slots=True)
class Cost:
    """What the run of one DAG cost: seconds of CPU of its tasks and of the api-server meanwhile."""

    dag: str
    tasks: int
    task_seconds: float
    api_seconds: float

    @property
    def seconds(self) -> float:
        """Of both."""
        return self.task_seconds + self.api_seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table and write it as JSON."""
    options = _parser().parse_args(arguments)
    folder: Path = options.out / "night"
    shutil.rmtree(folder, ignore_errors=True)
    stage = Stage(folder / "demo")
    last_month = date(2026, 10, 1)
    first = (last_month - timedelta(days=30 * (options.months - 1))).replace(day=1)
    try:
        with MetricaEmulator(
            [Counter(COUNTER)], {TOKEN: None}, settings=Settings(polls=1)
        ) as emulator:
            passport = _passport(folder, month_end(last_month))
            more = {"AIRFLOW_VAR_PROGRAMME_PASSPORT": str(passport)}
            say(f"A warehouse of {options.months} months")
            _fill(stage, stage.environment(emulator.port) | more, first, last_month)
            environment = services_environment(stage, emulator.port, options.port) | more
            costs = _night(AirflowServices(stage, environment, options.port))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report = {"machine": machine(), "goal": GOAL, "costs": [asdict(one) for one in costs]}
    (options.out / "night.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    _print(costs)
    return 0


def _passport(folder: Path, last: date) -> Path:
    """The repository's passport with a site that was observed until then."""
    text = (REPOSITORY / "programme.yaml").read_text(encoding="utf-8")
    known = f"{{counter_id: {COUNTER}, "
    changed = text.replace(known, f"{known}until: {last}, ")
    if changed == text:
        raise SystemExit(f"programme.yaml does not have the site of counter {COUNTER} any more.")
    folder.mkdir(parents=True)
    path = folder / "programme.yaml"
    path.write_text(changed, encoding="utf-8")
    return path


def _fill(stage: Stage, environment: Mapping[str, str], first: date, last_month: date) -> None:
    write_inbox(stage.inbox, first, last_month)
    dates = {"date_from": str(first), "date_to": str(month_end(last_month))}
    with Airflow(stage, environment, Console(quiet=True)) as airflow:
        airflow.run(["db", "migrate"], "", "db_migrate")
        for dag_id in (*LOADS, "build_indicator_marts"):
            airflow.run_dag(dag_id, "", dates if "metrica" in dag_id else None)


def _night(services: AirflowServices) -> list[Cost]:
    with _running(services):
        # Paused again: neither the clock nor an asset starts what is measured in its turn.
        _pause(services, "~", paused=True)
        return [_cost(services, dag_id) for dag_id in NIGHT]


@contextmanager
def _running(services: AirflowServices) -> Iterator[None]:
    try:
        services.start()
        services.wait_until_healthy(Console(quiet=True))
        services.prepare(expected=set(NIGHT))
        yield
    finally:
        services.stop()


def _pause(services: AirflowServices, pattern: str, *, paused: bool) -> None:
    requests.patch(
        f"{services.url}/api/v2/dags?dag_id_pattern={pattern}&limit=100",
        json={"is_paused": paused},
        headers=services.headers(),
        timeout=30,
    ).raise_for_status()


def _cost(services: AirflowServices, dag_id: str) -> Cost:
    """Run it to its end. Raises SystemExit where it fails."""
    of_tasks, of_api = _of_workers(services), _cpu(services.process("api-server"))
    runs = f"{services.url}/api/v2/dags/{dag_id}/dagRuns"
    headers = services.headers()
    _pause(services, dag_id, paused=False)
    begun = requests.post(runs, json={"logical_date": None}, headers=headers, timeout=30)
    begun.raise_for_status()
    run = f"{runs}/{begun.json()['dag_run_id']}"
    deadline = time.monotonic() + PATIENCE
    while (state := requests.get(run, headers=headers, timeout=30).json()["state"]) != "success":
        if state == "failed" or time.monotonic() > deadline:
            raise SystemExit(f"{dag_id}: {state}. Logs: {services.logs}")
        time.sleep(1)
    _pause(services, dag_id, paused=True)
    states = requests.get(f"{run}/taskInstances", headers=headers, timeout=30).json()
    cost = Cost(
        dag_id,
        sum(one["state"] == "success" for one in states["task_instances"]),
        _of_workers(services) - of_tasks,
        _cpu(services.process("api-server")) - of_api,
    )
    say(f"{dag_id}: {cost.tasks} tasks, {cost.seconds:.1f} s of CPU")
    return cost


def _of_workers(services: AirflowServices) -> float:
    """What the workers of the local executor and the ended processes of their tasks have used, in seconds."""
    scheduler = services.process("scheduler")
    return sum(map(_cpu, scheduler.children())) + _of_ended(scheduler)


def _cpu(process: psutil.Process) -> float:
    try:
        used = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(used.user + used.system + _of_ended(process))


def _of_ended(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.children_user + used.children_system)


def _print(costs: Sequence[Cost]) -> None:
    print("| DAG | tasks | CPU s of tasks | CPU s of the api-server |")
    print("|---|--:|--:|--:|")
    for one in costs:
        print(f"| `{one.dag}` | {one.tasks} | {one.task_seconds:.1f} | {one.api_seconds:.1f} |")
    tasks, seconds = sum(one.tasks for one in costs), sum(one.task_seconds for one in costs)
    api = sum(one.api_seconds for one in costs)
    print(f"| a night | {tasks} | {seconds:.1f} | {api:.1f} |")
    print(f"\nIn all {seconds + api:.1f} s of CPU; the goal is {GOAL} s.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.night", description=__doc__)
    parser.add_argument("--months", type=int, default=12, help="months of the warehouse")
    parser.add_argument("--port", type=int, default=8087, help=f"port of the API on {HOST}")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "build" / "bench")
    return parser


if __name__ == "__main__":
    sys.exit(main())
