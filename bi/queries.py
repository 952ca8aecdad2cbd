"""What a part asks the marts for, in plain ClickHouse SQL, whichever tool shows it."""

from __future__ import annotations

from collections.abc import Mapping

from bi.sources import Dataset, Part, quoted


def chart_query(part: Part, dataset: Dataset, chosen: Mapping[str, str] | None = None) -> str:
    """The query of a chart: a row per point of its axis and group, columns named as in the sources.

    ``chosen`` has an SQL condition for each column that is filtered, such as ``IN (2026)``.
    """
    shown = [(dataset.sql(name), name) for name in (*part.by, *part.metrics)]
    if part.x:
        shown.insert(0, (dataset.sql(part.x), part.x_label))
    groups = [part.x_label] * bool(part.x) + part.by
    rules = [
        f"{column} = {value if isinstance(value, int) else quoted(value)}"
        for column, value in part.where.items()
    ]
    rules += [
        f"({dataset.sql(column)}) {condition}" for column, condition in (chosen or {}).items()
    ]
    lines = [
        "SELECT",
        ",\n".join(f"    {sql if sql == name else f'{sql} AS `{name}`'}" for sql, name in shown),
        f"FROM marts.{part.of}",
    ]
    if rules:
        lines.append("WHERE " + "\n    AND ".join(rules))
    if groups:
        lines.append("GROUP BY " + ", ".join(f"`{name}`" for name in groups))
        lines.append(f"ORDER BY {_order(part, dataset, groups)}")
        lines.append(f"LIMIT {part.limit}")
    return "\n".join(lines)


def _order(part: Part, dataset: Dataset, groups: list[str]) -> str:
    name = part.sort.removeprefix("-")
    places = [f"`{group}`" for group in groups]
    if name:
        shown = name in (*part.by, *part.metrics)
        first = f"`{name}`" if shown else f"max({dataset.sql(name)})"
        places.insert(0, f"{first} DESC" if part.sort.startswith("-") else first)
    return ", ".join(places)
