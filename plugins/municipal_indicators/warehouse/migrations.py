"""Applies ``sql/migrations`` (forward only), the views and the staging to a warehouse.

Stored tables are created and changed by migrations. What stores nothing, views and staging, is
re-created when its text has changed. The views of marts are written from the tables of ``mart_rows``.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

from municipal_indicators import settings
from municipal_indicators.errors import ConfigurationError, MigrationError
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.templates import literal, render

log = logging.getLogger(__name__)

_VIEW_FOLDERS = ("ops", "core")
# What says which build each of these databases shows of the tables of mart_rows.
_SHOWN = {"marts": "ops.published_marts", "marts_next": "ops.built_marts"}
_RECORD = """
CREATE TABLE IF NOT EXISTS ops.schema_migrations
(
    name String COMMENT 'Файл миграции или представления, от папки sql',
    checksum FixedString(64) COMMENT 'SHA-256 его текста',
    applied_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC') COMMENT 'Когда применён'
)
ENGINE = MergeTree
ORDER BY (name, applied_at)
COMMENT 'Применённые миграции'
"""


def checksum(path: Path) -> str:
    """SHA-256 of a file's text, independent of line ends, which git may change."""
    return _checksum(path.read_text(encoding="utf-8"))


def _checksum(text: str) -> str:
    return hashlib.sha256(text.replace("\r\n", "\n").encode()).hexdigest()


def apply_schema(
    warehouse: Warehouse, staging: Mapping[str, str], sql: Path = settings.SQL
) -> list[str]:
    """Apply what is missing; returns the names applied, none when the schema was up to date.

    ``staging`` holds the scripts that drop and create staging tables and views, by name, in the order
    in which they run. Every statement can be run twice, so that the next call completes one that was
    killed. Raises MigrationError, naming the file, when an applied migration was edited or removed,
    or a new one precedes the last applied one; ConfigurationError when the columns of a staging view
    differ from those of the table that it fills.
    """
    warehouse.command("CREATE DATABASE IF NOT EXISTS ops")
    warehouse.command(_RECORD)
    recorded = dict(
        warehouse.rows(
            "SELECT name, toString(argMax(checksum, applied_at)) FROM ops.schema_migrations GROUP BY name"
        )
    )
    applied = _migrate(warehouse, sql, recorded)
    applied += _refresh_views(warehouse, sql, recorded, changed=bool(applied))
    applied += _refresh_staging(warehouse, staging, recorded)
    if applied:
        log.info("Schema: applied %s", ", ".join(applied))
    return applied


def _migrate(warehouse: Warehouse, sql: Path, recorded: dict[str, str]) -> list[str]:
    files = {f"migrations/{path.name}": path for path in sorted((sql / "migrations").glob("*.sql"))}
    done = {name: sum_ for name, sum_ in recorded.items() if name.startswith("migrations/")}
    for name, recorded_sum in done.items():
        if name not in files:
            raise MigrationError(
                f"sql/{name} was applied to this warehouse but is gone: restore the file; "
                "to undo it, add a new migration."
            )
        if checksum(files[name]) != recorded_sum:
            raise MigrationError(
                f"sql/{name} was edited after it was applied to this warehouse: restore its text "
                "and put the change into a new migration with the next number."
            )
    last = max(done, default="")
    missing = [name for name in files if name not in done]
    for name in missing:
        if name < last:
            raise MigrationError(
                f"sql/{name} is new but precedes sql/{last}, which is already applied: "
                "give it the next free number."
            )
        warehouse.run_script(files[name].read_text(encoding="utf-8"))
        _note(warehouse, {name: checksum(files[name])})
    return missing


@dataclass(frozen=True, slots=True)
class RowsOfMart:
    """A table of ``mart_rows``: name, comment, and (name, type, comment) of what readers see of it."""

    name: str
    comment: str
    columns: Sequence[tuple[str, str, str]]


def view_statements(sql: Path = settings.SQL) -> dict[str, str]:
    """The statement that re-creates each view of ``sql/ops`` and ``sql/core``, after those it reads.

    The keys are the files below ``sql/``. A file holds the view's query; a list of commented columns
    may precede it.
    """
    texts = {
        f"{database}.{path.stem}": _query(path)
        for database in _VIEW_FOLDERS
        for path in sorted((sql / database).glob("*.sql"))
    }
    reads = {
        view: {other for other in re.findall(r"\b(?:core|ops)\.\w+", text) if other in texts}
        - {view}
        for view, text in texts.items()
    }
    return {
        f"{view.replace('.', '/')}.sql": f"CREATE OR REPLACE VIEW {view}"
        + (f"\n{texts[view]}" if texts[view].startswith("(") else f" AS\n{texts[view]}")
        for view in TopologicalSorter(reads).static_order()
    }


def mart_view_statements(tables: Iterable[RowsOfMart], sql: Path = settings.SQL) -> dict[str, str]:
    """The statements that re-create the views of ``marts`` and ``marts_next``, by name.

    A view shows the rows of one build, with all comments. Files of ``sql/mart_views`` read other marts;
    one with a parameter asks what was shown on some day, so that there is none in ``marts_next``.
    """
    found = {}
    for database, shown in _SHOWN.items():
        for table in tables:
            columns = ",\n".join(
                f"    {name} {kind} COMMENT {literal(comment)}"
                for name, kind, comment in table.columns
            )
            names = ", ".join(name for name, *_ in table.columns)
            # A scalar is read once a query and then constant: parts of other builds are not read.
            rows = (
                f"SELECT {names} FROM mart_rows.{table.name}\n"  # noqa: S608
                f"WHERE build = (SELECT marts FROM {shown})[{literal(table.name)}]"
            )
            found[f"{database}/{table.name}"] = (
                f"CREATE OR REPLACE VIEW {database}.{table.name}\n(\n{columns}\n)\n"
                f"AS\n{rows}\nCOMMENT {literal(table.comment)}"
            )
        for path in sorted((sql / "mart_views").glob("*.sql")):
            text = re.sub(r"\bmarts\.", f"{database}.", render(f"mart_views/{path.name}"))
            if database != "marts" and re.search(r"\{\w+:\w+\}", text):
                continue
            found[f"{database}/{path.name}"] = (
                f"CREATE OR REPLACE VIEW {database}.{path.stem}\n{text}"
            )
    return found


def _query(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip().removesuffix(";")


def _rows_of_marts(warehouse: Warehouse) -> list[RowsOfMart]:
    columns: dict[str, list[tuple[str, str, str]]] = {}
    for table, name, kind, comment in warehouse.rows(
        "SELECT table, name, type, comment FROM system.columns "
        "WHERE database = 'mart_rows' AND name NOT IN ('build', 'made_from') ORDER BY table, position"
    ):
        columns.setdefault(table, []).append((name, kind, comment))
    comments = dict(
        warehouse.rows("SELECT name, comment FROM system.tables WHERE database = 'mart_rows'")
    )
    return [RowsOfMart(name, comments[name], found) for name, found in columns.items()]


def _refresh_views(
    warehouse: Warehouse, sql: Path, recorded: dict[str, str], *, changed: bool
) -> list[str]:
    """Re-create all views where one of them or a stored table changed."""
    statements = view_statements(sql) | mart_view_statements(_rows_of_marts(warehouse), sql)
    stale = [name for name, text in statements.items() if recorded.get(name) != _checksum(text)]
    if stale or changed:
        for statement in statements.values():
            warehouse.command(statement)
        _note(warehouse, {name: _checksum(text) for name, text in statements.items()})
    return stale


def _refresh_staging(
    warehouse: Warehouse, scripts: Mapping[str, str], recorded: dict[str, str]
) -> list[str]:
    """Re-create all staging when one script changed: views hold copies of the functions that they use."""
    stale = [name for name, text in scripts.items() if recorded.get(name) != _checksum(text)]
    if not stale:
        return []
    for text in scripts.values():
        warehouse.run_script(text + ";\n")
    check_columns(warehouse, scripts)
    _note(warehouse, {name: _checksum(text) for name, text in scripts.items()})
    return stale


def check_columns(warehouse: Warehouse, scripts: Mapping[str, str]) -> None:
    """Raise ConfigurationError unless each staging view fills all columns of its stored table."""
    found = [
        (name, view, table)
        for name, script in scripts.items()
        for view, table in re.findall(r"MATERIALIZED VIEW (\S+) TO (core\.\w+) AS", script)
    ]
    for name, view, table in found:
        filled = _bare_types(warehouse, view)
        kept = _bare_types(warehouse, table)
        for column, kind in filled.items():
            if kept.get(column) != kind:
                raise ConfigurationError(
                    f"sql/{name}: {table}.{column} is filled as {kind}, but that column is "
                    f"{kept.get(column) or 'missing'}. Add or change it in a new migration in sql/migrations."
                )
        if lost := sorted(kept.keys() - filled.keys()):
            raise ConfigurationError(
                f"sql/{name}: nothing fills {table}.{lost[0]}: its values would be lost. Add the column to "
                "the list that the staging is written from, or to that file."
            )


def _bare_types(warehouse: Warehouse, table: str) -> dict[str, str]:
    return {
        column: re.sub(r"LowCardinality\(([^()]*(?:\([^()]*\))?)\)", r"\1", kind)
        for column, kind in warehouse.column_types(table).items()
    }


def _note(warehouse: Warehouse, sums: Mapping[str, str]) -> None:
    """Record what was applied, in one insert: each is a part on the disk for minutes."""
    warehouse.insert("ops.schema_migrations", ["name", "checksum"], sums.items())
