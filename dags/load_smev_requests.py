"""Loads what the SMEV adapter leaves behind: archives of envelopes, journal exports, text logs.

**What it does.** Every night it takes all new files from `inbox/smev/` (any depth, kinds known by
content, `.zip`, `.gz` and `.tar` opened), loads each as one unit and moves it to `archive/smev/`. The
same message seen in several files is one request; see `core.smev_requests`.

**When it fails.** A file that cannot be read at all lies in `archive/rejected/` beside a
`.reason.txt` for its sender: that does not fail the run. Single bad members and lines are in
`ops.quarantine` with file, line, field and reason; the rest of their file is loaded. A failed
task is ours: its message names the files, which stay in the inbox. Mend the cause and run the
DAG again; what was published before is not loaded twice. Attempts are in `ops.loads`.

Senders on test stands, names of operations, texts of log events and time zones of sources are in
`reference/smev.yaml`; kinds of information and terms of answers in `reference/smev_kinds.csv`.
A file whose last line rotation cut is loaded once more when the file after it arrives.

A run triggered with `{"again": true}` loads those archived files anew that were not wholly understood.
"""

from __future__ import annotations

import pendulum
from airflow.sdk import dag

from municipal_indicators.assets import SMEV_REQUESTS
from municipal_indicators.file_tasks import load_and_announce
from municipal_indicators.retrying import RETRYING


@dag(
    schedule="50 4 * * *",
    start_date=pendulum.datetime(2022, 1, 1, tz="Europe/Moscow"),
    catchup=False,
    max_active_runs=1,
    tags=["source", "smev"],
    doc_md=__doc__,
    default_args=RETRYING,
)
def load_smev_requests() -> None:
    """Load what has arrived, then announce it."""
    load_and_announce("smev", SMEV_REQUESTS, announcement="announce_requests")


load_smev_requests()
