"""Removes what is kept too long and nothing published needs.

### What it does
Every Sunday it deletes rows of loads that failed, were replaced or withdrawn; old entries of the ledgers;
old files of `archive/rejected` and `archive/withdrawn`; old logs of Airflow's tasks. Files that were
withdrawn leave the archive for `archive/withdrawn`. What is published and its files in the archive always
stay: a rebuild needs them. Published files that are missing there are named in the log of `keep_archive`.
Airflow's own metadata are closed to tasks: docs/operations.md has the command.

### Inputs
The warehouse, the archive, the folder of Airflow's logs. How many days each is kept is set by the Variables
`keep_failed_days` (7), `keep_superseded_days` (400), `keep_ledger_days` (1100), `keep_rejected_days` (180)
and `keep_airflow_logs_days` (90).

### Params
`dry_run`, false by default: only count and log what would go.

### When it fails
The error names the Variable, folder or server to correct. Run the DAG again: it only goes on.
"""

from __future__ import annotations

from airflow.sdk import Param, task

from municipal_indicators.dag_support.districts import district_dag
from municipal_indicators.dag_support.params import run_params
from municipal_indicators.dag_support.retries import RETRYING
from municipal_indicators.dag_support.schedules import RUN_LIMIT, every_night
from municipal_indicators.settings import WAREHOUSE_POOL


@district_dag(
    dag_display_name="Keep the house",
    description="Deletes what is kept too long and nothing published needs",
    schedule=every_night("30 8 * * 0"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=RUN_LIMIT,
    tags=["maintenance"],
    doc_md=__doc__,
    default_args=RETRYING,
    params={
        "dry_run": Param(
            False,
            type="boolean",
            title="Only say what would go",
            description="Count and log what would be deleted, and delete nothing.",
        )
    },
)
def keep_house() -> None:
    """The warehouse, then the archive that it describes; the logs beside them."""

    @task(pool=WAREHOUSE_POOL, task_display_name="Keep the warehouse")
    def keep_warehouse() -> dict[str, int]:
        """Sweep loads and ledgers; returns how many loads and entries went."""
        from municipal_indicators.sources import housekeeping
        from municipal_indicators.sources.schema import apply_schema
        from municipal_indicators.warehouse.client import open_warehouse

        dry_run = run_params()["dry_run"]
        with open_warehouse() as warehouse:
            apply_schema(warehouse)
            return housekeeping.keep_warehouse(warehouse, dry_run=dry_run)

    @task(pool=WAREHOUSE_POOL, task_display_name="Keep the archive")
    def keep_archive() -> dict[str, int]:
        """Bring the archive in line with what is published; returns the numbers of files."""
        from municipal_indicators.sources import housekeeping
        from municipal_indicators.sources.schema import apply_schema
        from municipal_indicators.warehouse.client import open_warehouse

        dry_run = run_params()["dry_run"]
        with open_warehouse() as warehouse:
            apply_schema(warehouse)
            return housekeeping.keep_archive(warehouse, dry_run=dry_run)

    @task(task_display_name="Keep Airflow's logs")
    def keep_airflow_logs() -> int:
        """Delete old logs of tasks; returns their number."""
        from municipal_indicators.sources import housekeeping

        return housekeeping.keep_airflow_logs(dry_run=run_params()["dry_run"])

    # First the archive: it is told what was withdrawn by entries that go one day.
    keep_archive() >> keep_warehouse()
    keep_airflow_logs()


keep_house()
