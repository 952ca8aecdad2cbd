"""Files that attack the reader, or that a broken program made; each is small on disk."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import UTC, datetime

import xlsxwriter

from tests.emulators.inbox.tables import csv_bytes, xlsx_bytes, zip_bytes
from tests.sources.gosuslugi.registers_of_applications import GOOD, HEADINGS, register, row
from tests.spreadsheets.excel97 import xls_bytes

BOOK = xlsx_bytes(register(row()))
SHEET, STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
HEAD = "".join(f"<th>{heading}" for heading in HEADINGS) + "<tr>"
NAME = str(GOOD["Наименование услуги"])


def changed(content: bytes, part: str, old: str, new: str) -> bytes:
    """A workbook with a text of one part replaced, or with a part added where there is none."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(buffer, "w") as target:
        for name in source.namelist():
            found = source.read(name)
            if name == part:
                assert old.encode() in found
                found = found.replace(old.encode(), new.encode(), 1)
            target.writestr(name, found, zipfile.ZIP_DEFLATED)
        if part not in source.namelist():
            target.writestr(part, new)
    return buffer.getvalue()


def far(place: str) -> bytes:
    """A workbook that claims a cell at a far place, in one of the spellings of XML."""
    return changed(BOOK, SHEET, 'r="C2"', place)


def packed(name: str, content: bytes) -> bytes:
    """A zip of one member."""
    return zip_bytes({name: content}, datetime(2024, 3, 5, tzinfo=UTC))


def wide() -> bytes:
    """Text in every cell of a row up to the edge of Excel."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet()
        for column in range(16_384):
            sheet.write_string(0, column, f"Столбец {column}")
    return buffer.getvalue()


def laughing() -> bytes:
    """Entities that unfold into billions of letters, in the strings of a workbook."""
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    declared = f'<!DOCTYPE s [<!ENTITY a0 "ha">{entities}]><sst'
    return changed(changed(BOOK, STRINGS, "<sst", declared), STRINGS, NAME, "&a11;")


def with_formulas() -> bytes:
    """Line 2: formulas with their values; 3: a number without its value; 4: a code that is an error."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet("Реестр")
        sheet.write_row(0, 0, HEADINGS)
        for column, cell in enumerate(row()):
            sheet.write_formula(1, column, f'="[1]Лист1"!A{column + 1}', value=cell)
        sheet.write_row(2, 0, row())
        sheet.write_formula(2, 0, "=A2+1", value="")
        sheet.write_row(3, 0, row())
        sheet.write_formula(3, 1, "=NA()", value="#N/A")
    return buffer.getvalue()


def linked(address: str) -> bytes:
    """A workbook with an external link and a connection to an address."""
    types = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLinkPath"
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Target="{address}" TargetMode="External" Type="{types}"/></Relationships>'
    )
    book = changed(BOOK, "xl/externalLinks/_rels/externalLink1.xml.rels", "", relations)
    return changed(
        book, "xl/connections.xml", "", f'<connections><web url="{address}"/></connections>'
    )


def page(cells: str) -> bytes:
    """A page with one table of one row."""
    return f"<html><table><tr>{cells}</tr></table></html>".encode()


def refused() -> dict[str, tuple[bytes, str]]:
    """Files that nobody could take, and words of the reason."""
    no_cells, beyond = "more than 16384 cells", "spans more than"
    return {
        "million columns.csv": (b";".join([b"a"] * 1_000_000) + b"\n1;2\n", no_cells),
        "one line.csv": (b"a;b\n" + b";" * (8 << 20), no_cells),
        "one endless line.csv": (b"a;b\n" + b"x " * (9 << 20), no_cells),
        "to the edge.xlsx": (wide(), "known heading row"),
        "far cell.xlsx": (far('r="XFD1048576"'), beyond),
        "beyond the edge.xlsx": (far('r="ZZZZ1048576"'), beyond),
        "far cell in quotes.xlsx": (far("r='XFD1048576'"), beyond),
        "far cell in small letters.xlsx": (far('r="xfd1048576"'), beyond),
        "far cell with blanks.xlsx": (far('r\n= "XFD1048576"'), beyond),
        "columns.xls": (page("<td colspan=16384>a</td>" * 20_000), "last column"),
        "rows.xls": (page("<td rowspan=1048576>a</td>" * 20_000), "last column"),
        "cells.xls": (
            page(HEAD + "<td rowspan=1048576>a</td>" * 9_000 + "<tr>" * 2_000),
            "more than 10000000",
        ),
        "tables.xls": (b"<html>" + b"<table><tr><td>" * 50_000, "no cell with a value"),
        "laughing.xlsx": (laughing(), "DTD"),
        "half.xlsx": (BOOK[: len(BOOK) // 2], "cannot be read"),
        "half.xls": (xls_bytes(register(row()).grid())[:700], "cannot be read"),
        "half.zip": (packed("a.csv", csv_bytes(register(row())))[:-60], "zip is cut off"),
        "half.gz": (gzip.compress(BOOK)[:-20], "broken gzip"),
        "zips.zip": (packed("c.zip", packed("b.zip", packed("a.xlsx", BOOK))), "in an archive in"),
        "bomb.zip": (packed("a.csv", bytes(30 << 20)), "100:1"),
        "nul.csv": (b"a;b\n\0\0\0", "binary"),
        "empty.xlsx": (b"", "empty"),
    }
