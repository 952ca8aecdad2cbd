"""Encodings, formats and sets of files: read rightly, or refused in words that name them."""

from __future__ import annotations

import io
import quopri
import zipfile
from datetime import date

import pytest

from municipal_indicators.sources.registers.files import load_file as load_registers
from tests.cases.odd_files import (
    DAY,
    DEPARTMENTS,
    OLE,
    PLAIN,
    RAR,
    READ,
    SEVEN_ZIP,
    TITLE,
    WORKPLACES,
    departments,
    page_of,
    refusal,
    warnings,
)
from tests.emulators.inbox.tables import Cell, csv_bytes, zip_bytes
from tests.sources.gosuslugi.registers_of_applications import register, row
from tests.spreadsheets.arrivals import MODIFIED, Arrivals
from tests.spreadsheets.binary import xlsb_bytes

# Encodings.


@pytest.mark.parametrize(
    "encoding", ["cp866", "koi8-r", "mac-cyrillic", "utf-16-le", "utf-16-be", "utf-16", "utf-32"]
)
@pytest.mark.parametrize("change", [str, str.upper, str.lower])
def test_a_csv_in_another_encoding(encoding: str, change: type[str], registers: Arrivals) -> None:
    registers.take("a.csv", change(PLAIN).encode(encoding))
    assert departments(registers) == [(change(name), *numbers) for name, *numbers in READ]


@pytest.mark.parametrize("change", [str, str.upper, str.lower])
def test_windows_1251_is_not_taken_for_another(change: type[str], registers: Arrivals) -> None:
    registers.take("a.csv", change(PLAIN).encode("windows-1251"))
    assert departments(registers) == [(change(name), *numbers) for name, *numbers in READ]


def test_a_damaged_byte_of_utf_8_is_named_by_its_line(registers: Arrivals) -> None:
    content = PLAIN.encode().replace("ЗАГС".encode(), "ЗАГ".encode() + b"\xd0")
    words = refusal(registers, "a.csv", content)
    assert "UTF-8, but line 4" in words
    assert "в кодировке UTF-8, но в строке 4" in words


def test_a_nul_byte_is_named_by_its_line(registers: Arrivals) -> None:
    words = refusal(registers, "a.csv", PLAIN.replace("Отдел", "Отдел\0").encode())
    assert "line 3 holds a NUL byte" in words
    assert "В строке 3" in words


def test_a_nul_in_utf_16_is_named_too(registers: Arrivals) -> None:
    words = refusal(registers, "a.csv", PLAIN.replace("ЗАГС", "ЗАГС\0").encode("utf-16-be"))
    assert "line 4 holds a NUL byte" in words


def test_a_nul_byte_far_below_is_named_too(registers: Arrivals) -> None:
    more = f"Отдел;1;1;{DAY}\r\n" * 200_000
    words = refusal(registers, "a.csv", f"{PLAIN}{more}ЗАГС\0;1;1;{DAY}\r\n".encode())
    assert "line 200005 holds a NUL byte" in words


# Formats.


def mhtml(*sheets: tuple[str, str], encoding: str = "windows-1251") -> bytes:
    """What Excel saves as «Веб-страница в одном файле», each sheet with its name."""
    lines = [
        "MIME-Version: 1.0",
        "X-Document-Type: Workbook",
        'Content-Type: multipart/related; boundary="----=_NextPart_01"',
        "",
        "This document is a Single File Web Page.",
        "",
    ]
    listed = "".join(
        f'<x:ExcelWorksheet><x:Name>{name}</x:Name><x:WorksheetSource HRef=3D"b.files/s{number}.htm"/>'
        f"{'<x:Visible>SheetHidden</x:Visible>' if name == 'Скрыт' else ''}</x:ExcelWorksheet>"
        for number, (name, _) in enumerate(sheets)
    ).replace("=3D", "=")
    frame = f"<html><!--[if gte mso 9]><xml>{listed}</xml><![endif]--><frameset></frameset></html>"
    parts = {"b.htm": frame} if len(sheets) > 1 else {}
    parts |= {f"b.files/s{number}.htm": html for number, (_, html) in enumerate(sheets)}
    content = "\r\n".join(lines).encode()
    for place, html in parts.items():
        head = (
            f"------=_NextPart_01\r\nContent-Location: file:///C:/1/{place}\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n"
            f'Content-Type: text/html; charset="{encoding}"\r\n\r\n'
        )
        content += head.encode() + quopri.encodestring(html.encode(encoding)) + b"\r\n"
    return content + b"------=_NextPart_01--\r\n"


def test_a_web_page_in_one_file(registers: Arrivals) -> None:
    page = page_of("Оснащённость", DEPARTMENTS, *((*one, DAY) for one in READ))
    registers.take("a.xls", mhtml(("Лист1", page)))
    assert departments(registers) == READ


def test_a_web_page_in_one_file_of_several_sheets(registers: Arrivals) -> None:
    pages = [page_of("Оснащённость", DEPARTMENTS, (*one, DAY)) for one in READ]
    registers.take("a.xls", mhtml(("Лист1", pages[0]), ("Скрыт", pages[1]), ("Лист3", pages[2])))
    assert registers.rows("sheet, department", "core.department_rows", "sheet") == [
        ("Лист1", "Архивный отдел"),
        ("Лист3", "ЗАГС"),
    ]
    assert ("hidden_sheet", 0, 1) in warnings(registers)


def test_a_letter_is_no_table(registers: Arrivals) -> None:
    letter = b"MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
    assert "MHTML" in refusal(registers, "a.xls", letter)


SHEET: list[list[Cell]] = [
    [TITLE],
    list(WORKPLACES),
    ["1", "Архив", "да", "нет", "да"],
    ["2", "", "да", "нет", "нет"],
    ["3", "ЗАГС", "да", "да", "нет"],
]


def test_a_binary_workbook(registers: Arrivals) -> None:
    content = xlsb_bytes({"Лист": SHEET, "Скрыт": SHEET}, merges=[(2, 3, 1, 1)], hidden=["Скрыт"])
    registers.take("a.xlsb", content)
    assert registers.rows("number, department, has_edms", "core.workplace_rows") == [
        ("1", "Архив", True),
        ("2", "Архив", False),
        ("3", "ЗАГС", False),
    ]
    assert warnings(registers) == [("hidden_sheet", 0, 1)]


@pytest.mark.parametrize("date_1904", [False, True])
def test_dates_of_a_binary_workbook(date_1904: bool, registers: Arrivals) -> None:
    # A bare number counts from the first day of the calendar of its workbook.
    serial = (date(2024, 6, 30) - date(1904, 1, 1)).days + (0 if date_1904 else 1462)
    rows: list[list[Cell]] = [list(DEPARTMENTS), ["Архив", 1, 1, serial]]
    registers.take("a.xls", xlsb_bytes({"Лист": rows}, date_1904=date_1904))
    assert registers.rows("as_of", "core.department_rows") == [(date(2024, 6, 30),)]


def test_a_far_cell_of_a_binary_workbook_is_refused(registers: Arrivals) -> None:
    content = xlsb_bytes({"Лист": [["a"]]}, far=(1_048_575, 16_383))
    assert "spans more than" in refusal(registers, "a.xlsb", content)


def encrypted_workbook() -> bytes:
    name = "EncryptedPackage".encode("utf-16-le")
    return OLE + bytes(1016) + name + bytes(2000)


def encrypted_xls(kind: int) -> bytes:
    from tests.spreadsheets.excel97 import xls_bytes

    # The record FILEPASS follows the beginning of the stream.
    content = xls_bytes([["a"]])
    place = content.index(b"\x09\x08\x10\x00") + 20
    return content[:place] + b"\x2f\0\4\0" + bytes([kind, 0, 1, 2]) + content[place + 8 :]


def encrypted_ods() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        packed.writestr("content.xml", b"\x01\x02\x03" * 50)
        packed.writestr(
            "META-INF/manifest.xml",
            '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
            '<m:file-entry m:full-path="content.xml"><m:encryption-data/></m:file-entry></m:manifest>',
        )
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content", [encrypted_workbook(), encrypted_xls(0), encrypted_xls(1), encrypted_ods()]
)
def test_a_workbook_with_a_password_is_refused_by_that_name(
    content: bytes, registers: Arrivals
) -> None:
    words = refusal(registers, "a.xlsx", content)
    assert "the workbook is protected by a password" in words
    assert "Файл защищён паролем" in words


def test_a_word_document_is_refused_by_that_name(registers: Arrivals) -> None:
    types = b'<?xml version="1.0"?><Types/>'
    modern = zip_bytes({"[Content_Types].xml": types, "word/document.xml": b"<a/>"}, MODIFIED)
    old = OLE + bytes(1016) + "WordDocument".encode("utf-16-le") + bytes(2000)
    for name, content in {"a.docx": modern, "b.doc": old}.items():
        registers.take(name, content)
    assert registers.reasons().count("the file is a Word document, not a table") == 2
    assert registers.reasons().count("Файл в формате Word, а нужна таблица") == 2


@pytest.mark.parametrize(("magic", "name"), [(SEVEN_ZIP, "7-Zip"), (RAR, "RAR")])
@pytest.mark.parametrize("source", ["registers", "smev"])
def test_other_archives_are_refused_by_name(
    magic: bytes, name: str, source: str, registers: Arrivals
) -> None:
    from municipal_indicators.sources.smev.files import load_file

    registers.source = source
    registers.loader = load_registers if source == "registers" else load_file
    content = magic + bytes(200)
    assert registers.take("a.xlsx", content).rejected
    assert registers.take("b.zip", zip_bytes({"a.csv": content}, MODIFIED)).rejected
    assert registers.reasons().count(f"{name} archive") == 2
    assert registers.reasons().count("Распакуйте его и пришлите файлы в архиве .zip") == 2


# Open data.

META = (
    "property,value\r\nstandardversion,http://opendata.gosmonitor.ru/standard/3.0\r\n"
    "identifier,5717001210-departments\r\ntitle,Оснащённость подразделений\r\n"
    "description,Сведения\r\ncreator,Администрация\r\ncreated,20240630\r\nmodified,20240701\r\n"
    "subject,Связь\r\nformat,csv\r\npublishername,Отдел\r\n"
)
STRUCTURE = (
    "field name,english description,russian description,format\r\n"
    "department,Department,Подразделение,string\r\nnorm,Norm,Требуется,number\r\n"
    "fact,Fact,Оснащено,number\r\n"
)
NAMES = {
    "meta.csv": META,
    "structure-20240630.csv": STRUCTURE,
    "data-20240630-structure-20240630.csv": PLAIN.replace(";", ","),
}


def test_an_open_data_set_is_recognised(registers: Arrivals) -> None:
    for name, text in NAMES.items():
        registers.take(name, text.encode())
    assert departments(registers) == READ
    assert "passport of a set of open data" in registers.reasons()
    assert "Это паспорт набора открытых данных (meta.csv)" in registers.reasons()
    assert "structure of a set of open data" in registers.reasons()
    assert "Это описание структуры набора открытых данных" in registers.reasons()


def test_an_open_data_set_in_a_zip_is_data_with_two_notes(registers: Arrivals) -> None:
    packed = zip_bytes({name: text.encode() for name, text in NAMES.items()}, MODIFIED)
    registers.take("set.zip", packed)
    assert departments(registers) == READ
    assert not registers.quarantine()
    assert warnings(registers) == [("no_table", 0, 1)] * 2
    assert "meta.csv: it is the passport of a set of open data" in registers.message()


def test_a_csv_of_semicolons_has_the_same_passport(gosuslugi: Arrivals) -> None:
    assert "passport of a set" in refusal(gosuslugi, "m.csv", META.replace(",", ";").encode())
    assert csv_bytes(register(row()))
