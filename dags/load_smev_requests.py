"""Loads the files of the SMEV adapter from inbox/smev: archives of envelopes, journals, text logs."""

from __future__ import annotations

from municipal_indicators.dag_support.districts import district_dag
from municipal_indicators.dag_support.file_tasks import again_params, load_and_announce
from municipal_indicators.dag_support.retries import RETRYING
from municipal_indicators.dag_support.schedules import RUN_LIMIT, every_night


# Airflow parses only files that name it.
@district_dag(
    dag_display_name="Запросы СМЭВ",
    description="Конверты, журналы и текстовые журналы адаптера СМЭВ из inbox/smev",
    schedule=every_night("50 4 * * *"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=RUN_LIMIT,
    tags=["источник", "СМЭВ"],
    default_args=RETRYING,
    params=again_params(),
)
def load_smev_requests() -> None:
    """Load what has arrived, then announce it."""
    load_and_announce("smev")


load_smev_requests()
