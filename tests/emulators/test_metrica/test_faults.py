"""Every switch for what goes wrong between a client and the API."""

import time
from collections import Counter as Tally
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.emulators.metrica import (
    Reply,
    day_visits,
)
from tests.emulators.test_metrica.client import DAY, FIELDS, TOWN, Api, refusal, rows


@pytest.mark.parametrize("gzip", [True, False])
def test_a_download_breaks_once(api: Api, gzip: bool) -> None:
    api.emulator.settings.gzip = gzip
    state = api.processed()
    api.emulator.faults.cut(1)
    assert api.part(state["request_id"], 0).status_code == 200
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        api.part(state["request_id"], 1)
    assert len(api.part(state["request_id"], 1).content) == state["parts"][1]["size"]


@pytest.mark.parametrize(("style", "whole_rows"), [("silent", False), ("line", True)])
def test_a_download_ends_early_without_a_sign(api: Api, style: Any, whole_rows: bool) -> None:
    state = api.processed()
    api.emulator.faults.cut(0, style=style, times=2)
    for _ in range(2):
        body = api.part(state["request_id"]).content
        assert len(body) < state["parts"][0]["size"]
        assert body.endswith(b"\n") is whole_rows
    assert len(api.part(state["request_id"]).content) == state["parts"][0]["size"]


@pytest.mark.parametrize(
    ("reply", "retry_after"),
    [
        (Reply(429, "quota_requests_by_ip", "Too many requests", retry_after=1), "1"),
        (Reply(429, "quota_parallel_requests", "Too many"), None),
        (Reply(429, "quota_requests_by_uid", "Too many"), None),
        (Reply(420, "quota_requests_by_counter_id", "Too many"), None),
        (Reply(420, "quota_parallel_requests_by_uid", "Too many", retry_after=30), "30"),
        (Reply(503, "backend_error", "Backend error", retry_after="soon"), "soon"),
        (Reply(504, "timeout", "Timeout"), None),
    ],
)
def test_failing_answers(api: Api, reply: Reply, retry_after: str | None) -> None:
    api.emulator.faults.fail("info", reply, times=2)
    created = api.order()
    assert created.status_code == 200
    path = f"logrequest/{created.json()['log_request']['request_id']}"
    for _ in range(2):
        response = api.logs(path)
        assert refusal(response) == (reply.status, reply.error_type, reply.message)
        assert response.headers.get("Retry-After") == retry_after
    assert api.logs(path).status_code == 200
    assert [call.status for call in api.emulator.calls] == [200, *[reply.status] * 2, 200]


def test_answers_that_are_not_json(api: Api) -> None:
    api.emulator.faults.fail(None, Reply(502, message="Bad Gateway", html=True))
    api.emulator.faults.fail("list", Reply(500, body=""))
    page, empty = api.logs("logrequests"), api.logs("logrequests")
    assert (page.status_code, page.headers["Content-Type"]) == (502, "text/html; charset=utf-8")
    assert "Bad Gateway" in page.text
    assert (empty.status_code, empty.content) == (500, b"")


def test_a_lost_answer_to_create_leaves_an_orphan(api: Api) -> None:
    api.emulator.faults.fail("create", Reply(504, "timeout", "Timeout", after=True))
    assert api.order().status_code == 504
    listed = api.logs("logrequests").json()["requests"]
    assert [(one["date1"], one["fields"]) for one in listed] == [(str(DAY), list(FIELDS))]


def test_slow_answers(api: Api) -> None:
    state = api.processed()
    api.emulator.faults.slow_seconds = 0.3
    with pytest.raises(requests.exceptions.ReadTimeout):
        api.session.get(f"{api.emulator.url}/management/v1/counters", timeout=0.1)
    api.emulator.faults.slow_seconds = 0
    api.emulator.faults.slow_chunk_seconds = 0.2
    started = time.monotonic()
    assert api.part(state["request_id"]).status_code == 200
    assert time.monotonic() - started > 0.2


def test_faulty_rows(api: Api) -> None:
    faults = api.emulator.faults
    good = api.table(api.processed())
    faults.bad_values = {"ym:s:pageViews": "abc", "ym:s:dateTime": "вчера"}
    faults.empty_fields = {"ym:s:visitDuration"}
    faults.wrong_column_rows = 2
    bad = api.table(api.processed())
    assert (bad[0][4], bad[0][1]) == ("abc", "вчера")
    assert bad[1][5] == ""
    assert [len(row) for row in bad[:5]] == [13, 13, 12, 12, 13]
    assert bad[4:] == good[4:]


def test_rows_that_come_twice(api: Api) -> None:
    api.emulator.faults.duplicate_rows = 2
    api.emulator.settings.rows_per_part = 30
    state = api.processed()
    delivered = Tally(row[0] for row in api.table(state))
    twice = [visit_id for visit_id, times in delivered.items() if times == 2]
    assert len(twice) == 2 * (len(state["parts"]) - 1)
    assert len(delivered) == len(day_visits(TOWN, DAY))


def test_other_shapes_of_files_and_answers(api: Api) -> None:
    api.emulator.faults.reversed_columns = True
    api.emulator.faults.byte_order_mark = True
    api.emulator.faults.size_offset = 5
    api.emulator.settings.source_form = "array"
    state = api.processed()
    body = api.part(state["request_id"]).content
    assert state["source"] == ["visits"]
    assert rows(body)[0] == ["\ufeff" + FIELDS[-1], *FIELDS[-2::-1]]
    assert state["parts"][0]["size"] == len(body) + 5


def test_the_call_log_holds_no_token(api: Api) -> None:
    api.get("/management/v1/counters", oauth_token="secret", field="goals")
    (call,) = api.emulator.calls
    assert (call.action, call.method, call.status) == ("counters", "GET", 200)
    assert call.query == {"field": ["goals"]}
    assert "secret" not in repr(call)
    assert "town" not in repr(call)


def test_rates_are_counted_and_enforced_on_demand(api: Api) -> None:
    emulator = api.emulator
    emulator.faults.slow_seconds = 0.2

    def poll(_: int) -> requests.Response:
        return Api(emulator).logs("logrequests")  # type: ignore[no-any-return]

    with ThreadPoolExecutor(5) as pool:
        assert {answer.status_code for answer in pool.map(poll, range(5))} == {200}
    assert emulator.limits.peak_parallel == 5
    emulator.settings.enforce_rates = True
    with ThreadPoolExecutor(5) as pool:
        statuses = Tally(answer.status_code for answer in pool.map(poll, range(5)))
    assert statuses == {200: 3, 429: 2}
    emulator.faults.slow_seconds = 0
    time.sleep(1.05)
    answers = [api.logs("logrequests") for _ in range(12)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429] * 2
    assert refusal(answers[-1])[1] == "quota_requests_by_ip"
    assert emulator.limits.peak_per_second >= 10
