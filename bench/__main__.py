"""All benches in one: a table against the goals in docs/performance.md, the figures as JSON beside it."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.goals import LINES, Line
from bench.measuring import REPOSITORY, chosen_ways, machine, say

DOCS = REPOSITORY / "docs"
BEGIN, END = "<!-- make bench -->", "<!-- end of make bench -->"
# Each run of a bench by its arguments; the quick ones prove that it works, and measure nothing.
RUNS: dict[str, dict[str, Sequence[str]]] = {
    "metrica": {"": ["--rounds", "2"]},
    "files": {"": []},
    "smev": {"": ["--rounds", "2"]},
    "marts": {
        " 1 M": ["--visits", "1000000"],
        " 10 M": ["--visits", "10000000"],
        " 50 M": ["--visits", "50000000"],
    },
    "night": {"": ["--months", "3"]},
    "dags": {"": []},
    "forecast": {"": []},
}
QUICK: dict[str, dict[str, Sequence[str]]] = {
    "metrica": {"": ["--rows", "2000,4000", "--rounds", "1"]},
    "files": {"": ["--rows", "200", "--rounds", "1", "--copies", "2"]},
    "smev": {"": ["--lines", "600", "--notes", "300", "--envelopes", "40", "--rounds", "1"]},
    "marts": {"": ["--visits", "20000", "--sites", "2"]},
    "night": {"": ["--months", "1"]},
    "dags": {"": ["--districts", "1", "--rounds", "1"]},
    "forecast": {"": ["--districts", "3"]},
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen benches one after another; those that were not run keep their last figures."""
    options = _parser().parse_args(arguments)
    runs = QUICK if options.quick else RUNS
    figures: Path = options.docs / "performance.json"
    kept: dict[str, Any] = json.loads(figures.read_text("utf-8")) if figures.exists() else {}
    new: dict[str, Any] = {}
    # Asked before the page is written, which makes the tree another one.
    commit = _commit()
    for name in options.only:
        for size, given in runs[name].items():
            say(f"bench.{name}{size}")
            lines = LINES[name](_report(name, given))
            new[f"{name}{size}"] = {
                "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "commit": commit,
                "machine": machine(),
                "lines": [asdict(one) for one in lines],
            }
            if not options.quick or options.docs != DOCS:
                _write(options.docs, kept | new, _table(kept | new, kept))
    sys.stdout.write(_table(new, kept) + "\n")
    return 0


def _report(name: str, arguments: Sequence[str]) -> dict[str, Any]:
    """What one bench writes; its progress and its own table pass through to the terminal."""
    build = REPOSITORY / "build"
    build.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=build) as out:
        command = [sys.executable, "-m", f"bench.{name}", *arguments, "--out", out]
        done = subprocess.run(command, cwd=REPOSITORY, stdout=sys.stderr, check=False)
        found = Path(out) / f"{name}.json"
        # A bench that found its own result wrong ends with 1.
        if done.returncode or not found.exists():
            raise SystemExit(f"bench.{name} failed; its output is above.")
        report: dict[str, Any] = json.loads(found.read_text(encoding="utf-8"))
        return report


def _table(runs: dict[str, Any], before: dict[str, Any]) -> str:
    """A row a measure; ``before`` is the ratio of the last run that was written down."""
    rows = [
        "| measure | ours | reference | ratio | goal | | ratio before |",
        "|---|--:|--:|--:|--:|---|--:|",
    ]
    for name, run in runs.items():
        earlier = {
            (one["what"], one["reference"]): one["ratio"]
            for one in before.get(name, {}).get("lines", [])
            if before[name] is not run
        }
        for line in (Line(**one) for one in run["lines"]):
            last = earlier.get((line.what, line.reference))
            rows.append(
                f"| {line.what} | {_number(line.ours)} {line.unit} "
                f"| {line.reference}: {_number(line.against)} {line.unit} | {line.ratio:.2f} | {line.goal} "
                f"| {line.verdict} | {'' if last is None else f'{last:.2f}'} |"
            )
    return "\n".join(rows)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _write(docs: Path, runs: dict[str, Any], table: str) -> None:
    page = docs / "performance.md"
    head, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise SystemExit(
            f"{page}: the lines `{BEGIN}` and `{END}` are missing, between which the table goes."
        )
    measured = "\n".join(
        f"- `{name.strip()}`: {run['measured_at'][:16].replace('T', ' ')} UTC, commit `{run['commit']}`, "
        f"{run['machine']['processors']} processors, {run['machine']['memory_gib']} GiB"
        for name, run in runs.items()
    )
    page.write_text(f"{head}{BEGIN}\n{table}\n\n{measured}\n{END}{tail}", encoding="utf-8")
    text = json.dumps(runs, ensure_ascii=False, indent=1) + "\n"
    (docs / "performance.json").write_text(text, encoding="utf-8")


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--exclude", "*"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Runs all benches in turn. Writes one table (ours, reference, ratio, goal) into "
        "docs/performance.md and the figures into docs/performance.json, so that the next run shows what "
        "changed. Nothing else should be at work: it takes twenty minutes and 15 GB of memory.",
    )
    add = parser.add_argument
    names = ",".join(RUNS)
    add("--only", type=chosen_ways(RUNS), default=names, help=f"a comma list of {names}")
    add("--quick", action="store_true", help="smallest sizes; written only into another --docs")
    add("--docs", type=Path, default=DOCS, help="folder of performance.md and performance.json")
    return parser


if __name__ == "__main__":
    sys.exit(main())
