"""Rebuilds what BI reads: the indicators of the programme and the marts around them.

### What it does
It starts by itself when a load has published something and every morning at 06:30 (Moscow time),
so that a month, a status and the report do not wait for a load. It can be started by hand at any
time. A run that a load started waits until loads have been quiet for three minutes: those of a night
share one build. Where nothing changed since the shown build (loads, passport, lists, code, the day),
nothing is built and the tasks after it are skipped; the page is written all the same. Running it twice
changes nothing but `computed_at`. The new marts are built beside those that readers see, the data
checks look at the new ones, and then one insert shows all of them at once.
After that the report page is written: the menu entry «Отчёт» here, and the file that the Airflow
Variable `report` names (`report.html` in `AIRFLOW_HOME` by default). Beside it, in `documents/`, lie the
reports of the newest whole month, quarter and year as .xlsx and .docx; the page offers them.

### Inputs
What the loads have published, the passport (`programme.yaml`), the lists in `reference/`.

### Params
`force`: build also where nothing changed, and count every visit anew, for instance after tables were
repaired by hand.

### When it fails
The error names the file to correct: the passport (line and allowed values), a file of `reference/`,
or one of `sql/`. Correct it and run the DAG again. "The embedded warehouse is held by …" means that
another run is using it: wait, or stop it. A data check that fails names its file in `sql/checks/`
and the rows that it found. Readers keep the last good marts, and the page says since when; the new
ones can be read in the database `marts_next` until the next build. To show them all the same, mark
`check_marts` as success and clear `publish_marts` with all that follows. If only `write_report`
fails, marts and checks are done: correct what it names and clear that task.
"""

from __future__ import annotations

from typing import Any

import pendulum
from airflow.sdk import AssetOrTimeSchedule, Param, TriggerRule, task

from municipal_indicators.dag_support import lineage
from municipal_indicators.dag_support.assets import any_of_all
from municipal_indicators.dag_support.districts import district_dag
from municipal_indicators.dag_support.params import run_params
from municipal_indicators.dag_support.retries import RETRYING
from municipal_indicators.dag_support.schedules import RUN_LIMIT, every_night
from municipal_indicators.settings import WAREHOUSE_POOL


@district_dag(
    dag_display_name="Build the indicator marts",
    description="Indicators and marts for BI, the data checks over them, and the report page",
    # By the clock too: a month, a status and the report must not wait for a load.
    schedule=lambda: AssetOrTimeSchedule(timetable=every_night("30 6 * * *"), assets=any_of_all()),
    start_date=pendulum.datetime(2022, 1, 1, tz="Europe/Moscow"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=RUN_LIMIT,
    default_args=RETRYING,
    doc_md=__doc__,
    tags=["marts"],
    params={
        "force": Param(
            False,
            type="boolean",
            title="Force",
            description="Build also where nothing changed since the shown build, and count all rows anew.",
        )
    },
)
def build_indicator_marts() -> None:
    """Build the marts, check them, show them, write the report, and delete rows no longer needed."""

    @task.sensor(
        pool=WAREHOUSE_POOL,
        task_display_name="Wait for the loads of the night",
        poke_interval=60,
        mode="reschedule",
    )
    def wait_for_loads() -> bool:
        from municipal_indicators.dag_support.quiet import loads_are_quiet

        return loads_are_quiet()

    @task(pool=WAREHOUSE_POOL, task_display_name="Build the marts", multiple_outputs=False)
    def build_marts() -> dict[str, Any]:
        from dataclasses import asdict

        from airflow.sdk.exceptions import AirflowSkipException

        from municipal_indicators import settings
        from municipal_indicators.marts import build, publishing
        from municipal_indicators.reference.passport import load_passport
        from municipal_indicators.sources import schema
        from municipal_indicators.warehouse.client import open_warehouse

        params, passport = run_params(), load_passport()
        with open_warehouse() as warehouse:
            schema.apply_schema(warehouse)
            inputs = build.inputs_of(warehouse, passport)
            if not params["force"] and publishing.is_shown(warehouse, inputs):
                raise AirflowSkipException(
                    "Nothing changed since the marts that are shown were built."
                )
            built = build.build_marts(warehouse, passport, anew=params["force"])
        lineage.tell_build(settings.passport_path(), built.rows)
        return asdict(built)

    @task(pool=WAREHOUSE_POOL, task_display_name="Check the marts")
    def check_marts() -> list[str]:
        from municipal_indicators.marts import checks
        from municipal_indicators.warehouse.client import open_warehouse

        with open_warehouse() as warehouse:
            return list(checks.check_marts(warehouse).warnings)

    @task(pool=WAREHOUSE_POOL, task_display_name="Show the marts")
    def publish_marts(built: dict[str, Any]) -> None:
        from municipal_indicators.marts import publishing
        from municipal_indicators.warehouse.client import open_warehouse

        with open_warehouse() as warehouse:
            publishing.publish_marts(warehouse, built["id"])

    # Also when a check failed: the page then says so, over the marts that stay.
    @task(
        pool=WAREHOUSE_POOL,
        task_display_name="Write the report",
        trigger_rule=TriggerRule.ALL_DONE,
    )
    def write_report() -> str:
        from municipal_indicators import report, settings
        from municipal_indicators.documents import making
        from municipal_indicators.reference.passport import load_passport
        from municipal_indicators.warehouse.client import open_warehouse

        passport = load_passport()
        folder = settings.documents_folder()
        with open_warehouse() as warehouse:
            # A template that is refused fails the task, but not the page.
            try:
                making.write_newest(warehouse, passport, folder)
            finally:
                written = report.write_report(
                    warehouse,
                    settings.report_path(),
                    programme=passport.programme,
                    time_zone=passport.time_zone,
                    baseline_year=passport.baseline_year,
                    documents=making.offers(folder),
                )
        return str(written)

    @task(pool=WAREHOUSE_POOL, task_display_name="Sweep old rows")
    def sweep_loads() -> int:
        from municipal_indicators.warehouse import retention
        from municipal_indicators.warehouse.client import open_warehouse

        with open_warehouse() as warehouse:
            return retention.sweep_loads(warehouse)

    built = build_marts()
    wait_for_loads() >> built
    published = publish_marts(built)  # type: ignore[arg-type]  # Airflow hands over the value
    built >> check_marts() >> published
    # The run fails with its leaf `sweep_loads` if a check failed: `write_report` would end it as success.
    published >> [write_report(), sweep_loads()]


build_indicator_marts()
