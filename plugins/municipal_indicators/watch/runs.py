"""What Airflow knows of the runs of our DAGs, asked as a task may ask: by the task SDK.

Asking sees more than a callback: a killed worker, scheduler or triggerer calls nothing back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk.types import RuntimeTaskInstanceProtocol

ENDED = {"success", "failed", "skipped", "upstream_failed", "removed"}
# Airflow names a run after its kind and time. A run that a person named has none and is not looked at.
_TIME = re.compile(r"__(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?[+-]\d\d:\d\d)")
_MAPPED = re.compile(r"_\d+\Z")


@dataclass(frozen=True, slots=True)
class Run:
    """One run: when it was due, and the states of its tasks, mapped ones as ``task_0``."""

    run_id: str
    at: datetime
    states: Mapping[str, str | None]

    @property
    def is_going(self) -> bool:
        """Whether a task of it waits or works."""
        return any(state not in ENDED for state in self.states.values())

    @property
    def failed(self) -> list[str]:
        """The tasks that failed after their retries; a mapped one once."""
        names = [name for name, state in self.states.items() if state == "failed"]
        return sorted({_MAPPED.sub("", name) for name in names})

    @property
    def hours(self) -> float:
        """Hours since it was due."""
        return (datetime.now(UTC) - self.at).total_seconds() / 3600

    def shown(self, zone: tzinfo) -> str:
        """When it was due, in words of the zone."""
        return self.at.astimezone(zone).strftime("%d.%m.%Y %H:%M")


@dataclass(frozen=True, slots=True)
class DagRuns:
    """The runs of a DAG, the newest first; ``ended_badly``: Airflow calls the last ended one failed."""

    dag_id: str
    runs: Sequence[Run]
    is_paused: bool = False
    ended_badly: bool = False

    @property
    def latest(self) -> Run | None:
        """The newest run."""
        return self.runs[0] if self.runs else None

    @property
    def last_ended(self) -> Run | None:
        """The newest run that came to an end."""
        return next((run for run in self.runs if not run.is_going), None)

    @property
    def is_by_clock(self) -> bool:
        """Whether the scheduler ever ran it."""
        return any(not run.run_id.startswith("manual__") for run in self.runs)


def runs_of(states: Mapping[str, Mapping[str, Any]]) -> list[Run]:
    """The runs of Airflow's answer about the states of tasks, the newest first."""
    found = [
        Run(run_id, datetime.fromisoformat(time[1]), of_tasks)
        for run_id, of_tasks in states.items()
        if (time := _TIME.search(run_id))
    ]
    return sorted(found, key=lambda run: run.at, reverse=True)


def ask_airflow(ti: RuntimeTaskInstanceProtocol, dag_id: str, without: str = "") -> DagRuns:
    """The runs of a DAG, without the run of that id; none where Airflow does not know the DAG."""
    runs = [run for run in runs_of(ti.get_task_states(dag_id)) if run.run_id != without]
    if not runs:
        return DagRuns(dag_id, [])
    ended = DagRuns(dag_id, runs).last_ended
    return DagRuns(
        dag_id,
        runs,
        is_paused=bool(ti.get_dag(dag_id).is_paused),
        ended_badly=ended is not None and ti.get_dagrun_state(dag_id, ended.run_id) == "failed",
    )
