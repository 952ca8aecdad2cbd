"""Log requests: which are valid, their life cycle, and the storage that they use."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import count
from threading import RLock
from typing import Any
from zoneinfo import ZoneInfo

from tests.emulators.metrica import fields as registry
from tests.emulators.metrica.errors import ApiError, invalid, missing, not_found
from tests.emulators.metrica.faults import Faults
from tests.emulators.metrica.fields import UnknownFieldError
from tests.emulators.metrica.hits import Hit, visit_hits
from tests.emulators.metrica.parts import Part, Settings, Table, build_parts, bulk_parts
from tests.emulators.metrica.style import Style
from tests.emulators.metrica.visits import (
    DEFAULT_SITE,
    HISTORY_START,
    Visit,
    day_visits,
    moved_visit,
)

MAX_FIELDS_LENGTH = 3000
FINAL = {
    "processing_failed",
    "canceled",
    "cleaned_by_user",
    "cleaned_automatically_as_too_old",
}
PROCESSED = "processed"
BULK_ROW_BYTES = 300
NOT_PROCESSED = "Only log of requests in status 'processed' can be downloaded"


@dataclass(frozen=True, slots=True)
class Counter:
    """A site's counter; there are no visits before `created`.

    `first_time_zone` is the one that it had before its settings were changed: the visits keep their
    instants, and all days, old ones too, are cut by the present zone (docs/metrica-api.md#fields).
    """

    id: int
    name: str = "Официальный сайт администрации"
    time_zone: str = "Europe/Moscow"
    site: str = DEFAULT_SITE
    created: date = HISTORY_START
    first_time_zone: str = ""

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the counter's days."""
        return ZoneInfo(self.time_zone)


@dataclass(frozen=True, slots=True)
class Order:
    """The parameters of a create or evaluate call; equal ones make identical requests."""

    counter_id: int
    source: str
    date1: date
    date2: date
    fields: tuple[str, ...]
    attribution: str


@dataclass(slots=True)
class LogRequest:
    """One request of the Logs API and its files; the API does not show whose it is."""

    request_id: int
    order: Order
    ordered_on: date
    waiting: list[str]
    status: str
    parts: list[Part] | None = field(default=None, repr=False)
    size: int | None = None
    is_foreign: bool = False
    ready_at: float = 0.0

    @property
    def is_pending(self) -> bool:
        """Neither processed nor ended."""
        return self.status != PROCESSED and self.status not in FINAL

    def as_json(self, source_form: str, *, is_renamed: bool = False) -> dict[str, Any]:
        """The LogRequest object (docs/metrica-api.md#log-requests); with size and parts once it has files.

        `is_renamed` shows old attribution models by the names that answer them.
        """
        order = present_names(self.order) if is_renamed else self.order
        answer: dict[str, Any] = {
            "request_id": self.request_id,
            "counter_id": order.counter_id,
            "source": [order.source] if source_form == "array" else order.source,
            "date1": str(order.date1),
            "date2": str(order.date2),
            "fields": list(order.fields),
            "status": self.status,
            "attribution": order.attribution,
        }
        if self.size is not None:
            answer["size"] = self.size
        if self.parts is not None:
            answer["parts"] = [
                {"part_number": part.number, "size": part.size} for part in self.parts
            ]
        return answer


@dataclass(slots=True)
class LogStore:
    """All log requests of all counters, under one lock; `monotonic` is its clock, in seconds."""

    settings: Settings
    faults: Faults
    monotonic: Callable[[], float] = time.monotonic
    requests: dict[int, LogRequest] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock)
    _numbers: Iterator[int] = field(default_factory=lambda: count(40_120_001))

    def read_order(self, counter: Counter, parameters: dict[str, list[str]], today: date) -> Order:
        """Check the parameters of create and evaluate in the same order as the service."""
        values = {name: ",".join(texts) for name, texts in parameters.items()}
        for name in ("date1", "date2", "fields", "source"):
            if not values.get(name):
                raise missing(name)
        source = values["source"]
        if source not in registry.PREFIXES:
            raise invalid(f"Wrong parameter: source={source}", "source")
        date1, date2 = _period(values["date1"], values["date2"], today)
        attribution = values.get("attribution", "LASTSIGN").upper()
        if attribution.lower() not in registry.MODELS:
            raise invalid(f"Wrong parameter: attribution={attribution}", "attribution")
        names = _field_names(values["fields"])
        order = Order(counter.id, source, date1, date2, names, attribution)
        self._table(order, counter)
        return order

    def evaluate(self, order: Order, counter: Counter) -> dict[str, Any]:
        """Whether the period fits (docs/metrica-api.md#log-requests); the days may be 0 or negative."""
        with self.lock:
            days = self._free_bytes(counter.id) // self._bytes_per_day(order, counter)
        if self.faults.possible_days is not None:
            days = self.faults.possible_days
        ordered = (order.date2 - order.date1).days + 1
        return {"possible": ordered <= days, "max_possible_day_quantity": days}

    def create(self, order: Order, counter: Counter, today: date) -> LogRequest | None:
        """Queue a request; None where an identical one is in progress."""
        with self.lock:
            if any(r.order == order and r.is_pending for r in self.requests.values()):
                return None
            queue = [
                r
                for r in self.requests.values()
                if r.order.counter_id == counter.id and r.is_pending
            ]
            if self.settings.queue_limit is not None and len(queue) >= self.settings.queue_limit:
                raise ApiError(400, "limit_exceeded", "Too many log requests in the queue")
            if not self.evaluate(order, counter)["possible"]:
                raise ApiError(400, "limit_exceeded", "Log request quota is exceeded")
            polls = max(0, self.settings.polls)
            script = self.faults.next_script() or ["created"] * (polls + 1) + [PROCESSED]
            request = LogRequest(next(self._numbers), order, today, script[1:], script[0])
            days = (order.date2 - order.date1).days + 1
            request.ready_at = self.monotonic() + (
                self.settings.prepare_seconds + days * self.settings.prepare_day_seconds
            )
            self.requests[request.request_id] = request
            return request

    def look(self, counter: Counter, request_id: int) -> LogRequest:
        """One request as a poll sees it, after the time that passes between polls."""
        with self.lock:
            request = self.find(counter.id, request_id)
            self._advance(request, counter)
            return request

    def look_at_all(self, counter: Counter) -> list[LogRequest]:
        """All requests of the counter, also ended ones; this polls each of them."""
        with self.lock:
            mine = [r for r in self.requests.values() if r.order.counter_id == counter.id]
            for request in mine:
                self._advance(request, counter)
            return mine

    def find(self, counter_id: int, request_id: int) -> LogRequest:
        """A request of this counter; raises ApiError 404."""
        request = self.requests.get(request_id)
        if request is None or request.order.counter_id != counter_id:
            raise not_found(f"log request {request_id}")
        return request

    def part(self, counter_id: int, request_id: int, number: int) -> Part:
        """A file ready for download; raises ApiError as the API does (docs/metrica-api.md#errors)."""
        with self.lock:
            request = self.find(counter_id, request_id)
            if request.status != PROCESSED:
                raise invalid(NOT_PROCESSED)
            for part in request.parts or ():
                if part.number == number:
                    return part
        raise invalid("Incorrect part number")

    def clean(self, counter_id: int, request_id: int) -> LogRequest:
        """Delete the files of a processed request."""
        with self.lock:
            request = self.find(counter_id, request_id)
            if request.status != PROCESSED:
                raise invalid("Only log of requests in status 'processed' can be cleaned")
            _end(request, "cleaned_by_user")
            return request

    def cancel(self, counter_id: int, request_id: int) -> LogRequest:
        """Cancel a request that is not processed yet."""
        with self.lock:
            request = self.find(counter_id, request_id)
            if not request.is_pending:
                raise invalid("Only log of requests not yet processed can be canceled")
            _end(request, "canceled")
            return request

    def expire(self, request_id: int) -> None:
        """Let the service delete the files, as it does after an undocumented time."""
        with self.lock:
            _end(self.requests[request_id], "cleaned_automatically_as_too_old")

    def occupy(self, counter_id: int, size: int, on: date) -> LogRequest:
        """A processed request of another login, which uses `size` bytes of the storage."""
        with self.lock:
            order = Order(counter_id, "visits", on, on, ("ym:s:visitID",), "LAST")
            return self._add_foreign(LogRequest(0, order, on, [], PROCESSED, [], size))

    def order_by_another(
        self, order: Order, counter: Counter, today: date, statuses: Sequence[str]
    ) -> LogRequest:
        """A request of another login, which may equal ours; it shows these statuses, one per poll."""
        with self.lock:
            request = LogRequest(0, order, today, list(statuses[1:]), statuses[0])
            if request.status == PROCESSED:
                self._process(request, counter)
            return self._add_foreign(request)

    def _add_foreign(self, request: LogRequest) -> LogRequest:
        request.request_id, request.is_foreign = next(self._numbers), True
        self.requests[request.request_id] = request
        return request

    def visits(self, counter: Counter, day: date, today: date) -> list[Visit]:
        """A day's visits as known `today`."""
        if not counter.first_time_zone:
            return self._visits(counter, day, today)
        near = (day + timedelta(n) for n in range(-2, 3))
        moved = (
            moved_visit(visit, ZoneInfo(counter.first_time_zone), counter.zone)
            for each in near
            for visit in self._visits(counter, each, today)
        )
        return [visit for visit in moved if visit.day == day]

    def _visits(self, counter: Counter, day: date, today: date) -> list[Visit]:
        if day < counter.created or day > today:
            return []
        settled = (today - day).days > self.settings.settling_days
        return day_visits(
            counter.id, day, settled=settled, seed=self.settings.seed, site=counter.site
        )

    def hits(self, counter: Counter, day: date, today: date) -> list[Hit]:
        """A day's hits as known `today`: those of its visits."""
        return _hits(self.visits(counter, day, today))

    def _advance(self, request: LogRequest, counter: Counter) -> None:
        if request.waiting and request.is_pending and self.monotonic() >= request.ready_at:
            request.status = request.waiting.pop(0)
            if request.status == PROCESSED:
                self._process(request, counter)

    def _process(self, request: LogRequest, counter: Counter) -> None:
        order = request.order
        days = (order.date1 + timedelta(n) for n in range((order.date2 - order.date1).days + 1))
        if bulk := self.settings.bulk:
            request.parts = bulk_parts(
                bulk, counter.id, days, order.source, order.fields, self.settings
            )
        else:
            rows_of = self.visits if order.source == "visits" else self.hits
            rows = (row for day in days for row in rows_of(counter, day, request.ordered_on))
            table = self._table(order, counter)
            request.parts = build_parts(table, rows, self.settings, self.faults)
        request.size = sum(part.size for part in request.parts)
        lost = self.faults.lost_parts
        request.parts = [part for part in request.parts if part.number not in lost]

    def _table(self, order: Order, counter: Counter) -> Table:
        settings = self.settings
        style = Style(counter.zone, settings.dialect, settings.true_utc, settings.visit_ids_since)
        model = order.attribution.lower()
        bulk = settings.bulk
        if bulk and (unknown := bulk.unknown(order.source, order.fields)):
            raise invalid(str(UnknownFieldError(unknown, order.source)), "fields")
        for name in order.fields:
            if name in self.faults.refused_fields:
                raise invalid(str(UnknownFieldError(name, order.source)), "fields")
        try:
            cells = registry.cells(order.fields, order.source, model, style)
        except UnknownFieldError as error:
            raise invalid(str(error), "fields") from None
        return Table(tuple(registry.header(n, model) for n in order.fields), tuple(cells))

    def _free_bytes(self, counter_id: int) -> int:
        held = sum(
            request.size or 0
            for request in self.requests.values()
            if request.order.counter_id == counter_id and request.status == PROCESSED
        )
        return self.settings.quota_bytes - held

    def _bytes_per_day(self, order: Order, counter: Counter) -> int:
        if bulk := self.settings.bulk:
            return bulk.rows * BULK_ROW_BYTES
        table = self._table(order, counter)
        visits = day_visits(counter.id, order.date2, seed=self.settings.seed, site=counter.site)
        rows = visits if order.source == "visits" else _hits(visits)
        parts = build_parts(table, rows, Settings(parts_per_request=1), Faults())
        return max(1, sum(part.size for part in parts))


def present_names(order: Order) -> Order:
    """An order with the names of the attribution models that answer it since 2026-06-18."""
    fields = tuple(registry.present_name(name) for name in order.fields)
    model = order.attribution.lower()
    attribution = registry.PRESENT_MODELS.get(model, model).upper()
    return replace(order, fields=fields, attribution=attribution)


def _hits(visits: list[Visit]) -> list[Hit]:
    return [hit for visit in visits for hit in visit_hits(visit)]


def _end(request: LogRequest, status: str) -> None:
    request.status = status
    request.parts = None
    request.waiting.clear()


def _field_names(text: str) -> tuple[str, ...]:
    if len(text) > MAX_FIELDS_LENGTH:
        raise invalid(f"Parameter fields is longer than {MAX_FIELDS_LENGTH} characters", "fields")
    return tuple(text.split(","))


def _period(text1: str, text2: str, today: date) -> tuple[date, date]:
    date1, date2 = _day(text1, "date1"), _day(text2, "date2")
    if date1 > date2:
        raise invalid("date1 is later than date2", "date1")
    if date2 >= today:
        raise invalid("date2 must be before the current day", "date2")
    if date2 >= _year_later(date1):
        raise invalid("The period is longer than one year", "date2")
    return date1, date2


def _day(text: str, name: str) -> date:
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise invalid(f"Wrong date format: {name}={text}", name)


def _year_later(day: date) -> date:
    if (day.month, day.day) == (2, 29):
        return date(day.year + 1, 3, 1)
    return day.replace(year=day.year + 1)
