"""Excel and OpenDocument workbooks through calamine, within limits that a hostile file cannot exceed."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile, is_zipfile

from municipal_indicators.errors import FileRejectedError
from municipal_indicators.inbox.archives import check_office_size
from municipal_indicators.inbox.safe_xml import has_doctype, in_utf8, refused_dtd
from municipal_indicators.spreadsheets.binary import WORKBOOK, Merge, read_binary
from municipal_indicators.spreadsheets.sheets import (
    Row,
    Sheet,
    Spans,
    no_table_format,
    row_blocks,
)

if TYPE_CHECKING:
    from lxml.etree import _Element

CELLS_LIMIT = 40_000_000
"""Cells of one sheet, empty ones included: calamine holds them all in memory."""

_MERGES_LIMIT = 200_000
_LONGEST_TAG = 256
# For text without blanks, which XML allows around the equals sign. A pattern must begin with literal
# letters: a character class before them makes the search twenty times slower.
_WIDE_CELL = re.compile(rb'r="([A-Za-z]{2,9})\d')
_CELL = re.compile(rb'r="[A-Za-z]{0,9}(\d{1,12})')
_TALL_CELL = re.compile(rb'r="[A-Za-z]{0,9}(\d{6,12})')
# Either of them in any spelling. For RE2, which needs a tenth of the time.
_FAR_CELL = r"r\s*=\s*[\"'](?:[A-Za-z]{2,9}[0-9]|[A-Za-z]?[0-9]{6})"
# Calamine returns such cells as blank ones.
_ERROR_CELL = b't="e"'
_DOUBLE_QUOTES = bytes.maketrans(b"'", b'"')
_ODS_TAGS = ("table", "table-row", "table-cell", "covered-table-cell")
_TALL = 99_999
_STREAMS = {
    "WordDocument": "a Word document",
    "PowerPoint Document": "a PowerPoint document",
    "__properties_version1.0": "an Outlook message",
}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_DIRECTORY_ENTRY = 128
# The beginning of a workbook of Excel 97, which may not be changed, then FILEPASS.
_LOCKED = re.compile(
    rb"\x09\x08\x10\x00\x00\x06\x05\x00.{12}(?:\x86\x00\x00\x00)?\x2f\x00", re.DOTALL
)
_DATE_1904 = re.compile(rb'date1904\s*=\s*"(?:1|true|on)"')
_ROW_END = b"</table:table-row>"
_LONGEST_ROW = 8 << 20
_LONGEST_START = 1_024
_REPEAT = re.compile(
    rb"</table:table-row>|number-(columns|rows)-repeated\s{0,9}=\s{0,9}[\"'](\d{2,20})[\"']"
)
_EMPTY_ROW = re.compile(rb"\s{0,99}<table:table-cell[^<>]{0,1024}/>\s{0,99}</table:table-row>")


class _Dimensions:
    """Finds the last row and column of each sheet of an .xlsx while its parts are checked.

    Cell references are not in order, and a single far cell makes calamine allocate all cells before
    it. Row numbers of five digits matter only beside hundreds of columns: then ``is_wide`` is set,
    and the parts must be checked again with ``looks_closely``.
    """

    def __init__(self, *, looks_closely: bool = False) -> None:
        self.is_wide = False
        self._cell = _CELL if looks_closely else _TALL_CELL
        self.is_1904 = False
        self.is_workbook = False
        self.is_ods = False
        self.is_binary = False
        self.is_document = False
        self.merges: dict[str, list[Merge]] = {}
        self.errors = 0
        self._part = ""
        self._tail = b""
        self._width = 26
        self._height = 0
        self._widest = 0

    def __call__(self, part: str, block: bytes) -> None:
        if part != self._part:
            self._part, self._tail, self._width, self._height, self._widest = part, b"", 26, 0, 0
            # Old office programs declare a DTD in the manifest, which is not read.
            if (
                part.endswith(".xml")
                and part != "META-INF/manifest.xml"
                and has_doctype(in_utf8(block))
            ):
                raise refused_dtd()
        text, rest = self._tail + block, b""
        if part == "META-INF/manifest.xml" and b"encryption-data" in text:
            raise _locked()
        if part == "word/document.xml":
            self.is_document = True
        elif part == WORKBOOK:
            self.is_workbook = self.is_binary = True
        elif part == "xl/workbook.xml":
            self.is_workbook = True
            self.is_1904 = self.is_1904 or bool(_DATE_1904.search(text))
        elif part == "content.xml":
            self.is_workbook = self.is_ods = True
            rest = self._check_repeats(text, is_last=not block)
        elif part.startswith("xl/worksheets/"):
            self._check_corner(text)
            self.errors += text.count(_ERROR_CELL) - self._tail.count(_ERROR_CELL)
        self._tail = rest if part == "content.xml" else text[-_LONGEST_TAG:]

    def _check_corner(self, text: bytes) -> None:
        if self._cell is _TALL_CELL and not _has_far_cell(text):
            return
        dense = text.translate(_DOUBLE_QUOTES, b" \t\r\n")
        for column in set(_WIDE_CELL.findall(dense)):
            self._width = max(self._width, _column_number(column.upper()))
        self._height = max(self._height, *map(int, self._cell.findall(dense)), 0)
        self.is_wide = self.is_wide or self._width * _TALL > CELLS_LIMIT
        if self._width * self._height > CELLS_LIMIT:
            raise _too_large()

    def _check_repeats(self, text: bytes, *, is_last: bool) -> bytes:
        """Count what the rows of an .ods repeat; returns what follows the last whole row."""
        whole, row_end, _ = text.rpartition(_ROW_END)
        end = len(whole) + len(row_end)
        if is_last or len(text) - end > _LONGEST_ROW:
            end = len(text)
        for found in _REPEAT.finditer(text, 0, end):
            if not found[1]:
                self._widest, self._width = max(self._widest, self._width), 0
            elif found[1] == b"rows":
                self._height += 0 if _is_empty_row(text, found.end()) else int(found[2])
            elif not _is_empty_end(text, found.start(), found.end()):
                self._width += int(found[2])
        if max(self._widest, self._width) * max(self._height, 1) > CELLS_LIMIT // 100:
            raise _too_large()
        return text[end:]


def read_workbook(path: Path) -> Iterator[Sheet]:
    """The sheets of a workbook; merged cells are filled with the value that is seen.

    Raises FileRejectedError for a workbook that is broken, locked by a password, or too large.
    """
    from python_calamine import (
        CalamineError,
        CalamineWorkbook,
        PasswordError,
        SheetTypeEnum,
        SheetVisibleEnum,
    )

    with path.open("rb") as file:
        is_container = file.read(len(_OLE)) == _OLE
    if is_container:
        _check_container(path)
    dimensions = _checked_dimensions(path)
    merges = _merges_of_ods(path) if dimensions.is_ods else dimensions.merges
    try:
        workbook = CalamineWorkbook.from_path(str(path))
        for meta in workbook.sheets_metadata:
            if meta.typ != SheetTypeEnum.WorkSheet:
                continue
            sheet = workbook.get_sheet_by_name(meta.name)
            height, width = sheet.end or (0, 0)
            if (height + 1) * (width + 1) > CELLS_LIMIT:
                raise _too_large()
            yield Sheet(
                name=meta.name,
                blocks=row_blocks(
                    _filled(
                        sheet.iter_rows(),
                        sheet.merged_cell_ranges or merges.get(meta.name, []),
                        (sheet.start or (0, 0))[1],
                    )
                ),
                is_hidden=meta.visible != SheetVisibleEnum.Visible,
                is_1904=dimensions.is_1904,
                errors=dimensions.errors,
            )
    except PasswordError:
        raise _locked() from None
    except CalamineError as error:
        raise _unreadable(type(error).__name__) from None
    except BaseException as error:
        # A panic of the Rust reader is not an Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise _unreadable("panic of the reader") from None


def _checked_dimensions(path: Path) -> _Dimensions:
    """The dimensions of a workbook that is a zip, checked before calamine opens it."""
    dimensions = _Dimensions()
    if is_zipfile(path):
        check_office_size(path, dimensions)
        if dimensions.is_wide:
            check_office_size(path, _Dimensions(looks_closely=True))
        if dimensions.is_binary:
            _read_binary(path, dimensions)
        if dimensions.is_document:
            raise no_table_format("a Word document")
        if not dimensions.is_workbook:
            raise FileRejectedError(
                "the zip holds no workbook that can be read (.xlsx, .xlsb or .ods)",
                "Файл не удалось открыть как таблицу. Сохраните его в Excel как .xlsx и пришлите снова.",
            )
    return dimensions


def _read_binary(path: Path, dimensions: _Dimensions) -> None:
    try:
        book = read_binary(path)
    except (struct.error, ValueError, LookupError) as error:
        raise _unreadable(type(error).__name__) from None
    if any((row + 1) * (column + 1) > CELLS_LIMIT for row, column in book.corners):
        raise _too_large()
    dimensions.is_1904, dimensions.errors, dimensions.merges = (
        book.is_1904,
        book.errors,
        book.merges,
    )


def _check_container(path: Path) -> None:
    """Name what an OLE container holds that is no workbook."""
    content = path.read_bytes()
    if _holds_stream(content, "EncryptedPackage") or _LOCKED.search(content):
        raise _locked()
    if any(_holds_stream(content, name) for name in ("Workbook", "Book")):
        return
    for stream, name in _STREAMS.items():
        if _holds_stream(content, stream):
            raise no_table_format(name)


def _holds_stream(content: bytes, name: str) -> bool:
    """Whether the directory of an OLE container has an entry of this name; each has 128 bytes."""
    text = f"{name}\0".encode("utf-16-le")
    place = content.find(text)
    while place >= 0 and place % _DIRECTORY_ENTRY:
        place = content.find(text, place + 1)
    return place >= 0


def _filled(rows: Iterator[Row], merges: Sequence[Merge], first_column: int) -> Iterator[Row]:
    # Rows begin with the first row of the sheet, but cells with its first used column.
    starts: dict[int, list[tuple[int, int, int]]] = {}
    for (top, left), (bottom, right) in merges[:_MERGES_LIMIT]:
        if left >= first_column:
            area = (left - first_column, right - left + 1, bottom - top + 1)
            starts.setdefault(top, []).append(area)
    return _covered(rows, starts) if starts else rows


def _covered(rows: Iterator[Row], starts: dict[int, list[tuple[int, int, int]]]) -> Iterator[Row]:
    spans = Spans()
    for number, row in enumerate(rows):
        for column, width, height in sorted(starts.get(number, ())):
            if column < len(row):
                spans.cover(row, column, width, height)
        yield spans.next_row(row)


def _merges_of_ods(path: Path) -> dict[str, list[Merge]]:
    """The merged areas of each sheet of an .ods, which calamine does not tell."""
    from lxml import etree

    table = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
    merges: dict[str, list[Merge]] = {}
    with ZipFile(path) as archive:
        if "content.xml" not in archive.namelist() or b"-spanned" not in (
            content := archive.read("content.xml")
        ):
            return merges
    found: list[Merge] = []
    row = column = 0
    for event, element in etree.iterparse(
        BytesIO(content),
        events=("start", "end"),
        tag=[f"{table}{name}" for name in _ODS_TAGS],
        resolve_entities=False,
        no_network=True,
    ):
        name = element.tag.removeprefix(table)
        if event == "start":
            if name == "table":
                row, found = 0, merges.setdefault(element.get(f"{table}name", ""), [])
            elif name == "table-row":
                column = 0
            else:
                across, down = (
                    _whole(element, f"{table}number-{what}-spanned") for what in ("columns", "rows")
                )
                if across * down > 1 and name == "table-cell":
                    found.append(((row, column), (row + down - 1, column + across - 1)))
                column += _whole(element, f"{table}number-columns-repeated")
        elif name == "table-row":
            row += _whole(element, f"{table}number-rows-repeated")
            element.clear()
    return merges


def _whole(element: _Element, name: str) -> int:
    text = element.get(name) or "1"
    return min(int(text), _TALL) if text.isdecimal() else 1


def _has_far_cell(text: bytes) -> bool:
    from pyarrow import Array, binary, compute, py_buffer

    offsets = py_buffer(struct.pack("=2i", 0, len(text)))
    texts = Array.from_buffers(binary(), 1, [None, offsets, py_buffer(text)])
    return bool(compute.match_substring_regex(texts, _FAR_CELL)[0].as_py())


def _is_empty_row(text: bytes, place: int) -> bool:
    """Whether a repeated row holds one empty cell: LibreOffice fills the sheet with such rows."""
    end = text.find(b">", place, place + _LONGEST_START)
    found = _EMPTY_ROW.match(text, end + 1) if end >= 0 else None
    return found is not None and b"value" not in found.group()


def _is_empty_end(text: bytes, start: int, place: int) -> bool:
    """Whether a repeated cell is empty and the last of its row: calamine does not unfold those."""
    start = text.rfind(b"<", max(start - _LONGEST_START, 0), start)
    end = text.find(b">", place, place + _LONGEST_START)
    tag = text[start : end + 1] if 0 <= start < end else b""
    return (
        tag.endswith(b"/>")
        and b"value" not in tag
        and b"formula" not in tag
        and text[end + 1 : end + 99].lstrip().startswith(_ROW_END)
    )


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _too_large() -> FileRejectedError:
    return FileRejectedError(
        f"a sheet spans more than {CELLS_LIMIT} cells",
        "Лист занимает слишком много строк и столбцов. Удалите лишние строки и столбцы за пределами "
        "таблицы и пришлите файл снова.",
    )


def _locked() -> FileRejectedError:
    return FileRejectedError(
        "the workbook is protected by a password",
        "Файл защищён паролем и поэтому не читается. Откройте его в Excel, снимите пароль («Файл» — "
        "«Сведения» — «Защита книги»), сохраните и пришлите снова.",
    )


def _unreadable(kind: str) -> FileRejectedError:
    return FileRejectedError(
        f"the workbook cannot be read ({kind})",
        "Файл не открывается как таблица: он повреждён или защищён паролем. Откройте его в Excel, "
        "сохраните заново как .xlsx без пароля и пришлите снова.",
    )
