"""Invented SMEV conversations: who asked the administration what, and when it answered."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Literal

from tests.emulators.inbox.clock import MOSCOW, last_day
from tests.emulators.inbox.envelopes import Kind, message_id
from tests.emulators.inbox.people import Person, crowd

OURS = "MTSENSK_ADM"
OTHERS = "OREL_CITY_ADM"
Role = Literal["request", "test", "broadcast", "cancel", "foreign", "own"]
Source = Literal["soap", "journal", "text"]

_YEARLY = {2022: 452, 2023: 498, 2024: 547, 2025: 612, 2026: 668}
_SEASON = (-6, -2, 3, 1, -3, 4, -4, -2, 3, 5, 2, -1)
JOURNAL_FROM = date(2023, 7, 1)
"""The month of the first journal export."""
TEXT_LOG_MONTH = 11
"""The month of every year whose text log is kept."""

_KINDS: tuple[tuple[str, Kind, int], ...] = (
    ("RRTR01", Kind("urn://x-artefacts-rosreestr-gov-ru/land-category/1.1.2", "Request"), 9),
    ("FNS001", Kind("urn://x-artefacts-fns-vipul-tosmv-ru/311-14/4.0.5", "FNSVipULRequest"), 5),
    ("SFR001", Kind("http://kvs.pfr.com/family-composition/1.0.1", "FamilyRequest"), 6),
    ("MVDR01", Kind("urn://x-artefacts-mvd-gov-ru/address-check/1.3.0", "Request"), 4),
    ("MNSV03", Kind("urn://x-artefacts-minstroy-gov-ru/building-permit/2.0.0", "PermitRequest"), 4),
    ("ORLOBL01", Kind("urn://orel-region-ru/gpzu/1.0.0", "gpzuRequest"), 4),
    ("EPGU01", Kind("http://epgu.gosuslugi.ru/concentrator/kindergarten/3.1.0", "FormData"), 7),
    ("EPGU_PGS", Kind("urn://x-artefacts-smev-gov-ru/pgs/address-assign/1.0.4", "Request"), 4),
    ("ORLOBL_RPGU", Kind("http://epgu.gosuslugi.ru/concentrator/gpzu/1.0.2", "FormData"), 3),
)
"""Sender, kind of information and weight; the last three are the portals'."""

_OWN_KIND = Kind("urn://x-artefacts-rosreestr-gov-ru/egrn-statement/1.1.2", "Request")
_OWN_PARTNER = "RRTR01"


_TEXT_ONLY: frozenset[Source] = frozenset({"text"})


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to a conversation: final content, a rejection, or an intermediate status."""

    message: str
    sent_at: datetime
    rejection: str | None = None
    is_intermediate: bool = False


@dataclass(frozen=True, slots=True)
class Conversation:
    """One request with its deliveries and answers, and the logs that saw it."""

    message: str
    role: Role
    sender: str
    recipient: str | None
    kind: Kind
    sent_at: datetime
    deliveries: tuple[datetime, ...]
    answers: tuple[Answer, ...]
    sources: frozenset[Source]
    person: Person

    @property
    def counts(self) -> bool:
        """Whether it is a request to us (docs/smev.md#что-считается-полученным-запросом)."""
        return self.role == "request"


def expected_requests(month: date) -> int:
    """How many requests are sent to us in the month: about 450 in 2022, over 600 from 2025."""
    yearly = _YEARLY.get(month.year, _YEARLY[2026] if month.year > 2026 else _YEARLY[2022])
    before, after = (yearly * count // 12 for count in (month.month - 1, month.month))
    return after - before + _SEASON[month.month - 1]


def conversations(month: date, seed: int) -> Iterator[Conversation]:
    """All conversations begun in the month: counted ones first, then what must not count."""
    rng = Random(f"{seed}/conversations/{month}")
    serial = ((month.year - 2015) * 12 + month.month) * 1000
    count = expected_requests(month)
    for number in range(count):
        serial += 20
        text_only = month.month == TEXT_LOG_MONTH and number in (3, 4)
        yield _request(rng, month, serial, number, seed, text_only)
    roles: tuple[Role, ...] = ("test", "test", "broadcast", "cancel", "foreign", "foreign")
    for role in (*roles, *("own",) * 8):
        serial += 20
        yield _uncounted(rng, month, serial, role, seed)


def _request(
    rng: Random, month: date, serial: int, number: int, seed: int, text_only: bool
) -> Conversation:
    sender, kind, _ = rng.choices(_KINDS, [weight for *_, weight in _KINDS])[0]
    sent_at = _moment(rng, month, number)
    sources = _TEXT_ONLY if text_only else _sources(rng, month)
    deliveries = _deliveries(rng, sent_at) if not text_only else (sent_at + timedelta(seconds=9),)
    return Conversation(
        message=message_id(sent_at, serial),
        role="request",
        sender=sender,
        recipient=OURS,
        kind=_in_force(kind, month),
        sent_at=sent_at,
        deliveries=deliveries,
        answers=tuple(_answers(rng, sent_at, serial, text_only)),
        sources=sources,
        person=rng.choice(crowd(seed)),
    )


def _in_force(kind: Kind, month: date) -> Kind:
    # One kind lives on in a newer version, as kinds of information do.
    if kind.root == "FNSVipULRequest" and month.year >= 2025:
        return Kind(kind.namespace.replace("4.0.5", "4.0.6"), kind.root)
    return kind


def _moment(rng: Random, month: date, number: int) -> datetime:
    day, second = rng.randrange(1, last_day(month).day + 1), rng.randrange(7 * 3600, 21 * 3600)
    if number == 0:  # Sent before midnight of the last day, delivered in the next month.
        day, second = last_day(month).day, 24 * 3600 - rng.randrange(20, 90)
    if number in (3, 4):  # Answered within the month, whose text log may be the only witness.
        day = rng.randrange(2, 15)
    if number == 1:  # After midnight in Moscow, the month before in UTC.
        day, second = 1, rng.randrange(60, 2 * 3600)
    start = datetime(month.year, month.month, day, tzinfo=MOSCOW)
    return start + timedelta(seconds=second)


def _sources(rng: Random, month: date) -> frozenset[Source]:
    draw = rng.random()
    if month < JOURNAL_FROM or draw < 0.07:
        return frozenset({"soap"})
    return frozenset({"journal"}) if draw < 0.15 else frozenset({"soap", "journal"})


def _deliveries(rng: Random, sent_at: datetime) -> tuple[datetime, ...]:
    first = sent_at + timedelta(seconds=rng.randrange(95, 600), milliseconds=rng.randrange(1000))
    repeats = rng.choices((0, 1, 2, 3), (92, 5, 2, 1))[0]
    return tuple(first + timedelta(minutes=15 * number) for number in range(repeats + 1))


def _answers(rng: Random, sent_at: datetime, serial: int, whole: bool) -> Iterator[Answer]:
    def answer(
        hours: float, offset: int, rejection: str | None = None, intermediate: bool = False
    ) -> Answer:
        # A text log dates an answer by its line or its id: whole seconds make them agree.
        at = sent_at + timedelta(seconds=round(hours * 3600))
        at += timedelta(milliseconds=0 if whole else rng.randrange(1000))
        return Answer(message_id(at, serial + offset), at, rejection, intermediate)

    if rng.random() < 0.15 and not whole:
        yield answer(rng.uniform(0.3, 0.9), 1, intermediate=True)
    draw = rng.random()
    if draw < 0.06 and not whole:
        return
    late = draw < 0.13
    hours = rng.uniform(50, 200) if late else min(46.0, 1 + rng.expovariate(1 / 11))
    rejection = rng.choices(("NO_DATA", "FAILURE", "ACCESS_DENIED"), (8, 1, 1))[0]
    yield answer(hours, 2, rejection if rng.random() < 0.07 and not whole else None)
    if rng.random() < 0.02 and not whole:  # The first final answer is the one that counts.
        yield answer(hours + 5, 3)


def _uncounted(rng: Random, month: date, serial: int, role: Role, seed: int) -> Conversation:
    sender, kind, _ = rng.choices(_KINDS, [weight for *_, weight in _KINDS])[0]
    sent_at = _moment(rng, month, number=2)
    recipients = {"broadcast": None, "foreign": OTHERS, "own": _OWN_PARTNER}
    answered = role in ("test", "own")
    at = sent_at + timedelta(hours=3, milliseconds=rng.randrange(1000))
    return Conversation(
        message=message_id(sent_at, serial),
        role=role,
        sender=OURS if role == "own" else sender,
        recipient=recipients.get(role, OURS),
        kind=_OWN_KIND if role == "own" else kind,
        sent_at=sent_at,
        deliveries=_deliveries(rng, sent_at)[:1],
        answers=(Answer(message_id(at, serial + 2), at),) if answered else (),
        # The journal knows no kinds of message beyond requests and answers.
        sources=frozenset({"soap"}) if role in ("broadcast", "cancel") else _sources(rng, month),
        person=rng.choice(crowd(seed)),
    )
