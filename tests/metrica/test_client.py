"""The client against the emulator: what is repeated, what is not, and how errors are worded."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import pytest

from municipal_indicators.errors import (
    ConfigurationError,
    MetricaAccessError,
    MetricaError,
    MetricaQuotaError,
    MetricaRequestError,
    MetricaUnavailableError,
)
from municipal_indicators.metrica import orders
from municipal_indicators.metrica.client import LogRequest, MetricaClient
from municipal_indicators.metrica.hook import MetricaHook
from tests.emulators.metrica import MetricaEmulator, Reply
from tests.emulators.metrica.faults import CutStyle
from tests.metrica.conftest import SITE, TOKEN, connect, order


def prepared(client: MetricaClient) -> LogRequest:
    request = orders.find_or_order(client, order())
    return client.log_request(SITE, request.request_id)


def test_the_connection_is_tested_by_what_the_token_sees(emulator: MetricaEmulator) -> None:
    assert MetricaHook().test_connection() == (True, "The token sees 2 counters.")


def test_the_form_asks_for_a_token_and_the_public_api_is_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_METRICA_DEFAULT", f"metrica://:{TOKEN}@")
    assert repr(MetricaHook().get_conn()) == "MetricaClient('https://api-metrika.yandex.net')"
    assert MetricaHook.get_ui_field_behaviour()["relabeling"]["password"] == "OAuth token"


def test_a_missing_token_names_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_METRICA_DEFAULT", "metrica://localhost")
    with pytest.raises(ConfigurationError, match=r"metrica_default has no OAuth token.*password"):
        MetricaHook().get_conn()


@pytest.mark.parametrize("token", ["two words", "пароль-кириллицей", "line\nend"])
def test_an_impossible_token_is_refused_and_not_shown(token: str) -> None:
    with pytest.raises(ConfigurationError, match="blanks or characters") as caught:
        MetricaClient("http://127.0.0.1:1", token)
    assert token not in str(caught.value)


def test_a_wrong_token_fails_at_once_and_does_not_show(
    emulator: MetricaEmulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    connect(emulator, monkeypatch, token="y0_another-secret")
    client = MetricaHook().get_conn()
    with pytest.raises(MetricaAccessError, match=r"403 invalid_token.*metrika:read") as caught:
        client.counter(SITE)
    assert len(emulator.calls) == 1
    shown = f"{caught.value} {caught.value.__cause__} {client!r} {vars(client)} {caplog.text}"
    assert "another-secret" not in shown
    assert MetricaHook().test_connection()[0] is False


def test_an_unknown_counter_is_named(client: MetricaClient) -> None:
    with pytest.raises(MetricaRequestError, match=r"counter/404: HTTP 404 not_found"):
        client.counter(404)


def test_a_day_that_the_api_refuses_is_named(client: MetricaClient) -> None:
    with pytest.raises(MetricaRequestError, match="date2 must be before the current day"):
        client.evaluate(order(last=date(2124, 1, 1)))


@pytest.mark.parametrize("status", [420, 429])
def test_a_short_quota_is_waited_out_as_asked(
    client: MetricaClient, emulator: MetricaEmulator, status: int
) -> None:
    refusal = Reply(status, "quota_requests_by_ip", "Quota exceeded", retry_after=1)
    emulator.faults.fail("counter", refusal)
    begun = time.monotonic()
    assert client.counter(SITE).time_zone_name == "Europe/Moscow"
    assert 1.0 <= time.monotonic() - begun < 3.0
    assert len(emulator.calls) == 2


def test_a_short_quota_that_never_passes_has_an_end(
    client: MetricaClient, emulator: MetricaEmulator
) -> None:
    emulator.faults.fail(None, Reply(429, "quota_parallel_requests", "Too many"), times=99)
    with pytest.raises(MetricaQuotaError, match=r"quota_parallel_requests.*6 attempts"):
        client.counter(SITE)
    assert len(emulator.calls) == 6


def test_a_pause_longer_than_ours_is_left_to_the_next_run(
    client: MetricaClient, emulator: MetricaEmulator
) -> None:
    emulator.faults.fail(None, Reply(429, "quota_requests_by_ip", "Wait", retry_after=3600))
    with pytest.raises(MetricaQuotaError, match="asks to wait 3600 s"):
        client.counter(SITE)
    assert len(emulator.calls) == 1


@pytest.mark.parametrize("kind", ["quota_requests_by_uid", "quota_requests_by_counter_id"])
def test_a_daily_quota_is_not_repeated(
    client: MetricaClient, emulator: MetricaEmulator, kind: str
) -> None:
    emulator.faults.fail(None, Reply(429, kind, "Quota exceeded"), times=99)
    with pytest.raises(MetricaQuotaError, match="00:00 GMT"):
        client.counter(SITE)
    assert len(emulator.calls) == 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply(503),
        Reply(504, "timeout", "Too slow"),
        Reply(502, html=True),
        Reply(200, html=True),
        Reply(200, body=""),
    ],
)
def test_a_broken_answer_is_repeated(
    client: MetricaClient, emulator: MetricaEmulator, reply: Reply
) -> None:
    emulator.faults.fail("counter", reply, times=2)
    assert client.counter(SITE).id == SITE
    assert len(emulator.calls) == 3


def test_a_service_that_stays_away_is_told_with_the_way_out(
    client: MetricaClient, emulator: MetricaEmulator
) -> None:
    emulator.faults.fail(None, Reply(503), times=99)
    with pytest.raises(MetricaUnavailableError, match=r"503 backend_error.*run the DAG again"):
        client.counter(SITE)
    assert len(emulator.calls) == 6


def test_a_closed_port_is_unavailable(emulator: MetricaEmulator) -> None:
    with pytest.raises(MetricaUnavailableError, match="connection broke"):
        MetricaClient("http://127.0.0.1:9", TOKEN, attempts=2).counter(SITE)


def test_an_answer_without_what_it_owes_is_an_error(
    client: MetricaClient, emulator: MetricaEmulator
) -> None:
    emulator.faults.fail("counter", Reply(200, body='{"counter": {"id": 1}}'))
    with pytest.raises(MetricaError, match=r"without a usable 'counter'.*time_zone_name"):
        client.counter(SITE)


def test_an_order_whose_answer_was_lost_is_not_placed_twice(
    client: MetricaClient, emulator: MetricaEmulator
) -> None:
    emulator.faults.fail("create", Reply(503, after=True))
    request = orders.find_or_order(client, order())
    assert list(emulator.store.requests) == [request.request_id]
    assert emulator.actions().count("create") == 1


def test_an_equal_order_in_progress_is_taken_over(
    client: MetricaClient, emulator: MetricaEmulator
) -> None:
    emulator.settings.polls = 5
    first = orders.find_or_order(client, order())
    assert client.create(order()) is None  # 202 with an empty body
    assert orders.find_or_order(client, order()).request_id == first.request_id


def test_another_persons_or_ended_order_is_not_taken_over(
    client: MetricaClient, emulator: MetricaEmulator
) -> None:
    ours = prepared(client)
    fewer = order().model_copy(update={"fields": order().fields[:-1]})
    later = order().model_copy(update={"attribution": "LAST"})
    assert orders.find(client, order(last=date(2024, 3, 2))) is None
    assert orders.find(client, fewer) is None
    assert orders.find(client, later) is None
    assert orders.find(client, order()) == ours
    client.clean(ours)
    assert orders.find(client, order()) is None


@pytest.mark.parametrize("style", ["reset", "silent", "line"])
def test_a_part_that_ends_early_is_downloaded_again(
    client: MetricaClient, emulator: MetricaEmulator, tmp_path: Path, style: CutStyle
) -> None:
    emulator.faults.cut(0, style=style)
    request = prepared(client)
    landed = orders.download_parts(client, request, tmp_path)
    assert [number for number, _ in landed] == [0, 1]
    assert [path.stat().st_size for _, path in landed] == [part.size for part in request.parts]
    assert emulator.actions().count("download") == 3


@pytest.mark.parametrize("style", ["reset", "silent", "line"])
def test_a_part_that_never_comes_whole_leaves_no_file(
    client: MetricaClient, emulator: MetricaEmulator, tmp_path: Path, style: CutStyle
) -> None:
    emulator.faults.cut(1, style=style, times=99)
    with pytest.raises(MetricaUnavailableError, match=r"part/1/download.*6 attempts"):
        orders.download_parts(client, prepared(client), tmp_path)
    assert [path.name[-6:] for path in tmp_path.glob("*.tsv")] == [".0.tsv"]


def test_parts_come_in_order_of_their_numbers(
    client: MetricaClient, emulator: MetricaEmulator, tmp_path: Path
) -> None:
    emulator.settings.sparse_parts = True
    assert [n for n, _ in orders.download_parts(client, prepared(client), tmp_path)] == [0, 2]


def test_a_request_is_cleaned_or_cancelled(
    client: MetricaClient, emulator: MetricaEmulator
) -> None:
    emulator.settings.polls = 5
    pending = orders.find_or_order(client, order())
    orders.clean(client, pending)
    emulator.settings.polls = 0
    orders.clean(client, prepared(client))
    states = [request.status for request in emulator.store.requests.values()]
    assert states == ["canceled", "cleaned_by_user"]
    orders.clean(client, pending)  # gone already: told, not raised
