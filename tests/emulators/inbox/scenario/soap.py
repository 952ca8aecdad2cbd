"""The talks as XML messages: all versions, wrappers and encodings of docs/smev.md#три-формата."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

from tests.emulators.inbox import envelopes
from tests.emulators.inbox.clock import smev_stamp
from tests.emulators.inbox.envelopes import Dialect
from tests.emulators.inbox.scenario.facts import OURS, PARTNER, Reply, Talk
from tests.emulators.inbox.scenario.notices import Notice

_ADAPTER = "urn://x-artefacts-smev-gov-ru/services/service-adapter/types"
_BASIC = "urn://x-artefacts-smev-gov-ru/services/message-exchange/types/basic"
_SOAP_11, _SOAP_12 = (
    b"http://schemas.xmlsoap.org/soap/envelope/",
    b"http://www.w3.org/2003/05/soap-envelope",
)
_DIALECTS = (
    Dialect("1.1", "soap", "ns2", ""),
    Dialect("1.1", "SOAP-ENV", "ns3", "ns2"),
    Dialect("1.2", "S", "", "b"),
    Dialect("1.2", "soap", "ns2", ""),
    Dialect("1.3", "soapenv", "typ", "bas"),
    Dialect("1.3", "ns2", "soap", "ns1"),
)
FAULTS = (
    ("InvalidContent", 403, "значение '{person}' не соответствует типу"),
    ("AccessDenied", 100, "владелец сертификата {person}"),
    ("DestinationOverflow", 600, "очередь получателя переполнена"),
    ("TargetMessageIsNotFound", 501, "сообщение для подтверждения не найдено"),
)


@dataclass(frozen=True, slots=True)
class Piece:
    """One XML message, the moment it was written and what it says."""

    at: datetime
    content: bytes
    notice: Notice


def pieces(talk: Talk, rng: Random) -> Iterator[Piece]:
    """Every XML message that the archive holds of the talk."""
    if talk.role in ("own", "own test"):
        yield from _own(talk, rng)
        return
    for number, at in enumerate(talk.deliveries):
        if talk.is_seen("envelope", f"delivery {number}"):
            write = _query_result if _by_adapter(talk, rng) else _delivery
            yield write(talk, number, at, rng)
    if talk.ack != "none" and talk.is_seen("envelope", "ack"):
        yield _ack(talk, rng)
    for number, reply in enumerate(talk.replies):
        if talk.is_seen("envelope", f"reply {number}"):
            yield _reply(talk, reply, rng)
        if talk.is_seen("envelope", f"receipt {number}"):
            yield _receipt(reply, rng)


def _by_adapter(talk: Talk, rng: Random) -> bool:
    return talk.role in ("request", "test") and rng.random() < 0.12


def _delivery(talk: Talk, number: int, at: datetime, rng: Random) -> Piece:
    message_type = {"broadcast": "BROADCAST", "cancel": "CANCEL"}.get(talk.role, "REQUEST")
    dialect = _DIALECTS[0] if talk.role == "cancel" else rng.choice(_DIALECTS)
    content = envelopes.get_request_response(
        message=_spelled(talk.message, rng),
        sender=talk.sender,
        recipient=talk.recipient,
        kind=talk.kind,
        sent_at=talk.sent_at,
        delivered_at=at,
        payload=_payload(talk),
        message_type=message_type,
        is_test=talk.role == "test",
        return_address=talk.addresses[number],
        transaction=f"{talk.message}|00000000000000000000|{talk.person.name}",
        reference=talk.chain,
        status=rng.choice(("requestIsAcceptedBySmev", "responseIsDelivered", "underProcessing")),
        dialect=dialect,
    )
    if talk.role == "stand":
        t = f"{dialect.types}:" if dialect.types else ""
        name = f"<{t}Sender><{t}HumanReadableName>ЕПГУ (svcdev)</{t}HumanReadableName>"
        content = content.replace(f"<{t}Sender>".encode(), name.encode())
    notice = replace(
        _request_notice(talk),
        message_type=message_type,
        mid="" if talk.is_opaque else talk.message,
        address=talk.addresses[number],
        delivered_at=at,
        is_test=talk.role in ("test", "stand", "emulator"),
    )
    return Piece(at, _wrapped(content, rng), notice)


def _request_notice(talk: Talk) -> Notice:
    return Notice(
        "envelope",
        "GetRequestResponse",
        "in",
        "REQUEST",
        message=talk.message,
        chain=talk.chain,
        sender=talk.sender,
        recipient=talk.recipient or "",
        namespace=talk.kind.namespace,
        root=talk.kind.root,
        is_test=talk.role in ("test", "emulator"),
        sent_at=talk.sent_at,
    )


def _query_result(talk: Talk, number: int, at: datetime, rng: Random) -> Piece:
    """The adapter's own file: no time of delivery, plain mnemonics."""
    prefix = rng.choice(("ns1", "tns", "a"))
    flag = f"<{prefix}:testMessage>true</{prefix}:testMessage>" if talk.role == "test" else ""
    content = f"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<{prefix}:QueryResult xmlns:{prefix}="{_ADAPTER}"><{prefix}:smevMetadata>
<{prefix}:MessageId>{_spelled(talk.message, rng)}</{prefix}:MessageId>
<{prefix}:ReferenceMessageID>{talk.chain}</{prefix}:ReferenceMessageID>
<{prefix}:TransactionCode>{talk.message}|000|{talk.person.snils}</{prefix}:TransactionCode>
<{prefix}:Sender>{talk.sender}</{prefix}:Sender>
<{prefix}:Recipient>{talk.recipient or ""}</{prefix}:Recipient>
<{prefix}:SendingDate>{smev_stamp(talk.sent_at)}</{prefix}:SendingDate></{prefix}:smevMetadata>
<{prefix}:Message xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:type="{prefix}:RequestMessageType">
<{prefix}:RequestMetadata><{prefix}:clientId>{number}</{prefix}:clientId>{flag}</{prefix}:RequestMetadata>
<{prefix}:RequestContent><{prefix}:content><b:MessagePrimaryContent xmlns:b="{_BASIC}/1.2">
<q:{talk.kind.root} xmlns:q="{talk.kind.namespace}">{_payload(talk)}</q:{talk.kind.root}>
</b:MessagePrimaryContent></{prefix}:content></{prefix}:RequestContent></{prefix}:Message></{prefix}:QueryResult>"""
    return Piece(at, content.encode(), _request_notice(talk))


def _ack(talk: Talk, rng: Random) -> Piece:
    content = envelopes.ack_request(
        _spelled(talk.message, rng), accepted=talk.ack == "accepted", dialect=rng.choice(_DIALECTS)
    )
    if talk.ack == "accepted" and rng.random() < 0.3:  # The flag is optional since schema 1.2.
        content = content.replace(b' accepted="true"', b"")
    notice = Notice("envelope", "AckRequest", "out", "", message=talk.message, ack=talk.ack)
    return Piece(talk.deliveries[-1], _wrapped(content, rng), notice)


def _reply(talk: Talk, reply: Reply, rng: Random) -> Piece:
    said = f"Сведения о лице {talk.person.name} {talk.person.phone}"
    is_content, address = reply.kind == "content", talk.addresses[-1]
    notice = Notice(
        "envelope",
        "SendResponseRequest",
        "out",
        "RESPONSE",
        message=reply.message,
        mid="" if talk.is_opaque else talk.message,
        address=address,
        namespace=talk.kind.namespace if is_content else "",
        root=talk.kind.root if is_content else "",
        answer=reply.kind,
        reject_code=reply.reject_codes[0] if reply.reject_codes else "",
    )
    if is_content and rng.random() < 0.12:
        notice = replace(notice, mid=talk.message, address="")
        return Piece(reply.sent_at, _client_message(talk, reply), notice)
    content = envelopes.send_response_request(
        message=_spelled(reply.message, rng),
        to=address,
        kind=talk.kind if is_content else None,
        payload=_payload(talk),
        rejections=[(code, said) for code in reply.reject_codes],
        status=(10, said) if reply.kind == "status" else None,
        dialect=rng.choice(_DIALECTS),
    )
    return Piece(reply.sent_at, _wrapped(content, rng), notice)


def _client_message(talk: Talk, reply: Reply) -> bytes:
    return f"""<ns1:ClientMessage xmlns:ns1="{_ADAPTER}"><ns1:itSystem>{talk.person.name}</ns1:itSystem>
<ns1:ResponseMessage><ns1:ResponseMetadata><ns1:clientId>{reply.message}</ns1:clientId>
<ns1:replyToClientId>{talk.message.upper()}</ns1:replyToClientId></ns1:ResponseMetadata>
<ns1:ResponseContent><ns1:content><b:MessagePrimaryContent xmlns:b="{_BASIC}/1.3">
<q:{talk.kind.root} xmlns:q="{talk.kind.namespace}">{_payload(talk)}</q:{talk.kind.root}>
</b:MessagePrimaryContent></ns1:content></ns1:ResponseContent></ns1:ResponseMessage></ns1:ClientMessage>""".encode()


def _receipt(reply: Reply, rng: Random) -> Piece:
    content = envelopes.send_response_response(
        message=_spelled(reply.message, rng),
        sender=OURS,
        sent_at=reply.sent_at,
        dialect=rng.choice(_DIALECTS),
    )
    notice = Notice(
        "envelope",
        "SendResponseResponse",
        "out",
        "RESPONSE",
        message=reply.message,
        sender=OURS,
        sent_at=reply.sent_at,
    )
    return Piece(reply.sent_at, _wrapped(content, rng), notice)


def _own(talk: Talk, rng: Random) -> Iterator[Piece]:
    dialect = rng.choice(_DIALECTS)
    is_test = talk.role == "own test"
    named = Notice(
        "envelope",
        "SendRequestRequest",
        "out",
        "REQUEST",
        message=talk.message,
        namespace=talk.kind.namespace,
        root=talk.kind.root,
        is_test=is_test,
    )
    if talk.is_seen("envelope", "delivery 0"):
        content = envelopes.send_request_request(
            message=talk.message,
            kind=talk.kind,
            payload=_payload(talk),
            is_test=is_test,
            dialect=dialect,
        )
        yield Piece(talk.sent_at, _wrapped(content, rng), named)
        receipt = envelopes.send_request_response(
            message=talk.message, sender=OURS, sent_at=talk.sent_at, dialect=dialect
        )
        notice = Notice(
            "envelope",
            "SendRequestResponse",
            "out",
            "REQUEST",
            message=talk.message,
            sender=OURS,
            sent_at=talk.sent_at,
        )
        yield Piece(talk.sent_at, _wrapped(receipt, rng), notice)
    for number, reply in enumerate(talk.replies):
        if talk.is_seen("envelope", f"reply {number}"):
            yield _own_answer(talk, reply, dialect, rng)


def _own_answer(talk: Talk, reply: Reply, dialect: Dialect, rng: Random) -> Piece:
    is_content, at = reply.kind == "content", talk.deliveries[0]
    content = envelopes.get_response_response(
        message=reply.message,
        original=talk.message,
        to=talk.addresses[0],
        sender=PARTNER,
        recipient=OURS,
        sent_at=reply.sent_at,
        delivered_at=at,
        kind=talk.kind if is_content else None,
        payload=_payload(talk),
        rejections=[(code, talk.person.address) for code in reply.reject_codes],
        dialect=dialect,
    )
    notice = Notice(
        "envelope",
        "GetResponseResponse",
        "in",
        "RESPONSE",
        message=reply.message,
        original=talk.message,
        mid="" if talk.is_opaque else talk.message,
        address=talk.addresses[0],
        sender=PARTNER,
        recipient=OURS,
        namespace=talk.kind.namespace if is_content else "",
        root=talk.kind.root if is_content else "",
        sent_at=reply.sent_at,
        delivered_at=at,
        answer=reply.kind,
        reject_code=reply.reject_codes[0] if reply.reject_codes else "",
    )
    return Piece(reply.sent_at, _wrapped(content, rng), notice)


def poll(operation: str, rng: Random) -> tuple[bytes, Notice]:
    """An empty answer of a queue."""
    content = envelopes.empty_poll(operation, rng.choice(_DIALECTS))
    return _wrapped(content, rng), Notice("envelope", operation, "in", "")


def fault(number: int, person: str, rng: Random) -> tuple[bytes, Notice]:
    """A refusal of SMEV; PRODUCTION_AREA stands in its code, whatever the contour."""
    name, error, words = FAULTS[number % len(FAULTS)]
    words = f"SMEV-{error}: {words.format(person=person)} [{number}]"
    content = envelopes.fault(words, name=name, dialect=rng.choice(_DIALECTS))
    notice = Notice("envelope", "Fault", "unknown", "ERROR", fault=name, smev_error=error)
    return content, notice


def _payload(talk: Talk) -> str:
    """A person's data, and the envelope's own names under another version, which are no envelope."""
    person = talk.person
    decoy = (
        '<ns2:MessageMetadata xmlns:ns2="urn://x-artefacts-smev-gov-ru/services/message-exchange/'
        'types/1.2"><ns2:MessageId>00000000-0000-1000-8000-000000000000</ns2:MessageId>'
        "<ns2:MessageType>REQUEST</ns2:MessageType><ns2:TestMessage/></ns2:MessageMetadata>"
    )
    return decoy + envelopes.personal_payload(
        {"sur": person.name, "snils": person.snils, "docSeries": person.passport},
        {"ИННФЛ": person.inn, "Телефон": person.phone, "Адрес": person.address},
    )


def _spelled(message: str, rng: Random) -> str:
    return message.upper() if rng.random() < 0.2 else message


def _wrapped(content: bytes, rng: Random) -> bytes:
    draw = rng.random()
    if draw < 0.1:
        return envelopes.multipart(content)
    if draw < 0.2:
        return b"\xef\xbb\xbf" + content
    if draw < 0.3:
        return content.decode().encode("windows-1251")  # Re-saved by hand: it still declares UTF-8.
    if draw < 0.4:
        return re.sub(rb"^.*?:Body>|</[^>]*:Body>.*$", b"", content, flags=re.DOTALL)
    return content.replace(_SOAP_11, _SOAP_12) if draw < 0.5 else content
