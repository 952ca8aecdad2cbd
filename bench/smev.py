"""Loads SMEV logs, journals and envelopes in several ways: `python -m bench.smev --help`."""

from __future__ import annotations

import random
import re
import sys
import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bench.loading import Bench, Prepared, aged, engine_load, our_load
from tests.emulators.inbox.envelopes import Kind, get_request_response, message_id
from tests.emulators.inbox.journal import journal_line
from tests.emulators.inbox.textlog import ack_sent, log_entry, request_received

if TYPE_CHECKING:
    from municipal_indicators.warehouse.client import Warehouse

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
        aged(target)


def _write(path: Path, lines: Iterator[str]) -> None:
    path.parent.mkdir(parents=True)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)
    aged(path)


def _at(number: int) -> datetime:
    return datetime(2024, 3, 1, 6) + timedelta(milliseconds=700 * number)  # noqa: DTZ001 - naive is Moscow


def _log_lines(number: int) -> Iterator[str]:
    """A third of the lines are about messages, the others about the adapter's own work."""
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
    from municipal_indicators.sources.smev.files import load_file

    def taken(_: Warehouse) -> int:
        if form == "envelopes":
            return _members(files)
        with files[0].open("rb") as lines:
            return sum(1 for _ in lines)

    return our_load("smev", load_file, files, taken)


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
    return engine_load(
        f"CREATE TABLE default.lines ({columns}) ENGINE = MergeTree ORDER BY tuple()",
        f"INSERT INTO default.lines {select}",
    )


def _re_text(path: Path) -> Prepared:
    from municipal_indicators.warehouse.client import open_warehouse

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
                    message = _ID.search(found[3])
                    batch.append((*found.groups(), message[1] if message else ""))
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


def _alone(way: str) -> str:
    form = way.partition("-")[2]
    return "lxml-envelopes" if form == "envelopes" else f"engine-{form}"


BENCH = Bench(
    name="smev",
    title="SMEV: text logs and journals in lines, envelopes in messages",
    ways=WAYS,
    sizes={
        "lines": (5_000_000, "lines of the text log"),
        "notes": (2_000_000, "lines of the journal"),
        "envelopes": (100_000, "messages in zips"),
    },
    write=lambda folder, options: write_sources(
        folder, options.lines, options.notes, options.envelopes
    ),
    prepared=_prepared,
    compared={
        "× engine or lxml": _alone,
        "× re": lambda way: f"re-{way.partition('-')[2]}",
    },
)

if __name__ == "__main__":
    sys.exit(BENCH.main())
