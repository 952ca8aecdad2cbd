"""The pace that processes of a host share: rates kept, parallel calls few, waits with an end."""

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
from municipal_indicators.sources.metrica.client import MetricaClient
from municipal_indicators.sources.metrica.operators import WAIT_LIMIT
from municipal_indicators.sources.metrica.rate_limit import (
    CALLS_A_DAY,
    PARALLEL,
    RATES,
    Pace,
)
from tests.emulators.metrica import MetricaEmulator, Reply
from tests.sources.metrica.conftest import SITE, TOKEN

# Each process makes calls of the Logs API as fast as it is let.
CALLER = """
import sys
from municipal_indicators.sources.metrica.client import MetricaClient
client = MetricaClient(sys.argv[1], sys.argv[2], attempts=1)
for _ in range(int(sys.argv[3])):
    client.log_requests(int(sys.argv[4]))
"""
HOLDER = """
import sys
from pathlib import Path
from municipal_indicators.sources.metrica.rate_limit import Pace
with Pace(Path(sys.argv[1])).turn("logs"):
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
def pace(tmp_path: Path) -> Pace:
    return Pace(tmp_path / "pace")


@pytest.fixture
def rates(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real rates, which other tests of Metrica switch off."""
    monkeypatch.setattr(rate_limit, "RATES", RATES)


@pytest.fixture
def holder(pace: Pace) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds one of the three slots."""
    process = child(HOLDER, str(pace.folder))
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def state(pace: Pace) -> dict[str, object]:
    read: dict[str, object] = json.loads((pace.folder / "state.json").read_text())
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


def test_threads_of_one_process_share_it_too(client: MetricaClient, rates: None) -> None:
    pace = Pace()
    seen: list[int] = []
    running = 0

    def call() -> None:
        nonlocal running
        with pace.turn("management"):
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
    assert 1 < max(seen) <= PARALLEL


def test_a_call_waits_until_the_second_is_over(pace: Pace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        rate_limit, "RATES", (rate_limit.Rate("logs", 3, 0.2, frozenset(("logs", "reporting"))),)
    )
    begun = []
    families: list[rate_limit.Family] = [
        "logs",
        "reporting",
        "logs",
        "reporting",
        "logs",
        "logs",
        "logs",
    ]
    for family in families:
        with pace.turn(family):
            begun.append(time.time())
    assert all(late - early >= 0.2 for early, late in zip(begun, begun[3:], strict=False))
    with pace.turn("management"):  # not counted by this rate
        pass


def test_a_call_counts_from_its_end(pace: Pace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        rate_limit, "RATES", (rate_limit.Rate("logs", 1, 0.1, frozenset(("logs",))),)
    )
    monkeypatch.setattr(rate_limit, "WAIT_SECONDS", 0.05)
    with pace.turn("logs") as turn:
        with pytest.raises(MetricaUnavailableError, match=r"1 of 3 slots held"), pace.turn("logs"):
            pass
        turn.answered()
        with pytest.raises(MetricaUnavailableError, match="1 of 1 logs calls"), pace.turn("logs"):
            pass


def test_a_killed_process_gives_its_slot_back(pace: Pace, holder: subprocess.Popen[str]) -> None:
    with pace.turn("logs"), pace.turn("logs"):
        assert state(pace)["running"] == {"0": "logs", "1": "logs", "2": "logs"}
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with pace.turn("management"):
            assert state(pace)["running"] == {"0": "management", "1": "logs", "2": "logs"}
    assert state(pace)["running"] == {}


def test_no_slot_in_time_is_told_with_the_numbers(
    pace: Pace, holder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limit, "WAIT_SECONDS", 0.1)
    with (
        pace.turn("logs"),
        pace.turn("logs"),
        pytest.raises(MetricaUnavailableError, match=r"3 of 3 slots held.*of 10 logs calls in 1 s"),
        pace.turn("logs"),
    ):
        pass


def test_a_wait_beyond_its_limit_is_not_begun(pace: Pace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "WAIT_SECONDS", 100.0)
    with pace.turn("management") as turn:
        turn.refused(1000)
    with (
        pytest.raises(MetricaUnavailableError, match=r"a pause of \d+ s asked by the API"),
        pace.turn("logs"),
    ):
        pass


def test_reports_have_a_rate_of_their_own(pace: Pace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "WAIT_SECONDS", 100.0)
    with pace.turn("reporting"):
        pass
    filled = state(pace)
    filled["ended"]["reporting"] = [time.time() - 1] * 200  # type: ignore[index]
    (pace.folder / "state.json").write_text(json.dumps(filled))
    with (
        pytest.raises(MetricaUnavailableError, match=r"200 of 200 reporting calls in 300 s"),
        pace.turn("reporting"),
    ):
        pass
    with pace.turn("logs"):
        pass


def test_the_calls_of_the_day_end_at_once_and_begin_anew_at_midnight(pace: Pace) -> None:
    with pace.turn("logs"):
        pass
    assert pace.calls_today() == 1
    full = {**state(pace), "calls": CALLS_A_DAY}
    (pace.folder / "state.json").write_text(json.dumps(full))
    with (
        pytest.raises(MetricaQuotaError, match=r"5000 calls .* of 5000 a day.*00:00 GMT"),
        pace.turn("logs"),
    ):
        pass
    (pace.folder / "state.json").write_text(json.dumps({**full, "day": "2024-03-05"}))
    assert pace.calls_today() == 0
    with pace.turn("logs"):
        assert pace.calls_today() == 1
    assert state(pace)["day"] == datetime.now(UTC).date().isoformat()


def test_a_clock_set_back_blocks_nobody(pace: Pace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "WAIT_SECONDS", 1.0)
    with pace.turn("logs"):
        pass
    ahead = {**state(pace), "ended": {"logs": [time.time() + 3600] * 10}}
    (pace.folder / "state.json").write_text(json.dumps(ahead))
    with pace.turn("logs"):
        pass


@pytest.mark.parametrize("text", ["", "{", "[]", '{"unknown": 1}', "\x00\xff"])
def test_an_unreadable_state_begins_anew(pace: Pace, text: str) -> None:
    with pace.turn("logs"):
        pass
    (pace.folder / "state.json").write_text(text)
    with pace.turn("logs"):
        pass
    assert state(pace)["calls"] == 1


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    pace = Pace(tmp_path / "file" / "pace")
    with pytest.raises(ConfigurationError, match=r"file/pace.*METRICA_PACING_FOLDER"):
        pace.calls_today()


def test_it_lies_in_the_home_of_airflow_or_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("METRICA_PACING_FOLDER", str(tmp_path / "moved"))
    assert Pace().folder == tmp_path / "moved"
    monkeypatch.delenv("METRICA_PACING_FOLDER")
    assert Pace().folder == Path(os.environ["AIRFLOW_HOME"]) / "metrica-pacing"


def test_a_pause_that_the_api_asks_for_is_kept_by_all(
    emulator: MetricaEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = Reply(429, "quota_requests_by_ip", "Quota exceeded", retry_after=100)
    emulator.faults.fail("counters", refusal)
    with pytest.raises(MetricaQuotaError):
        MetricaClient(emulator.url, TOKEN, attempts=1).counters()
    monkeypatch.setattr(rate_limit, "WAIT_SECONDS", 50.0)
    with pytest.raises(MetricaUnavailableError, match=r"a pause of \d+ s asked by the API"):
        MetricaClient(emulator.url, TOKEN).counters()
    assert len(emulator.calls) == 1


def test_a_night_of_waiting_is_far_from_the_calls_of_a_day() -> None:
    looks, passed, pause = 1, 0.0, trigger.FIRST_WAIT_SECONDS
    while passed < WAIT_LIMIT.total_seconds():
        passed += pause
        pause = min(trigger.LONGEST_WAIT_SECONDS, pause * trigger.GROWTH)
        looks += 1
    # Twelve requests that the API does not prepare within three hours, side by side.
    assert 12 * looks < CALLS_A_DAY / 2
