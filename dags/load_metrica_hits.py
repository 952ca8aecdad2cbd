"""Loads the hits of all sites of the passport from Yandex.Metrica: page views, downloads, links.

As `load_metrica_visits`, after it. Page titles are not requested: they name persons.
"""

from __future__ import annotations

from municipal_indicators.dag_support.assets import asset
from municipal_indicators.dag_support.districts import district_dag
from municipal_indicators.dag_support.metrica_tasks import load_logs, span_params
from municipal_indicators.dag_support.retries import RETRYING
from municipal_indicators.dag_support.schedules import RUN_LIMIT, every_night


# Airflow parses only files that name it.
@district_dag(
    dag_display_name="Просмотры страниц (Метрика)",
    description="Просмотры и скачивания официальных сайтов из Яндекс Метрики",
    schedule=every_night("0 5 * * *"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=RUN_LIMIT,
    tags=["источник", "Метрика"],
    default_args=RETRYING,
    params=span_params(),
)
def load_metrica_hits() -> None:
    """Declare the tasks."""
    load_logs("hits", asset("metrica_hits"))


load_metrica_hits()
