"""The bench of file loads, with small numbers: every way reads or loads the whole register."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.files import HEADINGS, WAYS
from tests.bench.running import bench

ROWS, COPIES = 300, 2


@pytest.mark.slow
def test_every_way_takes_the_whole_register(tmp_path: Path) -> None:
    done = bench(
        "files",
        "--rows",
        str(ROWS),
        "--rounds",
        "1",
        "--copies",
        str(COPIES),
        "--out",
        str(tmp_path),
    )
    assert done.returncode == 0, done.stderr
    for way in WAYS:
        assert f"{way}: " in done.stdout
        assert f"round 1 of 1, {way}: " in done.stderr
    report = json.loads((tmp_path / "files.json").read_text(encoding="utf-8"))
    assert (report["rows"], report["copies"]) == (ROWS, COPIES)
    assert len(HEADINGS) == 20
    measures = {measure["way"]: measure for measure in report["measures"]}
    assert {way: measure["rows"] for way, measure in measures.items()} == {
        way: ROWS * COPIES if way == "many-xlsx" else ROWS for way in WAYS
    }
    for measure in measures.values():
        assert measure["seconds"] > 0 <= measure["cpu_seconds"]
        assert measure["peak_megabytes"] > 50
    assert [path.name for path in tmp_path.iterdir()] == ["files.json"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--rows", "many"], "'many': write a whole number above 0"),
        (["--ways", "calamine,magic"], "'magic' is none of ours-xlsx, ours-utf8"),
    ],
)
def test_the_command_names_what_is_wrong(arguments: list[str], text: str) -> None:
    done = bench("files", *arguments)
    assert done.returncode == 2
    assert text in done.stderr
