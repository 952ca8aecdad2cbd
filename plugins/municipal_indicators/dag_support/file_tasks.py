"""The tasks that the DAGs of all file sources share; heavy imports are inside the tasks."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Asset, Param, task

from municipal_indicators.settings import WAREHOUSE_POOL

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
            title="Load archived files again",
            description=(
                "Empty: new files only. true: first load the archived files again that have rows in "
                "quarantine or unmapped words. A pattern: those whose path below the inbox matches it; "
                "* matches any text."
            ),
        )
    }


def load_and_announce(source: str, asset: Asset, *, announcement: str) -> None:
    """Wire ``load_files`` to ``announcement`` and ``name_failed_files`` in the DAG being declared.

    ``source`` names the folder of the inbox and the package whose ``files.load_file`` is called.
    Published files are announced even if other files failed; the run fails in that case too. A run
    with the param ``again``, true or a pattern such as ``2024/*.xlsx``, first loads archived files
    again, see ``file_loads.load_again``. The DAG declares the param with ``again_params``.
    """

    @task(pool=WAREHOUSE_POOL, task_display_name="Load the files")
    def load_files() -> dict[str, Any]:
        """Load everything new; returns the number of published files and which files failed."""
        from importlib import import_module

        from airflow.sdk import get_current_context

        from municipal_indicators.inbox.file_loads import load_outcome
        from municipal_indicators.reference.passport import load_passport

        loader = import_module(f"municipal_indicators.sources.{source}.files")
        again = get_current_context()["params"]["again"]
        return load_outcome(
            source,
            loader.load_file,
            load_passport().time_zone,
            again=True if again == TICKED else again or False,
        )

    @task(task_id=announcement, outlets=[asset], task_display_name="Announce new data")
    def announce(outcome: dict[str, Any]) -> None:
        """Announce to the marts that files were published; skipped if none were."""
        from airflow.sdk.exceptions import AirflowSkipException

        if not outcome["published"]:
            raise AirflowSkipException(f"No new file of inbox/{source} was published.")

    @task(retries=0, task_display_name="Name failed files")
    def name_failed_files(outcome: dict[str, Any]) -> None:
        """Fail if files stayed in the inbox because of an error on our side."""
        from municipal_indicators.errors import IndicatorsError

        if outcome["failed"]:
            raise IndicatorsError(outcome["failed"])

    outcome = load_files()
    announce(outcome)  # type: ignore[arg-type]  # Airflow hands over the value
    name_failed_files(outcome)  # type: ignore[arg-type]
