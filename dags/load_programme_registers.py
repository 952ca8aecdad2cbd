"""Loads the registers that the programme keeps by hand, from inbox/registers."""

from __future__ import annotations

from municipal_indicators.dag_support.districts import district_dag
from municipal_indicators.dag_support.file_tasks import again_params, load_and_announce
from municipal_indicators.dag_support.retries import RETRYING
from municipal_indicators.dag_support.schedules import RUN_LIMIT, every_night


# Airflow parses only files that name it.
@district_dag(
    dag_display_name="Реестры программы",
    description="Рабочие места, подразделения, мероприятия и бюджет из inbox/registers",
    schedule=every_night("40 4 * * *"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=RUN_LIMIT,
    tags=["источник", "реестры"],
    default_args=RETRYING,
    params=again_params(),
)
def load_programme_registers() -> None:
    """Load what has arrived, then announce it."""
    load_and_announce("registers")


load_programme_registers()
