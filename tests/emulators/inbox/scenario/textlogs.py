"""The talks as entries of the adapter's text log: four patterns, two encodings, stack traces, rubbish."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from tests.emulators.inbox import textlog
from tests.emulators.inbox.people import Person
from tests.emulators.inbox.scenario.facts import OURS, Reply, Talk
from tests.emulators.inbox.scenario.notices import Notice

_WRITTEN_AFTER = timedelta(milliseconds=120)
RUBBISH = (
    b"\x00\x01\x02\xff\xfe\x98 binary dump \x80\x81\r",
    "Старт службы адаптера".encode(),
    b"<ns2:MessageID>00000000-0000-1000-8000-000000000000</ns2:MessageID>",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: its event line, the lines below it, and what it says (its time is set when written)."""

    at: datetime
    text: str
    notice: Notice
    level: str = "INFO"
    below: tuple[str, ...] = ()


def entries(talk: Talk, rng: Random) -> Iterator[Entry]:
    """Every entry that the log holds of the talk."""
    if talk.role in ("own", "own test"):
        yield from _own(talk)
        return
    for number, at in enumerate(talk.deliveries):
        if talk.is_seen("text", f"delivery {number}"):
            yield _delivery(talk, at + _WRITTEN_AFTER, rng)
    if talk.ack != "none" and talk.is_seen("text", "ack"):
        yield _ack(talk)
    for number, reply in enumerate(talk.replies):
        if talk.is_seen("text", f"reply {number}"):
            yield _reply(talk, reply)


def _delivery(talk: Talk, at: datetime, rng: Random) -> Entry:
    recipient, namespace = talk.recipient or "", talk.kind.namespace
    text = textlog.request_received(
        talk.message.upper() if rng.random() < 0.2 else talk.message,
        sender=talk.sender,
        recipient=recipient,
        namespace=namespace,
    )
    message_type = "BROADCAST" if talk.role == "broadcast" else "REQUEST"
    text = text.replace("messageType=REQUEST", f"messageType={message_type}")
    if not recipient:
        text = text.replace(" recipient=", "")
    if rng.random() < 0.4:  # The text log often lacks the kind of information.
        text, namespace = text.replace(f" namespace={namespace}", ""), ""
    notice = Notice(
        "text",
        "GetRequestResponse",
        "in",
        message_type,
        message=talk.message,
        sender=talk.sender,
        recipient=recipient,
        namespace=namespace,
        is_test=talk.role == "emulator",
    )
    xml = (
        f"  <fio>{talk.person.name}</fio>",
        f"  <snils>{talk.person.snils}</snils>",
        "</Request>",
    )
    return Entry(at, text, notice, below=xml if rng.random() < 0.2 else ())


def _ack(talk: Talk) -> Entry:
    at, is_refused = talk.deliveries[-1] + timedelta(seconds=1), talk.ack == "refused"
    notice = Notice(
        "text",
        "AckRequest",
        "out",
        "ERROR" if is_refused else "QUERY",
        message=talk.message,
        smev_error=501 if is_refused else 0,
        ack=talk.ack,
    )
    said = textlog.ack_refused if is_refused else textlog.ack_sent
    return Entry(at, said(talk.message), notice, level="WARN" if is_refused else "INFO")


def _reply(talk: Talk, reply: Reply) -> Entry:
    notice = Notice(
        "text",
        "SendResponseRequest",
        "out",
        "RESPONSE",
        message=reply.message,
        original=talk.message,
        answer="content",  # All that the line says; the better witnesses know of refusals.
    )
    return Entry(
        reply.sent_at + _WRITTEN_AFTER, textlog.answer_sent(reply.message, talk.message), notice
    )


def _own(talk: Talk) -> Iterator[Entry]:
    if talk.is_seen("text", "delivery 0"):
        namespace = talk.kind.namespace
        notice = Notice(
            "text",
            "SendRequestRequest",
            "out",
            "REQUEST",
            message=talk.message,
            sender=OURS,
            recipient=talk.recipient or "",
            namespace=namespace,
        )
        text = textlog.own_request_sent(
            talk.message, sender=OURS, recipient=talk.recipient or "", namespace=namespace
        )
        yield Entry(talk.sent_at, text, notice)
    for number, reply in enumerate(talk.replies):
        if talk.is_seen("text", f"reply {number}"):
            notice = Notice(
                "text",
                "GetResponseResponse",
                "in",
                "RESPONSE",
                message=reply.message,
                original=talk.message,
                answer="content",
            )
            yield Entry(
                reply.sent_at, textlog.own_answer_received(reply.message, talk.message), notice
            )


def trouble(at: datetime, number: int, person: Person) -> Entry:
    """A timeout with its stack trace, a validation error or a warning; the last two name persons."""
    trace, *below = textlog.timeout().split("\n")
    text, fault, error = (
        (trace, "Timeout", 0),
        (textlog.invalid_value(person.address), "InvalidContent", 403),
        (textlog.certificate_expires(person.name), "CertificateExpiresSoon", 0),
    )[number % 3]
    notice = Notice("text", "Fault", "unknown", "ERROR", fault=fault, smev_error=error)
    return Entry(at, text, notice, "ERROR", tuple(below) if number % 3 == 0 else ())


def poll(at: datetime) -> Entry:
    """A call that found the queue empty."""
    notice = Notice("text", "GetRequestResponse", "in", "QUERY")
    return Entry(at, textlog.EMPTY_POLL, notice, level="DEBUG")
