"""The tasks that the DAGs of all file sources share; heavy imports are inside the tasks."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk import Param, get_current_context, task

from municipal_indicators.dag_support import lineage
from municipal_indicators.dag_support.assets import asset
from municipal_indicators.dag_support.params import run_params
from municipal_indicators.settings import WAREHOUSE_POOL
from municipal_indicators.sources import source

log = logging.getLogger(__name__)

# The value that a form sends for ``{"again": true}``.
TICKED = "true"


def again_params() -> dict[str, Param]:
    """The param ``again`` of a run over files; see ``load_and_announce``."""
    return {
        "again": Param(
            None,
            # The first type decides which field the form shows; the examples are its suggestions.
            type=["null", "string", "boolean"],
            minLength=1,
            maxLength=250,
            examples=[TICKED, "2024/*", "*/register.xlsx"],
            title="Загрузить файлы архива заново",
            description=(
                "Пусто: только новые файлы. true: сначала файлы архива, у которых есть строки в карантине "
                "или слова не из списков. Образец: файлы с таким путём внутри папки приёма, "
                "* — любые знаки."
            ),
        )
    }


def load_and_announce(name: str) -> None:
    """Wire ``load_files`` to ``announce_new_data``, ``name_failed_files`` and ``name_rejected_files``.

    ``name`` is that of the source in ``sources.SOURCES``. What was published is announced even
    where other files failed; then the run fails all the same. A rejected file does not fail it: its
    task is green and named after the number of files, or skipped where there is none. A run with the
    param ``again``, true or a pattern such as ``2024/*.xlsx``, first loads archived files again, see
    ``file_loads.load_again``; the DAG declares it with ``again_params``.
    """
    (announced,) = source(name).assets

    @task(
        pool=WAREHOUSE_POOL,
        task_display_name="Загрузить файлы",
        doc_md="Загружает все новые файлы папки приёма.",
    )
    def load_files() -> dict[str, Any]:
        """Load everything new; returns how many files were published and which failed."""
        from airflow.sdk import get_current_context

        from municipal_indicators.inbox.file_loads import load_outcome
        from municipal_indicators.reference.passport import load_passport
        from municipal_indicators.sources.file_sources import file_source

        again = run_params()["again"]
        outcome = load_outcome(
            file_source(name, load_passport().time_zone),
            again=True if again == TICKED else again or False,
            since=get_current_context()["dag_run"].start_date,
        )
        lineage.tell_load(name)
        return outcome

    @task(
        outlets=[asset(announced)],
        task_display_name="Объявить новые данные",
        doc_md="Сообщает витринам о новых данных; пропускается, если их нет.",
    )
    def announce_new_data(outcome: dict[str, Any]) -> None:
        """Tell the marts that files were published; skipped where none were."""
        from airflow.sdk.exceptions import AirflowSkipException

        if not outcome["published"]:
            raise AirflowSkipException(f"В inbox/{name} не опубликовано ни одного нового файла.")

    @task(
        retries=0,
        task_display_name="Незагруженные файлы",
        doc_md="Падает и называет файлы, не загруженные по нашей вине; они остались в папке приёма.",
    )
    def name_failed_files(outcome: dict[str, Any]) -> None:
        """Fail if files stayed in the inbox because of an error on our side."""
        from municipal_indicators.errors import IndicatorsError

        if outcome["failed"]:
            raise IndicatorsError(outcome["failed"])

    # Mapped over one part, since only a mapped task can be named by what it found.
    @task(
        retries=0,
        task_display_name="Отклонённые файлы",
        doc_md="Называет файлы, которые нельзя загрузить; пропускается, если таких нет.",
        map_index_template="{{ named }}",
    )
    def name_rejected_files(outcome: dict[str, Any], part: str) -> list[str]:
        """Show in Airflow which files were rejected; skipped where none were."""
        from airflow.sdk.exceptions import AirflowSkipException

        rejected: list[str] = outcome[part]
        get_current_context()["named"] = f"Отклонённые файлы: {len(rejected)}"  # type: ignore[typeddict-unknown-key]
        if not rejected:
            raise AirflowSkipException(f"В inbox/{name} отклонённых файлов нет.")
        log.warning(
            "Перенесены в archive/rejected вместе с .reason.txt для отправителя: %s",
            "; ".join(rejected),
        )
        return rejected

    outcome = load_files()
    announce_new_data(outcome)  # type: ignore[arg-type]  # Airflow hands over the value
    name_failed_files(outcome)  # type: ignore[arg-type]
    name_rejected_files.partial(outcome=outcome).expand(part=["rejected"])
