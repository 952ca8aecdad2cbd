"""No text of a file takes a pattern more than linear time."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests import patterns

SECONDS = 300


@pytest.mark.slow
def test_every_pattern_is_linear(tmp_path: Path) -> None:
    found = subprocess.run(
        [sys.executable, "-m", patterns.__name__],
        cwd=Path(__file__).resolve().parents[1],
        env={
            **os.environ,
            "AIRFLOW_HOME": str(tmp_path),
            "PYTHONPATH": os.pathsep.join([str(patterns.PACKAGE.parent), *sys.path]),
        },
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS)),
        capture_output=True,
        text=True,
        check=False,
    )
    said = found.stdout.splitlines()
    assert found.returncode == 0, (said[-1:], found.stderr[-2000:])
    assert any("masking" in line for line in said)
    assert len(said) > 100
