"""Loads the hits of all sites of the passport from Yandex.Metrica: page views, downloads, external links.

### What it does
Every night, after the visits, it loads the hits of the same days in the same way as
`load_metrica_visits`: the day before, the `settling_days` before that one, and days missed by an
outage. `marts.site_pages_monthly` counts from them, by site, month and page (host and path):
`pageviews`; `downloads` of a file; `visitors`, the distinct ones of both; and `exits`, the visits
that ended on the page. Only days whose hits are loaded completely count there. No indicator is
made of hits, and the freshness of Metrica's data depends on the visits alone.

### Inputs
The connection `metrica_default` (token with `metrika:read`), the sites of the passport, the
fields in `reference/metrica_hits.yaml`. Titles of pages are not requested: on the site of a
town they name persons.

### Params
`date_from`, `date_to`: programme days, inclusive. `date_from` alone runs through yesterday; without
both the run loads the same as every night. A long span is loaded in half-years. A run with the
same dates as an interrupted one loads only what is not published yet; `force` loads all of it
again. On the command line: `--conf '{"date_from": "2024-03-01", "date_to": "2024-03-31"}'`.

### When it fails
The message of the failed task names the problem and what to do. Run the DAG again with the same
dates: it completes what is missing. `ops.metrica_progress`, `ops.metrica_requests` and
`ops.metrica_storage` (source `hits`) show how far a run came, our log requests, and who fills
Metrica's storage. Rows that do not fit are in `ops.quarantine`. Attempts are in `ops.loads`, under
units that end in `/hits`.
"""

from __future__ import annotations

from airflow.sdk import dag

from municipal_indicators.dag_support.assets import ASSETS
from municipal_indicators.dag_support.retries import RETRYING
from municipal_indicators.dag_support.schedules import every_night
from municipal_indicators.sources.metrica.tasks import load_logs, span_params


@dag(
    dag_display_name="Load Metrica page views",
    description="Page views and downloads of the official sites from Yandex.Metrica",
    schedule=every_night("0 5 * * *"),
    catchup=False,
    max_active_runs=1,
    tags=["source", "metrica"],
    doc_md=__doc__,
    default_args=RETRYING,
    params=span_params(),
)
def load_metrica_hits() -> None:
    """Declare the tasks."""
    load_logs("hits", ASSETS["metrica_hits"])


load_metrica_hits()
