"""Gets hold of the request for an order: adopted, ordered, waited for with its foreign owner, given back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from municipal_indicators.errors import MetricaError
from municipal_indicators.sources.metrica import log_request_steps
from municipal_indicators.sources.metrica.client import (
    BrokenError,
    Evaluation,
    LogOrder,
    LogRequest,
    MetricaClient,
    TransientError,
)
from municipal_indicators.sources.metrica.plan import Days, PlannedSite, cut
from municipal_indicators.sources.metrica.request_ledger import (
    Ledger,
    Note,
    Own,
    note,
    note_of,
    read_ledger,
)
from municipal_indicators.warehouse.client import Warehouse, open_warehouse

log = logging.getLogger(__name__)

# Each look either ends or changes what the next one finds; more of them means that somebody interferes.
MOST_LOOKS = 8


@dataclass(frozen=True, slots=True)
class Held:
    """The request that brings an order's days, and since when it is ordered."""

    request: LogRequest
    ordered_at: datetime


@dataclass(slots=True)
class _Search:
    """What the looks for one order have found so far."""

    order: LogOrder
    following: LogOrder | None
    room: Evaluation | None = None
    is_in_progress: bool = False
    has_to_wait: bool = False
    ahead: LogOrder | None = None


class Ordering:
    """Orders of one planned counter and source, noted in the ledger under ``run_id``."""

    def __init__(self, client: MetricaClient, site: PlannedSite, run_id: str) -> None:
        self.client = client
        self.site = site
        self.run_id = run_id

    def hold(self, order: LogOrder, following: LogOrder | None = None) -> Held | None:
        """The request for an order; ``following`` is ordered ahead where storage allows both.

        None where other requests of ours hold the storage, so that waiting helps. Creating is
        not idempotent: the intent is noted before and the number after it, and each attempt
        looks into list and ledger first. Raises MetricaQuotaError when the storage does not
        hold the days and none of it is ours.
        """
        held: Held | None = self.client.persist(lambda: self._hold(order, following))
        return held

    def give_back(self, why: str, is_meant: Callable[[Own], bool] = lambda _: True) -> None:
        """Clean or cancel open requests of ours of this counter and source; no one else's."""
        listed = self.client.log_requests(self.site.counter_id)
        with open_warehouse() as warehouse:
            ledger = self._look_up(warehouse, listed)
        self._clean([own for own in self._open(ledger, listed) if is_meant(own)], why)

    def _hold(self, order: LogOrder, following: LogOrder | None) -> Held | None:
        search = _Search(order, following)
        for _ in range(MOST_LOOKS):
            held = self._look(search)
            if held or search.has_to_wait:
                return held
        raise BrokenError(f"{order}: the counter's list of requests changed at each look.")

    def _look(self, search: _Search) -> Held | None:
        """Act on what list and ledger show now; None where the next look goes on from there."""
        order = search.order
        listed = self.client.log_requests(order.counter_id)
        equal = [one for one in listed if not one.is_ended and log_request_steps.equals(one, order)]
        if search.room is None and not equal:
            search.room = self.client.evaluate(order)
        if search.following:
            search.ahead = self._if_both_fit(order, search.following, listed)
            search.following = None
        with open_warehouse() as warehouse:
            ledger = self._look_up(warehouse, listed)
            open_ = self._open(ledger, listed)
            ours = [own for own in open_ if log_request_steps.equals(own.request, order)]
            stale = [own for own in ours if not self._is_fresh(own)]
            held = None
            if not stale:
                held = self._take(warehouse, ledger, search, ours, listed, equal)
            if held and search.ahead:
                self._order_ahead(warehouse, ledger, search.ahead, [*listed, held.request])
        # The warehouse is closed again: what follows are calls.
        if stale:
            self._clean(stale, "its days are loaded anew")
        elif not held and not search.is_in_progress:
            self._find_room(search, ledger, listed, open_)
        return held

    def _take(
        self,
        warehouse: Warehouse,
        ledger: Ledger,
        search: _Search,
        ours: Sequence[Own],
        listed: Sequence[LogRequest],
        equal: Sequence[LogRequest],
    ) -> Held | None:
        """Our own request, the foreign one that is in progress, or a new one."""
        if ours:
            best = max(ours, key=lambda own: (own.request.is_processed, own.request.request_id))
            log.info("%s: taking over our request %d.", search.order, best.request.request_id)
            return Held(best.request, best.ordered_at)
        if search.is_in_progress:
            search.is_in_progress = False
            return _foreign(equal, search.order)
        if search.room and search.room.possible:
            held = self._create(warehouse, ledger, search.order, _highest(listed))
            search.is_in_progress = held is None
            return held
        return None

    def _find_room(
        self,
        search: _Search,
        ledger: Ledger,
        listed: Sequence[LogRequest],
        open_: Sequence[Own],
    ) -> None:
        """Evaluate, or give back what later orders of this site hold, or say that only waiting helps.

        Raises MetricaQuotaError with the numbers where no request of ours holds anything.
        """
        if search.room is None:
            search.room = self.client.evaluate(search.order)
        elif not search.room.possible:
            if open_:
                self._clean(open_, "its storage was needed for an earlier order")
                search.room = None
            elif any(own.is_open for own in ledger.ours(listed)):
                search.has_to_wait = True
            else:
                days = search.room.max_possible_day_quantity
                raise log_request_steps.storage_full(listed, search.order, days)

    def _is_fresh(self, own: Own) -> bool:
        return own.is_fresh(datetime.now(UTC), self.site.settling_days, self.site.time_zone)

    def _look_up(self, warehouse: Warehouse, listed: Sequence[LogRequest]) -> Ledger:
        """The ledger, after it has learned what the list tells."""
        ledger = read_ledger(warehouse, [self.site.counter_id])
        note(
            warehouse,
            self.run_id,
            ledger.corrections(listed, self.site.counter_id, self.site.source),
        )
        return ledger

    def _open(self, ledger: Ledger, listed: Iterable[LogRequest]) -> list[Own]:
        return [
            own
            for own in ledger.ours(listed)
            if own.is_open and own.request.source == self.site.source
        ]

    def _create(
        self, warehouse: Warehouse, ledger: Ledger, order: LogOrder, known_up_to: int
    ) -> Held | None:
        """Order between two notes; None where the API says that an equal request is in progress."""
        at = datetime.now(UTC)
        note(warehouse, self.run_id, [note_of("ordering", order, 0, at, known_up_to=known_up_to)])
        try:
            created = self.client.create(order)
        except TransientError:
            raise  # it may have been taken: the next look finds it by the intent
        except MetricaError as error:
            note(warehouse, self.run_id, [note_of("given_up", order, 0, at, str(error))])
            raise
        if created is None:
            # After an order without an answer, the equal request may be what came of that one.
            if not ledger.is_pending(order):
                message = "an equal request is in progress"
                note(warehouse, self.run_id, [note_of("given_up", order, 0, at, message)])
            return None
        note(warehouse, self.run_id, [note_of("ordered", order, created.request_id, at)])
        log.info("%s: ordered as request %d.", order, created.request_id)
        return Held(created, at)

    def _if_both_fit(
        self, order: LogOrder, following: LogOrder, listed: Sequence[LogRequest]
    ) -> LogOrder | None:
        """``following``, if it is not ordered yet and the storage holds it beside ``order``."""
        open_ = [request for request in listed if not request.is_ended]
        if any(log_request_steps.equals(request, following) for request in open_):
            return None
        is_counted = any(one.is_processed and log_request_steps.equals(one, order) for one in open_)
        span = Days(min(order.date1, following.date1), max(order.date2, following.date2))
        # The API counts what is prepared only: an order that is not yet has to be asked for with it.
        asked = (
            following
            if is_counted
            else order.model_copy(update={"date1": span.first, "date2": span.last})
        )
        if not is_counted and len(cut(span)) > 1:
            return None
        try:
            return following if self.client.evaluate(asked).possible else None
        except MetricaError as error:
            log.debug("%s: not ordered ahead: %s", following, error)
            return None

    def _order_ahead(
        self, warehouse: Warehouse, ledger: Ledger, order: LogOrder, known: Sequence[LogRequest]
    ) -> None:
        try:
            self._create(warehouse, ledger, order, _highest(known))
        except MetricaError as error:
            log.debug("%s: not ordered ahead: %s", order, error)

    def _clean(self, owns: Sequence[Own], why: str) -> None:
        notes = clean_own(self.client, owns, why)
        if notes:
            with open_warehouse() as warehouse:
                note(warehouse, self.run_id, notes)


def clean_own(client: MetricaClient, owns: Iterable[Own], why: str) -> list[Note]:
    """Clean or cancel requests of ours at the API; what the ledger has to be told of it."""
    notes = []
    for own in owns:
        log_request_steps.clean(client, own.request)
        notes.append(own.note("cleaned") if own.state == "published" else own.note("given_up", why))
    return notes


def _foreign(equal: Sequence[LogRequest], order: LogOrder) -> Held | None:
    """The request of another login that kept the API from taking our order; None if it no longer does."""
    if not equal:
        raise BrokenError(
            f"{order}: an equal request is in progress, but the list does not show it yet."
        )
    pending = [request for request in equal if not request.is_processed]
    if not pending:
        return None
    request = max(pending, key=lambda one: one.request_id)
    log.info(
        "%s: request %d of another login is the same and in progress: waiting for that one, which "
        "its owner has to clean.",
        order,
        request.request_id,
    )
    # It is still to be prepared, so that its days are at least as late as this moment.
    return Held(request, datetime.now(UTC))


def _highest(listed: Iterable[LogRequest]) -> int:
    return max((request.request_id for request in listed), default=0)
