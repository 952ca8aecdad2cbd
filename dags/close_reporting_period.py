"""Closes a month, a quarter or a year: what the marts say of it is kept as it is reported.

### What it does
It looks whether the period is over and the marts are published, checked and not older than the last load.
Then it asks, in Airflow's own form (*Required Actions*), for approval and for the reasons of deviation. At
last it keeps values, parts, reasons, who and when in the warehouse and as a file in `archive/reported/`, and
writes the report as .xlsx and .docx there and beside the report page. A period closed once stays as it is;
version 2 is the refined one. `marts.indicator_revisions` shows what changed since.

### Inputs
The published marts and the passport.

### Params
`period`: `2026-09`, `2026-Q3` or `2026`. `version`: 1 (first) or 2 (refined). `reasons`: by the code of an
indicator a text; with it, even empty, nothing is asked. `closed_by`: who closes it; needed where nothing is
asked, else it is who answered. `airflow dags test` asks nothing.

### When it fails
The error names what is missing: a reason (indicator, fact, plan, deviation), `closed_by`, version 1, or marts
that are behind. Correct it and run the DAG again. After an answer without a needed reason clear the task
`ask_for_reasons`: it asks again. Run twice with the same numbers and reasons, it changes nothing.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, task

from municipal_indicators.dag_support.asking import AskForReasons
from municipal_indicators.dag_support.districts import district_dag
from municipal_indicators.dag_support.params import run_params
from municipal_indicators.dag_support.retries import RETRYING
from municipal_indicators.dag_support.schedules import ANSWER_LIMIT
from municipal_indicators.settings import WAREHOUSE_POOL


@district_dag(
    dag_display_name="Close a reporting period",
    description="Keeps what the marts say of a month, quarter or year as it is reported",
    schedule=None,
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=ANSWER_LIMIT,
    tags=["reporting"],
    doc_md=__doc__,
    default_args=RETRYING,
    params={
        "period": Param(
            "",
            type="string",
            title="Period",
            description="A month such as 2026-09, a quarter such as 2026-Q3, or a year such as 2026.",
        ),
        "version": Param(
            1,
            type="integer",
            enum=[1, 2],
            title="Version",
            description="1: the first report of the period. 2: the refined one.",
        ),
        "reasons": Param(
            None,
            type=["null", "object"],
            title="Reasons of deviation",
            description='Empty: asked in a form. Else {"smev_requests": "why"}, by code of the indicator.',
        ),
        "closed_by": Param(
            "",
            type="string",
            title="Closed by",
            description="Who answers for the report, where nothing is asked.",
        ),
    },
)
def close_reporting_period() -> None:
    """Look, ask, keep, write."""

    @task(pool=WAREHOUSE_POOL, task_display_name="Check the period", multiple_outputs=False)
    def check_period() -> dict[str, Any]:
        """What is to be approved, and whether it is asked for."""
        from municipal_indicators.closings import closing
        from municipal_indicators.dag_support.asking import asks
        from municipal_indicators.reference.passport import load_passport
        from municipal_indicators.sources import schema
        from municipal_indicators.warehouse.client import open_warehouse

        params = run_params()
        with open_warehouse() as warehouse:
            schema.apply_schema(warehouse)
            return closing.look(
                warehouse, load_passport(), params["period"], params["version"], asks=asks()
            )

    @task(pool=WAREHOUSE_POOL, task_display_name="Keep the period", multiple_outputs=False)
    def keep_period(checked: dict[str, Any], answer: dict[str, Any] | None) -> str:
        """Keep what was approved; returns the id of the closing. Skipped where it was not approved."""
        from municipal_indicators.closings import closing
        from municipal_indicators.dag_support.asking import approval_of
        from municipal_indicators.reference.passport import load_passport
        from municipal_indicators.warehouse.client import open_warehouse

        params = run_params()
        with open_warehouse() as warehouse:
            kept = closing.close_period(
                warehouse,
                load_passport(),
                params["period"],
                params["version"],
                approval_of(answer, params),
                checked["state"],
            )
        return str(kept["closing_id"])

    @task(pool=WAREHOUSE_POOL, task_display_name="Write the documents")
    def write_documents(closing_id: str) -> list[str]:
        """Write the closed version as .xlsx and .docx beside the page, and keep copies in the archive."""
        from municipal_indicators import settings
        from municipal_indicators.closings import store
        from municipal_indicators.documents import making
        from municipal_indicators.reference.passport import load_passport
        from municipal_indicators.warehouse.client import open_warehouse

        params = run_params()
        with open_warehouse() as warehouse:
            written = making.make_report(
                warehouse,
                load_passport(),
                params["period"],
                settings.documents_folder(),
                params["version"],
            )
        for path in written:
            store.keep_document(path)
        return [path.name for path in written]

    checked = check_period()
    asked = AskForReasons(
        task_id="ask_for_reasons",
        task_display_name="Ask for approval and reasons",
        checked=checked,
    )
    kept = keep_period(checked, asked.output)  # type: ignore[arg-type]  # Airflow hands over the values
    write_documents(kept)  # type: ignore[arg-type]


close_reporting_period()
