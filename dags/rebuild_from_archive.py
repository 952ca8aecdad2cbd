"""Fills an empty warehouse from the archive alone: after its loss, or on a new server.

### What it does
It loads every file of `archive/gosuslugi`, `archive/smev` and `archive/registers` in the order of arrival,
as the nights did, with the names and times noted in `archive/arrivals`, and announces them, so that the
marts are built. Rejected and withdrawn files are left out. Run again after a kill, it goes on.

### Inputs
The archive, the passport, the lists in `reference/`, and the Variable `personal_data_key` with which the
files were loaded. Visits and hits of the sites are not in the archive: the log ends with the
command that orders them from Metrica again.

### Params
`after_restore`, false by default: the warehouse is a restored back-up; only what it lacks is loaded.

### When it fails
"The warehouse is not empty": nothing was done; name an empty one in the connection `clickhouse_default`.
Files that could not be loaded are named with their reasons, all others were loaded: correct the causes
and run the DAG again.
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
    dag_display_name="Rebuild from the archive",
    description="Loads all archived files into an empty warehouse",
    schedule=None,
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=RUN_LIMIT,
    tags=["maintenance"],
    doc_md=__doc__,
    default_args=RETRYING,
    params={
        "after_restore": Param(
            False,
            type="boolean",
            title="After a restore",
            description="The warehouse is a restored back-up: load only what the archive holds and it lacks.",
        )
    },
)
def rebuild_from_archive() -> None:
    """Load the archive, then announce it."""

    filled = assets_of(*(source for source in SOURCES if source.has_files))

    @task(pool=WAREHOUSE_POOL, outlets=filled, task_display_name="Load the archive")
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
