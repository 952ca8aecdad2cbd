"""Separates the data rows of a table from everything that people write around them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Literal

from municipal_indicators.spreadsheets.cells import is_blank, normal_form, plain_text
from municipal_indicators.spreadsheets.headings import (
    SEARCHED_COLUMNS,
    Headings,
    is_heading_again,
)
from municipal_indicators.spreadsheets.sheets import (
    ROWS_PER_BLOCK,
    Row,
    RowBlock,
    RowList,
    row_blocks,
)
from municipal_indicators.spreadsheets.words import Words

_UNDER_HEADINGS = 3
_HELD_LIMIT = 10_000
_HELD_CHARACTERS = 64 << 20
_TOTALS_LIMIT = 1_000

Numbered = tuple[int, Row]
Run = tuple[Sequence[int], RowBlock]
"""Line numbers, and the block of rows that have them."""
_Kind = Literal["data", "end", "nothing"]


def data_rows(
    blocks: Iterable[RowBlock],
    headings: Headings,
    needed: Sequence[str],
    words: Words,
    totals: list[Numbered] | None = None,
) -> Iterator[Run]:
    """The data rows below the headings with their line numbers, padded to the columns that are read.

    Not data are blank rows, column numbers («1 2 3 …»), repeated headings, names of groups («Раздел 2»
    alone in its row), totals and their breakdown («из них …» below one), «Нет данных», and rows below
    the last complete row that follow a blank row, a total or a signature word. Every other row is data,
    complete or not, so that nothing is lost silently. The total rows are appended to ``totals``.
    """
    classifier = _RowClassifier(headings, needed, words)
    held: list[tuple[_Kind, Numbered]] = []
    line = headings.last_row + 2
    for block, is_plain in _plain_or_not(blocks, classifier, line):
        lines = range(line, line + len(block))
        line = lines.stop
        if is_plain:
            if held:
                yield _run(_data_of(held))
                held.clear()
            classifier.is_below_total = False
            yield lines, block
        else:
            numbered = zip(lines, block.rows(), strict=True)
            yield _run(_data_among(classifier, numbered, held, totals))
    yield _run(_data_of(classifier.without_footer(held)))


def _plain_or_not(
    blocks: Iterable[RowBlock], classifier: _RowClassifier, line: int
) -> Iterator[tuple[RowBlock, bool]]:
    """Each block and whether it is plain; a large one that is not is split, since most of it may be."""
    for block in blocks:
        is_plain = classifier.is_plain(block, line)
        parts = [block] if is_plain or len(block) <= ROWS_PER_BLOCK else row_blocks(block.rows())
        for part in parts:
            yield part, is_plain or (part is not block and classifier.is_plain(part, line))
            line += len(part)


def _data_among(
    classifier: _RowClassifier,
    rows: Iterable[Numbered],
    held: list[tuple[_Kind, Numbered]],
    totals: list[Numbered] | None,
) -> Iterator[Numbered]:
    """The data rows among some rows; rows that depend on the next complete row are added to ``held``."""
    size = 0
    for line, row in rows:
        del row[SEARCHED_COLUMNS:]
        row.extend([""] * (classifier.width - len(row)))
        is_part = classifier.is_part_of_total(row)
        if not is_part and classifier.is_complete(row) and not classifier.is_decoration(row, line):
            yield from _data_of(held)
            held.clear()
            size = 0
            classifier.is_below_total = False
            yield line, row
            continue
        kind = "nothing" if is_part else classifier.kind(row, line)
        held.append((kind, (line, row)))
        size += sum(len(cell) for cell in row if isinstance(cell, str))
        if classifier.is_total(row):
            classifier.is_below_total = True
            if totals is not None and len(totals) < _TOTALS_LIMIT:
                totals.append((line, row))
        elif kind == "data":
            classifier.is_below_total = False
        if len(held) > _HELD_LIMIT or size > _HELD_CHARACTERS:
            yield from _data_of(held[:-1])
            del held[:-1]
            size = 0


def _data_of(held: Sequence[tuple[_Kind, Numbered]]) -> Iterator[Numbered]:
    return (numbered for kind, numbered in held if kind == "data")


def _run(numbered: Iterable[Numbered]) -> Run:
    found = list(numbered)
    return [line for line, _ in found], RowList([row for _, row in found])


class _RowClassifier:
    """Decides what a row is, by the columns that are read and the words of ``words.yaml``."""

    def __init__(self, headings: Headings, needed: Sequence[str], words: Words) -> None:
        self.headings = headings
        self.words = words
        self.read = sorted(headings.columns.values())
        self.needed = [headings.columns[name] for name in needed if name in headings.columns]
        self.width = max(self.read) + 1
        self.is_below_total = False
        self._under = headings.last_row + 1 + _UNDER_HEADINGS
        self._pick = itemgetter(*self.needed, self.needed[0])

    def is_plain(self, block: RowBlock, line: int) -> bool:
        """Whether all rows of a block that begins at ``line`` are certainly complete data."""
        if line <= self._under or block.width < self.width:
            return False
        for column in self.needed:
            cells = block.column(column)
            if "" in cells or " " in cells or "\u00a0" in cells:
                return False
        keys = block.column(self.needed[0])
        return all(not isinstance(cell, str) or cell[:1].isdigit() for cell in keys)

    def is_complete(self, row: Row) -> bool:
        """Whether every needed column shows something."""
        picked = self._pick(row)
        return not ("" in picked or " " in picked or "\u00a0" in picked)

    def is_decoration(self, row: Row, line: int) -> bool:
        """Whether a complete row holds column numbers, repeated headings or a total."""
        if line <= self._under and _is_column_numbers(row):
            return True
        first = row[self.needed[0]]
        if not isinstance(first, str) or first[:1].isdigit():
            return False
        return is_heading_again(row, self.headings) or bool(
            self.words.totals.match(normal_form(first))
        )

    def is_total(self, row: Row) -> bool:
        """Whether the first words of a row that is no data name a total."""
        return bool(self.words.totals.match(_first_words(row)))

    def is_part_of_total(self, row: Row) -> bool:
        """Whether a row breaks down the total above it, with no data between them."""
        return self.is_below_total and bool(self.words.parts.match(_first_words(row)))

    def kind(self, row: Row, line: int) -> _Kind:
        """What an incomplete or decorative row is: data, nothing, or a possible end of the table."""
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
        """The rows after the last complete one, without the footer of the table."""
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
