"""Files of any format as sheets of rows; hostile ones refused in bounded memory and time."""

from __future__ import annotations

import io
import os
import time
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter

from municipal_indicators.errors import FileRejectedError
from municipal_indicators.spreadsheets.readers import read_sheets
from tests.emulators.inbox.tables import Cell, Table, csv_bytes, xlsx_bytes
from tests.spreadsheets.excel97 import xls_bytes

TABLE = Table(
    ("Код", "Дата", "Сумма"), [("0012", date(2024, 3, 5), 1.5), ("x", date(2024, 3, 6), 2.0)]
)

HTML = """<!DOCTYPE html><html><head><meta charset="{0}"></head><body><table border=1>
<tr><th>Код<th>Дата<th colspan=2>Сумма</tr>
<tr><td rowspan=2>0012</td><td>05.03.2024<td>1,5<td>руб.</tr>
<tr><td>06.03.2024</td><td>2<br>000</td></tr></table></body></html>"""

SPREADSHEET_ML = """<?xml version="1.0" encoding="utf-8"?>{0}
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"
 xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
 <Worksheet ss:Name="Лист"><Table>
  <Row ss:Index="2"><Cell><Data ss:Type="String">Код</Data></Cell>
  <Cell ss:Index="3"><Data ss:Type="String">Сумма</Data></Cell></Row>
  <Row><Cell><Data ss:Type="String">0012</Data></Cell>
  <Cell ss:MergeAcross="1"><Data ss:Type="Number">1.5</Data></Cell></Row>
 </Table></Worksheet></Workbook>"""


def read(path: Path, content: bytes) -> list[tuple[str, list[list[object]]]]:
    path.write_bytes(content)
    return [(sheet.name, [list(row) for row in sheet.rows]) for sheet in read_sheets(path)]


def refused(path: Path, content: bytes) -> FileRejectedError:
    started = time.monotonic()
    with pytest.raises(FileRejectedError) as caught:
        read(path, content)
    assert time.monotonic() - started < 10
    assert any(letter in caught.value.for_sender for letter in "аеио")
    return caught.value


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "file.csv"


def test_a_workbook_is_told_by_its_bytes(file: Path) -> None:
    assert read(file, xlsx_bytes(TABLE, sheet="Лист")) == [
        (
            "Лист",
            [
                ["Код", "Дата", "Сумма"],
                ["0012", date(2024, 3, 5), 1.5],
                ["x", date(2024, 3, 6), 2.0],
            ],
        )
    ]


def test_an_excel_97_workbook_is_read(file: Path) -> None:
    rows: list[list[Cell]] = [["Код", "Дата"], ["0012", date(2024, 3, 5)], [3500308079, 1.5]]
    assert read(file, xls_bytes(rows, sheet="Реестр")) == [("Реестр", rows)]


def test_rows_count_from_the_top_of_the_sheet(file: Path) -> None:
    content = workbook(lambda sheet: sheet.write(4, 2, "x"))
    ((_, rows),) = read(file, content)
    assert [place for place, row in enumerate(rows, 1) if any(row)] == [5]
    assert rows[4] == ["x"]


def test_vertically_merged_cells_are_filled_down(file: Path) -> None:
    def fill(sheet: xlsxwriter.worksheet.Worksheet) -> None:
        sheet.merge_range(1, 0, 3, 0, "Отдел")
        for row in range(5):
            sheet.write(row, 1, row)

    ((_, rows),) = read(file, workbook(fill))
    assert [row[0] for row in rows] == ["", "Отдел", "Отдел", "Отдел", ""]


def test_hidden_sheets_say_so(file: Path) -> None:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    book.add_worksheet("Виден").write(0, 0, 1)
    book.add_worksheet("Скрыт").hide()
    book.close()
    file.write_bytes(buffer.getvalue())
    assert [(sheet.name, sheet.is_hidden) for sheet in read_sheets(file)] == [
        ("Виден", False),
        ("Скрыт", True),
    ]


def test_what_a_filter_or_an_outline_hides_is_read(file: Path) -> None:
    def fill(sheet: xlsxwriter.worksheet.Worksheet) -> None:
        for row in range(4):
            sheet.write_row(row, 0, (f"{row}", "x", "y"))
        sheet.autofilter(0, 0, 3, 2)
        sheet.filter_column_list(0, ["3"])
        sheet.set_row(1, None, None, {"hidden": True})
        sheet.set_row(2, None, None, {"level": 1, "hidden": True})
        sheet.set_column(1, 1, None, None, {"hidden": True})

    ((_, rows),) = read(file, workbook(fill))
    assert rows == [[f"{row}", "x", "y"] for row in range(4)]


def test_a_1904_workbook_says_so(file: Path) -> None:
    file.write_bytes(xlsx_bytes(TABLE, date_1904=True))
    sheet = next(read_sheets(file))
    assert sheet.is_1904
    assert list(sheet.rows)[1][1] == date(2024, 3, 5)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1251"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("separator_line", [False, True])
@pytest.mark.parametrize("trailing", [False, True])
def test_csv_of_any_encoding_and_delimiter(
    file: Path, encoding: str, delimiter: str, separator_line: bool, trailing: bool
) -> None:
    content = csv_bytes(
        TABLE,
        encoding=encoding,  # type: ignore[arg-type]
        delimiter=delimiter,
        separator_line=separator_line,
        trailing_delimiter=trailing,
    )
    ((_, rows),) = read(file, content)
    end = [""] if trailing else []
    assert rows == [
        ["Код", "Дата", "Сумма", *end],
        ["0012", "05.03.2024", "1,5", *end],
        ["x", "06.03.2024", "2,0", *end],
    ]


def test_utf_16_as_excel_saves_unicode_text(file: Path) -> None:
    assert read(file, "Код\tДата\r\n1\t2\r\n".encode("utf-16")) == [
        ("", [["Код", "Дата"], ["1", "2"]])
    ]


def test_quoted_cells_hold_newlines_delimiters_and_doubled_quotes(file: Path) -> None:
    content = 'Код;Название\r\n1;"Первая\r\nстрока; ""вторая"""\r\n2;б\r\n'.encode()
    assert read(file, content)[0][1] == [
        ["Код", "Название"],
        ["1", 'Первая\r\nстрока; "вторая"'],
        ["2", "б"],
    ]


def test_decimal_commas_do_not_pass_for_the_delimiter(file: Path) -> None:
    content = "Название;План, тыс. руб.;Факт\n" + "a;2,5;3,5\n" * 20
    assert {len(row) for row in read(file, content.encode())[0][1]} == {3}


def test_known_headings_decide_on_the_delimiter(file: Path) -> None:
    content = "Код,Название,Каналы\n" + "1,Услуга,ЕПГУ; РПГУ; МФЦ; лично\n" * 20
    file.write_bytes(content.encode())
    sheet = next(
        read_sheets(file, lambda rows: len({"Код", "Название", "Каналы"}.intersection(rows[0])))
    )
    assert {len(row) for row in sheet.rows} == {3}


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1251"])
def test_html_under_the_name_of_a_workbook(file: Path, encoding: str) -> None:
    ((_, rows),) = read(file, HTML.format(encoding).encode(encoding))
    assert [[str(cell).strip() for cell in row] for row in rows] == [
        ["Код", "Дата", "Сумма", "Сумма"],
        ["0012", "05.03.2024", "1,5", "руб."],
        ["0012", "06.03.2024", "2 000"],
    ]


def test_excel_2003_xml(file: Path) -> None:
    ((name, rows),) = read(file, SPREADSHEET_ML.format("").encode())
    assert name == "Лист"
    assert rows == [[], ["Код", "", "Сумма"], ["0012", "1.5", "1.5"]]


MERGED_HTML = """<table><tr><td>a<td rowspan=2 colspan=2>нет<td>b</tr><tr><td>c<td>d</tr>
<tr><td rowspan=2 colspan=2>x<td>e</tr><tr><td>f</tr></table>"""
MERGED_ML = """<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"
 xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet" xmlns:x="urn:schemas-microsoft-com:office:excel">
<x:ExcelWorkbook><x:Date1904/></x:ExcelWorkbook><Worksheet ss:Name="Лист"><Table>
<Row><Cell><Data>a</Data></Cell>
<Cell ss:MergeAcross="1" ss:MergeDown="1"><Data>нет</Data>
<Comment ss:Author="И"><ss:Data>0</ss:Data></Comment></Cell>
<Cell><Data>b</Data></Cell></Row>
<Row><Cell><Data>c</Data></Cell><Cell ss:Index="4"><Data>d</Data></Cell></Row>
<Row><Cell ss:MergeAcross="1" ss:MergeDown="1"><Data>x</Data></Cell><Cell><Data>e</Data></Cell></Row>
<Row><Cell ss:Index="3"><Data>f</Data></Cell></Row></Table></Worksheet>
<Worksheet ss:Name="Скрыт"><Table/><x:WorksheetOptions><x:Visible>SheetVeryHidden</x:Visible>
</x:WorksheetOptions></Worksheet></Workbook>"""


def merged_xlsx() -> bytes:
    def fill(sheet: xlsxwriter.worksheet.Worksheet) -> None:
        sheet.merge_range(0, 1, 1, 2, "нет")
        sheet.merge_range(2, 0, 3, 1, "x")
        # What hides under a merged area is written after it.
        for row, column, text in (
            *((0, 0, "a"), (0, 3, "b"), (1, 0, "c"), (1, 1, "да"), (1, 3, "d"), (2, 2, "e")),
            *((3, 1, "y"), (3, 2, "f")),
        ):
            sheet.write(row, column, text)

    return workbook(fill)


def merged_ods() -> bytes:
    def cell(text: str, attributes: str = "", tag: str = "table-cell") -> str:
        return f'<table:{tag} office:value-type="string"{attributes}><text:p>{text}</text:p></table:{tag}>'

    two = ' table:number-columns-spanned="2" table:number-rows-spanned="2"'
    rows = [
        [cell("a"), cell("нет", two), cell("", tag="covered-table-cell"), cell("b")],
        [cell("c"), *[cell("да", tag="covered-table-cell")] * 2, cell("d")],
        [cell("x", two), cell("", tag="covered-table-cell"), cell("e")],
        ['<table:covered-table-cell table:number-columns-repeated="2"/>', cell("f")],
    ]
    return ods("".join(f"<table:table-row>{''.join(row)}</table:table-row>" for row in rows))


@pytest.mark.parametrize(
    "content",
    [MERGED_HTML.encode(), b"<?xml version='1.0'?>" + MERGED_ML.encode(), merged_xlsx, merged_ods],
    ids=["html", "SpreadsheetML", "xlsx", "ods"],
)
def test_a_merged_area_shows_one_value(file: Path, content: bytes | Callable[[], bytes]) -> None:
    ((_, rows), *_) = read(file, content if isinstance(content, bytes) else content())
    assert [[str(cell).strip() for cell in row] for row in rows] == [
        ["a", "нет", "нет", "b"],
        ["c", "нет", "нет", "d"],
        ["x", "", "e", *([""] if len(rows[2]) > 3 else [])],
        ["x", "", "f", *([""] if len(rows[3]) > 3 else [])],
    ]


def test_excel_2003_xml_tells_hidden_sheets_and_its_calendar(file: Path) -> None:
    file.write_bytes(b"<?xml version='1.0'?>" + MERGED_ML.encode())
    assert [(one.name, one.is_hidden, one.is_1904) for one in read_sheets(file)] == [
        ("Лист", False, True),
        ("Скрыт", True, True),
    ]


BOMB = '<!DOCTYPE b [<!ENTITY a "aaaa"><!ENTITY c "&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"%PDF-1.7 ...", "PDF"),
        (b"\x00\x01\x02\x03" * 100, "binary"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "cannot be read"),
        (xlsx_bytes(TABLE)[:-200], "no workbook|broken|cannot be read"),
        (b"PK\x03\x04" + os.urandom(500), "no workbook|broken|cannot be read"),
        (SPREADSHEET_ML.format(BOMB).encode(), "DTD"),
        (b'<?xml version="1.0"?><a><b></a>', "not well formed"),
        (b'<?xml version="1.0"?><Envelope/>', "no Excel 2003 workbook"),
        (b"<html><body>nothing", "no table"),
        ("Код;Дата\n".encode("windows-1251") + b"\x98", "looks like windows-1251, but line 2"),
    ],
)
def test_what_is_no_table_is_refused_with_the_reason(
    file: Path, content: bytes, words: str
) -> None:
    import re

    assert re.search(words, refused(file, content).reason)


def test_a_quote_that_is_never_closed_is_refused(file: Path) -> None:
    rows = ["Код;Название;Вид"] + [f"{number};Название;Вид" for number in range(50)]
    rows[10] = '9;"Название;Вид'
    error = refused(file, "\n".join(rows).encode())
    assert "row 11" in error.reason
    assert "В строке 11" in error.for_sender


def test_a_cell_of_megabytes_is_refused(file: Path) -> None:
    assert "a cell exceeds" in refused(file, b'a;b\n1;"' + b"x" * (1 << 20) + b'"\n').reason


def test_a_cell_of_200_kilobytes_is_read(file: Path) -> None:
    assert len(str(read(file, b"a;b\n1;" + b"x" * 200_000 + b"\n")[0][1][1][1])) == 200_000


@pytest.mark.parametrize(
    "place", ["XFD1048576", "XFD20000", "ZZ1048576"], ids=["corner", "wide", "two letters"]
)
def test_a_sheet_of_billions_of_cells_is_refused_unread(file: Path, place: str) -> None:
    content = replaced(xlsx_bytes(TABLE), 'r="C3"', f'r="{place}"')
    assert "spans more than" in refused(file, content).reason


def test_a_tall_cell_before_a_wide_one_is_seen(file: Path) -> None:
    content = replaced(xlsx_bytes(TABLE), 'r="A1"', 'r="A50000"')
    assert "spans more than" in refused(file, replaced(content, 'r="C3"', 'r="XFD3"')).reason


def test_a_wide_sheet_of_few_rows_is_read(file: Path) -> None:
    ((_, rows),) = read(file, replaced(xlsx_bytes(TABLE), 'r="C3"', 'r="XFD3"'))
    assert len(rows[2]) == 16_384


def test_an_ods_that_repeats_values_to_the_edge_is_refused(file: Path) -> None:
    row = (
        '<table:table-row table:number-rows-repeated="1048576"><table:table-cell '
        'table:number-columns-repeated="16384" office:value-type="float" office:value="1"/></table:table-row>'
    )
    assert "spans more than" in refused(file, ods(row)).reason


def test_an_ods_is_read(file: Path) -> None:
    row = (
        '<table:table-row><table:table-cell office:value-type="string">'
        "<text:p>Код</text:p></table:table-cell>"
        '</table:table-row><table:table-row table:number-rows-repeated="1048575">'
        '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    )
    assert read(file, ods(row))[0][1][0] == ["Код"]


def workbook(fill: Callable[[xlsxwriter.worksheet.Worksheet], object]) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    fill(book.add_worksheet("Лист"))
    book.close()
    return buffer.getvalue()


def replaced(content: bytes, old: str, new: str) -> bytes:
    """A workbook with a text replaced in its first sheet."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(buffer, "w") as target:
        for name in source.namelist():
            text = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                assert old.encode() in text
                text = text.replace(old.encode(), new.encode())
            target.writestr(name, text, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def ods(rows: str) -> bytes:
    spaces = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr(
            "content.xml",
            f'<?xml version="1.0" encoding="UTF-8"?><office:document-content{spaces}><office:body>'
            f'<office:spreadsheet><table:table table:name="Лист">{rows}</table:table></office:spreadsheet>'
            "</office:body></office:document-content>",
        )
    return buffer.getvalue()


@pytest.mark.parametrize("broken", [1, 499, 500, 501, 1200])
def test_a_quote_never_closed_is_named_by_its_row(file: Path, broken: int) -> None:
    rows = [f"{number};2;3;4" for number in range(1300)]
    rows[broken - 1] = '"open;2;3;4'
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    sheet = next(read_sheets(file))
    with pytest.raises(FileRejectedError, match=rf"^row {broken}: a quote is opened"):
        list(sheet.rows)
