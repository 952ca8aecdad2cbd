"""The ledger of our log requests (``ops.metrica_request_events``): which of the API's requests are ours."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from municipal_indicators.sources.metrica.api_models import LogQuery, LogRequest
from municipal_indicators.sources.metrica.attribution import present_field, present_model
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.load_ledger import not_before

log = logging.getLogger(__name__)

# ``ordering`` is recorded before a request is created, ``ordered`` when its number is known.
EventName = Literal["ordering", "ordered", "published", "cleaned", "given_up", "lost"]

# A log holds its days as they were when its request was created. Until they have settled, a night must
# not reuse the request of the night before, even if it starts a little earlier.
MAX_UNSETTLED_AGE = timedelta(hours=20)

_COLUMNS = (
    "event",
    "counter_id",
    "source",
    "date1",
    "date2",
    "fields_hash",
    "attribution",
    "request_id",
    "ordered_at",
    "known_up_to",
    "message",
    "run_id",
    "at",
)


@dataclass(frozen=True, slots=True)
class RequestKey:
    """What makes two log requests equal, with the present names of attribution models.

    ``fields_hash`` ignores the order of the fields.
    """

    counter_id: int
    source: str
    date1: date
    date2: date
    fields_hash: str
    attribution: str

    @classmethod
    def of(cls, subject: LogQuery | LogRequest) -> RequestKey:
        """The key of a query or of a request of the API."""
        return cls(
            subject.counter_id,
            subject.source,
            subject.date1,
            subject.date2,
            fields_hash(subject.fields),
            present_model(subject.attribution),
        )

    def matches(self, request: LogRequest) -> bool:
        """Whether a request has this key; an attribution that the API leaves out matches any."""
        other = RequestKey.of(request)
        if not other.attribution:
            other = replace(other, attribution=self.attribution)
        return self == other


@dataclass(frozen=True, slots=True)
class RequestEvent:
    """One event to record; ``request_id`` is 0 as long as the API has given no number."""

    event: EventName
    key: RequestKey
    request_id: int
    ordered_at: datetime
    known_up_to: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A request of ours as the ledger knows it; ``state`` is its last event."""

    request_id: int
    key: RequestKey
    ordered_at: datetime
    state: str

    @property
    def is_open(self) -> bool:
        """Whether it may still use storage, according to the ledger."""
        return self.state in ("ordered", "published")

    def is_about(self, request: LogRequest) -> bool:
        """Whether it is this request: the one of its number, whatever names the API shows for its fields.

        The days are compared since a restarted test service counts its numbers from the start again.
        """
        key = self.key
        return self.is_open and (key.counter_id, key.source, key.date1, key.date2) == (
            request.counter_id,
            request.source,
            request.date1,
            request.date2,
        )


@dataclass(frozen=True, slots=True)
class Intent:
    """A request that was about to be created and whose number is not known."""

    key: RequestKey
    recorded_at: datetime
    known_up_to: int

    def matches(self, request: LogRequest) -> bool:
        """Whether this request may be the result of it."""
        return request.request_id > self.known_up_to and self.key.matches(request)


@dataclass(frozen=True, slots=True)
class OwnRequest:
    """A request of ours in its present state at the API; ``key`` and ``state`` are the ledger's."""

    request: LogRequest
    ordered_at: datetime
    state: str
    key: RequestKey

    @property
    def is_open(self) -> bool:
        """Whether it uses storage or will use it."""
        return not self.request.is_ended

    def delivers(self, query: LogQuery) -> bool:
        """Whether it delivers what a query asks for, by what we ordered and not by what the API shows."""
        return self.key == RequestKey.of(query)

    def is_fresh(self, now: datetime, settling_days: int, time_zone: str) -> bool:
        """Whether its data may still be published: recent, or of days that had settled when created.

        What was published once is not published again: a repeated load creates a new request.
        """
        # What a clock ordered that was ahead may be as old as any.
        if self.state == "published" or self.ordered_at - now > MAX_UNSETTLED_AGE:
            return False
        ordered_on = self.ordered_at.astimezone(ZoneInfo(time_zone)).date()
        had_settled = (ordered_on - self.request.date2).days > settling_days
        return had_settled or now - self.ordered_at < MAX_UNSETTLED_AGE

    def event(self, event: EventName, message: str = "") -> RequestEvent:
        """An event of this request."""
        return RequestEvent(
            event,
            self.key,
            self.request.request_id,
            self.ordered_at,
            message=message,
        )


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the ledger knew of some counters when it was read; entries by counter and request."""

    entries: dict[tuple[int, int], LedgerEntry]
    intents: Sequence[Intent]

    def is_pending(self, query: LogQuery) -> bool:
        """Whether an equal request was created, or was about to be, and its number is not known."""
        key = RequestKey.of(query)
        return any(intent.key == key for intent in self.intents)

    def own_requests(self, listed: Iterable[LogRequest]) -> list[OwnRequest]:
        """Those of a counter's listed requests that are ours and not recorded as finished.

        If a killed run could not record the number of its request, it is the first request that
        matches the intent and is newer than all that were known before.
        """
        found, unknown = [], []
        for request in listed:
            entry = self.entries.get((request.counter_id, request.request_id))
            if entry and entry.is_about(request):
                found.append(OwnRequest(request, entry.ordered_at, entry.state, entry.key))
            else:
                unknown.append(request)
        for intent in self.intents:
            matching = [request for request in unknown if intent.matches(request)]
            if matching:
                first = min(matching, key=lambda request: request.request_id)
                found.append(OwnRequest(first, intent.recorded_at, "ordering", intent.key))
        return found

    def corrections(
        self, listed: Collection[LogRequest], counter_id: int, source: str
    ) -> list[RequestEvent]:
        """The events of a source's requests that the list of a counter shows and the ledger misses.

        Those of the other source are left out: its own load, which may be running, records them.
        """
        events = [
            event
            for own in self.own_requests(listed)
            if own.request.source == source
            for event in _corrections_of(own)
        ]
        shown = {request.request_id for request in listed}
        for entry in self.entries.values():
            if (
                (entry.key.counter_id, entry.key.source) == (counter_id, source)
                and entry.request_id not in shown
                and entry.is_open
            ):
                events.append(_unlisted(entry))
        return events


def fields_hash(names: Iterable[str]) -> str:
    """SHA-256 of field names in any order, each by its present name."""
    present = sorted(map(present_field, names))
    return hashlib.sha256(",".join(present).encode()).hexdigest()


def record_events(warehouse: Warehouse, run_id: str, events: Iterable[RequestEvent]) -> None:
    """Append events to the ledger, all in one insert."""
    events = list(events)
    last = warehouse.value(
        """
        SELECT maxOrNull(at) FROM ops.metrica_request_events WHERE counter_id IN {counters:Array(UInt32)}
        """,
        {"counters": sorted({one.key.counter_id for one in events})},
    )
    at = not_before(last, "Requests of Metrica")
    warehouse.insert(
        "ops.metrica_request_events",
        _COLUMNS,
        (
            (
                one.event,
                one.key.counter_id,
                one.key.source,
                one.key.date1,
                one.key.date2,
                one.key.fields_hash,
                one.key.attribution,
                one.request_id,
                one.ordered_at,
                one.known_up_to,
                one.message,
                run_id,
                at,
            )
            for one in events
        ),
    )


def read_ledger(warehouse: Warehouse, counter_ids: Iterable[int]) -> Ledger:
    """Our requests of these counters, and the intents whose result is not known."""
    counters = {"counters": sorted(set(counter_ids))}
    entries = warehouse.rows(
        """
        SELECT counter_id, source, date1, date2, fields_hash, attribution, request_id, ordered_at, state
        FROM ops.metrica_requests WHERE counter_id IN {counters:Array(UInt32)}
        """,
        counters,
    )
    # An intent is closed by the next number that is recorded, or by a rejection, which has none.
    intents = warehouse.rows(
        """
        SELECT counter_id, source, date1, date2, fields_hash, attribution,
               arrayMin(arrayMap(one -> one.1, open)), arrayMin(arrayMap(one -> one.2, open))
        FROM
        (
            SELECT counter_id, source, date1, date2, fields_hash, attribution,
                   maxIf(at, event = 'ordered' OR event = 'given_up' AND request_id = 0) AS closed_at,
                   arrayFilter(
                       one -> one.1 > closed_at, groupArrayIf((at, known_up_to), event = 'ordering')
                   ) AS open
            FROM ops.metrica_request_events
            WHERE counter_id IN {counters:Array(UInt32)}
            GROUP BY counter_id, source, date1, date2, fields_hash, attribution
        )
        WHERE notEmpty(open)
        """,
        counters,
    )
    return Ledger(
        {
            (key[0], request_id): LedgerEntry(request_id, RequestKey(*key), utc(ordered_at), state)
            for *key, request_id, ordered_at, state in entries
        },
        [
            Intent(RequestKey(*key), utc(recorded_at), known_up_to)
            for *key, recorded_at, known_up_to in intents
        ],
    )


def record_storage(
    warehouse: Warehouse, ledger: Ledger, listed: dict[int, list[LogRequest]]
) -> None:
    """Record which requests use the storage of each counter now, for ``ops.metrica_storage``.

    Requests that are not ours are logged.
    """
    at = datetime.now(UTC)
    rows: list[tuple[object, ...]] = []
    for counter_id, requests in listed.items():
        own_ids = {own.request.request_id for own in ledger.own_requests(requests)}
        held = [request for request in requests if not request.is_ended]
        rows += [_storage_row(request, at, request.request_id in own_ids) for request in held]
        if not held:
            rows.append((counter_id, at, 0, "", at.date(), at.date(), "", 0, "ours"))
    warehouse.insert(
        "ops.metrica_storage_snapshots",
        (
            "counter_id",
            "at",
            "request_id",
            "source",
            "date1",
            "date2",
            "status",
            "size",
            "owner",
        ),
        rows,
    )


def utc(moment: datetime) -> datetime:
    """A moment from the driver with its time zone."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _corrections_of(own: OwnRequest) -> Iterable[RequestEvent]:
    if own.state == "ordering":
        yield own.event("ordered", "found in the list: its run ended before recording it")
    if not own.is_open:
        event: EventName = "cleaned" if own.state == "published" else "lost"
        yield own.event(event, f"the API shows it as {own.request.status}")


def _unlisted(entry: LedgerEntry) -> RequestEvent:
    return RequestEvent(
        "cleaned" if entry.state == "published" else "lost",
        entry.key,
        entry.request_id,
        entry.ordered_at,
        message="the API does not list it any more",
    )


def _storage_row(request: LogRequest, at: datetime, is_own: bool) -> tuple[object, ...]:
    if not is_own:
        log.info(
            "Request %d of counter %d is not ours: %s %s…%s, %s, %.2f GB.",
            request.request_id,
            request.counter_id,
            request.source,
            request.date1,
            request.date2,
            request.status,
            (request.size or 0) / 1e9,
        )
    return (
        request.counter_id,
        at,
        request.request_id,
        request.source,
        request.date1,
        request.date2,
        request.status,
        request.size or 0,
        "ours" if is_own else "foreign",
    )
