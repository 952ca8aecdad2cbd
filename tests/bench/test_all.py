"""`make bench` with the smallest sizes: each bench runs, and its measures stand beside their goals."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from bench.__main__ import BEGIN, DOCS, END, QUICK, RUNS
from bench.goals import LINES, Line
from bench.measuring import REPOSITORY
from tests.bench.running import bench


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return bench("__main__", "--quick", *arguments)


def test_every_bench_has_runs_and_goals() -> None:
    modules = {path.stem for path in (REPOSITORY / "bench").glob("*.py")}
    assert set(RUNS) == set(QUICK) == set(LINES) <= modules


# Those of dags and marts have a test of their own.
def test_each_measure_is_written_beside_its_goal(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"Before\n{BEGIN}\n{END}\nAfter\n", encoding="utf-8")
    done = run("--only", "metrica,files,smev,forecast,night", "--docs", str(tmp_path))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    figures = json.loads((tmp_path / "performance.json").read_text(encoding="utf-8"))
    written = page.read_text(encoding="utf-8")
    assert written.startswith("Before\n")
    assert written.endswith("After\n")
    for name in ("metrica", "files", "smev", "forecast", "night"):
        assert figures[name]["lines"]
        for line in figures[name]["lines"]:
            assert line["ours"] > 0
            assert f"| {line['what']} | " in written


def test_a_run_of_one_keeps_the_others_and_shows_the_ratio_before(tmp_path: Path) -> None:
    (tmp_path / "performance.md").write_text(f"{BEGIN}\n{END}\n", encoding="utf-8")
    first = run("--only", "dags", "--docs", str(tmp_path))
    assert first.returncode == 0, first.stderr
    path = tmp_path / "performance.json"
    figures = json.loads(path.read_text(encoding="utf-8"))
    figures["dags"]["lines"][0]["ratio"] = 7.25
    figures["another"] = figures["dags"]
    path.write_text(json.dumps(figures), encoding="utf-8")
    second = run("--only", "dags", "--docs", str(tmp_path))
    assert second.stdout.splitlines()[-1].endswith("| 7.25 |")
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert kept["another"] == figures["another"]
    assert kept["dags"] != figures["dags"]


def test_a_page_without_its_marks_is_refused(tmp_path: Path) -> None:
    (tmp_path / "performance.md").write_text("no marks\n", encoding="utf-8")
    done = run("--only", "dags", "--docs", str(tmp_path))
    assert done.returncode == 1
    assert "are missing" in done.stderr


@pytest.mark.parametrize(
    ("ratio", "bounds", "goal", "verdict"),
    [
        (0.8, {"at_least": 0.8}, "≥ 0.8", "reached"),
        (0.79, {"at_least": 0.8}, "≥ 0.8", "**missed**"),
        (1.6, {"at_most": 1.5}, "≤ 1.5", "**missed**"),
        (0.8, {"at_least": 0.77, "at_most": 0.83}, "0.77–0.83", "reached"),
        (0.84, {"at_least": 0.77, "at_most": 0.83}, "0.77–0.83", "**missed**"),
        (0.5, {}, "", ""),
    ],
)
def test_goals(ratio: float, bounds: dict[str, float], goal: str, verdict: str) -> None:
    line = Line("a load", 1, "the engine", 1, "s", ratio, **bounds)
    assert (line.goal, line.verdict) == (goal, verdict)


def test_the_page_of_the_docs_has_its_marks() -> None:
    text = (DOCS / "performance.md").read_text(encoding="utf-8")
    assert text.count(BEGIN) == text.count(END) == 1
