"""What the tasks of each DAG do, without Airflow's own processes around it."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

# Before anything of ours reads its environment, in a process that is one of `worker`.
from municipal_indicators import report, settings
from municipal_indicators.inbox.file_loads import load_outcome
from municipal_indicators.marts import build, checks, publishing
from municipal_indicators.reference.passport import load_passport
from municipal_indicators.sources import housekeeping, rebuilding
from municipal_indicators.sources.file_sources import file_source
from municipal_indicators.sources.metrica import client, rate_limit, run_planning, trigger
from municipal_indicators.sources.metrica.reconciliation import reconcile_run
from municipal_indicators.sources.schema import apply_schema
from municipal_indicators.warehouse import retention
from municipal_indicators.warehouse.client import open_warehouse
from tests.kills import states
from tests.kills.seen import Reader
from tests.marts.given import NOW
from tests.sources.metrica.site_loads import run_all

# Two log requests of two days each.
SPAN = ("2024-03-01", "2024-03-04")
FILE_SOURCES = ("gosuslugi", "smev", "registers")
_LATER = timedelta(days=5000)

client.FIRST_PAUSE_SECONDS = 0.01
trigger.FIRST_WAIT_SECONDS = 0.01
run_planning.CHUNK_DAYS = 2
rate_limit.RATES = ()  # type: ignore[assignment]


def schema() -> None:
    """Nothing but the tables."""
    with open_warehouse() as warehouse:
        apply_schema(warehouse)


def logs(source: str, first: str = SPAN[0], last: str = SPAN[1]) -> None:
    """``load_metrica_visits`` and ``load_metrica_hits``, with ``force``."""
    schema()
    run_all(str(uuid.uuid4()), first, last, forced=True, source=source)
    if source == "visits":
        reconcile_run()


def files(source: str) -> None:
    """``load_gosuslugi_applications`` and its like."""
    outcome = load_outcome(file_source(source, load_passport().time_zone))
    assert not outcome["failed"], outcome["failed"]


def marts() -> None:
    """``build_indicator_marts``; every task opens the warehouse for itself."""
    passport = load_passport()
    with open_warehouse() as warehouse:
        apply_schema(warehouse)
        built = build.build_marts(warehouse, passport, NOW)
    with open_warehouse() as warehouse:
        checks.check_marts(warehouse)
    with open_warehouse() as warehouse:
        publishing.publish_marts(warehouse, built.id)
    with open_warehouse() as warehouse:
        report.write_report(
            warehouse,
            settings.report_path(),
            programme=passport.programme,
            time_zone=passport.time_zone,
            baseline_year=passport.baseline_year,
        )
    with open_warehouse() as warehouse:
        retention.sweep_loads(warehouse)


def rebuild() -> None:
    """``rebuild_from_archive``."""
    rebuilding.rebuild_from_archive(load_passport())


def house() -> None:
    """``keep_house`` when all that may go is old enough."""
    later = datetime.now(UTC) + _LATER
    with open_warehouse() as warehouse:
        apply_schema(warehouse)
        housekeeping.keep_archive(warehouse, later)
    with open_warehouse() as warehouse:
        apply_schema(warehouse)
        housekeeping.keep_warehouse(warehouse, later)


def look() -> None:
    """What a reader of an embedded warehouse sees, as JSON in the file ``SEEN``."""
    with open_warehouse() as warehouse:
        reader = Reader(warehouse)
        found = reader.marts(), reader.units(), reader.views()
    Path(os.environ["SEEN"]).write_text(json.dumps(found), encoding="utf-8")


def restore() -> None:
    """Bring an embedded warehouse back to the state ``STATE``."""
    with open_warehouse() as warehouse:
        states.restore(warehouse, os.environ["STATE"])


JOBS: dict[str, Callable[[], None]] = {
    "schema": schema,
    "visits": partial(logs, "visits"),
    "hits": partial(logs, "hits"),
    **{source: partial(files, source) for source in FILE_SOURCES},
    "build": marts,
    "rebuild": rebuild,
    "house": house,
    "look": look,
    "restore": restore,
}
