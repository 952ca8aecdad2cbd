"""Kinds of table described by a list of columns: how each type of column is read, and the table's date."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from itertools import chain

from municipal_indicators.inbox.file_loads import FileLoad
from municipal_indicators.spreadsheets.amounts import NO_UNIT, UNIT_FIELD, Money
from municipal_indicators.spreadsheets.cells import Cell, Memo, normal_form, plain_text
from municipal_indicators.spreadsheets.columns import (
    DAMAGED,
    Marks,
    Moments,
    codes,
    damaged,
    flags,
    key_names,
    names,
    numbers,
    years,
)
from municipal_indicators.spreadsheets.dates import made_at, true_at
from municipal_indicators.spreadsheets.hierarchies import Line, repeated
from municipal_indicators.spreadsheets.kinds import (
    Block,
    Column,
    IncompleteTableError,
    Note,
    Reading,
    Table,
    TableKind,
)

_TOTAL = "Итого"


def _items(table: Table) -> Memo:
    item = key_names()

    def item_or_total(cell: Cell) -> str:
        # Many registers have a complete row «Итого» among the items: it is the total, not an item.
        return "" if table.words.is_total(normal_form(plain_text(cell))) else item[cell]

    return Memo(item_or_total)


_MEMOS: Mapping[str, Callable[[Table], Memo]] = {
    "code": lambda _: codes(),
    "name": lambda _: names(),
    "key_name": lambda _: key_names(),
    "item": _items,
    "flag": lambda table: flags(table.words),
    "day": lambda table: Moments(table.words, is_1904=table.is_1904, period=table.period),
    "number": lambda table: numbers(table.words),
    "year": lambda table: years(table.words),
}


def described_kind(
    name: str,
    title: str,
    target: str,
    columns: Sequence[Column],
    totals: Mapping[str, str],
    *,
    key: Sequence[str] = (),
    doubts: Callable[[FileLoad], list[Note]] = lambda _: [],
) -> TableKind:
    """A kind whose cells are read, checked and cast by the types of its columns.

    A required day without a column is taken from the title of the table («по состоянию на 01.07.2024»).
    """
    return TableKind(
        name=name,
        title=title,
        needed=[column.name for column in columns if column.is_needed],
        target=target,
        open_table=partial(_open, columns),
        columns=columns,
        totals=totals,
        key=key,
        doubts=doubts,
    )


def _open(columns: Sequence[Column], table: Table) -> Reading:
    made = made_at(table.above, table.words, table.zone)
    titled = true_at(table.above, table.words, table.zone)
    days: dict[str, str] = {}
    for column in columns:
        if _may_be_in_title(column) and column.name not in table.headings.columns:
            days[column.name] = _day_of_title(table, column.name, titled)
            # That is the date for which the rows are valid, not the date of the file.
            titled = None
    money = Money(table, [column.name for column in columns if column.type == "amount"])
    memos = {column.name: _MEMOS[column.type](table) for column in columns if column.type in _MEMOS}
    keys = [column.name for column in columns if column.type == "code"]
    marks = Marks(table, [column.name for column in columns if column.type == "flag"])

    def convert(block: Block) -> Mapping[str, Sequence[str]]:
        texts = {name: memo.column(block.column(name)) for name, memo in memos.items()}
        texts |= money.texts(block)
        marks.fill(texts, block)
        texts |= {name: [day] * block.size for name, day in days.items()}
        return {**texts, **_damages(table, block, keys, money)}

    def notes() -> list[Note]:
        moments = [memo.notes() for memo in memos.values() if isinstance(memo, Moments)]
        return [*repeats.notes, *marks.notes(), *chain.from_iterable(moments)]

    repeats = _Repeats(columns, table, money, convert)
    return Reading(
        convert,
        table.dated(made or titled),
        notes,
        repeats.review if money.names else None,
        day=", ".join(days.values()),
        unit=money.unit,
    )


class _Repeats:
    """Makes totals of the rows of a table of money that repeat other rows."""

    def __init__(
        self,
        columns: Sequence[Column],
        table: Table,
        money: Money,
        convert: Callable[[Block], Mapping[str, Sequence[str]]],
    ) -> None:
        self.notes: list[Note] = []
        self._table = table
        self._money = money
        self._convert = convert
        self._common = [column.name for column in columns if column.type in ("year", "day")]
        items = (column.name for column in columns if column.type == "item")
        self._item = next((name for name in items if name in table.headings.columns), "")

    def review(self, blocks: Sequence[Block]) -> Sequence[Block]:
        """The blocks with «Итого» as the item of such rows. Raises IncompleteTableError, see ``Money``."""
        self._money.review(blocks)
        if not self._item:
            return blocks
        places = set(repeated([line for block in blocks for line in self._lines(block)]))
        if not places:
            return blocks
        text = "rows that are the sum of other ones, or their parts: each sum is taken once"
        self.notes.append(Note("parent_rows", text, len(places)))
        changed, start = [], 0
        for block in blocks:
            items = [
                _TOTAL if start + place in places else cell
                for place, cell in enumerate(block.column(self._item))
            ]
            changed.append(Block(block.size, {**block.cells, self._item: items}))
            start += block.size
        return changed

    def _lines(self, block: Block) -> list[Line]:
        texts = self._convert(block)
        names = [normal_form(plain_text(item)) for item in block.column(self._item)]
        return [
            Line(
                amounts=tuple(_number(texts[name][place]) for name in self._money.names),
                name=item,
                group=tuple(texts[name][place] for name in self._common),
                is_total=self._table.words.is_total(item),
            )
            for place, item in enumerate(names)
        ]


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except ArithmeticError:
        return Decimal()
    return number if number.is_finite() else Decimal()


def _damages(table: Table, block: Block, keys: Sequence[str], money: Money) -> dict[str, list[str]]:
    fields, problems = [""] * block.size, [""] * block.size
    for place in money.without_unit(block):
        fields[place], problems[place] = table.headings.known.names[UNIT_FIELD], NO_UNIT
    for key in keys:
        for place, is_damaged in enumerate(damaged(block.column(key))):
            if is_damaged:
                fields[place], problems[place] = table.headings.known.names[key], DAMAGED
    return {"problem_field": fields, "problem": problems}


def _may_be_in_title(column: Column) -> bool:
    return column.type == "day" and column.is_required and not column.is_needed


def _day_of_title(table: Table, name: str, titled: datetime | None) -> str:
    if titled is None:
        heading = table.headings.known.names[name]
        raise IncompleteTableError(
            f"taken for {table.headings.known.kind}, but neither a column «{heading}» nor a line above the "
            "headings («по состоянию на 01.07.2024») gives its date",
            f"Непонятно, на какую дату составлена таблица: добавьте столбец «{heading}» или строку "
            "«по состоянию на ДД.ММ.ГГГГ» над заголовками.",
        )
    return f"{titled.astimezone(table.zone):%Y-%m-%d}"
