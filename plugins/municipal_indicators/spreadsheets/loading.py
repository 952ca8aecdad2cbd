"""Loads the tables of one arrived file: each sheet by its kind, and the balance of the load."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from zoneinfo import ZoneInfo

from municipal_indicators.errors import FileRejectedError
from municipal_indicators.inbox.archives import Member
from municipal_indicators.inbox.file_loads import FileLoad
from municipal_indicators.spreadsheets.cells import is_blank, normal_form, plain_text
from municipal_indicators.spreadsheets.doubts import ORIGIN, doubts
from municipal_indicators.spreadsheets.headings import (
    SEARCHED_ROWS,
    Headings,
    find_headings,
    known_headings,
)
from municipal_indicators.spreadsheets.kinds import (
    Block,
    IncompleteTableError,
    Note,
    Table,
    TableKind,
    TableLoad,
)
from municipal_indicators.spreadsheets.readers import read_sheets
from municipal_indicators.spreadsheets.rows import Numbered, Run, data_rows
from municipal_indicators.spreadsheets.sheets import (
    LONGEST_CELL,
    Row,
    RowBlock,
    Sheet,
    row_blocks,
    split_top,
)
from municipal_indicators.spreadsheets.texts import as_arrow, joined
from municipal_indicators.spreadsheets.totals import unequal_totals
from municipal_indicators.spreadsheets.words import Words, read_words
from municipal_indicators.warehouse.load_ledger import LoadCounts

log = logging.getLogger(__name__)

BLOCK_ROWS = 25_000
# A block of rows that are very long has few of them.
_BLOCKS = 25
_PROGRESS_ROWS = 200_000
_MESSAGE_LENGTH = 2_000


@dataclass(slots=True)
class _Tally:
    """What has been read of one file."""

    tables: int = 0
    staged: int = 0
    broken: int = 0
    empty: int = 0
    targets: set[str] = field(default_factory=set)
    parts: list[str] = field(default_factory=list)
    notes: list[tuple[str, Note]] = field(default_factory=list)
    rejections: list[tuple[str, FileRejectedError]] = field(default_factory=list)


def load_tables(task: FileLoad, kinds: Sequence[TableKind]) -> tuple[LoadCounts, str]:
    """Stage every table of a file; returns the counts and a one-line message.

    If some table can be loaded, sheets and members that cannot are put into quarantine (line 0); each
    counts as one row delivered and quarantined. Otherwise raises FileRejectedError.
    """
    loader = _Loader(task, kinds)
    for member in task.content.members:
        loader.load_member(member)
    return loader.counts()


class _Loader:
    def __init__(self, task: FileLoad, kinds: Sequence[TableKind]) -> None:
        self.task = task
        self.kinds = {kind.name: kind for kind in kinds}
        self.needed = {kind.name: tuple(kind.needed) for kind in kinds}
        self.words = read_words()
        self.tally = _Tally()

    def load_member(self, member: Member) -> None:
        """Load the tables of one member; the error of a rejected member is kept for the end."""
        before = self.tally.staged
        good = self.tally.tables + self.tally.empty
        hidden: list[str] = []
        others: list[tuple[str, FileRejectedError]] = []
        errors = 0
        try:
            for sheet in read_sheets(member.path, partial(known_headings, self.needed)):
                label, errors = sheet.label(member.name), sheet.errors
                if sheet.is_hidden:
                    hidden.append(label)
                    continue
                staged = self.tally.staged
                try:
                    self._load_sheet(sheet, label)
                except FileRejectedError as error:
                    if self.tally.staged > staged:
                        raise
                    others.append((label, error))
                if sheet.cut:
                    text = f"cells cut to {LONGEST_CELL} characters"
                    self._note(label, Note("long_cells", text, sum(sheet.cut)))
        except FileRejectedError as error:
            if self.tally.staged > before:
                # Some of its rows are staged already: going on would publish half a member.
                raise
            others.append((member.name, error))
        if errors:
            note = Note("error_cells", "error cells («#Н/Д», «#ССЫЛКА!») read as blank", errors)
            self._note(member.name, note)
        self._decide(others, hidden, found=self.tally.tables + self.tally.empty > good)

    def counts(self) -> tuple[LoadCounts, str]:
        """Count in the warehouse how many staged rows were loaded, quarantined or duplicates."""
        tally = self.tally
        if not tally.tables and not tally.empty:
            raise _joint_rejection([error for _, error in tally.rejections])
        for label, error in tally.rejections:
            self.task.quarantine(label, 0, "", error.reason)
        unread = len(tally.rejections) + len(self.task.content.broken)
        loaded, distinct = 0, 0
        for target in sorted(tally.targets):
            rows, unlike = self._counted(target)
            loaded, distinct = loaded + rows, distinct + unlike
        quarantined = self.task.warehouse.value(
            "SELECT count() FROM ops.quarantine WHERE source = {source:String} AND load_id = {load_id:UUID}",
            {"source": self.task.load.unit.source, "load_id": self.task.load.load_id},
        )
        counts = LoadCounts(tally.staged + unread, distinct, quarantined, loaded - distinct)
        kinds = [kind for kind in self.kinds.values() if kind.target in tally.targets]
        for label, note in doubts(self.task, kinds, counts.delivered, counts.quarantined):
            log.warning("%s: %s%s", self.task.load.unit.label, f"{label}: " if label else "", note)
            self._note(label, note)
        for label, note in tally.notes:
            self.task.warn(note.code, note.text, label, note.times, note.line)
        return counts, "; ".join(tally.parts)[:_MESSAGE_LENGTH]

    def _counted(self, target: str) -> tuple[int, int]:
        content = ", ".join(
            name for name in self.task.warehouse.columns(target) if name not in ORIGIN
        )
        (counts,) = self.task.warehouse.rows(
            f"SELECT count(), uniqExact(sipHash128(toString(tuple({content})))) FROM {target} "  # noqa: S608 - names are ours
            "WHERE unit_key = {unit_key:String} AND load_id = {load_id:UUID}",
            {"unit_key": self.task.load.unit.key, "load_id": self.task.load.load_id},
        )
        return counts

    def _decide(
        self, refused: list[tuple[str, FileRejectedError]], hidden: list[str], *, found: bool
    ) -> None:
        for label in hidden:
            self._note(label, Note("hidden_sheet", "hidden sheet left out"))
        named = [one for one in refused if not isinstance(one[1], _NoTableError)]
        if found:
            for label, error in refused:
                # Files often hold other sheets beside the data: that is not an error.
                if isinstance(error, _NoTableError):
                    self._note(label, Note("no_table", "sheet without a table"))
            self.tally.rejections += named
        elif hidden and not named:
            self.tally.rejections.append((hidden[0], _only_hidden()))
        elif refused:
            self.tally.rejections.append((refused[0][0], (named or refused)[0][1]))

    def _load_sheet(self, sheet: Sheet, label: str) -> None:
        top, rest = split_top(sheet.blocks, SEARCHED_ROWS)
        headings = self._recognised(top)
        if headings is None:
            if _says_no_data(top, self.words):
                self.tally.empty += 1
                self._note(label, Note("no_data", "it says that it holds no data"))
                return
            raise _no_table(top)
        kind = self.kinds[headings.known.kind]
        table = Table(
            headings=headings,
            label=label,
            above=[_line(row) for row in top[: headings.first_row]],
            is_1904=sheet.is_1904,
            modified_at=self.task.file.modified_at,
            zone=ZoneInfo(self.task.time_zone),
            words=self.words,
            warehouse=self.task.warehouse,
        )
        load = TableLoad(self.task, kind, table, kind.open_table(table))
        below = chain(row_blocks(top[headings.last_row + 1 :]), rest)
        needed = [name for name in kind.needed if name in headings.columns]
        totals: list[Numbered] = []
        runs = data_rows(below, headings, needed, self.words, totals)
        staged = self._stage(load, runs)
        # An empty register counts as 0, a missing one as unknown: so the table itself is recorded.
        self.task.warehouse.insert(
            "core.loaded_tables",
            ("unit_key", "load_id", "sheet", "kind"),
            [(self.task.load.unit.key, self.task.load.load_id, label, kind.name)],
        )
        self.tally.tables += 1
        self.tally.targets.add(kind.target)
        self._describe(load, staged)
        for note in load.reading.notes() + unequal_totals(load, totals):
            log.warning("%s: %s%s", self.task.load.unit.label, f"{label}: " if label else "", note)
            self._note(label, note)

    def _recognised(self, top: Sequence[Row]) -> Headings | None:
        found = find_headings(top, self.needed)
        if found is None:
            return None
        kind = self.kinds[found.known.kind]
        missing = found.missing(kind.needed)
        if not missing:
            return found
        if len(missing) * 2 > len(kind.needed):
            return None
        raise _lacks_columns(kind, found, missing)

    def _stage(self, load: TableLoad, runs: Iterable[Run]) -> int:
        label, context = load.table.label, load.context()
        staged, next_report = 0, _PROGRESS_ROWS
        under_way: Future[None] | None = None
        # A thread stages one block while the next one is read.
        with _uncollected(), ThreadPoolExecutor(1) as pool:
            for lines, block in _blocks(runs, load.table.headings.columns):
                texts = load.reading.convert(block)
                content = _arrow(label, lines, texts)
                if under_way:
                    under_way.result()
                under_way = pool.submit(
                    self.task.warehouse.stage_bytes,
                    load.kind.staging_table,
                    ("sheet", "line", *texts),
                    [content],
                    context,
                    fmt="ArrowStream",
                )
                staged += block.size
                self.tally.staged += block.size
                if staged >= next_report:
                    next_report += _PROGRESS_ROWS
                    log.info("%s: %d rows read", label or self.task.load.unit.label, staged)
            if under_way:
                under_way.result()
        return staged

    def _describe(self, load: TableLoad, staged: int) -> None:
        headings = load.table.headings
        where = f"{load.table.label}: " if load.table.label else ""
        parts = [
            f"{where}{load.kind.name}, headings in line {headings.last_row + 1}, {staged} rows"
        ]
        if unknown := headings.unknown_masked():
            parts.append(f"columns left out: {', '.join(unknown[:20])}")
        self.tally.parts.append("; ".join(parts))

    def _note(self, label: str, note: Note) -> None:
        self.tally.notes.append((label, note))
        self.tally.parts.append(f"{label}: {note}" if label else str(note))


class _NoTableError(FileRejectedError):
    """No known heading row was found."""


def _blocks(runs: Iterable[Run], columns: Mapping[str, int]) -> Iterator[tuple[list[int], Block]]:
    """Runs joined until they are large enough for one insert: their lines and their cells by field."""
    lines: list[int] = []
    pending: list[RowBlock] = []
    for more, rows in runs:
        if not more:
            continue
        lines += more
        pending.append(rows)
        if len(lines) >= BLOCK_ROWS or len(pending) >= _BLOCKS:
            yield lines, _block(pending, columns)
            lines, pending = [], []
    if lines:
        yield lines, _block(pending, columns)


def _block(parts: Sequence[RowBlock], columns: Mapping[str, int]) -> Block:
    cells = {
        name: joined([part.column(place) for part in parts]) for name, place in columns.items()
    }
    return Block(sum(map(len, parts)), cells)


def _arrow(sheet: str, lines: Sequence[int], texts: Mapping[str, Sequence[str]]) -> bytes:
    """Columns of text as an Arrow stream, which needs no escapes."""
    import pyarrow as pa

    table = pa.table(
        {
            "sheet": pa.repeat(sheet, len(lines)),
            "line": pa.array(lines, pa.uint64()).cast(pa.string()),
            **{name: as_arrow(column) for name, column in texts.items()},
        }
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    content: bytes = sink.getvalue().to_pybytes()
    return content


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without garbage collection: cells form no reference cycles, and it would scan them again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _line(row: Row) -> str:
    return " ".join(plain_text(cell) for cell in row if not is_blank(cell))


def _says_no_data(top: Sequence[Row], words: Words) -> bool:
    cells = [cell for row in top for cell in row if not is_blank(cell)]
    return len(cells) < 10 and any(normal_form(plain_text(cell)) in words.no_data for cell in cells)


def _no_table(top: Sequence[Row]) -> FileRejectedError:
    if not any(not is_blank(cell) for row in top for cell in row):
        return _NoTableError("it holds no cell with a value", "Таблица пуста.")
    return _NoTableError(
        f"no row of the first {SEARCHED_ROWS} is a known heading row (see reference/headings.yaml)",
        f"В первых {SEARCHED_ROWS} строках нет заголовков, по которым понятно, что это за таблица. "
        "Добавьте заголовки столбцов.",
    )


def _lacks_columns(kind: TableKind, found: Headings, missing: list[str]) -> IncompleteTableError:
    lacking = ", ".join(f"«{name}»" for name in missing)
    unknown = ", ".join(found.unknown_masked()[:20])
    beside = f"; headings of no known column: {unknown}" if unknown else ""
    also = f" Не распознаны заголовки: {unknown}." if unknown else ""
    return IncompleteTableError(
        f"taken for {kind.name} (headings in line {found.last_row + 1}), but it lacks {lacking}{beside}; "
        "add a new spelling to reference/headings.yaml",
        f"Это похоже на таблицу «{kind.title}» (заголовки в строке {found.last_row + 1}), но в ней нет "
        f"столбцов: {lacking}.{also}",
    )


def _only_hidden() -> FileRejectedError:
    return FileRejectedError(
        "no visible sheet holds a known table, and hidden sheets are not read",
        "На видимых листах нет нужной таблицы, а скрытые не читаются. Покажите лист с данными и пришлите "
        "файл снова.",
    )


def _joint_rejection(errors: Sequence[FileRejectedError]) -> FileRejectedError:
    if not errors:
        return FileRejectedError(
            "the file holds no sheet", "В файле нет ни одного листа с таблицей."
        )
    named = [error for error in errors if not isinstance(error, _NoTableError)] or list(errors)
    is_nearly_known = any(isinstance(error, IncompleteTableError) for error in errors)
    return (IncompleteTableError if is_nearly_known else FileRejectedError)(
        "; ".join(dict.fromkeys(error.reason for error in named)),
        " ".join(dict.fromkeys(error.for_sender for error in named)),
    )
