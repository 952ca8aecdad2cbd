"""What the benchmarks of file loads share: the rounds, the table, the figures, and our own load."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.measuring import (
    REPOSITORY,
    Measure,
    chosen_ways,
    in_fresh_process,
    machine,
    middle,
    say,
    timed,
    whole_number,
)

if TYPE_CHECKING:
    from municipal_indicators.inbox.file_loads import Loader
    from municipal_indicators.warehouse.client import Warehouse

ZONE = "Europe/Moscow"
Prepared = tuple[Callable[[], object], Callable[[], int]]
"""A load, and what counts the rows that it stored or read."""


@dataclass(frozen=True, slots=True)
class Bench:
    """One bench: its files, its ways, and which way each is compared with.

    ``write`` makes the files of all ways in a folder, ``prepared`` makes one way ready there;
    ``sizes`` are its own options with their defaults and help; ``compared`` holds, by heading of the
    table, the way that a way is compared with.
    """

    name: str
    title: str
    ways: Mapping[str, str]
    sizes: Mapping[str, tuple[int, str]]
    write: Callable[[Path, argparse.Namespace], None]
    prepared: Callable[[str, Path], Prepared]
    compared: Mapping[str, Callable[[str], str]]

    def main(self, arguments: Sequence[str] | None = None) -> int:
        """Measure, print the table, write the figures."""
        options = self._parser().parse_args(arguments)
        if options.child:
            way, folder, answer = options.child
            found = timed(way, *self.prepared(way, Path(folder)))
            Path(answer).write_text(json.dumps(asdict(found)), encoding="utf-8")
            return 0
        options.out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f"{self.name}-bench-", dir=options.out) as folder:
            say("writing the files")
            self.write(Path(folder), options)
            measures = list(self._measures(Path(folder), options))
        self._print_table(options.ways, measures)
        report = {
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine(),
            "rounds": options.rounds,
            **{name: getattr(options, name) for name in self.sizes},
            "measures": [asdict(one) for one in measures],
        }
        target = options.out / f"{self.name}.json"
        target.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        sys.stdout.write(f"Figures: {target}\n")
        return 0

    def _measures(self, folder: Path, options: argparse.Namespace) -> Iterator[Measure]:
        """Run all ways in turn, round after round, so that a busy minute does not affect only one of them."""
        for number in range(1, options.rounds + 1):
            for way in options.ways:
                one = in_fresh_process(f"bench.{self.name}", way, folder)
                say(
                    f"round {number} of {options.rounds}, {way}: {one.seconds:.2f} s,"
                    f" {one.speed:,.0f} rows/s"
                )
                yield one

    def _print_table(self, ways: Sequence[str], measures: Sequence[Measure]) -> None:
        """One line per way: medians of the rounds, the highest peak, and ratios of speed."""
        from rich.console import Console
        from rich.table import Table

        table = Table(title=self.title)
        table.add_column("way", overflow="fold")
        for name in ("rows", "s", "rows/s", "CPU s", "peak MB", *self.compared):
            table.add_column(name, justify="right")
        medians = {way: middle([one for one in measures if one.way == way]) for way in ways}
        for way, one in medians.items():
            others = [medians.get(other(way)) for other in self.compared.values()]
            table.add_row(
                f"{way}: {self.ways[way]}",
                f"{one.rows:,}",
                f"{one.seconds:.2f}",
                f"{one.speed:,.0f}",
                f"{one.cpu_seconds:.1f}",
                f"{one.peak_megabytes:,.0f}",
                *(f"{one.speed / other.speed:.2f}" if other else "" for other in others),
            )
        Console(width=130).print(table)

    def _parser(self) -> argparse.ArgumentParser:
        parser = argparse.ArgumentParser(
            prog=f"python -m bench.{self.name}",
            description=f"{self.title}, in several ways, each in fresh processes, in turn.",
            formatter_class=argparse.ArgumentDefaultsHelpFormatter,
            epilog="Ways: " + "; ".join(f"{way}: {text}" for way, text in self.ways.items()),
        )
        add = parser.add_argument
        for name, (default, text) in self.sizes.items():
            add(f"--{name}", type=whole_number, default=default, help=text)
        add("--rounds", type=whole_number, default=3, help="rounds; the medians are shown")
        known = ",".join(self.ways)
        add("--ways", type=chosen_ways(self.ways), default=known, help="which ways, comma list")
        out = REPOSITORY / "build" / "bench"
        add("--out", type=Path, default=out, help="figures, warehouses")
        add("--child", nargs=3, help=argparse.SUPPRESS)
        return parser


def aged(path: Path) -> None:
    """Make a file an hour old: the load watches a recent file for a while before it takes it."""
    stamp = time.time() - 3600
    os.utime(path, (stamp, stamp))


def our_load(
    source: str, loader: Loader, files: Sequence[Path], count: Callable[[Warehouse], int]
) -> Prepared:
    """The load task of a DAG over an inbox with these files; the schema is applied before."""
    import clickhouse_connect

    from municipal_indicators import settings
    from municipal_indicators.inbox.file_loads import load_outcome
    from municipal_indicators.sources.file_sources import file_source
    from municipal_indicators.sources.schema import apply_schema
    from municipal_indicators.warehouse.client import embedded_path, open_warehouse

    inbox = Path(str(settings.inbox_folder())) / source
    inbox.mkdir(parents=True)
    for file in files:
        shutil.copy2(file, inbox / file.name)
    with open_warehouse() as warehouse:
        apply_schema(warehouse)
    # An open client keeps the engine running, so that its start is not part of the load.
    kept = clickhouse_connect.get_client(interface="chdb", path=str(embedded_path()))
    outcome: dict[str, Any] = {}

    def counted() -> int:
        if outcome != {"published": len(files), "rejected": [], "failed": ""}:
            raise SystemExit(f"not published: {outcome}")
        with open_warehouse() as warehouse:
            rows = count(warehouse)
        kept.close()
        return rows

    return lambda: outcome.update(load_outcome(file_source(source, ZONE, loader))), counted


def engine_load(create: str, insert: str) -> Prepared:
    """One statement of the engine alone into a table of its own, which ``create`` makes."""
    from municipal_indicators.warehouse.client import open_warehouse

    opened = open_warehouse()
    warehouse = opened.__enter__()
    warehouse.command(create)
    table = create.split()[2]

    def count() -> int:
        rows = int(warehouse.value(f"SELECT count() FROM {table}"))
        opened.__exit__(None, None, None)
        return rows

    return lambda: warehouse.command(insert), count
