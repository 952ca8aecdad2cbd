"""Writes the SQL that casts and checks each ordered field: ``sql/doors/metrica_log.sql`` for every field list."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from municipal_indicators.errors import ConfigurationError
from municipal_indicators.metrica.fields import (
    DAY,
    SOURCES,
    ApiField,
    FieldList,
    file_of,
    load_fields,
)
from municipal_indicators.warehouse import Warehouse, literal, render

_TEMPLATE = "doors/metrica_log.sql"
_INTEGER = re.compile(r"(U?)Int(8|16|32|64)")
# The number of a row whose cells cannot be told apart; fields count from 1.
_NOT_A_FIELD = 255
# A zone must be a constant; when the view is made there is no context yet.
_TIME_ZONE = "ifNull(nullIf(JSONExtractString(getSetting('log_comment'), 'time_zone'), ''), 'UTC')"
_OWN_COLUMNS = {"unit_key", "load_id", "part", "line"}


@dataclass(frozen=True, slots=True)
class _Column:
    """One field as the template needs it: SQL expressions over ``cells`` and the typed column."""

    number: int
    column: str
    typed: str
    cast: str
    is_bad: str
    stored: str
    demand: str
    literal: str = ""


def door_of(source: str) -> str:
    """The table through which the lines of a source are staged."""
    return f"staging.metrica_{source}"


def table_of(source: str) -> str:
    """The table where its good rows arrive."""
    return f"core.metrica_{source}"


def door_texts() -> dict[str, str]:
    """The SQL of every Metrica door, by the name under which it is recorded."""
    return {f"{_TEMPLATE} of {source}": _text(load_fields(source)) for source in sorted(SOURCES)}


def check_columns(warehouse: Warehouse) -> None:
    """Raise ConfigurationError unless every field has a column of its type, and every column a field."""
    for source in sorted(SOURCES):
        table, listed = table_of(source), file_of(source).name
        kept = {name: _bare(kind) for name, kind in warehouse.column_types(table).items()}
        asked = {field.column: field for field in load_fields(source).kept}
        for column, field in asked.items():
            if kept.get(column) != _bare(_stored_type(field)):
                raise ConfigurationError(
                    f"reference/{listed}: the field {field.name} arrives in {table}.{column} as "
                    f"{field.type}, but that column is {kept.get(column) or 'missing'}. Add or change it in a "
                    "new migration in sql/schema."
                )
        if extra := sorted(kept.keys() - asked.keys() - _OWN_COLUMNS):
            raise ConfigurationError(
                f"reference/{listed} names no field for {table}.{extra[0]}: its cells would be lost. "
                "Add the line, with required: false for a field no longer needed."
            )


def _text(fields: FieldList) -> str:
    columns = [_column(number, field) for number, field in enumerate(fields.fields, start=1)]
    day = next(n for n, field in enumerate(fields.fields, start=1) if field.column == DAY)
    return render(
        _TEMPLATE,
        source=fields.source,
        table=table_of(fields.source),
        unit_suffix=unit_suffix(fields.source),
        fields=[one for one in columns if one.column != DAY],
        day_number=day,
        NOT_A_FIELD=_NOT_A_FIELD,
        demands="[" + ", ".join(one.demand for one in columns) + "]",
    )


def unit_suffix(source: str) -> str:
    """What follows counter and day in the key of a unit: visits came first and have nothing."""
    return "" if source == "visits" else f"/{source}"


def _column(number: int, field: ApiField) -> _Column:
    cell = f"cells[places[{number}]]"
    name, kind = field.column, field.inner_type
    if field.absent is not None:
        cell = f"if(empty({cell}), {literal(field.absent)}, {cell})"

    def column(cast: str, is_bad: str, demand: str) -> _Column:
        typed = _stored_type(field)
        if is_bad and not field.is_nullable and "Array" not in typed:
            return _Column(
                number, name, f"Nullable({typed})", cast, is_bad, f"assumeNotNull(t.{name})", demand
            )
        if is_bad and field.is_nullable:
            is_bad = f"{is_bad} AND notEmpty({cell})"
        stored = f"metrica_masked(t.{name})" if field.masked else f"t.{name}"
        return _Column(number, name, typed, cast, is_bad, stored, demand)

    if kind == "String":
        return column(cell, "", "''")
    if kind == "Date":
        return column(
            f"toDate(parseDateTimeOrNull({cell}, '%Y-%m-%d', 'UTC'))", f"{name} IS NULL", "''"
        )
    if kind == "DateTime":
        return column(
            f"parseDateTimeOrNull({cell}, '%Y-%m-%d %H:%i:%s', {_TIME_ZONE})",
            f"{name} IS NULL",
            literal("is not a time as YYYY-MM-DD hh:mm:ss"),
        )
    if kind == "Bool":
        return column(
            f"transform({cell}, ['0', '1'], [toNullable(false), toNullable(true)], NULL)",
            f"{name} IS NULL",
            literal("is neither 0 nor 1"),
        )
    if kind == "Array(String)":
        text = f"{name}_literal"
        return replace(
            column(
                f"if(length({text}) < 3, [], metrica_strings({text}))",
                f"notEmpty({text}) AND NOT metrica_is_strings({text})",
                literal("is not a list of texts as ['a','b']"),
            ),
            # Its quotes are escaped by rules of their own, so that it is read from the line.
            literal=f"if(is_plain, {cell}, metrica_literal(metrica_unquoted(splitByChar('\\t', line)[places[{number}]])))",
        )
    if kind.startswith("Array("):
        item = kind[len("Array(") : -1]
        return column(
            f"arrayMap(x -> assumeNotNull(accurateCastOrNull(x, '{item}')), "
            f"if(length({cell}) < 3, [], splitByChar(',', substring({cell}, 2, length({cell}) - 2))))",
            f"notEmpty({cell}) AND NOT (match({cell}, '^\\\\[(?:[0-9]+(?:,[0-9]+)*)?\\\\]$') AND "
            f"arrayAll(x -> accurateCastOrNull(x, '{item}') IS NOT NULL, "
            f"if(length({cell}) < 3, [], splitByChar(',', substring({cell}, 2, length({cell}) - 2)))))",
            literal(f"is not a list of numbers as [1,2], each {_range(item)}"),
        )
    is_bad = f"{name} IS NULL"
    least, greatest = _limits(kind)
    demand = literal(f"is not a whole number {_range(kind, field.least)}")
    if field.least is not None and field.least > least:
        is_bad = f"ifNull({name} < {field.least}, true)"
    if name == "counter_id":
        is_bad = f"ifNull({name} != ordered_counter, true)"
        demand = "concat('is not the counter ordered, ', JSONExtractString(context, 'counter_id'))"
    return column(f"accurateCastOrNull({cell}, '{kind}')", is_bad, demand)


def _limits(kind: str) -> tuple[int, int]:
    match = _INTEGER.fullmatch(kind)
    if match is None:
        raise ConfigurationError(
            f"reference/metrica_*.yaml: the type {kind} is unknown: write String, Bool, Date, DateTime, "
            "Int8…Int64, UInt8…UInt64, Nullable(…) or Array(…) of them."
        )
    bits = int(match[2])
    return (0, 2**bits - 1) if match[1] else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def _range(kind: str, least: int | None = None) -> str:
    first, last = _limits(kind)
    return f"from {first if least is None else max(first, least)} to {last}"


def _stored_type(field: ApiField) -> str:
    kind = "DateTime('UTC')" if field.inner_type == "DateTime" else field.inner_type
    return f"Nullable({kind})" if field.is_nullable else kind


def _bare(kind: str) -> str:
    return re.sub(r"LowCardinality\((\w+)\)", r"\1", kind)
