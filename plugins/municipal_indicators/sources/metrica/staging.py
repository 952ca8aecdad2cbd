"""Writes the SQL that casts and checks each ordered field: ``sql/staging/metrica_log.sql`` of each list."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from municipal_indicators.errors import ConfigurationError
from municipal_indicators.inbox import person_names
from municipal_indicators.sources.metrica.fields import (
    DAY,
    SOURCES,
    ApiField,
    FieldList,
    file_of,
    kept_addresses,
    load_fields,
)
from municipal_indicators.warehouse.templates import literal, render

_TEMPLATE = "staging/metrica_log.sql"
_FUNCTIONS = "staging/metrica_functions.sql"
_INTEGER = re.compile(r"(U?)Int(8|16|32|64)")
# The number of a row whose cells cannot be told apart; fields count from 1.
_NOT_A_FIELD = 255
# A zone must be a constant; when the view is made there is no context yet.
_TIME_ZONE = "ifNull(nullIf(JSONExtractString(getSetting('log_comment'), 'time_zone'), ''), 'UTC')"


@dataclass(frozen=True, slots=True)
class _Column:
    """One field as the template needs it: SQL expressions over ``cells`` and the typed column.

    ``masking`` masks a ``text`` of the typed column, where it may be a person's.
    """

    number: int
    column: str
    typed: str
    cast: str
    is_bad: str
    stored: str
    demand: str
    literal: str = ""
    masking: str = ""


def id_of(source: str) -> str:
    """The column that tells the rows of a counter day apart."""
    return {"visits": "visit_id", "hits": "watch_id"}[source]


def staging_table_of(source: str) -> str:
    """The table through which the lines of a source are staged."""
    return f"staging.metrica_{source}"


def table_of(source: str) -> str:
    """The table where its good rows arrive."""
    return f"core.metrica_{source}"


def staging_scripts() -> dict[str, str]:
    """The SQL of the staging of every Metrica log, by the name under which it is recorded."""
    scripts = {_FUNCTIONS: _functions()}
    for source in sorted(SOURCES):
        scripts[f"{_TEMPLATE} (reference/{file_of(source).name})"] = staging_script(
            load_fields(source)
        )
    return scripts


def _functions() -> str:
    kept = kept_addresses()
    return render(
        _FUNCTIONS,
        names=person_names.in_words(),
        query_keys=kept.query_keys,
        private_sections=[re.escape(section) for section in kept.private_sections],
    )


def staging_script(fields: FieldList) -> str:
    """The SQL that re-creates the staging of a list of fields."""
    columns = [_column(number, field) for number, field in enumerate(fields.fields, start=1)]
    day = next(n for n, field in enumerate(fields.fields, start=1) if field.column == DAY)
    return render(
        _TEMPLATE,
        source=fields.source,
        table=table_of(fields.source),
        label_suffix=label_suffix(fields.source),
        fields=[one for one in columns if one.column != DAY],
        day_number=day,
        NOT_A_FIELD=_NOT_A_FIELD,
        demands="[" + ", ".join(one.demand for one in columns) + "]",
    )


def label_suffix(source: str) -> str:
    """What follows counter and day where people read a unit: ``12345678/2026-11-03/hits``."""
    return "" if source == "visits" else f"/{source}"


def _column(number: int, field: ApiField) -> _Column:
    cell = f"cells[places[{number}]]"
    if field.absent is not None:
        cell = f"if(empty({cell}), {literal(field.absent)}, {cell})"
    kind = field.inner_type
    if kind in _CASTS:
        check = _CASTS[kind](field.column, cell)
    elif kind == "Array(String)":
        check = _strings(number, field.column, cell)
    elif kind.startswith("Array("):
        check = _numbers(cell, kind[len("Array(") : -1])
    else:
        check = _whole_number(field, cell)
    typed = stored_type = _stored_type(field)
    stored = f"t.{field.column}"
    masking = "metrica_address(text)" if field.address else ""
    if kind == "Array(String)":
        typed, masking = "String", "if(length(text) < 3, [], metrica_strings(text))"
    if masking:
        stored = f"{field.column}_masked.kept"
    is_bad = check.is_bad
    if is_bad and field.is_nullable:
        is_bad = f"{is_bad} AND notEmpty({cell})"
    elif is_bad and not kind.startswith("Array("):
        typed, stored = f"Nullable({stored_type})", f"assumeNotNull({stored})"
    return _Column(
        number,
        field.column,
        typed,
        check.cast,
        is_bad,
        stored,
        check.demand,
        check.literal,
        masking,
    )


@dataclass(frozen=True, slots=True)
class _Check:
    """How a cell is cast, when it does not fit, and what the quarantine then says of it."""

    cast: str
    is_bad: str = ""
    demand: str = "''"
    literal: str = ""


_CASTS: dict[str, Callable[[str, str], _Check]] = {
    "String": lambda column, cell: _Check(cell),
    "Date": lambda column, cell: _Check(
        f"toDate(parseDateTimeOrNull({cell}, '%Y-%m-%d', 'UTC'))",
        f"{column} IS NULL",
        literal("is not a day as YYYY-MM-DD"),
    ),
    "DateTime": lambda column, cell: _Check(
        f"parseDateTimeOrNull({cell}, '%Y-%m-%d %H:%i:%s', {_TIME_ZONE})",
        f"{column} IS NULL",
        literal("is not a time as YYYY-MM-DD hh:mm:ss"),
    ),
    "Bool": lambda column, cell: _Check(
        f"transform({cell}, ['0', '1'], [toNullable(false), toNullable(true)], NULL)",
        f"{column} IS NULL",
        literal("is neither 0 nor 1"),
    ),
}


def _strings(number: int, column: str, cell: str) -> _Check:
    text = f"{column}_literal"
    return _Check(
        text,
        f"notEmpty({text}) AND NOT metrica_is_strings({text})",
        literal("is not a list of texts as ['a','b']"),
        # Its quotes are escaped by rules of their own, so that it is read before the cells are unescaped.
        f"metrica_literal(raw_cells[places[{number}]])",
    )


def _numbers(cell: str, item: str) -> _Check:
    items = (
        f"if(length({cell}) < 3, [], splitByChar(',', substring({cell}, 2, length({cell}) - 2)))"
    )
    return _Check(
        f"arrayMap(x -> assumeNotNull(accurateCastOrNull(x, '{item}')), {items})",
        f"notEmpty({cell}) AND NOT (match({cell}, '^\\\\[[-0-9,]*\\\\]$') AND "
        f"arrayAll(x -> accurateCastOrNull(x, '{item}') IS NOT NULL, {items}))",
        literal(f"is not a list of numbers as [1,2], each {_range(item)}"),
    )


def _whole_number(field: ApiField, cell: str) -> _Check:
    column, kind = field.column, field.inner_type
    cast = f"accurateCastOrNull({cell}, '{kind}')"
    if column == "counter_id":
        demand = "concat('is not the counter ordered, ', JSONExtractString(context, 'counter_id'))"
        return _Check(cast, f"ifNull({column} != ordered_counter, true)", demand)
    demand = literal(f"is not a whole number {_range(kind, field.least)}")
    if field.least is None:
        return _Check(cast, f"{column} IS NULL", demand)
    return _Check(cast, f"ifNull({column} < {field.least}, true)", demand)


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
