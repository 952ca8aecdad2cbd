"""Params and tasks that the DAGs of all Metrica sources share; light to import."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, Param, get_current_context, task

from municipal_indicators import settings
from municipal_indicators.dag_support import lineage
from municipal_indicators.dag_support.params import run_params
from municipal_indicators.sources.metrica.operators import LoadMetricaLogsOperator, release_requests
from municipal_indicators.sources.metrica.rate_limit import SITES_AT_ONCE


def _day_param(title: str, description: str) -> Param:
    return Param(None, type=["null", "string"], format="date", title=title, description=description)


def span_params() -> dict[str, Param]:
    """The params of a run: ``date_from``, ``date_to`` and ``force``."""
    return {
        "date_from": _day_param(
            "Первый день", "Включительно. Пусто: вчера и дни перед ним, которые Метрика уточняет."
        ),
        "date_to": _day_param("Последний день", "Включительно, прошедший. Пусто: вчера."),
        "force": Param(
            False,
            type="boolean",
            title="Загрузить все дни заново",
            description="И те, что опубликовал прерванный запуск с теми же днями.",
        ),
    }


def load_logs(source: str, asset: Asset) -> None:
    """Declare the tasks of the present DAG, which loads ``visits`` or ``hits`` of all sites.

    Published days are announced as ``asset`` even if other logs failed. The run then fails all
    the same, by ``confirm_all_loaded``.
    """
    planned = plan_requests(source)
    apply_schema() >> planned
    loaded = LoadMetricaLogsOperator.partial(
        task_id="load_logs",
        task_display_name="Загрузить сайт",
        doc_md="Заказывает выгрузку в Метрике, ждёт, скачивает и публикует дни одного сайта.",
        pool=settings.WAREHOUSE_POOL,
        on_failure_callback=release_requests,
        execution_timeout=timedelta(hours=3),
        max_active_tis_per_dagrun=SITES_AT_ONCE,
        # Airflow keeps 250 characters of a name.
        map_index_template="{{ task.planned['name'][:250] }}",
    ).expand(planned=planned)
    announced = announce.override(task_id=f"announce_{source}", outlets=[asset])(source)
    loaded >> [announced, confirm_all_loaded()]
    if source == "visits":
        # Before the announcement, so that the marts that it builds hold the comparison.
        loaded >> reconcile() >> announced


@task(
    pool=settings.WAREHOUSE_POOL,
    task_display_name="Обновить схему",
    doc_md="Создаёт и обновляет таблицы и представления хранилища.",
)
def apply_schema() -> None:
    """Create or update the tables and views of the warehouse."""
    from municipal_indicators.sources import schema
    from municipal_indicators.warehouse import client

    run_params()
    with client.open_warehouse() as opened:
        schema.apply_schema(opened)


@task(
    pool=settings.WAREHOUSE_POOL,
    task_display_name="Составить план",
    doc_md="Решает, какие дни каких сайтов заказать.",
)
def plan_requests(source: str) -> list[dict[str, Any]]:
    """The plan of each site, from the params of the run."""
    from municipal_indicators.sources.metrica.run_planning import plan_run

    params, run = run_params(), get_current_context()["dag_run"]
    return plan_run(
        source,
        params["date_from"],
        params["date_to"],
        run.logical_date or run.run_after,
        run.run_id,
        forced=params["force"],
        # A run that is triggered by hand loads only what was asked for.
        fill_gaps=run.run_type == "scheduled",
    )


@task(
    trigger_rule="all_done",
    pool=settings.WAREHOUSE_POOL,
    task_display_name="Сверить с Метрикой",
    doc_md="Спрашивает у Метрики её числа; её ошибки — только предупреждения.",
)
def reconcile() -> dict[str, int]:
    """Ask for Metrica's own figures of the settled days; errors of the API are only warnings."""
    from dataclasses import asdict

    from municipal_indicators.sources.metrica.reconciliation import reconcile_run

    return asdict(reconcile_run())


@task(
    trigger_rule="all_done",
    pool=settings.WAREHOUSE_POOL,
    task_display_name="Объявить новые данные",
    doc_md="Сообщает витринам о новых данных; пропускается, если их нет.",
)
def announce(source: str) -> None:
    """Update the asset when days were published, even if others were not."""
    from airflow.sdk.exceptions import AirflowSkipException

    from municipal_indicators.sources.metrica.runs import has_published
    from municipal_indicators.warehouse.client import open_warehouse

    with open_warehouse() as opened:
        published = has_published(opened, get_current_context()["run_id"], source)
    if not published:
        raise AirflowSkipException("Ни одного дня не опубликовано.")
    lineage.tell_load("metrica", source)


@task(
    task_display_name="Все ли сайты загружены",
    doc_md="Выполнена, только если загружены все сайты.",
)
def confirm_all_loaded() -> None:
    """Succeed only if the logs of all sites were loaded."""
