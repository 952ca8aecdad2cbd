"""Loads the tables of one arrived file: each sheet by its kind, and the balance of the load."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from zoneinfo import ZoneInfo

from municipal_indicators.errors import FileRejectedError
from municipal_indicators.inbox.archives import Member
from municipal_indicators.inbox.file_loads import FileLoad
from municipal_indicators.inbox.masking import mask_personal
from municipal_indicators.spreadsheets.amounts import with_unit_row
from municipal_indicators.spreadsheets.cells import is_blank, normal_form, plain_text
from municipal_indicators.spreadsheets.cutting import Cutter, is_title, line_of, rows_of_values
from municipal_indicators.spreadsheets.doubts import ORIGIN, doubts, repeated_headings
from municipal_indicators.spreadsheets.headings import (
    HEADER_ROWS,
    SEARCHED_ROWS,
    Headings,
    find_headings,
    headings_of,
    known_headings,
)
from municipal_indicators.spreadsheets.kinds import (
    IncompleteTableError,
    Note,
    SeenTable,
    Table,
    TableKind,
    TableLoad,
)
from municipal_indicators.spreadsheets.periods import Period, period_of, years_in
from municipal_indicators.spreadsheets.readers import read_sheets
from municipal_indicators.spreadsheets.refusals import (
    TABLES_LIMIT,
    BesideOpenDataError,
    NoTableError,
    joint_rejection,
    lacks_columns,
    no_table,
    only_hidden,
    too_many_tables,
    unknown_storey,
)
from municipal_indicators.spreadsheets.rows import LeftOut, data_rows
from municipal_indicators.spreadsheets.sheets import (
    LONGEST_CELL,
    Row,
    Sheet,
    SheetRows,
)
from municipal_indicators.spreadsheets.streaming import staged_blocks
from municipal_indicators.spreadsheets.titles import Titles, first_titles, next_titles
from municipal_indicators.spreadsheets.totals import Page, unequal_totals
from municipal_indicators.spreadsheets.words import Words, read_words
from municipal_indicators.warehouse.load_ledger import LoadCounts

log = logging.getLogger(__name__)

_MESSAGE_LENGTH = 2_000


@dataclass(slots=True)
class _Tally:
    """What has been read of one file."""

    tables: int = 0
    staged: int = 0
    broken: int = 0
    empty: int = 0
    kinds: set[str] = field(default_factory=set)
    parts: list[str] = field(default_factory=list)
    notes: list[tuple[str, Note]] = field(default_factory=list)
    rejections: list[tuple[str, FileRejectedError]] = field(default_factory=list)


def load_tables(
    task: FileLoad, kinds: Sequence[TableKind], seen: list[SeenTable] | None = None
) -> tuple[LoadCounts, str]:
    """Stage every table of a file; returns the counts and a one-line message. ``seen`` is filled.

    If some table can be loaded, sheets and members that cannot are put into quarantine (line 0); each
    counts as one row delivered and quarantined. Otherwise raises FileRejectedError.
    """
    loader = _Loader(task, kinds, [] if seen is None else seen)
    for member in task.content.members:
        loader.load_member(member)
    return loader.counts()


class _Loader:
    def __init__(self, task: FileLoad, kinds: Sequence[TableKind], seen: list[SeenTable]) -> None:
        self.task = task
        self.seen = seen
        self.kinds = {kind.name: kind for kind in kinds}
        self.needed = {kind.name: tuple(kind.needed) for kind in kinds}
        self.known = headings_of(self.needed)
        self.words = read_words()
        self.tally = _Tally()

    def load_member(self, member: Member) -> None:
        """Load the tables of one member; the error of a rejected member is kept for the end."""
        before = self.tally.staged
        good = self.tally.tables + self.tally.empty
        seen = _Sheets()
        try:
            self._load_sheets(member, seen)
            # A sheet «Свод» repeats the others, unless none of them holds such a table.
            only = {label for label, kind in seen.summaries.items() if kind not in seen.kinds}
            for label in seen.summaries.keys() - only:
                text = "left out: it sums up what the other sheets hold"
                self._note(label, Note("summary_sheet", text))
            if only:
                self._load_sheets(member, seen, only)
        except FileRejectedError as error:
            if self.tally.staged > before:
                # Some of its rows are staged already: going on would publish half a member.
                raise
            seen.refused.append((member.name, error))
        if seen.errors:
            note = Note(
                "error_cells", "error cells («#Н/Д», «#ССЫЛКА!») read as blank", seen.errors
            )
            self._note(member.name, note)
        found = self.tally.tables + self.tally.empty > good
        self._decide(seen.refused, seen.hidden, found=found)

    def _load_sheets(self, member: Member, seen: _Sheets, only: Collection[str] = ()) -> None:
        for sheet in read_sheets(member.path, partial(known_headings, self.needed)):
            label, seen.errors = sheet.label(member.name), sheet.errors
            if only and label not in only:
                continue
            if sheet.is_hidden:
                seen.hidden.append(label)
                continue
            staged = self.tally.staged
            try:
                self._load_sheet(
                    sheet, label, seen, is_summary=self._is_summary(sheet) and not only
                )
            except FileRejectedError as error:
                if self.tally.staged > staged:
                    raise
                seen.refused.append((label, error))
            if sheet.cut:
                text = f"cells cut to {LONGEST_CELL} characters"
                self._note(label, Note("long_cells", text, sum(sheet.cut)))

    def _is_summary(self, sheet: Sheet) -> bool:
        return bool(self.words.summaries.search(normal_form(sheet.name)))

    def counts(self) -> tuple[LoadCounts, str]:
        """Count in the warehouse how many staged rows were loaded, quarantined or duplicates."""
        tally = self.tally
        if not tally.tables and not tally.empty:
            raise joint_rejection([error for _, error in tally.rejections])
        rejections = []
        for label, error in tally.rejections:
            if isinstance(error, BesideOpenDataError):
                self._note(label, Note("no_table", error.note))
            else:
                rejections.append(error)
                self.task.quarantine(label, 0, "", error.reason)
        unread = len(rejections) + len(self.task.content.broken)
        loaded, distinct = 0, 0
        for target in sorted({self.kinds[name].target for name in tally.kinds}):
            rows, unlike = self._counted(target)
            loaded, distinct = loaded + rows, distinct + unlike
        quarantined = self.task.warehouse.value(
            "SELECT count() FROM ops.quarantine WHERE source = {source:String} AND load_id = {load_id:UUID}",
            {"source": self.task.load.unit.source, "load_id": self.task.load.load_id},
        )
        counts = LoadCounts(tally.staged + unread, distinct, quarantined, loaded - distinct)
        kinds = [kind for kind in self.kinds.values() if kind.name in tally.kinds]
        for label, note in doubts(self.task, kinds, counts.delivered, counts.quarantined):
            self._warn(label, [note])
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
        named = [one for one in refused if not isinstance(one[1], NoTableError)]
        if found:
            for label, error in refused:
                # Files often hold other sheets beside the data: that is not an error.
                if isinstance(error, NoTableError):
                    self._note(label, Note("no_table", error.note))
            self.tally.rejections += named
        elif hidden and not named:
            self.tally.rejections.append((hidden[0], only_hidden()))
        elif refused:
            self.tally.rejections.append((refused[0][0], (named or refused)[0][1]))

    def _load_sheet(self, sheet: Sheet, label: str, seen: _Sheets, *, is_summary: bool) -> None:
        rows = SheetRows(sheet.blocks)
        top = rows.peek(SEARCHED_ROWS)
        seen.years |= years_in(line_of(row) for row in top if is_title(row))
        headings = self._recognised(top)
        if headings is None:
            if _says_no_data(top, self.words):
                self.tally.empty += 1
                self._note(label, Note("no_data", "it says that it holds no data"))
                return
            raise no_table(top)
        if is_summary:
            seen.summaries[label] = headings.known.kind
            return
        before = top[: headings.first_row]
        begin = rows_of_values(before)
        if begin:
            self._note(label, _unknown_table(1, before))
        titles = self._next_titles(before[begin:], first_titles(before[:begin]))
        pages: list[Page] = []
        while headings:
            seen.kinds.add(headings.known.kind)
            kind = self.kinds[headings.known.kind]
            top = rows.peek(headings.last_row + 1 + HEADER_ROWS)
            headings = with_unit_row(headings, top, kind.of_type("amount"))
            begin = rows.line - 1
            heading_rows = [row for row in top[: headings.last_row + 1] if not is_title(row)]
            rows.skip(headings.last_row + 1)
            headings = replace(
                headings,
                first_row=begin + headings.first_row,
                last_row=begin + headings.last_row,
            )
            file_name = label if self.task.content.members[0].name else self.task.load.unit.label
            period = period_of(sheet.name, titles.dates, seen.years, file_name)
            table = self._table(sheet, label, headings, titles, period)
            cutter = Cutter(
                kind, headings, self.known, self.words, table.zone, heading_rows[-HEADER_ROWS:]
            )
            staged = self.tally.staged
            if pages and pages[0].load.kind is not kind:
                self._check_totals(pages)
            try:
                self._refuse_lower_storey(rows, cutter, headings)
                pages.append(self._load_table(kind, table, rows, cutter))
            except IncompleteTableError as error:
                if self.tally.staged > staged:
                    raise
                seen.refused.append((label, error))
                cutter.next_start(rows)
            headings, titles = self._next_table(rows, label, cutter, headings, titles, seen)
        self._check_totals(pages)

    def _check_totals(self, pages: list[Page]) -> None:
        """Compare the totals of tables of one kind that stand below each other, and forget these."""
        if pages:
            self._warn(pages[0].load.table.label, unequal_totals(pages))
            pages.clear()

    def _warn(self, label: str, notes: Sequence[Note]) -> None:
        self.seen[-1].notes = [*self.seen[-1].notes, *notes]
        for note in notes:
            log.warning("%s: %s%s", self.task.load.unit.label, f"{label}: " if label else "", note)
            self._note(label, note)

    def _next_table(
        self,
        rows: SheetRows,
        label: str,
        cutter: Cutter,
        last: Headings,
        titles: Titles,
        seen: _Sheets,
    ) -> tuple[Headings | None, Titles]:
        """The headings of the next table of a sheet, those of the last one where it has none of its own."""
        while top := rows.peek(SEARCHED_ROWS):
            seen.tables += 1
            if seen.tables > TABLES_LIMIT:
                raise too_many_tables()
            lead = next((place for place, row in enumerate(top) if not is_title(row)), len(top))
            own = self._next_titles(top[:lead], titles)
            if lead < len(top) and not cutter.is_heading_at(top[lead : lead + HEADER_ROWS]):
                return replace(last, first_row=lead, last_row=lead - 1), own
            try:
                if found := self._recognised(top[: lead + HEADER_ROWS]):
                    return found, self._next_titles(top[: found.first_row], titles)
                if lead < len(top):
                    self._note(label, _unknown_table(rows.line, top[lead : lead + 1]))
            except IncompleteTableError as error:
                seen.refused.append((label, error))
            rows.skip(lead + 1)
            cutter.next_start(rows)
        return None, titles

    def _next_titles(self, rows: Sequence[Row], above: Titles) -> Titles:
        return next_titles(rows, above, self.words, ZoneInfo(self.task.time_zone))

    def _refuse_lower_storey(self, rows: SheetRows, cutter: Cutter, headings: Headings) -> None:
        """Refuse a table whose headings go on below in unknown words: its columns may be others."""
        below = rows.peek(HEADER_ROWS)
        if below and cutter.is_heading(below[0]) and self._recognised(below) is None:
            raise unknown_storey(headings, below[0])

    def _table(
        self, sheet: Sheet, label: str, headings: Headings, titles: Titles, period: Period
    ) -> Table:
        return Table(
            headings=headings,
            label=label,
            above=titles.dates,
            units=titles.units,
            units_above=titles.units_above,
            is_1904=sheet.is_1904,
            modified_at=self.task.file.modified_at,
            zone=ZoneInfo(self.task.time_zone),
            words=self.words,
            warehouse=self.task.warehouse,
            period=period,
        )

    def _load_table(self, kind: TableKind, table: Table, rows: SheetRows, cutter: Cutter) -> Page:
        seen = SeenTable(table, kind)
        self.seen.append(seen)
        seen.reading = kind.open_table(table)
        load = TableLoad(self.task, kind, table, seen.reading)
        headings, label = table.headings, table.label
        left_out = LeftOut()
        runs = data_rows(
            rows,
            headings,
            kind,
            self.words,
            left_out,
            cutter=cutter,
        )
        staged = 0
        for rows_of_block in staged_blocks(load, runs):
            staged += rows_of_block
            self.tally.staged += rows_of_block
        # An empty register counts as 0, a missing one as unknown: so the table itself is recorded.
        self.task.warehouse.insert(
            "core.loaded_tables",
            ("unit_key", "load_id", "sheet", "kind"),
            [(self.task.load.unit.key, self.task.load.load_id, label, kind.name)],
        )
        self.tally.tables += 1
        self.tally.kinds.add(kind.name)
        self._describe(load, staged)
        seen.totals = [line for line, _ in left_out.totals]
        self._warn(
            label, [*repeated_headings(kind, headings), *load.reading.notes(), *left_out.notes()]
        )
        return Page(load, left_out.totals, rows.line)

    def _recognised(self, top: Sequence[Row]) -> Headings | None:
        found = find_headings(top, self.needed)
        if found is None:
            return None
        kind = self.kinds[found.known.kind]
        missing = found.missing(kind.needed)
        if not missing:
            return _of_total_group(kind, found, self.words)
        if len(missing) * 2 > len(kind.needed):
            return None
        raise lacks_columns(kind, found, missing)

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


@dataclass(slots=True)
class _Sheets:
    """What has been seen of the sheets of one member."""

    kinds: set[str] = field(default_factory=set)
    summaries: dict[str, str] = field(default_factory=dict)
    hidden: list[str] = field(default_factory=list)
    refused: list[tuple[str, FileRejectedError]] = field(default_factory=list)
    years: set[int] = field(default_factory=set)
    errors: int = 0
    tables: int = 0


def _unknown_table(line: int, rows: Sequence[Row]) -> Note:
    shown = ", ".join(
        f"«{mask_personal(plain_text(cell))[:60]}»"
        for row in rows[:1]
        for cell in row[:20]
        if not is_blank(cell)
    )
    return Note(
        "unknown_table", f"a table in line {line} is of no known kind and left out: {shown}"
    )


def _says_no_data(top: Sequence[Row], words: Words) -> bool:
    cells = [cell for row in top for cell in row if not is_blank(cell)]
    return len(cells) < 10 and any(normal_form(plain_text(cell)) in words.no_data for cell in cells)


def _of_total_group(kind: TableKind, found: Headings, words: Words) -> Headings:
    """The headings with the columns of the group «Всего», where needed ones stand in several groups."""
    columns = dict(found.columns)
    for name, group in found.groups.items():
        totals = [place for place, text in group.items() if words.is_total(normal_form(text))]
        if len(totals) == 1:
            columns[name] = totals[0]
        elif name in kind.needed:
            shown = ", ".join(f"«{mask_personal(text)[:60]}»" for text in group.values())
            raise IncompleteTableError(
                f"taken for {kind.name} (headings in line {found.last_row + 1}), but several columns can be "
                f"«{found.known.names[name]}»: {shown}",
                f"Непонятно, какой из столбцов — «{found.known.names[name]}»: {shown}. Оставьте один или "
                "добавьте группу «Всего».",
            )
    return replace(found, columns=columns)
