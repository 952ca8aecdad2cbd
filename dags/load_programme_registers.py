"""Loads the registers that the programme keeps by hand: workplaces, departments, events, budget.

### What it does
Every night it takes all new files, loads each as one unit and moves it to `archive/registers/`.
The rows of one date make one version of a register. Of rows with the same key the later file wins.
Amounts are in roubles or thousands, as the heading says.

### Inputs
Files in `inbox/registers/`, any depth: .xlsx, .xls, .ods, .csv, alone or in .zip and .gz; kinds
are recognised by headings, never by file name. New spellings are added to
`reference/headings.yaml` and `reference/words.yaml`.

### Params
`again`, empty by default: new files only. `true` first loads archived files again that have rows
in quarantine or unmapped words; a pattern such as `2024/*.xlsx` those whose path below the inbox
matches it. On the command line: `--conf '{"again": true}'`.

### When it fails
A file that cannot be loaded is moved to `archive/rejected/`, with a `.reason.txt` for its sender.
That does not fail the run. The task «Отклонённые файлы» says how many and which; it is skipped when
there are none. Single bad rows are in `ops.quarantine` with file, sheet, line, field
and reason; the rest of their file is loaded. `name_failed_files` fails if files failed because of
an error on our side. They stay in the inbox: correct the cause and run the DAG again. Published
files are announced in any case and not loaded twice. Attempts are in `ops.loads`.
"""

from __future__ import annotations

from municipal_indicators.dag_support.districts import district_dag
from municipal_indicators.dag_support.file_tasks import again_params, load_and_announce
from municipal_indicators.dag_support.retries import RETRYING
from municipal_indicators.dag_support.schedules import RUN_LIMIT, every_night


# Airflow parses only files that name it.
@district_dag(
    dag_display_name="Load programme registers",
    description="Workplaces, departments, events and budget from inbox/registers",
    schedule=every_night("40 4 * * *"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=RUN_LIMIT,
    tags=["source", "registers"],
    doc_md=__doc__,
    default_args=RETRYING,
    params=again_params(),
)
def load_programme_registers() -> None:
    """Load what has arrived, then announce it."""
    load_and_announce("registers")


load_programme_registers()
