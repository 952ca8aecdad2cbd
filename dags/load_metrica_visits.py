"""Loads the visits of all sites of the passport from Yandex.Metrica into the warehouse.

### What it does
Every night it loads yesterday and, again, the `settling_days` of the passport before it, because
Metrica still corrects them. A scheduled night also loads days that an outage of the last month
left out. `load_logs` is one task per site. It creates a log request, is deferred until Metrica has
prepared it, downloads the log, publishes all its counter days in one step, and cleans the request
at Metrica. Meanwhile Metrica prepares the next log. Readers see the old days or the new ones.

### Inputs
The connection `metrica_default` (token with `metrika:read`), the sites of the passport, the
fields in `reference/metrica_visits.yaml`.

### Params
`date_from`, `date_to`: programme days, inclusive. `date_from` alone runs through yesterday.
Neither: the days of every night. A long span is loaded in half-years. A run with the same dates
as an interrupted one loads only what that one has not published; `force` loads all days again. On
the command line: `--conf '{"date_from": "2024-03-01", "date_to": "2024-03-31"}'`.

### When it fails
The message of the failed task names the problem and the way out. The task is not retried where
that cannot help (token, field, daily quota). Then run the DAG again with the same dates: it loads
what is missing. A fault of one site fails only its task. A day keeps its published version where
Metrica's new answer is smaller and does not say why. `ops.metrica_progress` shows how far a run
came, `ops.metrica_requests` our requests at Metrica, `ops.metrica_storage` which requests fill its
storage. Rows that do not fit are in `ops.quarantine` with part, line, field and reason; attempts
are in `ops.loads`.
"""

from __future__ import annotations

from municipal_indicators.dag_support.assets import asset
from municipal_indicators.dag_support.districts import district_dag
from municipal_indicators.dag_support.metrica_tasks import load_logs, span_params
from municipal_indicators.dag_support.retries import RETRYING
from municipal_indicators.dag_support.schedules import RUN_LIMIT, every_night


# Airflow parses only files that name it.
@district_dag(
    dag_display_name="Load Metrica visits",
    description="Visits of the official sites from Yandex.Metrica, day by day",
    schedule=every_night("20 4 * * *"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=RUN_LIMIT,
    tags=["source", "metrica"],
    doc_md=__doc__,
    default_args=RETRYING,
    params=span_params(),
)
def load_metrica_visits() -> None:
    """Declare the tasks."""
    load_logs("visits", asset("metrica_visits"))


load_metrica_visits()
