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
from municipal_indicators.endings import plainly

if TYPE_CHECKING:
    from municipal_indicators.sources.metrica.checkpoint import Checkpoint
    from municipal_indicators.sources.metrica.site_load import SiteLoad
    from municipal_indicators.warehouse.load_ledger import LoadCounts

log = logging.getLogger(__name__)

WAIT_LIMIT = timedelta(hours=3)
# How much longer than the trigger's own limit Airflow's scheduler waits before it takes the triggerer for
# dead: the last poll may still be repeating its call.
TRIGGERER_GRACE = timedelta(minutes=30)


class LoadMetricaLogsOperator(BaseOperator):
    """Loads the planned logs of a site one after another, and is deferred while it waits.

    ``planned`` is one of the dicts of ``run_planning.plan_run``. There is one task per site and
    not per log: within a task the API can prepare the next log while the last one is loaded, and
    ``airflow dags test`` runs mapped tasks in no particular order. A log that fails or vanishes
    at any step is requested again. Returns the sum of the counts. ``wait_limit`` bounds each wait.
    ``metrica_conn_id`` is ``settings.metrica_connection()`` by default.
    """

    template_fields: Sequence[str] = ("planned",)

    def __init__(
        self,
        *,
        planned: dict[str, Any],
        metrica_conn_id: str | None = None,
        wait_limit: timedelta = WAIT_LIMIT,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.planned = planned
        self.metrica_conn_id = metrica_conn_id
        self.wait_limit = wait_limit

    @plainly
    def execute(self, context: Context) -> dict[str, int]:
        """Start; requests and published days of an interrupted run are reused."""
        load = self._site_load(context)
        is_retry = context["ti"].try_number > 1
        return self._counts_or_defer(load, load.start(is_retry=is_retry))

    def resume(self, context: Context, event: dict[str, Any]) -> dict[str, int]:
        """Continue after a wait; ``event`` is the payload of the trigger."""
        load = self._site_load(context)
        return self._counts_or_defer(load, load.resume(event))

    @plainly
    def resume_execution(
        self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context
    ) -> Any:
        """Airflow's way back from a wait; it ends here too where no trigger ended it in time."""
        from airflow.sdk.exceptions import TaskDeferralTimeout

        from municipal_indicators.errors import IndicatorsError

        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except TaskDeferralTimeout:
            raise IndicatorsError(
                f"Ожидание Метрики не закончилось за {self.wait_limit + TRIGGERER_GRACE}: не работает "
                "triggerer Airflow. Запустите эту службу (`airflow triggerer`), затем DAG с теми же днями: "
                "он догрузит недостающее."
            ) from None

    def release(self, context: Context) -> None:
        """Clean the requests of the site at the API, when the task has failed for good."""
        if "problem" not in self.planned:
            self._site_load(context).release()

    def _connection(self) -> str:
        return self.metrica_conn_id or settings.metrica_connection()

    def _site_load(self, context: Context) -> SiteLoad:
        from municipal_indicators.errors import MetricaRequestError
        from municipal_indicators.sources.metrica.site_load import SiteLoad

        if "problem" in self.planned:
            raise MetricaRequestError(self.planned["problem"])
        return SiteLoad(self.planned, self._connection(), context["run_id"])

    def _counts_or_defer(self, load: SiteLoad, result: LoadCounts | Checkpoint) -> dict[str, int]:
        from municipal_indicators.sources.metrica.checkpoint import Checkpoint

        if isinstance(result, Checkpoint):
            self._defer(load, result)
        return asdict(result)

    def _defer(self, load: SiteLoad, checkpoint: Checkpoint) -> NoReturn:
        from municipal_indicators.sources.metrica import trigger

        query = load.queries[checkpoint.index]
        deadline = time.time() + self.wait_limit.total_seconds()
        waiting: trigger.MetricaTrigger
        if checkpoint.request_id:
            log.info("Request %d is not prepared yet: the task is deferred.", checkpoint.request_id)
            waiting = trigger.LogRequestTrigger(
                self._connection(),
                query.counter_id,
                checkpoint.request_id,
                deadline,
                asdict(checkpoint),
            )
        else:
            log.info("%s: the task is deferred until the storage holds it.", query)
            # Storage that becomes free and is taken again does not extend the wait.
            deadline = checkpoint.storage_deadline or deadline
            waiting = trigger.StorageTrigger(
                self._connection(),
                query.model_dump(mode="json"),
                deadline,
                asdict(replace(checkpoint, storage_deadline=deadline)),
            )
        left = timedelta(seconds=max(0.0, deadline - time.time()))
        self.defer(trigger=waiting, method_name="resume", timeout=left + TRIGGERER_GRACE)


def release_requests(context: Context) -> None:
    """Failure callback: clean the requests of the failed task, without hiding why it failed."""
    operator = context["task"]
    try:
        if isinstance(operator, LoadMetricaLogsOperator):
            with settings.working_for_dag(context["ti"].dag_id):
                operator.release(context)
    except Exception:
        log.exception(
            "The requests of the failed task could not be cleaned: the next run of the DAG does it."
        )
