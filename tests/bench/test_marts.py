"""The bench of the marts, with one site: both ways of building give equal marts."""

from __future__ import annotations

import json
from pathlib import Path

from tests.bench.running import bench


def test_both_ways_give_equal_marts(tmp_path: Path) -> None:
    options = ["--visits", "4000", "--sites", "1", "--out", str(tmp_path)]
    done = bench("marts", *options)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    report = json.loads((tmp_path / "marts.json").read_text(encoding="utf-8"))
    assert report["visits"] > 3000
    assert report["differences"] == []
    assert [one["step"] for one in report["steps"]] == [
        "full build",
        "build after one new day",
        "nothing new",
        "full build again",
    ]
    assert report["readings"].keys() == {"bare", "published"}
    assert [path.name for path in tmp_path.iterdir()] == ["marts.json"]
