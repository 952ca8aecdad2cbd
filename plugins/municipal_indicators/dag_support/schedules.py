"""When the loads start by themselves, and when a run has to be over; light to import."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable

# Nights are those of the people who operate the loads, whichever zone a passport names.
ZONE = "Europe/Moscow"

# The `dagrun_timeout` of all DAGs: a run that hangs is over before its next night, which would only queue.
RUN_LIMIT = timedelta(hours=23)

# That of a run which waits for somebody's answer.
ANSWER_LIMIT = timedelta(days=14)


def every_night(cron: str) -> CronTriggerTimetable:
    """The schedule of a load, ``cron`` in Moscow time.

    Such a DAG has no ``start_date``: when it is switched on, it waits for its next night. A start date
    would make it load the last night at once.
    """
    return CronTriggerTimetable(cron, timezone=ZONE, run_immediately=timedelta())
