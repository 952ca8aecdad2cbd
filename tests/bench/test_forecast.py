"""The bench of forecasts, with two districts: each indicator is judged, and the figures are written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.districts import KINDS
from bench.forecast import wilson
from tests.bench.running import bench


@pytest.mark.slow
def test_each_indicator_is_judged(tmp_path: Path) -> None:
    done = bench("forecast", "--districts", "2", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "forecast.json").read_text(encoding="utf-8"))
    scores = {row["indicator"]: row for row in report["scores"]}
    assert scores.keys() == {*KINDS, "all"}
    # Two districts, three years with enough errors before them, eleven months each.
    assert scores["site_visitors_growth"]["bands"] == 2 * 3 * 11
    assert scores["all"]["bands"] == sum(scores[name]["bands"] for name in KINDS)
    for name in KINDS:
        assert name in done.stdout
        assert scores[name]["loss"] >= 0
    assert [path.name for path in tmp_path.iterdir()] == ["forecast.json"]


def test_bounds_of_a_share() -> None:
    # 80 of 100: 71.1 … 86.7 %, as tables of Wilson's interval have it.
    assert wilson(0.8, 100) == pytest.approx((0.7112, 0.8666), abs=1e-4)
