"""Rebuilds what BI reads: the indicators of the programme and the marts around them.

**Starts by itself** when a load has published something, and can be started by hand at any time;
running it twice changes nothing but `computed_at`. Readers see the old marts until the new ones
are complete.

**When it fails:** the error names the file at fault: the passport (`programme.yaml`: line and
allowed values), a file of `reference/`, or one of `sql/`. Mend it and run the DAG again. "The
embedded warehouse is held by …" means that another run is at work: wait, or stop it. A data check
that fails names its file in `sql/checks/` and the rows that it found; the marts are then built but
doubtful.
"""

from __future__ import annotations

import pendulum
from airflow.sdk import AssetAny, dag, task

from municipal_indicators.assets import SOURCES
from municipal_indicators.retrying import RETRYING
from municipal_indicators.settings import WAREHOUSE_POOL


@dag(
    schedule=AssetAny(*SOURCES),
    start_date=pendulum.datetime(2022, 1, 1, tz="Europe/Moscow"),
    catchup=False,
    max_active_runs=1,
    default_args=RETRYING,
    doc_md=__doc__,
    tags=["marts"],
)
def build_indicator_marts() -> None:
    """Marts first, then the checks over them and the removal of rows that nobody will see again."""

    @task(pool=WAREHOUSE_POOL)
    def build_marts() -> dict[str, int]:
        from municipal_indicators import builds, migrations
        from municipal_indicators.passport import load_passport
        from municipal_indicators.warehouse import open_warehouse

        passport = load_passport()
        with open_warehouse() as warehouse:
            migrations.apply_schema(warehouse)
            return builds.build_marts(warehouse, passport)

    @task(pool=WAREHOUSE_POOL)
    def check_marts() -> list[str]:
        from municipal_indicators import checks
        from municipal_indicators.warehouse import open_warehouse

        with open_warehouse() as warehouse:
            return list(checks.check_marts(warehouse).warnings)

    @task(pool=WAREHOUSE_POOL)
    def sweep_loads() -> int:
        from municipal_indicators import sweeping
        from municipal_indicators.warehouse import open_warehouse

        with open_warehouse() as warehouse:
            return sweeping.sweep_loads(warehouse)

    build_marts() >> [check_marts(), sweep_loads()]


build_indicator_marts()
