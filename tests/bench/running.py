"""Runs a bench as its command line does."""

from __future__ import annotations

import subprocess
import sys

from bench.measuring import REPOSITORY


def bench(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """``python -m bench.<name>`` with these arguments, ended, with what it printed."""
    return subprocess.run(
        [sys.executable, "-m", f"bench.{name}", *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
