"""Odd files that are read rightly, or refused in words that name encoding, format or cell."""

from __future__ import annotations

import io
import quopri
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import xlsxwriter

from municipal_indicators.sources.gosuslugi.files import load_file as load_gosuslugi
from municipal_indicators.sources.registers.files import load_file as load_registers
from municipal_indicators.warehouse.client import Warehouse
from tests.emulators.inbox.tables import Cell, Table, csv_bytes, xlsx_bytes, zip_bytes
from tests.sources.gosuslugi.registers_of_applications import HEADINGS, register, row
from tests.spreadsheets.arrivals import MODIFIED, Arrivals, grid_csv
from tests.spreadsheets.binary import xlsb_bytes

DAY = "30.06.2024"
DEPARTMENTS = ("Подразделение", "Требуется", "Оснащено", "На дату")
WORKPLACES = ("Номер", "Подразделение", "ПК", "СЗИ", "СЭД")
TITLE = f"Рабочие места по состоянию на {DAY}"
BUDGET = ("Год", "Дата", "План, руб.", "Кассовое исполнение, руб.")
LATER = datetime(2025, 3, 1, tzinfo=UTC)
PLAIN = (
    "Подразделение;Требуется;Оснащено;На дату\r\n"
    f"Архивный отдел;5;4;{DAY}\r\nОтдел ЖКХ;3;3;{DAY}\r\nЗАГС;1;0;{DAY}\r\n"
)
READ = [("Архивный отдел", 5.0, 4.0), ("Отдел ЖКХ", 3.0, 3.0), ("ЗАГС", 1.0, 0.0)]
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SEVEN_ZIP, RAR = b"7z\xbc\xaf\x27\x1c\0\4", b"Rar!\x1a\x07\x01\0"


@pytest.fixture
def registers(places: Path, warehouse: Warehouse) -> Arrivals:
    return Arrivals("registers", places, warehouse, load_registers)


@pytest.fixture
def gosuslugi(places: Path, warehouse: Warehouse) -> Arrivals:
    return Arrivals("gosuslugi", places, warehouse, load_gosuslugi)


def departments(arrivals: Arrivals) -> list[tuple[object, ...]]:
    return arrivals.rows("department, required, equipped", "core.department_rows")


def warnings(arrivals: Arrivals) -> list[tuple[object, ...]]:
    return arrivals.warehouse.rows("SELECT code, line, times FROM ops.load_warnings ORDER BY 1")


def refusal(arrivals: Arrivals, name: str, content: bytes) -> str:
    assert arrivals.take(name, content).rejected
    return arrivals.reasons()


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


def html(title: str, *rows: tuple[object, ...]) -> str:
    cells = "".join(
        "<tr>" + "".join(f"<td class=xl65>{cell}</td>" for cell in one) + "</tr>" for one in rows
    )
    return f"<html><body><table><tr><td colspan=4>{title}</td></tr>{cells}</table></body></html>"


def test_a_web_page_in_one_file(registers: Arrivals) -> None:
    page = html("Оснащённость", DEPARTMENTS, *((*one, DAY) for one in READ))
    registers.take("a.xls", mhtml(("Лист1", page)))
    assert departments(registers) == READ


def test_a_web_page_in_one_file_of_several_sheets(registers: Arrivals) -> None:
    pages = [html("Оснащённость", DEPARTMENTS, (*one, DAY)) for one in READ]
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


# Cells.


def test_the_text_guard_of_excel(registers: Arrivals) -> None:
    guarded = [[f'="{cell}"' for cell in ("Архив", "5", "4,5", DAY)], ["ЗАГС", "1", '=""', DAY]]
    registers.take("a.csv", grid_csv(DEPARTMENTS, *guarded))
    assert departments(registers) == [("Архив", 5.0, 4.5)]
    assert [(line, field) for _, line, field, _ in registers.quarantine()] == [(3, "Оснащено")]
    # As the csv module of another program writes the same.
    again = [[f'"=""{cell}"""' for cell in ("Архив", "5", "4,5", DAY)]]
    registers.take("b.csv", grid_csv(DEPARTMENTS, *again))
    assert departments(registers)[1:] == [("Архив", 5.0, 4.5)]


def test_the_text_guard_in_headings_codes_and_html(registers: Arrivals) -> None:
    title = ['="Рабочие места на 30.06.2024"']
    headings = [f'="{name}"' for name in WORKPLACES]
    registers.take("a.csv", grid_csv(title, headings, ['="00123"', '="Архив"', "+", "-", '="+"']))
    assert not registers.reasons()
    page = html(title[0], tuple(headings), ('="00124"', "Архив", "+", '="-"', "+"))
    registers.take("a.xls", page.encode())
    assert registers.rows(
        "number, has_pc, has_protection, has_edms", "core.workplace_rows", "number"
    ) == [
        ("00123", True, False, True),
        ("00124", True, False, True),
    ]


@pytest.mark.parametrize(
    "year",
    ["2025 год", "2025 г.", "2025г", "2025 ГОД", "на 2025 год", "за 2025 г.", "2025 года", 2025.0],
)
def test_a_year_in_words(year: Cell, registers: Arrivals) -> None:
    registers.take("a.xlsx", xlsx_bytes(Table(BUDGET, [(year, "01.07.2025", 5, 4)])), LATER)
    assert registers.rows("year", "core.budget_rows") == [(2025,)]


@pytest.mark.parametrize("year", ["2025-2027 годы", "25 год", "2025 год (план)"])
def test_what_is_no_year_is_quarantined(year: Cell, registers: Arrivals) -> None:
    registers.take("a.xlsx", xlsx_bytes(Table(BUDGET, [(year, "01.07.2025", 5, 4)])), LATER)
    assert [(line, field) for _, line, field, _ in registers.quarantine()] == [(2, "Год")]


@pytest.mark.usefixtures("shipped")
def test_marks_of_yes_and_no(registers: Arrivals) -> None:
    yes = ["☑", "☑\ufe0f", "✓", "✔", "✔️", "√", "v", "V", "+", "✅", "■"]
    no = ["☐", "□", "✗", "✘", "❌", "-"]
    rows = [(f"{n}", "Архив", mark, "да", "нет") for n, mark in enumerate([*yes, *no])]
    registers.take("a.xlsx", xlsx_bytes(Table(WORKPLACES, rows, title_rows=(TITLE,))))
    assert registers.rows("has_pc", "core.workplace_rows") == [(True,)] * len(yes) + [
        (False,)
    ] * len(no)
    assert not registers.quarantine()


# Rows that name a group.

PLACES: list[tuple[Cell, ...]] = [
    ("1", "Архив", "да", "нет", "да"),
    ("2", "Архив", "нет", "да", "да"),
    ("3", "Архив", "да", "да", "нет"),
]


@pytest.mark.parametrize("group", ["Отдел ЖКХ", "ЖКХ", "1. Отдел ЖКХ", "Отдел № 3", "МКУ «ЕДДС»"])
def test_a_row_that_names_a_group_of_workplaces_is_no_data(group: str, registers: Arrivals) -> None:
    rows = [(group,), PLACES[0], (group.upper(),), *PLACES[1:]]
    registers.take("a.xlsx", xlsx_bytes(Table(WORKPLACES, rows, title_rows=(TITLE,))))
    assert registers.rows("number", "core.workplace_rows") == [("1",), ("2",), ("3",)]
    assert not registers.quarantine()
    assert not warnings(registers)


def test_a_merged_name_of_a_group_is_no_data(registers: Arrivals) -> None:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, TITLE)
        sheet.write_row(1, 0, WORKPLACES)
        for line, cells in {3: PLACES[0], 5: PLACES[1], 6: PLACES[2]}.items():
            sheet.write_row(line, 0, cells)
        for line in (2, 4):
            sheet.merge_range(line, 0, line, 4, "Отдел ЖКХ")
    registers.take("a.xlsx", buffer.getvalue())
    assert registers.rows("number", "core.workplace_rows") == [("1",), ("2",), ("3",)]
    assert (registers.quarantine(), warnings(registers)) == ([], [])


def test_a_number_alone_in_its_row_is_still_a_row(registers: Arrivals) -> None:
    rows = [PLACES[0], ("АРМ-7",), ("00012",), *PLACES[1:]]
    registers.take("a.xlsx", xlsx_bytes(Table(WORKPLACES, rows, title_rows=(TITLE,))))
    assert [line for _, line, *_ in registers.quarantine()] == [4, 5]


def test_a_department_alone_in_its_row_is_warned_of(registers: Arrivals) -> None:
    rows: list[tuple[Cell, ...]] = [
        ("Управление хозяйства",),
        *((*one, DAY) for one in READ[:2]),
        ("Прочие",),
        (*READ[2], DAY),
    ]
    registers.take("a.xlsx", xlsx_bytes(Table(DEPARTMENTS, rows)))
    assert departments(registers) == READ
    assert not registers.quarantine()
    assert warnings(registers) == [("group_rows", 2, 2)]


def test_groups_of_applications_are_no_data(gosuslugi: Arrivals) -> None:
    rows: list[list[Cell]] = [["Отдел ЖКХ"], row(), ["Архивный отдел"], row(Номер_заявления="7")]
    gosuslugi.take("a.xlsx", xlsx_bytes(register(*rows)))
    assert len(gosuslugi.rows("service_code", "core.service_application_rows")) == 2
    assert (gosuslugi.quarantine(), warnings(gosuslugi)) == ([], [])


# Months without a year.


def monthly(first: Cell, second: Cell, **titles: tuple[str, ...]) -> bytes:
    january = register(row(Номер_заявления="1", Дата_подачи=first, Дата_статуса=first))
    february = register(row(Номер_заявления="2", Дата_подачи=second, Дата_статуса=second))
    tables = [
        Table(HEADINGS, one.rows, title_rows=titles.get(name, ()))
        for name, one in {"january": january, "february": february}.items()
    ]
    cover = {"Титул": Table(titles.get("cover", ("Отчёт",)), [])}
    return xlsx_bytes(
        cover["Титул"],
        sheet="Титул",
        other_sheets={"Январь": tables[0], "Февраль": tables[1]},
    )


FILED = [(date(2024, 1, 15),), (date(2024, 2, 20),)]


def filed(arrivals: Arrivals) -> list[tuple[object, ...]]:
    return arrivals.rows("filed_on", "core.service_application_rows", "filed_on")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (date(2024, 1, 15), "20.02.2024"),
        ("15.01", "20.02"),
        ("15 января", "20 февраля"),
        ("15.01 10:30", "20.02. 09:15"),
        ("15", 20),
    ],
)
@pytest.mark.parametrize(
    ("name", "titles"),
    [
        ("a.xlsx", {"january": ("Заявления за 2024 год",), "february": ("Заявления за 2024 год",)}),
        ("a.xlsx", {"cover": ("Отчёт МФЦ о заявлениях за 2024 г.",)}),
        ("a.xlsx", {"january": ("Заявления, январь 2024",)}),
        ("Заявления_2024.xlsx", {}),
    ],
)
def test_a_sheet_a_month(
    first: Cell, second: Cell, name: str, titles: dict[str, tuple[str, ...]], gosuslugi: Arrivals
) -> None:
    gosuslugi.take(name, monthly(first, second, **titles), LATER)
    assert filed(gosuslugi) == FILED
    assert not gosuslugi.quarantine()


def test_a_year_of_the_file_name_is_warned_of(gosuslugi: Arrivals) -> None:
    gosuslugi.take("Заявления_2024.xlsx", monthly("15.01", "20 февраля"), LATER)
    warned = gosuslugi.warehouse.rows("SELECT sheet, code FROM ops.load_warnings ORDER BY 1")
    assert warned == [
        ("Титул", "no_table"),
        ("Февраль", "year_from_name"),
        ("Январь", "year_from_name"),
    ]


@pytest.mark.parametrize("title", ["Отчёт", "За 2023 и 2024 годы"])
def test_without_one_year_such_dates_are_quarantined(title: str, gosuslugi: Arrivals) -> None:
    gosuslugi.take("a.xlsx", monthly("15.01", 20, cover=(title,)), LATER)
    reasons = {(field, reason) for _, _, field, reason in gosuslugi.quarantine()}
    assert {field for field, _ in reasons} == {"Дата подачи"}


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
