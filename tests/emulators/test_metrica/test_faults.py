"""Every switch for what goes wrong between a client and the API."""

from collections import Counter as Tally
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest
import requests

from tests.emulators.metrica import (
    Reply,
    day_visits,
)
from tests.emulators.test_metrica.client import DAY, FIELDS, TOWN, Api, refusal, rows

SOON = datetime(2025, 6, 20, 12, 0, 5, tzinfo=UTC)


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
        (Reply(429, "quota_delegate_requests", "Too many"), None),
        (Reply(429, "quota_grants_requests", "Too many"), None),
        (Reply(401, "unauthorized", "Unauthorized"), None),
        (Reply(403, "invalid_token", "Invalid oauth_token"), None),
        (Reply(420, "quota_requests_by_counter_id", "Too many"), None),
        (Reply(420, "quota_parallel_requests_by_uid", "Too many", retry_after=30), "30"),
        (Reply(503, "backend_error", "Backend error", retry_after="soon"), "soon"),
        (
            Reply(429, "quota_requests_by_ip", "Too many", retry_after=format_datetime(SOON, True)),
            "Fri, 20 Jun 2025 12:00:05 GMT",
        ),
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
    api.emulator.faults.fail("list", Reply(200, html=True, message="Sign in to the proxy"))
    page, empty = api.logs("logrequests"), api.logs("logrequests")
    assert (page.status_code, page.headers["Content-Type"]) == (502, "text/html; charset=utf-8")
    assert "Bad Gateway" in page.text
    assert (empty.status_code, empty.content) == (500, b"")
    assert api.logs("logrequests").text.startswith("<html>")


def test_some_calls_get_through_first(api: Api) -> None:
    api.emulator.faults.fail("list", Reply(503), skip=2, times=2)
    api.emulator.faults.fail("counters", Reply(504))
    statuses = [api.logs("logrequests").status_code for _ in range(5)]
    assert statuses == [200, 200, 503, 503, 200]
    assert api.get("/management/v1/counters").status_code == 504


def test_a_connection_breaks_between_parts(api: Api) -> None:
    state = api.processed()
    api.emulator.faults.drop("download", skip=1)
    assert api.part(state["request_id"], 0).status_code == 200
    with pytest.raises(requests.exceptions.ConnectionError):
        api.part(state["request_id"], 1)
    assert len(api.part(state["request_id"], 1).content) == state["parts"][1]["size"]


@pytest.mark.parametrize("after", [False, True])
def test_create_without_an_answer(api: Api, after: bool) -> None:
    api.emulator.faults.drop("create", after=after)
    with pytest.raises(requests.exceptions.ConnectionError):
        api.order()
    assert len(api.logs("logrequests").json()["requests"]) == int(after)
    assert api.emulator.calls[0].status == 0


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
    api.emulator.faults.slow_chunk_seconds = 0.3
    url = f"{api.emulator.url}/management/v1/counter/{TOWN}/logrequest/{state['request_id']}"
    with pytest.raises(requests.exceptions.ConnectionError, match="Read timed out"):
        api.session.get(f"{url}/part/0/download", timeout=0.1)


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
