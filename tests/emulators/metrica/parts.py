"""The files of a processed log request: rows as text, split into parts, with the row faults."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from tests.emulators.metrica import tsv
from tests.emulators.metrica.bulk import Bulk
from tests.emulators.metrica.faults import Faults
from tests.emulators.metrica.files import SMALL_CHUNK, Content, Memory, split
from tests.emulators.metrica.hits import Hit
from tests.emulators.metrica.style import VISIT_IDS_SINCE, Cell
from tests.emulators.metrica.visits import DEFAULT_SEED, Visit, unfinished

Row = Visit | Hit
STORAGE_QUOTA = 10 * 1000**3


@dataclass(slots=True)
class Settings:
    """How the emulated service behaves without faults; may be changed at run time.

    A request stays `created` for `polls` polls, and for `prepare_seconds` and `prepare_day_seconds`
    a day of the store's clock. Its rows go into `parts_per_request` parts,
    or into as many parts of `rows_per_part` as it takes. `true_utc` writes `...UTC` columns in
    UTC, else in UTC+3 as documented. Days younger than `settling_days` are shown unfinished.
    Hits before `visit_ids_since` have no visit. `bulk` serves large generated days instead of the
    small ones, under the same API.

    `queue_limit` rejects a request if this many of the counter are not processed yet. Parts are
    sent in chunks of `chunk_bytes`. Reports count a `sample_share` of the visits, whatever the
    requested accuracy, and show `report_skew` times the visits of a day, of all days for None.
    """

    polls: int = 2
    prepare_seconds: float = 0.0
    prepare_day_seconds: float = 0.0
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
    queue_limit: int | None = None
    chunk_bytes: int = SMALL_CHUNK
    sample_share: float = 1.0
    report_skew: dict[date | None, float] = field(default_factory=dict)
    visit_ids_since: date = VISIT_IDS_SINCE
    bulk: Bulk | None = None


@dataclass(slots=True)
class Part:
    """One file: its number, its content and the size that the API announces."""

    number: int
    content: Content = field(repr=False)
    size: int


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of a request: headings and their writers, in the requested order."""

    headings: tuple[str, ...]
    cells: tuple[Cell, ...]

    def with_faults(self, faults: Faults) -> "Table":
        """The columns delivered instead of the requested ones."""
        columns = [
            (faults.renamed_columns.get(heading, heading), cell)
            for heading, cell in zip(self.headings, self.cells, strict=True)
            if heading not in faults.missing_columns
        ]
        columns = columns[::-1] if faults.reversed_columns else columns
        extra = [(heading, _always(cell)) for heading, cell in faults.extra_columns.items()]
        return Table(*zip(*extra, *columns, strict=True)) if extra or columns else Table((), ())


def build_parts(
    table: Table, rows: Iterable[Row], settings: Settings, faults: Faults
) -> list[Part]:
    """Write all rows and split them; no rows give no part or one with the header only."""
    every = [] if faults.header_only else list(rows)
    if faults.empty_parts or not (every or settings.header_only_when_empty or faults.header_only):
        return []
    parts = []
    start = 0
    changed = table.with_faults(faults)
    for number, chunk in enumerate(_split(every, settings)):
        columns = changed if number >= faults.columns_from_part else table
        again = every[max(0, start - faults.duplicate_rows) : start]
        if faults.earlier_duplicates:
            again = [unfinished(row) if isinstance(row, Visit) else row for row in again]
        lines = [
            tsv.line(columns.headings),
            *_lines(columns, again, settings),
            *_lines(columns, chunk, settings, faults, start),
        ]
        parts.append(_part(number * (2 if settings.sparse_parts else 1), lines, settings, faults))
        start += len(chunk)
    return parts[::-1] if settings.sparse_parts else parts


def bulk_parts(
    bulk: Bulk,
    counter_id: int,
    days: Iterable[date],
    source: str,
    names: Sequence[str],
    settings: Settings,
) -> list[Part]:
    """The parts of bulk days, each of one day, none of them in memory."""
    contents = (
        stretch
        for day in days
        for stretch in split(
            bulk.day_file(counter_id, day, source, names), bulk.part_bytes, settings.rows_per_part
        )
    )
    return [Part(number, content, content.length) for number, content in enumerate(contents)]


def _part(number: int, lines: list[str], settings: Settings, faults: Faults) -> Part:
    text = "".join(lines)
    if faults.no_last_newline:
        text = text.removesuffix("\n")
    mark = "\ufeff" if faults.byte_order_mark else ""
    content = Memory((mark + text).encode(), settings.chunk_bytes)
    return Part(number, content, content.length + faults.size_offset)


def _lines(
    table: Table,
    rows: Iterable[Row],
    settings: Settings,
    faults: Faults | None = None,
    start: int = 0,
) -> list[str]:
    cells = table.cells
    lines = []
    faulty = _faulty_rows(faults) if faults else 0
    for number, each in enumerate(rows, start):
        row = [cell(each) for cell in cells]
        if settings.csv_quotes:
            row = [tsv.quote_cell(cell) for cell in row]
        if faults and number < faulty:
            row = _spoil(row, number, table.headings, faults)
        lines.append(tsv.line(row))
    return lines


def _faulty_rows(faults: Faults) -> int:
    if faults.bad_values or faults.empty_fields or faults.wrong_column_rows:
        return max(2 + faults.wrong_column_rows, len(faults.bad_rows))
    return len(faults.bad_rows)


def _spoil(row: list[str], number: int, headings: tuple[str, ...], faults: Faults) -> list[str]:
    values = dict(faults.bad_rows[number]) if number < len(faults.bad_rows) else {}
    if number == 0:
        values |= faults.bad_values
    elif number == 1:
        values |= dict.fromkeys(faults.empty_fields, "")
    row = [values.get(name, cell) for name, cell in zip(headings, row, strict=True)]
    return row[:-1] if 2 <= number < 2 + faults.wrong_column_rows else row


def _split(rows: list[Row], settings: Settings) -> list[list[Row]]:
    size = settings.rows_per_part or -(-len(rows) // max(1, settings.parts_per_request))
    if not size:
        return [rows]
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _always(cell: str) -> Cell:
    return lambda row: cell
