"""Columns of cells as text for a staging table: names masked, codes complete, values in a plain spelling."""

from __future__ import annotations

import hmac
import re
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from functools import partial

from municipal_indicators import settings
from municipal_indicators.inbox.masking import MASK, mask_personal, mask_value
from municipal_indicators.spreadsheets.cells import (
    Cell,
    Memo,
    code_text,
    is_blank,
    is_damaged,
    normal_form,
    number_text,
    plain_text,
)
from municipal_indicators.spreadsheets.dates import (
    PLAIN_MOMENT,
    are_plain_moments,
    completed_day,
    moment_text,
)
from municipal_indicators.spreadsheets.kinds import Block, Note, Table
from municipal_indicators.spreadsheets.periods import NO_PERIOD, Period
from municipal_indicators.spreadsheets.texts import Texts
from municipal_indicators.spreadsheets.words import Words

DAMAGED = (
    "the number was damaged by a spreadsheet (E-notation, digits lost, a fraction, or made a date)"
)

_MONTHS = 12
_FEW = 4
_DAY_FIRST = re.compile(r"\s*(\d{1,2})[./-]\d{1,2}[./-]\d{2,4}")
_CODE = re.compile(r"[\w./№()#+-]{1,64}")
_PHONE = re.compile(r"[78]9\d{9}")
_PLATE = re.compile(r"(?i:[авекмнорстухabekmhopctyx]\d{3}[авекмнорстухabekmhopctyx]{2}\d{2,3})")
_SNILS = re.compile(r"\d{3}-\d{3}-\d{3}[ -]?\d{2}")
_LETTER = re.compile(r"[^\W\d_]{4,}")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
_YEAR = re.compile(r"(?:(?:на|за|в) )?((?:19|20)\d\d) ?(?:г|год|года|году)?")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+")
_GROUPED = re.compile(r"(?<=\d)[\s'’](?=\d{3}(?!\d))")


class Moments(Memo):
    """Dates and instants in plain spellings; see ``moment_text``."""

    def __init__(self, words: Words, *, is_1904: bool, period: Period = NO_PERIOD) -> None:
        super().__init__(partial(moment_text, words=words, is_1904=is_1904, period=period))
        self._period = period
        self._is_sound = False
        self._dates = self._texts = 0

    def column(self, cells: Sequence[Cell]) -> Sequence[str]:
        """A column of moments; unchanged if all of them are already in a plain spelling."""
        if isinstance(cells, Texts):
            if cells.match(PLAIN_MOMENT):
                return cells
            return super().column(cells)
        types = set(map(type, cells))
        if str in types and types & {date, datetime} and not self._is_sound:
            self._watch(cells)
        if types <= {str, date, datetime}:
            texts = list(map(str, cells))
            if are_plain_moments(texts):
                return texts
        return super().column(cells)

    def notes(self) -> list[Note]:
        """Warnings of days and months that look swapped, and of years that only the file's name gives."""
        return [note for note in (self._swapped(), self._completed()) if note]

    def _completed(self) -> Note | None:
        if not self._period.from_name:
            return None
        days = [cell for cell in self if completed_day(plain_text(cell), self._period)]
        if not days:
            return None
        text = f"dates without a year are of {self._period.year}, by the name of the file alone"
        return Note("year_from_name", text, len(days))

    def _swapped(self) -> Note | None:
        # A spreadsheet of another locale makes dates of those texts only whose day could be a month: then no
        # date has a day beyond 12, and no text one below.
        if self._is_sound or min(self._dates, self._texts) == 0 or self._dates + self._texts < _FEW:
            return None
        text = (
            "days and months look swapped: no date has a day beyond 12, and all days that are beyond it "
            "stayed text"
        )
        return Note("swapped_days", text, self._dates)

    def _watch(self, cells: Sequence[Cell]) -> None:
        for cell in cells:
            if isinstance(cell, date):
                self._dates += 1
                self._is_sound = cell.day > _MONTHS
            elif isinstance(cell, str) and (found := _DAY_FIRST.match(cell)):
                self._texts += 1
                self._is_sound = int(found[1]) <= _MONTHS
            if self._is_sound:
                return


class Marks:
    """The yes/no columns of one table, in which a blank cell means no beside nothing but marks.

    Marks are single signs («+»); words («да») are marks where no yes/no column of the table has another
    answer. Blanks are filled in rows that hold more than one value: names of groups are no rows.
    """

    def __init__(self, table: Table, names: Sequence[str]) -> None:
        self._names = {name: table.headings.known.names[name] for name in names}
        self._answered: set[str] = set()
        self._filled: Counter[str] = Counter()

    def fill(self, texts: dict[str, Sequence[str]], block: Block) -> None:
        """Replace blanks by no among the texts of a block."""
        answers = {name: set(texts[name]) for name in self._names}
        self._answered |= {name for name, found in answers.items() if found - {"", "1"}}
        for name, found in answers.items():
            if found != {"", "1"} or name in self._answered:
                continue
            if self._answered and any(
                len(plain_text(cell)) > 1 for cell in set(block.column(name))
            ):
                continue
            filled = [
                "0" if not text and _is_row(block, place) else text
                for place, text in enumerate(texts[name])
            ]
            self._filled[name] += filled.count("0")
            texts[name] = filled

    def notes(self) -> list[Note]:
        """What was filled."""
        return [
            Note("blank_is_no", f"«{self._names[name]}»: blank cells among marks are «нет»", times)
            for name, times in self._filled.items()
            if times
        ]


def _is_row(block: Block, place: int) -> bool:
    return sum(not is_blank(cells[place]) for cells in block.cells.values()) > 1


def names() -> Memo:
    """Names that marts keep, with personal data masked."""
    return Memo(lambda cell: mask_value(plain_text(cell)))


def key_names() -> Memo:
    """Names that identify rows: a masked one gets a digest, so that different names stay different."""
    return Memo(lambda cell: _key_name(plain_text(cell)))


def codes() -> Memo:
    """Codes as text with all digits; what looks like personal data or a sentence is masked."""
    return Memo(lambda cell: _code(code_text(cell)))


def shown() -> Memo:
    """Any cell, masked for quarantine."""
    return Memo(lambda cell: mask_personal(plain_text(cell)))


def numbers(words: Words) -> Memo:
    """Numbers with a point and without blanks; empty for words that mean an absent value.

    «1,234» is masked: it may be a thousand of another locale.
    """

    def number(cell: Cell) -> str:
        if isinstance(cell, str) and _THOUSANDS.fullmatch(cell.strip()):
            return MASK
        return decimal_text(cell, words)

    return Memo(number)


def years(words: Words) -> Memo:
    """Years as four digits («2025 год», «на 2025 г.»); what is no year is as in ``numbers``."""

    def year(cell: Cell) -> str:
        found = _YEAR.fullmatch(normal_form(plain_text(cell)))
        return found[1] if found else decimal_text(cell, words)

    return Memo(year)


def flags(words: Words) -> Memo:
    """Yes and no as 1 and 0; any other text masked for quarantine."""
    return Memo(partial(_flag, words))


def damaged(cells: Sequence[Cell]) -> list[bool]:
    """For each code, whether a spreadsheet has destroyed its digits."""
    if isinstance(cells, Texts) and cells.are_decimal():
        return [False] * len(cells)
    memo: dict[Cell, bool] = {}
    found = []
    for cell in cells:
        if isinstance(cell, str) and cell.isdecimal():
            found.append(False)
            continue
        if (answer := memo.get(cell)) is None:
            answer = memo[cell] = cell != "" and is_damaged(cell)
        found.append(answer)
    return found


def decimal_text(cell: Cell, words: Words) -> str:
    """A number as ``-1234.5``; empty for an absent value, masked text for what is no number."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return number_text(float(cell))
    text = plain_text(cell)
    plain = _GROUPED.sub("", text).replace(",", ".")
    if _NUMBER.fullmatch(plain):
        return plain
    return "" if normal_form(text) in words.absent else mask_personal(text)


def _flag(words: Words, cell: Cell) -> str:
    text = plain_text(cell)
    answer = words.flag(normal_form(text))
    return mask_personal(text) if answer is None else str(int(answer))


def looks_like_code(text: str) -> bool:
    """Whether a text consists of digits, or of digits with signs and few letters («АРМ-7»)."""
    return text.isdecimal() or (
        _CODE.fullmatch(text) is not None
        and any(map(str.isdigit, text))
        and not _LETTER.search(text)
    )


def _code(text: str) -> str:
    if any(shape.fullmatch(text) for shape in (_PHONE, _SNILS, _PLATE)):
        return MASK
    if looks_like_code(text):
        return text
    masked = mask_personal(text)
    return text if masked == text and _CODE.fullmatch(text) else masked


def _key_name(text: str) -> str:
    masked = mask_value(text)
    if masked == text:
        return text
    digest = hmac.digest(settings.personal_data_key(), normal_form(text).encode(), "sha256").hex()
    return f"{masked} #{digest[:6]}"
