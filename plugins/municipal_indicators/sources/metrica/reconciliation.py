"""Asks Metrica what it reports itself of the days that were loaded, once they no longer change."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from municipal_indicators.errors import MetricaAccessError, MetricaError, MetricaRequestError
from municipal_indicators.reference.passport import Passport, load_passport
from municipal_indicators.sources.metrica.api_errors import HeavyError
from municipal_indicators.sources.metrica.client import MetricaClient
from municipal_indicators.sources.metrica.hook import MetricaHook
from municipal_indicators.sources.metrica.reporting import Report
from municipal_indicators.warehouse.client import Warehouse, open_warehouse
from municipal_indicators.warehouse.templates import render

log = logging.getLogger(__name__)

METRICS = ("ym:s:visits", "ym:s:users", "ym:s:pageviews")
DAY_DIMENSION = "ym:s:date"
LONGEST_SPAN = timedelta(days=365)

_COLUMNS = (
    "counter_id",
    "counter_day",
    "visits",
    "users",
    "pageviews",
    "is_sampled",
    "sample_share",
    "reported_at",
)
_HOW_TO_REPEAT = (
    "The loaded days are published all the same; those not compared yet are asked for again by every "
    "run of load_metrica_visits, or at once by clearing this task."
)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Counter days compared now, and those left to the next run."""

    compared: int
    left: int


def reconcile_run() -> Reconciled:
    """Store Metrica's own figures of the settled days that have none, for all sites of the passport.

    ``marts.metrica_reconciliation`` compares them. A refusal or failure of the API is logged as
    a warning and leaves the days to the next run; it is never raised. Raises what the warehouse,
    the passport and the connection raise. The warehouse is not held while the API is asked.
    """
    passport = load_passport()
    with open_warehouse() as warehouse:
        wanted = days_to_reconcile(warehouse, passport)
    if not wanted:
        log.info("Every settled day has been compared with Metrica's report.")
        return Reconciled(0, 0)
    rows = list(_reported_days(MetricaHook().get_conn(), wanted))
    if rows:
        with open_warehouse() as warehouse:
            warehouse.insert("core.metrica_reported_days", _COLUMNS, rows)
    left = sum(len(days) for days in wanted.values()) - len(rows)
    log.info("Metrica's reports of %d settled days are stored, %d are left.", len(rows), left)
    return Reconciled(len(rows), left)


def days_to_reconcile(warehouse: Warehouse, passport: Passport) -> dict[int, list[date]]:
    """The settled days of each counter that were not compared since they were last loaded, ascending."""
    found = warehouse.rows(
        render("loads/days_to_reconcile.sql", settling_days=passport.settling_days),
        {"counters": [site.counter_id for site in passport.sites]},
    )
    wanted: dict[int, list[date]] = {}
    for counter_id, day in found:
        wanted.setdefault(counter_id, []).append(day)
    return wanted


def spans(days: Sequence[date]) -> Iterator[list[date]]:
    """Ascending days in runs that one report of at most a year covers, gaps included."""
    span: list[date] = []
    for day in days:
        if span and day - span[0] >= LONGEST_SPAN:
            yield span
            span = []
        span.append(day)
    if span:
        yield span


def _reported_days(
    client: MetricaClient, wanted: dict[int, list[date]]
) -> Iterator[tuple[Any, ...]]:
    for counter_id, days in wanted.items():
        try:
            for span in spans(days):
                yield from _reported_span(client, counter_id, span)
        except (MetricaAccessError, MetricaRequestError) as error:
            log.warning("Counter %d is not compared: %s %s", counter_id, error, _HOW_TO_REPEAT)
        except MetricaError as error:
            # A quota or an outage: the other counters would meet the same.
            log.warning(
                "Counter %d and those after it are not compared: %s %s",
                counter_id,
                error,
                _HOW_TO_REPEAT,
            )
            return


def _reported_span(
    client: MetricaClient, counter_id: int, span: list[date]
) -> Iterable[tuple[Any, ...]]:
    """One row a day of the span, zeros where the report has none."""
    try:
        report = client.report(counter_id, span[0], span[-1], METRICS, [DAY_DIMENSION])
    except MetricaRequestError as error:
        if not isinstance(error.__cause__, HeavyError) or len(span) == 1:
            raise
        half = len(span) // 2
        log.info("Counter %d: the report of %d days is too heavy, halved.", counter_id, len(span))
        return [
            *_reported_span(client, counter_id, span[:half]),
            *_reported_span(client, counter_id, span[half:]),
        ]
    figures = _figures(report)
    at = datetime.now(UTC)
    return [
        (counter_id, day, *figures.get(day, (0, 0, 0)), report.sampled, report.sample_share, at)
        for day in span
    ]


def _figures(report: Report) -> dict[date, tuple[int, ...]]:
    """Visits, users and page views by day; a row without a day tells of none."""
    figures = {}
    for row in report.rows:
        day = row.dimensions[0].name if row.dimensions else None
        if day is None:
            continue
        try:
            counts = tuple(round(value or 0) for value in row.metrics)
            figures[date.fromisoformat(day)] = counts
        except ValueError:
            counts = ()
        if len(counts) != len(METRICS) or min(counts) < 0:
            raise MetricaError(
                f"The Reporting API answered with {row.metrics} for the day {day!r}, not with visits, users "
                "and page views of a day."
            )
    return figures
