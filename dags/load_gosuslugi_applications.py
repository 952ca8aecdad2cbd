"""Loads registers of applications and catalogues of services from inbox/gosuslugi."""

from __future__ import annotations

from municipal_indicators.dag_support.districts import district_dag
from municipal_indicators.dag_support.file_tasks import again_params, load_and_announce
from municipal_indicators.dag_support.retries import RETRYING
from municipal_indicators.dag_support.schedules import RUN_LIMIT, every_night


# Airflow parses only files that name it.
@district_dag(
    dag_display_name="Заявления (Госуслуги)",
    description="Реестры заявлений и каталоги услуг из inbox/gosuslugi",
    schedule=every_night("30 4 * * *"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=RUN_LIMIT,
    tags=["источник", "Госуслуги"],
    default_args=RETRYING,
    params=again_params(),
)
def load_gosuslugi_applications() -> None:
    """Load what has arrived, then announce it."""
    load_and_announce("gosuslugi")


load_gosuslugi_applications()
