"""Loads the registers that the programme keeps by hand: workplaces, departments, events, budget.

### What it does
Every night it takes all new files, loads each as one unit and moves it to `archive/registers/`.
The rows of one date make one version of a register; of the same key the later file wins. Amounts
are taken in roubles or thousands as the heading says.

### Inputs
Files in `inbox/registers/`, any depth: .xlsx, .xls, .ods, .csv, alone or in .zip and .gz; kinds
known by their headings, never by file name. New spellings belong into `reference/headings.yaml`
and `reference/words.yaml`.

### Params
`again`, empty by default: new files only. `true` first loads those archived files anew that have
rows in quarantine or words that no list maps; a pattern such as `2024/*.xlsx` those whose
path below the inbox is like it. On the command line: `--conf '{"again": true}'`.

### When it fails
A file that cannot be taken lies in `archive/rejected/` beside a `.reason.txt` for its sender:
that does not fail the run. Single bad rows are in `ops.quarantine` with file, sheet, line, field
and reason; the rest of their file is loaded. `name_failed_files` fails where files failed for a
reason of ours: they stay in the inbox; mend the cause and run the DAG again. What was published
is announced all the same and not loaded twice. Attempts are in `ops.loads`.
"""

from __future__ import annotations

from airflow.sdk import dag

from municipal_indicators.dag_support.file_tasks import again_params, load_and_announce
from municipal_indicators.dag_support.retries import RETRYING
from municipal_indicators.dag_support.schedules import every_night


@dag(
    dag_display_name="Load programme registers",
    description="Workplaces, departments, events and budget from inbox/registers",
    schedule=every_night("40 4 * * *"),
    catchup=False,
    max_active_runs=1,
    tags=["source", "registers"],
    doc_md=__doc__,
    default_args=RETRYING,
    params=again_params(),
)
def load_programme_registers() -> None:
    """Load what has arrived, then announce it."""
    load_and_announce("registers")


load_programme_registers()
