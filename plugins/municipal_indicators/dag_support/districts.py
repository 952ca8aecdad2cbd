"""Declares a DAG for an installation with one passport, or for each district of a region; light to import."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from airflow.sdk import dag, get_parsing_context

from municipal_indicators import settings
from municipal_indicators.endings import plainly


def district_dag(
    *,
    dag_display_name: str,
    tags: Sequence[str],
    default_args: Mapping[str, Any],
    schedule: Any = None,
    **arguments: Any,
) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Airflow's ``@dag``, which in a region makes one DAG a district.

    With one passport the DAG is named after its function. In a region it is
    ``<district>__<function>``, has the district as a tag and in its display name, and its tasks use the pool
    of the district. ``schedule`` may be a function that is called for each of them, where it names assets.
    What people read about it is the file beside its own that ends in ``.md``. Errors of ours end its tasks
    ``plainly``.
    """

    def declare(function: Callable[[], None]) -> Callable[[], None]:
        page = Path(function.__code__.co_filename).with_suffix(".md")

        def declared() -> None:
            explained = page.read_text(encoding="utf-8")
            for district in settings.districts() or (None,):
                with settings.working_for(district):
                    dag_id = settings.named(function.__name__)
                    # A task's process needs its own DAG only.
                    if (get_parsing_context().dag_id or dag_id) == dag_id:
                        _declare(function, dag_id, district, explained)

        return declared

    def _declare(
        function: Callable[[], None], dag_id: str, district: str | None, explained: str
    ) -> None:
        owner, contact = settings.dag_owner()
        report = settings.report_address()
        made = dag(
            dag_id,
            dag_display_name=f"{dag_display_name} · {district}" if district else dag_display_name,
            tags=[*tags, *([district] if district else [])],
            schedule=schedule() if callable(schedule) else schedule,
            default_args={**default_args, "owner": owner},
            owner_links={owner: contact} if contact else {},
            doc_md=f"{explained}\n[Отчёт о показателях]({report})\n",
            **arguments,
        )(function)()
        made.fileloc = function.__code__.co_filename
        for task in made.tasks:
            if task.pool == settings.WAREHOUSE_POOL:
                task.pool = settings.warehouse_pool()
            if hasattr(task, "python_callable"):
                task.python_callable = plainly(task.python_callable)

    return declare
