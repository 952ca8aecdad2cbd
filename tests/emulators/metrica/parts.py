"""The files of a processed log request: rows as text, split into parts, with the row faults."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from typing import Literal

from tests.emulators.metrica import tsv
from tests.emulators.metrica.bulk import Bulk
from tests.emulators.metrica.faults import Faults
from tests.emulators.metrica.files import Content, Memory, split
from tests.emulators.metrica.hits import Hit
from tests.emulators.metrica.style import VISIT_IDS_SINCE, Cell
from tests.emulators.metrica.visits import DEFAULT_SEED, Visit

STORAGE_QUOTA = 10 * 1000**3


@dataclass(slots=True)
class Settings:
    """How the emulated service behaves when nothing is wrong; may be changed at run time.

    A request is `created` for `polls` looks at it. Its rows go into `parts_per_request` parts,
    or into as many parts of `rows_per_part` as it takes. `true_utc` writes `...UTC` columns in
    UTC, else in UTC+3 as documented. Days younger than `settling_days` are shown unfinished.
    Hits before `visit_ids_since` have no visit. `bulk` serves big made-up days instead of the
    small ones, under the same API.
    """

    polls: int = 2
    parts_per_request: int = 2
    rows_per_part: int | None = None
    sparse_parts: bool = False
    header_only_when_empty: bool = False
    dialect: tsv.Dialect = "B"
    csv_quotes: bool = False
    true_utc: bool = False
    gzip: bool = True
    content_type: str = "text/tab-separated-values"
    source_form: Literal["text", "array"] = "text"
    quota_bytes: int = STORAGE_QUOTA
    settling_days: int = 3
    seed: int = DEFAULT_SEED
    strict_auth: bool = False
    enforce_rates: bool = False
    visit_ids_since: date = VISIT_IDS_SINCE
    bulk: Bulk | None = None


@dataclass(slots=True)
class Part:
    """One file: its number, its content and the size that the API tells."""

    number: int
    content: Content = field(repr=False)
    size: int


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of a request: headings and their writers, in the order asked for."""

    headings: tuple[str, ...]
    cells: tuple[Cell, ...]

    def reversed(self) -> "Table":
        """The same columns from last to first."""
        return Table(self.headings[::-1], self.cells[::-1])


def build_parts(
    table: Table, rows: Iterable[Visit | Hit], settings: Settings, faults: Faults
) -> list[Part]:
    """Write all rows and split them; no rows give no part or one with the header only."""
    if faults.empty_parts:
        return []
    if faults.reversed_columns:
        table = table.reversed()
    lines = [] if faults.header_only else _lines(table, rows, settings, faults)
    if not lines and not (settings.header_only_when_empty or faults.header_only):
        return []
    chunks = _repeat(_split(lines, settings), faults.duplicate_rows)
    head = ("\ufeff" if faults.byte_order_mark else "") + tsv.line(table.headings)
    step = 2 if settings.sparse_parts else 1
    parts = [
        _part(number * step, "".join(chain((head,), chunk)), faults.size_offset)
        for number, chunk in enumerate(chunks)
    ]
    return parts[::-1] if settings.sparse_parts else parts


def bulk_parts(
    bulk: Bulk,
    counter_id: int,
    days: Iterable[date],
    source: str,
    names: Sequence[str],
    settings: Settings,
) -> list[Part]:
    """The parts of big days, each of one day; nothing of them is held in memory."""
    contents = (
        stretch
        for day in days
        for stretch in split(
            bulk.day_file(counter_id, day, source, names), bulk.part_bytes, settings.rows_per_part
        )
    )
    return [Part(number, content, content.length) for number, content in enumerate(contents)]


def _part(number: int, text: str, size_offset: int) -> Part:
    content = Memory(text.encode())
    return Part(number, content, content.length + size_offset)


def _lines(
    table: Table, rows: Iterable[Visit | Hit], settings: Settings, faults: Faults
) -> list[str]:
    cells = table.cells
    lines = []
    faulty = _faulty_rows(faults)
    for number, each in enumerate(rows):
        row = [cell(each) for cell in cells]
        if number < faulty:
            row = _spoil(row, number, table.headings, faults)
        if settings.csv_quotes:
            row = [tsv.quote_cell(cell) for cell in row]
        lines.append(tsv.line(row))
    return lines


def _faulty_rows(faults: Faults) -> int:
    if faults.bad_values or faults.empty_fields or faults.wrong_column_rows:
        return 2 + faults.wrong_column_rows
    return 0


def _spoil(row: list[str], number: int, headings: tuple[str, ...], faults: Faults) -> list[str]:
    if number == 0:
        return [faults.bad_values.get(name, cell) for name, cell in zip(headings, row, strict=True)]
    if number == 1:
        return [
            "" if name in faults.empty_fields else cell
            for name, cell in zip(headings, row, strict=True)
        ]
    return row[:-1]


def _split(lines: list[str], settings: Settings) -> list[list[str]]:
    size = settings.rows_per_part or -(-len(lines) // max(1, settings.parts_per_request))
    if not size:
        return [lines]
    return [lines[start : start + size] for start in range(0, len(lines), size)]


def _repeat(chunks: list[list[str]], rows: int) -> list[list[str]]:
    if not rows:
        return chunks
    before: list[list[str]] = [[], *(chunk[-rows:] for chunk in chunks[:-1])]
    return [tail + chunk for tail, chunk in zip(before, chunks, strict=True)]
