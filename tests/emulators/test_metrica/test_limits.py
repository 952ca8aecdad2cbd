"""The quotas on calls, counted always and enforced on demand, by a clock that tests set."""

from collections import Counter as Tally
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
import requests

from tests.emulators.metrica import MetricaEmulator
from tests.emulators.metrica.limits import PER_DAY, Limits
from tests.emulators.test_metrica.client import DAY, TOWN, Api, refusal


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock(api: Api) -> Iterator[Clock]:
    clock = Clock()
    kept = api.emulator.limits.monotonic
    api.emulator.limits.monotonic = clock
    api.emulator.settings.enforce_rates = True
    yield clock
    api.emulator.limits.monotonic = kept


def report(api: Api) -> requests.Response:
    day = str(DAY)
    return api.get("/stat/v1/data", ids=str(TOWN), metrics="ym:s:visits", date1=day, date2=day)


def test_ten_calls_a_second_to_logs(api: Api, clock: Clock) -> None:
    answers = [api.logs("logrequests") for _ in range(12)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429] * 2
    assert refusal(answers[-1])[1] == "quota_requests_by_ip"
    assert "Retry-After" not in answers[-1].headers
    assert api.emulator.limits.peak_per_second >= 10
    clock.seconds += 1
    assert api.logs("logrequests").status_code == 200


def test_two_hundred_reports_in_five_minutes(api: Api, clock: Clock) -> None:
    statuses: Tally[int] = Tally()
    for _ in range(210):
        clock.seconds += 0.1
        statuses[report(api).status_code] += 1
    assert statuses == {200: 200, 429: 10}
    assert refusal(report(api))[1] == "quota_requests_by_uid"
    assert api.logs("logrequests").status_code == 200
    clock.seconds += 300
    assert report(api).status_code == 200


def test_five_thousand_calls_a_day_until_midnight_gmt(api: Api, clock: Clock) -> None:
    emulator: MetricaEmulator = api.emulator
    today = emulator.clock().astimezone(UTC).date()
    emulator.limits.today[today, "OAuth town"] = PER_DAY - 1
    assert api.logs("logrequests").status_code == 200
    assert refusal(api.logs("logrequests"))[:2] == (429, "quota_requests_by_uid")
    tomorrow = datetime(today.year, today.month, today.day, tzinfo=UTC) + timedelta(days=1)
    emulator.clock = lambda: tomorrow
    assert api.logs("logrequests").status_code == 200


def test_three_calls_at_once(api: Api, clock: Clock) -> None:
    limits = Limits(monotonic=clock)
    day = date(2025, 1, 1)
    for _ in range(4):
        limits.enter("one", "logs", day, enforce=False)
    assert limits.peak_parallel == 4
    held = [api.emulator.faults.hold("counters") for _ in range(3)]
    urls = [f"{api.emulator.url}/management/v1/counters"] * 3
    with ThreadPoolExecutor(3) as pool:
        headers = {"Authorization": "OAuth town"}
        running = [pool.submit(requests.get, url, headers=headers, timeout=30) for url in urls]
        for hold in held:
            assert hold.reached.wait(10)
        assert refusal(api.logs("logrequests"))[:2] == (429, "quota_parallel_requests")
        for hold in held:
            hold.release()
        assert [answer.result().status_code for answer in running] == [200] * 3
    assert api.logs("logrequests").status_code == 200
