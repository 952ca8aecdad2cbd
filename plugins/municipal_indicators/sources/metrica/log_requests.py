"""Acquires and releases the log requests of one site: reused, created, or of another login."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from municipal_indicators.errors import MetricaError
from municipal_indicators.sources.metrica import logs_api
from municipal_indicators.sources.metrica.api_errors import BrokenResponseError, TransientError
from municipal_indicators.sources.metrica.api_models import Evaluation, LogQuery, LogRequest
from municipal_indicators.sources.metrica.client import MetricaClient
from municipal_indicators.sources.metrica.days import Days, split
from municipal_indicators.sources.metrica.request_ledger import (
    EventName,
    Ledger,
    OwnRequest,
    RequestEvent,
    RequestKey,
    read_ledger,
    record_events,
)
from municipal_indicators.sources.metrica.site_plan import SitePlan
from municipal_indicators.warehouse.client import Warehouse, open_warehouse

log = logging.getLogger(__name__)

# Each round ends the search or changes what the next one finds. More rounds than this mean that
# another program keeps changing the counter's requests.
MAX_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class AcquiredRequest:
    """The request that delivers a log, and when it was created."""

    request: LogRequest
    ordered_at: datetime


@dataclass(slots=True)
class _Search:
    """What the rounds of one ``acquire`` have found so far."""

    query: LogQuery
    next_query: LogQuery | None
    evaluation: Evaluation | None = None
    is_in_progress: bool = False
    has_to_wait: bool = False
    create_ahead: LogQuery | None = None


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """The requests of the counter at the API, the ledger, and our open requests of the source."""

    listed: Sequence[LogRequest]
    ledger: Ledger
    own_open: Sequence[OwnRequest]

    def open_matching(self, query: LogQuery) -> list[LogRequest]:
        """The open requests of any login that deliver the same log."""
        return [one for one in self.listed if not one.is_ended and one.matches(query)]

    def own_matching(self, query: LogQuery) -> list[OwnRequest]:
        """Our open requests that deliver the same log."""
        return [own for own in self.own_open if own.delivers(query)]


class LogRequests:
    """The log requests of one planned site, recorded in the ledger under ``run_id``."""

    def __init__(self, client: MetricaClient, site: SitePlan, run_id: str) -> None:
        self.client = client
        self.site = site
        self.run_id = run_id

    def acquire(
        self, query: LogQuery, next_query: LogQuery | None = None
    ) -> AcquiredRequest | None:
        """The request that delivers a log; ``next_query`` is created ahead where the storage holds both.

        None where other requests of ours fill the storage, so that waiting helps. Creating is not
        idempotent: the intent is recorded before it and the number after it, and each attempt
        first checks the API's list and the ledger. Raises MetricaQuotaError when the storage is
        too small for the days and none of it is ours.
        """
        acquired: AcquiredRequest | None = self.client.retry(
            lambda: self._acquire(_Search(query, next_query))
        )
        return acquired

    def release(
        self, reason: str, is_selected: Callable[[OwnRequest], bool] = lambda _: True
    ) -> None:
        """Clean or cancel our open requests of this counter and source, never those of others."""
        listed = self.client.log_requests(self.site.counter_id)
        with open_warehouse() as warehouse:
            snapshot = self._snapshot(warehouse, listed)
        self._clean([own for own in snapshot.own_open if is_selected(own)], reason)

    def _acquire(self, search: _Search) -> AcquiredRequest | None:
        for _ in range(MAX_ROUNDS):
            acquired = self._try_round(search)
            if acquired or search.has_to_wait:
                return acquired
        raise BrokenResponseError(
            f"{search.query}: список заказов счётчика менялся при каждом чтении ({MAX_ROUNDS})."
        )

    def _try_round(self, search: _Search) -> AcquiredRequest | None:
        """Act on the present list and ledger; None where another round is needed, or waiting."""
        query, acquired = search.query, None
        listed = self.client.log_requests(query.counter_id)
        self._evaluate(search, listed)
        with open_warehouse() as warehouse:
            snapshot = self._snapshot(warehouse, listed)
            stale = [own for own in snapshot.own_matching(query) if not self._is_fresh(own)]
            if not stale:
                acquired = self._choose(warehouse, snapshot, search)
            if acquired and search.create_ahead:
                known = [*listed, acquired.request]
                self._create_ahead(warehouse, snapshot.ledger, search.create_ahead, known)
        # The warehouse is released before the calls below.
        if stale:
            self._clean(stale, "its days are requested again")
        elif not acquired and not search.is_in_progress:
            self._make_room(search, snapshot)
        return acquired

    def _evaluate(self, search: _Search, listed: Sequence[LogRequest]) -> None:
        """Evaluate what may be created in this round."""
        is_listed = any(not one.is_ended and one.matches(search.query) for one in listed)
        if search.evaluation is None and not is_listed:
            search.evaluation = self.client.evaluate(search.query)
        if search.next_query:
            if self._fit_both(search.query, search.next_query, listed):
                search.create_ahead = search.next_query
            search.next_query = None

    def _choose(
        self, warehouse: Warehouse, snapshot: _Snapshot, search: _Search
    ) -> AcquiredRequest | None:
        """Our own request, one of another login that is in progress, or a new one."""
        own = snapshot.own_matching(search.query)
        if own:
            best = max(own, key=lambda one: (one.request.is_processed, one.request.request_id))
            log.info("%s: reusing our request %d.", search.query, best.request.request_id)
            return AcquiredRequest(best.request, best.ordered_at)
        if search.is_in_progress:
            search.is_in_progress = False
            return _foreign(snapshot.open_matching(search.query), search.query)
        if search.evaluation and search.evaluation.possible:
            known_up_to = _highest_id(snapshot.listed)
            created = self._create(warehouse, snapshot.ledger, search.query, known_up_to)
            search.is_in_progress = created is None
            return created
        return None

    def _make_room(self, search: _Search, snapshot: _Snapshot) -> None:
        """Evaluate, clean what later logs of this site hold, or find that only waiting helps.

        Raises MetricaQuotaError with the numbers where no request of ours uses storage.
        """
        if search.evaluation is None:
            search.evaluation = self.client.evaluate(search.query)
        elif not search.evaluation.possible:
            if snapshot.own_open:
                self._clean(snapshot.own_open, "its storage was needed for an earlier log")
                search.evaluation = None
            elif any(own.is_open for own in snapshot.ledger.own_requests(snapshot.listed)):
                search.has_to_wait = True
            else:
                days = search.evaluation.max_possible_day_quantity
                raise logs_api.storage_full_error(snapshot.listed, search.query, days)

    def _is_fresh(self, own: OwnRequest) -> bool:
        return own.is_fresh(datetime.now(UTC), self.site.settling_days, self.site.time_zone)

    def _snapshot(self, warehouse: Warehouse, listed: Sequence[LogRequest]) -> _Snapshot:
        """List and ledger; what the list shows and the ledger misses is recorded first."""
        site = self.site
        ledger = read_ledger(warehouse, [site.counter_id])
        corrections = ledger.corrections(listed, site.counter_id, site.source)
        record_events(warehouse, self.run_id, corrections)
        own = ledger.own_requests(listed)
        return _Snapshot(
            listed,
            ledger,
            [one for one in own if one.is_open and one.request.source == site.source],
        )

    def _create(
        self, warehouse: Warehouse, ledger: Ledger, query: LogQuery, known_up_to: int
    ) -> AcquiredRequest | None:
        """Create between two records; None where the API says that an equal request is in progress."""
        at = datetime.now(UTC)

        def record(
            event: EventName, request_id: int = 0, message: str = "", known_up_to: int = 0
        ) -> None:
            key = RequestKey.of(query)
            one = RequestEvent(event, key, request_id, at, known_up_to, message)
            record_events(warehouse, self.run_id, [one])

        record("ordering", known_up_to=known_up_to)
        try:
            created = self.client.create(query)
        except TransientError:
            raise  # The API may have created it: the next attempt finds it by the intent.
        except MetricaError as error:
            record("given_up", message=str(error))
            raise
        if created is None:
            # If an earlier response was lost, the equal request may be ours: keep the intent.
            if not ledger.is_pending(query):
                record("given_up", message="an equal request is in progress")
            return None
        record("ordered", created.request_id)
        log.info("%s: created request %d.", query, created.request_id)
        return AcquiredRequest(created, at)

    def _fit_both(
        self, query: LogQuery, next_query: LogQuery, listed: Sequence[LogRequest]
    ) -> bool:
        """Whether ``next_query`` is not requested yet and the storage holds it beside ``query``."""
        open_ = [request for request in listed if not request.is_ended]
        if any(request.matches(next_query) for request in open_):
            return False
        evaluated = next_query
        # The API counts processed requests only: one that is not processed is evaluated with the next.
        if not any(one.is_processed and one.matches(query) for one in open_):
            span = Days(min(query.date1, next_query.date1), max(query.date2, next_query.date2))
            if len(split(span)) > 1:
                return False
            evaluated = query.model_copy(update={"date1": span.first, "date2": span.last})
        try:
            return self.client.evaluate(evaluated).possible
        except MetricaError as error:
            log.debug("%s: not created ahead: %s", next_query, error)
            return False

    def _create_ahead(
        self, warehouse: Warehouse, ledger: Ledger, query: LogQuery, known: Sequence[LogRequest]
    ) -> None:
        try:
            self._create(warehouse, ledger, query, _highest_id(known))
        except MetricaError as error:
            log.debug("%s: not created ahead: %s", query, error)

    def _clean(self, owns: Sequence[OwnRequest], reason: str) -> None:
        events = clean_own_requests(self.client, owns, reason)
        if events:
            with open_warehouse() as warehouse:
                record_events(warehouse, self.run_id, events)


def clean_own_requests(
    client: MetricaClient, owns: Iterable[OwnRequest], reason: str
) -> list[RequestEvent]:
    """Clean or cancel requests of ours at the API; the events to record in the ledger."""
    events = []
    for own in owns:
        logs_api.clean(client, own.request)
        is_published = own.state == "published"
        events.append(own.event("cleaned") if is_published else own.event("given_up", reason))
    return events


def _foreign(equal: Sequence[LogRequest], query: LogQuery) -> AcquiredRequest | None:
    """The request of another login that kept the API from creating ours; None if it no longer does."""
    if not equal:
        raise BrokenResponseError(f"{query}: такая же выгрузка готовится, но в списке её ещё нет.")
    pending = [request for request in equal if not request.is_processed]
    if not pending:
        return None
    request = max(pending, key=lambda one: one.request_id)
    log.info(
        "%s: the equal request %d of another login is in progress: waiting for it; its owner has to "
        "clean it.",
        query,
        request.request_id,
    )
    # It is not prepared yet, so that its data are at least as late as this moment.
    return AcquiredRequest(request, datetime.now(UTC))


def _highest_id(listed: Iterable[LogRequest]) -> int:
    return max((request.request_id for request in listed), default=0)
