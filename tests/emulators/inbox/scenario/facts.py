"""Invented talks of one week across a month's end: who asked what, when we answered, who saw it."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from tests.emulators.inbox.clock import MOSCOW
from tests.emulators.inbox.envelopes import Kind, message_id, reply_to
from tests.emulators.inbox.people import Person, crowd
from tests.emulators.inbox.scenario.notices import FORMATS, Ack, AnswerKind, Format

OURS = "MTSENSK_ADM"
OTHERS = "OREL_CITY_ADM"
PARTNER = "RRTR01"
START = datetime(2025, 3, 28, tzinfo=MOSCOW)
DAYS = 7
Role = Literal[
    "request", "test", "stand", "emulator", "broadcast", "cancel", "foreign", "own", "own test"
]

_KINDS = (
    ("FNS001", Kind("urn://x-artefacts-fns-vipul-tosmv-ru/311-14/4.0.5", "FNSVipULRequest")),
    ("FNS001", Kind("urn://x-artefacts-fns-vipul-tosmv-ru/311-14/4.0.6", "FNSVipULRequest")),
    ("RRTR01", Kind("urn://x-artefacts-rosreestr-gov-ru/land-category/1.1.2", "Request")),
    ("EPGU01", Kind("urn://x-artefacts-smev-gov-ru/pgs/address-assign/1.0.4", "Request")),
    ("ORLOBL_RPGU", Kind("http://epgu.gosuslugi.ru/concentrator/gpzu/1.0.2", "FormData")),
)
_OWN = Kind("urn://x-artefacts-rosreestr-gov-ru/egrn-statement/1.1.2", "Request")
_ODD_ROLES: tuple[Role, ...] = (
    *("test",) * 3,
    *("stand", "emulator") * 2,
    *("broadcast", "cancel", "foreign") * 2,
    *("own",) * 5,
    "own test",
)
_STEP = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; `id_at` is the time inside its id, None where the id is no UUID of version 1."""

    message: str
    sent_at: datetime
    id_at: datetime | None
    kind: AnswerKind
    reject_codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Talk:
    """One request with deliveries, acknowledgement and answers.

    `addresses` are the ReplyTo of each delivery; `is_opaque`: nobody can decode them, so that
    only their equality links an answer. `seen` says which formats noted a moment of the talk.
    """

    role: Role
    message: str
    id_at: datetime | None
    sender: str
    recipient: str | None
    kind: Kind
    sent_at: datetime
    chain: str
    deliveries: tuple[datetime, ...]
    addresses: tuple[str, ...]
    is_opaque: bool
    ack: Ack
    replies: tuple[Reply, ...]
    person: Person
    blind: frozenset[tuple[Format, str]]

    def is_seen(self, by: Format, moment: str) -> bool:
        """Whether the format noted the moment: `delivery 0`, `ack`, `reply 1`, `receipt 1` …"""
        return (by, "") not in self.blind and (by, moment) not in self.blind


def invent(seed: int, requests: int = 44) -> list[Talk]:
    """The talks in the order of sending; the first ones stand at the edges of the month."""
    rng = Random(f"{seed}/scenario")
    roles: list[Role] = [*_ODD_ROLES]
    roles[:0] = ["request"] * requests
    talks: list[Talk] = []
    for number, role in enumerate(roles):
        talks.append(_talk(rng, seed, number, role, talks))
    return sorted(talks, key=lambda one: one.sent_at)


def _talk(rng: Random, seed: int, number: int, role: Role, before: list[Talk]) -> Talk:
    sender, kind = rng.choice(_KINDS)
    sent_at = _moment(rng, number)
    message, id_at = _id(rng, sent_at, number * 20)
    is_own = role in ("own", "own test")
    repeats = 0 if is_own else rng.choices((0, 1, 3), (7, 2, 1))[0]
    first = sent_at + timedelta(seconds=rng.randrange(40, 900), milliseconds=rng.randrange(1000))
    deliveries = tuple(first + timedelta(minutes=15 * n) for n in range(repeats + 1))
    is_opaque = rng.random() < 0.25
    if role == "emulator":
        sender = rng.choice(("emu", "emuOLD"))
    names = [f"delivery {n}" for n in range(repeats + 1)]
    replies = tuple(_replies(rng, role, sent_at, number * 20))
    for n in range(len(replies)):
        names += [f"reply {n}", f"receipt {n}"]
    chained = [one.message for one in before if one.role == role]
    return Talk(
        role=role,
        message=message,
        id_at=id_at,
        sender=OURS if is_own else sender,
        recipient={"broadcast": None, "foreign": OTHERS}.get(role, PARTNER if is_own else OURS),
        kind=_OWN if is_own else kind,
        sent_at=sent_at,
        chain=rng.choice(chained) if chained and rng.random() < 0.2 else message,
        deliveries=deliveries,
        addresses=tuple(
            _address(message, kind, sender, n if rng.random() < 0.5 else 0, is_opaque)
            for n in range(repeats + 1)
        ),
        is_opaque=is_opaque,
        ack=rng.choices(("accepted", "refused"), (9, 1))[0] if not is_own else "none",
        replies=replies,
        person=rng.choice(crowd(seed)),
        blind=_blind(rng, role, [*names, "ack"]),
    )


def _moment(rng: Random, number: int) -> datetime:
    month_end = datetime(2025, 3, 31, 23, 30, tzinfo=MOSCOW)
    edges = (
        month_end,
        month_end + timedelta(minutes=30) - _STEP,
        month_end + timedelta(minutes=30),
        month_end + timedelta(hours=3),
        month_end - timedelta(hours=4),
    )
    if number < len(edges):
        return edges[number]
    seconds = rng.randrange(DAYS * 86_400 - 3600)
    return START + timedelta(
        seconds=seconds, milliseconds=rng.choice((0, 0, 0, rng.randrange(1000)))
    )


def _id(rng: Random, at: datetime, serial: int) -> tuple[str, datetime | None]:
    draw = rng.random()
    if draw < 0.08:
        return str(uuid.UUID(int=rng.getrandbits(128), version=4)), None
    # A sender's clock runs up to two seconds before SMEV's.
    id_at = at - timedelta(milliseconds=rng.choice((0, 0, 700, 1900)))
    return message_id(id_at, serial), id_at


def _replies(rng: Random, role: Role, sent_at: datetime, serial: int) -> Iterator[Reply]:
    if role in ("broadcast", "cancel", "foreign") or rng.random() < 0.15:
        return
    kinds: list[AnswerKind] = [rng.choice(("content", "content", "rejected"))]
    if role == "request" and rng.random() < 0.35:
        kinds.insert(0, "status")
    if role == "request" and rng.random() < 0.1:
        kinds.append("content")
    if role == "request" and rng.random() < 0.05:
        kinds = ["status"]
    at = sent_at
    for offset, kind in enumerate(kinds, start=1):
        hours = 0.3 if kind == "status" else rng.choice((1.0, 7.5, 48.0, 50.0, 70.0))
        at += timedelta(hours=hours, milliseconds=rng.choice((0, 0, rng.randrange(1000))))
        message, id_at = _id(rng, at, serial + offset)
        codes = ("NO_DATA", "FAILURE", "ACCESS_DENIED")[: rng.randrange(1, 4)]
        yield Reply(message, at, id_at, kind, codes if kind == "rejected" else ())


def _address(message: str, kind: Kind, sender: str, copy: int, is_opaque: bool) -> str:
    if is_opaque:
        return base64.b64encode(f"\x00opaque {message} {copy}".encode()).decode()
    return reply_to(message, kind=kind, mnemonic=sender, transaction=f"copy {copy}")


def _blind(rng: Random, role: Role, moments: list[str]) -> frozenset[tuple[Format, str]]:
    seeing = rng.sample(FORMATS, rng.choice((1, 2, 3, 3)))
    if role in ("stand", "cancel"):
        seeing = ["envelope"]
    missed = {(by, moment) for by in FORMATS for moment in moments if rng.random() < 0.08}
    return frozenset(missed | {(by, "") for by in FORMATS if by not in seeing})
