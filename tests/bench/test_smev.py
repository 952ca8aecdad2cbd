"""The bench of SMEV loads, with small numbers: every way takes every line or message."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.smev import WAYS
from tests.bench.running import bench

SIZES = {"text": 600, "journal": 300, "envelopes": 40}


@pytest.mark.slow
def test_every_way_takes_all_lines_and_messages(tmp_path: Path) -> None:
    sizes = ["--lines", "600", "--notes", "300", "--envelopes", "40"]
    done = bench("smev", *sizes, "--rounds", "1", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    for way in WAYS:
        assert f"{way}: " in done.stdout
        assert f"round 1 of 1, {way}: " in done.stderr
    report = json.loads((tmp_path / "smev.json").read_text(encoding="utf-8"))
    assert {measure["way"]: measure["rows"] for measure in report["measures"]} == {
        way: SIZES[way.partition("-")[2]] for way in WAYS
    }
    assert [path.name for path in tmp_path.iterdir()] == ["smev.json"]
