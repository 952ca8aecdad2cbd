"""The bench of Metrica loads, with small numbers: every way loads the day, and all are compared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.metrica import WAYS
from tests.bench.running import bench

ROWS = 20_000


@pytest.mark.slow
def test_every_way_loads_the_same_day(tmp_path: Path) -> None:
    done = bench(
        "metrica",
        "--rows",
        str(ROWS),
        "--rounds",
        "1",
        "--part-bytes",
        "2000000",
        "--out",
        str(tmp_path),
    )
    assert done.returncode == 0, done.stderr
    for way, text in WAYS.items():
        assert f"{way}: {text}" in done.stdout
        assert f"round 1 of 1, {way}: " in done.stderr
    report = json.loads((tmp_path / "metrica.json").read_text(encoding="utf-8"))
    (day,) = report["days"]
    measures = {measure["way"]: measure for measure in day["measures"]}
    assert {way: measure["rows"] for way, measure in measures.items()} == dict.fromkeys(WAYS, ROWS)
    # pandas and plain Python do not know the escapes of the text, so their cells differ.
    exact = {measures[way]["fingerprint"] for way in ("ours", "infile", "file")}
    assert len(exact) == 1
    for measure in measures.values():
        assert measure["seconds"] > 0 < measure["cpu_seconds"]
        assert measure["peak_megabytes"] > 100
    left = {path.name for path in tmp_path.iterdir() if path.suffix != ".tsv"}
    assert left == {"metrica.json"}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--rows", "many"], "'many': write numbers of rows, as 1000000,5000000"),
        (["--ways", "ours,magic"], "'magic' is none of ours, infile"),
    ],
)
def test_the_command_names_what_is_wrong(arguments: list[str], text: str) -> None:
    done = bench("metrica", *arguments)
    assert done.returncode == 2
    assert text in done.stderr
