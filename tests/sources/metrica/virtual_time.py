"""A clock on which threads sleep without waiting, and the runs of a night on it, as Airflow drives them."""

from __future__ import annotations

import asyncio
import heapq
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from municipal_indicators.sources.metrica import rate_limit, reconciliation, run_planning, trigger
from municipal_indicators.sources.metrica.checkpoint import Checkpoint
from municipal_indicators.sources.metrica.quota_play import Assumptions
from municipal_indicators.sources.metrica.site_load import SiteLoad
from tests.emulators.metrica import MetricaEmulator
from tests.sources.metrica.site_loads import CONNECTION


class VirtualClock:
    """Goes on to the next waking as soon as every thread sleeps; one thread runs at a time."""

    def __init__(self, now: float) -> None:
        self.now = now
        self._numbers = count()
        self._lock = threading.Lock()
        self._running = 1
        self._sleeping: list[tuple[float, int, threading.Event]] = []

    def time(self) -> float:
        """Seconds."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Sleep until the clock says so."""
        woken = threading.Event()
        with self._lock:
            heapq.heappush(self._sleeping, (self.now + seconds, next(self._numbers), woken))
        self.stop()
        woken.wait()

    def stop(self) -> None:
        """This thread waits for another one or ends."""
        with self._lock:
            self._running -= 1
            if not self._running and self._sleeping:
                self.now, _, woken = heapq.heappop(self._sleeping)
                self._running += 1
                woken.set()

    def go_on(self) -> None:
        """Another thread is about to run."""
        with self._lock:
            self._running += 1

    def run(self, actions: Sequence[Callable[[], None]]) -> None:
        """Run these at once, and wait for all; raises the first error."""
        errors: list[BaseException] = []
        left = len(actions)
        done = threading.Event()

        def run(action: Callable[[], None]) -> None:
            nonlocal left
            try:
                self.sleep(0.0)
                action()
            except BaseException as error:  # noqa: BLE001 - raised below
                errors.append(error)
            left -= 1
            if not left:
                self.go_on()
                done.set()
            self.stop()

        for action in actions:
            self.go_on()
            threading.Thread(target=run, args=(action,), daemon=True).start()
        self.stop()
        done.wait()
        if errors:
            raise errors[0]


class Turns:
    """So many at a time, in the order in which they came; a turn begins after some seconds."""

    def __init__(self, clock: VirtualClock, places: int, seconds: float) -> None:
        self._clock, self._free, self._seconds = clock, places, seconds
        self._waiting: deque[threading.Event] = deque()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Have a turn within the block."""
        if self._free:
            self._free -= 1
        else:
            called = threading.Event()
            self._waiting.append(called)
            self._clock.stop()
            called.wait()
        self._clock.sleep(self._seconds)
        try:
            yield
        finally:
            if self._waiting:
                self._clock.go_on()
                self._waiting.popleft().set()
            else:
                self._free += 1


def use_virtual_time(
    emulator: MetricaEmulator, assumed: Assumptions, monkeypatch: pytest.MonkeyPatch
) -> VirtualClock:
    """Limits, waits, calls and preparation take no time but the clock's; the real quotas are enforced."""
    clock = VirtualClock(datetime.now(UTC).timestamp())
    own = SimpleNamespace(time=clock.time, monotonic=clock.time, sleep=clock.sleep)
    monkeypatch.setattr(rate_limit, "time", own)
    monkeypatch.setattr(trigger, "time", own)
    waits = SimpleNamespace(
        sleep=_async(clock.sleep), to_thread=_async(lambda f, *given: f(*given))
    )
    monkeypatch.setattr(trigger, "asyncio", waits)
    send = requests.Session.request

    def request(*given: Any, **named: Any) -> requests.Response:
        answer = send(*given, **named)
        clock.sleep(assumed.call_seconds)
        return answer

    monkeypatch.setattr(requests.Session, "request", request)
    monkeypatch.setattr(emulator.limits, "monotonic", clock.time)
    monkeypatch.setattr(emulator.store, "monotonic", clock.time)
    settings = emulator.settings
    settings.enforce_rates, settings.polls, settings.parts_per_request = True, 0, assumed.parts
    settings.prepare_seconds = assumed.prepare_seconds
    settings.prepare_day_seconds = assumed.prepare_day_seconds
    return clock


def _async(action: Callable[..., Any]) -> Callable[..., Any]:
    async def done(*given: Any) -> Any:
        return action(*given)

    return done


def run_source(clock: VirtualClock, assumed: Assumptions, source: str, first: date | None) -> None:
    """A whole run: it plans, loads all sites, and compares visits; each task waits for its turn."""
    turns = Turns(clock, assumed.at_once, assumed.task_seconds)
    run_id = f"a run of {source}"
    plans: list[dict[str, Any]] = []

    def plan() -> None:
        with turns.turn():
            moment = datetime.now(UTC)
            given = first.isoformat() if first else None
            plans.extend(run_planning.plan_run(source, given, None, moment, run_id))

    def load(planned: dict[str, Any]) -> None:
        assert "problem" not in planned, planned
        one = SiteLoad(planned, CONNECTION, run_id)
        event: dict[str, Any] | None = None
        while True:
            with turns.turn():
                ended = one.resume(event) if event else one.start()
            if not isinstance(ended, Checkpoint):
                return
            event = _waited(one, ended)

    def compare() -> None:
        with turns.turn():
            assert reconciliation.reconcile_run().left == 0

    clock.run([plan])
    clock.run([lambda planned=planned: load(planned) for planned in plans])  # type: ignore[misc]
    if source == "visits":
        clock.run([compare])


def _waited(load: SiteLoad, checkpoint: Checkpoint) -> dict[str, Any]:
    """The payload of the trigger that the load is deferred to."""
    query = load.queries[checkpoint.index]
    waiting = trigger.LogRequestTrigger(
        CONNECTION, query.counter_id, checkpoint.request_id, 1e12, asdict(checkpoint)
    )

    async def event() -> dict[str, Any]:
        payload: dict[str, Any] = (await anext(waiting.run())).payload
        return payload

    return asyncio.run(event())
