"""The runs of Metrica loads (``ops.metrica_run_events``): planned, done and missing days."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from municipal_indicators.reference.passport import Passport
from municipal_indicators.sources.metrica.days import DAY, Days
from municipal_indicators.sources.metrica.request_ledger import utc
from municipal_indicators.warehouse.client import Warehouse

log = logging.getLogger(__name__)

# How far back a nightly run looks for days that an outage of the scheduler left out.
GAP_LOOKBACK_DAYS = 31


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the DAG of a source.

    ``days`` are its programme days, ``date_from`` and ``date_to`` the dates that it was triggered
    with, if any. ``forced`` loads published days again; ``fill_gaps`` adds earlier days to a run
    without dates.
    """

    run_id: str
    source: str
    days: Days
    date_from: date | None = None
    date_to: date | None = None
    forced: bool = False
    fill_gaps: bool = False


@dataclass(frozen=True, slots=True)
class CounterDays:
    """The days of a counter that a run has to publish; published since ``begun_at`` they are done."""

    counter_id: int
    begun_at: datetime
    days: Sequence[date]
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class UnfinishedRun:
    """The run with the same dates that ended before it published all days of a counter."""

    run_id: str
    begun_at: datetime
    done: frozenset[date]


@dataclass(frozen=True, slots=True)
class History:
    """What earlier runs did, by counter: an unfinished run, and for each published day if it had settled.

    ``other_zone`` has the days that were loaded only under other time zones than the counter's
    present one, with the zone.
    """

    other_zone: dict[int, dict[date, str]] = field(default_factory=dict)
    unfinished: dict[int, UnfinishedRun] = field(default_factory=dict)
    settled: dict[int, dict[date, bool]] = field(default_factory=dict)

    def edges(self, counter_id: int, days: Sequence[date]) -> dict[date, str]:
        """The neighbours of days to load that were cut by another time zone, with the zone."""
        cut = self.other_zone.get(counter_id, {})
        near = {day + step for day in days for step in (-DAY, DAY)}.difference(days)
        return {day: cut[day] for day in sorted(near.intersection(cut))}

    def gaps(self, counter_id: int, before: date) -> list[date]:
        """The days before the nightly window that are missing or were loaded unsettled.

        Only since the first day published within ``GAP_LOOKBACK_DAYS``: what was never loaded is
        history, which has to be requested by dates.
        """
        earliest = before - GAP_LOOKBACK_DAYS * DAY
        known = {
            day: is_settled
            for day, is_settled in self.settled.get(counter_id, {}).items()
            if earliest <= day < before
        }
        if not known:
            return []
        return [day for day in Days(min(known), before - DAY) if not known.get(day, False)]


def read_history(
    warehouse: Warehouse, run: Run, passport: Passport, time_zones: Mapping[int, str]
) -> History:
    """What earlier runs did: for given dates the run to resume, for a night the published days.

    ``time_zones`` are the present ones of the counters to load.
    """
    counters = sorted(time_zones)
    other_zone = _other_zone(warehouse, run.source, time_zones)
    if run.date_from:
        return History(other_zone, unfinished=_unfinished(warehouse, run, counters))
    rows = warehouse.rows(
        """
        SELECT counter_id, counter_day,
               argMax(
                   dateDiff('day', counter_day, toDate(requested_at, {zone:String}))
                       > least(settling_days, {settling:UInt32})
                       -- A clock that was ahead says nothing.
                       AND requested_at <= now('UTC'),
                   published_at
               )
        FROM ops.metrica_published_days
        WHERE source = {source:String} AND counter_id IN {counters:Array(UInt32)}
            AND counter_day BETWEEN {first:Date} AND {last:Date}
        GROUP BY counter_id, counter_day
        """,
        {
            "source": run.source,
            "counters": counters,
            "zone": passport.time_zone,
            "settling": passport.settling_days,
            "first": run.days.first - (GAP_LOOKBACK_DAYS + 1) * DAY,
            "last": run.days.last,
        },
    )
    settled: dict[int, dict[date, bool]] = {}
    for counter_id, day, is_settled in rows:
        settled.setdefault(counter_id, {})[day] = bool(is_settled)
    return History(other_zone, settled=settled)


def _other_zone(
    warehouse: Warehouse, source: str, time_zones: Mapping[int, str]
) -> dict[int, dict[date, str]]:
    rows = warehouse.rows(
        """
        SELECT counter_id, counter_day, argMax(time_zone, published_at)
        FROM ops.metrica_published_days
        WHERE source = {source:String} AND counter_id IN {counters:Array(UInt32)}
        GROUP BY counter_id, counter_day
        HAVING countIf(
            time_zone = {zones:Array(String)}[indexOf({counters:Array(UInt32)}, counter_id)]
        ) = 0
        """,
        {
            "source": source,
            "counters": list(time_zones),
            "zones": list(time_zones.values()),
        },
    )
    found: dict[int, dict[date, str]] = {}
    for counter_id, day, zone in rows:
        found.setdefault(counter_id, {})[day] = zone
    return found


def _unfinished(warehouse: Warehouse, run: Run, counters: list[int]) -> dict[int, UnfinishedRun]:
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
            "source": run.source,
            "counters": counters,
            "date_from": run.date_from,
            "date_to": str(run.date_to or ""),
        },
    )
    return {
        counter_id: UnfinishedRun(run_id, utc(begun_at), frozenset(done))
        for counter_id, run_id, begun_at, done in rows
    }


def record_plan(warehouse: Warehouse, run: Run, counters: Iterable[CounterDays]) -> None:
    """Record what a run has to publish; a counter with nothing left is recorded as completed."""
    counters, at = list(counters), datetime.now(UTC)
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
                run.source,
                counter.counter_id,
                at,
                "planned",
                run.run_id,
                run.date_from,
                run.date_to,
                run.forced,
                counter.begun_at,
                list(counter.days),
            )
            for counter in counters
        ),
    )
    for counter in counters:
        if counter.is_done:
            record_progress(warehouse, run.run_id, run.source, counter.counter_id)


def record_progress(warehouse: Warehouse, run_id: str, source: str, counter_id: int) -> None:
    """Log how many of a run's days are published; record when it is all of them."""
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
