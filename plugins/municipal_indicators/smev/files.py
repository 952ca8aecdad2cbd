"""Loads one arrived SMEV file: each member by its kind through its door, and the books of it all.

What counts as a row of the books: an XML file (message, poll or fault), a journal line that is not
blank, a log entry that names a known event. Empty polls are rows too, with an empty message id,
because silence of the adapter is measured by them. Duplicates are XML members with the same bytes
and journal or log lines with the same text within one arrived file; the same message delivered
again is none. The lines of a log that name no known event say nothing about messages: the load's
message tells how many there were, and the file stays in the archive.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from municipal_indicators.archives import Member
from municipal_indicators.errors import FileRejectedError
from municipal_indicators.file_loads import FileLoad
from municipal_indicators.loads import Books
from municipal_indicators.smev.envelopes import MESSAGE_COLUMNS, read_envelope
from municipal_indicators.smev.line_files import DOORS, Lines, blank_lines, stage_line_file
from municipal_indicators.smev.recognition import Kind, recognised
from municipal_indicators.smev.rules import Rules, load_rules
from municipal_indicators.smev.safe_xml import SIZE_LIMIT

log = logging.getLogger(__name__)

MESSAGES_DOOR = "staging.smev_messages"
_COLUMNS = ("sheet", "line", *MESSAGE_COLUMNS, "problem")
_NOTHING = ("",) * len(MESSAGE_COLUMNS)
_PROGRESS_MEMBERS = 10_000


@dataclass(slots=True)
class _Tally:
    """What was handed over of one file."""

    messages: int = 0
    duplicates: int = 0
    broken: int = 0
    journal_lines: int = 0
    log_lines: int = 0
    seen: set[bytes] = field(default_factory=set)
    reasons: list[FileRejectedError] = field(default_factory=list)
    of_lines: list[Lines] = field(default_factory=list)

    def names(self, kind: Kind) -> list[str]:
        """The members of lines of one kind."""
        return [member.name for member, found in self.of_lines if found is kind]


def load_file(task: FileLoad) -> tuple[Books, str]:
    """Stage one arrived file and count its rows in the warehouse.

    Returns the books and a one-line message. Raises FileRejectedError when the file, alone or
    with all its members, cannot be read.
    """
    rules = load_rules()
    tally = _Tally(broken=len(task.content.broken))
    context = task.context()
    task.warehouse.stage(MESSAGES_DOOR, _COLUMNS, _message_rows(task, tally, rules), context)
    for lines in tally.of_lines:
        count = stage_line_file(task, lines, tally.of_lines, rules)
        if lines[1] is Kind.JOURNAL:
            tally.journal_lines += count
        else:
            tally.log_lines += count
    return _balance(task, tally)


def _message_rows(task: FileLoad, tally: _Tally, rules: Rules) -> Iterator[tuple[str, ...]]:
    members = _told_apart(task.content.members)
    for number, member in enumerate(members, start=1):
        # One byte more than allowed is enough to be refused for its size.
        kind, data = recognised(member, SIZE_LIMIT + 1)
        if kind in DOORS:
            tally.of_lines.append((member, kind))
        elif row := _message_row(member, kind, data, tally, rules):
            yield row
        if number % _PROGRESS_MEMBERS == 0:
            log.info("%s: %d of %d members read.", task.file.unit.label, number, len(members))


def _told_apart(members: list[Member]) -> list[Member]:
    """The members with names that differ, which masking may have made alike."""
    times: Counter[str] = Counter()
    apart = []
    for member in members:
        times[member.name] += 1
        copy = f" [{times[member.name]}]" if times[member.name] > 1 else ""
        apart.append(Member(member.name + copy, member.file))
    return apart


def _message_row(
    member: Member, kind: Kind, data: bytes, tally: _Tally, rules: Rules
) -> tuple[str, ...] | None:
    """The door's row of a member; of a broken one the row for quarantine, of a repeated one none."""
    try:
        _check_kind(kind)
        digest = hashlib.blake2b(data, digest_size=16).digest()
        if digest in tally.seen:
            tally.duplicates += 1
            return None
        message = read_envelope(data, rules)
    except FileRejectedError as error:
        tally.broken += 1
        tally.reasons.append(error)
        return (member.name, "0", *_NOTHING, error.reason)
    tally.seen.add(digest)
    tally.messages += 1
    return (member.name, "1", *message.cells(), "")


def _check_kind(kind: Kind) -> None:
    if kind is Kind.EMPTY:
        raise FileRejectedError("the file is empty", "Файл пуст.")
    if kind is Kind.UNKNOWN:
        raise FileRejectedError(
            "neither an XML message nor a journal of JSON lines nor a text log of the adapter",
            "Файл не похож ни на сообщение СМЭВ (XML), ни на журнал адаптера (JSON по строкам), "
            "ни на текстовый лог адаптера.",
        )


def _balance(task: FileLoad, tally: _Tally) -> tuple[Books, str]:
    rows, notes, distinct_lines, entries, distinct_entries = task.warehouse.rows(
        """
        SELECT countIf(format != 'text'), countIf(format = 'journal'),
               countIf(format = 'envelope') + uniqExactIf(line_hash, format = 'journal'),
               countIf(format = 'text'), uniqExactIf(line_hash, format = 'text')
        FROM core.smev_events
        WHERE unit_key = {key:String} AND load_id = {load_id:UUID}
        """,
        {"key": task.load.unit.key, "load_id": str(task.load.load_id)},
    )[0]
    quarantined, bad_fields, bad_notes, bad_entries = task.warehouse.rows(
        """
        SELECT count(), countIf(field != ''),
               countIf(sheet IN {journals:Array(String)} AND line > 0),
               countIf(sheet IN {logs:Array(String)} AND line > 0)
        FROM ops.quarantine WHERE source = 'smev' AND load_id = {load_id:UUID}
        """,
        {
            "load_id": str(task.load.load_id),
            "journals": tally.names(Kind.JOURNAL),
            "logs": tally.names(Kind.TEXT_LOG),
        },
    )[0]
    if tally.journal_lines != notes + bad_notes:
        # Only then is it worth while to look at each line: the blank ones are no rows.
        tally.journal_lines -= sum(
            blank_lines(member) for member, kind in tally.of_lines if kind is Kind.JOURNAL
        )
    if not rows + tally.log_lines + bad_fields:
        raise _unreadable(task, tally)
    of_files = tally.messages + tally.duplicates + tally.broken
    books = Books(
        delivered=of_files + tally.journal_lines + entries + bad_entries,
        loaded=distinct_lines + distinct_entries,
        quarantined=quarantined,
        duplicates=tally.duplicates + rows - distinct_lines + entries - distinct_entries,
    )
    return books, _summary(tally, entries)


def _unreadable(task: FileLoad, tally: _Tally) -> FileRejectedError:
    if tally.reasons and len(task.content.members) == 1 and not task.content.broken:
        return tally.reasons[0]
    return FileRejectedError(
        "not one message or line of it can be read; the reason of each stands in ops.quarantine "
        f"under load {task.load.load_id}",
        "В файле нет ни одного сообщения или строки журнала, которые удалось бы прочитать.",
    )


def _summary(tally: _Tally, entries: int) -> str:
    parts = []
    if tally.messages or tally.broken:
        parts.append(f"{tally.messages} XML messages")
    if tally.journal_lines:
        parts.append(f"{tally.journal_lines} journal lines")
    if tally.log_lines:
        parts.append(f"{entries} known events in {tally.log_lines} log lines")
    return ", ".join(parts) + "."
