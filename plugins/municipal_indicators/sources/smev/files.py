"""Loads one arrived SMEV file: stages each member by its kind and counts the balance of the load.

A row of the balance is an XML file (message, poll or fault), a journal line that is not blank, or a
log entry with a known event. Empty polls are rows too, with an empty message id: they show that the
adapter was running. Duplicates are XML members with the same bytes, and journal or log lines with the
same text, within one arrived file; a message that was delivered again is no duplicate. Log lines
without a known event say nothing about messages: they are only counted in the load's message, and the
file stays in the archive.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from municipal_indicators.errors import FileRejectedError
from municipal_indicators.inbox.file_loads import FileLoad
from municipal_indicators.sources.smev.line_files import blank_lines, stage_line_file
from municipal_indicators.sources.smev.messages import EMBEDDED, Found, stage_messages
from municipal_indicators.sources.smev.recognition import Kind
from municipal_indicators.sources.smev.rules import load_rules
from municipal_indicators.warehouse.load_ledger import LoadCounts


@dataclass(slots=True)
class _Tally:
    """What was staged of one file."""

    found: Found
    journal_lines: int = 0
    log_lines: int = 0
    lines: dict[str, int] = field(default_factory=dict)

    def names(self, kind: Kind) -> list[str]:
        """The names of the journals, or of the text logs."""
        return [member.name for member, found in self.found.of_lines if found is kind]


def load_file(task: FileLoad) -> tuple[LoadCounts, str]:
    """Stage one arrived file and count its rows in the warehouse.

    Returns the counts and a one-line message. Raises FileRejectedError when the file, alone or
    with all its members, cannot be read.
    """
    rules = load_rules()
    tally = _Tally(stage_messages(task))
    for lines in tally.found.of_lines:
        count = stage_line_file(task, lines, tally.found.of_lines, rules)
        if lines[1] is Kind.JOURNAL:
            tally.journal_lines += count
        else:
            tally.log_lines += count
        tally.lines[lines[0].name] = count
    _warn_of_unknown(task, tally)
    return _balance(task, tally)


def _warn_of_unknown(task: FileLoad, tally: _Tally) -> None:
    """Warn of each journal and log that speaks of no message and no poll: its words may not be listed."""
    rows = task.warehouse.rows(
        """
        SELECT DISTINCT replaceOne(sheet, {embedded:String}, '') FROM core.smev_event_rows
        WHERE unit_key = {key:String} AND load_id = {load_id:UUID}
            AND operation != 'Fault' AND (operation != '' OR message_type != '')
        """,
        {
            "embedded": EMBEDDED,
            "key": task.load.unit.key,
            "load_id": str(task.load.load_id),
        },
    )
    known = {name for (name,) in rows}
    for name, lines in tally.lines.items():
        if name not in known:
            text = "Ни одного известного события: проверьте слова reference/smev.yaml"
            task.warn("no_known_event", text, name, lines)


def _balance(task: FileLoad, tally: _Tally) -> tuple[LoadCounts, str]:
    rows, notes, distinct_lines, entries, distinct_entries = task.warehouse.rows(
        """
        SELECT countIf(format != 'text'), countIf(format = 'journal'),
               countIf(format = 'envelope') + uniqExactIf(line_hash, format = 'journal'),
               countIf(format = 'text'), uniqExactIf(line_hash, format = 'text')
        FROM core.smev_event_rows
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
        # Blank lines are no rows. Counting them is slow, so only done here.
        tally.journal_lines -= sum(
            blank_lines(member) for member, kind in tally.found.of_lines if kind is Kind.JOURNAL
        )
    if not rows + tally.log_lines + bad_fields:
        raise _unreadable(task, tally)
    of_files = tally.found.messages + tally.found.duplicates + tally.found.broken
    counts = LoadCounts(
        delivered=of_files + tally.journal_lines + entries + bad_entries,
        loaded=distinct_lines + distinct_entries,
        quarantined=quarantined,
        duplicates=tally.found.duplicates + rows - distinct_lines + entries - distinct_entries,
    )
    return counts, _summary(tally, entries)


def _unreadable(task: FileLoad, tally: _Tally) -> FileRejectedError:
    if tally.found.reasons and len(task.content.members) == 1 and not task.content.broken:
        return tally.found.reasons[0]
    return FileRejectedError(
        "none of its messages and lines can be read; their reasons are in ops.quarantine "
        f"under load {task.load.load_id}",
        "В файле нет ни одного сообщения или строки журнала, которые удалось бы прочитать.",
    )


def _summary(tally: _Tally, entries: int) -> str:
    parts = []
    if tally.found.messages or tally.found.broken:
        parts.append(f"{tally.found.messages} XML messages")
    if tally.journal_lines:
        parts.append(f"{tally.journal_lines} journal lines")
    if tally.log_lines:
        parts.append(f"{entries} known events in {tally.log_lines} log lines")
    return ", ".join(parts) + "."
