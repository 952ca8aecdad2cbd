"""When the loads start by themselves; light to import."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable

# The nights are those of the people who keep the loads, whatever zone a passport names.
ZONE = "Europe/Moscow"


def every_night(cron: str) -> CronTriggerTimetable:
    """The schedule of a load, ``cron`` in Moscow time.

    A DAG with it has no ``start_date``: one that is switched on waits for its next time, where a
    start date would make it load the night that is over at once.
    """
    return CronTriggerTimetable(cron, timezone=ZONE, run_immediately=timedelta())
