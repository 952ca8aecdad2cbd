"""Politeness towards the Metrica API: rates and parallel calls that all processes of a host share.

The state is one small locked file, because tasks and triggerer are processes that know nothing of
each other. ``pyrate-limiter`` 4.5 over SQLite was tried: three processes got 11 calls into one
second of a limit of 10, since it books a call that waited with a computed time, not the real one.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from municipal_indicators import settings
from municipal_indicators.errors import (
    ConfigurationError,
    MetricaQuotaError,
    MetricaUnavailableError,
)

log = logging.getLogger(__name__)

Family = Literal["logs", "reporting", "management"]


@dataclass(frozen=True, slots=True)
class Rate:
    """At most ``calls`` in any ``seconds``, over the families it counts."""

    name: str
    calls: int
    seconds: float
    families: frozenset[str]


# The quotas of the API (https://yandex.com/dev/metrika/en/intro/quotas); the per-second ones are
# the host's, the others the user's: one user a host is assumed, which errs on the polite side.
RATES = (
    Rate("all", 30, 1.0, frozenset(("logs", "reporting", "management"))),
    Rate("logs", 10, 1.0, frozenset(("logs",))),
    Rate("reporting", 200, 300.0, frozenset(("reporting",))),
)
PARALLEL = 3
CALLS_A_DAY = 5000
WAIT_SECONDS = 900.0
_LOOK_SECONDS = 0.02


@dataclass(slots=True)
class _State:
    """What the file holds: calls of the day (GMT), calls under way by slot, ends of recent ones."""

    day: str = ""
    calls: int = 0
    quiet_until: float = 0.0
    running: dict[str, str] = field(default_factory=dict)
    ended: dict[str, list[float]] = field(default_factory=dict)

    def end(self, slot: int, now: float) -> None:
        """Book the call of a slot as ended; a slot without one changes nothing."""
        family = self.running.pop(str(slot), None)
        for rate in RATES:
            if family in rate.families:
                self.ended[rate.name] = [*self.ended.get(rate.name, []), now][-rate.calls :]

    def wait(self, family: str, now: float) -> float:
        """Seconds until a call of the family keeps every rate; 0 when it may go now.

        The API saw a call at some moment between its start and its end. Counting from the end
        keeps the rate there however long the way is.
        """
        waits = [self.quiet_until - now]
        for rate in RATES:
            if family not in rate.families:
                continue
            # What lies ahead of now was written before the clock was set back.
            recent = [t for t in self.ended.get(rate.name, []) if now - rate.seconds < t <= now]
            running = sum(one in rate.families for one in self.running.values())
            over = len(recent) + running - rate.calls
            if running >= rate.calls:
                waits.append(_LOOK_SECONDS)
            elif over >= 0:
                waits.append(recent[over] + rate.seconds - now)
        return max(0.0, *waits)


class Turn:
    """Leave for one call, held until its body is read."""

    def __init__(self, folder: Path, slot: int) -> None:
        self._folder = folder
        self._slot = slot

    def answered(self) -> None:
        """The answer has begun: from now on the call no longer counts for the rates."""
        with _locked(self._folder) as state:
            state.end(self._slot, time.time())

    def refused(self, seconds: float) -> None:
        """The API asked for a pause: nobody on this host calls during it."""
        with _locked(self._folder) as state:
            state.quiet_until = max(state.quiet_until, time.time() + seconds)


class Pace:
    """The host's common pace; objects of all threads and processes over one folder share it.

    Nothing stays open between two turns, so that a fork is harmless; a killed process gives its
    slot back by dying. ``folder`` is ``settings.metrica_pacing_folder()`` by default.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._given = folder

    @property
    def folder(self) -> Path:
        """Where the state lies; made at the first call."""
        return self._given or settings.metrica_pacing_folder()

    def calls_today(self) -> int:
        """Calls that this host has begun since 00:00 GMT."""
        with _locked(self.folder) as state:
            return state.calls if state.day == _day() else 0

    @contextmanager
    def turn(self, family: Family) -> Iterator[Turn]:
        """Wait for leave to make one call, and hold it for the length of the block.

        Raises MetricaUnavailableError when no leave came within ``WAIT_SECONDS``, MetricaQuotaError
        when the calls of the day are used up, ConfigurationError when the folder is not writable.
        """
        folder = self.folder
        begun = time.monotonic()
        told = False
        while True:
            with _free_slot(folder) as slot:
                pause = _LOOK_SECONDS if slot is None else _admit(folder, slot, family)
                if slot is not None and pause == 0.0:
                    turn = Turn(folder, slot)
                    try:
                        yield turn
                    finally:
                        turn.answered()
                    return
            waited = time.monotonic() - begun
            if waited + pause > WAIT_SECONDS:
                raise MetricaUnavailableError(_too_long(folder, family, waited, pause))
            if not told and waited + pause > 5.0:
                log.info("Waiting for leave to call the Metrica API: %s.", _load(folder))
                told = True
            time.sleep(pause)


def _admit(folder: Path, slot: int, family: Family) -> float:
    """Book the call and return 0, or return how many seconds to wait before asking again."""
    with _locked(folder) as state:
        now = time.time()
        # Whoever held the slot and did not say that its call ended was killed.
        state.end(slot, now)
        if state.day != _day():
            state.day, state.calls = _day(), 0
        if state.calls >= CALLS_A_DAY:
            raise MetricaQuotaError(
                f"This host has made {state.calls} calls to the Metrica API today, of {CALLS_A_DAY} a "
                f"day; they are free again at {next_midnight()}. Run the DAG again after that."
            )
        pause = state.wait(family, now)
        if pause == 0.0:
            state.running[str(slot)] = family
            state.calls += 1
        return pause


def next_midnight() -> str:
    """When the quotas of the day are free again, in words."""
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    return f"{tomorrow} 00:00 GMT (03:00 in Moscow)"


def _day() -> str:
    return datetime.now(UTC).date().isoformat()


@contextmanager
def _free_slot(folder: Path) -> Iterator[int | None]:
    """A slot that nobody holds, or None; the lock ends with the block or with the process."""
    for slot in range(PARALLEL):
        with _file(folder, f"slot-{slot}.lock") as descriptor:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield slot
            return
    yield None


@contextmanager
def _locked(folder: Path) -> Iterator[_State]:
    """The state, in nobody else's hands; written back unless the block raises."""
    with _file(folder, "state.json") as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        text = os.read(descriptor, 1 << 20)
        state = _read(text)
        yield state
        fresh = json.dumps(
            {name: getattr(state, name) for name in _State.__dataclass_fields__}
        ).encode()
        # One write over the old text, blanks over its rest: a kill leaves no half of either.
        os.pwrite(descriptor, fresh.ljust(len(text)), 0)


def _read(text: bytes) -> _State:
    if not text:
        return _State()
    try:
        loaded: dict[str, Any] = json.loads(text)
        return _State(**loaded)
    except (ValueError, TypeError):
        log.warning("The state of the Metrica pace was unreadable: it begins anew.")
        return _State()


@contextmanager
def _file(folder: Path, name: str) -> Iterator[int]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
    except OSError as error:
        raise ConfigurationError(
            f"The folder {folder}, by which the tasks of this host share the rates of the Metrica API, "
            f"cannot be written ({error.strerror}): make it writable for Airflow, or name another one in "
            f"the environment variable {settings.METRICA_PACING_VARIABLE}."
        ) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _load(folder: Path) -> str:
    with _locked(folder) as state:
        now = time.time()
        recent = "".join(
            f", {sum(now - rate.seconds < t <= now for t in state.ended.get(rate.name, []))} of "
            f"{rate.calls} {rate.name} calls in {rate.seconds:.0f} s"
            for rate in RATES
        )
        rest = max(0.0, state.quiet_until - now)
        asked = f", a pause of {rest:.0f} s asked by the API" if rest else ""
        return f"{_held(folder)} of {PARALLEL} slots held{recent}{asked}"


def _held(folder: Path) -> int:
    held = 0
    for slot in range(PARALLEL):
        with _file(folder, f"slot-{slot}.lock") as descriptor:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                held += 1
    return held


def _too_long(folder: Path, family: Family, waited: float, pause: float) -> str:
    return (
        f"No leave for a {family} call to the Metrica API within {WAIT_SECONDS:.0f} s (waited "
        f"{waited:.0f} s, {pause:.0f} s more were needed): {_load(folder)}. Downloads or another "
        "program on this host keep the API busy: run the DAG again later."
    )
