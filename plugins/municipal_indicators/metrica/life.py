"""What a log request's task does between its waits: order, look, download, publish, clean."""

from __future__ import annotations

import logging
import tempfile
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from municipal_indicators.errors import (
    MetricaError,
    MetricaRequestError,
    MetricaUnavailableError,
)
from municipal_indicators.loads import Books
from municipal_indicators.metrica import orders
from municipal_indicators.metrica.client import LogOrder, LogRequest, MetricaClient
from municipal_indicators.metrica.fields import load_fields
from municipal_indicators.metrica.hook import MetricaHook
from municipal_indicators.metrica.logs import PreparedLog, load_log
from municipal_indicators.warehouse import open_warehouse

log = logging.getLogger(__name__)

MOST_ORDERS = 3


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that the API still prepares: which, the how manieth order of it, and since when."""

    request_id: int
    number: int
    requested_at: str


class LogLife:
    """One planned request (``order``, ``time_zone``) over one connection."""

    def __init__(self, request: dict[str, Any], metrica_conn_id: str) -> None:
        self.order = LogOrder.model_validate(request["order"])
        self.time_zone: str = request["time_zone"]
        self.client: MetricaClient = MetricaHook(metrica_conn_id).get_conn()

    def begin(self, number: int = 1) -> Books | Waiting:
        """Order the log, or take over what an interrupted run left; load it if it is prepared."""
        requested_at = datetime.now(UTC).isoformat()
        request = orders.find_or_order(self.client, self.order)
        return self._go_on(request, number, requested_at)

    def go_on(self, event: dict[str, Any]) -> Books | Waiting:
        """Load what was waited for; ``event`` is the trigger's.

        Raises MetricaUnavailableError when the wait was too long or the API out of reach.
        """
        if event["status"] == "unreachable":
            raise MetricaUnavailableError(event["message"])
        if event["status"] == "overdue":
            raise MetricaUnavailableError(
                f"{self.order}: request {event['request_id']} was not prepared in time. "
                "The API's queue is long by day: run the DAG again later."
            )
        request = self.client.log_request(self.order.counter_id, event["request_id"])
        return self._go_on(request, event["number"], event["requested_at"])

    def release(self) -> None:
        """Give back what the order holds at the API, after it was given up for good."""
        orders.release(self.client, self.order)

    def _go_on(self, request: LogRequest, number: int, requested_at: str) -> Books | Waiting:
        if request.is_ended:
            return self._begin_again(request, number)
        if not request.is_processed:
            return Waiting(request.request_id, number, requested_at)
        with tempfile.TemporaryDirectory(prefix="metrica-") as folder:
            try:
                parts = orders.download_parts(self.client, request, Path(folder))
            except MetricaRequestError:
                request = self.client.log_request(request.counter_id, request.request_id)
                if request.is_processed:
                    raise
                return self._begin_again(request, number)
            moment = datetime.fromisoformat(requested_at)
            prepared = PreparedLog(self.order, parts, self.time_zone, moment)
            with open_warehouse() as warehouse:
                books = load_log(warehouse, prepared, load_fields())
        orders.clean(self.client, request)
        log.info("%s: %d days published: %s", self.order, len(prepared.days), asdict(books))
        return books

    def _begin_again(self, request: LogRequest, number: int) -> Books | Waiting:
        if number >= MOST_ORDERS:
            raise MetricaError(
                f"{self.order}: ordered {number} times, and the last request, {request.request_id}, "
                f"is {request.status}. See who cancels or cleans it, or run the DAG again tomorrow."
            )
        log.warning("Request %d is %s: ordering again.", request.request_id, request.status)
        return self.begin(number + 1)
