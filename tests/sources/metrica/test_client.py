"""The client against the emulator: what is retried, what is not, and the messages of errors."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
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
from municipal_indicators.sources.metrica import client as client_module
from municipal_indicators.sources.metrica.api_errors import BrokenResponseError
from municipal_indicators.sources.metrica.api_models import LogRequest, LogRequestPart
from municipal_indicators.sources.metrica.client import MetricaClient
from municipal_indicators.sources.metrica.hook import MetricaHook
from tests.emulators.metrica import MetricaEmulator, Reply
from tests.emulators.metrica.faults import CutStyle
from tests.sources.metrica.conftest import SITE, TOKEN, connect, log_query
from tests.sources.metrica.stub_server import StubServer


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with StubServer() as server:
        yield server


def prepared(client: MetricaClient) -> LogRequest:
    created = client.create(log_query())
    assert created is not None
    request = client.log_request(SITE, created.request_id)
    assert request.is_processed
    return request


def test_the_connection_test_counts_the_counters_of_the_token(emulator: MetricaEmulator) -> None:
    assert MetricaHook().test_connection() == (True, "Токену доступно счётчиков: 2.")


def test_the_form_asks_for_a_token_and_the_public_api_is_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_METRICA_DEFAULT", f"metrica://:{TOKEN}@")
    assert repr(MetricaHook().get_conn()) == "MetricaClient('https://api-metrika.yandex.net')"
    assert MetricaHook.get_ui_field_behaviour()["relabeling"]["password"] == "OAuth token"


def test_a_missing_token_names_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_METRICA_DEFAULT", "metrica://localhost")
    with pytest.raises(ConfigurationError, match=r"metrica_default нет токена OAuth.*пароль"):
        MetricaHook().get_conn()


@pytest.mark.parametrize("token", ["two words", "пароль-кириллицей", "line\nend"])
def test_an_impossible_token_is_an_error_and_not_shown(token: str) -> None:
    with pytest.raises(ConfigurationError, match="пробелы или знаки") as caught:
        MetricaClient("http://127.0.0.1:1", token)
    assert token not in str(caught.value)


def test_a_wrong_token_fails_at_once_and_is_not_shown(
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


def test_a_day_that_the_api_rejects_is_named(client: MetricaClient) -> None:
    with pytest.raises(MetricaRequestError, match="date2 must be before the current day"):
        client.evaluate(log_query(last=date(2124, 1, 1)))


SHORT = [
    "quota_requests_by_ip",
    "quota_parallel_requests",
    "quota_parallel_requests_by_uid",
    "quota_that_nobody_knows",
]


@pytest.mark.parametrize("status", [420, 429])
@pytest.mark.parametrize("kind", SHORT)
def test_a_short_quota_is_retried(
    client: MetricaClient, emulator: MetricaEmulator, status: int, kind: str
) -> None:
    emulator.faults.fail("counter", Reply(status, kind, "Quota exceeded"), times=2)
    assert client.counter(SITE).time_zone_name == "Europe/Moscow"
    assert len(emulator.calls) == 3


def in_forty_seconds() -> str:
    """A ``Retry-After`` as an HTTP date; part of a second less remains by the time it is read."""
    return format_datetime(datetime.now(UTC) + timedelta(seconds=41), usegmt=True)


@pytest.mark.parametrize("retry_after", [lambda: 40, lambda: "40", in_forty_seconds])
@pytest.mark.parametrize("status", [420, 429, 503])
def test_a_requested_pause_is_kept(
    client: MetricaClient,
    emulator: MetricaEmulator,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    retry_after: Callable[[], int | str],
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", slept.append)
    monkeypatch.setattr(
        "municipal_indicators.sources.metrica.rate_limit.CallSlot.pause_all_calls",
        lambda *_, **__: None,
    )
    kind = "backend_error" if status == 503 else "quota_requests_by_ip"
    emulator.faults.fail("counter", Reply(status, kind, "Wait", retry_after=retry_after()))
    assert client.counter(SITE).id == SITE
    assert len(slept) == 1
    assert 39.0 <= slept[0] <= 42.0


@pytest.mark.parametrize("retry_after", ["soon", "-5", "", "Wed, 99 Oct 2024 07:28:00 GMT"])
def test_an_invalid_retry_after_is_ignored(
    client: MetricaClient, emulator: MetricaEmulator, retry_after: str
) -> None:
    reply = Reply(429, "quota_requests_by_ip", "Wait", retry_after=retry_after)
    emulator.faults.fail("counter", reply)
    assert client.counter(SITE).id == SITE


def test_a_retry_after_in_the_past_is_no_pause(
    client: MetricaClient, emulator: MetricaEmulator
) -> None:
    reply = Reply(429, "quota_requests_by_ip", "Wait", retry_after="Wed, 21 Oct 2015 07:28:00 GMT")
    emulator.faults.fail("counter", reply)
    assert client.counter(SITE).id == SITE


def test_a_short_quota_that_never_resets_is_an_error(
    client: MetricaClient, emulator: MetricaEmulator
) -> None:
    emulator.faults.fail(None, Reply(429, "quota_parallel_requests", "Too many"), times=99)
    with pytest.raises(MetricaQuotaError, match=r"quota_parallel_requests.*после 6 попыток"):
        client.counter(SITE)
    assert len(emulator.calls) == 6


@pytest.mark.parametrize("retry_after", [3600, "Fri, 31 Dec 2100 23:59:59 GMT"])
def test_a_pause_that_is_too_long_is_left_to_the_next_run(
    client: MetricaClient, emulator: MetricaEmulator, retry_after: int | str
) -> None:
    reply = Reply(429, "quota_requests_by_ip", "Wait", retry_after=retry_after)
    emulator.faults.fail(None, reply)
    with pytest.raises(MetricaQuotaError, match=r"просит подождать \d+ с"):
        client.counter(SITE)
    assert len(emulator.calls) == 1


@pytest.mark.parametrize("status", [420, 429, 403])
@pytest.mark.parametrize(
    ("kind", "resets_at"),
    [
        (
            "quota_requests_by_uid",
            r"5000 обращений в сутки, она обновится \S+ 00:00 GMT.* сегодня: 1",
        ),
        ("quota_requests_by_counter_id", r"5000 обращений в сутки, она обновится \S+ 00:00 GMT"),
        ("quota_delegate_requests", r"3 обращения в час.*обновится в \d\d:00 GMT"),
        ("quota_grants_requests", r"3 обращения в час.*обновится в \d\d:00 GMT"),
    ],
)
def test_a_long_quota_is_not_retried(
    client: MetricaClient, emulator: MetricaEmulator, status: int, kind: str, resets_at: str
) -> None:
    emulator.faults.fail(None, Reply(status, kind, "Quota exceeded", retry_after=1), times=99)
    with pytest.raises(MetricaQuotaError, match=resets_at):
        client.counter(SITE)
    assert len(emulator.calls) == 1


def test_pauses_grow_and_have_jitter(
    client: MetricaClient,
    emulator: MetricaEmulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", slept.append)
    monkeypatch.setattr(client_module, "FIRST_PAUSE_SECONDS", 10.0)
    emulator.faults.fail(None, Reply(503), times=99)
    with pytest.raises(MetricaUnavailableError):
        client.counter(SITE)
    least = [10.0, 20.0, 40.0, 80.0, 120.0]
    assert all(low <= pause <= 1.5 * low for low, pause in zip(least, slept, strict=True))
    assert len({pause / low for low, pause in zip(least, slept, strict=True)}) > 1


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("html", [False, True])
def test_denied_access_fails_at_once(
    client: MetricaClient, emulator: MetricaEmulator, status: int, html: bool
) -> None:
    emulator.faults.fail(None, Reply(status, "unauthorized", "Unauthorized", html=html), times=99)
    with pytest.raises(
        MetricaAccessError,
        match=rf"не приняла токен: .*HTTP {status}.*правом metrika:read.*счётчику",
    ):
        client.counter(SITE)
    assert len(emulator.calls) == 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply(503),
        Reply(504, "timeout", "Too slow"),
        Reply(502, html=True),
        Reply(500, body=""),
        Reply(200, html=True),
        Reply(200, body=""),
        Reply(200, body="[1, 2]"),
        Reply(202, body=""),
    ],
)
def test_a_broken_response_is_retried(
    client: MetricaClient, emulator: MetricaEmulator, reply: Reply
) -> None:
    emulator.faults.fail("counter", reply, times=2)
    assert client.counter(SITE).id == SITE
    assert len(emulator.calls) == 3


def test_an_outage_is_an_error_with_the_way_out(
    client: MetricaClient, emulator: MetricaEmulator
) -> None:
    emulator.faults.fail(None, Reply(503), times=99)
    with pytest.raises(MetricaUnavailableError, match=r"503 backend_error.*запустите DAG"):
        client.counter(SITE)
    assert len(emulator.calls) == 6


def test_a_closed_port_is_unavailable(emulator: MetricaEmulator) -> None:
    with pytest.raises(MetricaUnavailableError, match="соединение оборвалось"):
        MetricaClient("http://127.0.0.1:9", TOKEN, attempts=2).counter(SITE)


def test_a_response_without_a_required_field_is_an_error(
    client: MetricaClient, emulator: MetricaEmulator
) -> None:
    emulator.faults.fail("counter", Reply(200, body='{"counter": {"id": 1}}'))
    with pytest.raises(MetricaError, match=r"нет пригодного 'counter'.*time_zone_name"):
        client.counter(SITE)


def test_a_request_is_created_in_one_attempt(
    client: MetricaClient, emulator: MetricaEmulator
) -> None:
    emulator.faults.fail("create", Reply(503))
    with pytest.raises(BrokenResponseError, match="503 backend_error"):
        client.create(log_query())
    assert emulator.actions() == ["create"]


def test_an_equal_request_in_progress_is_no_error(
    client: MetricaClient, emulator: MetricaEmulator
) -> None:
    emulator.settings.polls = 5
    assert client.create(log_query()) is not None
    assert client.create(log_query()) is None  # 202 with an empty body


def part_sizes(client: MetricaClient, request: LogRequest, folder: Path) -> dict[int, int]:
    """Bytes downloaded of each part."""
    sizes = {}
    for part in request.parts:
        target = folder / f"{part.part_number}.tsv"
        client.download(request, part, target)
        sizes[part.part_number] = target.stat().st_size
    return sizes


@pytest.mark.parametrize("gzip", [True, False])
@pytest.mark.parametrize("style", ["reset", "silent", "line"])
def test_a_part_that_ends_early_is_downloaded_again(
    client: MetricaClient, emulator: MetricaEmulator, tmp_path: Path, style: CutStyle, gzip: bool
) -> None:
    emulator.settings.gzip = gzip
    emulator.faults.cut(0, style=style)
    request = prepared(client)
    assert part_sizes(client, request, tmp_path) == {
        part.part_number: part.size for part in request.parts
    }
    assert emulator.actions().count("download") == 3


@pytest.mark.parametrize("style", ["reset", "silent", "line"])
def test_a_part_that_is_never_complete_leaves_no_file(
    client: MetricaClient, emulator: MetricaEmulator, tmp_path: Path, style: CutStyle
) -> None:
    emulator.faults.cut(1, style=style, times=99)
    with pytest.raises(MetricaUnavailableError, match=r"part/1/download.*после 6 попыток"):
        part_sizes(client, prepared(client), tmp_path)
    assert [path.name for path in tmp_path.glob("*.tsv")] == ["0.tsv"]


def test_a_part_of_another_size_than_announced_is_an_error(
    client: MetricaClient, emulator: MetricaEmulator, tmp_path: Path
) -> None:
    request = prepared(client)
    part = LogRequestPart(part_number=0, size=request.parts[0].size + 1)
    with pytest.raises(MetricaUnavailableError, match=f"обещала {part.size}"):
        client.download(request, part, tmp_path / "part.tsv")


@pytest.mark.parametrize(
    ("extra", "accepted"), [({}, "gzip"), ({"gzip": True}, "gzip"), ({"gzip": False}, "identity")]
)
def test_compression_is_requested_unless_the_connection_says_no(
    stub: StubServer, monkeypatch: pytest.MonkeyPatch, extra: dict[str, bool], accepted: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_METRICA_DEFAULT", connection_to(stub.url, extra))
    stub.body = b'{"rows": 3, "counters": []}'
    assert MetricaHook().get_conn().counters() == 3
    assert accepted in stub.received[0]["Accept-Encoding"]
    assert ("gzip" in stub.received[0]["Accept-Encoding"]) == (accepted == "gzip")


def test_an_invalid_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = {"gzip": "no"}
    monkeypatch.setenv("AIRFLOW_CONN_METRICA_DEFAULT", connection_to("http://127.0.0.1:9", extra))
    with pytest.raises(
        ConfigurationError, match=r"metrica_default в extra стоит gzip 'no'.*true или"
    ):
        MetricaHook().get_conn()


def connection_to(url: str, extra: object) -> str:
    """``metrica_default`` for the environment."""
    host, _, port = url.removeprefix("http://").partition(":")
    connection = {"conn_type": "metrica", "schema": "http", "host": host, "port": int(port)}
    return json.dumps({**connection, "password": TOKEN, "extra": extra})


@pytest.mark.parametrize("declared", ["text/html; charset=windows-1251", "application/json", ""])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_responses_are_utf_8_whatever_the_header_says(
    stub: StubServer, declared: str, mark: bytes
) -> None:
    stub.headers = {"Content-Type": declared} if declared else {}
    counter = {"id": 1, "name": "Сайт администрации", "time_zone_name": "Europe/Moscow"}
    stub.body = mark + json.dumps({"counter": counter}, ensure_ascii=False).encode()
    assert MetricaClient(stub.url, TOKEN).counter(1).name == "Сайт администрации"


@pytest.mark.parametrize(
    "body", [b"", b"<html>no</html>", b"[]", b'{"errors": []}', b'{"errors": "no"}', b"\xff\xfe{"]
)
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, MetricaRequestError),
        (403, MetricaAccessError),
        (429, MetricaQuotaError),
        (302, MetricaRequestError),
        (502, MetricaUnavailableError),
    ],
)
def test_any_body_of_an_error_response_is_handled(
    stub: StubServer, status: int, error: type[MetricaError], body: bytes
) -> None:
    stub.status, stub.body = status, body
    with pytest.raises(error, match=rf"GET /management/v1/counter/1: HTTP {status}"):
        MetricaClient(stub.url, TOKEN, attempts=1).counter(1)


def test_an_error_keeps_its_message_on_one_line(stub: StubServer) -> None:
    stub.status = 400
    error = {"error_type": "invalid_parameter", "message": "Неверно:\n  поле" + "!" * 9999}
    stub.body = json.dumps({"errors": [error]}, ensure_ascii=False).encode()
    with pytest.raises(MetricaRequestError, match=r"invalid_parameter: Неверно: поле!+$") as caught:
        MetricaClient(stub.url, TOKEN).counter(1)
    assert len(str(caught.value)) < 700


def test_a_request_is_cleaned_or_cancelled(
    client: MetricaClient, emulator: MetricaEmulator
) -> None:
    emulator.settings.polls = 5
    pending = client.create(log_query())
    assert pending is not None
    client.clean(pending)
    emulator.settings.polls = 0
    client.clean(prepared(client))
    states = [request.status for request in emulator.store.requests.values()]
    assert states == ["canceled", "cleaned_by_user"]
