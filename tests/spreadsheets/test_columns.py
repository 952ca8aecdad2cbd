"""Whole columns at once say what their cells say one by one."""

# ruff: noqa: DTZ001 - a cell of a sheet is a wall clock without a zone

from __future__ import annotations

import csv
import hmac
import io
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from municipal_indicators.sources.gosuslugi.numbers import application_key
from municipal_indicators.spreadsheets import delimited
from municipal_indicators.spreadsheets.cells import Cell, Memo
from municipal_indicators.spreadsheets.columns import Moments, damaged
from municipal_indicators.spreadsheets.dates import PLAIN_MOMENT, moment_text
from municipal_indicators.spreadsheets.readers import read_sheets
from municipal_indicators.spreadsheets.sheets import (
    Sheet,
    row_blocks,
    split_top,
)
from municipal_indicators.spreadsheets.texts import Texts, as_arrow, joined
from municipal_indicators.spreadsheets.words import read_words

WORDS = read_words()
# No cell has line ends and delimiters: that is how an open quote shows, and is refused.
CELLS = st.text("аЖ1 ;,\t\"'«\u00a0.-", max_size=6) | st.text('аЖ1 \n\r"«', max_size=6)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of few lines, so that a small file has many."""
    monkeypatch.setattr(delimited, "_FIRST_BLOCK", 16)
    monkeypatch.setattr(delimited, "_BLOCK", 48)


def is_ascii_or_no_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return content.isascii()


@pytest.mark.usefixtures("small_blocks")
@settings(
    max_examples=300,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    rows=st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=25),
    delimiter=st.sampled_from(";,\t"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "windows-1251", "utf-16"]),
    ending=st.sampled_from(["\n", "\r\n"]),
)
def test_a_csv_is_read_as_the_csv_module_reads_it(
    tmp_path: Path, rows: list[list[str]], delimiter: str, encoding: str, ending: str
) -> None:
    file = tmp_path / "a.csv"
    with file.open("w", encoding=encoding, newline="") as written:
        csv.writer(written, delimiter=delimiter, lineterminator=ending).writerows(rows)
    # Some texts in windows-1251, such as «Ж» before a no-break space, are valid UTF-8 by chance.
    assume(encoding != "windows-1251" or is_ascii_or_no_utf8(file.read_bytes()))
    with file.open(encoding=encoding, newline="") as text:
        wanted = list(csv.reader(text, delimiter=delimiter, skipinitialspace=delimiter != "\t"))
    blocks = list(_sheet(file, delimiter).blocks)
    assert [row for block in blocks for row in block.rows()] == wanted
    for block in blocks:
        for place in range(block.width):
            assert list(block.column(place)) == [row[place] for row in block.rows()]


@pytest.mark.usefixtures("small_blocks")
def test_even_lines_without_quotes_become_columns_and_others_rows(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    lines = [f"{number};да;05.03.2024" for number in range(40)]
    lines[20] = "20;нет"
    lines[30] = '30;"да;да";05.03.2024'
    file.write_text("\n".join(lines), encoding="utf-8")
    kinds = [type(block.column(0)) for block in _sheet(file, ";").blocks if block.width]
    assert {Texts, tuple} == set(kinds)
    assert kinds.count(Texts) > 5


def test_a_far_too_wide_line_takes_no_memory_of_columns(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("\n".join(["1;" * 3000] * 3), encoding="utf-8")
    (block,) = _sheet(file, ";").blocks
    assert block.width in {0, 3001}
    assert [len(row) for row in block.rows()] == [3001] * 3


@given(st.from_regex(PLAIN_MOMENT.removesuffix("$") + r"\Z"))
def test_plain_moments_are_left_as_they_are(text: str) -> None:
    assert moment_text(text, WORDS) == text


@pytest.mark.parametrize(
    "made", [list, lambda cells: Texts(as_arrow(cells))], ids=["list", "Arrow"]
)
@given(
    st.lists(
        st.from_regex(PLAIN_MOMENT, fullmatch=True)
        | st.sampled_from(
            ["н/д", "5 марта 2024 г.", "45356,385", "05.03.24", " 05.03.2024", "\n", "x"]
        ),
        max_size=12,
    )
)
def test_a_column_of_moments_says_what_its_cells_say(
    made: Callable[[list[str]], list[str]], cells: list[str]
) -> None:
    column = Moments(WORDS, is_1904=False).column(made(cells))
    assert list(column) == [moment_text(cell, WORDS) for cell in cells]


def test_a_column_of_date_cells_says_what_its_cells_say() -> None:
    columns: list[list[Cell]] = [
        [date(2024, 3, 5), datetime(2024, 3, 5, 10, 30), "", "05.03.2024"],
        [datetime(2024, 3, 5, 10, 29, 59, 999998), date(2024, 3, 5)],
        [45356.5, "н/д"],
    ]
    for cells in columns:
        column = Moments(WORDS, is_1904=False).column(cells)
        assert list(column) == [moment_text(cell, WORDS) for cell in cells]


@given(st.lists(st.sampled_from(["1", "007", "٣", "1,2E+9", "1E5", "", "x-1"]), max_size=8))
def test_damaged_codes_are_found_in_any_column(cells: list[str]) -> None:
    assert damaged(Texts(as_arrow(cells))) == damaged(cells)


def test_each_distinct_text_is_converted_once_where_columns_repeat_themselves() -> None:
    asked: list[str] = []

    def convert(cell: object) -> str:
        asked.append(str(cell))
        return f"<{cell}>"

    repeated = Texts(as_arrow(["а", "б"] * 50))
    assert list(Memo(convert).column(repeated)) == ["<а>", "<б>"] * 50
    assert asked == ["а", "б"]
    distinct = Texts(as_arrow(list(map(str, range(50)))))
    assert list(Memo(convert).column(distinct)) == [f"<{number}>" for number in range(50)]


def test_columns_are_joined_whatever_they_are_made_of() -> None:
    arrow = Texts(pa.array(["а", ""]))
    assert list(joined([arrow, arrow])) == ["а", "", "а", ""]
    assert joined([arrow, ["в"]]) == ["а", "", "в"]
    assert "" in arrow
    assert "в" not in arrow


def test_the_first_rows_are_parted_from_the_rest() -> None:
    rows: list[list[Cell]] = [[str(number)] for number in range(2_500)]
    for number in (0, 40, 1_000, 1_001, 2_500, 9_999):
        top, rest = split_top(row_blocks(rows), number)
        assert top == rows[:number]
        assert [row for block in rest for row in block.rows()] == rows[number:]


@pytest.mark.parametrize("secret", [b"short", b"x" * 64, b"longer than a block " * 9])
def test_keys_of_applications_are_hmac(secret: bytes) -> None:
    assert application_key(secret, "12") == hmac.new(secret, b"12", "sha256").hexdigest()


def _sheet(file: Path, delimiter: str) -> Sheet:
    """The sheet of a CSV whose delimiter is known: ``sep=`` is no row of it."""
    content = file.read_bytes()
    for encoding, mark in (
        ("utf-16", b"\xff\xfe"),
        ("utf-8-sig", b"\xef\xbb\xbf"),
        ("latin-1", b""),
    ):
        if content.startswith(mark):
            text = io.BytesIO(content).read().decode(encoding)
            file.write_bytes(f"sep={delimiter}\n{text}".encode(encoding))
            break
    return next(read_sheets(file))
