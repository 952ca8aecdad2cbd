"""``make airflow``, ``make superset`` and ``make stack`` say at once why they cannot start."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from municipal_indicators.settings import REPOSITORY

PROGRAMS = ("airflow", "superset", "stack")


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"demo.{program}", *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_says_what_it_starts(program: str) -> None:
    shown = run(program, "--help")
    assert shown.returncode == 0
    assert "--port" in shown.stdout
    assert "demo" in shown.stdout


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_taken_port_is_named_before_anything_is_started(
    program: str, taken_port: int, tmp_path: Path
) -> None:
    folder = ["--folder", str(tmp_path / "demo")]
    if program == "superset":
        (tmp_path / "demo" / "warehouse").mkdir(parents=True)
        folder = ["--demo", str(tmp_path / "demo"), "--folder", str(tmp_path / "superset")]
    refused = run(program, "--port", str(taken_port), *folder)
    assert refused.returncode == 1, refused.stdout
    assert f"Порт {taken_port} занят" in refused.stdout
    assert "--port" in refused.stdout
    assert not (tmp_path / "demo" / "airflow").exists()
    assert not (tmp_path / "superset").exists()
