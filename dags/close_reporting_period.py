"""Closes a month, a quarter or a year: what the marts say of it is kept as it is reported.

Run twice with the same numbers and reasons, it changes nothing.
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
    dag_display_name="Закрытие отчётного периода",
    description="Сохраняет месяц, квартал или год таким, как о нём отчитались",
    schedule=None,
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=ANSWER_LIMIT,
    tags=["отчётность"],
    default_args=RETRYING,
    params={
        "period": Param(
            "",
            type="string",
            title="Период",
            description="Месяц, например 2026-09, квартал, например 2026-Q3, или год, например 2026.",
        ),
        "version": Param(
            1,
            type="integer",
            enum=[1, 2],
            title="Версия",
            description="1 — первый отчёт о периоде, 2 — уточнённый.",
        ),
        "reasons": Param(
            None,
            type=["null", "object"],
            title="Причины отклонений",
            description='Пусто — спросить в форме. Иначе по кодам показателей: {"smev_requests": "почему"}.',
        ),
        "closed_by": Param(
            "",
            type="string",
            title="Кто закрывает",
            description="Кто отвечает за отчёт, если форма не спрашивается.",
        ),
    },
)
def close_reporting_period() -> None:
    """Look, ask, keep, write."""

    @task(
        pool=WAREHOUSE_POOL,
        task_display_name="Проверить период",
        doc_md="Смотрит, можно ли закрыть период и о чём спросить.",
        multiple_outputs=False,
    )
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

    @task(
        pool=WAREHOUSE_POOL,
        task_display_name="Сохранить период",
        doc_md="Сохраняет значения, причины и подпись; пропускается, если выбрано не закрывать.",
        multiple_outputs=False,
    )
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

    @task(
        pool=WAREHOUSE_POOL,
        task_display_name="Записать документы",
        doc_md="Пишет отчёт в .xlsx и .docx рядом со страницей и в архив.",
    )
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
        task_display_name="Спросить согласие и причины",
        doc_md="Ждёт ответа в форме «Требуемые действия».",
        checked=checked,
    )
    kept = keep_period(checked, asked.output)  # type: ignore[arg-type]  # Airflow hands over the values
    write_documents(kept)  # type: ignore[arg-type]


close_reporting_period()
