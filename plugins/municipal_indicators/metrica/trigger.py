"""Waits in the triggerer, without a worker, until a log request is prepared or has ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from municipal_indicators.errors import MetricaError
from municipal_indicators.metrica.hook import MetricaHook

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 60.0
GROWTH = 1.6


class LogRequestTrigger(BaseTrigger):
    """Asks for a request's state at growing intervals until it is processed, ended or ``deadline``.

    ``deadline`` is a Unix time. The event repeats ``carried`` and adds ``status``: the API's
    word, ``overdue`` when the deadline passed, or ``unreachable`` with a ``message``.
    The token is not among the arguments: the trigger reads the connection itself.
    """

    def __init__(
        self,
        metrica_conn_id: str,
        counter_id: int,
        request_id: int,
        deadline: float,
        carried: dict[str, Any],
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.metrica_conn_id = metrica_conn_id
        self.counter_id = counter_id
        self.request_id = request_id
        self.deadline = deadline
        self.carried = carried

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The trigger's class path and arguments, as Airflow stores them."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "metrica_conn_id": self.metrica_conn_id,
                "counter_id": self.counter_id,
                "request_id": self.request_id,
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
        payload = {**self.carried, "status": status, "message": message}
        yield TriggerEvent(payload)  # type: ignore[no-untyped-call]

    async def _wait(self) -> str:
        client = await MetricaHook(self.metrica_conn_id).aget_conn()
        pause = FIRST_WAIT_SECONDS
        while True:
            # The client blocks while it retries: in a thread, other triggers go on.
            request = await asyncio.to_thread(client.log_request, self.counter_id, self.request_id)
            if request.is_processed or request.is_ended:
                return request.status
            if time.time() + pause > self.deadline:
                return "overdue"
            await asyncio.sleep(pause)
            pause = min(LONGEST_WAIT_SECONDS, pause * GROWTH)
