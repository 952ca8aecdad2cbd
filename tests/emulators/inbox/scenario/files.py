"""Puts the week into files, each with the notices that it carries."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random

from tests.emulators.inbox import textlog
from tests.emulators.inbox.clock import moscow
from tests.emulators.inbox.people import Person, crowd
from tests.emulators.inbox.scenario import journals, soap, textlogs
from tests.emulators.inbox.scenario.facts import DAYS, START, Talk, invent
from tests.emulators.inbox.scenario.journals import Note
from tests.emulators.inbox.scenario.notices import Notice
from tests.emulators.inbox.scenario.soap import Piece
from tests.emulators.inbox.scenario.textlogs import Entry

_MILLISECOND = 1000


@dataclass(frozen=True, slots=True)
class ScenarioFile:
    """One file: path below `smev/`, content, what it says, and how many of its pieces are bad."""

    name: str
    content: bytes
    notices: tuple[Notice, ...]
    bad: int = 0


def write_scenario(seed: int = 57) -> tuple[list[Talk], list[ScenarioFile]]:
    """The talks and all files of the week; the same seed gives the same bytes."""
    talks, rng = invent(seed), Random(f"{seed}/files")
    persons = crowd(seed)
    files = [
        *_archives(talks, persons, rng),
        *_journals(talks, persons, rng),
        *_text_logs(talks, persons, rng),
    ]
    return talks, files


def _archives(
    talks: Sequence[Talk], persons: Sequence[Person], rng: Random
) -> Iterator[ScenarioFile]:
    by_day: dict[date, list[Piece]] = defaultdict(list)
    alone: list[Piece] = []
    for talk in talks:
        for piece in soap.pieces(talk, rng):
            (alone if rng.random() < 0.04 else by_day[moscow(piece.at).date()]).append(piece)
    for number, piece in enumerate(alone):
        yield ScenarioFile(f"одиночные/{number}.xml", piece.content, (piece.notice,))
    for number, (day, found) in enumerate(sorted(by_day.items())):
        said = {piece.content: piece.notice for piece in found}
        said |= dict(soap.poll("GetRequestResponse", rng) for _ in range(3))
        said |= dict([soap.poll("GetResponseResponse", rng)])
        said |= dict([soap.fault(number, rng.choice(persons).address, rng)])
        contents = list(said)
        rng.shuffle(contents)  # An answer may come before its request.
        members = {f"{_folder(rng)}{n:04d}{_suffix(rng)}": one for n, one in enumerate(contents)}
        damaged = {"cut.xml": contents[0][:150], "empty.xml": b""} if number % 3 == 1 else {}
        yield ScenarioFile(
            f"smev_{day:%Y%m%d}.zip", _zip(members | damaged), tuple(said.values()), len(damaged)
        )


def _folder(rng: Random) -> str:
    return rng.choice(("", "in/", "out/", "arc/2025-03-31/", "unknown/"))


def _suffix(rng: Random) -> str:
    return rng.choice((".xml", ".xml.IN", ".xml.OUT", "", "}.xml", ".STATUS"))


def _zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(zipfile.ZipInfo(name, (2025, 4, 5, 6, 0, 0)), content)
    return buffer.getvalue()


def _journals(
    talks: Sequence[Talk], persons: Sequence[Person], rng: Random
) -> Iterator[ScenarioFile]:
    noted = [note for talk in talks for note in journals.notes(talk)]
    for hour in range(0, DAYS * 24, 7):
        at = START + timedelta(hours=hour, minutes=3)
        noted.append(journals.poll(at))
    noted += [
        journals.trouble(START + timedelta(days=day, hours=5), persons[day].name) for day in (1, 4)
    ]
    noted.sort(key=lambda note: note.at)
    for month in (3, 4):
        found = [note for note in noted if moscow(note.at).month == month]
        with_content = month == 4
        lines = [
            journals.written(note, month * 10_000 + n, rng, with_content=with_content)
            for n, note in enumerate(found)
        ]
        name, half = f"smev_journal_2025{month:02d}.jsonl", len(lines) // 2
        early = "\n".join(lines[:half]).encode()[: -len(lines[half - 1]) // 2]
        yield ScenarioFile(f"preliminary/{name}", early, _said(found[: half - 1]), 1)
        whole = "".join(f"{line}\n" for line in lines).encode()
        content = gzip.compress(whole, mtime=0) if month == 3 else b"\xef\xbb\xbf" + whole
        yield ScenarioFile(f"{name}{'.gz' if month == 3 else ''}", content, _said(found))
        later = lines[half - 3 :]
        rng.shuffle(later)
        yield ScenarioFile(f"again/{name}", "\r\n".join(later).encode(), _said(found[half - 3 :]))


def _said(found: Sequence[Note]) -> tuple[Notice, ...]:
    return tuple(note.notice for note in found)


def _text_logs(
    talks: Sequence[Talk], persons: Sequence[Person], rng: Random
) -> Iterator[ScenarioFile]:
    written = [entry for talk in talks for entry in textlogs.entries(talk, rng)]
    for hour in range(0, DAYS * 24, 5):
        written.append(textlogs.poll(START + timedelta(hours=hour, seconds=rng.randrange(60))))
    for number in range(6):
        at = START + timedelta(days=number, hours=11)
        written.append(textlogs.trouble(at, number, persons[number]))
    written.sort(key=lambda entry: entry.at)
    patterns = list(textlog.PATTERNS)
    names = (
        "smev-adapter-2025-03-31_0.log.gz",
        "smev-adapter.log.2.gz",
        "smev-adapter.log.1",
        "smev-adapter.log",
    )
    share = -(-len(written) // len(names))
    orphan: list[bytes] = []
    for number, name in enumerate(names):
        part = written[number * share : (number + 1) * share]
        lines, notices = orphan, []
        for n, entry in enumerate(part):
            # The pattern changes inside one file when the service is updated.
            pattern = patterns[(number + (n > len(part) * 2 // 3)) % len(patterns)]
            block, notice = _entry_lines(entry, pattern, persons, rng)
            lines += block
            notices.append(notice)
        # Rotation cuts between the lines of an entry: its stack trace goes on in the next file.
        orphan = [b"\tat ru.example.adapter.Next.step(Next.java:7)", b"\t... 23 more"]
        content = (b"\r\n" if number == 2 else b"\n").join(lines) + b"\n"
        packed = gzip.compress(content, mtime=0) if name.endswith(".gz") else content
        yield ScenarioFile(name, packed, tuple(notices))


def _entry_lines(
    entry: Entry, pattern: str, persons: Sequence[Person], rng: Random
) -> tuple[list[bytes], Notice]:
    logger = rng.choice(("Ack", "a.b.Signer", f"Поток-{rng.choice(persons).name.split()[0]}"))
    line = textlog.log_entry(
        entry.at, entry.text, pattern=pattern, level=entry.level, logger=logger
    )
    encoding = rng.choice(("utf-8", "utf-8", "windows-1251"))
    lines = [text.encode(encoding) for text in (line, *entry.below)]
    if rng.random() < 0.1:
        lines.append(rng.choice(textlogs.RUBBISH))
    return lines, replace(entry.notice, logged_at=_printed(entry.at, pattern))


def _printed(at: datetime, pattern: str) -> datetime:
    microsecond = 0 if pattern == "colons" else at.microsecond // _MILLISECOND * _MILLISECOND
    return at.replace(microsecond=microsecond)
