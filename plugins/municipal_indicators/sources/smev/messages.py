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
from municipal_indicators.sources.smev.envelopes import MESSAGE_COLUMNS, read_envelope
from municipal_indicators.sources.smev.line_files import STAGING_TABLES, Lines
from municipal_indicators.sources.smev.recognition import Kind, recognised
from municipal_indicators.sources.smev.rules import Rules, load_rules
from municipal_indicators.sources.smev.safe_xml import SIZE_LIMIT

log = logging.getLogger(__name__)

MESSAGES_TABLE = "staging.smev_messages"
_COLUMNS = ("sheet", "line", "line_hash", *MESSAGE_COLUMNS, "problem")
_NOTHING = ("",) * len(MESSAGE_COLUMNS)
_BLOCK_MEMBERS = 500
_PROGRESS_MEMBERS = 10_000

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
    read, members = 0, len(task.content.members)
    for rows in blocks:
        yield from rows
        read += _BLOCK_MEMBERS
        if read % _PROGRESS_MEMBERS == 0:
            log.info("%s: %d of %d members read.", task.file.unit.label, read, members)


def _message_blocks(members: list[Member]) -> Generator[list[_Row], object, Found]:
    """The rows of the members, so many members at a time."""
    found, rules, rows = Found(), load_rules(), list[_Row]()
    for number, member in enumerate(members, start=1):
        # One byte more than allowed is enough to be refused for its size.
        kind, data = recognised(member, SIZE_LIMIT + 1)
        if kind in STAGING_TABLES:
            found.of_lines.append((member, kind))
        elif row := _message_row(member, kind, data, found, rules):
            rows.append(row)
        if number % _BLOCK_MEMBERS == 0:
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


def _message_row(
    member: Member, kind: Kind, data: bytes, found: Found, rules: Rules
) -> tuple[str, ...] | None:
    """The row of a member for staging, with its problem if it is broken; None for a repeated one."""
    try:
        _check_kind(kind)
        digest = hashlib.blake2b(data, digest_size=16).digest()
        if digest in found.seen:
            found.duplicates += 1
            return None
        message = read_envelope(data, rules)
    except FileRejectedError as error:
        found.broken += 1
        found.reasons.append(error)
        return (member.name, "0", "0", *_NOTHING, error.reason)
    found.seen.add(digest)
    found.messages += 1
    # Faults and polls have no id: the same bytes in another archive are the same one.
    line_hash = str(int.from_bytes(digest[:8], "big"))
    return (member.name, "1", line_hash, *message.cells(), "")


def _check_kind(kind: Kind) -> None:
    if kind is Kind.EMPTY:
        raise FileRejectedError("the file is empty", "Файл пуст.")
    if kind is Kind.UNKNOWN:
        raise FileRejectedError(
            "neither an XML message nor a journal of JSON lines nor a text log of the adapter",
            "Файл не похож ни на сообщение СМЭВ (XML), ни на журнал адаптера (JSON по строкам), "
            "ни на текстовый лог адаптера.",
        )
