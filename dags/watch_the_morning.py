"""Tells those who can mend it what went wrong in the night, each thing once.

Starts every hour: a morning that was missed is made up for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import get_current_context, task

from municipal_indicators.dag_support.districts import district_dag
from municipal_indicators.dag_support.params import run_params
from municipal_indicators.dag_support.retries import RETRYING
from municipal_indicators.dag_support.schedules import RUN_LIMIT, every_night
from municipal_indicators.settings import WAREHOUSE_POOL

if TYPE_CHECKING:
    from airflow.sdk import Context


def tell_of_failure(context: Context) -> None:
    """Tell past the warehouse that the watch could not look."""
    from municipal_indicators.watch import morning

    morning.tell_of_failure(context)


@district_dag(
    dag_display_name="Утренняя проверка",
    description="Смотрит, удалась ли ночь, и сообщает о каждой неполадке один раз",
    schedule=every_night("0 * * * *"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=RUN_LIMIT,
    tags=["контроль"],
    default_args=RETRYING,
)
def watch_the_morning() -> None:
    """Look, then send."""

    @task(
        pool=WAREHOUSE_POOL,
        on_failure_callback=tell_of_failure,
        task_display_name="Посмотреть на ночь",
        doc_md="Записывает, о чём нужно сообщить; вне своего часа пропускается.",
    )
    def look() -> int:
        """Note what has to be told; skipped outside of the hour."""
        from airflow.sdk.exceptions import AirflowSkipException

        from municipal_indicators.watch import morning

        run_params()
        noted = morning.look(get_current_context())
        if noted is None:
            raise AirflowSkipException("Сейчас не час из паспорта, или сегодня уже смотрели.")
        return noted

    # The next hour tries again: no retries of its own. Also where it was not the hour to look.
    @task(
        pool=WAREHOUSE_POOL,
        retries=0,
        trigger_rule="none_failed",
        task_display_name="Отправить сообщения",
        doc_md="Отправляет то, что ещё не отправлено.",
    )
    def send() -> int:
        """Send what is not sent yet; returns how many messages were."""
        from municipal_indicators.watch import morning

        return morning.send()

    look() >> send()


watch_the_morning()
