"""Cuts a sheet into its tables: where another one begins below the rows of the first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from municipal_indicators.spreadsheets.amounts import is_unit
from municipal_indicators.spreadsheets.cells import Cell, is_blank, normal_form, plain_text
from municipal_indicators.spreadsheets.dates import is_date, true_at
from municipal_indicators.spreadsheets.headings import (
    HEADER_ROWS,
    SEARCHED_COLUMNS,
    SEARCHED_ROWS,
    Headings,
    HeadingSet,
)
from municipal_indicators.spreadsheets.kinds import TableKind
from municipal_indicators.spreadsheets.periods import months_in
from municipal_indicators.spreadsheets.sheets import Row, RowList, SheetRows
from municipal_indicators.spreadsheets.words import Words

_NUMERIC = re.compile(r"[+-]?\d[\d\s.,:/%-]*")
_MARKED = ("number", "amount", "year", "day", "flag")
_MEMO_LIMIT = 10_000


class Cutter:
    """Tells the rows that begin another table from the rows of a table of this kind.

    Another table begins with a row of headings, with a line «по состоянию на …» where the date stands above
    the table, and with a line that only names a unit of money where the kind has money.
    """

    def __init__(
        self,
        kind: TableKind,
        headings: Headings,
        known: Sequence[HeadingSet],
        words: Words,
        zone: ZoneInfo,
        heading_rows: Sequence[Row] = (),
    ) -> None:
        self._known = known
        self._words = words
        self._zone = zone
        self._own = headings
        self._texts = {
            normal_form(plain_text(cell))
            for row in heading_rows
            for cell in row[:SEARCHED_COLUMNS]
            if not is_blank(cell)
        }
        columns = {column.name: column for column in kind.columns}
        places = headings.columns
        self._has_money = any(column.type == "amount" for column in kind.columns)
        self._takes_date = any(
            column.type == "day" and column.is_required and name not in places
            for name, column in columns.items()
        )
        self._marked = [
            (places[name], column.type == "flag")
            for name, column in columns.items()
            if column.type in _MARKED and name in places
        ]
        self._key = next((name for name in kind.needed if name in places), "")
        self._fields: dict[str, frozenset[tuple[str, str]]] = {}

    def begins_table(self, row: Row, *, is_apart: bool) -> bool:
        """Whether a row begins another table; ``is_apart``: it follows a blank row or a total."""
        if is_title(row):
            return self.is_line_of_title(row)
        return self.is_heading(row, is_apart=is_apart)

    def is_line_of_title(self, row: Row) -> bool:
        """Whether a row gives the date, the month or the unit of what is below it."""
        text = line_of(row)
        normal = normal_form(text)
        if not text or self._words.is_total(normal) or self._words.footers.match(normal):
            return False
        if self._has_money and is_unit(text):
            return True
        # «Форум на | 01.07.2024» may be an event, «по состоянию на | 01.07.2024» never is.
        takes_date = self._takes_date or self._words.as_of.fullmatch(
            normal_form(next(plain_text(cell) for cell in row if not is_blank(cell)))
        )
        if takes_date and true_at([text], self._words, self._zone):
            return True
        return self._takes_date and bool(months_in([text]))

    def is_heading(self, row: Row, *, is_apart: bool = False) -> bool:
        """Whether a row consists of headings, known ones or, where no column holds a value, others."""
        if self._is_own_key(row):
            return True
        shown = [cell for cell in row[:SEARCHED_COLUMNS] if cell != ""]
        if any(map(is_value, shown)):
            return False
        counts: dict[str, set[str]] = {}
        for cell in shown:
            for kind, name in self._fields_of(str(cell)):
                counts.setdefault(kind, set()).add(name)
        if any(len(names) > 1 for names in counts.values()):
            return True
        if counts:
            return self._holds_no_value(row, least=1)
        # Without a known heading more must speak for it.
        has_digits = any(sign.isdigit() for cell in shown for sign in str(cell))
        return is_apart and not has_digits and self._holds_no_value(row, least=2)

    def is_heading_at(self, rows: Sequence[Row]) -> bool:
        """Whether the first of some rows is a heading, or an upper storey of one; it stands apart."""
        return self.is_heading(rows[0], is_apart=True) or any(
            self.is_heading(rows[place]) and self.storeys_above([[], *rows[:place]]) == place
            for place in range(1, len(rows))
        )

    def storeys_above(self, rows: Sequence[Row]) -> int:
        """How many of the last rows are upper storeys of the heading that is just below them.

        They show words only, and follow a blank row, a title or a total, or hold a heading or
        words in place of a value.
        """
        storeys = 0
        for count in range(1, min(HEADER_ROWS, len(rows) + 1)):
            row = rows[-count]
            if is_title(row):
                break
            texts = {normal_form(plain_text(cell)) for cell in row if not is_blank(cell)}
            if texts <= self._texts:
                storeys = count
            elif any(map(self._may_be_value, texts)):
                break
            elif any(map(self._fields_of, texts)) or self._holds_no_value(row, least=1):
                storeys = count
            elif self.is_total(row):
                break
            elif count < len(rows) and (
                is_title(rows[-count - 1]) or self.is_total(rows[-count - 1])
            ):
                storeys = count
        return storeys

    def only_repeats(self, row: Row) -> bool:
        """Whether a row repeats the headings as they are, and no row of units can follow it."""
        return not self._has_money and all(
            place < len(row)
            and normal_form(plain_text(row[place])) == normal_form(self._own.texts[name])
            for name, place in self._own.columns.items()
        )

    def is_total(self, row: Row) -> bool:
        """Whether the first words of a row name a total."""
        first = next((cell for cell in row if cell != ""), "")
        return isinstance(first, str) and self._words.is_total(normal_form(plain_text(first)))

    def next_start(self, rows: SheetRows) -> None:
        """Pass over rows up to the next table, its title included."""
        passed: list[Row] = []
        while top := rows.peek(1):
            if self.begins_table(top[0], is_apart=False):
                begin = len(passed) - self.storeys_above(passed)
                while begin and is_title(passed[begin - 1]):
                    begin -= 1
                rows.put_back([RowList(passed[begin:])])
                return
            passed = [*passed[-SEARCHED_ROWS:], top[0]]
            rows.skip(1)

    def _may_be_value(self, normal: str) -> bool:
        return (
            any(map(str.isdigit, normal))
            or normal in self._words.absent
            or self._words.flag(normal) is not None
        )

    def _is_own_key(self, row: Row) -> bool:
        place = self._own.columns.get(self._key, -1)
        if not 0 <= place < len(row) or not isinstance(row[place], str):
            return False
        text = normal_form(plain_text(row[place]))
        return text != "" and text == normal_form(self._own.texts[self._key])

    def _holds_no_value(self, row: Row, least: int) -> bool:
        """Whether so many columns of numbers, days or marks hold words in this row, and none a value."""
        texts = [
            (normal_form(plain_text(row[place])), is_flag)
            for place, is_flag in self._marked
            if place < len(row) and not is_blank(row[place])
        ]
        return len(texts) >= least and not any(
            self._words.flag(text) is not None if is_flag else text in self._words.absent
            for text, is_flag in texts
        )

    def _fields_of(self, text: str) -> frozenset[tuple[str, str]]:
        if (found := self._fields.get(text)) is None:
            if len(self._fields) > _MEMO_LIMIT:
                self._fields.clear()
            normal = normal_form(plain_text(text)[:1_000])
            matches = ((one.kind, one.match(normal)) for one in self._known)
            found = self._fields[text] = frozenset(
                (kind, match[0]) for kind, match in matches if match
            )
        return found


def is_title(row: Row) -> bool:
    """Whether a row shows one text, or one and a date: then it can only be a title, or nothing."""
    shown = [cell for cell in row if cell != "" and not is_blank(cell)]
    return len(shown) < 2 or (len(shown) == 2 and not is_value(shown[0]) and is_date(shown[1]))


def is_value(cell: Cell) -> bool:
    """Whether a cell is a number or a date, by its type or by its spelling."""
    if not isinstance(cell, str):
        return True
    return cell[:1].isdigit() and _NUMERIC.fullmatch(cell) is not None


def line_of(row: Row) -> str:
    """What a row shows as one line of text."""
    return " ".join(plain_text(cell) for cell in row if not is_blank(cell))


def rows_of_values(rows: Sequence[Row]) -> int:
    """One more than the place of the last row that holds several numbers; 0 without one."""
    places = [
        place
        for place, row in enumerate(rows, 1)
        if sum(is_value(cell) and not isinstance(cell, date) for cell in row if cell != "") > 1
    ]
    return max(places, default=0)
