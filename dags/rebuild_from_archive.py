"""Fills an empty warehouse from the archive alone: after its loss, or on a new server.

Run again after a kill, it goes on.
"""

from __future__ import annotations

from airflow.sdk import Param, task

from municipal_indicators.dag_support import lineage
from municipal_indicators.dag_support.assets import assets_of
from municipal_indicators.dag_support.districts import district_dag
from municipal_indicators.dag_support.params import run_params
from municipal_indicators.dag_support.retries import RETRYING
from municipal_indicators.dag_support.schedules import RUN_LIMIT
from municipal_indicators.settings import WAREHOUSE_POOL
from municipal_indicators.sources import SOURCES


@district_dag(
    dag_display_name="Восстановление из архива",
    description="Загружает все файлы архива в пустое хранилище",
    schedule=None,
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=RUN_LIMIT,
    tags=["обслуживание"],
    default_args=RETRYING,
    params={
        "after_restore": Param(
            False,
            type="boolean",
            title="После восстановления из копии",
            description="Хранилище восстановлено из резервной копии: загрузить только то, чего в нём нет.",
        )
    },
)
def rebuild_from_archive() -> None:
    """Load the archive, then announce it."""

    filled = assets_of(*(source for source in SOURCES if source.has_files))

    @task(
        pool=WAREHOUSE_POOL,
        outlets=filled,
        task_display_name="Загрузить архив",
        doc_md="Загружает все файлы архива в порядке поступления.",
    )
    def load_archive() -> dict[str, int]:
        """Load every archived file; returns how many were published, by source."""
        from municipal_indicators.reference.passport import load_passport
        from municipal_indicators.sources import rebuilding

        after_restore = run_params()["after_restore"]
        loaded = rebuilding.rebuild_from_archive(load_passport(), after_restore=after_restore)
        for source in loaded:
            lineage.tell_load(source)
        return loaded

    load_archive()


rebuild_from_archive()
