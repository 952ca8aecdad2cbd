"""Tables in HTML, MHTML or Excel 2003 XML, which systems and Excel save under the name .xls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

from municipal_indicators.errors import FileRejectedError
from municipal_indicators.inbox.safe_xml import NotWellFormedError, parse_safely
from municipal_indicators.spreadsheets.cells import unguarded
from municipal_indicators.spreadsheets.sheets import (
    WIDEST,
    Row,
    Sheet,
    Spans,
    row_blocks,
)

if TYPE_CHECKING:
    from lxml.etree import _Element

SIZE_LIMIT = 128 << 20
_TALLEST = 1_048_576
_CELLS_LIMIT = 10_000_000
_EXCEL = "{urn:schemas-microsoft-com:office:excel}"
_SPREADSHEET = "{urn:schemas-microsoft-com:office:spreadsheet}"
# An element takes some hundred bytes of memory.
_TAGS_LIMIT = 8_000_000
_MHTML = re.compile(rb"(?:\xef\xbb\xbf)?\s{0,9}(?:[A-Za-z]{1,20}-){0,4}[A-Za-z]{1,20}:")
_SHEET_NAME = re.compile(r"<x:Name>([^<]{0,255})</x:Name>", re.IGNORECASE)
_SHEET_LINK = re.compile(r"<x:WorksheetSource\s{1,9}HRef=\"([^\"]{0,1024})\"", re.IGNORECASE)
_HIDDEN = "<x:Visible>Sheet"
_CHARSET = re.compile(rb"charset\s*+=\s*+[\"']?\s*+([\w-]{1,40})", re.IGNORECASE)


def is_mhtml(head: bytes) -> bool:
    """Whether a file begins like a web page or a letter with its parts in one file."""
    return _MHTML.match(head) is not None and b"mime-version:" in head.lower()


def read_mhtml(path: Path) -> Iterator[Sheet]:
    """The tables of a web page in one file, with the names of Excel's sheets.

    Raises FileRejectedError for one without a table, and for more than 128 MiB.
    """
    from email import message_from_bytes

    pages: dict[str, tuple[bytes, str]] = {}
    for part in message_from_bytes(_content(path)).walk():
        if part.get_content_type() == "text/html":
            place = _file_name(part.get("Content-Location") or f"{len(pages)}")
            page: bytes = part.get_payload(decode=True) or b""  # type: ignore[assignment]
            pages[place] = page, part.get_content_charset() or ""
    listed: dict[str, tuple[str, bool]] = {}
    for page, charset in pages.values():
        for text in _text(page, charset).split("<x:ExcelWorksheet>")[1:]:
            entry = text.partition("</x:ExcelWorksheet>")[0]
            title, link = _SHEET_NAME.search(entry), _SHEET_LINK.search(entry)
            if title and link:
                listed[_file_name(link[1])] = unescape(title[1]), _HIDDEN in entry
    found = 0
    for place, (page, charset) in pages.items():
        if b"<table" not in page.lower() or (listed and place not in listed):
            continue
        name, is_hidden = listed.get(place, (place if len(pages) > 1 else "", False))
        is_hidden = is_hidden or _HIDDEN.encode() in page
        for sheet in _read_html(page, charset):
            found += 1
            full = " / ".join(filter(None, (name, sheet.name)))
            yield replace(sheet, name=full, is_hidden=is_hidden)
    if not found:
        raise _no_table("MHTML (a web page or a letter in one file) without a table")


def _text(page: bytes, charset: str) -> str:
    try:
        return page.decode(charset or _html_encoding(page), "replace")
    except LookupError:
        return page.decode("windows-1251", "replace")


def _file_name(place: str) -> str:
    return place.replace("\\", "/").rpartition("/")[2].lower()


def read_markup(path: Path) -> Iterator[Sheet]:
    """The tables of an HTML page or the sheets of an Excel 2003 XML workbook.

    Raises FileRejectedError for other XML, for a DTD, and for more than 128 MiB.
    """
    content = _content(path)
    head = content[:4096].lower()
    if b"<?xml" in head[:64] and b"<html" not in head:
        yield from _read_spreadsheet(content)
    else:
        yield from _read_html(content)


def _content(path: Path) -> bytes:
    if path.stat().st_size > SIZE_LIMIT:
        raise FileRejectedError(
            f"HTML or XML of more than {SIZE_LIMIT >> 20} MiB",
            "Файл слишком велик для этого формата. Сохраните таблицу как .xlsx или .csv.",
        )
    content = path.read_bytes()
    if content.count(b"<") > _TAGS_LIMIT:
        raise _no_table(f"HTML or XML of more than {_TAGS_LIMIT} tags")
    return content


def _read_spreadsheet(content: bytes) -> Iterator[Sheet]:
    try:
        root = parse_safely(content)
    except NotWellFormedError:
        raise _no_table("the XML is not well formed") from None
    if root.tag != f"{_SPREADSHEET}Workbook":
        raise _no_table("the XML is no Excel 2003 workbook")
    is_1904 = root.find(f"{_EXCEL}ExcelWorkbook/{_EXCEL}Date1904") is not None
    for sheet in root.iter(f"{_SPREADSHEET}Worksheet"):
        visible = sheet.findtext(f"{_EXCEL}WorksheetOptions/{_EXCEL}Visible") or ""
        yield Sheet(
            sheet.get(f"{_SPREADSHEET}Name") or "",
            row_blocks(_within_limits(_spreadsheet_rows(sheet))),
            is_hidden=visible in ("SheetHidden", "SheetVeryHidden"),
            is_1904=is_1904,
        )


def _spreadsheet_rows(sheet: _Element) -> Iterator[Row]:
    number = 0
    spans = Spans()
    for row in sheet.iter(f"{_SPREADSHEET}Row"):
        index = _number(row, "Index", number + 1)
        if index > _TALLEST:
            raise _no_table("a row index beyond Excel's last row")
        yield from (spans.next_row([]) for _ in range(number + 1, index))
        number = max(number + 1, index)
        cells: Row = []
        for cell in row.iter(f"{_SPREADSHEET}Cell"):
            spans.skip_to_free(cells)
            place = _number(cell, "Index", len(cells) + 1)
            across = _number(cell, "MergeAcross", 0)
            if place + across > WIDEST:
                raise _no_table("a column index beyond Excel's last column")
            cells += [""] * (place - 1 - len(cells))
            # Comments stand beside the value.
            data = cell.find(f"{_SPREADSHEET}Data")
            text = "" if data is None else "".join(map(str, data.itertext()))
            spans.add(cells, text, 1 + across, 1 + min(_number(cell, "MergeDown", 0), _TALLEST))
        yield spans.next_row(cells)


def _number(element: _Element, name: str, default: int) -> int:
    text = element.get(f"{_SPREADSHEET}{name}") or ""
    return int(text) if text.isdecimal() else default


def _read_html(content: bytes, charset: str = "") -> Iterator[Sheet]:
    from lxml import etree, html

    encoding = _known(charset.encode("ascii", "ignore")) if charset else ""
    parser = html.HTMLParser(
        encoding=encoding or _html_encoding(content), no_network=True, huge_tree=False
    )
    try:
        page = html.document_fromstring(content, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        raise _no_table("the HTML cannot be parsed") from None
    tables = [table for table in page.iter("table") if table.find(".//table") is None]
    if not tables:
        raise _no_table("the HTML holds no table")
    for number, table in enumerate(tables, start=1):
        rows = _within_limits(_html_rows(table))
        yield Sheet(f"table {number}" if len(tables) > 1 else "", row_blocks(rows))


def _html_encoding(content: bytes) -> str:
    if (found := _CHARSET.search(content[:4096])) and (known := _known(found.group(1))):
        return known
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "windows-1251"
    return "utf-8"


def _known(charset: bytes) -> str:
    """A charset that the parser knows; empty for another, such as «unicode», and for one that is not true."""
    from lxml import etree

    name = charset.decode("ascii")
    if name.lower().startswith(("utf-16", "utf-32", "ucs")):
        # Then the word itself could not have been read.
        return ""
    try:
        etree.HTMLParser(encoding=name)
    except LookupError:
        return ""
    return name


def _html_rows(table: _Element) -> Iterator[Row]:
    spans = Spans()
    for line in table.iter("tr"):
        row: Row = []
        for cell in line.iter("td", "th"):
            spans.skip_to_free(row)
            text = unguarded(" ".join(map(str, cell.itertext())).strip())
            spans.add(row, text, _span(cell, "colspan", WIDEST), _span(cell, "rowspan", _TALLEST))
            if len(row) > WIDEST:
                raise _no_table("a row beyond Excel's last column")
        yield spans.next_row(row)


def _span(cell: _Element, name: str, limit: int) -> int:
    text = cell.get(name) or "1"
    return min(max(int(text), 1), limit) if text.isdecimal() else 1


def _within_limits(rows: Iterator[Row]) -> Iterator[Row]:
    """The rows, up to a limit of cells: with spans and indices a small file could have any number of them."""
    cells = 0
    for row in rows:
        cells += len(row)
        if cells > _CELLS_LIMIT:
            raise _no_table(f"more than {_CELLS_LIMIT} cells")
        yield row


def _no_table(why: str) -> FileRejectedError:
    return FileRejectedError(
        f"{why}: not a table",
        "Файл не содержит таблицы, которую можно прочитать. Пришлите .xlsx, .xls, .ods или .csv.",
    )
