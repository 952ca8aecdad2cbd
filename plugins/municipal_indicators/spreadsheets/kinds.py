"""What a source defines for each kind of table: how it is recognised, and how cells become text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from municipal_indicators.errors import FileRejectedError
from municipal_indicators.inbox.file_loads import FileLoad
from municipal_indicators.spreadsheets.cells import Cell
from municipal_indicators.spreadsheets.headings import Headings
from municipal_indicators.spreadsheets.periods import NO_PERIOD, Period
from municipal_indicators.spreadsheets.words import Words
from municipal_indicators.warehouse.client import Warehouse


def utc_text(moment: datetime) -> str:
    """An instant as the staging views read it from the context: UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(" ", "milliseconds").removesuffix("+00:00")


class IncompleteTableError(FileRejectedError):
    """A table was recognised, but lacks something that its kind needs."""


@dataclass(frozen=True, slots=True)
class Table:
    """A recognised table before its rows are read.

    ``label`` names it (member and sheet, masked). ``above`` holds the lines above the headings as text, its
    own first, then those of the tables above it. ``units`` holds its own lines, which may name a unit of
    money, ``units_above`` those of the table above it, for a table that names none. ``is_1904`` means that
    plain numbers in date columns count from 1904. ``period`` completes its dates. ``modified_at`` is when
    the arrived file was last written (UTC).
    """

    headings: Headings
    label: str
    above: Sequence[str]
    units: Sequence[str]
    units_above: Sequence[str]
    is_1904: bool
    modified_at: datetime
    zone: ZoneInfo
    words: Words
    warehouse: Warehouse
    period: Period = NO_PERIOD

    def dated(self, made: datetime | None) -> dict[str, object]:
        """What the staging views read about the date of the file: the one in it, else its last change."""
        return {"file_at": utc_text(made or self.modified_at), "is_dated": made is not None}


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows of a table by field: the cells of each; a field without a column is blank."""

    size: int
    cells: Mapping[str, Sequence[Cell]]

    def column(self, name: str) -> Sequence[Cell]:
        """The cells of a field."""
        return self.cells.get(name) or [""] * self.size


@dataclass(frozen=True, slots=True)
class Note:
    """A warning about a loaded table; ``text`` is masked already.

    ``code`` is its kind in ``ops.load_warnings``; ``times`` is how often it occurred, ``line`` where
    first (0: it has no place).
    """

    code: str
    text: str
    times: int = 1
    line: int = 0

    def __str__(self) -> str:
        place = f" (first in line {self.line})" if self.line else ""
        return f"{self.text}{place}" + (f" × {self.times}" if self.times > 1 else "")


@dataclass(frozen=True, slots=True)
class Reading:
    """How one table is read.

    ``convert`` turns a block into the text columns of the staging table. ``context`` is added to the
    context of the staging views. ``review``, if there is one, is given all blocks of the table before the
    first one is converted, and returns what to convert, or refuses the table. ``notes`` is called after the
    last row. ``day`` is the date that the title gives to its rows, ``unit`` the unit of its money, as text.
    """

    convert: Callable[[Block], Mapping[str, Sequence[str]]]
    context: Mapping[str, object]
    notes: Callable[[], list[Note]] = list
    review: Callable[[Sequence[Block]], Sequence[Block]] | None = None
    day: str = ""
    unit: str = ""


ColumnType = Literal["code", "name", "key_name", "item", "flag", "day", "number", "year", "amount"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a described table: its field in ``headings.yaml`` and its type.

    The type decides how cells become text (``spreadsheets/columns.py``) and how the text is checked
    and cast (``sql/macros/table_staging.sql``). A table without a ``needed`` column is rejected. A
    blank cell in a ``required`` column sends its row to quarantine.
    """

    name: str
    type: ColumnType
    is_needed: bool = False
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class TableKind:
    """One kind of table: its key in ``headings.yaml``, its Russian title, and where its rows go.

    ``needed`` are the fields without which a file is rejected. ``columns`` describes them for the
    staging macro; it is empty where ``sql/staging/<name>.sql`` writes its views itself. ``totals``
    holds, by field, the aggregate of ``target`` that a total row shows there; ``count()`` may also be
    given in words. ``open_table`` may raise FileRejectedError. ``key`` are the columns of ``target`` by
    which rows are told apart; with ``as_of`` among them, the rows of one date are a version. ``doubts``
    is asked after the last row what else is doubtful in the load.
    """

    name: str
    title: str
    needed: Sequence[str]
    target: str
    open_table: Callable[[Table], Reading] = field(repr=False)
    columns: Sequence[Column] = ()
    totals: Mapping[str, str] = field(default_factory=dict)
    key: Sequence[str] = ()
    doubts: Callable[[FileLoad], list[Note]] = field(default=lambda _: [], repr=False)

    def of_type(self, *types: ColumnType) -> list[str]:
        """The names of its columns of some types."""
        return [column.name for column in self.columns if column.type in types]

    @property
    def named(self) -> list[str]:
        """The needed columns in which a text alone in its row may be an item without its values."""
        texts = self.of_type("name", "key_name", "item")
        return [
            name for name in self.needed[not self.columns :] if name in texts or not self.columns
        ]

    @property
    def shared(self) -> list[str]:
        """The columns of dates and years that many rows have in common; the day of an event is its own."""
        return [
            column.name
            for column in self.columns
            if column.type == "year" or (column.type == "day" and not column.is_needed)
        ]

    @property
    def summed(self) -> list[str]:
        """The columns whose total rows show sums."""
        return [name for name in self.of_type("number", "amount") if name in self.totals]

    @property
    def staging_table(self) -> str:
        """The staging table of its rows."""
        return f"staging.{self.name}"


@dataclass(frozen=True, slots=True)
class TableLoad:
    """One recognised table of a file while it is loaded."""

    task: FileLoad
    kind: TableKind
    table: Table
    reading: Reading

    def context(self) -> dict[str, object]:
        """The context of its staging views."""
        arrived_at = utc_text(self.task.file.modified_at)
        return self.task.context(arrived_at=arrived_at, **self.reading.context)


@dataclass(slots=True)
class SeenTable:
    """One table that was recognised, loaded or not: how it is read, its total rows by line, and its notes."""

    table: Table
    kind: TableKind
    reading: Reading | None = None
    totals: Sequence[int] = ()
    notes: Sequence[Note] = ()
