"""Loads SMEV logs, journals and envelopes in several ways: `python -m bench.smev --help`."""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

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
from tests.emulators.inbox.envelopes import Kind, get_request_response, message_id
from tests.emulators.inbox.journal import journal_line
from tests.emulators.inbox.textlog import ack_sent, log_entry, request_received

ZONE = "Europe/Moscow"
Prepared = tuple[Callable[[], object], Callable[[], int]]
WAYS = {
    "ours-text": "our load of the text log, published",
    "engine-text": "engine alone: LineAsString, splitByChar and substring",
    "re-text": "Python's re line by line, rows inserted in batches",
    "ours-journal": "our load of the journal, published",
    "engine-journal": "engine alone: JSONEachRow",
    "ours-envelopes": "our load of zips of envelopes, published",
    "lxml-envelopes": "bare lxml parsing of the same envelopes",
}
NAMESPACE = "urn://x-artefacts-gis-gmp/bench/1.0.0"
REQUEST = Kind(NAMESPACE, "Request")
_BATCH = 50_000
_IN_ZIP = 10_000
_ENTRY = re.compile(
    r"\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3})\] (\w+) (.*?) \((\w+)\)$",
)
_ID = re.compile(r"messageId=([0-9a-f-]{36})")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, write the figures."""
    options = _parser().parse_args(arguments)
    if options.child:
        way, folder, answer = options.child
        found = timed(way, *_prepared(way, Path(folder)))
        Path(answer).write_text(json.dumps(asdict(found)), encoding="utf-8")
        return 0
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="smev-bench-", dir=options.out) as folder:
        say("writing the log, the journal and the envelopes")
        write_sources(Path(folder), options.lines, options.notes, options.envelopes)
        measures = []
        for number in range(1, options.rounds + 1):
            for way in options.ways:
                one = in_fresh_process("bench.smev", way, Path(folder))
                say(
                    f"round {number} of {options.rounds}, {way}: {one.seconds:.2f} s, {one.speed:,.0f}/s"
                )
                measures.append(one)
    _print_table(options.ways, measures)
    report = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "rounds": options.rounds,
        "measures": [asdict(one) for one in measures],
    }
    target = options.out / "smev.json"
    target.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"Figures: {target}\n")
    return 0


def write_sources(folder: Path, lines: int, notes: int, envelopes: int) -> None:
    """``text/``, ``journal/`` and ``envelopes/`` below a folder: one log, one journal, zips of 10 000."""
    _write(folder / "text" / "adapter.log", _log_lines(lines))
    _write(folder / "journal" / "journal.jsonl", _journal_lines(notes))
    archives = folder / "envelopes"
    archives.mkdir(parents=True)
    for start in range(0, envelopes, _IN_ZIP):
        target = archives / f"{start // _IN_ZIP:04d}.zip"
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(start, min(start + _IN_ZIP, envelopes)):
                archive.writestr(f"{number}.xml", _envelope(number))
        _age(target)


def _write(path: Path, lines: Iterator[str]) -> None:
    path.parent.mkdir(parents=True)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)
    _age(path)


def _age(path: Path) -> None:
    # A young file is watched for a while before it is taken.
    stamp = time.time() - 3600
    os.utime(path, (stamp, stamp))


def _at(number: int) -> datetime:
    return datetime(2024, 3, 1, 6) + timedelta(milliseconds=700 * number)  # noqa: DTZ001 - naive is Moscow


def _log_lines(number: int) -> Iterator[str]:
    """A third of the lines tells of messages, the others of the adapter's own work."""
    chance = random.Random(1)
    for line in range(number):
        at = _at(line)
        if line % 3 == 0:
            text = request_received(
                message_id(at, line), sender="EMU01", recipient="EMU02", namespace=NAMESPACE
            )
        elif line % 3 == 1 and chance.random() < 0.1:
            text = ack_sent(message_id(at, line))
        else:
            text = f"опрос очереди завершён за {chance.randrange(900)} мс, сообщений нет, поток {line % 8}"
        yield log_entry(at, text)


def _journal_lines(number: int) -> Iterator[str]:
    for line in range(number):
        at = _at(line)
        yield journal_line(
            journal_id=line,
            logged_at=at,
            message_id=message_id(at, line),
            sender="EMU01",
            recipient="EMU02",
            sending_date=at,
            delivery_date=at + timedelta(seconds=2),
            vs_namespace=NAMESPACE,
        )


def _envelope(number: int) -> bytes:
    at = _at(number)
    return get_request_response(
        message=message_id(at, number),
        sender="EMU01",
        recipient="EMU02",
        kind=REQUEST,
        sent_at=at,
        delivered_at=at + timedelta(seconds=2),
    )


def _prepared(way: str, folder: Path) -> Prepared:
    kind, _, form = way.partition("-")
    files = sorted((folder / form).iterdir())
    if kind == "ours":
        return _ours(files, form)
    if kind == "lxml":
        return _lxml(files)
    return {"engine-text": _engine_text, "re-text": _re_text, "engine-journal": _engine_journal}[
        way
    ](files[0])


def _ours(files: Sequence[Path], form: str) -> Prepared:
    """The load task of the DAG over an inbox with these files; the schema stands before."""
    import clickhouse_connect

    from municipal_indicators import settings
    from municipal_indicators.file_loads import load_outcome
    from municipal_indicators.migrations import apply_schema
    from municipal_indicators.smev.files import load_file
    from municipal_indicators.warehouse import embedded_path, open_warehouse

    inbox = Path(str(settings.inbox_folder())) / "smev"
    inbox.mkdir(parents=True)
    for file in files:
        shutil.copy2(file, inbox / file.name)
    with open_warehouse() as warehouse:
        apply_schema(warehouse)
    # A client that stays keeps the engine running, so that its start is no part of the load.
    kept = clickhouse_connect.get_client(interface="chdb", path=str(embedded_path()))
    outcome: dict[str, Any] = {}

    def count() -> int:
        if outcome != {"published": len(files), "failed": ""}:
            raise SystemExit(f"not published: {outcome}")
        kept.close()
        if form == "envelopes":
            return _members(files)
        with files[0].open("rb") as lines:
            return sum(1 for _ in lines)

    return lambda: outcome.update(load_outcome("smev", load_file, ZONE)), count


def _members(files: Sequence[Path]) -> int:
    return sum(len(zipfile.ZipFile(file).namelist()) for file in files)


def _engine_text(path: Path) -> Prepared:
    return _engine(
        "stamp DateTime64(3), level LowCardinality(String), message String",
        f"SELECT parseDateTime64BestEffortOrNull(replaceOne(substring(line, 2, 23), ',', '.'), 3),"
        " splitByChar(' ', line)[3], substring(line, 27)"
        f" FROM file('{path}', LineAsString, 'line String')",
    )


def _engine_journal(path: Path) -> Prepared:
    names = (
        "logged_at, direction, operation, message_id, message_type, sender, recipient,"
        " sending_date, delivery_date"
    )
    columns = ", ".join(f"{name} String" for name in names.split(", "))
    return _engine(
        columns,
        f"SELECT {names} FROM file('{path}', JSONEachRow, '{columns}')",
    )


def _engine(columns: str, select: str) -> Prepared:
    from municipal_indicators.warehouse import open_warehouse

    opened = open_warehouse()
    warehouse = opened.__enter__()
    warehouse.command(f"CREATE TABLE default.lines ({columns}) ENGINE = MergeTree ORDER BY tuple()")

    def count() -> int:
        rows = int(warehouse.value("SELECT count() FROM default.lines"))
        opened.__exit__(None, None, None)
        return rows

    return lambda: warehouse.command(f"INSERT INTO default.lines {select}"), count


def _re_text(path: Path) -> Prepared:
    from municipal_indicators.warehouse import open_warehouse

    opened = open_warehouse()
    warehouse = opened.__enter__()
    names = ("stamp", "level", "message", "logger", "message_id")
    columns = ", ".join(f"{name} String" for name in names)
    warehouse.command(f"CREATE TABLE default.lines ({columns}) ENGINE = MergeTree ORDER BY tuple()")

    def load() -> None:
        batch: list[tuple[str, ...]] = []
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                if found := _ENTRY.match(line):
                    told = _ID.search(found[3])
                    batch.append((*found.groups(), told[1] if told else ""))
                if len(batch) == _BATCH:
                    warehouse.client.insert("default.lines", batch, column_names=names)
                    batch.clear()
        if batch:
            warehouse.client.insert("default.lines", batch, column_names=names)

    def count() -> int:
        rows = int(warehouse.value("SELECT count() FROM default.lines"))
        opened.__exit__(None, None, None)
        return rows

    return load, count


def _lxml(files: Sequence[Path]) -> Prepared:
    from lxml import etree

    found: list[str] = []

    def load() -> None:
        for file in files:
            with zipfile.ZipFile(file) as archive:
                for name in archive.namelist():
                    found.append(etree.fromstring(archive.read(name)).tag)

    return load, lambda: len(found)


def _print_table(ways: Sequence[str], measures: Sequence[Measure]) -> None:
    """One line a way: medians of the rounds, the highest peak, and ratios within its kind of source."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title="SMEV: text logs and journals in lines, envelopes in messages")
    table.add_column("way", overflow="fold")
    for name in ("rows", "s", "rows/s", "CPU s", "peak MB", "× engine or lxml", "× re"):
        table.add_column(name, justify="right")
    medians = {way: middle([one for one in measures if one.way == way]) for way in ways}
    for way, one in medians.items():
        form = way.partition("-")[2]
        best = medians.get(f"engine-{form}") or medians.get(f"lxml-{form}")
        table.add_row(
            f"{way}: {WAYS[way]}",
            f"{one.rows:,}",
            f"{one.seconds:.2f}",
            f"{one.speed:,.0f}",
            f"{one.cpu_seconds:.1f}",
            f"{one.peak_megabytes:,.0f}",
            *(
                f"{one.speed / other.speed:.2f}" if other else ""
                for other in (best, medians.get(f"re-{form}"))
            ),
        )
    Console(width=130).print(table)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.smev",
        description="Loads SMEV sources in several ways, each in fresh processes, in turn.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        epilog="Ways: " + "; ".join(f"{way}: {text}" for way, text in WAYS.items()),
    )
    add = parser.add_argument
    add("--lines", type=whole_number, default=5_000_000, help="lines of the text log")
    add("--notes", type=whole_number, default=2_000_000, help="lines of the journal")
    add("--envelopes", type=whole_number, default=100_000, help="messages in zips")
    add("--rounds", type=whole_number, default=3, help="rounds; the medians are shown")
    add("--ways", type=chosen_ways(WAYS), default=",".join(WAYS), help="which ways, comma list")
    add("--out", type=Path, default=REPOSITORY / "build" / "bench", help="figures, warehouses")
    add("--child", nargs=3, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
