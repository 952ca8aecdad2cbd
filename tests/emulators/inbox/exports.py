"""The adapter's own logs of SMEV traffic: journal exports and rotated text logs."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.emulators.inbox import textlog
from tests.emulators.inbox.clock import moscow
from tests.emulators.inbox.conversations import OURS, TEXT_LOG_MONTH
from tests.emulators.inbox.items import Item, Written
from tests.emulators.inbox.journal import gzip_bytes, journal_bytes, journal_line
from tests.emulators.inbox.people import crowd
from tests.emulators.inbox.tables import write_file
from tests.emulators.inbox.truth import BadPiece

_UPPER_CASE_UNTIL = date(2024, 7, 1)
_CONTENT_MONTH = date(2025, 3, 1)
"""The month whose journal was exported with the raw XML in it, by mistake."""


def write_journals(
    folder: Path, month: date, items: Sequence[Item], dated: datetime
) -> Iterator[Written]:
    """Write the month's export; every fifth month also a preliminary one, cut in its last line."""
    lines = list(_journal_lines(month, items))
    name = f"smev_journal_{month:%Y%m}.jsonl"
    place = folder / f"{month.year}"
    if month.month % 5 == 0:
        early = lines[: len(lines) // 2]
        path = place / "preliminary" / name
        write_file(path, journal_bytes(early, cut_last=True), dated - timedelta(days=12))
        cut = BadPiece(path, "", "line cut off", line=len(early))
        yield Written(path, len(early), (cut,))
    packed = month.month % 6 == 0
    path = place / (f"{name}.gz" if packed else name)
    yield Written(write_file(path, journal_bytes(lines, packed=packed), dated), len(lines))


def _journal_lines(month: date, items: Sequence[Item]) -> Iterator[str]:
    number = (month.year - 2020) * 120_000 + month.month * 10_000
    for item in items:
        for fields in _notes(item):
            number += 1
            yield _journal_line(month, number, item, fields)


def _notes(item: Item) -> Iterator[dict[str, Any]]:
    one = item.of
    request: dict[str, Any] = {
        "message_id": one.message,
        "sender": one.sender,
        "recipient": one.recipient,
        "vs_namespace": one.kind.namespace,
        "vs_root": one.kind.root,
        "test_message": True if one.role == "test" else None,
        "attempt": item.attempt,
    }
    if item.what == "delivery":
        yield {"direction": "IN", "operation": "GetRequestResponse", **request}
        if item.is_acknowledged:
            yield {
                "direction": "OUT",
                "operation": "AckRequest",
                "message_type": "QueryMessageType",
                "message_id": one.message,
            }
    elif item.what == "own request":
        yield {"direction": "OUT", "operation": "SendRequestRequest", **request}
    else:
        yield _answer_note(item)


def _answer_note(item: Item) -> dict[str, Any]:
    one, answer = item.of, item.answer
    assert answer is not None
    is_ours = item.what == "response"
    return {
        "direction": "OUT" if is_ours else "IN",
        "operation": "SendResponseRequest" if is_ours else "GetResponseResponse",
        "message_type": "StatusMessageType" if answer.is_intermediate else "ResponseMessageType",
        "message_id": answer.message,
        "original_message_id": one.message,
        "sender": one.recipient,
        "recipient": one.sender,
        "reject_code": answer.rejection,
        "test_message": one.role == "test",
    }


def _journal_line(month: date, number: int, item: Item, fields: dict[str, Any]) -> str:
    is_acknowledgement = fields["operation"] == "AckRequest"
    is_delivery = item.what == "delivery" and not is_acknowledgement
    person = item.of.person
    sent_at = item.answer.sent_at if item.answer else item.of.sent_at
    content = f"<Request><fio>{person.name}</fio><snils>{person.snils}</snils></Request>"
    for key in ("message_id", "original_message_id"):
        if month < _UPPER_CASE_UNTIL and isinstance(text := fields.get(key), str):
            fields[key] = text.upper()
    if month == _CONTENT_MONTH:
        fields["content"] = content
    return journal_line(
        journal_id=number,
        logged_at=item.at + timedelta(milliseconds=1800 if is_acknowledgement else 350),
        sending_date=None if is_acknowledgement else sent_at,
        delivery_date=item.at if is_delivery else None,
        original_key=_original_key(month),
        drop_nulls=month.year % 2 == 0,
        **fields,
    )


def _original_key(month: date) -> str:
    spellings = {2023: "original_message_id", 2024: "originalMessageId", 2025: "originalMessageId"}
    return spellings.get(month.year, "originalMessageID")


def write_text_logs(
    folder: Path, month: date, items: Sequence[Item], seed: int, dated: datetime
) -> Iterator[Written]:
    """Write the month's text log and its older rotated half, each year in another pattern."""
    pattern = list(textlog.PATTERNS)[month.year % len(textlog.PATTERNS)]
    lines = [line for item in items for line in _log_entries(item, pattern)]
    lines += _troubles(month, pattern, seed, dated)
    half = len(lines) // 2
    place = folder / f"{month.year}" / f"log-{month:%Y-%m}"
    packed = month.year % 3 == 0
    for name, part in (
        ("smev-adapter.log.1", lines[:half]),
        ("smev-adapter.log", lines[half:]),
    ):
        content = "".join(f"{line}\n" for line in part)
        written = content.encode("windows-1251" if month.year % 2 else "utf-8")
        path = place / (f"{name}.gz" if packed and name.endswith(".1") else name)
        write_file(path, gzip_bytes(written) if path.suffix == ".gz" else written, dated)
        yield Written(path, len(part))


def _log_entries(item: Item, pattern: str) -> Iterator[str]:
    one, answer, at = item.of, item.answer, item.at
    # The text log tells neither tests nor broadcasts from requests: it would spoil the truth.
    if one.role not in ("request", "own"):
        return
    if item.what == "delivery":
        text = textlog.request_received(
            one.message, sender=one.sender, recipient=OURS, namespace=one.kind.namespace
        )
        yield textlog.log_entry(at, text, pattern=pattern)
        if item.is_acknowledged:
            late = at + timedelta(seconds=2)
            yield textlog.log_entry(late, textlog.ack_sent(one.message), pattern=pattern)
            yield textlog.log_entry(late, textlog.EMPTY_POLL, pattern=pattern)
    elif item.what == "own request":
        text = textlog.own_request_sent(
            one.message, sender=OURS, recipient=one.recipient or "", namespace=one.kind.namespace
        )
        yield textlog.log_entry(at, text, pattern=pattern)
    elif answer and item.what == "own answer":
        text = textlog.own_answer_received(answer.message, one.message)
        yield textlog.log_entry(at, text, pattern=pattern)
    elif answer and not answer.is_intermediate:
        text = textlog.answer_sent(answer.message, one.message)
        yield textlog.log_entry(at, text, pattern=pattern)


def _troubles(month: date, pattern: str, seed: int, dated: datetime) -> Iterator[str]:
    assert month.month == TEXT_LOG_MONTH
    person = crowd(seed)[month.year % 7]
    at = dated - timedelta(hours=7)
    for number, text in enumerate(
        (
            textlog.timeout(),
            textlog.invalid_value(person.snils),
            textlog.certificate_expires(person.name),
        )
    ):
        when = moscow(at + timedelta(minutes=number))
        yield textlog.log_entry(when, text, pattern=pattern, level="ERROR")
