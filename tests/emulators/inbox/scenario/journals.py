"""The talks as lines of the adapter's journal, in the spellings of its versions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.emulators.inbox.journal import journal_line
from tests.emulators.inbox.scenario.facts import OURS, Reply, Talk
from tests.emulators.inbox.scenario.notices import Notice

_WRITTEN_AFTER = timedelta(milliseconds=350)


@dataclass(frozen=True, slots=True)
class Note:
    """One line to write: its fields by our names, and what they say."""

    at: datetime
    fields: dict[str, Any]
    notice: Notice


def notes(talk: Talk) -> Iterator[Note]:
    """Every line that the journal holds of the talk."""
    if talk.role in ("own", "own test"):
        yield from _own(talk)
        return
    for number, at in enumerate(talk.deliveries):
        if talk.is_seen("journal", f"delivery {number}"):
            yield _request(talk, "GetRequestResponse", at + _WRITTEN_AFTER, at, number + 1)
    if talk.ack != "none" and talk.is_seen("journal", "ack"):
        yield _ack(talk)
    for number, reply in enumerate(talk.replies):
        if talk.is_seen("journal", f"reply {number}"):
            yield _reply(talk, reply, reply.sent_at + _WRITTEN_AFTER)
        if talk.is_seen("journal", f"receipt {number}"):  # The adapter repeated its call.
            yield _reply(talk, reply, reply.sent_at + timedelta(seconds=30))


def _request(
    talk: Talk, operation: str, at: datetime, delivered_at: datetime | None, attempt: int
) -> Note:
    is_ours = operation == "SendRequestRequest"
    is_test = talk.role in ("test", "own test")
    notice = Notice(
        "journal",
        operation,
        "out" if is_ours else "in",
        "REQUEST",
        message=talk.message,
        chain=talk.chain,
        sender=talk.sender,
        recipient=talk.recipient or "",
        namespace=talk.kind.namespace,
        root=talk.kind.root,
        is_test=is_test or talk.role == "emulator",
        sent_at=talk.sent_at,
        delivered_at=delivered_at,
        logged_at=at,
    )
    fields = {
        "message_type": "RequestMessageType",
        "vs_namespace": talk.kind.namespace,
        "vs_root": talk.kind.root,
        "test_message": is_test or None,
        "attempt": attempt,
        "client_id": talk.person.snils,
        "transaction_code": f"{talk.message}|000|{talk.person.name}",
        "content": f"<fio>{talk.person.name}</fio>",
    }
    return Note(at, fields, notice)


def _ack(talk: Talk) -> Note:
    at = talk.deliveries[-1] + timedelta(seconds=2)
    is_refused = talk.ack == "refused"
    notice = Notice(
        "journal",
        "AckRequest",
        "out",
        "ERROR" if is_refused else "QUERY",
        message=talk.message,
        logged_at=at,
        smev_error=501 if is_refused else 0,
        ack=talk.ack,
    )
    fields: dict[str, Any] = {"message_type": "QueryMessageType"}
    if is_refused:
        fields = {
            "message_type": "ErrorMessage",
            "error_code": "SMEV-501",
            "error_description": f"SMEV-501: Подписал {talk.person.name}",
        }
    return Note(at, fields, notice)


def _reply(talk: Talk, reply: Reply, at: datetime, operation: str = "SendResponseRequest") -> Note:
    is_ours = operation == "SendResponseRequest"
    is_status, is_test = reply.kind == "status", talk.role in ("test", "own test")
    code = reply.reject_codes[0] if reply.reject_codes else ""
    notice = Notice(
        "journal",
        operation,
        "out" if is_ours else "in",
        "STATUS" if is_status else "RESPONSE",
        message=reply.message,
        original=talk.message,
        sender=OURS if is_ours else talk.recipient or "",
        recipient=talk.sender,
        is_test=is_test,
        sent_at=reply.sent_at,
        logged_at=at,
        answer=reply.kind,
        reject_code=code,
    )
    fields = {
        "message_type": "StatusMessage" if is_status else "ResponseMessageType",
        "reject_code": code or None,
        "error_description": f"{talk.person.name}: сведений нет" if code else None,
        "test_message": is_test or None,
    }
    if talk.role == "emulator" and not is_ours:
        notice = replace(notice, is_test=True)
    return Note(at, fields, notice)


def _own(talk: Talk) -> Iterator[Note]:
    if talk.is_seen("journal", "delivery 0"):
        yield _request(talk, "SendRequestRequest", talk.sent_at + _WRITTEN_AFTER, None, 1)
    for number, reply in enumerate(talk.replies):
        if talk.is_seen("journal", f"reply {number}"):
            yield _reply(talk, reply, reply.sent_at + _WRITTEN_AFTER, "GetResponseResponse")


def trouble(at: datetime, person: str) -> Note:
    """A call that SMEV refused, told in words that name a person."""
    notice = Notice("journal", "SendRequestRequest", "out", "ERROR", logged_at=at, smev_error=600)
    fields = {
        "message_type": "ErrorMessage",
        "error_type": "SERVER",
        "error_description": f"SMEV-600: очередь переполнена, заявитель {person}",
    }
    return Note(at, fields, notice)


def poll(at: datetime) -> Note:
    """A call that found the queue empty."""
    notice = Notice("journal", "GetRequestResponse", "in", "QUERY", logged_at=at)
    return Note(at, {"message_type": "QueryMessageType"}, notice)


def written(note: Note, number: int, rng: Random, *, with_content: bool) -> str:
    """The note as a line of one of the adapter's versions: spellings, nulls and cases vary."""
    notice, fields = note.notice, dict(note.fields)
    if not with_content:
        fields.pop("content", None)
    version = rng.randrange(4)
    # Journals do not agree on what 1 and 2 mean: the operation tells.
    direction = {"in": "IN", "out": "OUT"}[notice.way] if version else rng.choice(("1", "2"))
    operation = notice.operation
    if version == 2:
        operation = f"urn:{operation.removesuffix('Request').removesuffix('Response')}"
        if notice.operation == "SendRequestRequest":
            operation = "urn:SendRequest"
    line = journal_line(
        journal_id=number,
        logged_at=note.at,
        message_id=_id(notice.message, version),
        direction=direction,
        operation=operation,
        sender=notice.sender or None,
        recipient=notice.recipient or None,
        sending_date=notice.sent_at,
        delivery_date=notice.delivered_at,
        original_message_id=_id(notice.original, version),
        original_key=("original_message_id", "originalMessageId", "originalMessageID")[version % 3],
        drop_nulls=rng.random() < 0.5,
        reference_message_id=_id(notice.chain, version),
        **fields,
    )
    return line if version != 3 else _camel(line)


def _id(message: str, version: int) -> str | None:
    return (message.upper() if version == 1 else message) or None


def _camel(line: str) -> str:
    """The same line by a version whose keys are in camel case."""
    keys = {key: key.title().replace("_", "") for key in json.loads(line)}
    named = {
        name[0].lower() + name[1:]: value
        for key, value in json.loads(line).items()
        for name in [keys[key]]
    }
    return json.dumps(named, ensure_ascii=False)
