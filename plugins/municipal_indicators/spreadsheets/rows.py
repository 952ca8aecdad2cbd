"""Separates the data rows of a table from everything that people write around them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from operator import itemgetter
from typing import Literal

from municipal_indicators.spreadsheets.amounts import is_unit, roubles
from municipal_indicators.spreadsheets.cells import Cell, is_blank, normal_form, plain_text
from municipal_indicators.spreadsheets.columns import looks_like_code
from municipal_indicators.spreadsheets.cutting import Cutter, is_title, is_value
from municipal_indicators.spreadsheets.headings import (
    SEARCHED_COLUMNS,
    Headings,
    is_heading_again,
)
from municipal_indicators.spreadsheets.kinds import Note, TableKind
from municipal_indicators.spreadsheets.sheets import (
    ROWS_PER_BLOCK,
    Row,
    RowBlock,
    RowList,
    SheetRows,
    is_column_numbers,
    row_blocks,
)
from municipal_indicators.spreadsheets.texts import Texts
from municipal_indicators.spreadsheets.words import Words

_UNDER_HEADINGS = 3
_HELD_LIMIT = 10_000
_HELD_CHARACTERS = 64 << 20
_TOTALS_LIMIT = 1_000
_MOST_COLUMN_NUMBERS = 20
# A line drawn with so many signs: «-----».
_RULE = 5
_MEAN = re.compile(r"\b(?:средн|медиан|максим|миним|процент|доля)|%")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")

Numbered = tuple[int, Row]
Run = tuple[Sequence[int], RowBlock]
"""Line numbers, and the block of rows that have them."""
_Kind = Literal["data", "group", "end", "nothing"]
_ITEMS = ("data", "group")


def data_rows(
    rows: SheetRows,
    headings: Headings,
    kind: TableKind,
    words: Words,
    left_out: LeftOut | None = None,
    *,
    cutter: Cutter | None = None,
) -> Iterator[Run]:
    """The data rows of a table with their line numbers, padded to the columns that are read.

    ``rows`` begins below its headings, and is left where another table begins, see ``Cutter``. Not data are
    blank rows, column numbers («1 2 3 …»), repeated headings, names of groups («Раздел 2», «Отдел ЖКХ»
    alone in their row), totals, parts of a total or of an item, «Нет данных», and rows below the last
    complete row that follow a blank row, a total or a signature word. Every other row is data, complete or
    not, so that nothing is lost silently. Parts are what begins with «из них …»; where fields are ``summed``
    also all below it until the parts add up, or to a blank row, a group or a total. A text alone in a
    ``named`` column names a group only if a complete row follows it. What a ``shared`` column shows beside it
    is the date or the year of the rows around. ``left_out`` is filled.
    """
    classifier = _RowClassifier(headings, kind, words)
    left_out = left_out or LeftOut()
    held: list[tuple[_Kind, Numbered]] = []
    for block in rows:
        line = rows.line - len(block)
        if classifier.is_plain(block, line):
            if held:
                left_out.add_groups(held)
                yield _run(_data_of(held))
                held.clear()
            classifier.forget_total()
            yield range(line, rows.line), block
        elif len(block) > ROWS_PER_BLOCK:
            # Most of it may be plain.
            rows.put_back(list(row_blocks(block.rows())))
        else:
            numbered = list(zip(range(line, rows.line), block.rows(), strict=True))
            begin = _first_of_another(cutter, numbered, held)
            yield _run(_data_among(classifier, numbered[:begin], held, left_out))
            if begin is not None:
                titles = _trailing_titles(held)
                rows.put_back([RowList([*titles, *(row for _, row in numbered[begin:])])])
                break
    yield _run(_data_of(classifier.without_footer(held)))


def _data_among(
    classifier: _RowClassifier,
    rows: Iterable[Numbered],
    held: list[tuple[_Kind, Numbered]],
    left_out: LeftOut,
) -> Iterator[Numbered]:
    """The data rows among some rows; rows that depend on the next complete row are added to ``held``."""
    size = 0
    for line, row in rows:
        del row[SEARCHED_COLUMNS:]
        row.extend([""] * (classifier.width - len(row)))
        is_part = classifier.is_part(row)
        if not is_part and classifier.is_complete(row) and not classifier.is_decoration(row, line):
            left_out.add_groups(held)
            yield from _data_of(held)
            held.clear()
            size = 0
            classifier.saw_data(row)
            yield line, row
            continue
        kind = "nothing" if is_part else classifier.kind(row, line)
        left_out.add(classifier, line, row, is_part=is_part)
        if kind == "nothing" and is_heading_again(row, classifier.headings):
            _trailing_titles(held)
        held.append((kind, (line, row)))
        size += sum(len(cell) for cell in row if isinstance(cell, str))
        if not is_part and classifier.is_total(row):
            classifier.saw_total(row)
        elif kind in _ITEMS:
            classifier.forget_total()
        if len(held) > _HELD_LIMIT or size > _HELD_CHARACTERS:
            yield from _data_of(held[:-1])
            del held[:-1]
            size = 0


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rows that are no data: totals, and the lines of parts and names of groups that could be items."""

    totals: list[Numbered] = field(default_factory=list)
    parts: list[int] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)

    def notes(self) -> list[Note]:
        """What is told of parts and groups."""
        notes = []
        if self.parts:
            text = f"rows from line {self.parts[0]} on are parts of a total or of an item, and left out"
            notes.append(Note("parts_of_total", text, len(self.parts)))
        if self.groups:
            text = (
                "rows of one text alone are names of groups, and left out; an item needs its values"
            )
            notes.append(Note("group_rows", text, len(self.groups), min(self.groups)))
        return notes

    def add(self, classifier: _RowClassifier, line: int, row: Row, *, is_part: bool) -> None:
        """Add a row if it is a part that holds numbers, or a total."""
        if is_part:
            if classifier.could_be_data(row):
                self.parts.append(line)
        elif (
            len(self.totals) < _TOTALS_LIMIT
            and classifier.is_total(row)
            and not classifier.is_mean(row)
        ):
            self.totals.append((line, row))

    def add_groups(self, held: list[tuple[_Kind, Numbered]]) -> None:
        """Take the names of groups from the end of ``held``: a complete row follows them."""
        while held and held[-1][0] == "group":
            _, (line, _) = held.pop()
            self.groups.append(line)


def _first_of_another(
    cutter: Cutter | None, numbered: Sequence[Numbered], held: Sequence[tuple[_Kind, Numbered]]
) -> int | None:
    """The place of the first row that begins another table."""
    if cutter is None:
        return None
    is_apart = bool(held) and held[-1][0] == "end"
    for place, (_, row) in enumerate(numbered):
        if cutter.begins_table(row, is_apart=is_apart):
            above = [*(row for _, (_, row) in held), *(row for _, row in numbered[:place])]
            storeys = 0 if is_title(row) else min(cutter.storeys_above(above), place)
            if storeys or not cutter.only_repeats(row):
                return place - storeys
        is_apart = not any(row) or cutter.is_total(row)
    return None


def _trailing_titles(held: list[tuple[_Kind, Numbered]]) -> list[Row]:
    """Takes the last held rows that can be the title of what is below them."""
    titles: list[Row] = []
    while held and is_title(held[-1][1][1]):
        titles.insert(0, held.pop()[1][1])
    return titles


def _data_of(held: Sequence[tuple[_Kind, Numbered]]) -> Iterator[Numbered]:
    return (numbered for kind, numbered in held if kind in _ITEMS)


def _run(numbered: Iterable[Numbered]) -> Run:
    found = list(numbered)
    return [line for line, _ in found], RowList([row for _, row in found])


class _RowClassifier:
    """Decides what a row is, by the columns that are read and the words of ``words.yaml``."""

    def __init__(self, headings: Headings, kind: TableKind, words: Words) -> None:
        columns = headings.columns
        self.headings = headings
        self.words = words
        self.read = sorted(headings.columns.values())
        self.needed = [columns[name] for name in kind.needed if name in columns]
        self.width = max(self.read) + 1
        self._under = headings.last_row + 1 + _UNDER_HEADINGS
        self._pick = itemgetter(*self.needed, self.needed[0])
        self._summed = [columns[name] for name in kind.summed if name in columns]
        self._named = [columns[name] for name in kind.named if name in columns]
        self._shared = {columns[name] for name in kind.shared if name in columns}
        self._in_roubles = roubles(words, Decimal(1))
        self._has_data = False
        self._is_below_total = False
        # The sums that parts below this row would make up, and what is left of them while parts are read.
        self._whole: list[Decimal] | None = None
        self._left: list[Decimal] | None = None

    def saw_data(self, row: Row) -> None:
        """Remember a complete row, which parts may follow."""
        if self._summed and self.is_total(row):
            self.saw_total(row)
            return
        self._is_below_total = False
        if self._summed:
            self._has_data, self._whole = True, self._numbers(row)

    def saw_total(self, row: Row) -> None:
        """Remember a total, which parts may follow. One above all items has none: they are the items."""
        self._is_below_total = True
        self._whole = self._numbers(row) if self._has_data else None
        if self._whole and self.words.parts.search(self._words_of(row)):
            self._left = self._whole

    def forget_total(self) -> None:
        """What follows is no part of a total."""
        self._is_below_total, self._whole, self._left = False, None, None

    def is_part(self, row: Row) -> bool:
        """Whether a row breaks down the total or the item above it."""
        if not self._summed:
            return self._is_below_total and self._names_part(row)
        if self._left is None:
            words = self._words_of(row)
            is_memo = self.words.memos.match(words)
            if is_memo and not self._is_below_total:
                return self.could_be_data(row)
            if not self._whole or not (is_memo or self.words.parts.match(words)):
                return False
            self._left = self._whole
        elif not any(row) or self.is_total(row) or self._is_group(row):
            self.forget_total()
            return False
        pairs = zip(self._left, self._numbers(row), strict=True)
        self._left = [left - part for left, part in pairs]
        if not any(self._left):
            self.forget_total()
        return True

    def could_be_data(self, row: Row) -> bool:
        """Whether a row holds numbers to be summed."""
        return any(self._numbers(row))

    def _names_part(self, row: Row) -> bool:
        return bool(self.words.parts.match(self._words_of(row)))

    def _numbers(self, row: Row) -> list[Decimal]:
        texts = (self._in_roubles[row[place]] for place in self._summed)
        return [Decimal(text) if _NUMBER.fullmatch(text) else Decimal() for text in texts]

    def _words_of(self, row: Row) -> str:
        # A number, an amount or its unit may stand before the name.
        shown = (
            cell
            for place, cell in enumerate(row)
            if not is_blank(cell)
            and not is_value(cell)
            and not is_unit(plain_text(cell))
            and not (place in self._summed and _NUMBER.fullmatch(self._in_roubles[cell]))
        )
        return normal_form(plain_text(next(shown, "")))

    def _is_group(self, row: Row) -> bool:
        shown = [cell for cell in row if not is_blank(cell)]
        return len(shown) == 1 and bool(self.words.groups.match(normal_form(plain_text(shown[0]))))

    def is_plain(self, block: RowBlock, line: int) -> bool:
        """Whether all rows of a block that begins at ``line`` are certainly complete data."""
        if line <= self._under or block.width < self.width:
            return False
        for column in self.needed:
            cells = block.column(column)
            if "" in cells or " " in cells or "\u00a0" in cells:
                return False
        keys = block.column(self.needed[0])
        if isinstance(keys, Texts):
            if not keys.match("^[0-9]"):
                return False
        elif not all(not isinstance(cell, str) or cell[:1].isdigit() for cell in keys):
            return False
        return not self._may_hold_column_numbers(keys)

    def _may_hold_column_numbers(self, keys: Sequence[Cell]) -> bool:
        numbers = range(1, min(self.needed[0] + 2, _MOST_COLUMN_NUMBERS))
        is_text = isinstance(keys, Texts)
        return any(
            str(number) in keys or f"{number}." in keys or (not is_text and number in keys)
            for number in numbers
        )

    def is_complete(self, row: Row) -> bool:
        """Whether every needed column shows something."""
        picked = self._pick(row)
        return not ("" in picked or " " in picked or "\u00a0" in picked)

    def is_decoration(self, row: Row, line: int) -> bool:
        """Whether a complete row holds column numbers, repeated headings or a total."""
        if is_column_numbers(row, self._least_numbers(line)):
            return True
        if self._summed and self.is_total(row) and any(is_blank(row[place]) for place in self.read):
            return True
        first = row[self.needed[0]]
        if not isinstance(first, str) or first[:1].isdigit():
            return False
        return is_heading_again(row, self.headings) or self.words.is_total(normal_form(first))

    def is_total(self, row: Row) -> bool:
        """Whether the first or last words of a row name a total."""
        return self.words.is_total(self._words_of(row))

    def is_mean(self, row: Row) -> bool:
        """Whether a total shows a mean, which no rows add up to."""
        return _MEAN.search(self._words_of(row)) is not None

    def _least_numbers(self, line: int) -> int:
        """How many column numbers a row must hold: just below the headings, or of two columns, two."""
        return 2 if line <= self._under or len(self.read) < 3 else 3

    def kind(self, row: Row, line: int) -> _Kind:
        """What an incomplete or decorative row is: data, nothing, or a possible end of the table."""
        shown = [cell for cell in row if not is_blank(cell)]
        if not shown:
            return "end"
        is_empty = normal_form(plain_text(shown[0])) in self.words.no_data
        if is_empty or self.words.is_total(self._words_of(row)):
            return "end"
        if is_column_numbers(row, self._least_numbers(line)) or is_heading_again(
            row, self.headings
        ):
            return "nothing"
        # A number may stand before a text that is alone in the columns that are read («1 | Отдел ЖКХ»).
        own = [
            cell
            for place, cell in enumerate(row)
            if not is_blank(cell) and place not in self._shared
        ] or shown
        if len(shown) == 1 or (len(own) == 1 and not is_value(own[0])):
            return self._of_lone_text(own[0], row)
        if len(shown) == 2 and is_value(shown[0]) and not is_value(shown[1]):
            read = sum(not is_blank(row[place]) for place in self.read)
            kind = self._of_lone_text(shown[1], row)
            return "nothing" if read == 1 and kind == "nothing" else "data"
        return "data"

    def _of_lone_text(self, cell: Cell, row: Row) -> _Kind:
        text = plain_text(cell)
        first = normal_form(text)
        if (
            self.words.groups.match(first)
            or self.words.parts.match(first)
            or all(
                is_blank(row[place]) or (place in self._shared and row[place] != cell)
                for place in self.read
            )
            or (len(text) >= _RULE and not any(map(str.isalnum, text)))
        ):
            return "nothing"
        if len(self.needed) < 2 or not any(map(str.isalpha, text)) or looks_like_code(text):
            return "data"
        # In a column of names it may be an item without its values, unless a complete row follows.
        return "group" if any(not is_blank(row[place]) for place in self._named) else "nothing"

    def without_footer(self, held: list[tuple[_Kind, Numbered]]) -> list[tuple[_Kind, Numbered]]:
        """The rows after the last complete one, without the footer of the table."""
        ended = False
        kept: list[tuple[_Kind, Numbered]] = []
        for kind, (line, row) in held:
            ended = ended or kind == "end" or self._is_signed(row)
            if kind in _ITEMS and (not ended or self._is_mostly_there(row)):
                kept.append((kind, (line, row)))
        return kept

    def _is_signed(self, row: Row) -> bool:
        first = next((cell for cell in row if not is_blank(cell)), "")
        text = plain_text(first)
        return text.startswith("*") or bool(self.words.footers.match(normal_form(text)))

    def _is_mostly_there(self, row: Row) -> bool:
        shown = sum(not is_blank(row[column]) for column in self.needed)
        return shown * 2 > len(self.needed) and not self._is_signed(row)
