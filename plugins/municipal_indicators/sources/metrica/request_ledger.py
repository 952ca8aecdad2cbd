"""The ledger of our log requests (``ops.metrica_request_events``): which of the API's requests are ours."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from municipal_indicators.sources.metrica.client import LogOrder, LogRequest
from municipal_indicators.warehouse.client import Warehouse

log = logging.getLogger(__name__)

Event = Literal["ordering", "ordered", "published", "cleaned", "given_up", "lost"]

# A prepared log shows its days as they were when it was ordered. Until they have settled, a night must not
# take over what the night before has ordered, even if it starts a little earlier.
YOUNG = timedelta(hours=20)

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
class Note:
    """One event to note: of a request, or of an order that has no number yet."""

    event: Event
    counter_id: int
    source: str
    date1: date
    date2: date
    fields_hash: str
    attribution: str
    request_id: int
    ordered_at: datetime
    known_up_to: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A request of ours as the ledger knows it; ``state`` is its last event."""

    counter_id: int
    request_id: int
    source: str
    date1: date
    date2: date
    fields_hash: str
    attribution: str
    ordered_at: datetime
    state: str

    @property
    def is_open(self) -> bool:
        """Whether it may still hold storage, by what was noted."""
        return self.state in ("ordered", "published")

    def is_of(self, request: LogRequest) -> bool:
        """Whether it is this request: a test service that is started anew counts from the start again."""
        return (
            self.is_open
            and (self.source, self.date1, self.date2)
            == (request.source, request.date1, request.date2)
            and self.fields_hash == fields_hash(request.fields)
        )


@dataclass(frozen=True, slots=True)
class Intent:
    """An order that was about to be sent and whose number is not known."""

    counter_id: int
    source: str
    date1: date
    date2: date
    fields_hash: str
    attribution: str
    noted_at: datetime
    known_up_to: int

    def fits(self, request: LogRequest) -> bool:
        """Whether this request may be what came of it."""
        return (
            request.request_id > self.known_up_to
            and (request.counter_id, request.source) == (self.counter_id, self.source)
            and (request.date1, request.date2) == (self.date1, self.date2)
            and fields_hash(request.fields) == self.fields_hash
            and request.attribution.upper() in ("", self.attribution)
        )


@dataclass(frozen=True, slots=True)
class Own:
    """A request of ours in its present state at the API, and what the ledger says of it."""

    request: LogRequest
    ordered_at: datetime
    state: str

    @property
    def is_open(self) -> bool:
        """Whether it still holds or will hold storage."""
        return not self.request.is_ended

    def is_fresh(self, now: datetime, settling_days: int, time_zone: str) -> bool:
        """Whether its data may still be published: young, or of days that had settled when ordered.

        What was published from it once is not published again: a repeated load asks anew.
        """
        if self.state == "published":
            return False
        ordered_on = self.ordered_at.astimezone(ZoneInfo(time_zone)).date()
        had_settled = (ordered_on - self.request.date2).days > settling_days
        return had_settled or now - self.ordered_at < YOUNG

    def note(self, event: Event, message: str = "") -> Note:
        """An event of this request."""
        return note_of(event, self.request, self.request.request_id, self.ordered_at, message)


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the ledger knew of some counters when it was read."""

    entries: dict[tuple[int, int], Entry]
    intents: Sequence[Intent]

    def is_pending(self, order: LogOrder) -> bool:
        """Whether an equal order was sent, or was about to be, and its number is not known."""
        wanted = fields_hash(order.fields)
        return any(
            (one.counter_id, one.source, one.date1, one.date2, one.fields_hash, one.attribution)
            == (
                order.counter_id,
                order.source,
                order.date1,
                order.date2,
                wanted,
                order.attribution,
            )
            for one in self.intents
        )

    def ours(self, listed: Iterable[LogRequest]) -> list[Own]:
        """Those of a counter's listed requests that are ours and not noted as done with.

        One whose number a killed run could not note is the first that equals its intent and
        is newer than all that were known before the order.
        """
        found, unknown = [], []
        for request in listed:
            entry = self.entries.get((request.counter_id, request.request_id))
            if entry and entry.is_of(request):
                found.append(Own(request, entry.ordered_at, entry.state))
            else:
                unknown.append(request)
        for intent in self.intents:
            fitting = [request for request in unknown if intent.fits(request)]
            if fitting:
                first = min(fitting, key=lambda request: request.request_id)
                found.append(Own(first, intent.noted_at, "ordering"))
        return found

    def corrections(
        self, listed: Collection[LogRequest], counter_id: int, source: str
    ) -> list[Note]:
        """What the list of a counter tells of a source's requests that the ledger does not know yet."""
        notes = []
        for own in self.ours(listed):
            # The other source may be loaded at this moment: what it does is its own to note.
            if own.request.source != source:
                continue
            if own.state == "ordering":
                notes.append(
                    own.note("ordered", "found in the list: its run ended before noting it")
                )
            if not own.is_open and own.state in ("ordering", "ordered"):
                notes.append(own.note("lost", f"the API shows it as {own.request.status}"))
            if not own.is_open and own.state == "published":
                notes.append(own.note("cleaned", f"the API shows it as {own.request.status}"))
        shown = {request.request_id for request in listed}
        for entry in self.entries.values():
            if (
                (entry.counter_id, entry.source) == (counter_id, source)
                and entry.request_id not in shown
                and entry.is_open
            ):
                notes.append(_gone(entry))
        return notes


def fields_hash(names: Iterable[str]) -> str:
    """SHA-256 of field names, whatever their order."""
    return hashlib.sha256(",".join(sorted(names)).encode()).hexdigest()


def note_of(
    event: Event,
    about: LogOrder | LogRequest,
    request_id: int,
    ordered_at: datetime,
    message: str = "",
    known_up_to: int = 0,
) -> Note:
    """An event of an order or a request; ``request_id`` is 0 as long as there is none."""
    return Note(
        event,
        about.counter_id,
        about.source,
        about.date1,
        about.date2,
        fields_hash(about.fields),
        about.attribution.upper(),
        request_id,
        ordered_at,
        known_up_to,
        message,
    )


def note(warehouse: Warehouse, run_id: str, notes: Iterable[Note]) -> None:
    """Append events to the ledger, all in one insert."""
    at = datetime.now(UTC)
    warehouse.insert(
        "ops.metrica_request_events",
        _COLUMNS,
        (
            (
                one.event,
                one.counter_id,
                one.source,
                one.date1,
                one.date2,
                one.fields_hash,
                one.attribution,
                one.request_id,
                one.ordered_at,
                one.known_up_to,
                one.message,
                run_id,
                at,
            )
            for one in notes
        ),
    )


def read_ledger(warehouse: Warehouse, counter_ids: Iterable[int]) -> Ledger:
    """Our requests of these counters, and the orders that may have become one."""
    counters = {"counters": sorted(set(counter_ids))}
    entries = warehouse.rows(
        """
        SELECT counter_id, request_id, source, date1, date2, fields_hash, attribution, ordered_at, state
        FROM ops.metrica_requests WHERE counter_id IN {counters:Array(UInt32)}
        """,
        counters,
    )
    # An order is answered for by the next number that is noted, or by a refusal, which has none.
    intents = warehouse.rows(
        """
        SELECT counter_id, source, date1, date2, fields_hash, attribution,
               arrayMin(arrayMap(one -> one.1, open)), arrayMin(arrayMap(one -> one.2, open))
        FROM
        (
            SELECT counter_id, source, date1, date2, fields_hash, attribution,
                   maxIf(at, event = 'ordered' OR event = 'given_up' AND request_id = 0) AS answered_at,
                   arrayFilter(
                       one -> one.1 > answered_at, groupArrayIf((at, known_up_to), event = 'ordering')
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
        {(row[0], row[1]): replace(Entry(*row), ordered_at=utc(row[7])) for row in entries},
        [replace(Intent(*row), noted_at=utc(row[6])) for row in intents],
    )


def note_storage(warehouse: Warehouse, ledger: Ledger, listed: dict[int, list[LogRequest]]) -> None:
    """Keep who holds storage of each counter now, for ``ops.metrica_storage``; tell of foreign requests."""
    at = datetime.now(UTC)
    rows: list[tuple[object, ...]] = []
    for counter_id, requests in listed.items():
        held = [request for request in requests if not request.is_ended]
        ours = {own.request.request_id for own in ledger.ours(requests)}
        for request in held:
            owner = "ours" if request.request_id in ours else "foreign"
            if owner == "foreign":
                log.info(
                    "Request %d of counter %d is not ours: %s %s…%s, %s, %.2f GB.",
                    request.request_id,
                    counter_id,
                    request.source,
                    request.date1,
                    request.date2,
                    request.status,
                    (request.size or 0) / 1e9,
                )
            rows.append(
                (
                    counter_id,
                    at,
                    request.request_id,
                    request.source,
                    request.date1,
                    request.date2,
                    request.status,
                    request.size or 0,
                    owner,
                )
            )
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
    """A moment as the driver gives it, with its zone said."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _gone(entry: Entry) -> Note:
    return Note(
        "cleaned" if entry.state == "published" else "lost",
        entry.counter_id,
        entry.source,
        entry.date1,
        entry.date2,
        entry.fields_hash,
        entry.attribution,
        entry.request_id,
        entry.ordered_at,
        message="the API does not list it any more",
    )
