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
    allowed = f"допустимы {', '.join(known)}" if known else "у него их нет"
    raise ConfigurationError(
        f"Параметры запуска {dag_id}: неизвестно {' и '.join(_with_guess(key, known) for key in unknown)}; "
        f"{allowed}. Ничего не сделано: исправьте параметры и запустите DAG снова."
    )


def _with_guess(key: str, known: list[str]) -> str:
    near = get_close_matches(key, known, n=1)
    return f"«{key}» (может быть, «{near[0]}»?)" if near else f"«{key}»"
