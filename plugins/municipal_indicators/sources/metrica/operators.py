"""The Airflow task that loads the planned logs of one site; light to import."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk import BaseOperator, Context

from municipal_indicators import settings

if TYPE_CHECKING:
    from municipal_indicators.sources.metrica.site_load import Place, SiteLoad
    from municipal_indicators.warehouse.load_ledger import Books

log = logging.getLogger(__name__)

WAIT_LIMIT = timedelta(hours=3)


class LoadMetricaLogsOperator(BaseOperator):
    """Loads the planned logs of a site one after another, and waits for each without a worker.

    ``planned`` is one of ``preparation.plan_run``. One task a site, because ``airflow dags
    test`` runs mapped tasks in no order: within a task the API can prepare the next log while
    the last one is loaded, and a log that fails or vanishes at any step is ordered again here.
    Returns the sum of the books. ``wait_limit`` bounds each single wait.
    """

    template_fields: Sequence[str] = ("planned",)

    def __init__(
        self,
        *,
        planned: dict[str, Any],
        metrica_conn_id: str = settings.METRICA_CONNECTION,
        wait_limit: timedelta = WAIT_LIMIT,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.planned = planned
        self.metrica_conn_id = metrica_conn_id
        self.wait_limit = wait_limit

    def execute(self, context: Context) -> dict[str, int]:
        """Begin; what an interrupted run left at the API or published is taken over."""
        load = self._load(context)
        is_repeated = context["ti"].try_number > 1
        return self._books_of(load, load.begin(is_repeated=is_repeated))

    def resume(self, context: Context, event: dict[str, Any]) -> dict[str, int]:
        """Go on after the wait; ``event`` is the trigger's."""
        load = self._load(context)
        return self._books_of(load, load.go_on(event))

    def release(self, context: Context) -> None:
        """Give back what the site holds at the API, when the task has failed for good."""
        if "problem" not in self.planned:
            self._load(context).release()

    def _load(self, context: Context) -> SiteLoad:
        from municipal_indicators.errors import MetricaRequestError
        from municipal_indicators.sources.metrica.site_load import SiteLoad

        if "problem" in self.planned:
            raise MetricaRequestError(self.planned["problem"])
        return SiteLoad(self.planned, self.metrica_conn_id, context["run_id"])

    def _books_of(self, load: SiteLoad, result: Books | Place) -> dict[str, int]:
        from municipal_indicators.sources.metrica.site_load import Place

        if isinstance(result, Place):
            self._wait(load, result)
        return asdict(result)

    def _wait(self, load: SiteLoad, place: Place) -> NoReturn:
        from municipal_indicators.sources.metrica import trigger

        order = load.orders[place.index]
        deadline = time.time() + self.wait_limit.total_seconds()
        if not place.request_id:
            # Storage that comes and goes again is not waited for any longer.
            deadline = place.room_until or deadline
            place = replace(place, room_until=deadline)
        carried = asdict(place)
        waiting: trigger.MetricaTrigger
        if place.request_id:
            log.info("Request %d is not prepared yet: waiting without a worker.", place.request_id)
            waiting = trigger.LogRequestTrigger(
                self.metrica_conn_id, order.counter_id, place.request_id, deadline, carried
            )
        else:
            log.info("%s: waiting without a worker until the storage holds it.", order)
            waiting = trigger.StorageTrigger(
                self.metrica_conn_id, order.model_dump(mode="json"), deadline, carried
            )
        self.defer(trigger=waiting, method_name="resume")


def release_orders(context: Context) -> None:
    """Failure callback: clean what the failed task ordered; it must not hide why the task failed."""
    operator = context["task"]
    try:
        if isinstance(operator, LoadMetricaLogsOperator):
            operator.release(context)
    except Exception:
        log.exception(
            "What the failed task ordered could not be cleaned: the next run of the DAG does it."
        )
