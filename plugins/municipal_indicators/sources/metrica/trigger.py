"""The triggers of deferred loads: wait until a log request is prepared, or until storage is free."""

from __future__ import annotations

import asyncio
import time
from abc import abstractmethod
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from municipal_indicators.errors import MetricaError
from municipal_indicators.sources.metrica.api_models import LogQuery
from municipal_indicators.sources.metrica.client import MetricaClient
from municipal_indicators.sources.metrica.hook import MetricaHook

# The status of an event, unless it is the API's status of the request.
TIMED_OUT = "timed_out"
UNREACHABLE = "unreachable"
STORAGE_FREE = "storage_free"

FIRST_WAIT_SECONDS = 0.5
MAX_WAIT_SECONDS = 60.0
WAIT_GROWTH = 1.6


class MetricaTrigger(BaseTrigger):
    """Polls the API at growing intervals until there is a result or ``deadline``, a Unix time.

    The event has ``checkpoint``, unchanged, and ``status``: the result, ``TIMED_OUT`` when the
    deadline passed, or ``UNREACHABLE`` with a ``message``. The token is not among the arguments:
    the trigger reads the connection itself.
    """

    def __init__(self, metrica_conn_id: str, deadline: float, checkpoint: dict[str, Any]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.metrica_conn_id = metrica_conn_id
        self.deadline = deadline
        self.checkpoint = checkpoint

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class path and the arguments, as Airflow stores them."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "metrica_conn_id": self.metrica_conn_id,
                "deadline": self.deadline,
                "checkpoint": self.checkpoint,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield the one event."""
        try:
            status, message = await self._wait(), ""
        except MetricaError as error:
            status, message = UNREACHABLE, str(error)
        payload = {"checkpoint": self.checkpoint, "status": status, "message": message}
        yield TriggerEvent(payload)  # type: ignore[no-untyped-call]

    @abstractmethod
    def poll(self, client: MetricaClient) -> str | None:
        """The result of one poll, None while there is none."""

    async def _wait(self) -> str:
        client = await MetricaHook(self.metrica_conn_id).aget_conn()
        pause = FIRST_WAIT_SECONDS
        while True:
            # The client blocks while it retries; in a thread it does not stop other triggers.
            result = await asyncio.to_thread(self.poll, client)
            if result is not None:
                return result
            if time.time() + pause > self.deadline:
                return TIMED_OUT
            await asyncio.sleep(pause)
            pause = min(MAX_WAIT_SECONDS, pause * WAIT_GROWTH)


class LogRequestTrigger(MetricaTrigger):
    """Waits until a request is processed or ended; ``status`` is then the API's status."""

    def __init__(
        self,
        metrica_conn_id: str,
        counter_id: int,
        request_id: int,
        deadline: float,
        checkpoint: dict[str, Any],
    ) -> None:
        super().__init__(metrica_conn_id, deadline, checkpoint)
        self.counter_id = counter_id
        self.request_id = request_id

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """See ``MetricaTrigger``."""
        path, arguments = super().serialize()
        return path, {**arguments, "counter_id": self.counter_id, "request_id": self.request_id}

    def poll(self, client: MetricaClient) -> str | None:
        """The status that ends the wait; an unknown one counts as in progress."""
        request = client.log_request(self.counter_id, self.request_id)
        return request.status if request.is_processed or request.is_ended else None


class StorageTrigger(MetricaTrigger):
    """Waits until the storage holds a log; ``query`` is its LogQuery as JSON."""

    def __init__(
        self,
        metrica_conn_id: str,
        query: dict[str, Any],
        deadline: float,
        checkpoint: dict[str, Any],
    ) -> None:
        super().__init__(metrica_conn_id, deadline, checkpoint)
        self.query = query

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """See ``MetricaTrigger``."""
        path, arguments = super().serialize()
        return path, {**arguments, "query": self.query}

    def poll(self, client: MetricaClient) -> str | None:
        """``STORAGE_FREE`` as soon as the log fits."""
        evaluation = client.evaluate(LogQuery.model_validate(self.query))
        return STORAGE_FREE if evaluation.possible else None
