"""What is wrong now: the queries of ``sql/watch`` over the warehouse, and the runs that Airflow knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from municipal_indicators import settings
from municipal_indicators.reference.labels import read_labels
from municipal_indicators.reference.passport import Passport
from municipal_indicators.report import russian
from municipal_indicators.report.latest import computed_at, month_of, read_latest
from municipal_indicators.report.standing import read_standings, sentence
from municipal_indicators.sources import SOURCES
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.templates import render
from municipal_indicators.watch.runs import DagRuns, Run

BUILD = "build_indicator_marts"
WATCH = "watch_the_morning"
# A night's run comes each day; two hours more are for a late start.
MISSED_AFTER_HOURS = 26
# A run that has just begun is no problem.
GOING_AFTER_HOURS = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that somebody should mend, or, of the kinds ``status`` and ``month``, know.

    ``kind`` and ``subject`` say what it happened to; it is told again when ``state`` differs from the
    one told last. ``what``, ``place`` and ``since`` are Russian words without personal data, ``link``
    is where to look.
    """

    kind: str
    subject: str
    state: str
    what: str
    place: str
    since: str
    link: str


def find_problems(
    warehouse: Warehouse, passport: Passport, runs: Iterable[DagRuns]
) -> list[Problem]:
    """Everything that is wrong at this moment, the status of every indicator, and the newest whole month."""
    found = [problem for dag in runs for problem in of_runs(dag, passport)]
    for path in sorted((settings.SQL / "watch").glob("*.sql")):
        found += [_of_row(row) for row in warehouse.mappings(_query(path, passport))]
    return found + of_month(warehouse, passport)


def of_month(warehouse: Warehouse, passport: Passport) -> list[Problem]:
    """The newest whole month in the sentence of the report page; nothing before there is one."""
    labels = read_labels()
    latest = read_latest(warehouse, labels, passport.zone)
    month = month_of(latest.headline)
    if month is None:
        return []
    standings = read_standings(warehouse, latest.headline, passport.baseline_year)
    return [
        Problem(
            "month",
            "newest",
            f"{month:%Y-%m}",
            f"Показатели за {latest.month}: {sentence(latest.headline, standings, labels)}",
            "отчёт о показателях программы",
            f"месяц собран полностью, рассчитано {russian.instant(computed_at(latest), passport.zone)}",
            settings.report_address(),
        )
    ]


def _query(path: Path, passport: Passport) -> str:
    return render(f"watch/{path.name}", labels=read_labels(), time_zone=passport.time_zone)


def _of_row(row: dict[str, Any]) -> Problem:
    about = row.pop("about")
    return Problem(**row, link=_link_of(row["kind"], about))


def _link_of(kind: str, about: str) -> str:
    if kind == "status":
        return settings.report_address(about)
    dags = {source.name: source.dags[0] for source in SOURCES if source.dags}
    return settings.airflow_address(f"dags/{settings.named(dags.get(about, about))}")


def link_of_run(dag_id: str, run_id: str) -> str:
    """The address of a run in Airflow."""
    return settings.airflow_address(f"dags/{dag_id}/runs/{quote(run_id)}")


def of_runs(dag: DagRuns, passport: Passport) -> list[Problem]:
    """What is wrong with the runs of one DAG: failed tasks, or no run that came to its end.

    A DAG that never ran by the clock is run by hand: nothing is missed there.
    """
    latest, ended = dag.latest, dag.last_ended
    if latest is None:
        return []
    problems = [
        Problem(
            "task",
            f"{dag.dag_id}.{task}",
            "failed",
            f"Задача {task} не выполнена и больше не повторяется (DAG {dag.dag_id})",
            f"DAG {dag.dag_id}, прогон {ended.run_id}",
            ended.shown(passport.zone),
            link_of_run(dag.dag_id, ended.run_id),
        )
        for task in (ended.failed if ended else ())
        if ended
    ]
    state, what = _fate(dag, latest)
    if state:
        since = f"последний прогон {latest.shown(passport.zone)}"
        link = settings.airflow_address(f"dags/{dag.dag_id}")
        problems.append(Problem("run", dag.dag_id, state, what, f"DAG {dag.dag_id}", since, link))
    return problems


def _fate(dag: DagRuns, latest: Run) -> tuple[str, str]:
    """What became of a DAG's night as state and words; empty if it ran to its end."""
    ended = dag.last_ended
    if latest.is_going and latest.hours > GOING_AFTER_HOURS:
        return "going", f"Прогон DAG {dag.dag_id} к утру не закончен"
    if ended is not None and dag.ended_badly and not ended.failed:
        return "cut", f"Прогон DAG {dag.dag_id} прерван: не уложился в отведённое время"
    if dag.is_by_clock and dag.is_paused:
        return "paused", f"DAG {dag.dag_id} выключен: сам он больше не запускается"
    if dag.is_by_clock and latest.hours > MISSED_AFTER_HOURS:
        return "missed", f"DAG {dag.dag_id} этой ночью не запускался"
    return "", ""


def watched_dags() -> list[str]:
    """The DAGs whose runs the watch looks at, beside its own: all loads and the build."""
    return [
        settings.named(dag) for dag in (*(dag for source in SOURCES for dag in source.dags), BUILD)
    ]
