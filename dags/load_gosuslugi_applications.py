"""Loads what portals and authorities export about services: registers of applications, catalogues.

### What it does
Every night it takes all new files, loads each as one unit and moves it to `archive/gosuslugi/`.
The same application seen in many exports is one application in its newest state; see
`core.service_applications`.

### Inputs
Files in `inbox/gosuslugi/`, any depth: .xlsx, .xls, .ods, .csv, alone or in .zip and .gz; kinds
known by their headings, never by file name. New spellings belong into `reference/`:
`headings.yaml`, `statuses.yaml`, `channels.yaml`, `words.yaml`. Application numbers become keyed
hashes with the Variable `personal_data_key`.

### Params
`again`, empty by default: new files only. `true` first loads those archived files anew that have
rows in quarantine or words that no list maps; a pattern such as `2024/*.xlsx` those whose
path below the inbox is like it. On the command line: `--conf '{"again": true}'`.

### When it fails
A file that cannot be taken lies in `archive/rejected/` beside a `.reason.txt` for its sender:
that does not fail the run. Single bad rows are in `ops.quarantine` with file, sheet, line, field
and reason; the rest of their file is loaded. `name_failed_files` fails where files failed for a
reason of ours: they stay in the inbox; mend the cause and run the DAG again. What was published
is announced all the same and not loaded twice. Attempts are in `ops.loads`, with the columns that
were left out and the statuses that nobody has mapped.
"""

from __future__ import annotations

from airflow.sdk import dag

from municipal_indicators.dag_support.file_tasks import again_params, load_and_announce
from municipal_indicators.dag_support.retries import RETRYING
from municipal_indicators.dag_support.schedules import every_night


@dag(
    dag_display_name="Load Gosuslugi applications",
    description="Registers of applications and catalogues of services from inbox/gosuslugi",
    schedule=every_night("30 4 * * *"),
    catchup=False,
    max_active_runs=1,
    tags=["source", "gosuslugi"],
    doc_md=__doc__,
    default_args=RETRYING,
    params=again_params(),
)
def load_gosuslugi_applications() -> None:
    """Load what has arrived, then announce it."""
    load_and_announce("gosuslugi")


load_gosuslugi_applications()
