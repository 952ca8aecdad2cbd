"""``make superset`` where it cannot start: it says why and what to do. Its parts are tested beside."""

from __future__ import annotations

import socket
import stat
import subprocess
import sys
from pathlib import Path

from demo.superset import _secrets
from municipal_indicators.settings import REPOSITORY


def make_superset(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "demo.superset", *options],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_without_a_demo_it_names_the_command_that_makes_one(tmp_path: Path) -> None:
    done = make_superset("--demo", str(tmp_path), "--folder", str(tmp_path / "superset"))
    assert (done.returncode, done.stdout) == (1, "Витрин ещё нет: сначала make demo.\n")
    assert not (tmp_path / "superset").exists()


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    (tmp_path / "warehouse").mkdir()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = make_superset(
            *("--demo", str(tmp_path), "--folder", str(tmp_path / "superset"), "--port", str(port))
        )
    assert done.returncode == 1
    assert done.stdout.startswith(f"Порт {port} занят")


def test_passwords_are_made_once_and_only_for_their_owner(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    made = _secrets(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert _secrets(path) == made
    assert set(made) >= {"secret_key", "admin", "reader"}
    assert len(set(made.values())) == len(made)
    assert min(map(len, made.values())) >= 12
