"""Loads the registers that the programme keeps by hand: workplaces, departments, events, budget.

**What it does.** Every night it takes all new files from `inbox/registers/` (any depth; .xlsx,
.xls, .ods, .csv, alone or in .zip and .gz; kinds known by their headings, never by file name),
loads each as one unit and moves it to `archive/registers/`. The rows of one date make one version
of a register; of the same key the later file wins. Amounts are taken in roubles or thousands as
the heading says.

**When it fails.** A file that cannot be taken lies in `archive/rejected/` beside a `.reason.txt`
for its sender: that does not fail the run. Single bad rows are in `ops.quarantine` with file,
sheet, line, field and reason; the rest of their file is loaded. `name_failed_files` fails where
files failed for a reason of ours: they stay in the inbox; mend the cause and run the DAG again.
What was published is announced all the same and not loaded twice. Attempts are in `ops.loads`.

New spellings belong into `reference/headings.yaml` and `reference/words.yaml`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pendulum
from airflow.sdk import dag, task

from municipal_indicators import settings
from municipal_indicators.assets import PROGRAMME_REGISTERS


@dag(
    schedule="40 4 * * *",
    start_date=pendulum.datetime(2022, 1, 1, tz="Europe/Moscow"),
    catchup=False,
    max_active_runs=1,
    tags=["source", "registers"],
    doc_md=__doc__,
    default_args={"retries": 1, "retry_delay": timedelta(minutes=5)},
)
def load_programme_registers() -> None:
    """Declare the tasks."""

    @task(pool=settings.WAREHOUSE_POOL)
    def load_files() -> dict[str, Any]:
        """Load everything new; returns how many files were published and which failed."""
        from municipal_indicators.file_loads import load_outcome
        from municipal_indicators.passport import load_passport
        from municipal_indicators.registers.files import load_file

        return load_outcome("registers", load_file, load_passport().time_zone)

    @task(outlets=[PROGRAMME_REGISTERS])
    def announce_registers(outcome: dict[str, Any]) -> None:
        """Tell the marts that registers were published; skipped where none were."""
        from airflow.sdk.exceptions import AirflowSkipException

        if not outcome["published"]:
            raise AirflowSkipException("No new file of inbox/registers was published.")

    @task(retries=0)
    def name_failed_files(outcome: dict[str, Any]) -> None:
        """Fail where files stayed in the inbox for a reason of ours."""
        from municipal_indicators.errors import IndicatorsError

        if outcome["failed"]:
            raise IndicatorsError(outcome["failed"])

    outcome = load_files()
    announce_registers(outcome)  # type: ignore[arg-type]  # Airflow hands over the value
    name_failed_files(outcome)  # type: ignore[arg-type]


load_programme_registers()
