"""The rate limiter that all processes of a host share: rates, parallel calls, limited waits."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from municipal_indicators.errors import (
    ConfigurationError,
    MetricaQuotaError,
    MetricaUnavailableError,
)
from municipal_indicators.sources.metrica import rate_limit, trigger
from municipal_indicators.sources.metrica.api_call import ApiFamily
from municipal_indicators.sources.metrica.client import MetricaClient
from municipal_indicators.sources.metrica.operators import WAIT_LIMIT
from municipal_indicators.sources.metrica.rate_limit import (
    CALLS_A_DAY,
    PARALLEL_CALLS,
    RATES,
    RateLimiter,
)
from tests.emulators.metrica import MetricaEmulator, Reply
from tests.sources.metrica.conftest import SITE, TOKEN

# Each process calls the Logs API as fast as the limiter allows.
CALLER = """
import sys
from municipal_indicators.sources.metrica.api_call import ApiFamily
from municipal_indicators.sources.metrica.client import MetricaClient
client = MetricaClient(sys.argv[1], sys.argv[2], attempts=1)
for _ in range(int(sys.argv[3])):
    client.log_requests(int(sys.argv[4]))
"""
HOLDER = """
import sys
from pathlib import Path
from municipal_indicators.sources.metrica.rate_limit import RateLimiter
with RateLimiter(sys.argv[1], Path(sys.argv[2])).slot("logs"):
    print("held", flush=True)
    sys.stdin.read()
"""


def child(code: str, *arguments: str) -> subprocess.Popen[str]:
    path = os.pathsep.join(path for path in sys.path if path)
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def limiter(tmp_path: Path) -> RateLimiter:
    return RateLimiter(TOKEN, tmp_path / "rate-limit")


@pytest.fixture
def rates(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real rates, which the other Metrica tests switch off."""
    monkeypatch.setattr(rate_limit, "RATES", RATES)


@pytest.fixture
def holder(limiter: RateLimiter) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds one of the three slots."""
    process = child(HOLDER, TOKEN, str(limiter.folder))
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def state(limiter: RateLimiter) -> dict[str, object]:
    read: dict[str, object] = json.loads((limiter.token_folder / "state.json").read_text())
    return read


def test_three_processes_together_keep_the_rates_of_the_api(
    emulator: MetricaEmulator, rates: None
) -> None:
    emulator.settings.enforce_rates = True
    emulator.faults.slow_seconds = 0.05
    callers = [child(CALLER, emulator.url, TOKEN, "8", str(SITE)) for _ in range(3)]
    assert [caller.wait(60) for caller in callers] == [0, 0, 0]
    for caller in callers:
        caller.communicate()
    assert [call.status for call in emulator.calls] == [200] * 24
    assert 1 < emulator.limits.peak_parallel <= 3
    assert emulator.limits.peak_per_second <= 10


def test_threads_of_one_process_share_the_limiter(client: MetricaClient, rates: None) -> None:
    limiter = RateLimiter(TOKEN)
    seen: list[int] = []
    running = 0

    def call() -> None:
        nonlocal running
        with limiter.slot("management"):
            running += 1
            seen.append(running)
            time.sleep(0.02)
            running -= 1

    threads = [threading.Thread(target=call) for _ in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 9
    assert 1 < max(seen) <= PARALLEL_CALLS


def test_a_call_waits_until_the_second_is_over(
    limiter: RateLimiter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        rate_limit, "RATES", (rate_limit.Rate("logs", 3, 0.2, frozenset(("logs", "reporting"))),)
    )
    started = []
    families: list[ApiFamily] = [
        "logs",
        "reporting",
        "logs",
        "reporting",
        "logs",
        "logs",
        "logs",
    ]
    for family in families:
        with limiter.slot(family):
            started.append(time.time())
    assert all(late - early >= 0.2 for early, late in zip(started, started[3:], strict=False))
    with limiter.slot("management"):  # not counted by this rate
        pass


def test_a_call_counts_from_its_end(limiter: RateLimiter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        rate_limit, "RATES", (rate_limit.Rate("logs", 1, 0.1, frozenset(("logs",))),)
    )
    monkeypatch.setattr(rate_limit, "MAX_WAIT_SECONDS", 0.05)
    with limiter.slot("logs") as slot:
        with (
            pytest.raises(MetricaUnavailableError, match=r"занято мест 1 из 3"),
            limiter.slot("logs"),
        ):
            pass
        slot.end_call()
        with (
            pytest.raises(MetricaUnavailableError, match="обращений logs 1 из 1"),
            limiter.slot("logs"),
        ):
            pass


def test_a_killed_process_frees_its_slot(
    limiter: RateLimiter, holder: subprocess.Popen[str]
) -> None:
    with limiter.slot("logs"), limiter.slot("logs"):
        assert state(limiter)["running"] == {"0": "logs", "1": "logs", "2": "logs"}
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with limiter.slot("management"):
            assert state(limiter)["running"] == {"0": "management", "1": "logs", "2": "logs"}
    assert state(limiter)["running"] == {}


def test_no_slot_in_time_is_an_error_with_the_numbers(
    limiter: RateLimiter, holder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limit, "MAX_WAIT_SECONDS", 0.1)
    with (
        limiter.slot("logs"),
        limiter.slot("logs"),
        pytest.raises(
            MetricaUnavailableError, match=r"мест 3 из 3.*обращений logs \d+ из 10 за 1 с"
        ),
        limiter.slot("logs"),
    ):
        pass


def test_a_wait_beyond_its_limit_is_not_started(
    limiter: RateLimiter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limit, "MAX_WAIT_SECONDS", 100.0)
    with limiter.slot("management") as slot:
        slot.pause_all_calls(1000, of_host=False)
    with (
        pytest.raises(MetricaUnavailableError, match=r"Метрика просит паузу \d+ с"),
        limiter.slot("logs"),
    ):
        pass


def test_reports_have_their_own_rate(limiter: RateLimiter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "MAX_WAIT_SECONDS", 100.0)
    with limiter.slot("reporting"):
        pass
    filled = state(limiter)
    filled["ended"]["reporting"] = [time.time() - 1] * 200  # type: ignore[index]
    (limiter.token_folder / "state.json").write_text(json.dumps(filled))
    with (
        pytest.raises(MetricaUnavailableError, match=r"обращений reporting 200 из 200 за 300 с"),
        limiter.slot("reporting"),
    ):
        pass
    with limiter.slot("logs"):
        pass


def test_a_used_up_daily_quota_is_an_error_and_resets_at_midnight(limiter: RateLimiter) -> None:
    with limiter.slot("logs"):
        pass
    assert limiter.calls_today() == 1
    full = {**state(limiter), "calls": CALLS_A_DAY}
    (limiter.token_folder / "state.json").write_text(json.dumps(full))
    with (
        pytest.raises(MetricaQuotaError, match=r"5000 раз из 5000 в сутки.*00:00 GMT"),
        limiter.slot("logs"),
    ):
        pass
    (limiter.token_folder / "state.json").write_text(json.dumps({**full, "day": "2024-03-05"}))
    assert limiter.calls_today() == 0
    with limiter.slot("logs"):
        assert limiter.calls_today() == 1
    assert state(limiter)["day"] == datetime.now(UTC).date().isoformat()


def test_a_clock_set_back_blocks_nobody(
    limiter: RateLimiter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limit, "MAX_WAIT_SECONDS", 1.0)
    with limiter.slot("logs"):
        pass
    ahead = {**state(limiter), "ended": {"logs": [time.time() + 3600] * 10}}
    (limiter.token_folder / "state.json").write_text(json.dumps(ahead))
    with limiter.slot("logs"):
        pass


@pytest.mark.parametrize("text", ["", "{", "[]", '{"unknown": 1}', "\x00\xff"])
def test_an_unreadable_state_starts_from_zero(limiter: RateLimiter, text: str) -> None:
    with limiter.slot("logs"):
        pass
    (limiter.token_folder / "state.json").write_text(text)
    with limiter.slot("logs"):
        pass
    assert state(limiter)["calls"] == 1


def test_a_folder_that_cannot_be_created_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    limiter = RateLimiter(TOKEN, tmp_path / "file" / "rate-limit")
    with pytest.raises(ConfigurationError, match=r"file/rate-limit.*METRICA_RATE_LIMIT_FOLDER"):
        limiter.calls_today()


def test_the_folder_is_in_the_home_of_airflow_or_set_by_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("METRICA_RATE_LIMIT_FOLDER", str(tmp_path / "moved"))
    assert RateLimiter(TOKEN).folder == tmp_path / "moved"
    monkeypatch.delenv("METRICA_RATE_LIMIT_FOLDER")
    assert RateLimiter(TOKEN).folder == Path(os.environ["AIRFLOW_HOME"]) / "metrica-rate-limit"


def test_a_pause_that_the_api_asks_for_holds_for_all_clients(
    emulator: MetricaEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = Reply(429, "quota_requests_by_ip", "Quota exceeded", retry_after=100)
    emulator.faults.fail("counters", error)
    with pytest.raises(MetricaQuotaError):
        MetricaClient(emulator.url, TOKEN, attempts=1).counters()
    monkeypatch.setattr(rate_limit, "MAX_WAIT_SECONDS", 50.0)
    with pytest.raises(MetricaUnavailableError, match=r"Метрика просит паузу \d+ с"):
        MetricaClient(emulator.url, TOKEN).counters()
    assert len(emulator.calls) == 1


def test_a_night_of_waiting_is_far_from_the_calls_of_a_day() -> None:
    polls, passed, pause = 1, 0.0, trigger.FIRST_WAIT_SECONDS
    while passed < WAIT_LIMIT.total_seconds():
        passed += pause
        pause = min(trigger.MAX_WAIT_SECONDS, pause * trigger.WAIT_GROWTH)
        polls += 1
    # Twelve requests in parallel that the API does not process within three hours.
    assert 12 * polls < CALLS_A_DAY / 2


@pytest.fixture
def other(limiter: RateLimiter) -> RateLimiter:
    """Another token on the same host."""
    return RateLimiter("y0_of-another-account", limiter.folder)


def test_what_counts_by_user_is_counted_by_token(
    limiter: RateLimiter, other: RateLimiter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limit, "MAX_WAIT_SECONDS", 0.05)
    with limiter.slot("logs") as slot, limiter.slot("logs"), limiter.slot("logs"):
        with other.slot("logs"):
            assert (limiter.calls_today(), other.calls_today()) == (3, 1)
        slot.pause_all_calls(1000, of_host=False)
        with other.slot("reporting"):
            pass
        with (
            pytest.raises(MetricaUnavailableError, match="занято мест 3 из 3"),
            limiter.slot("logs"),
        ):
            pass
    full = {**state(limiter), "calls": CALLS_A_DAY, "ended": {"reporting": [time.time()] * 200}}
    (limiter.token_folder / "state.json").write_text(json.dumps(full))
    with pytest.raises(MetricaQuotaError), limiter.slot("logs"):
        pass
    with other.slot("reporting"):
        pass
    assert not [path for path in limiter.folder.rglob("*") if TOKEN in path.name]


def test_what_counts_by_host_is_counted_over_all_tokens(
    limiter: RateLimiter, other: RateLimiter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        rate_limit, "RATES", (rate_limit.Rate("logs", 2, 60.0, frozenset(("logs",))),)
    )
    monkeypatch.setattr(rate_limit, "MAX_WAIT_SECONDS", 0.05)
    for one in (limiter, other):
        with one.slot("logs"):
            pass
    for one in (limiter, other):
        with (
            pytest.raises(MetricaUnavailableError, match="обращений logs 2 из 2"),
            one.slot("logs"),
        ):
            pass
    with other.slot("management") as slot:
        slot.pause_all_calls(1000, of_host=True)
    with pytest.raises(MetricaUnavailableError, match="просит паузу"), limiter.slot("management"):
        pass


def test_a_killed_process_blocks_no_other_token(
    limiter: RateLimiter,
    other: RateLimiter,
    holder: subprocess.Popen[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        rate_limit, "RATES", (rate_limit.Rate("logs", 1, 0.01, frozenset(("logs",))),)
    )
    monkeypatch.setattr(rate_limit, "MAX_WAIT_SECONDS", 1.0)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with other.slot("logs"):
        pass


def test_two_tokens_together_keep_the_rates_of_the_host(
    emulator: MetricaEmulator, rates: None
) -> None:
    emulator.settings.enforce_rates = True
    emulator.tokens["y0_of-another-account"] = {SITE}
    tokens = (TOKEN, "y0_of-another-account")
    callers = [child(CALLER, emulator.url, token, "8", str(SITE)) for token in tokens]
    assert [caller.wait(60) for caller in callers] == [0, 0]
    for caller in callers:
        caller.communicate()
    assert [call.status for call in emulator.calls] == [200] * 16
    assert emulator.limits.peak_per_second <= 10
