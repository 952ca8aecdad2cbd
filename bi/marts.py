"""The marts as BI sees them: views and columns with the Russian comments of ``sql/migrations``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from clickhouse_connect.driver.client import Client

# What makes a row of a view; a table says so itself.
VIEW_KEYS = {
    "data_freshness": "source",
    "data_problems": "source, unit, kind, reason, day",
    "indicator_revisions": "period_start, period_end, version, indicator",
    "indicators_latest": "role, indicator",
}
# A comment gives the name first, then an explanation; what tells columns of one name apart stays.
END_OF_NAME = re.compile(
    r";|\.|, первый день|, 0…1|, отказы включены|: (?!загружено|в отчёте Метрики|\(|то же)"
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a mart; the comment is what BI shows."""

    name: str
    type: str
    comment: str

    @property
    def label(self) -> str:
        """The name in the comment, without the explanation after it."""
        return END_OF_NAME.split(self.comment, maxsplit=1)[0].strip()


@dataclass(frozen=True, slots=True)
class Mart:
    """A view of database ``marts``; ``key`` is the order of its rows, as SQL."""

    name: str
    comment: str
    key: str
    columns: Sequence[Column]


def read_marts(client: Client) -> list[Mart]:
    """All marts of a warehouse by name, their columns in order."""
    columns: dict[str, list[Column]] = {}
    for table, *column in client.query(
        "SELECT table, name, type, comment FROM system.columns "
        "WHERE database = 'marts' ORDER BY table, position"
    ).result_rows:
        columns.setdefault(table, []).append(Column(*column))
    tables = client.query(
        "SELECT m.name, m.comment, r.sorting_key FROM system.tables AS m "
        "LEFT JOIN system.tables AS r ON r.name = m.name AND r.database = 'mart_rows' "
        "WHERE m.database = 'marts' ORDER BY m.name"
    ).result_rows
    # A view with a parameter has no columns of its own: BI cannot list it.
    return [
        Mart(name, comment, VIEW_KEYS.get(name, str(key)), columns[name])
        for name, comment, key in tables
        if name in columns
    ]


def dictionary(marts: Sequence[Mart]) -> str:
    """``docs/marts.md``: every mart with its columns, for people who connect another tool."""
    lines = [
        "# Витрины: что значат таблицы и колонки",
        "",
        "Пишет `python -m bi` из комментариев в `sql/migrations`: правьте их, а не этот файл.",
        "Как подключить DataLens, Metabase или Excel: [bi.md](bi.md).",
        "",
    ]
    lines += [f"- [`{mart.name}`](#{mart.name}): {mart.comment}" for mart in marts]
    for mart in marts:
        lines += ["", f"## {mart.name}", "", f"{mart.comment}. Одна строка: `{mart.key}`.", ""]
        lines += ["| колонка | тип | что значит |", "|---|---|---|"]
        lines += [
            f"| `{column.name}` | `{_without_values(column.type)}` | {column.comment} |"
            for column in mart.columns
        ]
    return "\n".join(lines) + "\n"


def _without_values(type_name: str) -> str:
    """A type without the numbers of an Enum and without LowCardinality."""
    return re.sub(r" = \d+", "", re.sub(r"LowCardinality\((.*)\)", r"\1", type_name))
