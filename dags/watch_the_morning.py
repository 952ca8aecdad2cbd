"""Tells those who can mend it what went wrong in the night, each thing once.

### What it does
Once a day, at the hour that the passport names (`watch_hour`, 8 by default), it looks whether each
source is loaded, built, checked and fresh. It tells of a task that failed after its retries, of a run
that did not come or did not end, of a rejected file, of rows in quarantine, of late data, of marts that
are not built, of a failed check, and of an indicator whose status changed. A message says what, where,
since when and what to do, with a link. The same thing is told again only when it changes, or after 7
days (files: 30), and once when it is over. Every message is in `ops.notifications`.

It starts every hour: what could not be sent is sent then, and a morning that was missed is made up for.
Outside of its hour `look` is skipped. A run that is started by hand always looks.

### Inputs
The warehouse, the runs of all DAGs as Airflow knows them, the passport. Channels are Variables:
`notify_email` (addresses; the connection `smtp_default` names the server) and `notify_webhook` (a
connection with the address as its password). Without them messages go to the log of `send`.
docs/operations.md has lines to paste. No params.

### When it fails
`send` fails while a channel does not take messages, and names the channel; they stay in
`ops.notifications` without `sent_at`, and the next hour tries again for 7 days. If `look` fails, the
channels are told so directly. Correct what its message names, and run the DAG again. Nothing that it
does touches loads or marts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import get_current_context, task

from municipal_indicators.dag_support.districts import district_dag
from municipal_indicators.dag_support.params import run_params
from municipal_indicators.dag_support.retries import RETRYING
from municipal_indicators.dag_support.schedules import RUN_LIMIT, every_night
from municipal_indicators.settings import WAREHOUSE_POOL

if TYPE_CHECKING:
    from airflow.sdk import Context


def tell_of_failure(context: Context) -> None:
    """Tell past the warehouse that the watch could not look."""
    from municipal_indicators.watch import morning

    morning.tell_of_failure(context)


@district_dag(
    dag_display_name="Watch the morning",
    description="Looks whether the night went well, and tells each problem once",
    schedule=every_night("0 * * * *"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=RUN_LIMIT,
    tags=["watch"],
    doc_md=__doc__,
    default_args=RETRYING,
)
def watch_the_morning() -> None:
    """Look, then send."""

    @task(
        pool=WAREHOUSE_POOL,
        on_failure_callback=tell_of_failure,
        task_display_name="Look at the night",
    )
    def look() -> int:
        """Note what has to be told; skipped outside of the hour."""
        from airflow.sdk.exceptions import AirflowSkipException

        from municipal_indicators.watch import morning

        run_params()
        noted = morning.look(get_current_context())
        if noted is None:
            raise AirflowSkipException("It is not the hour of the passport, or was done today.")
        return noted

    # The next hour tries again: no retries of its own. Also where it was not the hour to look.
    @task(
        pool=WAREHOUSE_POOL,
        retries=0,
        trigger_rule="none_failed",
        task_display_name="Send the messages",
    )
    def send() -> int:
        """Send what is not sent yet; returns how many messages were."""
        from municipal_indicators.watch import morning

        return morning.send()

    look() >> send()


watch_the_morning()
