"""Lets the loads of a night share one build of the marts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

QUIET = timedelta(minutes=3)
LONGEST = timedelta(minutes=30)


def loads_are_quiet() -> bool:
    """Whether a build may begin: no load has begun or ended for three minutes, or half an hour has passed.

    A run that no load started begins at once.
    """
    from airflow.sdk import get_current_context

    from municipal_indicators.warehouse.client import open_warehouse

    run = get_current_context()["dag_run"]
    if run.run_type != "asset_triggered" or _passed(run.start_date) > LONGEST:
        return True
    with open_warehouse() as warehouse:
        newest = warehouse.value("SELECT max(at) FROM ops.load_events")
    return _passed(newest) > QUIET


def _passed(instant: datetime | None) -> timedelta:
    if instant is None:
        return timedelta()
    return datetime.now(UTC) - (instant if instant.tzinfo else instant.replace(tzinfo=UTC))
