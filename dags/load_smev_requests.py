"""Loads what the SMEV adapter leaves behind: archives of envelopes, journal exports, text logs.

**What it does.** Every night it takes all new files from `inbox/smev/` (any depth, kinds known by
content, `.zip` and `.gz` opened), loads each as one unit and moves it to `archive/smev/`. The
same message seen in several files is one request; see `core.smev_requests`.

**When it fails.** A file that cannot be read at all lies in `archive/rejected/` beside a
`.reason.txt` for its sender: that does not fail the run. Single bad members and lines are in
`ops.quarantine` with file, line, field and reason; the rest of their file is loaded. A failed
task is ours: its message names the files, which stay in the inbox. Mend the cause and run the
DAG again; what was published before is not loaded twice. Attempts are in `ops.loads`.

Senders on test stands, names of operations and texts of log events are in `reference/smev.yaml`.
"""

from __future__ import annotations

import pendulum
from airflow.sdk import dag, task

from municipal_indicators import settings
from municipal_indicators.assets import SMEV_REQUESTS


@dag(
    schedule="50 4 * * *",
    start_date=pendulum.datetime(2022, 1, 1, tz="Europe/Moscow"),
    catchup=False,
    max_active_runs=1,
    tags=["source", "smev"],
    doc_md=__doc__,
)
def load_smev_requests() -> None:
    """Declare the tasks."""

    @task(pool=settings.WAREHOUSE_POOL)
    def load_files() -> int:
        """Load everything new; returns how many files were published."""
        from municipal_indicators.file_loads import load_new_files
        from municipal_indicators.passport import load_passport
        from municipal_indicators.smev.files import load_file

        return load_new_files("smev", load_file, load_passport().time_zone).published

    @task(outlets=[SMEV_REQUESTS])
    def announce_requests(published: int) -> None:
        """Tell the marts that requests were published; skipped where none were."""
        from airflow.sdk.exceptions import AirflowSkipException

        if not published:
            raise AirflowSkipException("No new SMEV file was published.")

    announce_requests(load_files())  # type: ignore[arg-type]  # Airflow hands over the value


load_smev_requests()
