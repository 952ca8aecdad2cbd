"""Loads what portals and authorities export about services: registers of applications, catalogues.

**What it does.** Every night it takes all new files from `inbox/gosuslugi/` (any depth; .xlsx,
.xls, .ods, .csv, alone or in .zip and .gz; kinds known by their headings, never by file name),
loads each as one unit and moves it to `archive/gosuslugi/`. The same application seen in many
exports is one application in its newest state; see `core.service_applications`.

**When it fails.** A file that cannot be taken lies in `archive/rejected/` beside a `.reason.txt`
for its sender: that does not fail the run. Single bad rows are in `ops.quarantine` with file,
sheet, line, field and reason; the rest of their file is loaded. `name_failed_files` fails where
files failed for a reason of ours: they stay in the inbox; mend the cause and run the DAG again.
What was published is announced all the same and not loaded twice. Attempts are in `ops.loads`,
with the columns that were left out and the statuses that nobody has mapped.

New spellings belong into `reference/`: `headings.yaml`, `statuses.yaml`, `channels.yaml`,
`words.yaml`. Application numbers become keyed hashes with the Variable `personal_data_key`.

A run triggered with `{"again": true}` loads those archived files anew that were not wholly understood.
"""

from __future__ import annotations

import pendulum
from airflow.sdk import dag

from municipal_indicators.assets import SERVICE_APPLICATIONS
from municipal_indicators.file_tasks import load_and_announce
from municipal_indicators.retrying import RETRYING


@dag(
    schedule="30 4 * * *",
    start_date=pendulum.datetime(2022, 1, 1, tz="Europe/Moscow"),
    catchup=False,
    max_active_runs=1,
    tags=["source", "gosuslugi"],
    doc_md=__doc__,
    default_args=RETRYING,
)
def load_gosuslugi_applications() -> None:
    """Load what has arrived, then announce it."""
    load_and_announce("gosuslugi", SERVICE_APPLICATIONS, announcement="announce_applications")


load_gosuslugi_applications()
