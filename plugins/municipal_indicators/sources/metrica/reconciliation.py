"""Stores Metrica's own figures of the loaded days, once those have settled, for comparison."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from municipal_indicators import settings
from municipal_indicators.errors import MetricaError, MetricaQuotaError
from municipal_indicators.reference.passport import Passport, load_passport
from municipal_indicators.sources.metrica.api_errors import HeavyReportError
from municipal_indicators.sources.metrica.client import MetricaClient
from municipal_indicators.sources.metrica.hook import MetricaHook
from municipal_indicators.sources.metrica.reporting import Report
from municipal_indicators.warehouse.client import Warehouse, open_warehouse
from municipal_indicators.warehouse.templates import render

log = logging.getLogger(__name__)

METRICS = ("ym:s:visits", "ym:s:users", "ym:s:pageviews")
DAY_DIMENSION = "ym:s:date"
MAX_SPAN = timedelta(days=365)

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
_WAY_OUT = (
    "The loaded days are published all the same. Days that are not compared yet are requested again by "
    "every run of load_metrica_visits, or at once by clearing this task."
)


@dataclass(frozen=True, slots=True)
class ReconciledDays:
    """Counter days whose figures were stored now, and those left for the next run."""

    compared: int
    left: int


def reconcile_run() -> ReconciledDays:
    """Store Metrica's own figures of the settled days that have none, for all sites of the passport.

    ``marts.metrica_reconciliation`` compares them. An error of the API is logged as a warning and
    leaves the days to the next run; it is never raised. Errors of the warehouse, the passport and
    the connection are raised. The warehouse is not open during the calls.
    """
    passport = load_passport()
    with open_warehouse() as warehouse:
        days = days_to_reconcile(warehouse, passport)
    if not days:
        log.info("All settled days have been compared with Metrica's reports.")
        return ReconciledDays(0, 0)
    rows = list(_reported_days(MetricaHook(settings.metrica_connection()).get_conn(), days))
    if rows:
        with open_warehouse() as warehouse:
            warehouse.insert("core.metrica_reported_days", _COLUMNS, rows)
    left = sum(len(of_counter) for of_counter in days.values()) - len(rows)
    log.info("Metrica's figures of %d settled days are stored, %d are left.", len(rows), left)
    return ReconciledDays(len(rows), left)


def days_to_reconcile(warehouse: Warehouse, passport: Passport) -> dict[int, list[date]]:
    """The settled days of each counter, ascending, that were not compared since their last load."""
    found = warehouse.rows(
        render("loads/days_to_reconcile.sql", settling_days=passport.settling_days),
        {"counters": [site.counter_id for site in passport.sites]},
    )
    days: dict[int, list[date]] = {}
    for counter_id, day in found:
        days.setdefault(counter_id, []).append(day)
    return days


def report_spans(days: Sequence[date]) -> Iterator[list[date]]:
    """Ascending days in groups that one report of at most a year covers, gaps included."""
    span: list[date] = []
    for day in days:
        if span and day - span[0] >= MAX_SPAN:
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
            for span in report_spans(days):
                yield from _reported_span(client, counter_id, span)
        except MetricaQuotaError as error:
            # It is the account's, so that it would hit the other counters as well.
            log.warning(
                "Counter %d and those after it are not compared: %s %s",
                counter_id,
                error,
                _WAY_OUT,
            )
            return
        except MetricaError as error:
            log.warning("Counter %d is not compared: %s %s", counter_id, error, _WAY_OUT)


def _reported_span(
    client: MetricaClient, counter_id: int, span: list[date]
) -> Iterable[tuple[Any, ...]]:
    """One row a day of the span, zeros where the report has none."""
    try:
        report = client.report(counter_id, span[0], span[-1], METRICS, [DAY_DIMENSION])
    except HeavyReportError:
        if len(span) == 1:
            raise
        half = len(span) // 2
        log.info(
            "Counter %d: the report of %d days is too heavy: requesting halves.",
            counter_id,
            len(span),
        )
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
    """Visits, users and page views by day; rows without a day are skipped."""
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
                f"Метрика ответила за день {day!r} числами {row.metrics}, а нужны визиты, посетители и "
                "просмотры дня."
            )
    return figures
