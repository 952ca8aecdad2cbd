"""Loads exports about services from portals and authorities: registers of applications, catalogues.

### What it does
Every night it takes all new files, loads each as one unit and moves it to `archive/gosuslugi/`.
The same application seen in many exports is one application in its newest state; see
`core.service_applications`.

### Inputs
Files in `inbox/gosuslugi/`, any depth: .xlsx, .xls, .ods, .csv, alone or in .zip and .gz; kinds
are recognised by headings, never by file name. New spellings are added to `reference/`:
`headings.yaml`, `statuses.yaml`, `channels.yaml`, `words.yaml`. Application numbers become keyed
hashes with the Variable `personal_data_key`.

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
files are announced in any case and not loaded twice. Attempts are in `ops.loads`, with the columns that
were left out and the unmapped statuses.
"""

from __future__ import annotations

from municipal_indicators.dag_support.districts import district_dag
from municipal_indicators.dag_support.file_tasks import again_params, load_and_announce
from municipal_indicators.dag_support.retries import RETRYING
from municipal_indicators.dag_support.schedules import RUN_LIMIT, every_night


# Airflow parses only files that name it.
@district_dag(
    dag_display_name="Load Gosuslugi applications",
    description="Registers of applications and catalogues of services from inbox/gosuslugi",
    schedule=every_night("30 4 * * *"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=RUN_LIMIT,
    tags=["source", "gosuslugi"],
    doc_md=__doc__,
    default_args=RETRYING,
    params=again_params(),
)
def load_gosuslugi_applications() -> None:
    """Load what has arrived, then announce it."""
    load_and_announce("gosuslugi")


load_gosuslugi_applications()
