"""Loads the hits of all sites of the passport from Yandex.Metrica: page views, downloads, links.

### What it does
Every night, after the visits, it loads the hits of the same days in the same way as
`load_metrica_visits`: yesterday, the `settling_days` before it, and days that an outage left out.
`marts.site_pages_monthly` counts from them, by site, month and page (host and path): `pageviews`;
`downloads` of a file; `visitors`, the distinct ones of both; and `exits`, the visits that ended on
the page. Only days whose hits are completely loaded count there. No indicator uses hits, and the
freshness of Metrica's data is that of the visits.

### Inputs
The connection `metrica_default` (token with `metrika:read`), the sites of the passport, the
fields in `reference/metrica_hits.yaml`. Page titles are not requested: on a town's site they name
persons.

### Params
`date_from`, `date_to`: programme days, inclusive. `date_from` alone runs through yesterday.
Neither: the days of every night. A long span is loaded in half-years. A run with the same dates
as an interrupted one loads only what that one has not published; `force` loads all days again. On
the command line: `--conf '{"date_from": "2024-03-01", "date_to": "2024-03-31"}'`.

### When it fails
The message of the failed task names the problem and the way out. Run the DAG again with the same
dates: it loads what is missing. A fault of one site fails only its task. A day keeps its published
version where Metrica's new answer is smaller and does not say why. `ops.metrica_progress`,
`ops.metrica_requests` and `ops.metrica_storage` (source `hits`) show how far a run came, our
requests, and which requests fill Metrica's storage. Rows that do not fit are in `ops.quarantine`;
attempts are in `ops.loads`, as units that end in `/hits`.
"""

from __future__ import annotations

from municipal_indicators.dag_support.assets import asset
from municipal_indicators.dag_support.districts import district_dag
from municipal_indicators.dag_support.metrica_tasks import load_logs, span_params
from municipal_indicators.dag_support.retries import RETRYING
from municipal_indicators.dag_support.schedules import RUN_LIMIT, every_night


# Airflow parses only files that name it.
@district_dag(
    dag_display_name="Load Metrica page views",
    description="Page views and downloads of the official sites from Yandex.Metrica",
    schedule=every_night("0 5 * * *"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=RUN_LIMIT,
    tags=["source", "metrica"],
    doc_md=__doc__,
    default_args=RETRYING,
    params=span_params(),
)
def load_metrica_hits() -> None:
    """Declare the tasks."""
    load_logs("hits", asset("metrica_hits"))


load_metrica_hits()
