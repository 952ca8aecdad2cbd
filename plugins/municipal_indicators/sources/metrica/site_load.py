"""What the load of a site does between its waits: order, download, publish, clean, the next log."""

from __future__ import annotations

import logging
import tempfile
import time
from dataclasses import asdict, dataclass, field, replace
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
from municipal_indicators.sources.metrica import log_request_steps
from municipal_indicators.sources.metrica.client import LogOrder, LogRequest, MetricaClient
from municipal_indicators.sources.metrica.fields import load_fields
from municipal_indicators.sources.metrica.hook import MetricaHook
from municipal_indicators.sources.metrica.log_requests import Ordering, clean_own
from municipal_indicators.sources.metrica.logs import PreparedLog, load_log
from municipal_indicators.sources.metrica.plan import Days, PlannedSite
from municipal_indicators.sources.metrica.request_ledger import Own, note, read_ledger
from municipal_indicators.sources.metrica.runs import note_progress, published_since
from municipal_indicators.warehouse.client import Warehouse, open_warehouse
from municipal_indicators.warehouse.load_ledger import Books

log = logging.getLogger(__name__)

MOST_ORDERS = 3

# What would meet the next order as well; anything else is told at the end, after the others were loaded.
_STOPPING = (
    ConfigurationError,
    MetricaAccessError,
    MetricaQuotaError,
    MetricaUnavailableError,
    WarehouseBusyError,
    WarehouseUnreachableError,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a load stands while it waits; made of plain values, since it lies in Airflow's database.

    ``index`` of the order among the planned ones, the how manieth request of it this is, its
    ``request_id`` (0 while it waits for storage, at most ``room_until``, a Unix time) and when it
    was ordered; what is loaded so far, what failed, and the orders that need no load.
    """

    index: int = 0
    number: int = 1
    request_id: int = 0
    requested_at: str = ""
    room_until: float = 0.0
    books: dict[str, int] = field(default_factory=lambda: asdict(Books()))
    failed: tuple[str, ...] = ()
    done: tuple[int, ...] = ()

    def next(self, books: Books | None = None, failure: str | None = None) -> Place:
        """The place before the following order."""
        added = asdict(books or Books())
        return Place(
            self.index + 1,
            books={name: count + added[name] for name, count in self.books.items()},
            failed=(*self.failed, failure) if failure else tuple(self.failed),
            done=tuple(self.done),
        )


class SiteLoad:
    """The planned orders of one site, one after another, over one connection."""

    def __init__(self, planned: dict[str, Any], metrica_conn_id: str, run_id: str) -> None:
        self.site = PlannedSite.model_validate(planned)
        self.orders = self.site.orders
        self.run_id = run_id
        self.client: MetricaClient = MetricaHook(metrica_conn_id).get_conn()
        self.ordering = Ordering(self.client, self.site, run_id)

    def begin(self, *, is_repeated: bool = False) -> Books | Place:
        """Load what can be loaded at once; a place where something has to be waited for.

        A repeated begin of the same plan leaves out what the earlier ones have published.
        """
        return self._go(Place(done=self._done() if is_repeated else ()))

    def go_on(self, event: dict[str, Any]) -> Books | Place:
        """Load what was waited for, and what follows; ``event`` is the trigger's.

        Raises MetricaUnavailableError when the wait was too long or the API out of reach, and
        MetricaQuotaError when no storage became free in time.
        """
        place = Place(**event["carried"])
        order = self.orders[place.index]
        if event["status"] == "unreachable":
            raise MetricaUnavailableError(event["message"])
        if event["status"] == "overdue" and not place.request_id:
            raise self._storage_full(order)
        if event["status"] == "overdue":
            raise MetricaUnavailableError(
                f"{order}: request {place.request_id} was not prepared in time. "
                "The API's queue is long by day: run the DAG again later."
            )
        return self._go(place)

    def release(self) -> None:
        """Give back all that this site holds at the API, after its load was given up for good."""
        self.ordering.give_back("its load failed for good")

    def _go(self, place: Place) -> Books | Place:
        while place.index < len(self.orders):
            if place.index in place.done:
                place = place.next()
                continue
            try:
                place, has_to_wait = self._step(place)
            except _STOPPING:
                raise
            except IndicatorsError as error:
                order = self.orders[place.index]
                log.error("%s: left out, the others go on: %s", order, error)
                self._give_back(order)
                place, has_to_wait = place.next(failure=str(error)), False
            if has_to_wait:
                return place
        if place.failed:
            raise MetricaError(
                f"{len(place.failed)} of {len(self.orders)} logs of counter {self.site.counter_id} were "
                f"not loaded, the others are published. Run the DAG again with the same dates: it loads "
                f"what is missing. {' | '.join(place.failed)}"
            )
        return Books(**place.books)

    def _step(self, place: Place) -> tuple[Place, bool]:
        """One step further, and whether something has to be waited for there."""
        order = self.orders[place.index]
        if place.request_id:
            request = self.client.log_request(order.counter_id, place.request_id)
        else:
            following = range(place.index + 1, len(self.orders))
            ahead = [self.orders[index] for index in following if index not in place.done][:1]
            held = self.ordering.hold(order, *ahead)
            if held is None:
                if place.room_until and time.time() > place.room_until:
                    raise self._storage_full(order)
                return place, True
            request = held.request
            place = replace(
                place,
                request_id=request.request_id,
                requested_at=held.ordered_at.isoformat(),
                room_until=0.0,
            )
        if request.is_ended:
            return self._again(place, request), False
        if not request.is_processed:
            return place, True
        with open_warehouse() as warehouse:
            try:
                books = self.publish(
                    warehouse, order, request, datetime.fromisoformat(place.requested_at)
                )
            except MetricaRequestError:
                request = self.client.log_request(request.counter_id, request.request_id)
                if request.is_processed:
                    raise
                return self._again(place, request), False
            own = self._note_published(warehouse, order, request)
        self._clean(own)
        return place.next(books), False

    def _done(self) -> tuple[int, ...]:
        """The orders whose days are published; what they left at the API is cleaned."""
        self.ordering.give_back("", lambda own: own.state == "published")
        site = self.site
        with open_warehouse() as warehouse:
            days = published_since(warehouse, site.source, site.counter_id, site.begun_at)
        done = tuple(
            index
            for index, order in enumerate(self.orders)
            if days.issuperset(Days(order.date1, order.date2))
        )
        log.info(
            "%d of %d logs of counter %d were loaded by this run already.",
            len(done),
            len(self.orders),
            site.counter_id,
        )
        return done

    def _give_back(self, order: LogOrder) -> None:
        self.ordering.give_back(
            "its load failed", lambda own: log_request_steps.equals(own.request, order)
        )

    def _storage_full(self, order: LogOrder) -> MetricaQuotaError:
        possible = self.client.evaluate(order).max_possible_day_quantity
        return log_request_steps.storage_full(
            self.client.log_requests(order.counter_id), order, possible
        )

    def publish(
        self, warehouse: Warehouse, order: LogOrder, request: LogRequest, requested_at: datetime
    ) -> Books:
        """Download a prepared request and publish its days, part by part; its books.

        Raises MetricaRequestError when its files are gone, and what ``load_log`` raises.
        """
        with tempfile.TemporaryDirectory(prefix="metrica-") as folder:
            parts = log_request_steps.download_parts(self.client, request, Path(folder))
            prepared = PreparedLog(order, parts, self.site.time_zone, requested_at)
            books = load_log(warehouse, prepared, load_fields(order.source))
        log.info("%s: %d days published: %s", order, len(prepared.days), asdict(books))
        return books

    def _note_published(
        self, warehouse: Warehouse, order: LogOrder, request: LogRequest
    ) -> list[Own]:
        """Note the publication; the request, if it is ours to clean."""
        ledger = read_ledger(warehouse, [order.counter_id])
        own = [replace(one, state="published") for one in ledger.ours([request])]
        note(warehouse, self.run_id, [one.note("published") for one in own])
        note_progress(warehouse, self.run_id, order.source, order.counter_id)
        return own

    def _clean(self, own: list[Own]) -> None:
        """Clean after publication; a failure is only told: the next run cleans it."""
        try:
            notes = clean_own(self.client, own, "")
        except MetricaError as error:
            log.warning("Not cleaned, which the next run does: %s", error)
            return
        if notes:
            with open_warehouse() as warehouse:
                note(warehouse, self.run_id, notes)

    def _again(self, place: Place, request: LogRequest) -> Place:
        if place.number >= MOST_ORDERS:
            raise MetricaError(
                f"{self.orders[place.index]}: ordered {place.number} times, and the last request, "
                f"{request.request_id}, is {request.status}. See who cancels or cleans it, or run the DAG "
                "again tomorrow."
            )
        log.warning("Request %d is %s: ordering again.", request.request_id, request.status)
        return replace(place, number=place.number + 1, request_id=0, requested_at="")
