"""Tells the data rows of a table from all that people write around them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Literal

from municipal_indicators.spreadsheets.cells import is_blank, normal_form, plain_text
from municipal_indicators.spreadsheets.headings import Headings, is_heading_again
from municipal_indicators.spreadsheets.sheets import (
    PIECE_ROWS,
    Piece,
    Row,
    Rows,
    in_pieces,
)
from municipal_indicators.spreadsheets.words import Words

_UNDER_HEADINGS = 3
_HELD_LIMIT = 10_000
_TOTALS_LIMIT = 1_000

Numbered = tuple[int, Row]
Run = tuple[Sequence[int], Piece]
"""Line numbers and as many rows."""
_Kind = Literal["data", "end", "nothing"]


def data_rows(
    pieces: Iterable[Piece],
    headings: Headings,
    needed: Sequence[str],
    words: Words,
    totals: list[Numbered] | None = None,
) -> Iterator[Run]:
    """The data rows below the headings with their line numbers, wide enough for all columns that are read.

    Left out are blank rows, column numbers («1 2 3 …»), repeated headings, names of groups («Раздел 2»
    alone in its row), totals and what they consist of («из них …» below one), «Нет данных», and what
    stands below the last complete row after a blank row, a total or a signature word. Any other row is
    data, complete or not, so that nothing is lost in silence. The total rows are put into ``totals``.
    """
    reader = _Reader(headings, needed, words)
    held: list[tuple[_Kind, Numbered]] = []
    line = headings.last_row + 2
    for piece, is_plain in _judged(pieces, reader, line):
        lines = range(line, line + len(piece))
        line = lines.stop
        if is_plain:
            if held:
                yield _run(_flushed(held))
                held.clear()
            reader.is_below_total = False
            yield lines, piece
        else:
            numbered = zip(lines, piece.rows(), strict=True)
            yield _run(_sorted_out(reader, numbered, held, totals))
    yield _run(_flushed(reader.without_footer(held)))


def _judged(pieces: Iterable[Piece], reader: _Reader, line: int) -> Iterator[tuple[Piece, bool]]:
    """Each piece and whether it is plain; one that is not in smaller ones, as most of it may be."""
    for piece in pieces:
        is_plain = reader.is_plain(piece, line)
        parts = [piece] if is_plain or len(piece) <= PIECE_ROWS else in_pieces(piece.rows())
        for part in parts:
            yield part, is_plain or (part is not piece and reader.is_plain(part, line))
            line += len(part)


def _sorted_out(
    reader: _Reader,
    rows: Iterable[Numbered],
    held: list[tuple[_Kind, Numbered]],
    totals: list[Numbered] | None,
) -> Iterator[Numbered]:
    """The data among some rows; those that the next complete row decides upon go to ``held``."""
    for line, row in rows:
        row.extend([""] * (reader.width - len(row)))
        is_part = reader.is_part_of_total(row)
        if not is_part and reader.is_complete(row) and not reader.is_decoration(row, line):
            yield from _flushed(held)
            held.clear()
            reader.is_below_total = False
            yield line, row
            continue
        kind = "nothing" if is_part else reader.kind(row, line)
        held.append((kind, (line, row)))
        if reader.is_total(row):
            reader.is_below_total = True
            if totals is not None and len(totals) < _TOTALS_LIMIT:
                totals.append((line, row))
        elif kind == "data":
            reader.is_below_total = False
        if len(held) > _HELD_LIMIT:
            yield from _flushed(held[:-1])
            del held[:-1]


def _flushed(held: Sequence[tuple[_Kind, Numbered]]) -> Iterator[Numbered]:
    return (numbered for kind, numbered in held if kind == "data")


def _run(numbered: Iterable[Numbered]) -> Run:
    found = list(numbered)
    return [line for line, _ in found], Rows([row for _, row in found])


class _Reader:
    """What a row is, judged by the columns that are read and by the words of ``words.yaml``."""

    def __init__(self, headings: Headings, needed: Sequence[str], words: Words) -> None:
        self.headings = headings
        self.words = words
        self.read = sorted(headings.columns.values())
        self.needed = [headings.columns[name] for name in needed if name in headings.columns]
        self.width = max(self.read) + 1
        self.is_below_total = False
        self._under = headings.last_row + 1 + _UNDER_HEADINGS
        self._pick = itemgetter(*self.needed, self.needed[0])

    def is_plain(self, piece: Piece, line: int) -> bool:
        """Whether all rows, the first in this line, are surely complete and no decoration."""
        if line <= self._under or piece.width < self.width:
            return False
        for column in self.needed:
            cells = piece.column(column)
            if "" in cells or " " in cells or "\u00a0" in cells:
                return False
        keys = piece.column(self.needed[0])
        return all(not isinstance(cell, str) or cell[:1].isdigit() for cell in keys)

    def is_complete(self, row: Row) -> bool:
        """Whether every needed column shows something."""
        picked = self._pick(row)
        return not ("" in picked or " " in picked or "\u00a0" in picked)

    def is_decoration(self, row: Row, line: int) -> bool:
        """Whether a complete row is column numbers, the headings again, or a total."""
        if line <= self._under and _is_column_numbers(row):
            return True
        first = row[self.needed[0]]
        if not isinstance(first, str) or first[:1].isdigit():
            return False
        return is_heading_again(row, self.headings) or bool(
            self.words.totals.match(normal_form(first))
        )

    def is_total(self, row: Row) -> bool:
        """Whether the first word of a row that is no data says that it sums up."""
        return bool(self.words.totals.match(_first_words(row)))

    def is_part_of_total(self, row: Row) -> bool:
        """Whether a row below a total, with no data between, tells what the total consists of."""
        return self.is_below_total and bool(self.words.parts.match(_first_words(row)))

    def kind(self, row: Row, line: int) -> _Kind:
        """What an incomplete (or decorated) row is: data, nothing, or what may end the table."""
        shown = [cell for cell in row if not is_blank(cell)]
        if not shown:
            return "end"
        first = normal_form(plain_text(shown[0]))
        if self.words.totals.match(first) or first in self.words.no_data:
            return "end"
        if _is_column_numbers(row) and line <= self._under:
            return "nothing"
        if is_heading_again(row, self.headings):
            return "nothing"
        if len(shown) == 1 and (
            self.words.groups.match(first) or all(is_blank(row[column]) for column in self.read)
        ):
            return "nothing"
        return "data"

    def without_footer(self, held: list[tuple[_Kind, Numbered]]) -> list[tuple[_Kind, Numbered]]:
        """The rows after the last complete one, without what a table's end is made of."""
        ended = False
        kept: list[tuple[_Kind, Numbered]] = []
        for kind, (line, row) in held:
            ended = ended or kind == "end" or self._is_signed(row)
            if kind == "data" and (not ended or self._is_mostly_there(row)):
                kept.append((kind, (line, row)))
        return kept

    def _is_signed(self, row: Row) -> bool:
        first = next((cell for cell in row if not is_blank(cell)), "")
        text = plain_text(first)
        return text.startswith("*") or bool(self.words.footers.match(normal_form(text)))

    def _is_mostly_there(self, row: Row) -> bool:
        shown = sum(not is_blank(row[column]) for column in self.needed)
        return shown * 2 > len(self.needed) and not self._is_signed(row)


def _first_words(row: Row) -> str:
    return normal_form(plain_text(next((cell for cell in row if not is_blank(cell)), "")))


def _is_column_numbers(row: Row) -> bool:
    texts = [plain_text(cell) for cell in row if not is_blank(cell)]
    numbers = [int(text) for text in texts if text.isdecimal() and len(text) < 4]
    letters = [text for text in texts if len(text) == 1 and text.isalpha()]
    if len(numbers) + len(letters) < len(texts) or len(texts) < (3 if letters else 2):
        return False
    return (
        numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        if numbers
        else len(letters) > 1
    )
