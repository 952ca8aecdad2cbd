"""Loads days of Metrica visits in several ways and compares them: `python -m bench.metrica --help`."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from bench.measuring import a_room, answer_of, chosen_ways, environment, machine, middle, say
from bench.task import Field, Task, VisitsMeasure
from municipal_indicators.sources.metrica.fields import load_fields
from tests.emulators.metrica.bulk import REPOSITORY, Bulk

COUNTER, DAY, ZONE = 12345678, date(2024, 3, 5), "Europe/Moscow"
TOKEN = "bench-token"  # noqa: S105 - only the emulator knows it
WAYS = {
    "ours": "our load task, every cell checked, published",
    "infile": "engine alone, INSERT … FROM INFILE",
    "file": "engine alone, INSERT … SELECT FROM file()",
    "pandas": "requests → pandas.read_csv → insert_df",
    "lists": "rows in Python lists → insert",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """VisitsMeasure, print the table, write the figures."""
    options = _parser().parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    results: dict[int, list[VisitsMeasure]] = {}
    for size in options.rows:
        results[size] = list(_measure_size(size, options))
        _print_table(size, results[size], options.ways)
    report = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "rounds": options.rounds,
        "days": [
            {
                "rows": size,
                "measures": [asdict(measure) for measure in measures],
            }
            for size, measures in results.items()
        ],
    }
    target = options.out / "metrica.json"
    target.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"Figures: {target}\n")
    return 0


def _measure_size(size: int, options: argparse.Namespace) -> Iterator[VisitsMeasure]:
    """Run all ways in turn, round after round, so that a busy minute does not affect only one of them."""
    bulk = Bulk(size, options.out)
    fields = _fields()
    say(f"{size:,} rows: writing the day")
    file = bulk.day_file(COUNTER, DAY, "visits", [field.name for field in fields])
    with _emulator(size, options) as url:
        task = Task(url, TOKEN, COUNTER, str(DAY), ZONE, size, "", str(file), fields)
        described = _child("describe", task, options.out)
        columns = tuple((name, kind) for name, kind in described["columns"])
        task = replace(task, columns=columns, order_by=described["order_by"])
        for number in range(1, options.rounds + 1):
            for way in options.ways:
                measured = VisitsMeasure(**_child(way, task, options.out))
                say(
                    f"{size:,} rows, round {number} of {options.rounds}, {way}: {measured.seconds:.2f} s,"
                    f" {measured.speed:,.0f} rows/s"
                )
                yield measured


def _child(way: str, task: Task, folder: Path) -> dict[str, Any]:
    """Run one way in a new process with an empty warehouse; returns its answer."""
    with a_room(folder, "metrica-bench") as room:
        text = replace(task, warehouse=str(room / "warehouse")).as_json()
        arguments = ["bench.ways", way, str(room / "answer.json")]
        return answer_of(way, arguments, room, _environment(room, task.url), text)


def _environment(room: Path, url: str) -> dict[str, str]:
    """The connections of the bench, the emulator's among them."""
    metrica = {"conn_type": "metrica", "schema": "http", "host": "127.0.0.1", "password": TOKEN}
    metrica["port"] = url.rpartition(":")[2]
    return environment(room) | {"AIRFLOW_CONN_METRICA_DEFAULT": json.dumps(metrica)}


@contextmanager
def _emulator(size: int, options: argparse.Namespace) -> Iterator[str]:
    """The emulator in bulk mode, a process of its own; its address."""
    command = [sys.executable, "-m", "tests.emulators.metrica", "--token", TOKEN]
    command += ["--counter", f"{COUNTER}:{ZONE}", "--polls", "0"]
    command += ["--bulk", str(size), "--bulk-folder", str(options.out)]
    command += ["--part-bytes", str(options.part_bytes)]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        found = re.search(r"http://\S+\d", process.stdout.readline())
        if found is None:
            raise SystemExit("The Metrica emulator did not start; see its output above.")
        yield found[0]
    finally:
        process.terminate()
        process.wait(10)


def _print_table(size: int, measures: Sequence[VisitsMeasure], ways: Sequence[str]) -> None:
    """One line per way: medians of the rounds, and ratios to the engine alone."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"One day of {size:,} visits, {len(_fields())} fields")
    table.add_column("way", overflow="fold")
    for name in ("rows", "rows/s", "CPU s", "peak MB", "× INFILE", "× file()", "same cells"):
        table.add_column(name, justify="right")
    medians = {way: middle([one for one in measures if one.way == way]) for way in ways}
    for way, one in medians.items():
        table.add_row(
            f"{way}: {WAYS[way]}",
            f"{one.rows:,}",
            f"{one.speed:,.0f}",
            f"{one.cpu_seconds:.1f}",
            f"{one.peak_megabytes:,.0f}",
            _ratio(one, medians.get("infile")),
            _ratio(one, medians.get("file")),
            _same_cells(one, medians.get("file") or medians.get("infile")),
        )
    Console(width=130).print(table)


def _ratio(measure: VisitsMeasure, other: VisitsMeasure | None) -> str:
    return f"{measure.speed / other.speed:.2f}" if other else ""


def _same_cells(measure: VisitsMeasure, other: VisitsMeasure | None) -> str:
    if other is None or measure.rows != other.rows:
        return ""
    return "yes" if measure.fingerprint == other.fingerprint else "no"


def _fields() -> tuple[Field, ...]:
    listed = load_fields("visits").fields
    return tuple(
        Field(field.name, field.column, field.type, field.address or field.type == "Array(String)")
        for field in listed
    )


def _sizes(text: str) -> list[int]:
    sizes = [int(part) if part.isdecimal() else 0 for part in text.replace("_", "").split(",")]
    if not all(sizes):
        raise argparse.ArgumentTypeError(f"{text!r}: write numbers of rows, as 1000000,5000000")
    return sizes


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.metrica",
        description="Loads days of Metrica visits in several ways, each in fresh processes, in turn.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog="Ways: " + "; ".join(f"{way}: {text}" for way, text in WAYS.items()),
    )
    add = parser.add_argument
    add("--rows", type=_sizes, default="1000000,5000000", help="sizes of the day, comma list")
    add("--rounds", type=int, default=3, help="rounds; the medians are shown")
    add("--ways", type=chosen_ways(WAYS), default=",".join(WAYS), help="which ways, comma list")
    add("--part-bytes", type=int, default=Bulk(0).part_bytes, help="most bytes of a part")
    add(
        "--out", type=Path, default=REPOSITORY / "build" / "bench", help="days, figures, warehouses"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
