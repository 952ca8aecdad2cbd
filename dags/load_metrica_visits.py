"""Loads the visits of all sites of the passport from Yandex.Metrica, day by day."""

from __future__ import annotations

from municipal_indicators.dag_support.assets import asset
from municipal_indicators.dag_support.districts import district_dag
from municipal_indicators.dag_support.metrica_tasks import load_logs, span_params
from municipal_indicators.dag_support.retries import RETRYING
from municipal_indicators.dag_support.schedules import RUN_LIMIT, every_night


# Airflow parses only files that name it.
@district_dag(
    dag_display_name="Визиты сайта (Метрика)",
    description="Визиты официальных сайтов из Яндекс Метрики, день за днём",
    schedule=every_night("20 4 * * *"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=RUN_LIMIT,
    tags=["источник", "Метрика"],
    default_args=RETRYING,
    params=span_params(),
)
def load_metrica_visits() -> None:
    """Declare the tasks."""
    load_logs("visits", asset("metrica_visits"))


load_metrica_visits()
