"""What a source says of each kind of table that it knows: how to recognise it, and how cells become text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from municipal_indicators.spreadsheets.cells import Cell
from municipal_indicators.spreadsheets.headings import Headings
from municipal_indicators.spreadsheets.words import Words
from municipal_indicators.warehouse.client import Warehouse


def utc_text(moment: datetime) -> str:
    """An instant as a door's views read it from the context: UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(" ", "milliseconds").removesuffix("+00:00")


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
        """The context that tells a door's views when the file was made: else, last written."""
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
class Reading:
    """How one table is read.

    ``convert`` turns a block into the text columns of the door; ``context`` is added to what the
    door's views read; ``notes`` are told after the last row.
    """

    convert: Callable[[Block], Mapping[str, Sequence[str]]]
    context: Mapping[str, object]
    notes: Callable[[], list[str]] = list


@dataclass(frozen=True, slots=True)
class TableKind:
    """One kind of table: its key in ``headings.yaml``, what it is called, and where its rows go.

    ``needed`` are the fields without which a file is refused; ``columns`` the door's, after
    ``sheet`` and ``line``. ``totals`` holds, by field, the aggregate of ``target`` that a total row
    shows there; ``count()`` is also looked for in words. ``open_table`` may raise FileRejectedError.
    """

    name: str
    title: str
    needed: Sequence[str]
    door: str
    target: str
    columns: Sequence[str]
    open_table: Callable[[Table], Reading] = field(repr=False)
    totals: Mapping[str, str] = field(default_factory=dict)
