"""Single cells: as clean text, and in the normal form in which words are compared."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache

Cell = str | int | float | bool | datetime | date | time | timedelta

_EXACT_FLOAT = 2**53
_EXCEL_DIGITS = 10**15
_MEMO_LIMIT = 200_000
_LONGEST_KEPT = 2_000
_INVISIBLE = re.compile("[\u0000-\u0008\u000e-\u001b\u00ad\u200b-\u200f\u2028-\u202e\u2060\ufeff]")
# It follows a sign that is to be shown in colour («✔️»).
_AS_EMOJI = "\ufe0f"
_FORMULA_TEXT = re.compile(r'=\s*"(.*)"')
_DAMAGED_TEXT = re.compile(
    r"[+-]?\d(?:[.,]\d+)?[eEеЕ]\+?\d{1,3}"
    r"|-?\d+,\d*[1-9]\d*"
    r"|\d{1,2}[./]\d{1,2}[./]\d{4}|\d{4}-\d{2}-\d{2}(?:[ T]00:00(?::00)?)?"
    r"|\d{1,2}\.(?:янв|фев|мар|апр|май|июн|июл|авг|сен|окт|ноя|дек)"
    r"|(?:янв|фев|мар|апр|май|июн|июл|авг|сен|окт|ноя|дек)\.\d{2}"
    r"|\d{1,2}-(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    r"|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-\d{2}"
)
_WHOLE = re.compile(r"(-?\d+)[.,]0+")
_WORDS = re.compile(r"[\w№%]+")
_LATIN = str.maketrans("abcehkmoptxy", "авсенкмортху")
_LOOK_ALIKES = frozenset("abcehkmoptxy")
_CYRILLIC = re.compile("[а-я]")
_NUMBER_SIGNS = {"n": "№", "no": "№", "nо": "№", "nº": "№", "n°": "№"}


class Memo(dict[Cell, str]):
    """A cached conversion of cells, since columns repeat their values."""

    def __init__(self, convert: Callable[[Cell], str]) -> None:
        super().__init__()
        self.convert = convert

    def __missing__(self, cell: Cell) -> str:
        if len(self) > _MEMO_LIMIT:
            self.clear()
        text = self.convert(cell)
        if len(text) < _LONGEST_KEPT:
            self[cell] = text
        return text

    def column(self, cells: Sequence[Cell]) -> Sequence[str]:
        """The texts of a column."""
        from municipal_indicators.spreadsheets.texts import Texts

        if isinstance(cells, Texts) and (texts := cells.mapped(self.__getitem__)):
            return texts
        return list(map(self.__getitem__, cells))


def clean_text(text: str) -> str:
    """Text without invisible characters and with single blanks; never a tab or a line end."""
    if text.isprintable():
        # The only printable blank is the space.
        if "  " not in text:
            return text.strip(" ")
    else:
        text = _INVISIBLE.sub("", text)
    return " ".join(text.split())


def plain_text(cell: Cell) -> str:
    """Any cell as clean text: dates in ISO, integers without a point, booleans as да and нет."""
    if isinstance(cell, str):
        return clean_text(cell)
    if isinstance(cell, bool):
        return "да" if cell else "нет"
    if isinstance(cell, float):
        return number_text(cell)
    if isinstance(cell, datetime):
        moment = _to_millisecond(cell)
        return moment.isoformat(" ", "milliseconds") if moment.microsecond else str(moment)
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell)


def number_text(number: float) -> str:
    """A float with the digits that Excel shows (15), never in E-notation."""
    if number.is_integer() and abs(number) < _EXACT_FLOAT:
        return str(int(number))
    text = f"{number:.15g}"
    return f"{Decimal(text):f}" if "e" in text else text


def code_text(cell: Cell) -> str:
    """A code or identifying number as text, with leading zeros and all digits.

    ``3500308079.0``, as programs write a whole number, is ``3500308079``.
    """
    text = _unquoted(plain_text(cell))
    found = _WHOLE.fullmatch(text)
    return found[1] if found else text


def is_damaged(cell: Cell) -> bool:
    """Whether a spreadsheet has destroyed digits of a code.

    True for E-notation, for numbers beyond 2^53 (their tail is lost), for 16 digits ending in
    zero (Excel keeps 15), for dates, and for fractions, since 1.10 has become 1.1. Text with a point
    keeps its digits («1.10»); with a decimal comma it was a number.
    """
    if isinstance(cell, str):
        text = _unquoted(clean_text(cell))
        if found := _WHOLE.fullmatch(text):
            return _has_lost_digits(int(found[1]))
        return bool(_DAMAGED_TEXT.fullmatch(text))
    if isinstance(cell, float | int) and not isinstance(cell, bool):
        return cell % 1 != 0 or _has_lost_digits(cell)
    return True


def unguarded(text: str) -> str:
    """The inner text of ``="00123"``, by which programs make a spreadsheet keep the digits of a text."""
    found = _FORMULA_TEXT.fullmatch(text) if text.startswith("=") else None
    return found[1].replace('""', '"') if found else text


def _unquoted(text: str) -> str:
    """Text without the signs by which a spreadsheet is made to keep its digits."""
    return unguarded(text).strip().removeprefix("'")


def _has_lost_digits(number: float) -> bool:
    size = abs(number)
    return size > _EXACT_FLOAT or (size >= _EXCEL_DIGITS and size % 10 == 0)


def is_blank(cell: Cell) -> bool:
    """Whether a cell shows nothing."""
    return cell == "" or (isinstance(cell, str) and not clean_text(cell))


def normal_form(text: str) -> str:
    """The normal form, in which words and headings are compared.

    Lower case, ё as е, Latin look-alikes inside Russian text as Cyrillic, punctuation and breaks
    as single blanks. Text without letters and digits is kept, so that «+» and «-» can be words.
    """
    return _normal_form(text) if len(text) < _LONGEST_KEPT else _normal_form.__wrapped__(text)


@lru_cache(maxsize=8192)
def _normal_form(text: str) -> str:
    text = clean_text(clean_text(text).lower().replace("ё", "е").replace(_AS_EMOJI, ""))
    words = _WORDS.findall(text.replace("_", " ").replace("№", " № "))
    if not words:
        return text
    if _CYRILLIC.search(text):
        words = [_cyrillic(word) for word in words]
    return " ".join(_NUMBER_SIGNS.get(word, word) for word in words)


def _cyrillic(word: str) -> str:
    if _CYRILLIC.search(word) or _LOOK_ALIKES.issuperset(word):
        return word.translate(_LATIN)
    return word


def _to_millisecond(moment: datetime) -> datetime:
    # A serial number is a float: 10:30 may be read as 10:29:59.999998.
    if not moment.microsecond:
        return moment
    rounded = moment + timedelta(microseconds=500)
    return rounded.replace(microsecond=rounded.microsecond // 1000 * 1000)
