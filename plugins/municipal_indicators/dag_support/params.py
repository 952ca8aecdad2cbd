"""The params of a run, as every DAG reads them; light to import."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any


def run_params() -> dict[str, Any]:
    """The params of the present task's run; the first task of every DAG asks for them.

    Raises ConfigurationError for a key of the run's conf that the DAG does not know: Airflow
    itself would run without it.
    """
    from airflow.sdk import get_current_context

    context = get_current_context()
    dag, given = context["dag"], context["dag_run"].conf or {}
    check_known(dag.dag_id, given, list(dag.params))
    return dict(context["params"])


def check_known(dag_id: str, given: Iterable[str], known: list[str]) -> None:
    """Raise ConfigurationError that names the unknown keys, the likely ones and those allowed."""
    from municipal_indicators.errors import ConfigurationError

    unknown = [key for key in given if key not in known]
    if not unknown:
        return
    allowed = f"allowed are {', '.join(known)}" if known else "it takes none"
    raise ConfigurationError(
        f"The run's conf has {' and '.join(_with_guess(key, known) for key in unknown)}, which {dag_id} "
        f"does not know: {allowed}. Nothing was done: correct the conf and trigger the DAG again."
    )


def _with_guess(key: str, known: list[str]) -> str:
    near = get_close_matches(key, known, n=1)
    return f"{key!r} (meant is {near[0]!r}?)" if near else repr(key)
