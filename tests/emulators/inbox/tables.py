"""Writers of one hand-kept register: a table of headings and rows as .xlsx or .csv bytes."""

import csv
import io
import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

import xlsxwriter

from tests.emulators.inbox.clock import moscow

Cell = str | int | float | date | datetime | None

_CREATED = datetime(2020, 1, 1, 12, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Table:
    """One register as people keep it: lines above the headings, headings, rows, totals below.

    `title_rows` stand above the headings, one text each; `column_numbers` adds the row
    «1 2 3 …» under the headings; `closing_rows` (totals, signatures) stand below the rows.
    """

    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    title_rows: Sequence[str] = ()
    column_numbers: bool = False
    closing_rows: Sequence[Sequence[Cell]] = ()

    def grid(self) -> list[Sequence[Cell]]:
        """All lines from the top of the sheet to its bottom."""
        numbers = [tuple(range(1, len(self.headings) + 1))] if self.column_numbers else []
        titles = [(title,) for title in self.title_rows]
        return [*titles, tuple(self.headings), *numbers, *self.rows, *self.closing_rows]


def xlsx_bytes(
    table: Table,
    *,
    sheet: str = "Реестр",
    empty_sheets: Sequence[str] = (),
    other_sheets: dict[str, Table] | None = None,
    date_1904: bool = False,
) -> bytes:
    """The table as an Excel workbook whose bytes depend on the arguments only.

    Strings stay strings (long codes and leading zeros survive), dates become date cells, an
    instant is written as its own wall clock.
    `empty_sheets` come before and `other_sheets` after the sheet with the table.
    """
    buffer = io.BytesIO()
    options = {"in_memory": True, "remove_timezone": True, "date_1904": date_1904}
    workbook = xlsxwriter.Workbook(buffer, options)
    workbook.set_properties({"created": _CREATED, "author": ""})
    for name in empty_sheets:
        workbook.add_worksheet(name)
    for name, content in {sheet: table, **(other_sheets or {})}.items():
        _fill_sheet(workbook, name, content)
    workbook.close()
    return buffer.getvalue()


def _fill_sheet(workbook: xlsxwriter.Workbook, name: str, table: Table) -> None:
    day = workbook.add_format({"num_format": "dd.mm.yyyy"})
    instant = workbook.add_format({"num_format": "dd.mm.yyyy hh:mm"})
    worksheet = workbook.add_worksheet(name)
    for line, cells in enumerate(table.grid()):
        for column, cell in enumerate(cells):
            if isinstance(cell, datetime):
                worksheet.write_datetime(line, column, cell, instant)
            elif isinstance(cell, date):
                worksheet.write_datetime(line, column, cell, day)
            elif isinstance(cell, str):
                worksheet.write_string(line, column, cell)
            elif cell is not None:
                worksheet.write_number(line, column, cell)


def csv_bytes(
    table: Table,
    *,
    encoding: Literal["utf-8", "utf-8-sig", "windows-1251"] = "utf-8-sig",
    delimiter: str = ";",
    separator_line: bool = False,
    trailing_delimiter: bool = False,
) -> bytes:
    """The table as CSV with CRLF line ends: dates are dd.mm.yyyy, decimals have a comma.

    `separator_line` puts Excel's `sep=` line first; `trailing_delimiter` ends each line with one.
    """
    buffer = io.StringIO(newline="")
    if separator_line:
        buffer.write(f"sep={delimiter}\r\n")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n")
    tail = ("",) if trailing_delimiter else ()
    writer.writerows([*map(csv_text, cells), *tail] for cells in table.grid())
    return buffer.getvalue().encode(encoding)


def csv_text(cell: Cell) -> str:
    """One cell as a Russian Excel would save it to CSV."""
    if isinstance(cell, datetime):
        return cell.strftime("%d.%m.%Y %H:%M")
    if isinstance(cell, date):
        return cell.strftime("%d.%m.%Y")
    if isinstance(cell, float):
        return str(cell).replace(".", ",")
    return "" if cell is None else str(cell)


def zip_bytes(members: Mapping[str, bytes], modified: datetime) -> bytes:
    """A zip of the members in their order, all dated `modified`."""
    buffer = io.BytesIO()
    stamp = moscow(modified).timetuple()[:6]
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for name, content in members.items():
            packed.writestr(zipfile.ZipInfo(name, stamp), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def write_file(path: Path, content: bytes, modified: datetime | None = None) -> Path:
    """Write the bytes, making folders, and date the file; a naive `modified` is Moscow time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if modified is not None:
        stamp = moscow(modified).timestamp()
        os.utime(path, (stamp, stamp))
    return path
