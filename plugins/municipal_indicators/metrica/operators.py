"""The Airflow task that takes one log request through its whole life; light to import."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk import BaseOperator, Context

from municipal_indicators import settings

if TYPE_CHECKING:
    from municipal_indicators.loads import Books
    from municipal_indicators.metrica.life import LogLife, Waiting

log = logging.getLogger(__name__)

WAIT_LIMIT = timedelta(hours=3)


class LoadMetricaLogOperator(BaseOperator):
    """Orders a log, waits without a worker, downloads, publishes its days and cleans it.

    ``request`` is one of ``plan.plan_requests``. One task for the whole life, because a log that
    fails or vanishes at any step is ordered again here, and because the storage of one request
    is free before ``airflow dags test`` orders the next. Returns the sum of the books.
    """

    template_fields: Sequence[str] = ("request",)

    def __init__(
        self,
        *,
        request: dict[str, Any],
        metrica_conn_id: str = settings.METRICA_CONNECTION,
        wait_limit: timedelta = WAIT_LIMIT,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.request = request
        self.metrica_conn_id = metrica_conn_id
        self.wait_limit = wait_limit

    def execute(self, context: Context) -> dict[str, int]:
        """Order the log, or take over the one that an interrupted run left."""
        return self._books_of(self._life().begin())

    def resume(self, context: Context, event: dict[str, Any]) -> dict[str, int]:
        """Go on after the wait; ``event`` is the trigger's."""
        return self._books_of(self._life().go_on(event))

    def release(self) -> None:
        """Give back what the order holds at the API, when the task has failed for good."""
        if "order" in self.request:
            self._life().release()

    def _life(self) -> LogLife:
        from municipal_indicators.errors import MetricaRequestError
        from municipal_indicators.metrica.life import LogLife

        if "problem" in self.request:
            raise MetricaRequestError(self.request["problem"])
        return LogLife(self.request, self.metrica_conn_id)

    def _books_of(self, result: Books | Waiting) -> dict[str, int]:
        from municipal_indicators.metrica.life import Waiting

        if isinstance(result, Waiting):
            self._wait(result)
        return asdict(result)

    def _wait(self, waiting: Waiting) -> NoReturn:
        from municipal_indicators.metrica.trigger import LogRequestTrigger

        log.info("Request %d is not prepared yet: waiting without a worker.", waiting.request_id)
        self.defer(
            trigger=LogRequestTrigger(
                self.metrica_conn_id,
                self.request["order"]["counter_id"],
                waiting.request_id,
                time.time() + self.wait_limit.total_seconds(),
                asdict(waiting),
            ),
            method_name="resume",
        )


def release_order(context: Context) -> None:
    """Failure callback: clean what the failed task ordered; it must not hide why the task failed."""
    operator = context["task"]
    try:
        if isinstance(operator, LoadMetricaLogOperator):
            operator.release()
    except Exception:
        log.exception(
            "What the failed task ordered could not be cleaned: clean it in Metrica by hand."
        )
