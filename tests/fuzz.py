"""Damages files in random ways and loads them: ``python -m tests.fuzz --help``.

A damaged file may be published, with or without rows in quarantine, or rejected. It may not end in any other
way, end the parser, or keep the good file beside it from being loaded.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import shutil
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SEEDS = Path(__file__).with_name("cases")
SOURCES = ("gosuslugi", "registers", "smev")
SUFFIXES = (".csv", ".xlsx", ".xls", ".ods", ".xml", ".txt", ".jsonl", ".zip", ".gz")
LONGEST = 1 << 20
BATCH = 20


@dataclass
class Tally:
    """What became of the damaged files, and those that ended as none may."""

    outcomes: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @property
    def inputs(self) -> int:
        """How many files were loaded."""
        return sum(self.outcomes.values())


def damaged(content: bytes, other: bytes, rng: random.Random) -> bytes:
    """A file with one to four random damages; of a packed workbook in one of its members."""
    if rng.random() < 0.7 and zipfile.is_zipfile(io.BytesIO(content)):
        return _with_damaged_member(content, other, rng)
    for _ in range(rng.randint(1, 4)):
        content = rng.choice(_WAYS)(content, other, rng)[:LONGEST]
    # An empty file is left for a minute first, as an upload that has just begun.
    return content or b"\n"


def _with_damaged_member(content: bytes, other: bytes, rng: random.Random) -> bytes:
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(result, "w") as new:
        names = old.namelist()
        chosen = rng.choice(names)
        for name in names:
            member = old.read(name)
            if name == chosen:
                member = rng.choice(_WAYS)(member, other, rng)[:LONGEST]
            new.writestr(name, member, zipfile.ZIP_DEFLATED)
    return result.getvalue()


def _span(content: bytes, rng: random.Random) -> tuple[int, int]:
    start = rng.randint(0, len(content))
    return start, min(len(content), start + int(rng.expovariate(1 / 40)))


def _flipped(content: bytes, _other: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.randint(1, 20) if changed else 0):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _cut(content: bytes, _other: bytes, rng: random.Random) -> bytes:
    return content[: rng.randint(0, len(content))]


def _without(content: bytes, _other: bytes, rng: random.Random) -> bytes:
    start, end = _span(content, rng)
    return content[:start] + content[end:]


def _repeated(content: bytes, _other: bytes, rng: random.Random) -> bytes:
    start, end = _span(content, rng)
    return content[:end] + content[start:end] * rng.choice((1, 10, 1000)) + content[end:]


def _spliced(content: bytes, other: bytes, rng: random.Random) -> bytes:
    at, (start, end) = rng.randint(0, len(content)), _span(other, rng)
    return content[:at] + other[start : end + rng.choice((0, 2000))] + content[at:]


def _with_token(content: bytes, _other: bytes, rng: random.Random) -> bytes:
    at = rng.randint(0, len(content))
    return content[:at] + rng.choice(_TOKENS) + content[at:]


_WAYS = (_flipped, _cut, _without, _repeated, _spliced, _with_token)
_TOKENS = (
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\r",
    b"\n\n\n",
    b'"',
    b";;;;;;",
    b"\t" * 300,
    b"<!DOCTYPE x SYSTEM 'file:///etc/passwd'>",
    b"<a>" * 500,
    b"]]>",
    b"&x;",
    b"1e309",
    b"-9223372036854775809",
    b"99999999999999999999999999",
    "٣".encode(),
    "Итого".encode(),
    b"31.02.2024",
    b"_" * 50_000,
    b"{" * 2_000,
)


def fuzz(places: Path, seed: int, seconds: float, inputs: int = sys.maxsize) -> Iterator[Tally]:
    """Load batches of damaged files until either limit; yields the tally after each batch.

    ``places`` has the folders ``inbox`` and ``archive`` of the Variables; the connection names an empty
    warehouse. Each batch has one good file of its source, which has to be published.
    """
    from municipal_indicators.inbox.file_loads import FilesFailedError, load_new_files
    from municipal_indicators.sources.file_sources import file_source

    rng, tally, ends = random.Random(seed), Tally(), time.monotonic() + seconds
    seeds = {
        name: [path for path in sorted((SEEDS / name).iterdir()) if path.is_file()]
        for name in SOURCES
    }
    everything = [path.read_bytes() for paths in seeds.values() for path in paths]
    while time.monotonic() < ends and tally.inputs < inputs:
        source = rng.choice(SOURCES)
        folder = places / "inbox" / source
        folder.mkdir(parents=True, exist_ok=True)
        sent = {}
        for number in range(BATCH):
            path = rng.choice(seeds[source])
            suffix = path.suffix if rng.random() < 0.8 else rng.choice(SUFFIXES)
            name = f"{tally.inputs + number}{suffix}"
            sent[name] = damaged(path.read_bytes(), rng.choice(everything), rng)
            (folder / name).write_bytes(sent[name])
        good = _good(source, tally.inputs)
        (folder / good[0]).write_bytes(good[1])
        try:
            run = load_new_files(file_source(source, "Europe/Moscow"))
        except FilesFailedError as error:
            run = error.run
        except Exception as error:  # noqa: BLE001 - what a run must never do is what is looked for
            tally.faults.append(f"seed {seed}: the run of {source} ended: {type(error).__name__}")
            shutil.rmtree(folder)
            continue
        rejected = {name.partition("/")[2] for name in run.rejected}
        stayed = {path.name for path in folder.iterdir()}
        if good[0] in rejected | stayed:
            tally.faults.append(f"seed {seed}: the good file of {source} was not published")
        for name in sent:
            outcome = (
                "rejected" if name in rejected else "stayed" if name in stayed else "published"
            )
            tally.outcomes[outcome] += 1
        for name in stayed - {good[0]}:
            reason = next((one for one in run.broken if name in one), "")
            kept = Path(tempfile.gettempdir()) / f"fuzzed-{seed}-{name}"
            kept.write_bytes(sent[name])
            tally.faults.append(f"seed {seed}: {source}/{name} stayed ({kept}): {reason}")
        shutil.rmtree(folder)
        yield tally


def _good(source: str, number: int) -> tuple[str, bytes]:
    """A file that is right, and another one each time."""
    if source == "gosuslugi":
        text = "Код услуги;Наименование;Уровень;Электронная подача;Действует с\n"
        text += f"{60_000_000 + number};Выдача;Муниципальная;да;01.01.2024\n"
    elif source == "registers":
        text = f"Подразделение;Требуется;Оснащено;На дату\nОтдел {number};1;1;01.02.2024\n"
    else:
        note = {
            "journal_id": 1,
            "logged_at": "2025-03-05T09:14:07.512",
            "direction": "IN",
            "operation": "GetRequest",
            "message_id": f"ade3a181-0aa6-11ef-8101-{number:012x}",
            "message_type": "RequestMessageType",
            "sender": "FNS001",
            "recipient": "MTSENSK_ADM",
            "sending_date": "2024-05-05T09:14:07+03:00",
            "vs_namespace": "urn://x/1",
            "vs_root": "R",
            "test_message": False,
        }
        return "good.jsonl", json.dumps(note).encode()
    return "good.csv", text.encode()


def say(text: str) -> None:
    """A line of progress."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz for some minutes; 1 if a file ended as none may."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="how long (10)")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args(arguments)

    from tests.conftest import _HOME

    places = _HOME
    say(f"seed {options.seed}")
    tally = Tally()
    for tally in fuzz(places, options.seed, options.minutes * 60):
        say(f"{tally.inputs} files: {dict(tally.outcomes)}, {len(tally.faults)} faults")
    for fault in tally.faults:
        say(fault)
    shutil.rmtree(_HOME, ignore_errors=True)
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
