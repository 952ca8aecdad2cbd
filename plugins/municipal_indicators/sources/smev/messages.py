"""Sorts the members of one arrived file: XML messages are staged, files of lines are returned."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

from municipal_indicators.errors import FileRejectedError
from municipal_indicators.inbox.archives import Member
from municipal_indicators.inbox.fence import Parsing, parse
from municipal_indicators.inbox.file_loads import FileLoad
from municipal_indicators.inbox.safe_xml import in_utf8
from municipal_indicators.sources.smev.embedded import Embedded, messages_in, messages_in_lines
from municipal_indicators.sources.smev.envelopes import (
    MESSAGE_COLUMNS,
    NoMessageError,
    read_envelope,
)
from municipal_indicators.sources.smev.line_files import STAGING_TABLES, Lines
from municipal_indicators.sources.smev.recognition import Kind, recognised
from municipal_indicators.sources.smev.rules import Rules, load_rules
from municipal_indicators.sources.smev.safe_xml import SIZE_LIMIT, CutXmlError

log = logging.getLogger(__name__)

MESSAGES_TABLE = "staging.smev_messages"
_COLUMNS = ("sheet", "line", "line_hash", *MESSAGE_COLUMNS, "problem")
_NOTHING = ("",) * len(MESSAGE_COLUMNS)
EMBEDDED = " [XML]"
"""After the name of a text log: the messages that it prints are told apart from its lines."""
_BLOCK_ROWS = 500
_PROGRESS_ROWS = 10_000

_Row = tuple[str, ...]


@dataclass(slots=True)
class Found:
    """What the members of one file are; ``of_lines`` are the journals and logs, not read yet."""

    messages: int = 0
    duplicates: int = 0
    broken: int = 0
    seen: set[bytes] = field(default_factory=set)
    reasons: list[FileRejectedError] = field(default_factory=list)
    of_lines: list[Lines] = field(default_factory=list)


def stage_messages(task: FileLoad) -> Found:
    """Stage the XML messages of a file; unreadable members go to quarantine."""
    blocks = parse(_message_blocks, _with_distinct_names(task.content.members))
    task.warehouse.stage(MESSAGES_TABLE, _COLUMNS, _rows(task, blocks), task.context())
    found: Found = blocks.finish()
    found.broken += len(task.content.broken)
    return found


def _rows(task: FileLoad, blocks: Parsing) -> Iterator[_Row]:
    read = 0
    for rows in blocks:
        yield from rows
        told, read = read // _PROGRESS_ROWS, read + len(rows)
        if read // _PROGRESS_ROWS > told:
            log.info("%s: %d messages read.", task.file.unit.label, read)


def _message_blocks(members: list[Member]) -> Generator[list[_Row], object, Found]:
    """The rows of the members, so many at a time."""
    found, rules, rows = Found(), load_rules(), list[_Row]()
    for member in members:
        # One byte more than allowed is enough to be refused for its size.
        kind, data = recognised(member, SIZE_LIMIT + 1)
        if kind in STAGING_TABLES:
            found.of_lines.append((member, kind))
        coming: Iterator[_Row] = iter(())
        if kind is Kind.TEXT_LOG:
            coming = _log_rows(member, found, rules)
        elif kind is not Kind.JOURNAL:
            coming = _message_rows(member, kind, data, found, rules)
        for row in coming:
            rows.append(row)
            if len(rows) == _BLOCK_ROWS:
                yield rows
                rows = []
    yield rows
    found.seen.clear()
    return found


def _with_distinct_names(members: list[Member]) -> list[Member]:
    """The members with distinct names; masking may have made some names equal."""
    times: Counter[str] = Counter()
    distinct = []
    for member in members:
        times[member.name] += 1
        copy = f" [{times[member.name]}]" if times[member.name] > 1 else ""
        distinct.append(Member(member.name + copy, member.file))
    return distinct


def _message_rows(
    member: Member, kind: Kind, data: bytes, found: Found, rules: Rules
) -> Iterator[_Row]:
    """The rows of an XML member for staging: one, or one a message; with its problem if it is broken."""
    try:
        _check_kind(kind)
        yield from _read(member.name, 1, data, found, rules)
    except FileRejectedError as error:
        parts = _parts(data, error)
        if not any(part.content for part in parts):
            yield _broken(member.name, 0, error, found)
        for part in parts:
            yield from _part_rows(member.name, part, found, rules)


def _parts(data: bytes, error: FileRejectedError) -> list[Embedded]:
    """The messages in XML that is none: one after another, or under a root of their own."""
    if not isinstance(error, CutXmlError | NoMessageError):
        return []
    text = in_utf8(data)
    parts = [] if b"<!DOCTYPE" in text else messages_in(text)
    return parts if any(part.content for part in parts) else []


def _log_rows(member: Member, found: Found, rules: Rules) -> Iterator[_Row]:
    """The messages that a text log prints; XML of something else says nothing, like most of its lines."""
    for part in messages_in_lines(member.path):
        yield from _part_rows(member.name + EMBEDDED, part, found, rules, of_log=True)


def _part_rows(
    name: str, part: Embedded, found: Found, rules: Rules, *, of_log: bool = False
) -> Iterator[_Row]:
    try:
        yield from _read(name, part.line, part.content, found, rules)
    except FileRejectedError as error:
        if not (of_log and isinstance(error, NoMessageError)):
            yield _broken(name, part.line, error, found)


def _read(name: str, line: int, data: bytes, found: Found, rules: Rules) -> Iterator[_Row]:
    """The row of one message; none for a repeated one."""
    if not data:
        raise CutXmlError(
            "the message has no end", "Сообщение СМЭВ обрезано. Выгрузите его заново."
        )
    digest = hashlib.blake2b(data, digest_size=16).digest()
    if digest in found.seen:
        found.duplicates += 1
        return
    message = read_envelope(data, rules)
    found.seen.add(digest)
    found.messages += 1
    # Faults and polls have no id: the same bytes in another archive are the same one.
    line_hash = str(int.from_bytes(digest[:8], "big"))
    yield (name, str(line), line_hash, *message.cells(), "")


def _broken(name: str, line: int, error: FileRejectedError, found: Found) -> _Row:
    found.broken += 1
    found.reasons.append(error)
    return (name, str(line), "0", *_NOTHING, error.reason)


def _check_kind(kind: Kind) -> None:
    if kind is Kind.EMPTY:
        raise FileRejectedError("the file is empty", "Файл пуст.")
    if kind is Kind.UNKNOWN:
        raise FileRejectedError(
            "neither an XML message nor a journal of JSON lines nor a text log of the adapter",
            "Файл не похож ни на сообщение СМЭВ (XML), ни на журнал адаптера (JSON по строкам), "
            "ни на текстовый лог адаптера.",
        )
