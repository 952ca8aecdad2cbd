"""Stages journals and text logs: unchanged lines, in parallel blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from municipal_indicators.inbox import landing
from municipal_indicators.inbox.archives import Member
from municipal_indicators.inbox.file_loads import FileLoad
from municipal_indicators.sources.smev.lines import BLOCK_BYTES, line_blocks
from municipal_indicators.sources.smev.recognition import Kind
from municipal_indicators.sources.smev.rotation import (
    Edges,
    edges_of,
    newer_names,
    older_names,
)
from municipal_indicators.sources.smev.rules import Rules
from municipal_indicators.warehouse.bulk_insert import Block, stage_lines

STAGING_TABLES = {
    Kind.JOURNAL: "staging.smev_journal_lines",
    Kind.TEXT_LOG: "staging.smev_log_lines",
}

Lines = tuple[Member, Kind]


def stage_line_file(task: FileLoad, lines: Lines, others: Sequence[Lines], rules: Rules) -> int:
    """Stage the lines of one journal or text log; returns their number, blank ones included.

    ``others`` are the journals and logs of the same archive; one of them may hold the rest of a line
    that rotation cut. A line longer than a block is quarantined.
    """
    member, kind = lines
    ending = _ending(task, member, others) if kind is Kind.TEXT_LOG else b""
    skipped = 0

    def blocks() -> Iterator[Block]:
        nonlocal skipped
        place = _place_of(task, member)
        context = task.context(sheet=member.name)
        if zone := rules.time_zone(place.partition("/")[2]):
            context["time_zone"] = zone
        size, read = max(member.path.stat().st_size, 1), 0
        for block in line_blocks(member.path, ending=ending):
            if not block.chunks:
                skipped += 1
                reason = f"the line is longer than {BLOCK_BYTES >> 20} MiB"
                task.quarantine(member.name, block.first_line, "", reason)
                continue
            read += sum(map(len, block.chunks))
            progress = f"{place}: {min(100, 100 * read // size)} %" if size > BLOCK_BYTES else ""
            of_block = {**context, "first_line": block.first_line}
            yield Block(block.chunks, block.lines, of_block, progress)

    return stage_lines(task.warehouse, STAGING_TABLES[kind], blocks()) + skipped


def blank_lines(member: Member) -> int:
    """The number of blank lines of a file; a skipped line is not blank."""
    return sum(block.blank_lines for block in line_blocks(member.path) if block.chunks)


def _ending(task: FileLoad, member: Member, others: Sequence[Lines]) -> bytes:
    """The rest of the last line if rotation cut it: the beginning of the next log.

    If the previous log is published and was cut, requests that it is loaded again.
    """
    edges = edges_of(member.path)
    place = PurePosixPath(_place_of(task, member))
    siblings = {
        one.name: one.path for one, kind in others if kind is Kind.TEXT_LOG and one is not member
    }
    beside = [place.parent / name for name in newer_names(place.name)]
    if edges.head and not member.name:
        _ask_for_older(task, place, edges)
    if not edges.is_cut:
        return b""
    if member.name:
        names = [str(PurePosixPath(member.name).parent / path.name) for path in beside]
        found = [edges_of(siblings[name]) for name in names if name in siblings]
    else:
        found = [later for _, later in _published(task, beside)]
    fitting = [later for later in found if later.continues(edges)]
    return min(fitting, key=lambda later: later.first_stamp).head if fitting else b""


def _ask_for_older(task: FileLoad, place: PurePosixPath, edges: Edges) -> None:
    before = [place.parent / name for name in older_names(place.name)]
    fitting = [
        (earlier.last_stamp, key)
        for key, earlier in _published(task, before)
        if edges.continues(earlier)
    ]
    if fitting:
        task.again.add(max(fitting)[1])


def _published(task: FileLoad, places: Sequence[PurePosixPath]) -> Iterator[tuple[str, Edges]]:
    """Key and edges of the published files of these names that the archive holds."""
    if not places:
        return
    rows = task.warehouse.rows(
        """
        SELECT unit_key FROM ops.published
        WHERE source = 'smev' AND unit IN {units:Array(String)} AND unit_key != {own:String}
        """,
        {"units": [str(place) for place in places], "own": task.load.unit.key},
    )
    for (key,) in rows:
        path = landing.archived_path("smev", key)
        if path is not None:
            yield key, edges_of(path)


def _place_of(task: FileLoad, member: Member) -> str:
    """The path of the file below the inbox, and of the member in it."""
    return "/".join(filter(None, (task.load.unit.label, member.name)))
