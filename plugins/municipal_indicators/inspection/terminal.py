"""An inspection as text in a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from municipal_indicators.inspection.findings import (
    DOUBTFUL,
    GOOD,
    NOT_LOADED,
    FoundTable,
    Inspection,
    Problem,
)
from municipal_indicators.inspection.headings import Column, RefusedTable

_CELL_WIDTH = 40
_MEMBERS_NAMED = 10
_TABLES_SHOWN = 5
_TABLES_LISTED = 50
_TOTALS_LISTED = 5
_VERDICTS = {
    GOOD: ("It would be loaded completely.", "green"),
    DOUBTFUL: ("It would be loaded, but with problems: see below.", "yellow"),
    NOT_LOADED: ("It would NOT be loaded.", "red"),
}


def print_inspection(inspection: Inspection, console: Console, problems: int) -> None:
    """Print what the file is recognised as, table by table, then at most ``problems`` problems."""
    words, style = _VERDICTS[inspection.exit_code]
    console.print()
    console.rule(Text(inspection.label.partition("/")[2], style="bold"), align="left")
    _line(console, "Recognised as", _kinds(inspection))
    for text in _contents(inspection.formats):
        _line(console, "Content", text)
    _line(console, "Verdict", words, style)
    if inspection.reason:
        _line(console, "Reason", inspection.reason)
    if inspection.for_sender:
        _line(console, "For the sender", inspection.for_sender)
    if inspection.status == "published":
        counts = inspection.counts
        _line(
            console,
            "Rows",
            f"{counts.delivered} = {counts.loaded} loaded + {counts.quarantined} in quarantine + "
            f"{counts.duplicates} duplicates",
        )
    for warning in inspection.warnings:
        _line(console, "Warning", warning, "yellow")
    for note in inspection.notes:
        _line(console, "Note", note)
    if inspection.tables:
        console.print()
        console.print(_overview(inspection.tables))
    before: Sequence[Column] = ()
    for number, table in enumerate(inspection.tables):
        _print_title(table, console, is_counted=inspection.status == "published")
        if table.columns != before:
            _print_columns(table.columns, console)
        if table.rows and number < _TABLES_SHOWN:
            console.print(_typed(table.rows))
        before = table.columns
    for refused in inspection.refused[:_TABLES_SHOWN]:
        _print_refused(refused, console)
    _print_problems(inspection.problems, console, problems)
    console.print()
    _line(console, "Result", f"{words} (exit code {inspection.exit_code})", style)


def _overview(tables: Sequence[FoundTable]) -> Table:
    """The tables that the sheets were cut into."""
    frame = _framed("Sheet", "First line", "Kind", "Date", "Unit", "Total row", "Rows", "Warnings")
    for table in tables[:_TABLES_LISTED]:
        frame.add_row(
            Text(table.label or "—"),
            str(table.lines[0]),
            Text(table.title),
            Text(table.day or "—"),
            Text(table.unit or "—"),
            ", ".join(map(str, table.totals[:_TOTALS_LISTED])) or "—",
            str(table.loaded),
            ", ".join(dict.fromkeys(table.warnings)) or "—",
        )
    if len(tables) > _TABLES_LISTED:
        frame.add_row(f"… and {len(tables) - _TABLES_LISTED} more")
    return frame


def _kinds(inspection: Inspection) -> str:
    if inspection.tables:
        titles = dict.fromkeys(f"{table.title} ({table.kind})" for table in inspection.tables)
        return f"{', '.join(titles)}: inbox/{inspection.source}/"
    if inspection.status == "published":
        return f"a file of inbox/{inspection.source}/"
    nearly = next((table.title for table in inspection.refused if table.title), "")
    return f"nearly {nearly}, see below" if nearly else "nothing known"


def _contents(formats: Sequence[tuple[str, str]]) -> list[str]:
    named = [f"{name}: {what}" if name else what for name, what in formats[:_MEMBERS_NAMED]]
    others = Counter(what for _, what in formats[_MEMBERS_NAMED:])
    return named + [f"… and {times} more: {what}" for what, times in others.items()]


def _line(console: Console, name: str, text: str, style: str = "") -> None:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(width=14, style="dim")
    grid.add_column(overflow="fold")
    grid.add_row(name, Text(text, style=style))
    console.print(grid)


def _print_title(table: FoundTable, console: Console, *, is_counted: bool) -> None:
    console.print()
    first, last = table.lines
    where = f"line {last}" if first == last else f"lines {first}–{last}"
    title = f"{table.label or 'The table'}: {table.title} ({table.kind}), headings in {where}"
    console.print(Text(title, style="bold"))
    if is_counted:
        console.print(f"  good rows: {table.loaded}, rows with a problem: {table.quarantined}")


def _print_refused(table: RefusedTable, console: Console) -> None:
    console.print()
    nearest = (
        f"most similar to {table.title}, headings in line {table.line}"
        if table.title
        else f"similar to no known table; line {table.line} may be its headings"
    )
    title = f"{table.label or 'The table'}: NOT loaded, {nearest}"
    console.print(Text(title, style="bold red"))
    if table.lacking:
        lacking = ", ".join(f"«{name}»" for name in table.lacking)
        console.print(Text(f"  needed, but not found: {lacking}"))
    _print_columns(table.columns, console)


def _print_columns(columns: Sequence[Column], console: Console) -> None:
    if read := [column for column in columns if column.name]:
        frame = _framed("Column", "Read as", "Heading in the file")
        for column in read:
            frame.add_row(column.letter, Text(column.name), Text(column.heading))
        console.print(frame)
    if unknown := [column for column in columns if not column.name]:
        frame = _framed(
            "Column", "Heading not read", "Similar known headings (reference/headings.yaml)"
        )
        for column in unknown:
            frame.add_row(
                column.letter, Text(column.heading), Text(", ".join(column.nearest) or "—")
            )
        console.print(frame)


def _typed(rows: Sequence[dict[str, str]]) -> Table:
    frame = _framed("First rows as typed", *(f"line {row['line']}" for row in rows))
    for name in rows[0]:
        if name != "line" and any(row[name] for row in rows):
            frame.add_row(name, *(Text(_shown(name, row[name])) for row in rows))
    return frame


def _shown(name: str, value: str) -> str:
    if name == "application_key":
        return f"{value[:8]}… (keyed hash)"
    return value if len(value) <= _CELL_WIDTH else value[: _CELL_WIDTH - 1] + "…"


def _print_problems(problems: Sequence[Problem], console: Console, limit: int) -> None:
    if not problems:
        return
    console.print()
    console.print(Text(f"Problems: {len(problems)}", style="bold red"))
    counts = Counter((problem.field, problem.reason) for problem in problems)
    if len(counts) < len(problems):
        for (name, reason), times in counts.most_common(10):
            console.print(Text(f"  {times} × {name + ': ' if name else ''}{reason}"))
    sheets = any(problem.sheet for problem in problems)
    frame = _framed(
        *(["Sheet"] if sheets else []), "Row", "Cell", "Column", "Reason", "The row, masked"
    )
    for problem in problems[:limit]:
        frame.add_row(
            *([Text(problem.sheet)] if sheets else []),
            str(problem.line or "all"),
            problem.cell,
            Text(problem.field),
            Text(problem.reason),
            Text(problem.shown, style="dim"),
        )
    console.print(frame)
    if len(problems) > limit:
        console.print(
            f"  … and {len(problems) - limit} more (--problems {len(problems)} shows all)"
        )


def _framed(*headings: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=True, header_style="dim", show_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table
