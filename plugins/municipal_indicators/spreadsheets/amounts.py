"""Amounts of money in roubles; their unit is in the heading, the title or the cell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

from municipal_indicators.spreadsheets.cells import (
    Cell,
    Memo,
    normal_form,
    plain_text,
)
from municipal_indicators.spreadsheets.columns import decimal_text
from municipal_indicators.spreadsheets.kinds import Table
from municipal_indicators.spreadsheets.words import Words

_UNIT = re.compile(
    r"(?<!\w)(?:(?P<thousand>тыс|тысяч\w*|т р)|(?P<million>млн|миллион\w*))?(?: ?(?P<rouble>руб\w*|р))?(?!\w)"
)
_OWN_UNIT = re.compile(
    r"(?P<number>[\d\s.,'’+-]*\d)\s*(?P<unit>(?:(?:тыс|млн|т)\.?\s*)?(?:руб\w*|р|₽)\.?)",
    re.IGNORECASE,
)


def scale_of(texts: Iterable[str]) -> Decimal | None:
    """Roubles of the first unit found in the texts (1000 for «тыс. руб.»); None without one."""
    for text in texts:
        for found in _UNIT.finditer(normal_form(text)):
            if found["thousand"]:
                return Decimal(1000)
            if found["million"]:
                return Decimal(1_000_000)
            if found["rouble"]:
                return Decimal(1)
    return None


def column_scales(table: Table, names: Sequence[str]) -> dict[str, Decimal]:
    """Roubles per unit of each amount column: from its heading, the title, or the heading of another one."""
    texts = table.headings.texts
    named = {name: scale_of([texts[name]]) if name in texts else None for name in names}
    shared = next((scale for scale in named.values() if scale), None)
    titled = scale_of(table.above)
    return {name: scale or titled or shared or Decimal(1) for name, scale in named.items()}


def roubles(words: Words, scale: Decimal) -> Memo:
    """Amounts as exact decimal text in roubles; a unit in the cell takes precedence over ``scale``.

    Empty for absent values; masked text for what is no number.
    """

    def convert(cell: Cell) -> str:
        own = _OWN_UNIT.fullmatch(plain_text(cell))
        text = decimal_text(own["number"] if own else cell, words)
        try:
            amount = Decimal(text)
        except ArithmeticError:
            return text
        return f"{amount * (scale_of([own['unit']]) or scale if own else scale):f}"

    return Memo(convert)
