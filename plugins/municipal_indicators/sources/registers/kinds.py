"""The four registers: their columns, where their rows go, and what their total rows show."""

from __future__ import annotations

from municipal_indicators.sources.registers.cash import cash_above_plan
from municipal_indicators.spreadsheets.described import described_kind
from municipal_indicators.spreadsheets.kinds import Column

_AS_OF = Column("as_of", "day", is_required=True)

WORKPLACES = described_kind(
    name="workplaces",
    title="рабочие места",
    target="core.workplace_rows",
    columns=(
        Column("number", "code", is_needed=True, is_required=True),
        Column("department", "key_name"),
        Column("has_pc", "flag", is_needed=True, is_required=True),
        Column("has_protection", "flag", is_needed=True, is_required=True),
        Column("has_edms", "flag", is_needed=True, is_required=True),
        _AS_OF,
    ),
    totals={
        "number": "count()",
        "has_pc": "countIf(has_pc)",
        "has_protection": "countIf(has_protection)",
        "has_edms": "countIf(has_edms)",
        "count()": "count()",
    },
    key=("as_of", "number"),
)
DEPARTMENTS = described_kind(
    name="departments",
    title="оснащённость подразделений",
    target="core.department_rows",
    columns=(
        Column("department", "key_name", is_needed=True, is_required=True),
        Column("required", "number", is_needed=True, is_required=True),
        Column("equipped", "number", is_needed=True, is_required=True),
        _AS_OF,
    ),
    totals={"required": "sum(required)", "equipped": "sum(equipped)"},
    key=("as_of", "department"),
)
EVENTS = described_kind(
    name="events",
    title="мероприятия",
    target="core.event_rows",
    columns=(
        Column("held_on", "day", is_needed=True, is_required=True),
        Column("title", "key_name", is_needed=True, is_required=True),
        Column("kind", "name"),
    ),
    totals={"count()": "count()"},
    key=("held_on", "title"),
)
BUDGET = described_kind(
    name="budget",
    title="исполнение бюджета",
    target="core.budget_rows",
    columns=(
        Column("year", "year", is_needed=True, is_required=True),
        _AS_OF,
        Column("item", "item"),
        Column("plan", "amount", is_needed=True),
        Column("executed", "amount", is_needed=True),
    ),
    totals={
        name: f"if(countIf(item != '') > 0, sumIf({name}, item != ''), sum({name}))"
        for name in ("plan", "executed")
    },
    key=("year", "as_of", "item"),
    doubts=cash_above_plan,
)
