"""Small files that took gigabytes or hours: each was found on a real build."""

from __future__ import annotations

import io
import random
import tarfile
import zipfile
from datetime import UTC, datetime

from tests.emulators.inbox.tables import csv_bytes, zip_bytes
from tests.sources.gosuslugi.hostile_files import BOOK, HEAD, NAME, STRINGS, changed
from tests.sources.gosuslugi.registers_of_applications import register, row

_SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "table", "text")
)
_VALUE = 'office:value-type="float" office:value="1"'


def ods(rows: str, end: str = "</table:table>") -> bytes:
    """An OpenDocument with these rows; without an end it is cut off."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        book.writestr("META-INF/manifest.xml", "<manifest/>")
        content = f"<office:document-content {_SPACES}><office:body><office:spreadsheet><table:table>{rows}"
        closing = "</office:spreadsheet></office:body></office:document-content>" if end else ""
        book.writestr("content.xml", content + end + closing)
    return buffer.getvalue()


def repeated() -> dict[str, bytes]:
    """An .ods of 822 bytes that repeats values over a sheet, in several spellings."""
    edge = 'table:number-columns-repeated="16384"'
    tall = 'table:number-rows-repeated="1048576"'
    cell = f"<table:table-cell {_VALUE} {edge}/>"
    return {
        "values.ods": ods(f"<table:table-row {tall}>{cell}</table:table-row>"),
        "quotes.ods": ods(f"<table:table-row {tall}>{cell}</table:table-row>".replace('"', "'")),
        "blanks.ods": ods(
            f"<table:table-row {tall}>{cell}</table:table-row>".replace("repeated=", "repeated = ")
        ),
        "text.ods": ods(
            f"<table:table-row {tall}><table:table-cell {edge}><text:p>a</text:p></table:table-cell>"
            "</table:table-row>"
        ),
        "many rows.ods": ods(
            f'<table:table-row table:number-rows-repeated="9999">{cell}</table:table-row>' * 9
        ),
    }


def unclosed() -> bytes:
    """An .ods whose rows never end; noise keeps it from being refused as a bomb."""
    chance = random.Random(1)
    rows = (
        f'<table:table-row table:number-rows-repeated="{chance.randrange(10, 10**9)}">'
        for _ in range(15_000)
    )
    return ods("".join(rows), end="")


def long_string() -> bytes:
    """An .xlsx with one text of 2 MB in each of 5 000 cells."""
    text = random.Random(1).randbytes(1 << 20).hex()
    cell = '<c t="s"><v>0</v></c>'
    book = changed(BOOK, STRINGS, NAME, NAME + text)
    with zipfile.ZipFile(io.BytesIO(book)) as source:
        strings = source.read(STRINGS).decode()
    place = (
        strings.split("<si>").index(next(one for one in strings.split("<si>") if text in one)) - 1
    )
    rows = "".join(f"<row>{cell.replace('>0<', f'>{place}<')}</row>" for _ in range(5_000))
    return changed(book, "xl/worksheets/sheet1.xml", "</sheetData>", f"{rows}</sheetData>")


def many_tags() -> bytes:
    """A page of 9 million cells."""
    return b"<html><table><tr>" + b"<td>" * 9_000_000


def many_attributes() -> bytes:
    """A page of few elements with millions of attributes, which no count of tags finds."""
    names = " ".join(f"a{number}=1" for number in range(100_000))
    return f"<html><table><tr>{f'<td {names}>' * 60}".encode()


def good_but_odd() -> dict[str, bytes]:
    """Files that took for ever, or were taken for our fault, though there is something to load."""
    table = register(row())
    page = "".join(f"<td>{cell}" for cell in row())
    odd = f'<html><meta content="text/html; charset=unicode"><table><tr>{HEAD}{page}</table>'
    return {
        "underscores.csv": csv_bytes(register(row(Наименование_услуги="_" * 260_000))),
        "dots.csv": csv_bytes(register(row(Наименование_услуги="a." * 130_000))),
        "digits.csv": csv_bytes(register(row(Наименование_услуги="7 " * 130_000))),
        "long name.zip": zip_bytes(
            {"_" * 60_000 + ".csv": csv_bytes(table)}, datetime(2024, 3, 5, tzinfo=UTC)
        ),
        "unicode.xls": odd.encode(),
        "cp866.tar": tarred("Реестр заявлений.csv".encode("cp866"), csv_bytes(table)),
    }


def tarred(name: bytes, content: bytes) -> bytes:
    """A tar with a name in any bytes."""
    buffer = io.BytesIO()
    with tarfile.open(
        fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT, encoding="latin-1"
    ) as archive:
        info = tarfile.TarInfo(name.decode("latin-1"))
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def long_cell(size: int) -> bytes:
    """A catalogue with one name of so many characters."""
    headings = "Код услуги;Наименование;Уровень;Электронная подача;Действует с"
    return f"{headings}\n60010153;{'я' * size};Муниципальная;да;01.01.2024\n".encode()
