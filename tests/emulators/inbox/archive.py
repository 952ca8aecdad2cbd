"""The monthly zip of SOAP envelopes that an administration keeps of its SMEV traffic."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

from tests.emulators.inbox import envelopes
from tests.emulators.inbox.clock import moscow
from tests.emulators.inbox.conversations import OURS, Conversation
from tests.emulators.inbox.envelopes import Dialect
from tests.emulators.inbox.items import Item, Written
from tests.emulators.inbox.people import crowd
from tests.emulators.inbox.tables import write_file, zip_bytes
from tests.emulators.inbox.truth import BadPiece

_DIALECTS = (
    Dialect("1.1", "soap", "ns2", ""),
    Dialect("1.2", "S", "", "b"),
    Dialect("1.3", "soapenv", "typ", "bas"),
    Dialect("1.2", "soap", "ns2", ""),
    Dialect("1.3", "env", "q1", "q2"),
)
_CANCEL_DIALECT = Dialect("1.1", "soap", "ns2", "")


def write_archive(
    folder: Path, month: date, order: int, items: Sequence[Item], seed: int, dated: datetime
) -> Written:
    """Write the zip of the month; every fourth month two of its members are damaged."""
    dialect = _DIALECTS[order % len(_DIALECTS)]
    rng = Random(f"{seed}/zip/{month}")
    members: dict[str, bytes] = {}
    for item in items:
        for content in _envelopes(item, dialect, rng):
            members[_member(month, order, len(members), item, rng)] = content
    for content in _noise(dialect, rng.choice(crowd(seed)).address):
        members[f"misc/{len(members):06d}.xml"] = content
    damaged = {"misc/cut.xml": b"<soap:Envelope><soap:Bo", "misc/empty.xml": b""}
    if month.month % 4:
        damaged = {}
    path = folder / f"{month.year}" / f"smev_{OURS}_{month:%Y%m}.zip"
    write_file(path, zip_bytes(members | damaged, dated), dated)
    bad = tuple(BadPiece(path, "", "damaged envelope", member=name) for name in damaged)
    return Written(path, len(members) + len(damaged), bad)


def _member(month: date, order: int, number: int, item: Item, rng: Random) -> str:
    day = moscow(item.at).day
    way = "in" if item.what in ("delivery", "own answer") else "out"
    names = (
        f"{day:02d}/{way}/{{{rng.getrandbits(64):016x}}}.xml",
        f"{month:%Y_%m}_{day:02d}/{number}.xml.{way.upper()}",
        f"{way}/{number:06d}.xml",
    )
    return names[order % len(names)]


def _envelopes(item: Item, dialect: Dialect, rng: Random) -> Iterator[bytes]:
    one = item.of
    if item.what == "delivery":
        yield _delivery(item, dialect, rng)
        if item.attempt == len(one.deliveries):
            yield envelopes.ack_request(one.message, dialect=dialect)
    elif item.what == "own request":
        yield envelopes.send_request_request(
            message=one.message, kind=one.kind, payload=_payload(one), dialect=dialect
        )
        yield envelopes.send_request_response(
            message=one.message, sender=OURS, sent_at=one.sent_at, dialect=dialect
        )
    elif item.what == "own answer":
        yield _own_answer(item, dialect)
    else:
        yield from _response(item, dialect)


def _delivery(item: Item, dialect: Dialect, rng: Random) -> bytes:
    one = item.of
    content = envelopes.get_request_response(
        message=one.message,
        sender=one.sender,
        recipient=one.recipient,
        kind=one.kind,
        sent_at=one.sent_at,
        delivered_at=item.at,
        payload=_payload(one),
        message_type={"broadcast": "BROADCAST", "cancel": "CANCEL"}.get(one.role, "REQUEST"),
        is_test=one.role == "test",
        status=rng.choice(("requestIsAcceptedBySmev", "responseIsDelivered", "underProcessing")),
        dialect=_CANCEL_DIALECT if one.role == "cancel" else dialect,
    )
    draw = rng.random()
    if draw < 0.03:
        return envelopes.multipart(content)
    return b"\xef\xbb\xbf" + content if draw < 0.06 else content


def _payload(one: Conversation) -> str:
    person = one.person
    return envelopes.personal_payload(
        {
            "fio": person.name,
            "snils": person.snils,
            "passport": person.passport,
            "email": person.email,
        },
        {"ИННФЛ": person.inn, "Телефон": person.phone, "Адрес": person.address},
    )


def _response(item: Item, dialect: Dialect) -> Iterator[bytes]:
    one, answer = item.of, item.answer
    assert answer is not None
    rejections: list[tuple[str, str]] = []
    if answer.rejection:
        rejections = [(answer.rejection, f"Сведения о лице {one.person.name} отсутствуют")]
    yield envelopes.send_response_request(
        message=answer.message,
        to=envelopes.reply_to(one.message, kind=one.kind, mnemonic=one.sender),
        kind=one.kind,
        payload=_payload(one),
        rejections=rejections,
        status=(10, f"Запрос {one.person.email} принят") if answer.is_intermediate else None,
        dialect=dialect,
    )
    yield envelopes.send_response_response(
        message=answer.message, sender=OURS, sent_at=answer.sent_at, dialect=dialect
    )


def _own_answer(item: Item, dialect: Dialect) -> bytes:
    one, answer = item.of, item.answer
    assert answer is not None
    return envelopes.get_response_response(
        message=answer.message,
        original=one.message,
        to=envelopes.reply_to(one.message, kind=one.kind, mnemonic=OURS),
        sender=one.recipient or "",
        recipient=OURS,
        sent_at=answer.sent_at,
        delivered_at=answer.sent_at + timedelta(minutes=2),
        kind=one.kind,
        payload=_payload(one),
        dialect=dialect,
    )


def _noise(dialect: Dialect, address: str) -> Iterator[bytes]:
    for _ in range(5):
        yield envelopes.empty_poll("GetRequestResponse", dialect)
        yield envelopes.empty_poll("GetResponseResponse", dialect)
    yield envelopes.fault(f"SMEV-403: значение '{address}' не соответствует типу", dialect=dialect)
