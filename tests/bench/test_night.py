"""The bench of a night: every DAG of it runs to its end with nothing to load."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.measuring import REPOSITORY
from bench.night import NIGHT
from tests.airflow_ui.running import free_port
from tests.bench.running import bench


def test_a_night_is_every_dag_that_the_clock_starts() -> None:
    asked = {"rebuild_from_archive", "close_reporting_period"}
    assert {path.stem for path in (REPOSITORY / "dags").glob("*.py")} == set(NIGHT) | asked


@pytest.mark.slow
def test_each_dag_of_a_night_is_measured(tmp_path: Path) -> None:
    options = ["--months", "1", "--port", str(free_port()), "--out", str(tmp_path)]
    done = bench("night", *options)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "the goal is 60 s" in done.stdout
    report = json.loads((tmp_path / "night.json").read_text(encoding="utf-8"))
    assert [one["dag"] for one in report["costs"]] == list(NIGHT)
    assert all(one["task_seconds"] > 0 for one in report["costs"])
    assert [path.name for path in tmp_path.iterdir()] == ["night.json"]
