"""The quotas on calls (docs/metrica-api.md#quotas): always counted, enforced only when switched on."""

import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from threading import Lock

from tests.emulators.metrica.errors import ApiError

PER_SECOND = {"logs": 10, "management": 30, "stat": 30}
PARALLEL = 3
PER_DAY = 5000
REPORTS_IN_FIVE_MINUTES = 200


@dataclass(slots=True)
class Limits:
    """Calls of the last second, at once, of the day (GMT) and reports of five minutes.

    `monotonic` is its clock, in seconds; a test may replace it.
    """

    peak_parallel: int = 0
    peak_per_second: int = 0
    monotonic: Callable[[], float] = time.monotonic
    running: Counter[str] = field(default_factory=Counter)
    today: Counter[tuple[date, str]] = field(default_factory=Counter)
    _recent: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _reports: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _lock: Lock = field(default_factory=Lock)

    def clear(self) -> None:
        """Forget what has ended; running calls stay counted."""
        with self._lock:
            self.peak_parallel = self.peak_per_second = 0
            for counted in (self.today, self._recent, self._reports):
                counted.clear()

    def enter(self, user: str, family: str, day: date, *, enforce: bool) -> None:
        """Count a call that begins; raises ApiError 429 where a quota is exceeded and enforced."""
        now = self.monotonic()
        with self._lock:
            recent = _slide(self._recent[family], now, 1.0)
            self.today[day, user] += 1
            self.running[user] += 1
            self.peak_parallel = max(self.peak_parallel, self.running[user])
            self.peak_per_second = max(self.peak_per_second, len(recent))
            over = self._passed(user, family, day, now) if enforce else None
            if over:
                self.running[user] -= 1
                raise ApiError(429, over, f"Quota exceeded: {over}")

    def leave(self, user: str) -> None:
        """Count a call that has ended, its body included."""
        with self._lock:
            self.running[user] -= 1

    def _passed(self, user: str, family: str, day: date, now: float) -> str | None:
        if len(self._recent[family]) > PER_SECOND[family]:
            return "quota_requests_by_ip"
        if self.running[user] > PARALLEL:
            return "quota_parallel_requests"
        reports = _slide(self._reports[user], now, 300.0) if family == "stat" else ()
        if self.today[day, user] > PER_DAY or len(reports) > REPORTS_IN_FIVE_MINUTES:
            return "quota_requests_by_uid"
        return None


def _slide(window: deque[float], now: float, seconds: float) -> deque[float]:
    window.append(now)
    while window[0] <= now - seconds:
        window.popleft()
    return window
