"""Loads one file into a warehouse of its own as a real run does, and collects the result."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from municipal_indicators import settings, sources
from municipal_indicators.inbox.fence import fenced
from municipal_indicators.inbox.file_loads import (
    FileLoad,
    FilesFailedError,
    Loader,
    load_new_files,
)
from municipal_indicators.inbox.masking import mask_personal
from municipal_indicators.inspection.contents import contents
from municipal_indicators.inspection.headings import (
    Column,
    RefusedTable,
    column_letter,
    columns_of,
    refused_tables,
)
from municipal_indicators.sources.file_sources import file_source
from municipal_indicators.spreadsheets.kinds import (
    IncompleteTableError,
    Note,
    SeenTable,
    Table,
    TableKind,
)
from municipal_indicators.spreadsheets.loading import load_tables
from municipal_indicators.warehouse.client import Warehouse, open_warehouse
from municipal_indicators.warehouse.load_ledger import LoadCounts

# Sources of tables first: their refusals say more of an odd file.
SOURCES = sorted(
    (one.name for one in sources.SOURCES if one.has_files),
    key=lambda name: not sources.source(name).has_tables,
)
_SETTLED_SECONDS = 120
_ORIGIN = ("unit_key", "load_id", "sheet", "file_at", "arrived_at", "is_dated", "portal")
# Notes on what is no fault of a file.
_HARMLESS = ("hidden_sheet", "no_table", "no_data")

# What a file is worth. Python gives 1 to a crash, argparse 2 to wrong arguments: neither is an answer.
GOOD, DOUBTFUL, NOT_LOADED = 0, 3, 4


@dataclass(frozen=True, slots=True)
class FoundTable:
    """One recognised table: its place, its kind, and how its first rows were read.

    ``lines`` are the first and last line of the headings, ``columns`` all columns with a heading,
    ``rows`` the first typed rows by field, with ``line``. ``loaded`` counts rows, repeated ones
    included, ``quarantined`` the rows in quarantine. ``day`` says what its rows are true for, ``unit`` the
    unit of its money; ``totals`` are the lines of its total rows, ``warnings`` the codes of what is doubtful.
    """

    label: str
    kind: str
    title: str
    lines: tuple[int, int]
    columns: Sequence[Column]
    rows: Sequence[dict[str, str]]
    loaded: int
    quarantined: int
    day: str
    unit: str
    totals: Sequence[int]
    warnings: Sequence[str]


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that would be quarantined; ``cell`` is empty if no single cell is the reason."""

    sheet: str
    line: int
    cell: str
    field: str
    reason: str
    shown: str


@dataclass(slots=True)
class Inspection:
    """What a load of the file would do.

    ``status`` is published, rejected or failed; ``reason`` says why for an engineer, ``for_sender``
    in Russian. ``formats`` has the format of each member of the file; ``refused`` are the tables that
    would not be loaded.
    """

    label: str
    source: str
    status: str
    reason: str = ""
    for_sender: str = ""
    is_nearly_known: bool = False
    counts: LoadCounts = field(default_factory=LoadCounts)
    formats: list[tuple[str, str]] = field(default_factory=list)
    tables: list[FoundTable] = field(default_factory=list)
    refused: list[RefusedTable] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """``GOOD``; ``DOUBTFUL``: rows would be quarantined or are doubtful; or ``NOT_LOADED``."""
        if self.status != "published":
            return NOT_LOADED
        return DOUBTFUL if self.problems or self.warnings else GOOD


def inspect_file(path: Path, source: str, time_zone: str, rows: int) -> Inspection:
    """Load a copy of the file as ``source`` (empty: the first source that accepts it) and report.

    The warehouse, inbox and archive of the settings are filled: they must be temporary ones.
    """
    with fenced():
        return _inspection(path, source, time_zone, rows)


def _inspection(path: Path, source: str, time_zone: str, rows: int) -> Inspection:
    formats, is_exchange = contents(path, [kind for kinds in _kinds().values() for kind in kinds])
    found: list[Inspection] = []
    for one in [source, *SOURCES] if source else SOURCES:
        found.append(_inspected(path, one, time_zone, rows))
        if found[-1].status == "published":
            break
    best = found[-1]
    if source and best.source != source:
        best = found[0]
        if found[-1].status == "published":
            best.notes.append(f"inbox/{found[-1].source}/ would accept it")
    elif best.status != "published" and not source:
        # Of several refusals take the most helpful one: that of a table that was nearly recognised.
        best = max(found, key=_helpfulness(is_exchange))
    best.formats = formats
    best.refused = _refused(path, best, is_known=bool(source))
    return best


def _kinds() -> dict[str, Sequence[TableKind]]:
    """The kinds of table of each source that has any."""
    return {one.name: one.kinds() for one in sources.SOURCES if one.has_tables}


def _refused(path: Path, inspection: Inspection, *, is_known: bool) -> list[RefusedTable]:
    """The tables that were not taken, by the kinds of the source that they are meant for, if ``is_known``."""
    kinds = _kinds()
    if inspection.source not in kinds:
        return []
    is_known = is_known or inspection.status == "published" or inspection.is_nearly_known
    wanted = [inspection.source] if is_known else list(kinds)
    named = {problem.sheet for problem in inspection.problems if not problem.line}
    shown = {table.label for table in inspection.tables}
    found = refused_tables(path, [kind for name in wanted for kind in kinds[name]])
    if inspection.status == "published":
        return [table for table in found if table.label in named]
    return [table for table in found if table.label not in shown]


def _helpfulness(is_exchange: bool) -> Callable[[Inspection], tuple[bool, bool]]:
    return lambda one: (one.is_nearly_known, is_exchange == (one.source == "smev"))


def _inspected(path: Path, source: str, time_zone: str, rows: int) -> Inspection:
    observed: list[SeenTable] = []
    with _arrived(path, source):
        try:
            run = load_new_files(file_source(source, time_zone, _loader(source, observed)))
        except FilesFailedError as error:
            run = error.run
    with open_warehouse() as warehouse:
        found = _looked_up(warehouse, path, source, observed, rows)
    for refusal in run.errors:
        found.status, found.for_sender = "rejected", mask_personal(refusal.for_sender)
        found.is_nearly_known = isinstance(refusal, IncompleteTableError)
    return found


@contextmanager
def _arrived(path: Path, source: str) -> Iterator[None]:
    folder = Path(str(settings.inbox_folder())) / source
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / path.name
    shutil.copyfile(path, copy)
    # A recent file would be watched for growth, and a recent empty one left for the next run.
    modified = min(path.stat().st_mtime, time.time() - _SETTLED_SECONDS)
    os.utime(copy, (modified, modified))
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _loader(source: str, observed: list[SeenTable]) -> Loader:
    if not sources.source(source).has_tables:
        loader: Loader = sources.source(source).module("files").load_file
        return loader
    kinds = _kinds()[source]

    def load(task: FileLoad) -> tuple[LoadCounts, str]:
        return load_tables(task, kinds, observed)

    return load


def _looked_up(
    warehouse: Warehouse,
    path: Path,
    source: str,
    observed: Sequence[SeenTable],
    rows: int,
) -> Inspection:
    events = warehouse.rows(
        """
        SELECT load_id, unit_key, unit, toString(status), message, delivered, loaded, quarantined, duplicates
        FROM ops.load_events WHERE source = {source:String} ORDER BY at DESC LIMIT 1
        """,
        {"source": source},
    )
    if not events:
        reason = "the inbox ignores names of hidden files and of unfinished uploads"
        return Inspection(f"{source}/{mask_personal(path.name)}", source, "rejected", reason)
    (load_id, unit_key, label, status, message, *counts) = events[0]
    inspection = Inspection(label, source, status, counts=LoadCounts(*counts))
    if status != "published":
        inspection.reason = message
    elif not sources.source(source).has_tables:
        inspection.notes.append(message)
    _add_notes(warehouse, inspection, load_id)
    load = {"load_id": load_id, "unit_key": unit_key, "rows": rows}
    tables = [seen.table for seen in observed]
    inspection.tables = [
        _found(warehouse, seen, {**load, "end": _end(seen.table, tables)}) for seen in observed
    ]
    inspection.problems = [
        Problem(sheet, line, _cell(_table_of(tables, sheet, line), name, line), name, reason, shown)
        for sheet, line, name, reason, shown in warehouse.rows(
            "SELECT sheet, line, field, reason, masked_row FROM ops.quarantine "
            "WHERE source = {source:String} AND load_id = {load_id:UUID} ORDER BY sheet, line",
            {"source": source, "load_id": load_id},
        )
    ]
    if [problem.reason for problem in inspection.problems] == [inspection.reason]:
        inspection.problems.clear()
    # The same content must be inspected again when it comes under another name.
    warehouse.command("TRUNCATE TABLE ops.files")
    warehouse.command("TRUNCATE TABLE ops.load_events")
    return inspection


def _add_notes(warehouse: Warehouse, inspection: Inspection, load_id: UUID) -> None:
    rows = warehouse.rows(
        "SELECT code, sheet, text, times, line FROM ops.load_warnings "
        "WHERE source = {source:String} AND load_id = {load_id:UUID} ORDER BY sheet, code, text",
        {"source": inspection.source, "load_id": load_id},
    )
    for code, sheet, *rest in rows:
        note = f"{sheet}: {Note(code, *rest)}" if sheet else str(Note(code, *rest))
        (inspection.notes if code in _HARMLESS else inspection.warnings).append(note)


def _day(seen: SeenTable) -> str:
    """What the rows of a table are true for, or when it was made."""
    if seen.reading is None:
        return ""
    if seen.reading.day:
        return seen.reading.day
    if place := seen.table.headings.columns.get("as_of"):
        return f"column {column_letter(place)}"
    made, is_dated = (seen.reading.context[name] for name in ("file_at", "is_dated"))
    return f"{str(made)[:10]}, {'when it was made' if is_dated else 'that of the file'}"


def _found(warehouse: Warehouse, seen: SeenTable, load: dict[str, Any]) -> FoundTable:
    table, kind = seen.table, seen.kind
    headings = table.headings
    lines = "sheet = {sheet:String} AND line > {start:UInt64} AND line < {end:UInt64}"
    here = f"WHERE unit_key = {{unit_key:String}} AND load_id = {{load_id:UUID}} AND {lines}"
    parameters = {**load, "sheet": table.label, "start": headings.last_row + 1}
    types = warehouse.column_types(kind.target)
    names = [name for name in types if name not in _ORIGIN]
    shown_names = [f"{name} (UTC)" if "UTC" in types[name] else name for name in names]
    shown = ", ".join(f"ifNull(toString({name}), '')" for name in names)
    typed = warehouse.rows(
        f"SELECT {shown} FROM {kind.target} {here} ORDER BY line LIMIT {{rows:UInt32}}",  # noqa: S608 - names are ours
        parameters,
    )
    loaded = warehouse.value(f"SELECT count() FROM {kind.target} {here}", parameters)  # noqa: S608
    quarantined = warehouse.value(
        f"SELECT count() FROM ops.quarantine WHERE load_id = {{load_id:UUID}} AND {lines}",  # noqa: S608
        parameters,
    )
    return FoundTable(
        label=table.label,
        kind=kind.name,
        title=kind.title,
        lines=(headings.first_row + 1, headings.last_row + 1),
        columns=columns_of(headings),
        rows=[dict(zip(shown_names, row, strict=True)) for row in typed],
        loaded=loaded,
        quarantined=quarantined,
        day=_day(seen),
        unit=seen.reading.unit if seen.reading else "",
        totals=seen.totals,
        warnings=[note.code for note in seen.notes],
    )


def _end(table: Table, tables: Sequence[Table]) -> int:
    """The line on which the headings of the next table of the sheet begin."""
    begins = (one.headings.first_row for one in tables if one.label == table.label)
    return min((first + 1 for first in begins if first > table.headings.first_row), default=2**63)


def _table_of(tables: Sequence[Table], sheet: str, line: int) -> Table | None:
    above = [one for one in tables if one.label == sheet and one.headings.last_row < line]
    return max(above, key=lambda one: one.headings.last_row, default=None)


def _cell(table: Table | None, name: str, line: int) -> str:
    if table is None or not line:
        return ""
    names = table.headings.known.names
    place = next(
        (table.headings.columns.get(key) for key, one in names.items() if one == name), None
    )
    return "" if place is None else f"{column_letter(place)}{line}"
