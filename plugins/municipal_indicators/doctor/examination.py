"""The examination of an installation, one finding a matter; it leaves at most the database ops behind."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from municipal_indicators import settings
from municipal_indicators.documents.word import check_template, template_path
from municipal_indicators.errors import IndicatorsError
from municipal_indicators.reference import effectiveness, labels, lists
from municipal_indicators.reference.passport import load_passport
from municipal_indicators.sources.metrica.hook import MetricaHook
from municipal_indicators.warehouse.client import embedded_path, open_warehouse

if TYPE_CHECKING:
    from upath import UPath

State = Literal["ok", "warn", "fail"]
# A load needs room for a copy of its file and for merges; below the second a night may stop.
ENOUGH, TOO_LITTLE = 5 << 30, 1 << 30
CLOCKS_DIFFER = 60
WAIT = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, whether it is well, and in words what was found or how to mend it."""

    subject: str
    state: State
    text: str


def examine() -> Iterator[Finding]:
    """Look at all matters in turn, in a region for each district; one that fails does not hide the others."""
    try:
        districts = settings.districts()
    except IndicatorsError as error:
        yield Finding("passports", "fail", str(error))
        return
    for number, district in enumerate(districts or (None,)):
        for subject, look in _MATTERS:
            # The lists are the same for all districts.
            if number and look is _lists:
                continue
            with settings.working_for(district):
                answer = _answer(look)
            yield Finding(f"{district}: {subject}" if district else subject, *answer)


def _answer(look: Callable[[], tuple[State, str]]) -> tuple[State, str]:
    try:
        return look()
    except (IndicatorsError, OSError) as error:
        return "fail", str(error)


def _airflow() -> tuple[State, str]:
    from airflow.models.pool import Pool
    from sqlalchemy.exc import DBAPIError

    try:
        name = settings.warehouse_pool()
        pool = Pool.get_pool(name)
    except DBAPIError:
        return "fail", "Airflow's database is not ready: run `.venv/bin/airflow db migrate`."
    if pool is None:
        return "fail", (
            f"The pool {name} is missing, so no task would start: run "
            f'`.venv/bin/airflow pools set {name} 1 "embedded engine"` (4 or more for a '
            "server)."
        )
    if embedded_path() and pool.slots != 1:
        return "warn", (
            f"The pool {name} has {pool.slots} slots, but one process at a time can open "
            "the embedded warehouse: set 1, so that tasks queue instead of waiting inside."
        )
    return "ok", f"database is ready, pool {name} has {pool.slots} slots"


def _passport() -> tuple[State, str]:
    passport = load_passport()
    effectiveness.chosen_methods(passport.effectiveness)
    return "ok", f"{settings.passport_path()}: {len(passport.indicators)} indicators"


def _lists() -> tuple[State, str]:
    lists.holidays()
    lists.freshness_terms()
    lists.smev_kinds()
    lists.course_annotations()
    labels.read_labels()
    check_template(template_path())
    return "ok", f"{settings.REFERENCE} is read"


def _warehouse() -> tuple[State, str]:
    """Whether it answers, may be written, and has our clock."""
    probe = f"ops.doctor_{uuid.uuid4().hex[:8]}"
    with open_warehouse(WAIT) as warehouse:
        version = warehouse.value("SELECT version()")
        theirs = warehouse.value("SELECT now('UTC')")
        warehouse.command("CREATE DATABASE IF NOT EXISTS ops")
        warehouse.command(f"CREATE TABLE {probe} (a UInt8) ENGINE = MergeTree ORDER BY a")
        try:
            warehouse.command(f"INSERT INTO {probe} SELECT 1")
            warehouse.command(f"ALTER TABLE {probe} ADD COLUMN b UInt8")
        finally:
            warehouse.command(f"DROP TABLE {probe} SYNC")
    apart = abs((datetime.now(UTC) - theirs.replace(tzinfo=UTC)).total_seconds())
    if apart > CLOCKS_DIFFER:
        return "fail", (
            f"Its clock and this machine's differ by {apart:.0f} s: let both follow a time server (NTP), "
            "else the order of loads is wrong."
        )
    place = embedded_path()
    return (
        "ok",
        f"ClickHouse {version}, {f'embedded in {place}' if place else 'a server'}; may be written",
    )


def _metrica() -> tuple[State, str]:
    """One call a site of the passport, as a load begins."""
    sites = load_passport().sites
    if not sites:
        return "ok", "the passport has no sites"
    client = MetricaHook(settings.metrica_connection()).get_conn()
    zones = [
        f"{site.counter_id} ({client.counter(site.counter_id).time_zone_name})" for site in sites
    ]
    return "ok", f"answers for {', '.join(zones)}"


def _inbox() -> tuple[State, str]:
    folder = settings.inbox_folder()
    if not folder.is_dir():
        return "fail", (
            f"{folder} does not exist: make it, or name another one with the Airflow Variable inbox."
        )
    found = sum(1 for _ in folder.iterdir())
    return "ok", f"{folder}: {found} entries"


def _archive() -> tuple[State, str]:
    return _writable(settings.archive_folder(), "archive")


def _landing() -> tuple[State, str]:
    return _writable(settings.landing_folder(), "landing")


def _report() -> tuple[State, str]:
    return _writable(settings.report_path().parent, "report")


def _writable(folder: Path | UPath, variable: str) -> tuple[State, str]:
    probe = folder / f".doctor-{uuid.uuid4().hex[:8]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        return "fail", (
            f"{folder} cannot be written ({error.strerror}): give the user of Airflow the right, or name "
            f"another one with the Airflow Variable {variable}."
        )
    if isinstance(folder, Path):
        free = shutil.disk_usage(folder).free
        room = f"{free / (1 << 30):.1f} GiB free"
        if free < ENOUGH:
            return "fail" if free < TOO_LITTLE else "warn", f"{folder} has only {room}: make room."
        return "ok", f"{folder}: {room}"
    return "ok", str(folder)


def _messages() -> tuple[State, str]:
    if settings.has_channel():
        return "ok", "problems of the night are sent"
    return "warn", (
        "Problems of the night are told in a log only: set the Airflow Variable notify_email or "
        "notify_webhook (docs/operations.md)."
    )


_MATTERS: tuple[tuple[str, Callable[[], tuple[State, str]]], ...] = (
    ("Airflow", _airflow),
    ("passport", _passport),
    ("lists", _lists),
    ("warehouse", _warehouse),
    ("Metrica", _metrica),
    ("inbox", _inbox),
    ("archive", _archive),
    ("landing", _landing),
    ("report", _report),
    ("messages", _messages),
)
