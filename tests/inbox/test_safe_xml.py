"""XML of strangers: it reads nothing but itself, in whatever encoding it hides what it asks for."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from municipal_indicators.errors import FileRejectedError
from municipal_indicators.inbox.safe_xml import NotWellFormedError, parse_safely
from municipal_indicators.spreadsheets.readers import read_sheets
from tests.emulators.inbox.tables import Table, xlsx_bytes

BODY = '<!DOCTYPE x SYSTEM "{fifo}"><x/>'
ENCODINGS = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "utf-32-le",
    "utf-32-be",
)
READ = """
import sys
from pathlib import Path
from municipal_indicators.errors import FileRejectedError
from municipal_indicators.inbox.safe_xml import NotWellFormedError, parse_safely
from municipal_indicators.inbox import safe_xml
safe_xml.has_doctype = lambda content: False
try:
    parse_safely(Path(sys.argv[1]).read_bytes())
except FileRejectedError as error:
    print("rejected:", error.reason)
"""


@pytest.mark.parametrize("encoding", [*ENCODINGS, "utf-7"])
@pytest.mark.parametrize("declared", ["", '<?xml version="1.0" encoding="{encoding}"?>'])
def test_a_dtd_is_seen_in_every_encoding(encoding: str, declared: str) -> None:
    if encoding == "utf-7" and not declared:
        pytest.skip("UTF-7 is what is declared so")
    name = encoding.removesuffix("-sig").upper()
    text = BODY.format(fifo="nothing")
    content = (
        declared.format(encoding=name).encode() + text.encode("utf-7").replace(b"<", b"+ADw-")
        if encoding == "utf-7"
        else (declared.format(encoding=name) + text).encode(encoding)
    )
    with pytest.raises(FileRejectedError, match="DTD"):
        parse_safely(content)


def test_a_fifo_that_a_dtd_names_is_not_opened(tmp_path: Path) -> None:
    """The parser alone, without the look at the text before it: it would wait for the fifo for ever."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    path = tmp_path / "a.xml"
    path.write_text(BODY.format(fifo=fifo))
    done = subprocess.run(
        [sys.executable, "-c", READ, str(path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.startswith("rejected: the XML declares a DTD")


@pytest.mark.parametrize("encoding", [*ENCODINGS, "windows-1251", "koi8-r", "utf-7"])
def test_what_has_no_dtd_is_read_in_its_encoding(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?><x>Архив</x>'
    assert parse_safely(text.encode(encoding)).text == "Архив"


@pytest.mark.parametrize("content", [b"", b"<x>", b"\xff\xfe", b"\xff\xfe<\x00", b"<x>&e;</x>"])
def test_broken_xml_is_told_without_its_words(content: bytes) -> None:
    with pytest.raises(NotWellFormedError) as caught:
        parse_safely(content)
    assert str(caught.value) == ""
    assert caught.value.__context__ is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-7"])
def test_a_workbook_in_xml_with_a_dtd_is_rejected(tmp_path: Path, encoding: str) -> None:
    text = (
        '<!DOCTYPE Workbook [<!ENTITY e "x">]>'
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>'
    )
    body = text.encode() if encoding == "utf-8" else text.encode("utf-7").replace(b"<", b"+ADw-")
    path = tmp_path / "a.xls"
    path.write_bytes(f'<?xml version="1.0" encoding="{encoding}"?>'.encode() + body)
    with pytest.raises(FileRejectedError, match="DTD"):
        list(read_sheets(path))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_workbook_whose_sheet_has_a_dtd_is_rejected(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.xlsx"
    whole = zipfile.ZipFile(
        io.BytesIO(xlsx_bytes(Table(("Дата", "Название"), [("06.05.2024", "День")])))
    )
    with zipfile.ZipFile(path, "w") as changed:
        for name in whole.namelist():
            content = whole.read(name)
            if name.startswith("xl/worksheets/"):
                _, _, rest = content.decode().partition("?>")
                content = f"<!DOCTYPE worksheet>{rest}".encode(encoding)
            changed.writestr(name, content)
    with pytest.raises(FileRejectedError, match="DTD"):
        list(read_sheets(path))
