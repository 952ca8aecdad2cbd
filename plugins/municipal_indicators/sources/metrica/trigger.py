"""Waits in the triggerer, without a worker: until a log request is prepared, or until there is storage."""

from __future__ import annotations

import asyncio
import time
from abc import abstractmethod
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from municipal_indicators.errors import MetricaError
from municipal_indicators.sources.metrica.client import LogOrder, MetricaClient
from municipal_indicators.sources.metrica.hook import MetricaHook

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 60.0
GROWTH = 1.6


class MetricaTrigger(BaseTrigger):
    """Asks the API at growing intervals until there is an answer or ``deadline``, a Unix time.

    The event has ``carried``, unchanged, and ``status``: the answer, ``overdue`` when the
    deadline passed, or ``unreachable`` with a ``message``. The token is not among the
    arguments: the trigger reads the connection itself.
    """

    def __init__(self, metrica_conn_id: str, deadline: float, carried: dict[str, Any]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.metrica_conn_id = metrica_conn_id
        self.deadline = deadline
        self.carried = carried

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The trigger's class path and arguments, as Airflow stores them."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "metrica_conn_id": self.metrica_conn_id,
                "deadline": self.deadline,
                "carried": self.carried,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield the one event."""
        try:
            status, message = await self._wait(), ""
        except MetricaError as error:
            status, message = "unreachable", str(error)
        payload = {"carried": self.carried, "status": status, "message": message}
        yield TriggerEvent(payload)  # type: ignore[no-untyped-call]

    @abstractmethod
    def look(self, client: MetricaClient) -> str | None:
        """The answer of one call or two, None while there is none."""

    async def _wait(self) -> str:
        client = await MetricaHook(self.metrica_conn_id).aget_conn()
        pause = FIRST_WAIT_SECONDS
        while True:
            # The client blocks while it retries: in a thread, other triggers go on.
            answer = await asyncio.to_thread(self.look, client)
            if answer is not None:
                return answer
            if time.time() + pause > self.deadline:
                return "overdue"
            await asyncio.sleep(pause)
            pause = min(LONGEST_WAIT_SECONDS, pause * GROWTH)


class LogRequestTrigger(MetricaTrigger):
    """Waits until a request is prepared or has ended; ``status`` is the API's word."""

    def __init__(
        self,
        metrica_conn_id: str,
        counter_id: int,
        request_id: int,
        deadline: float,
        carried: dict[str, Any],
    ) -> None:
        super().__init__(metrica_conn_id, deadline, carried)
        self.counter_id = counter_id
        self.request_id = request_id

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """See ``MetricaTrigger``."""
        path, arguments = super().serialize()
        return path, {**arguments, "counter_id": self.counter_id, "request_id": self.request_id}

    def look(self, client: MetricaClient) -> str | None:
        """The status that ends the wait; an unknown one counts as being prepared."""
        request = client.log_request(self.counter_id, self.request_id)
        return request.status if request.is_processed or request.is_ended else None


class StorageTrigger(MetricaTrigger):
    """Waits until the storage holds an order, here as JSON; ``status`` is then ``room``."""

    def __init__(
        self, metrica_conn_id: str, order: dict[str, Any], deadline: float, carried: dict[str, Any]
    ) -> None:
        super().__init__(metrica_conn_id, deadline, carried)
        self.order = order

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """See ``MetricaTrigger``."""
        path, arguments = super().serialize()
        return path, {**arguments, "order": self.order}

    def look(self, client: MetricaClient) -> str | None:
        """Whether the order fits now."""
        evaluation = client.evaluate(LogOrder.model_validate(self.order))
        return "room" if evaluation.possible else None
