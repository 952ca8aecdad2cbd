"""Loads the planned logs of one site, one after another, from one wait to the next."""

from __future__ import annotations

import logging
import tempfile
import time
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from municipal_indicators.errors import (
    ConfigurationError,
    IndicatorsError,
    MetricaAccessError,
    MetricaError,
    MetricaQuotaError,
    MetricaRequestError,
    MetricaUnavailableError,
    WarehouseBusyError,
    WarehouseUnreachableError,
)
from municipal_indicators.sources.metrica import logs_api
from municipal_indicators.sources.metrica.api_models import LogQuery, LogRequest
from municipal_indicators.sources.metrica.checkpoint import Checkpoint
from municipal_indicators.sources.metrica.client import MetricaClient
from municipal_indicators.sources.metrica.days import Days
from municipal_indicators.sources.metrica.fields import load_fields
from municipal_indicators.sources.metrica.hook import MetricaHook
from municipal_indicators.sources.metrica.log_load import PreparedLog, load_log
from municipal_indicators.sources.metrica.log_requests import LogRequests, clean_own_requests
from municipal_indicators.sources.metrica.request_ledger import (
    OwnRequest,
    read_ledger,
    record_events,
)
from municipal_indicators.sources.metrica.runs import published_since, record_progress
from municipal_indicators.sources.metrica.site_plan import SitePlan
from municipal_indicators.sources.metrica.trigger import TIMED_OUT, UNREACHABLE
from municipal_indicators.warehouse.client import Warehouse, open_warehouse
from municipal_indicators.warehouse.load_ledger import LoadCounts

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 3

# These errors would hit the next log as well. Any other is reported after the other logs are loaded.
_ABORTING_ERRORS = (
    ConfigurationError,
    MetricaAccessError,
    MetricaQuotaError,
    MetricaUnavailableError,
    WarehouseBusyError,
    WarehouseUnreachableError,
)


class SiteLoad:
    """The load of the planned logs of one site over one connection; ``planned`` is a SitePlan as JSON."""

    def __init__(self, planned: dict[str, Any], metrica_conn_id: str, run_id: str) -> None:
        self.site = SitePlan.model_validate(planned)
        self.queries = self.site.queries
        self.run_id = run_id
        self.client: MetricaClient = MetricaHook(metrica_conn_id).get_conn()
        self.requests = LogRequests(self.client, self.site, run_id)

    def start(self, *, is_retry: bool = False) -> LoadCounts | Checkpoint:
        """Load until something has to be waited for: the counts at the end, else a checkpoint.

        A retry of the same plan skips what the earlier tries have published.
        """
        return self._run(Checkpoint(published=self._published() if is_retry else ()))

    def resume(self, event: dict[str, Any]) -> LoadCounts | Checkpoint:
        """Continue after a wait; ``event`` is the payload of the trigger.

        Raises MetricaUnavailableError when the wait timed out or the API was unreachable, and
        MetricaQuotaError when no storage became free in time.
        """
        checkpoint = Checkpoint(**event["checkpoint"])
        query = self.queries[checkpoint.index]
        if event["status"] == UNREACHABLE:
            raise MetricaUnavailableError(event["message"])
        if event["status"] == TIMED_OUT and not checkpoint.request_id:
            raise self._storage_full_error(query)
        if event["status"] == TIMED_OUT:
            raise MetricaUnavailableError(
                f"{query}: Метрика не подготовила выгрузку {checkpoint.request_id} вовремя. Днём её очередь "
                "длинная: запустите DAG позже."
            )
        return self._run(checkpoint)

    def release(self) -> None:
        """Clean all requests of this site at the API, after its load has failed for good."""
        self.requests.release("its load failed for good")

    def _run(self, checkpoint: Checkpoint) -> LoadCounts | Checkpoint:
        while checkpoint.index < len(self.queries):
            if checkpoint.index in checkpoint.published:
                checkpoint = checkpoint.next_log()
                continue
            try:
                checkpoint, has_to_wait = self._step(checkpoint)
            except _ABORTING_ERRORS:
                raise
            except IndicatorsError as error:
                checkpoint, has_to_wait = self._skip(checkpoint, error), False
            if has_to_wait:
                return checkpoint
        if checkpoint.failures:
            raise MetricaError(
                f"Счётчик {self.site.counter_id}: выгрузок не загружено целиком {len(checkpoint.failures)} "
                f"из {len(self.queries)}, остальные опубликованы. Запустите DAG с теми же днями: он догрузит "
                f"недостающее. {' | '.join(checkpoint.failures)}"
            )
        return LoadCounts(**checkpoint.counts)

    def _step(self, checkpoint: Checkpoint) -> tuple[Checkpoint, bool]:
        """The checkpoint one step further, and whether the load has to wait there."""
        query = self.queries[checkpoint.index]
        if checkpoint.request_id:
            request = self.client.log_request(query.counter_id, checkpoint.request_id)
        else:
            acquired = self.requests.acquire(query, self._next_query(checkpoint))
            if acquired is None:
                if checkpoint.storage_deadline and time.time() > checkpoint.storage_deadline:
                    raise self._storage_full_error(query)
                return checkpoint, True
            request = acquired.request
            checkpoint = checkpoint.with_request(request.request_id, acquired.ordered_at)
        if request.is_ended:
            return self._retry(checkpoint, request), False
        if not request.is_processed:
            return checkpoint, True
        return self._load(checkpoint, request), False

    def _load(self, checkpoint: Checkpoint, request: LogRequest) -> Checkpoint:
        """Publish a processed request and clean it; the checkpoint after it."""
        query = self.queries[checkpoint.index]
        requested_at = datetime.fromisoformat(checkpoint.requested_at)
        with open_warehouse() as warehouse:
            try:
                counts = self.publish(warehouse, query, request, requested_at)
            except MetricaRequestError:
                request = self.client.log_request(request.counter_id, request.request_id)
                if request.is_processed:
                    raise
                return self._retry(checkpoint, request)
            own = self._record_publication(warehouse, query, request)
        self._clean(own)
        return checkpoint.next_log(counts)

    def _next_query(self, checkpoint: Checkpoint) -> LogQuery | None:
        """The following log that is not published yet."""
        following = range(checkpoint.index + 1, len(self.queries))
        left = (self.queries[i] for i in following if i not in checkpoint.published)
        return next(left, None)

    def _published(self) -> tuple[int, ...]:
        """The indexes of the logs whose days are published; their requests at the API are cleaned."""
        self.requests.release("", lambda own: own.state == "published")
        site = self.site
        with open_warehouse() as warehouse:
            days = published_since(warehouse, site.source, site.counter_id, site.begun_at)
        published = tuple(
            index
            for index, query in enumerate(self.queries)
            if days.issuperset(Days(query.date1, query.date2))
        )
        log.info(
            "%d of %d logs of counter %d were already loaded by this run.",
            len(published),
            len(self.queries),
            site.counter_id,
        )
        return published

    def _skip(self, checkpoint: Checkpoint, error: IndicatorsError) -> Checkpoint:
        """Release the request of a log that cannot be loaded; the checkpoint after it."""
        query = self.queries[checkpoint.index]
        log.error("%s: skipped, the other logs are loaded: %s", query, error)
        self.requests.release("its load failed", lambda own: own.delivers(query))
        return checkpoint.next_log(failure=str(error))

    def _storage_full_error(self, query: LogQuery) -> MetricaQuotaError:
        possible_days = self.client.evaluate(query).max_possible_day_quantity
        listed = self.client.log_requests(query.counter_id)
        return logs_api.storage_full_error(listed, query, possible_days)

    def publish(
        self, warehouse: Warehouse, query: LogQuery, request: LogRequest, requested_at: datetime
    ) -> LoadCounts:
        """Download a processed request and publish its days, part by part; its counts.

        Raises MetricaRequestError when its files are gone, and what ``load_log`` raises.
        """
        with tempfile.TemporaryDirectory(prefix="metrica-") as folder:
            parts = logs_api.download_parts(self.client, request, Path(folder))
            prepared = PreparedLog(
                query,
                parts,
                self.site.time_zone,
                requested_at,
                self.site.settling_days,
                request.size or 0,
            )
            counts = load_log(warehouse, prepared, load_fields(query.source))
        log.info("%s: %d days published: %s", query, len(prepared.days), asdict(counts))
        return counts

    def _record_publication(
        self, warehouse: Warehouse, query: LogQuery, request: LogRequest
    ) -> list[OwnRequest]:
        """Record the publication; the request, if it is ours to clean."""
        ledger = read_ledger(warehouse, [query.counter_id])
        own = [replace(one, state="published") for one in ledger.own_requests([request])]
        record_events(warehouse, self.run_id, [one.event("published") for one in own])
        record_progress(warehouse, self.run_id, query.source, query.counter_id)
        return own

    def _clean(self, own: list[OwnRequest]) -> None:
        """Clean after publication; a failure is only logged: the next run cleans it."""
        try:
            events = clean_own_requests(self.client, own, "")
        except MetricaError as error:
            log.warning("Not cleaned, the next run does it: %s", error)
            return
        if events:
            with open_warehouse() as warehouse:
                record_events(warehouse, self.run_id, events)

    def _retry(self, checkpoint: Checkpoint, request: LogRequest) -> Checkpoint:
        """The checkpoint before the next request of the same log; MetricaError after the last one."""
        if checkpoint.attempt >= MAX_ATTEMPTS:
            raise MetricaError(
                f"{self.queries[checkpoint.index]}: заказано раз: {checkpoint.attempt}, последняя выгрузка "
                f"{request.request_id} в состоянии {request.status}. Выясните, кто её отменяет или удаляет, "
                "или запустите DAG завтра."
            )
        log.warning("Request %d is %s: requesting again.", request.request_id, request.status)
        return checkpoint.next_attempt()
