"""Builds what BI reads: the indicators and the marts around them; checks, shows and reports them.

Starts by assets and by the clock. Running it twice changes nothing but `computed_at`.
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
    dag_display_name="Сборка витрин и отчёта",
    description="Показатели и витрины для BI, проверки данных и страница отчёта",
    # By the clock too: a month, a status and the report must not wait for a load.
    schedule=lambda: AssetOrTimeSchedule(timetable=every_night("30 6 * * *"), assets=any_of_all()),
    start_date=pendulum.datetime(2022, 1, 1, tz="Europe/Moscow"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=RUN_LIMIT,
    default_args=RETRYING,
    tags=["витрины"],
    params={
        "force": Param(
            False,
            type="boolean",
            title="Собрать заново",
            description="Собрать, даже если ничего не изменилось, и пересчитать все строки.",
        )
    },
)
def build_indicator_marts() -> None:
    """Build the marts, check them, show them, write the report, and delete rows no longer needed."""

    @task.sensor(
        pool=WAREHOUSE_POOL,
        task_display_name="Дождаться ночных загрузок",
        doc_md="Ждёт, пока загрузки затихнут: у ночи одна общая сборка.",
        poke_interval=60,
        mode="reschedule",
    )
    def wait_for_loads() -> bool:
        from municipal_indicators.dag_support.quiet import loads_are_quiet

        return loads_are_quiet()

    @task(
        pool=WAREHOUSE_POOL,
        task_display_name="Собрать витрины",
        doc_md="Строит новые витрины рядом с показанными; пропускается, если ничего не изменилось.",
        multiple_outputs=False,
    )
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
                    "С тех пор как собраны показанные витрины, ничего не изменилось."
                )
            built = build.build_marts(warehouse, passport, anew=params["force"])
        lineage.tell_build(settings.passport_path(), built.rows)
        return asdict(built)

    @task(
        pool=WAREHOUSE_POOL,
        task_display_name="Проверить витрины",
        doc_md="Выполняет проверки из sql/checks над новыми витринами.",
    )
    def check_marts() -> list[str]:
        from municipal_indicators.marts import checks
        from municipal_indicators.warehouse.client import open_warehouse

        with open_warehouse() as warehouse:
            return list(checks.check_marts(warehouse).warnings)

    @task(
        pool=WAREHOUSE_POOL,
        task_display_name="Показать витрины",
        doc_md="Показывает читателям все новые витрины сразу.",
    )
    def publish_marts(built: dict[str, Any]) -> None:
        from municipal_indicators.marts import publishing
        from municipal_indicators.warehouse.client import open_warehouse

        with open_warehouse() as warehouse:
            publishing.publish_marts(warehouse, built["id"])

    # Also when a check failed: the page then says so, over the marts that stay.
    @task(
        pool=WAREHOUSE_POOL,
        task_display_name="Записать отчёт",
        doc_md="Пишет страницу отчёта и документы, даже если проверка не прошла.",
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

    @task(
        pool=WAREHOUSE_POOL,
        task_display_name="Удалить старые строки",
        doc_md="Удаляет строки прежних сборок и загрузок, которые больше не нужны.",
    )
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
