"""Plays the calls of Metrica loads through against the limits, on a clock that nobody waits for.

The calls are those that ``run_planning``, ``log_requests``, ``site_load``, ``trigger`` and
``reconciliation`` make where nothing fails; the limits are those of ``rate_limit``.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict, deque
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count

from municipal_indicators.sources.metrica import rate_limit, trigger
from municipal_indicators.sources.metrica.api_call import ApiFamily
from municipal_indicators.sources.metrica.days import Days, split
from municipal_indicators.sources.metrica.reconciliation import report_spans
from municipal_indicators.sources.metrica.run_planning import CHUNK_DAYS


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What no quota says. ``task_seconds``: a task of Airflow, from its turn to its work.

    ``at_once`` are the tasks of a run that load at the same time, ``parts`` the files of a log.
    """

    call_seconds: float = 0.3
    task_seconds: float = 6.0
    prepare_seconds: float = 33.0
    prepare_day_seconds: float = 1.0
    parts: int = 2
    at_once: int = rate_limit.SITES_AT_ONCE

    def preparation(self, days: Days) -> float:
        """Seconds from the order of a log until it can be downloaded."""
        return self.prepare_seconds + self.prepare_day_seconds * len(days)


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """A run of one source over the days of each site; ``compared`` days are reported on at its end.

    ``district`` is empty where there is one passport.
    """

    source: str
    token: str
    begins_at: datetime
    sites: Sequence[Days]
    compared: Sequence[Days] = ()
    district: str = ""


@dataclass(slots=True)
class Outcome:
    """Calls by token and day (GMT), and when each run ends (UTC) by district and source."""

    calls: Counter[tuple[str, date]] = field(default_factory=Counter)
    ends: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def of_token(self, token: str) -> list[int]:
        """The calls of a token by day."""
        return [calls for (of, _), calls in sorted(self.calls.items()) if of == token]


@dataclass(frozen=True, slots=True)
class _Call:
    family: ApiFamily


@dataclass(frozen=True, slots=True)
class _Pause:
    seconds: float


@dataclass(frozen=True, slots=True)
class _Task:
    """A task waits for its turn and begins; or it ends or is deferred, and the next one begins."""

    begins: bool


_LOGS, _BEGIN, _END = _Call("logs"), _Task(begins=True), _Task(begins=False)
# A part of a run; it is told the time at which each of its steps ended.
_Play = Generator["_Call | _Pause | _Task", float, None]


def play(runs: Iterable[PlannedRun], assumed: Assumptions) -> Outcome:
    """Play all runs through at once, as one host makes their calls."""
    return _Stage(assumed).play(runs)


@dataclass(slots=True, eq=False)
class _Playing:
    """A run under way: its phases to come, the plays of the present one, and who waits for a turn."""

    run: PlannedRun
    phases: list[list[_Play]]
    left: int = 0
    busy: int = 0
    waiting: deque[_Play] = field(default_factory=deque)


class _Stage:
    def __init__(self, assumed: Assumptions) -> None:
        self.assumed = assumed
        self.outcome = Outcome()
        self._numbers = count()
        self._due: list[tuple[float, int, _Play, _Playing]] = []
        self._recent: dict[tuple[str, str], deque[float]] = {}
        self._running: dict[str, list[float]] = defaultdict(list)

    def play(self, runs: Iterable[PlannedRun]) -> Outcome:
        for run in runs:
            phases = [[_planning(run)], [_load(days, self.assumed) for days in run.sites]]
            if run.compared:
                phases.append([_comparison(run)])
            self._next_phase(run.begins_at.timestamp(), _Playing(run, phases))
        while self._due:
            now, _, one, of = heapq.heappop(self._due)
            self._resume(now, one, of)
        return self.outcome

    def _next_phase(self, now: float, of: _Playing) -> None:
        if not of.phases:
            self.outcome.ends[of.run.district, of.run.source] = datetime.fromtimestamp(now, UTC)
            return
        plays = of.phases.pop(0)
        of.left = len(plays)
        for one in plays:
            next(one)
            of.waiting.append(one)
        self._give_turns(now, of)

    def _give_turns(self, now: float, of: _Playing) -> None:
        while of.waiting and of.busy < self.assumed.at_once:
            of.busy += 1
            self._later(now + self.assumed.task_seconds, of.waiting.popleft(), of)

    def _later(self, at: float, one: _Play, of: _Playing) -> None:
        heapq.heappush(self._due, (at, next(self._numbers), one, of))

    def _resume(self, now: float, one: _Play, of: _Playing) -> None:
        try:
            step = one.send(now)
        except StopIteration:
            of.left -= 1
            if not of.left:
                self._next_phase(now, of)
            return
        if isinstance(step, _Call):
            self._later(self._call(step.family, of.run.token, now), one, of)
        elif isinstance(step, _Pause):
            self._later(now + step.seconds, one, of)
        else:
            if step.begins:
                of.waiting.append(one)
            else:
                of.busy -= 1
                self._later(now, one, of)
            self._give_turns(now, of)

    def _call(self, family: ApiFamily, token: str, now: float) -> float:
        """When a call ends that is wanted now; it begins when every limit allows it."""
        start = now
        while self.outcome.calls[token, _day(start)] >= rate_limit.CALLS_A_DAY:
            tomorrow = _day(start) + timedelta(days=1)
            start = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=UTC).timestamp()
        running = self._running[token] = [end for end in self._running[token] if end > start]
        if len(running) >= rate_limit.PARALLEL_CALLS:
            start = sorted(running)[-rate_limit.PARALLEL_CALLS]
        counted = []
        for rate in rate_limit.RATES:
            if family in rate.families:
                key = (token if rate.by_token else "", rate.name)
                counted.append(self._recent.setdefault(key, deque(maxlen=rate.calls)))
                if len(counted[-1]) == rate.calls:
                    start = max(start, counted[-1][0] + rate.seconds)
        end = start + self.assumed.call_seconds
        for ended in counted:
            ended.append(end)
        running.append(end)
        self.outcome.calls[token, _day(start)] += 1
        return end


def _day(at: float) -> date:
    return datetime.fromtimestamp(at, UTC).date()


def _planning(run: PlannedRun) -> _Play:
    yield _BEGIN
    for days in run.sites:
        yield _Call("management")
        yield _LOGS
        for _ in split(days):
            yield _LOGS
    yield _END


def _load(days: Days, assumed: Assumptions) -> _Play:
    logs = [log for year in split(days) for log in split(year, CHUNK_DAYS)]
    ready: dict[int, float] = {}
    yield _BEGIN
    for number, log in enumerate(logs):
        now = yield _LOGS
        is_ordered = number in ready
        if not is_ordered:
            yield _LOGS
        ahead = None
        if number + 1 < len(logs):
            is_prepared = is_ordered and ready[number] <= now
            span = logs[number + 1] if is_prepared else Days(log.first, logs[number + 1].last)
            if len(split(span)) == 1:
                yield _LOGS
                ahead = logs[number + 1]
        if not is_ordered:
            now = yield _LOGS
            ready[number] = now + assumed.preparation(log)
        if ahead:
            ready[number + 1] = (yield _LOGS) + assumed.preparation(ahead)
        if ready[number] > now:
            yield _END
            yield from _wait(ready[number])
            yield _BEGIN
            yield _LOGS
        for _ in range(assumed.parts):
            yield _LOGS
        yield _LOGS
    yield _END


def _wait(ready: float) -> _Play:
    pause = trigger.FIRST_WAIT_SECONDS
    while (yield _LOGS) < ready:
        yield _Pause(pause)
        pause = min(trigger.MAX_WAIT_SECONDS, pause * trigger.WAIT_GROWTH)


def _comparison(run: PlannedRun) -> _Play:
    yield _BEGIN
    for days in run.compared:
        for _ in report_spans(list(days)):
            yield _Call("reporting")
    yield _END
