"""What a source says of each kind of table that it knows: how to recognise it, and how cells become text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from municipal_indicators.errors import FileRejectedError
from municipal_indicators.spreadsheets.cells import Cell
from municipal_indicators.spreadsheets.headings import Headings
from municipal_indicators.spreadsheets.words import Words
from municipal_indicators.warehouse.client import Warehouse


def utc_text(moment: datetime) -> str:
    """An instant as the staging views read it from the context: UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(" ", "milliseconds").removesuffix("+00:00")


class IncompleteTableError(FileRejectedError):
    """A table was recognised, but something that it needs is missing."""


@dataclass(frozen=True, slots=True)
class Table:
    """A recognised table before its rows are read.

    ``label`` is its place (member and sheet, masked); ``above`` are the lines over the headings as
    text; ``is_1904`` tells how bare numbers in date columns count; ``modified_at`` is when the
    arrived file was last written (UTC).
    """

    headings: Headings
    label: str
    above: Sequence[str]
    is_1904: bool
    modified_at: datetime
    zone: ZoneInfo
    words: Words
    warehouse: Warehouse

    def dated(self, made: datetime | None) -> dict[str, object]:
        """What tells the staging views when the file was made or, if it does not say so, last written."""
        return {"file_at": utc_text(made or self.modified_at), "is_dated": made is not None}


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows of a table: the cells of each field; a field without a column is all blank."""

    size: int
    cells: Mapping[str, Sequence[Cell]]

    def column(self, name: str) -> Sequence[Cell]:
        """The cells of a field."""
        return self.cells.get(name) or [""] * self.size


@dataclass(frozen=True, slots=True)
class Note:
    """Something about a loaded table that a person should know; ``text`` is masked already.

    ``code`` names its kind in ``ops.load_warnings``; ``times`` is how often it was met.
    """

    code: str
    text: str
    times: int = 1

    def __str__(self) -> str:
        return f"{self.text} × {self.times}" if self.times > 1 else self.text


@dataclass(frozen=True, slots=True)
class Reading:
    """How one table is read.

    ``convert`` turns a block into the text columns of the staging table; ``context`` is added to
    what the staging views read; ``notes`` are reported after the last row.
    """

    convert: Callable[[Block], Mapping[str, Sequence[str]]]
    context: Mapping[str, object]
    notes: Callable[[], list[Note]] = list


ColumnType = Literal["code", "name", "key_name", "item", "flag", "day", "number", "year", "amount"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table that is described by a list: its field in ``headings.yaml`` and its type.

    The type decides how cells become text (``spreadsheets/columns.py``) and how the text is checked
    and cast (``sql/macros/table_staging.sql``). Without a ``needed`` column the table is refused;
    a blank cell of a ``required`` one sends its row to quarantine.
    """

    name: str
    type: ColumnType
    is_needed: bool = False
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class TableKind:
    """One kind of table: its key in ``headings.yaml``, what it is called, and where its rows go.

    ``needed`` are the fields without which a file is refused. ``columns`` describes them for the
    staging macro; it is empty where ``sql/staging/<name>.sql`` writes its views itself. ``totals``
    holds, by field, the aggregate of ``target`` that a total row shows there; ``count()`` is also
    looked for in words. ``open_table`` may raise FileRejectedError.
    """

    name: str
    title: str
    needed: Sequence[str]
    target: str
    open_table: Callable[[Table], Reading] = field(repr=False)
    columns: Sequence[Column] = ()
    totals: Mapping[str, str] = field(default_factory=dict)

    @property
    def staging_table(self) -> str:
        """The table through which rows are staged as text."""
        return f"staging.{self.name}"
