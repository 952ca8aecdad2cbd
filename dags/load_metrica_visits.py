"""Loads the visits of all sites of the passport from Yandex.Metrica into the warehouse.

**What it does.** Every night it orders the day before and, again, the `settling_days` of the
passport before that one, because Metrica still corrects them. Each request is one mapped task
`load_log`: it orders the log, waits without holding a worker, downloads it, publishes all its
counter days in one step and cleans it at Metrica. Readers see the old days or the new ones.

**Params.** `date_from`, `date_to`: programme days, inclusive; `date_from` alone runs through
yesterday. A long span becomes requests of at most a year.

**When it fails.** The message of the failed task names what and the way out; the task is not
repeated where that cannot help (token, field, quota of the day). Afterwards run the DAG again:
it completes what is missing, and a day loaded twice is only newer. Rows that do not fit are in
`ops.quarantine` with part, line, field and reason; attempts are in `ops.loads`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pendulum
from airflow.sdk import Param, dag, get_current_context, task

from municipal_indicators import settings
from municipal_indicators.assets import METRICA_VISITS
from municipal_indicators.metrica.operators import LoadMetricaLogOperator, release_order
from municipal_indicators.retrying import RETRYING


def day(title: str, description: str) -> Param:
    """A day of the programme's zone, or nothing."""
    return Param(None, type=["null", "string"], format="date", title=title, description=description)


@dag(
    schedule="20 4 * * *",
    start_date=pendulum.datetime(2022, 1, 1, tz="Europe/Moscow"),
    catchup=False,
    max_active_runs=1,
    tags=["source", "metrica"],
    doc_md=__doc__,
    default_args=RETRYING,
    params={
        "date_from": day(
            "First day", "Inclusive. Empty: yesterday and the settling days before it."
        ),
        "date_to": day("Last day", "Inclusive. Empty: yesterday."),
    },
)
def load_metrica_visits() -> None:
    """Declare the tasks."""

    @task(pool=settings.WAREHOUSE_POOL)
    def apply_schema() -> None:
        from municipal_indicators import migrations, warehouse

        with warehouse.open_warehouse() as opened:
            migrations.apply_schema(opened)

    @task
    def plan_requests() -> list[dict[str, Any]]:
        from municipal_indicators.metrica.plan import plan_run

        context = get_current_context()
        params, run = context["params"], context["dag_run"]
        return plan_run(params["date_from"], params["date_to"], run.logical_date or run.run_after)

    load_log = LoadMetricaLogOperator.partial(
        task_id="load_log",
        pool=settings.WAREHOUSE_POOL,
        on_failure_callback=release_order,
        execution_timeout=timedelta(hours=3),
        map_index_template="{{ task.request['name'] }}",
    )

    @task(outlets=[METRICA_VISITS], trigger_rule="all_done_min_one_success")
    def announce_visits() -> None:
        """Tell the marts that days were published, even where another request failed."""

    @task
    def confirm_all_loaded() -> None:
        """Stand for the whole run, which fails when one of its requests did."""

    requests = plan_requests()
    apply_schema() >> requests
    load_log.expand(request=requests) >> [announce_visits(), confirm_all_loaded()]


load_metrica_visits()
