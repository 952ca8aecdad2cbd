"""The whole inbox of a span of months: writes every source's files and gathers the truth."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from tests.emulators.inbox.applications import (
    EXECUTOR_DATA,
    resolve,
    write_application_registers,
)
from tests.emulators.inbox.catalogue import write_catalogues
from tests.emulators.inbox.clock import last_day
from tests.emulators.inbox.exchange import Exchange
from tests.emulators.inbox.people import crowd, planted
from tests.emulators.inbox.registers import (
    write_budget,
    write_departments,
    write_events,
    write_workplaces,
)
from tests.emulators.inbox.truth import (
    Application,
    BadPiece,
    Department,
    Event,
    Execution,
    Request,
    Service,
    Truth,
    Workplace,
    WrittenFile,
)

SEED = 57


@dataclass(slots=True)
class _Span:
    """A folder and months to write for; notes what is written."""

    folder: Path
    first_month: date
    last_month: date
    seed: int
    files: list[WrittenFile] = field(default_factory=list)
    bad: list[BadPiece] = field(default_factory=list)

    def note(self, path: Path, delivered: int, bad: Iterable[BadPiece] = ()) -> None:
        """Take down a written file and its bad pieces."""
        below = path.relative_to(self.folder)
        self.files.append(WrittenFile(below, delivered))
        self.bad += [replace(one, path=below) for one in bad]


def write_inbox(
    folder: Path,
    first_month: date,
    last_month: date,
    seed: int = SEED,
    smev_until: date | None = None,
) -> Truth:
    """Write gosuslugi/, smev/ and registers/ of the months into the folder; return the truth.

    The same arguments give the same bytes and modification times. Months are given by any day. The
    logs of SMEV may go on after the last month, through the day `smev_until`.
    Raises ValueError where the span is empty or begins before 2022.
    """
    if not date(2022, 1, 1) <= first_month <= last_month:
        raise ValueError(f"months {first_month} to {last_month}: they must grow, from 2022 on")
    span = _Span(folder, first_month.replace(day=1), last_month.replace(day=1), seed)
    services = _write_catalogues(span)
    applications, unfiled = _write_applications(span)
    requests, uncounted = _write_exchange(span, smev_until or last_day(span.last_month))
    return Truth(
        last_month=span.last_month,
        applications=tuple(applications),
        unfiled=unfiled,
        services=tuple(services),
        requests=tuple(requests),
        uncounted_messages=uncounted,
        workplaces=tuple(_write_workplaces(span)),
        departments=tuple(_write_departments(span)),
        events=tuple(_write_events(span)),
        budget=tuple(_write_budget(span)),
        bad=tuple(span.bad),
        personal=planted(crowd(seed)) | EXECUTOR_DATA,
        files=tuple(span.files),
    )


def _write_catalogues(span: _Span) -> list[Service]:
    known: dict[tuple[str, date], Service] = {}
    place = span.folder / "gosuslugi" / "catalogues"
    for path, rows in write_catalogues(place, span.first_month, span.last_month, span.seed):
        span.note(path, len(rows))
        known |= {(one.code, one.valid_from): one for one in rows}
    return sorted(known.values(), key=lambda one: (one.code, one.valid_from))


def _write_applications(span: _Span) -> tuple[list[Application], frozenset[str]]:
    registers = list(
        write_application_registers(
            span.folder / "gosuslugi", span.first_month, span.last_month, span.seed
        )
    )
    for one in registers:
        span.note(one.path, len(one.shown) + len(one.bad), one.bad)
    return resolve(registers)


def _write_exchange(span: _Span, until: date) -> tuple[list[Request], frozenset[str]]:
    exchange = Exchange(span.first_month, until, span.seed)
    for one in exchange.write(span.folder / "smev"):
        span.note(one.path, one.delivered, one.bad)
    return exchange.requests(), exchange.uncounted_messages()


def _write_workplaces(span: _Span) -> list[Workplace]:
    known: dict[tuple[str, date], Workplace] = {}
    place = span.folder / "registers"
    for path, rows, bad_line in write_workplaces(
        place, span.first_month, span.last_month, span.seed
    ):
        bad = [BadPiece(path, "На дату", "impossible date", line=bad_line)] if bad_line else []
        span.note(path, len(rows) + len(bad), bad)
        known |= {(one.number, one.on_date): one for one in rows}
    return list(known.values())


def _write_departments(span: _Span) -> list[Department]:
    known: list[Department] = []
    place = span.folder / "registers"
    for path, rows in write_departments(place, span.first_month, span.last_month, span.seed):
        span.note(path, len(rows))
        known += rows
    return known


def _write_events(span: _Span) -> list[Event]:
    known: list[Event] = []
    place = span.folder / "registers"
    for path, rows, written in write_events(place, span.first_month, span.last_month, span.seed):
        span.note(path, written)
        known += rows
    return known


def _write_budget(span: _Span) -> list[Execution]:
    known: list[Execution] = []
    place = span.folder / "registers"
    for path, rows in write_budget(place, span.first_month, span.last_month, span.seed):
        span.note(path, len(rows))
        known += rows
    return known
