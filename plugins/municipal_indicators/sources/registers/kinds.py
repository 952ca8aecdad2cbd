"""The four registers: what each needs, and how its cells become staged text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from municipal_indicators.errors import FileRejectedError
from municipal_indicators.sources.registers.amounts import roubles, scale_of
from municipal_indicators.spreadsheets.cells import (
    Cell,
    Memo,
    normal_form,
    plain_text,
)
from municipal_indicators.spreadsheets.columns import (
    DAMAGED,
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
    Reading,
    Table,
    TableKind,
)


def open_workplaces(table: Table) -> Reading:
    """Rows of workplaces as of a date; see ``TableKind.open_table``."""
    yes_no = flags(table.words)
    memos = {
        "number": codes(),
        "department": key_names(),
        "has_pc": yes_no,
        "has_protection": yes_no,
        "has_edms": yes_no,
    }
    return _reading(table, memos, identified_by="number")


def open_departments(table: Table) -> Reading:
    """Rows of departments' equipment as of a date."""
    count = numbers(table.words)
    return _reading(table, {"department": key_names(), "required": count, "equipped": count})


def open_events(table: Table) -> Reading:
    """Rows of events; each has its own date."""
    memos = {
        "held_on": Moments(table.words, is_1904=table.is_1904),
        "title": key_names(),
        "kind": names(),
    }
    return _reading(table, memos, is_dated_by_row=False)


def open_budget(table: Table) -> Reading:
    """Rows of budget execution as of a date, in roubles whatever the unit of the table."""
    texts = table.headings.texts
    titled = scale_of(table.above)
    named = {name: scale_of([texts[name]]) for name in ("plan", "executed")}
    shared = next((scale for scale in named.values() if scale), None)
    item = key_names()

    def item_or_whole(cell: Cell) -> str:
        # A complete row «Итого» stands among the items of many registers: it is the whole, no item.
        return "" if table.words.totals.match(normal_form(plain_text(cell))) else item[cell]

    memos = {
        "year": numbers(table.words),
        "item": Memo(item_or_whole),
        **{
            name: roubles(table.words, scale or titled or shared or Decimal(1))
            for name, scale in named.items()
        },
    }
    return _reading(table, memos)


def _reading(
    table: Table,
    memos: Mapping[str, Memo],
    *,
    identified_by: str = "",
    is_dated_by_row: bool = True,
) -> Reading:
    columns = dict(memos)
    made = made_at(table.above, table.words, table.zone)
    spoken = true_at(table.above, table.words, table.zone)
    fallback = ""
    if is_dated_by_row:
        columns["as_of"] = Moments(table.words, is_1904=table.is_1904)
        if "as_of" not in table.headings.columns:
            fallback = _as_of(table, spoken)
            # That date says what the rows are true for, not when the file was made.
            spoken = None

    def convert(block: Block) -> Mapping[str, Sequence[str]]:
        texts = {name: memo.column(block.column(name)) for name, memo in columns.items()}
        if fallback:
            texts["as_of"] = [fallback] * block.size
        broken = damaged(block.column(identified_by)) if identified_by else [False] * block.size
        name = table.headings.known.names.get(identified_by, "")
        texts["problem_field"] = [name if bad else "" for bad in broken]
        texts["problem"] = [DAMAGED if bad else "" for bad in broken]
        return texts

    return Reading(convert, table.dated(made or spoken))


def _as_of(table: Table, spoken: datetime | None) -> str:
    if spoken is None:
        name = table.headings.known.names["as_of"]
        raise FileRejectedError(
            f"taken for {table.headings.known.kind}, but neither a column «{name}» nor a line above the "
            "headings («по состоянию на 01.07.2024») says what date it is for",
            f"Непонятно, на какую дату составлена таблица: добавьте столбец «{name}» или строку "
            "«по состоянию на ДД.ММ.ГГГГ» над заголовками.",
        )
    return f"{spoken.astimezone(table.zone):%Y-%m-%d}"


WORKPLACES = TableKind(
    name="workplaces",
    title="рабочие места",
    needed=("number", "has_pc", "has_protection", "has_edms"),
    door="staging.workplaces",
    target="core.workplace_rows",
    columns=(
        "number",
        "department",
        "has_pc",
        "has_protection",
        "has_edms",
        "as_of",
        "problem_field",
        "problem",
    ),
    open_table=open_workplaces,
    totals={
        "number": "count()",
        "has_pc": "countIf(has_pc)",
        "has_protection": "countIf(has_protection)",
        "has_edms": "countIf(has_edms)",
        "count()": "count()",
    },
)
DEPARTMENTS = TableKind(
    name="departments",
    title="оснащённость подразделений",
    needed=("department", "required", "equipped"),
    door="staging.departments",
    target="core.department_rows",
    columns=("department", "required", "equipped", "as_of", "problem_field", "problem"),
    open_table=open_departments,
    totals={"required": "sum(required)", "equipped": "sum(equipped)"},
)
EVENTS = TableKind(
    name="events",
    title="мероприятия",
    needed=("held_on", "title"),
    door="staging.events",
    target="core.event_rows",
    columns=("held_on", "title", "kind", "problem_field", "problem"),
    open_table=open_events,
    totals={"count()": "count()"},
)
BUDGET = TableKind(
    name="budget",
    title="исполнение бюджета",
    needed=("year", "plan", "executed"),
    door="staging.budget",
    target="core.budget_rows",
    columns=("year", "as_of", "item", "plan", "executed", "problem_field", "problem"),
    open_table=open_budget,
    totals={
        name: f"if(countIf(item != '') > 0, sumIf({name}, item != ''), sum({name}))"
        for name in ("plan", "executed")
    },
)
