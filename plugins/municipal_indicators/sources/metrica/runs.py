"""The runs of Metrica loads (``ops.metrica_run_events``): what is planned, done, resumed, and how far."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from municipal_indicators.sources.metrica.plan import DAY, Days
from municipal_indicators.sources.metrica.request_ledger import utc
from municipal_indicators.warehouse.client import Warehouse

log = logging.getLogger(__name__)

# How far back a nightly run mends what an outage of the scheduler left out.
MENDED_DAYS = 31


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run was asked for: a source, and the params' dates where it was triggered with some."""

    run_id: str
    source: str
    date_from: date | None = None
    date_to: date | None = None
    forced: bool = False


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """The counter days that a run has to publish; those published since ``begun_at`` count as done."""

    counter_id: int
    begun_at: datetime
    days: Sequence[date]
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The run over the same span that ended before it published all days of a counter."""

    run_id: str
    begun_at: datetime
    done: frozenset[date]


@dataclass(frozen=True, slots=True)
class History:
    """What the warehouse tells a plan, by counter."""

    unfinished: dict[int, Unfinished] = field(default_factory=dict)
    settled: dict[int, dict[date, bool]] = field(default_factory=dict)

    def missing(self, counter_id: int, before: date) -> list[date]:
        """The days that an outage left out or unsettled before the nightly window.

        Only since the first day published within the last ``MENDED_DAYS``: what was never
        loaded is history, which somebody has to ask for.
        """
        earliest = before - MENDED_DAYS * DAY
        known = {
            day: is_settled
            for day, is_settled in self.settled.get(counter_id, {}).items()
            if earliest <= day < before
        }
        if not known:
            return []
        return [day for day in Days(min(known), before - DAY) if not known.get(day, False)]


def read_history(
    warehouse: Warehouse,
    asked: Asked,
    counter_ids: Iterable[int],
    days: Days,
    settling_days: int,
    time_zone: str,
) -> History:
    """What bears on a run over these days: of a span the run to resume, of a night what is published."""
    counters = sorted(set(counter_ids))
    if asked.date_from:
        return History(unfinished=_unfinished(warehouse, asked, counters))
    rows = warehouse.rows(
        """
        SELECT counter_id, counter_day,
               dateDiff('day', counter_day, toDate(requested_at, {zone:String})) > {settling:UInt32}
        FROM ops.metrica_published_days
        WHERE source = {source:String} AND counter_id IN {counters:Array(UInt32)}
            AND counter_day BETWEEN {first:Date} AND {last:Date}
        """,
        {
            "source": asked.source,
            "counters": counters,
            "zone": time_zone,
            "settling": settling_days,
            "first": days.first - (MENDED_DAYS + 1) * DAY,
            "last": days.last,
        },
    )
    settled: dict[int, dict[date, bool]] = {}
    for counter_id, day, is_settled in rows:
        settled.setdefault(counter_id, {})[day] = bool(is_settled)
    return History(settled=settled)


def _unfinished(warehouse: Warehouse, asked: Asked, counters: list[int]) -> dict[int, Unfinished]:
    rows = warehouse.rows(
        """
        SELECT p.counter_id, p.run_id, p.begun_at,
               groupArrayIf(d.counter_day, d.published_at >= p.begun_at)
        FROM
        (
            SELECT counter_id, argMax(run_id, planned_at) AS run_id, argMax(begun_at, planned_at) AS begun_at,
                   argMax(isNull(completed_at), planned_at) AS is_open
            FROM ops.metrica_progress
            WHERE source = {source:String} AND counter_id IN {counters:Array(UInt32)}
                AND date_from = {date_from:Date}
                AND ifNull(toString(date_to), '') = {date_to:String}
            GROUP BY counter_id
        ) AS p
        LEFT JOIN
        (
            SELECT counter_id, counter_day, published_at
            FROM ops.metrica_published_days WHERE source = {source:String}
        ) AS d ON d.counter_id = p.counter_id
        WHERE p.is_open
        GROUP BY p.counter_id, p.run_id, p.begun_at
        """,
        {
            "source": asked.source,
            "counters": counters,
            "date_from": asked.date_from,
            "date_to": str(asked.date_to or ""),
        },
    )
    return {
        counter_id: Unfinished(run_id, utc(begun_at), frozenset(done))
        for counter_id, run_id, begun_at, done in rows
    }


def note_planned(warehouse: Warehouse, asked: Asked, runs: Iterable[PlannedRun]) -> None:
    """Note what a run has to publish, and, of a counter where nothing is left, that it has."""
    runs, at = list(runs), datetime.now(UTC)
    warehouse.insert(
        "ops.metrica_run_events",
        (
            "source",
            "counter_id",
            "at",
            "event",
            "run_id",
            "date_from",
            "date_to",
            "forced",
            "begun_at",
            "days",
        ),
        (
            (
                asked.source,
                run.counter_id,
                at,
                "planned",
                asked.run_id,
                asked.date_from,
                asked.date_to,
                asked.forced,
                run.begun_at,
                list(run.days),
            )
            for run in runs
        ),
    )
    for run in runs:
        if run.is_done:
            note_progress(warehouse, asked.run_id, asked.source, run.counter_id)


def note_progress(warehouse: Warehouse, run_id: str, source: str, counter_id: int) -> None:
    """Tell how many of a run's days are published; note when it is all of them."""
    rows = warehouse.rows(
        """
        SELECT days_done, days_planned, isNull(completed_at) FROM ops.metrica_progress
        WHERE run_id = {run_id:String} AND source = {source:String} AND counter_id = {counter:UInt32}
        """,
        {"run_id": run_id, "source": source, "counter": counter_id},
    )
    for done, planned, is_open in rows:
        log.info("%d of %d days of counter %d are published.", done, planned, counter_id)
        if done == planned and is_open:
            warehouse.insert(
                "ops.metrica_run_events",
                ("source", "counter_id", "at", "event", "run_id"),
                [(source, counter_id, datetime.now(UTC), "completed", run_id)],
            )


def published_since(
    warehouse: Warehouse, source: str, counter_id: int, moment: datetime
) -> set[date]:
    """The counter days that were published at a moment or later."""
    rows = warehouse.rows(
        """
        SELECT counter_day FROM ops.metrica_published_days
        WHERE source = {source:String} AND counter_id = {counter:UInt32}
            AND published_at >= {moment:DateTime64(6, 'UTC')}
        """,
        {"source": source, "counter": counter_id, "moment": moment},
    )
    return {day for (day,) in rows}


def has_published(warehouse: Warehouse, run_id: str, source: str) -> bool:
    """Whether a run, or one that it resumed, has published a day of this source."""
    return bool(
        warehouse.value(
            """
            SELECT sum(days_done) FROM ops.metrica_progress
            WHERE run_id = {run_id:String} AND source = {source:String}
            """,
            {"run_id": run_id, "source": source},
        )
    )
