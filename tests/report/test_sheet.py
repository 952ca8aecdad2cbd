"""The first page of the report as a PDF: one sheet, the page's own words, nothing of the machine in it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from lxml import html

from tests.report.made_up_parts import HOSTILE
from tests.report.reading import found, one, text


@pytest.fixture(scope="session")
def sheet(written: Path) -> str:
    """The words of the PDF, one blank between them."""
    return words(written / "full.pdf")


def words(path: Path) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext of poppler is not installed")
    done = subprocess.run(
        ["pdftotext", "-raw", str(path), "-"], capture_output=True, text=True, check=True
    )
    assert done.stdout.count("\f") == 1, "more than one sheet"
    return " ".join(done.stdout.split())


def test_it_says_what_the_page_says(sheet: str, full: html.HtmlElement) -> None:
    assert text(one(full, "//p[@class='main']")) in sheet
    # Every value and every note of the table: the page words them in its template, the sheet in Python.
    told = [
        text(part)
        for part in found(full, "//*[@class='overview']/tbody//*[self::b or self::small]")
    ]
    assert len(told) > 50
    assert [words for words in told if words not in sheet] == []
    for source in found(full, "//*[@class='source-name']"):
        assert text(source).split(" ")[0] in sheet
    assert "в карантине — 5 строк" in sheet
    assert "https://reports.example/programme-report/" in sheet
    assert "1 из 1" in sheet


def test_hostile_names_are_text(sheet: str) -> None:
    assert HOSTILE.replace(" ", "") in sheet.replace(" ", "")


def test_a_programme_without_a_whole_month_has_a_sheet(written: Path) -> None:
    assert "январь 2023, предварительно" in words(written / "young.pdf")


def test_without_indicators_there_is_none(written: Path) -> None:
    assert not (written / "empty.pdf").exists()
    assert "нет показателей" in (written / "empty.txt").read_text(encoding="utf-8")


def test_the_same_numbers_give_the_same_file(written: Path) -> None:
    assert (written / "full.pdf").read_bytes() == (written / "full-again.pdf").read_bytes()
