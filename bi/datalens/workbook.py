"""The workbook for DataLens, written from ``bi/sources``: one connection, datasets, charts and boards.

A chart asks by SQL of its own (a QL chart), so that its numbers are those of the same query in Superset;
a dataset is a mart with its computed columns, for selectors and for charts that users make.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import yaml

from bi import sources
from bi.marts import Mart
from bi.queries import chart_query
from bi.sources import Computed, Dashboard, Dataset, Described, Filter, Part

Document = dict[str, Any]

CONNECTION = "Витрины показателей"
SERIES, VALUE = "Ряд", "Значение"
# A board has 36 columns, rows of 20 pixels.
COLUMNS, ROW_PIXELS, SELECTOR_HEIGHT = 36, 20, 2
VISUALIZATIONS = {
    "tile": "indicator",
    "table": "flat_table",
    "lines": "line",
    "bars": "column",
    "pie": "donut",
}
CASTS = (
    (r"^Date$", "date"),
    (r"DateTime", "genericdatetime"),
    (r"Int\d+", "integer"),
    (r"Float|Decimal", "float"),
    (r"Bool", "boolean"),
    (r"String|Enum|UUID", "string"),
)


def workbook(marts: Sequence[Mart]) -> dict[str, Document]:
    """Every file of the workbook by its path below the workbook's folder."""
    described = sources.read_sources()
    by_name = {mart.name: mart for mart in marts}
    columns = {
        name: {column.name for column in by_name[name].columns}
        | {column.name for column in dataset.columns}
        for name, dataset in described.datasets.items()
    }
    files: dict[str, Document] = {"connection.yaml": _connection()}
    for name, dataset in sorted(described.datasets.items()):
        files[f"datasets/{name}.yaml"] = _dataset(by_name[name], dataset)
    for board in described.dashboards:
        for number, part in enumerate(board.charts(), 1):
            choices = [one for one in board.filters if sources.acts_on(one, part, columns)]
            files[f"charts/{board.slug}_{number:02}.yaml"] = _chart(
                part, described, by_name[part.of], choices
            )
        files[f"boards/{board.slug}.yaml"] = _board(board)
    return files


def _connection() -> Document:
    """Address and password are given at the import."""
    return {
        "name": CONNECTION,
        "type": "clickhouse",
        "db_name": "marts",
        "username": "bi",
        "readonly": 2,
        # QL charts need it; user bi reads nothing but the marts.
        "raw_sql_level": "dashsql",
    }


def _dataset(mart: Mart, dataset: Dataset) -> Document:
    """The mart with its computed columns; a title that two columns share gets the name of the later one."""
    stored = [(one.name, one.label, one.comment, one.type) for one in mart.columns]
    computed = [(one.name, one.label, one.label, one.type) for one in dataset.columns]
    fields: list[Document] = []
    for name, label, comment, kind in (*stored, *computed):
        cast = _cast(kind)
        if cast:
            taken = {field["title"] for field in fields}
            title = f"{label} ({name})" if label in taken else label
            fields.append({"source": name, "title": title, "description": comment, "cast": cast})
    lines = [
        f"    {sql}" if sql == name else f"    {sql} AS `{name}`"
        for name, sql in ((field["source"], dataset.sql(field["source"])) for field in fields)
    ]
    sql = "\n".join(("SELECT", ",\n".join(lines), f"FROM marts.{mart.name}"))
    return {"name": mart.name, "description": mart.comment, "sql": sql, "fields": fields}


def _cast(kind: str) -> str:
    """DataLens' type of a column; empty for an array, which it would show as text nobody can read."""
    plain = re.sub(r"(Nullable|LowCardinality)\((.*)\)", r"\2", kind)
    if plain.startswith(("Array", "Tuple", "Map")):
        return ""
    return next(cast for pattern, cast in CASTS if re.search(pattern, plain))


def _chart(part: Part, described: Described, mart: Mart, choices: Sequence[Filter]) -> Document:
    dataset = described.datasets[part.of]
    chosen = {
        choice.column: _chosen(choice, dataset.sql(choice.column), described) for choice in choices
    }
    asked = chart_query(part, dataset, chosen)
    query, columns = _shown(part, dataset, mart, asked)
    return {
        "name": part.title,
        "description": part.subtitle,
        "visualization": VISUALIZATIONS[part.kind],
        "params": [choice.column for choice in choices],
        "columns": columns,
        "query": query,
    }


def _chosen(choice: Filter, sql: str, described: Described) -> str:
    """The condition of a selector with one value; without one the newest, or all."""
    value = f"{{{{{choice.column}}}}}"
    if not choice.newest:
        return f"= if({value} = '', {sql}, {value})"
    newest = described.datasets[choice.of].sql(choice.column)
    newest = f"(SELECT max({newest}) FROM marts.{choice.of})"  # noqa: S608
    return f"= if({value} = '', {newest}, toUInt16OrZero({value}))"


def _shown(part: Part, dataset: Dataset, mart: Mart, asked: str) -> tuple[str, Document]:
    """The query with names and rounding as people read them, and what stands where."""
    by = [_named(dataset, mart, name) for name in part.by]
    metrics = [_named(dataset, mart, name) for name in part.metrics]
    if part.kind in {"lines", "bars"}:
        return _series(part, metrics, asked)
    shown = [f"    {_written(one)} AS `{_label(one)}`" for one in (*by, *metrics)]
    query = "SELECT\n" + ",\n".join(shown) + f"\nFROM\n(\n{_indented(asked)}\n)"
    measures = [_column(one) for one in metrics]
    if part.kind == "tile":
        return query, {"measures": measures}
    if part.kind == "pie":
        dimensions = [_column(one) for one in by]
        return query, {"dimensions": dimensions, "colors": dimensions, "measures": measures}
    return query, {"flat_table_columns": [_column(one) for one in (*by, *metrics)]}


def _series(part: Part, metrics: list[Computed], asked: str) -> tuple[str, Document]:
    """A row for each point of each series: the name of a series is its metric, or the group."""
    if part.by:
        name, value = f"`{part.by[0]}`", _written(metrics[0])
        rows = f"SELECT `{part.x_label}`, {name} AS `{SERIES}`, {value} AS `{VALUE}`\nFROM"
        query = f"{rows}\n(\n{_indented(asked)}\n)"
    else:
        pairs = ", ".join(
            f"({sources.quoted(_label(one))}, toNullable(toFloat64({_written(one)})))"
            for one in metrics
        )
        query = (
            f"SELECT `{part.x_label}`, series.1 AS `{SERIES}`, series.2 AS `{VALUE}`\n"
            f"FROM\n(\n{_indented(asked)}\n)\nARRAY JOIN [{pairs}] AS series\n"
            f"WHERE `{VALUE}` IS NOT NULL\nORDER BY `{part.x_label}`, `{SERIES}`"
        )
    cast = "genericdatetime" if part.x_label == "Месяц" else "string"
    series = {"name": SERIES, "cast": "string"}
    return query, {
        "x": [{"name": part.x_label, "cast": cast}],
        "y": [{"name": VALUE, "cast": "integer"}],
        "colors": [series],
    }


def _named(dataset: Dataset, mart: Mart, name: str) -> Computed:
    """A column or metric; a column of the mart has the name of its comment."""
    stored = (one for one in mart.columns if one.name == name)
    return dataset.find(name) or Computed(name=name, label=next(stored).label, expression=name)


def _label(one: Computed) -> str:
    unit = {"share": ", %", "money": ", тыс. руб."}.get(one.format, "")
    return f"{one.label}{unit}"


def _written(one: Computed) -> str:
    """The value as it is shown: half away from zero, as people and Superset round."""
    name = f"`{one.name}`"
    if one.format == "month":
        return f"formatDateTime({name}, '%m.%Y')"
    scaled, decimals = {
        "share": (f"{name} * 100", 1),
        "number": (name, 1),
        "money": (name, 2),
    }.get(one.format, (name, 0))
    if not decimals:
        return name
    factor = 10**decimals
    return f"sign({name}) * floor(abs({scaled}) * {factor} + 0.5) / {factor}"


def _column(one: Computed) -> Document:
    cast = {
        "count": "integer",
        "number": "integer",
        "share": "integer",
        "money": "integer",
        "day": "genericdatetime",
        "moment": "genericdatetime",
    }.get(one.format, "string")
    return {"name": _label(one), "cast": cast}


def _board(board: Dashboard) -> Document:
    items: list[Document] = []
    top, number = SELECTOR_HEIGHT, 0
    for row in board.rows:
        height = max(3, round(row.height * 8 / ROW_PIXELS))
        left = 0
        for part, width in zip(row.parts, row.widths(), strict=True):
            place = {"x": left, "y": top, "w": width * COLUMNS // 12, "h": height}
            left += place["w"]
            if part.kind == "text":
                items.append({"text": part.title, "at": place})
            else:
                number += 1
                items.append({"chart": part.title, "id": f"{board.slug}_{number:02}", "at": place})
        top += height
    return {
        "name": board.title,
        "selectors": [
            {"title": choice.name, "param": choice.column, "dataset": choice.of}
            for choice in board.filters
        ],
        "items": items,
    }


class _Dumper(yaml.SafeDumper):
    """YAML in which SQL keeps its lines."""


_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None
    ),
)


def written(document: Document) -> str:
    """A document as YAML that is easy to compare."""
    return yaml.dump(document, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110)


def _indented(sql: str) -> str:
    return "\n".join(f"    {line}" for line in sql.splitlines())
