"""Migrations: forward only, each once, an edited or missing old one named; views follow their files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from municipal_indicators import settings
from municipal_indicators.errors import MigrationError
from municipal_indicators.sources.schema import apply_schema
from municipal_indicators.warehouse.client import Warehouse


@pytest.fixture
def sql(tmp_path: Path, warehouse: Warehouse) -> Iterator[Path]:
    """A copy of the repo's ``sql/``, already applied, whose own additions are removed afterwards."""
    copy = tmp_path / "sql"
    shutil.copytree(settings.SQL, copy)
    yield copy
    warehouse.command("DROP VIEW IF EXISTS core.probe_view")
    warehouse.command("DROP TABLE IF EXISTS core.probe")
    warehouse.command("DELETE FROM ops.schema_migrations WHERE name LIKE '%probe%'")
    apply_schema(warehouse)


def _add(sql: Path, name: str, text: str) -> Path:
    path = sql / "migrations" / name
    path.write_text(text, encoding="utf-8")
    return path


PROBE = "CREATE TABLE IF NOT EXISTS core.probe (a UInt8) ENGINE = MergeTree ORDER BY a;\n"


def test_second_application_does_nothing(warehouse: Warehouse, sql: Path) -> None:
    assert apply_schema(warehouse, sql) == []


def test_new_migration_is_applied_once(warehouse: Warehouse, sql: Path) -> None:
    _add(sql, "9001_probe.sql", PROBE)
    assert apply_schema(warehouse, sql) == ["migrations/9001_probe.sql"]
    assert apply_schema(warehouse, sql) == []


def test_line_ends_do_not_matter(warehouse: Warehouse, sql: Path) -> None:
    path = _add(sql, "9001_probe.sql", PROBE)
    apply_schema(warehouse, sql)
    path.write_bytes(PROBE.replace("\n", "\r\n").encode())
    assert apply_schema(warehouse, sql) == []


def test_edited_migration_is_named(warehouse: Warehouse, sql: Path) -> None:
    path = _add(sql, "9001_probe.sql", PROBE)
    apply_schema(warehouse, sql)
    path.write_text(PROBE.replace("UInt8", "UInt16"), encoding="utf-8")
    with pytest.raises(
        MigrationError, match=r"sql/migrations/9001_probe\.sql was edited .* next number"
    ):
        apply_schema(warehouse, sql)


def test_removed_migration_is_named(warehouse: Warehouse, sql: Path) -> None:
    path = _add(sql, "9001_probe.sql", PROBE)
    apply_schema(warehouse, sql)
    path.unlink()
    with pytest.raises(
        MigrationError, match=r"sql/migrations/9001_probe\.sql was applied .* is gone"
    ):
        apply_schema(warehouse, sql)


def test_late_number_is_refused(warehouse: Warehouse, sql: Path) -> None:
    _add(sql, "9002_probe.sql", PROBE)
    apply_schema(warehouse, sql)
    _add(sql, "9001_probe.sql", PROBE)
    with pytest.raises(MigrationError, match=r"9001_probe\.sql is new but precedes"):
        apply_schema(warehouse, sql)


def test_broken_migration_is_completed_after_it_was_mended(warehouse: Warehouse, sql: Path) -> None:
    path = _add(sql, "9001_probe.sql", PROBE + "CREATE TABLE core.probe2 (;\n")
    with pytest.raises(Exception, match="Syntax error"):
        apply_schema(warehouse, sql)
    path.write_text(PROBE, encoding="utf-8")
    assert apply_schema(warehouse, sql) == ["migrations/9001_probe.sql"]


def test_changed_view_is_replaced(warehouse: Warehouse, sql: Path) -> None:
    view = sql / "core" / "probe_view.sql"
    view.write_text("SELECT 1 AS a\n", encoding="utf-8")
    assert apply_schema(warehouse, sql) == ["core/probe_view.sql"]
    view.write_text("SELECT 2 AS a\n", encoding="utf-8")
    assert apply_schema(warehouse, sql) == ["core/probe_view.sql"]
    assert warehouse.value("SELECT a FROM core.probe_view") == 2
