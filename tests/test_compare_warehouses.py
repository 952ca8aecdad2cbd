"""The comparison of two warehouses sees a cell, a row and a mart that differ, and only those."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.compare_warehouses import main


def made(folder: Path, *statements: str) -> Path:
    script = (
        "import sys, clickhouse_connect\n"
        "client = clickhouse_connect.get_client(interface='chdb', path=sys.argv[1])\n"
        "for statement in sys.argv[2:]: client.command(statement)\n"
    )
    marts = (
        "CREATE DATABASE marts",
        "CREATE TABLE marts.a (n UInt8, computed_at DateTime) ENGINE = MergeTree ORDER BY n",
    )
    command = [sys.executable, "-c", script, str(folder), *marts, *statements]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def test_each_difference_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = made(tmp_path / "one", "INSERT INTO marts.a VALUES (1, 1), (1, 2), (2, 1)")
    same = made(tmp_path / "same", "INSERT INTO marts.a VALUES (2, 7), (1, 8), (1, 9)")
    other = made(
        tmp_path / "other",
        "INSERT INTO marts.a VALUES (1, 1), (3, 1)",
        "CREATE TABLE marts.b (n UInt8) ENGINE = MergeTree ORDER BY n",
    )
    assert main([str(one), str(same)]) == 0
    assert capsys.readouterr().out == "1 marts with 3 rows are equal.\n"
    assert main([str(one), str(other)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "b: only after",
        "a: 2 rows only before, 1 only after",
        '  - {"n": 1}',
        '  - {"n": 2}',
        '  + {"n": 3}',
    ]
