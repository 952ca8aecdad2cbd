"""Loads the files of the SMEV adapter: archives of envelopes, journal exports, text logs.

### What it does
Every night it takes all new files, loads each as one unit and moves it to `archive/smev/`. The
same message in several files is one request; see `core.smev_requests`. A file whose last line was
cut by rotation is loaded once more when the next file arrives.

### Inputs
Files in `inbox/smev/`, any depth; kinds are recognised by content; `.zip`, `.gz` and `.tar` are opened.
Senders of test systems, names of operations, texts of log events and time zones of sources are in
`reference/smev.yaml`; kinds of information and terms of answers in `reference/smev_kinds.csv`.

### Params
`again`, empty by default: new files only. `true` first loads archived files again that have rows
in quarantine or unmapped words; a pattern such as `2024/*.xlsx` those whose path below the inbox
matches it. On the command line: `--conf '{"again": true}'`.

### When it fails
A file that cannot be loaded is moved to `archive/rejected/`, with a `.reason.txt` for its sender.
That does not fail the run. The task «Отклонённые файлы» says how many and which; it is skipped when
there are none. Single bad members and lines are in `ops.quarantine` with file, line,
field and reason; the rest of their file is loaded. `name_failed_files` fails if files failed
because of an error on our side. They stay in the inbox: correct the cause and run the DAG again.
Published files are announced in any case and not loaded twice. Attempts are in `ops.loads`.
"""

from __future__ import annotations

from municipal_indicators.dag_support.districts import district_dag
from municipal_indicators.dag_support.file_tasks import again_params, load_and_announce
from municipal_indicators.dag_support.retries import RETRYING
from municipal_indicators.dag_support.schedules import RUN_LIMIT, every_night


# Airflow parses only files that name it.
@district_dag(
    dag_display_name="Load SMEV requests",
    description="Envelopes, journals and text logs of the SMEV adapter from inbox/smev",
    schedule=every_night("50 4 * * *"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=RUN_LIMIT,
    tags=["source", "smev"],
    doc_md=__doc__,
    default_args=RETRYING,
    params=again_params(),
)
def load_smev_requests() -> None:
    """Load what has arrived, then announce it."""
    load_and_announce("smev")


load_smev_requests()
