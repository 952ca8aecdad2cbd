"""Amounts of money in roubles; their unit is in the heading, the title, a column of units or the cell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from municipal_indicators.spreadsheets.cells import (
    Cell,
    Memo,
    is_blank,
    normal_form,
    plain_text,
)
from municipal_indicators.spreadsheets.columns import decimal_text
from municipal_indicators.spreadsheets.headings import Headings
from municipal_indicators.spreadsheets.kinds import Block, IncompleteTableError, Table
from municipal_indicators.spreadsheets.sheets import Row, is_column_numbers
from municipal_indicators.spreadsheets.words import Words

UNIT_FIELD = "unit"
"""The field of ``headings.yaml`` under which a column of units is listed."""

NO_UNIT = "no unit of money in its column of units"
_UNIT_ROW_WITHIN = 3
_UNIT = re.compile(
    r"(?<!\w)(?:(?P<thousand>тыс|тысяч\w*|т р)|(?P<million>млн|миллион\w*)|(?P<milliard>млрд|миллиард\w*))?"
    r"(?: ?(?P<rouble>руб\w*|р|rub))?(?!\w)"
)
_SIZES = {
    "thousand": Decimal(1000),
    "million": Decimal(1_000_000),
    "milliard": Decimal(1_000_000_000),
    "rouble": Decimal(1),
}
_NAMES = {
    Decimal(1): "руб.",
    Decimal(1000): "тыс. руб.",
    Decimal(1_000_000): "млн руб.",
    Decimal(1_000_000_000): "млрд руб.",
}
_AROUND_UNIT = frozenset(["в", "ед", "изм", "единица", "единицы", "измерения", "валюта", "суммы"])
# «Объём 12 млн руб.» in a title is an amount; «План на 2024, тыс. руб.» names the unit.
_AMOUNT = re.compile(
    r"(?<![\d.,])(?!(?:19|20)\d\d\b|\d\d\.\d\d\.\d)\d++(?:[\s.,]\d++){0,7}+\s?"
    r"(?:тыс|млн|млрд|руб)\w*+\.?\s?(?:руб\w*+)?",
    re.IGNORECASE,
)
_OWN_UNIT = re.compile(
    r"(?P<number>[\d\s.,'’+-]*\d)\s*(?P<unit>(?:(?:тыс|млн|млрд|т)\.?\s*)?(?:руб\w*|р|₽)\.?)",
    re.IGNORECASE,
)


def units_in(texts: Iterable[str]) -> list[Decimal]:
    """Roubles of the distinct units in some texts (1000 for «тыс. руб.»), in their order."""
    found = (
        next(size for name, size in _SIZES.items() if match[name])
        for text in texts
        for match in _UNIT.finditer(_in_words(text))
        if match.group()
    )
    return list(dict.fromkeys(found))


def is_unit(text: str) -> bool:
    """Whether a text names a unit of money and says nothing else."""
    rest = _UNIT.sub("", _in_words(text)).split()
    return bool(units_in([text])) and _AROUND_UNIT.issuperset(rest)


def with_unit_row(headings: Headings, top: Sequence[Row], amounts: Sequence[str]) -> Headings:
    """The headings with a row of units just below them, if there is one among the rows ``top``."""
    places = {name: headings.columns[name] for name in amounts if name in headings.columns}
    for number in range(
        headings.last_row + 1, min(headings.last_row + 1 + _UNIT_ROW_WITHIN, len(top))
    ):
        row = top[number]
        units = {
            name: plain_text(row[place])
            for name, place in places.items()
            if place < len(row) and not is_blank(row[place])
        }
        if units and all(map(is_unit, units.values())):
            full = {name: f"{text} {units.get(name, '')}" for name, text in headings.full.items()}
            return replace(headings, last_row=number, full=full)
        if not is_column_numbers(row, least=2) and not all(map(is_blank, row)):
            break
    return headings


class Money:
    """The amounts of one table.

    Raises IncompleteTableError when two units are named that contradict each other, and, once its rows are
    reviewed, when no unit is.
    """

    def __init__(self, table: Table, names: Sequence[str]) -> None:
        self._table = table
        self.names = [name for name in names if name in table.headings.columns]
        self._named = self._named_units()
        shared = next(iter(self._named.values()), None)
        titled = next(iter(units_in(_without_amounts(table.units))), None)
        self._has_units = UNIT_FIELD in table.headings.columns
        above = None if self._has_units else self._unit_above()
        self._scales = {name: self._named.get(name) or titled or shared or above for name in names}
        self._memos: dict[Decimal | None, Memo] = {}

    @property
    def unit(self) -> str:
        """The unit as text; empty without money."""
        units = dict.fromkeys(_NAMES[scale] for scale in self._scales.values() if scale)
        where = (
            ["in a column"] if self._has_units else [] if units or not self.names else ["in cells"]
        )
        return ", ".join([*units, *where])

    def review(self, blocks: Iterable[Block]) -> None:
        """Look through the rows for units of their own where headings and title name none, or name one."""
        missing = [name for name in self.names if not self._scales[name]]
        if not missing and not self._has_units:
            return
        for block in blocks:
            own = self._own_units(block)
            if stated := {*own} - {None, *self._scales.values()}:
                known = [scale for scale in self._scales.values() if scale]
                if known:
                    raise self._refused([*known, *(one for one in stated if one)])
            for name in missing:
                for cell, unit in zip(block.column(name), own, strict=True):
                    if not self._has_units and unit is None and _is_bare(cell, self._table.words):
                        raise self._refused([])

    def texts(self, block: Block) -> dict[str, Sequence[str]]:
        """The columns of amounts in roubles."""
        units = self._own_units(block)
        return {
            name: self._column(block.column(name), scale, units)
            for name, scale in self._scales.items()
        }

    def without_unit(self, block: Block) -> Iterator[int]:
        """The places of rows whose unit is that of no money, or missing."""
        if self._has_units:
            known = all(self._scales[name] for name in self.names)
            cells = block.column(UNIT_FIELD)
            for place, (cell, unit) in enumerate(zip(cells, self._own_units(block), strict=True)):
                if unit is None and not (known and is_blank(cell)):
                    yield place

    def _column(
        self, cells: Sequence[Cell], scale: Decimal | None, units: Sequence[Decimal | None]
    ) -> Sequence[str]:
        if not self._has_units:
            return self._memo(scale).column(cells)
        return [self._memo(unit or scale)[cell] for cell, unit in zip(cells, units, strict=True)]

    def _own_units(self, block: Block) -> list[Decimal | None]:
        if not self._has_units:
            return [None] * block.size
        found = (units_in([plain_text(cell)]) for cell in block.column(UNIT_FIELD))
        return [units[0] if len(units) == 1 else None for units in found]

    def _memo(self, scale: Decimal | None) -> Memo:
        if scale not in self._memos:
            self._memos[scale] = roubles(self._table.words, scale or Decimal(1))
        return self._memos[scale]

    def _named_units(self) -> Mapping[str, Decimal]:
        titled = units_in(_without_amounts(self._table.units))
        if len(titled) > 1:
            raise self._refused(titled)
        named = {}
        for name in self.names:
            units = units_in([self._table.headings.full[name]])
            if len(both := list(dict.fromkeys(titled + units))) > 1:
                raise self._refused(both)
            if units:
                named[name] = units[0]
        return named

    def _unit_above(self) -> Decimal | None:
        units = units_in(_without_amounts(self._table.units_above))
        return units[0] if len(units) == 1 else None

    def _refused(self, units: Sequence[Decimal]) -> IncompleteTableError:
        kind, line = self._table.headings.known.kind, self._table.headings.last_row + 1
        shown = ", ".join(f"«{_NAMES[unit]}»" for unit in dict.fromkeys(units))
        if not units:
            return IncompleteTableError(
                f"taken for {kind} (headings in line {line}), but neither heading, title, column nor cells "
                "name the unit of its money",
                f"Не указана единица измерения сумм (заголовки в строке {line}): добавьте «руб.» или "
                "«тыс. руб.» в заголовки столбцов или в строку над таблицей.",
            )
        return IncompleteTableError(
            f"taken for {kind} (headings in line {line}), but its money has units that contradict each "
            f"other: {shown}",
            f"Единицы измерения сумм противоречат друг другу: {shown} (заголовки в строке {line}). Оставьте "
            "одну.",
        )


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
        units = units_in([own["unit"]]) if own else []
        return f"{amount * (units[0] if units else scale):f}"

    return Memo(convert)


def _is_bare(cell: Cell, words: Words) -> bool:
    """Whether a cell holds a number without a unit."""
    if is_blank(cell) or _OWN_UNIT.fullmatch(plain_text(cell)):
        return False
    return any(map(str.isdigit, decimal_text(cell, words)))


def _without_amounts(texts: Iterable[str]) -> list[str]:
    return [_AMOUNT.sub(" ", text) for text in texts]


def _in_words(text: str) -> str:
    return normal_form(text.replace("₽", " руб "))
