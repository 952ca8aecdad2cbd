"""Kinds of table described by a list of columns: how each type of column is read, and the table's date."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial

from municipal_indicators.inbox.file_loads import FileLoad
from municipal_indicators.spreadsheets.amounts import column_scales, roubles
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
)
from municipal_indicators.spreadsheets.dates import made_at, true_at
from municipal_indicators.spreadsheets.kinds import (
    Block,
    Column,
    IncompleteTableError,
    Note,
    Reading,
    Table,
    TableKind,
)


def _items(table: Table) -> Memo:
    item = key_names()

    def item_or_total(cell: Cell) -> str:
        # Many registers have a complete row «Итого» among the items: it is the total, not an item.
        return "" if table.words.totals.match(normal_form(plain_text(cell))) else item[cell]

    return Memo(item_or_total)


_MEMOS: Mapping[str, Callable[[Table], Memo]] = {
    "code": lambda _: codes(),
    "name": lambda _: names(),
    "key_name": lambda _: key_names(),
    "item": _items,
    "flag": lambda table: flags(table.words),
    "day": lambda table: Moments(table.words, is_1904=table.is_1904),
    "number": lambda table: numbers(table.words),
    "year": lambda table: numbers(table.words),
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
    memos = _memos(columns, table)
    keys = [column.name for column in columns if column.type == "code"]
    marks = Marks(table, [column.name for column in columns if column.type == "flag"])

    def convert(block: Block) -> Mapping[str, Sequence[str]]:
        texts = {name: memo.column(block.column(name)) for name, memo in memos.items()}
        marks.fill(texts, block)
        texts |= {name: [day] * block.size for name, day in days.items()}
        return {**texts, **_damages(table, block, keys)}

    def notes() -> list[Note]:
        moments = [memo.note() for memo in memos.values() if isinstance(memo, Moments)]
        return [*marks.notes(), *filter(None, moments)]

    return Reading(convert, table.dated(made or titled), notes)


def _memos(columns: Sequence[Column], table: Table) -> dict[str, Memo]:
    scales = column_scales(table, [column.name for column in columns if column.type == "amount"])
    return {
        column.name: roubles(table.words, scales[column.name])
        if column.type == "amount"
        else _MEMOS[column.type](table)
        for column in columns
    }


def _damages(table: Table, block: Block, keys: Sequence[str]) -> dict[str, list[str]]:
    fields, problems = [""] * block.size, [""] * block.size
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
