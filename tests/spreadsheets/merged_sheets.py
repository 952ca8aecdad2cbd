"""Writes sheets with merged areas in each format; knows nothing of what they mean."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from html import escape
from typing import Any, NamedTuple

import xlsxwriter
from hypothesis import strategies as st

from tests.emulators.inbox.tables import Cell
from tests.sources.gosuslugi.random_tables import Draw, delimited
from tests.spreadsheets.excel97 import xls_bytes

Fact = tuple[Any, ...]


class Area(NamedTuple):
    """A merged area; rows and columns from 0."""

    row: int
    column: int
    height: int
    width: int


@dataclass
class Drawn:
    """One sheet: its rows, merged areas, and what the tables above the next one have said in titles."""

    name: str
    is_hidden: bool = False
    rows: list[list[Cell]] = field(default_factory=list)
    areas: list[Area] = field(default_factory=list)
    facts: list[tuple[str, Fact]] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    totals: set[int] = field(default_factory=set)
    day: date | None = None
    scale: int | None = None

    def add(self, cells: Sequence[Cell] = ()) -> int:
        """A row; returns its number from 0."""
        self.rows.append(list(cells))
        return len(self.rows) - 1

    def merge(self, row: int, column: int, height: int, width: int) -> None:
        """Merge an area of more than one cell."""
        if height * width > 1:
            self.areas.append(Area(row, column, height, width))


def written(draw: Draw, sheets: Sequence[Drawn], form: str) -> bytes:
    """The sheets as a file of a format."""
    # What hides below a merged area is seen by nobody.
    under = draw(st.sampled_from(["", "", "999", "нет"]))
    return delimited(draw, sheets[0].rows) if form == "csv" else workbook_bytes(sheets, form, under)


def workbook_bytes(sheets: Sequence[Drawn], form: str, under: str = "") -> bytes:
    """The sheets as a file of a format that has merged areas, with a text hidden below these."""
    match form:
        case "xlsx":
            return _xlsx(sheets, under)
        case "xls":
            areas = [
                (one.row, one.row + one.height - 1, one.column, one.column + one.width - 1)
                for one in sheets[0].areas
            ]
            return xls_bytes(_padded(sheets[0]), merges=areas)
        case "ods":
            return _ods(sheets, under)
        case "xml":
            return _spreadsheet_ml(sheets)
    return _html(sheets)


def _padded(sheet: Drawn) -> list[list[Cell]]:
    """Rows and columns up to the end of each merged area."""
    rows = [list(row) for row in sheet.rows]
    for area in sheet.areas:
        for row in rows[area.row : area.row + area.height]:
            row.extend([""] * (area.column + area.width - len(row)))
    return rows


def _covered(sheet: Drawn) -> dict[tuple[int, int], Area]:
    """The area of each cell that an area covers, its first one included."""
    return {
        (row, column): area
        for area in sheet.areas
        for row in range(area.row, area.row + area.height)
        for column in range(area.column, area.column + area.width)
    }


def _xlsx(sheets: Sequence[Drawn], under: str) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    day = book.add_format({"num_format": "dd.mm.yyyy"})
    for one in sheets:
        sheet = book.add_worksheet(one.name)
        for top, left, height, width in one.areas:
            sheet.merge_range(top, left, top + height - 1, left + width - 1, "")
        covered = _covered(one)
        for line, row in enumerate(_padded(one)):
            for column, cell in enumerate(row):
                area = covered.get((line, column))
                if area and (area.row, area.column) != (line, column):
                    if under:
                        sheet.write_string(line, column, under)
                elif isinstance(cell, date):
                    sheet.write_datetime(line, column, cell, day)
                elif isinstance(cell, str):
                    if cell:
                        sheet.write_string(line, column, cell)
                elif cell is not None:
                    sheet.write_number(line, column, cell)
        if one.is_hidden:
            sheet.hide()
    shown = next(place for place, one in enumerate(sheets) if not one.is_hidden)
    book.worksheets()[shown].activate()
    if shown:
        book.worksheets()[shown].set_first_sheet()
    book.close()
    return buffer.getvalue()


def _ods(sheets: Sequence[Drawn], under: str) -> bytes:
    spaces = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text", "style")
    )
    tables = ""
    for sheet in sheets:
        covered = _covered(sheet)
        lines = []
        for line, row in enumerate(_padded(sheet)):
            cells = []
            for column, cell in enumerate(row):
                area = covered.get((line, column))
                is_covered = area is not None and (area.row, area.column) != (line, column)
                spans = (
                    f' table:number-columns-spanned="{area.width}" table:number-rows-spanned="{area.height}"'
                    if area and not is_covered
                    else ""
                )
                tag = "table:covered-table-cell" if is_covered else "table:table-cell"
                cells.append(_ods_cell(tag, spans, under if is_covered else cell))
            lines.append(
                f"<table:table-row>{''.join(cells) or '<table:table-cell/>'}</table:table-row>"
            )
        style = "off" if sheet.is_hidden else "on"
        head = f'<table:table table:name="{sheet.name}" table:style-name="{style}">'
        tables += f"{head}{''.join(lines)}</table:table>"
    styles = "".join(
        f'<style:style style:name="{name}" style:family="table"><style:table-properties '
        f'table:display="{display}"/></style:style>'
        for name, display in (("on", "true"), ("off", "false"))
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr(
            "content.xml",
            f'<?xml version="1.0" encoding="UTF-8"?><office:document-content{spaces}>'
            f"<office:automatic-styles>{styles}</office:automatic-styles><office:body>"
            f"<office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>",
        )
    return buffer.getvalue()


def _ods_cell(tag: str, spans: str, cell: Cell) -> str:
    if cell in ("", None):
        return f"<{tag}{spans}/>"
    if isinstance(cell, date):
        value = f'office:value-type="date" office:date-value="{cell.isoformat()}"'
        return f"<{tag}{spans} {value}><text:p>{cell:%d.%m.%Y}</text:p></{tag}>"
    if isinstance(cell, int | float):
        value = f'office:value-type="float" office:value="{cell}"'
        return f"<{tag}{spans} {value}><text:p>{cell}</text:p></{tag}>"
    lines = "".join(f"<text:p>{escape(line)}</text:p>" for line in cell.split("\n"))
    return f'<{tag}{spans} office:value-type="string">{lines}</{tag}>'


def _spreadsheet_ml(sheets: Sequence[Drawn]) -> bytes:
    space = "urn:schemas-microsoft-com:office:spreadsheet"
    excel = "urn:schemas-microsoft-com:office:excel"
    text = f'<?xml version="1.0"?><Workbook xmlns="{space}" xmlns:ss="{space}" xmlns:x="{excel}">'
    for sheet in sheets:
        text += f'<Worksheet ss:Name="{sheet.name}"><Table>'
        covered = _covered(sheet)
        for line, row in enumerate(sheet.rows):
            # Rows without a cell are left out; the next one tells its number.
            cells = ""
            for column, cell in enumerate(row):
                area = covered.get((line, column))
                if (area and (area.row, area.column) != (line, column)) or cell == "":
                    continue
                merge = (
                    f' ss:MergeAcross="{area.width - 1}" ss:MergeDown="{area.height - 1}"'
                    if area
                    else ""
                )
                kind = "Number" if isinstance(cell, int | float) else "String"
                data = f'<Data ss:Type="{kind}">{escape(str(cell))}</Data>'
                cells += f'<Cell ss:Index="{column + 1}"{merge}>{data}</Cell>'
            if cells:
                text += f'<Row ss:Index="{line + 1}">{cells}</Row>'
        visible = "<x:Visible>SheetHidden</x:Visible>" if sheet.is_hidden else ""
        options = f"<x:WorksheetOptions>{visible}</x:WorksheetOptions>"
        text += f"</Table>{options}</Worksheet>"
    return f"{text}</Workbook>".encode()


def _html(sheets: Sequence[Drawn]) -> bytes:
    tables = ""
    for sheet in sheets:
        covered = _covered(sheet)
        lines = ""
        for line, row in enumerate(_padded(sheet)):
            cells = ""
            for column, cell in enumerate(row):
                area = covered.get((line, column))
                if area and (area.row, area.column) != (line, column):
                    continue
                spans = f' colspan="{area.width}" rowspan="{area.height}"' if area else ""
                shown = escape(str(cell)).replace("\n", "<br>\n")
                cells += f"<td{spans}>{shown}</td>"
            lines += f"<tr>{cells}</tr>\n"
        tables += f"<table>{lines}</table>"
    return f"<html><meta charset='utf-8'><body>{tables}</body></html>".encode()
