"""Removes what is kept too long and nothing published needs."""

from __future__ import annotations

from airflow.sdk import Param, task

from municipal_indicators.dag_support.districts import district_dag
from municipal_indicators.dag_support.params import run_params
from municipal_indicators.dag_support.retries import RETRYING
from municipal_indicators.dag_support.schedules import RUN_LIMIT, every_night
from municipal_indicators.settings import WAREHOUSE_POOL


@district_dag(
    dag_display_name="Уборка хранилища и архива",
    description="Удаляет то, что хранится слишком долго и не нужно ничему опубликованному",
    schedule=every_night("30 8 * * 0"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=RUN_LIMIT,
    tags=["обслуживание"],
    default_args=RETRYING,
    params={
        "dry_run": Param(
            False,
            type="boolean",
            title="Только показать",
            description="Посчитать и записать в журнал, что было бы удалено, и ничего не удалять.",
        )
    },
)
def keep_house() -> None:
    """The warehouse, then the archive that it describes; the logs beside them."""

    @task(
        pool=WAREHOUSE_POOL,
        task_display_name="Убрать в хранилище",
        doc_md="Удаляет строки и записи загрузок, чей срок вышел.",
    )
    def keep_warehouse() -> dict[str, int]:
        """Sweep loads and ledgers; returns how many loads and entries went."""
        from municipal_indicators.sources import housekeeping
        from municipal_indicators.sources.schema import apply_schema
        from municipal_indicators.warehouse.client import open_warehouse

        dry_run = run_params()["dry_run"]
        with open_warehouse() as warehouse:
            apply_schema(warehouse)
            return housekeeping.keep_warehouse(warehouse, dry_run=dry_run)

    @task(
        pool=WAREHOUSE_POOL,
        task_display_name="Убрать в архиве",
        doc_md="Приводит архив в соответствие с опубликованным.",
    )
    def keep_archive() -> dict[str, int]:
        """Bring the archive in line with what is published; returns the numbers of files."""
        from municipal_indicators.sources import housekeeping
        from municipal_indicators.sources.schema import apply_schema
        from municipal_indicators.warehouse.client import open_warehouse

        dry_run = run_params()["dry_run"]
        with open_warehouse() as warehouse:
            apply_schema(warehouse)
            return housekeeping.keep_archive(warehouse, dry_run=dry_run)

    @task(task_display_name="Убрать журналы Airflow", doc_md="Удаляет старые журналы задач.")
    def keep_airflow_logs() -> int:
        """Delete old logs of tasks; returns their number."""
        from municipal_indicators.sources import housekeeping

        return housekeeping.keep_airflow_logs(dry_run=run_params()["dry_run"])

    # First the archive: it is told what was withdrawn by entries that go one day.
    keep_archive() >> keep_warehouse()
    keep_airflow_logs()


keep_house()
