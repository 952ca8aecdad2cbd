"""The rate limiter of the Metrica API: calls per time and parallel calls, shared by all processes of a host.

Airflow tasks and the triggerer are processes that do not know each other, so the state is small
locked files: one of the host, and one of each token. ``pyrate-limiter`` 4.5 over SQLite was tried:
three processes got 11 calls into one second of a limit of 10, because it records a call that waited
with a computed time.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from municipal_indicators import settings
from municipal_indicators.errors import (
    ConfigurationError,
    MetricaQuotaError,
    MetricaUnavailableError,
)
from municipal_indicators.sources.metrica.api_call import ApiFamily

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rate:
    """At most ``calls`` of a host or of a token in any ``seconds``, over the API families that it counts."""

    name: str
    calls: int
    seconds: float
    families: frozenset[str]
    by_token: bool = False


# The quotas of the API (https://yandex.com/dev/metrika/en/intro/quotas). Those per second count by
# host, the others by user, as do parallel calls and those of a day. A token is taken for its user.
RATES = (
    Rate("all", 30, 1.0, frozenset(("logs", "reporting", "management"))),
    Rate("logs", 10, 1.0, frozenset(("logs",))),
    Rate("reporting", 200, 300.0, frozenset(("reporting",)), by_token=True),
)
PARALLEL_CALLS = 3
# Tasks of a run that load; one call is left for everything else.
SITES_AT_ONCE = PARALLEL_CALLS - 1
CALLS_A_DAY = 5000
MAX_WAIT_SECONDS = 900.0
_POLL_SECONDS = 0.02
_LOG_WAITS_OVER_SECONDS = 5.0


@dataclass(slots=True)
class _State:
    """What a file holds: calls of the day (GMT), running calls by slot, end times of recent calls."""

    day: str = ""
    calls: int = 0
    paused_until: float = 0.0
    running: dict[str, str] = field(default_factory=dict)
    ended: dict[str, list[float]] = field(default_factory=dict)

    def end_call(self, slot: str, now: float, rates: Iterable[Rate]) -> None:
        """Record that the call of a slot ended; without a call in it nothing changes."""
        family = self.running.pop(slot, None)
        for rate in rates:
            if family in rate.families:
                self.ended[rate.name] = [*self.ended.get(rate.name, []), now][-rate.calls :]

    def recent_calls(self, rate: Rate, now: float) -> list[float]:
        """The end times that still count; later than now are those from before a clock was set back."""
        return [t for t in self.ended.get(rate.name, []) if now - rate.seconds < t <= now]

    def seconds_to_wait(self, family: str, now: float, rates: Iterable[Rate]) -> float:
        """Seconds until a call of the family is within every rate; 0 when it may start now.

        The API sees a call at some moment between its start and its end. Counting from the end
        keeps the rate however long the network takes.
        """
        waits = [self.paused_until - now]
        for rate in rates:
            if family not in rate.families:
                continue
            recent = self.recent_calls(rate, now)
            running = sum(one in rate.families for one in self.running.values())
            excess = len(recent) + running - rate.calls
            if running >= rate.calls:
                waits.append(_POLL_SECONDS)
            elif excess >= 0:
                waits.append(recent[excess] + rate.seconds - now)
        return max(0.0, *waits)

    def used(self, now: float, rates: Iterable[Rate]) -> str:
        """Rates and pauses in use, for messages."""
        counted = "".join(
            f", обращений {rate.name} {len(self.recent_calls(rate, now))} из {rate.calls} за "
            f"{rate.seconds:.0f} с"
            for rate in rates
        )
        pause = max(0.0, self.paused_until - now)
        return counted + (f", Метрика просит паузу {pause:.0f} с" if pause else "")


@dataclass(frozen=True, slots=True)
class _StateFolder:
    """The folder of a host or of one of its tokens: the state file, and one lock file per slot of a token."""

    path: Path
    by_token: bool = False

    @property
    def rates(self) -> list[Rate]:
        """Those that are counted here."""
        return [rate for rate in RATES if rate.by_token == self.by_token]

    @contextmanager
    def state(self) -> Iterator[_State]:
        """The state, locked for everybody else; written back unless the block raises."""
        with self._open("state.json") as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            content = os.read(descriptor, 1 << 20)
            state = _parse(content)
            yield state
            # One write over the old content, padded with blanks: a kill cannot leave half of it.
            os.pwrite(descriptor, json.dumps(asdict(state)).encode().ljust(len(content)), 0)

    @contextmanager
    def free_slot(self) -> Iterator[int | None]:
        """A slot that nobody holds, or None; the lock ends with the block or with the process."""
        for slot in range(PARALLEL_CALLS):
            with self._open(f"slot-{slot}.lock") as descriptor:
                if _try_lock(descriptor):
                    yield slot
                    return
        yield None

    def is_held(self, slot: object) -> bool:
        """Whether a process holds a slot at the moment."""
        with self._open(f"slot-{slot}.lock") as descriptor:
            return not _try_lock(descriptor)

    @contextmanager
    def _open(self, name: str) -> Iterator[int]:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
        except OSError as error:
            raise ConfigurationError(
                f"Папка {self.path}, через которую задачи этой машины делят ограничение частоты Метрики, не "
                f"доступна для записи ({error.strerror}). Дайте Airflow право или назовите другую в "
                f"переменной среды {settings.METRICA_RATE_LIMIT_VARIABLE}."
            ) from error
        try:
            yield descriptor
        finally:
            os.close(descriptor)


@dataclass(frozen=True, slots=True)
class _Places:
    """The folders of a host and of a token; who locks both locks that of the host first."""

    host: _StateFolder
    token: _StateFolder

    def start_call(self, slot: int, family: ApiFamily) -> float:
        """Record the call and return 0, or return how many seconds to wait before trying again."""
        with self.host.state() as of_host, self.token.state() as of_token:
            now = time.time()
            # A call that is still recorded for a free slot belonged to a process that was killed.
            self._end(of_host, of_token, slot, now)
            if of_token.day != _today():
                of_token.day, of_token.calls = _today(), 0
            if of_token.calls >= CALLS_A_DAY:
                raise MetricaQuotaError(
                    f"Эта машина сегодня обратилась к Метрике {of_token.calls} раз из {CALLS_A_DAY} в сутки; "
                    f"квота обновится {next_midnight()}. Запустите DAG после этого."
                )
            pause = self._seconds_to_wait(of_host, of_token, family, now)
            if pause:
                self._forget_killed(of_host, now)
                pause = self._seconds_to_wait(of_host, of_token, family, now)
            if pause == 0.0:
                of_host.running[self._on_host(slot)] = of_token.running[str(slot)] = family
                of_token.calls += 1
            return pause

    def end_call(self, slot: int) -> None:
        """Record the end of a slot's call, once."""
        with self.host.state() as of_host, self.token.state() as of_token:
            self._end(of_host, of_token, slot, time.time())

    def usage(self) -> str:
        """Slots, rates and pauses in use, for messages."""
        held = sum(map(self.token.is_held, range(PARALLEL_CALLS)))
        with self.host.state() as of_host, self.token.state() as of_token:
            now = time.time()
            return (
                f"занято мест {held} из {PARALLEL_CALLS}{of_host.used(now, self.host.rates)}"
                f"{of_token.used(now, self.token.rates)}"
            )

    def _on_host(self, slot: int) -> str:
        return f"{self.token.path.name}/{slot}"

    def _end(self, of_host: _State, of_token: _State, slot: int, now: float) -> None:
        of_host.end_call(self._on_host(slot), now, self.host.rates)
        of_token.end_call(str(slot), now, self.token.rates)

    def _seconds_to_wait(
        self, of_host: _State, of_token: _State, family: ApiFamily, now: float
    ) -> float:
        return max(
            of_host.seconds_to_wait(family, now, self.host.rates),
            of_token.seconds_to_wait(family, now, self.token.rates),
        )

    def _forget_killed(self, of_host: _State, now: float) -> None:
        """End the calls of killed processes, also of tokens that nobody uses any more."""
        for name in list(of_host.running):
            token, _, slot = name.partition("/")
            if not _StateFolder(self.host.path / token).is_held(slot):
                of_host.end_call(name, now, self.host.rates)


class CallSlot:
    """The permission for one call, held until the body of its response is read."""

    def __init__(self, places: _Places, slot: int) -> None:
        self._places = places
        self._slot = slot

    def end_call(self) -> None:
        """The response has begun: from now on the call does not count as running."""
        self._places.end_call(self._slot)

    def pause_all_calls(self, seconds: float, *, of_host: bool) -> None:
        """The API asked for a pause: nobody with this token, or on this host, starts a call during it."""
        place = self._places.host if of_host else self._places.token
        with place.state() as state:
            state.paused_until = max(state.paused_until, time.time() + seconds)


class RateLimiter:
    """The rate limiter of a token on this host; all objects over one folder share it, in any process.

    No file stays open between two calls, so that a fork is harmless. A killed process frees its
    slot by ending. ``folder`` is ``settings.metrica_rate_limit_folder()`` by default; of the token
    only a hash is written there.
    """

    def __init__(self, token: str, folder: Path | None = None) -> None:
        self._token = hashlib.sha256(token.encode()).hexdigest()[:16]
        self._given = folder

    @property
    def folder(self) -> Path:
        """Where the state of the host is stored; created at the first call."""
        return self._given or settings.metrica_rate_limit_folder()

    @property
    def token_folder(self) -> Path:
        """Where that of the token is stored."""
        return self.folder / self._token

    @property
    def _places(self) -> _Places:
        return _Places(_StateFolder(self.folder), _StateFolder(self.token_folder, by_token=True))

    def calls_today(self) -> int:
        """Calls that this host has started with the token since 00:00 GMT."""
        with self._places.token.state() as state:
            return state.calls if state.day == _today() else 0

    @contextmanager
    def slot(self, family: ApiFamily) -> Iterator[CallSlot]:
        """Wait until one call may start, and hold its slot until the block ends.

        Raises MetricaUnavailableError when none is free within ``MAX_WAIT_SECONDS``,
        MetricaQuotaError when the calls of the day are used up, and ConfigurationError when the
        folder is not writable.
        """
        places = self._places
        started = time.monotonic()
        is_logged = False
        while True:
            with places.token.free_slot() as number:
                pause = _POLL_SECONDS
                if number is not None:
                    pause = places.start_call(number, family)
                if number is not None and pause == 0.0:
                    slot = CallSlot(places, number)
                    try:
                        yield slot
                    finally:
                        slot.end_call()
                    return
            waited = time.monotonic() - started
            if waited + pause > MAX_WAIT_SECONDS:
                raise _timeout_error(places, family, waited, pause)
            if not is_logged and waited + pause > _LOG_WAITS_OVER_SECONDS:
                log.info("Waiting for the rate limit of the Metrica API: %s.", places.usage())
                is_logged = True
            time.sleep(pause)


def _timeout_error(
    places: _Places, family: ApiFamily, waited: float, pause: float
) -> MetricaUnavailableError:
    return MetricaUnavailableError(
        f"Ограничение частоты не дало обратиться к Метрике ({family}) за {MAX_WAIT_SECONDS:.0f} с (ждали "
        f"{waited:.0f} с, нужно ещё {pause:.0f} с): {places.usage()}. Его занимают скачивания или другая "
        "программа этой машины: запустите DAG позже."
    )


def next_midnight() -> str:
    """When the daily quotas reset, for messages."""
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    return f"{tomorrow} 00:00 GMT (03:00 по Москве)"


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _parse(content: bytes) -> _State:
    if not content:
        return _State()
    try:
        loaded: dict[str, Any] = json.loads(content)
        return _State(**loaded)
    except (ValueError, TypeError):
        log.warning("The state of the Metrica rate limit was unreadable: it starts from zero.")
        return _State()
