"""The client of ClickHouse: scripts, staging in blocks, building beside, who may hold the engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from municipal_indicators.settings import REPOSITORY
from municipal_indicators.warehouse.client import BLOCK_ROWS, Warehouse
from municipal_indicators.warehouse.templates import literal, render, statements

# Staging like ours: text in, casts and a split in its views, the load's id from the context.
STAGING = """
CREATE DATABASE IF NOT EXISTS probe;
CREATE TABLE probe.good (load_id String, line UInt64, a Int64, b String) ENGINE = MergeTree ORDER BY line;
CREATE TABLE probe.bad (line UInt64, a Nullable(String)) ENGINE = MergeTree ORDER BY line;
CREATE TABLE probe.lines (a Nullable(String), b String) ENGINE = Null;
CREATE MATERIALIZED VIEW probe.to_good TO probe.good AS
SELECT JSONExtractString(getSetting('log_comment'), 'load_id') AS load_id,
    rowNumberInBlock() AS line, accurateCastOrNull(a, 'Int64') AS a, b
FROM probe.lines WHERE accurateCastOrNull(a, 'Int64') IS NOT NULL;
CREATE MATERIALIZED VIEW probe.to_bad TO probe.bad AS
SELECT line, a FROM (SELECT rowNumberInBlock() AS line, a FROM probe.lines)
WHERE accurateCastOrNull(a, 'Int64') IS NULL;
"""


@pytest.fixture
def staged(warehouse: Warehouse) -> Iterator[Warehouse]:
    """The warehouse with a staging table of its own."""
    warehouse.run_script(STAGING)
    yield warehouse
    warehouse.command("DROP DATABASE probe SYNC")


def test_statements_end_at_line_ends_and_skip_comments() -> None:
    assert statements("-- a\nSELECT ';' ;\n\n-- only words;\n") == ["-- a\nSELECT ';'"]


def test_literal_escapes() -> None:
    assert literal("it's \\n") == r"'it\'s \\n'"


def test_render_refuses_a_missing_value() -> None:
    with pytest.raises(Exception, match=r"settling_days|time_zone"):
        render("intermediate/1_site_calendar.sql")


def test_stage_keeps_text_and_splits(staged: Warehouse) -> None:
    odd = "tab\t newline\n backslash\\ null\\N 'quote' \u2028"
    count = staged.stage(
        "probe.lines",
        ["a", "b"],
        [("1", odd), (None, ""), ("x", ""), ("300", "\\N")],
        {"load_id": "L"},
    )
    assert count == 4
    assert staged.rows("SELECT load_id, a, b FROM probe.good ORDER BY line") == [
        ("L", 1, odd),
        ("L", 300, "\\N"),
    ]
    assert staged.rows("SELECT line, a FROM probe.bad ORDER BY line") == [(1, None), (2, "x")]


def test_stage_sends_blocks(staged: Warehouse) -> None:
    rows = BLOCK_ROWS * 2 + 7
    assert staged.stage("probe.lines", ["a", "b"], ((str(n), "") for n in range(rows)), {}) == rows
    assert staged.rows("SELECT count(), uniqExact(a) FROM probe.good") == [(rows, rows)]


def test_readers_see_the_old_table_until_the_exchange(staged: Warehouse) -> None:
    staged.stage("probe.lines", ["a", "b"], [("1", "old")], {})
    copy = staged.build_beside("probe.good", "SELECT 'L' AS load_id, 'new' AS b, 2 AS a, 0 AS line")
    assert staged.rows("SELECT a, b FROM probe.good") == [(1, "old")]
    staged.exchange("probe.good", copy)
    assert staged.rows("SELECT a, b FROM probe.good") == [(2, "new")]
    # A build that was killed leaves its copy behind; the next one has a copy of its own.
    staged.build_beside("probe.good", "SELECT 'L' AS load_id, 'lost' AS b, 3 AS a, 0 AS line")
    copy = staged.build_beside(
        "probe.good", "SELECT 'L' AS load_id, 'newest' AS b, 4 AS a, 0 AS line"
    )
    staged.exchange("probe.good", copy)
    assert staged.rows("SELECT a, b FROM probe.good") == [(4, "newest")]


def test_second_process_waits_then_says_who_and_what_to_do(tmp_path: Path) -> None:
    with _held_elsewhere(tmp_path) as environment:
        waited = _open_in_another_process(environment, seconds=1)
    assert "WarehouseBusyError" in waited
    assert "занято: process" in waited
    assert "дождитесь конца другого запуска или остановите его" in waited


def test_second_process_gets_its_turn(tmp_path: Path) -> None:
    with _held_elsewhere(tmp_path, seconds=4) as environment:
        assert _open_in_another_process(environment, seconds=60).strip().endswith("opened")


def test_engine_held_without_our_lock_is_told_too(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import clickhouse_connect, sys; c = clickhouse_connect.get_client(interface='chdb', "
            f"path={str(tmp_path / 'other')!r}); print('held', flush=True); sys.stdin.read()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    try:
        assert holder.stdout.readline().strip() == "held"
        said = _open_in_another_process(_environment(tmp_path / "other"), seconds=1)
        assert "занято: другая программа" in said
    finally:
        holder.stdin.close()
        holder.wait(timeout=20)
        holder.stdout.close()


def _environment(path: Path) -> dict[str, str]:
    connection = {
        "conn_type": "clickhouse",
        "schema": "default",
        "extra": {"client_kwargs": {"interface": "chdb", "path": str(path)}},
    }
    return {
        **os.environ,
        "AIRFLOW_CONN_CLICKHOUSE_DEFAULT": json.dumps(connection),
        "PYTHONPATH": str(REPOSITORY / "plugins"),
    }


@contextmanager
def _held_elsewhere(folder: Path, seconds: float = 600) -> Iterator[dict[str, str]]:
    environment = _environment(folder / "warehouse")
    code = f"""
        import sys, threading
        from municipal_indicators.warehouse.client import open_warehouse
        with open_warehouse():
            print("held", flush=True)
            threading.Event().wait({seconds})
    """
    holder = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert holder.stdout is not None
    try:
        while "held" not in holder.stdout.readline():
            assert holder.poll() is None
        yield environment
    finally:
        holder.kill()
        holder.wait(timeout=20)
        holder.stdout.close()


def _open_in_another_process(environment: dict[str, str], seconds: float) -> str:
    code = f"""
        from municipal_indicators.warehouse.client import open_warehouse
        with open_warehouse({seconds}):
            print("opened")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        timeout=120,
    )
    return done.stdout if done.returncode == 0 else done.stderr
