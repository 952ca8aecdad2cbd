"""Superset's own virtual environment on a developer's machine; in production the image holds it."""

from __future__ import annotations

import hashlib
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from filelock import FileLock

SOURCES = Path(__file__).resolve().parent
LOCK = SOURCES / "requirements.txt"
ENVIRONMENTS = SOURCES.parents[1] / "build" / "superset-venv"
# The oldest and the newest Python that Superset 6.1 names.
PYTHONS = ("python3.11", "python3.12")


class EnvironmentNotMadeError(Exception):
    """Superset's environment cannot be created; the message says why and what to do."""


def is_made() -> bool:
    """Whether the environment of this lock exists."""
    return (_folder() / "installed").exists()


def superset_environment() -> Path:
    """The ``bin`` of an environment made from the lock, created once per lock and kept in build/.

    Raises EnvironmentNotMadeError. Several processes may ask at once.
    """
    folder = _folder()
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    with FileLock(ENVIRONMENTS / "lock"):
        if not is_made():
            _make(folder)
            (folder / "installed").touch()
    return folder / "bin"


def _folder() -> Path:
    return ENVIRONMENTS / hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]


def _make(folder: Path) -> None:
    python = _python()
    uv = shutil.which("uv")
    own = str(folder / "bin" / "python")
    if uv:
        _run(uv, "venv", "--quiet", "--clear", "--python", python, str(folder))
        _run(
            uv,
            "pip",
            "install",
            "--quiet",
            "--compile-bytecode",
            "--require-hashes",
            "--python",
            own,
            "-r",
            str(LOCK),
        )
    else:
        _run(python, "-m", "venv", "--clear", str(folder))
        _run(
            own, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "-r", str(LOCK)
        )


def _python() -> str:
    version = platform.python_version()
    if version.startswith(("3.11.", "3.12.")):
        return sys.executable
    for name in PYTHONS:
        found = shutil.which(name)
        if (
            found
            and subprocess.run([found, "-c", ""], check=False, capture_output=True).returncode == 0
        ):
            return found
    raise EnvironmentNotMadeError(
        f"Superset needs one of {', '.join(PYTHONS)} on PATH: it does not run on "
        f"Python {version} yet. Install one and try again."
    )


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise EnvironmentNotMadeError(
            f"{LOCK.name} of bi/superset could not be installed:\n{done.stderr[-2000:]}"
        )
