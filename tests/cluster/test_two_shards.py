"""Tests of loads and marts as they are, once more on two shards, and what only a cluster shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
# A part of the suite that reads and writes every sharded table; docs/cluster.md says how to run all of it.
PART = ("tests/cluster/shards_cases.py",)


@pytest.mark.slow
def test_loads_and_marts_are_the_same_on_two_shards() -> None:
    """In a process of its own: the engine reads its configuration once in the life of a process."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.cluster.two_shards", *PART],
        cwd=REPOSITORY,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    closing = re.search(r"^(\d+) passed in ", done.stdout, re.MULTILINE)
    assert closing, done.stdout[-1000:]
    assert int(closing[1]) >= 7
