"""The tasks that the DAGs of all file sources share; light to import, everything heavy inside the tasks."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Asset, task

from municipal_indicators.settings import WAREHOUSE_POOL


def load_and_announce(source: str, asset: Asset, *, announcement: str) -> None:
    """Wire ``load_files`` to ``announcement`` and ``name_failed_files`` in the DAG being declared.

    ``source`` names the folder of the inbox and the package whose ``files.load_file`` is called.
    What was published is announced even where other files failed; then the run fails all the same.
    A run triggered with ``{"again": true}`` or ``{"again": "2024/*.xlsx"}`` first loads archived
    files anew, see ``file_loads.load_again``.
    """

    @task(pool=WAREHOUSE_POOL)
    def load_files() -> dict[str, Any]:
        """Load everything new; returns how many files were published and which failed."""
        from importlib import import_module

        from airflow.sdk import get_current_context

        from municipal_indicators.file_loads import load_outcome
        from municipal_indicators.passport import load_passport

        loader = import_module(f"municipal_indicators.{source}.files")
        again = (get_current_context()["dag_run"].conf or {}).get("again", False)
        return load_outcome(source, loader.load_file, load_passport().time_zone, again)

    @task(task_id=announcement, outlets=[asset])
    def announce(outcome: dict[str, Any]) -> None:
        """Tell the marts that files were published; skipped where none were."""
        from airflow.sdk.exceptions import AirflowSkipException

        if not outcome["published"]:
            raise AirflowSkipException(f"No new file of inbox/{source} was published.")

    @task(retries=0)
    def name_failed_files(outcome: dict[str, Any]) -> None:
        """Fail where files stayed in the inbox for a reason of ours."""
        from municipal_indicators.errors import IndicatorsError

        if outcome["failed"]:
            raise IndicatorsError(outcome["failed"])

    outcome = load_files()
    announce(outcome)  # type: ignore[arg-type]  # Airflow hands over the value
    name_failed_files(outcome)  # type: ignore[arg-type]
