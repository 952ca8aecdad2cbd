"""A log request's life: waited for, ordered again, taken over after a kill, cleaned."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import Any

import pytest

from municipal_indicators.errors import (
    MetricaError,
    MetricaQuotaError,
    MetricaUnavailableError,
)
from municipal_indicators.loads import Books
from municipal_indicators.metrica import logs, orders, trigger
from municipal_indicators.metrica.client import LogOrder, MetricaClient
from municipal_indicators.metrica.life import LogLife, Waiting
from municipal_indicators.metrica.trigger import LogRequestTrigger
from municipal_indicators.warehouse import Warehouse
from tests.emulators.metrica import MetricaEmulator, Reply
from tests.metrica.conftest import FIRST, LAST, SITE, TOKEN, order
from tests.metrica.test_logs import expected, published


def life(wanted: LogOrder | None = None) -> LogLife:
    request = {"order": (wanted or order()).model_dump(mode="json"), "time_zone": "Europe/Moscow"}
    return LogLife(request, "metrica_default")


def waited(waiting: Waiting, seconds: float = 60) -> dict[str, Any]:
    """What the trigger says, after a way through Airflow's database."""
    carried = {
        "request_id": waiting.request_id,
        "number": waiting.number,
        "requested_at": waiting.requested_at,
    }
    first = LogRequestTrigger(
        "metrica_default", SITE, waiting.request_id, time.time() + seconds, carried
    )
    path, arguments = first.serialize()
    assert path == "municipal_indicators.metrica.trigger.LogRequestTrigger"
    assert TOKEN not in str(arguments)

    async def event() -> dict[str, Any]:
        async for found in LogRequestTrigger(**arguments).run():
            payload: dict[str, Any] = found.payload
            return payload
        raise AssertionError("the trigger ended without an event")

    return asyncio.run(event())


def finish(one: LogLife, result: Books | Waiting) -> Books:
    """Go on until the log is loaded."""
    while isinstance(result, Waiting):
        result = one.go_on(waited(result))
    return result


def statuses(emulator: MetricaEmulator) -> list[str]:
    return [request.status for request in emulator.store.requests.values()]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trigger, "FIRST_WAIT_SECONDS", 0.01)


def test_a_log_is_ordered_waited_for_published_and_cleaned(
    emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    emulator.settings.polls = 3
    one = life()
    waiting = one.begin()
    assert isinstance(waiting, Waiting)
    assert finish(one, waiting).loaded == len(published(warehouse)) > 0
    assert statuses(emulator) == ["cleaned_by_user"]
    actions = emulator.actions()
    assert actions.index("evaluate") < actions.index("create") < actions.index("download")
    assert actions[-1] == "clean"
    requested = warehouse.value("SELECT max(requested_at) FROM core.metrica_days")
    assert requested.replace(tzinfo=None) == datetime.fromisoformat(waiting.requested_at).replace(
        tzinfo=None, microsecond=0
    )


@pytest.mark.parametrize(
    "ended",
    ["processing_failed", "canceled", "cleaned_automatically_as_too_old", "cleaned_by_user"],
)
def test_a_request_that_ends_without_data_is_ordered_again(
    emulator: MetricaEmulator, warehouse: Warehouse, ended: str
) -> None:
    emulator.faults.script("created", "awaiting_retry", "created", ended)
    one = life()
    finish(one, one.begin())
    assert statuses(emulator) == [ended, "cleaned_by_user"]
    assert published(warehouse) == expected(emulator.visits(SITE, FIRST, LAST), "Europe/Moscow")


def test_ordering_again_has_an_end(emulator: MetricaEmulator, warehouse: Warehouse) -> None:
    for _ in range(9):
        emulator.faults.script("created", "processing_failed")
    one = life()
    with pytest.raises(MetricaError, match=r"ordered 3 times.*is processing_failed"):
        finish(one, one.begin())
    assert statuses(emulator) == ["processing_failed"] * 3


def test_a_request_cleaned_after_the_wait_is_ordered_again(
    emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    one = life()
    waiting = one.begin()
    assert isinstance(waiting, Waiting)
    event = waited(waiting)
    emulator.store.expire(waiting.request_id)
    assert finish(one, one.go_on(event)).loaded > 0
    assert statuses(emulator) == ["cleaned_automatically_as_too_old", "cleaned_by_user"]


def test_a_wait_beyond_its_limit_is_an_error_and_the_order_is_given_back(
    emulator: MetricaEmulator,
) -> None:
    emulator.settings.polls = 999
    one = life()
    waiting = one.begin()
    assert isinstance(waiting, Waiting)
    event = waited(waiting, seconds=0.05)
    assert event["status"] == "overdue"
    with pytest.raises(
        MetricaUnavailableError, match=f"request {waiting.request_id} was not prepared"
    ):
        one.go_on(event)
    one.release()
    assert statuses(emulator) == ["canceled"]


def test_a_service_that_goes_away_while_waiting_is_told(emulator: MetricaEmulator) -> None:
    one = life()
    waiting = one.begin()
    assert isinstance(waiting, Waiting)
    emulator.faults.fail("info", Reply(503), times=99)
    event = waited(waiting)
    with pytest.raises(MetricaUnavailableError, match="503 backend_error"):
        one.go_on(event)


def test_the_storage_that_is_full_when_ordering_is_told(emulator: MetricaEmulator) -> None:
    emulator.occupy(SITE, 11 * 10**9)
    with pytest.raises(MetricaQuotaError, match=r"prepared requests hold 11\.00 GB"):
        life().begin()
    assert "create" not in emulator.actions()


def test_a_run_killed_while_waiting_is_completed_with_its_own_request(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    left = life().begin()
    assert isinstance(left, Waiting)
    one = life()
    finish(one, one.begin())
    assert list(emulator.store.requests) == [left.request_id]
    assert statuses(emulator) == ["cleaned_by_user"]
    assert orders.find(client, order()) is None


@pytest.mark.parametrize("step", ["_check_parts", "_books", "_note_days", "publish_loads"])
def test_a_run_killed_while_loading_shows_nothing_and_is_completed(
    emulator: MetricaEmulator, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def killed(*_: object) -> None:
        raise SystemExit(137)

    one = life()
    with monkeypatch.context() as patch:
        patch.setattr(logs, step, killed)
        with pytest.raises(SystemExit):
            finish(one, one.begin())
    assert published(warehouse) == []
    assert warehouse.value("SELECT count() FROM core.site_days") == 0
    assert warehouse.value("SELECT count() FROM core.metrica_visits") > 0
    one = life()
    finish(one, one.begin())
    assert published(warehouse) == expected(emulator.visits(SITE, FIRST, LAST), "Europe/Moscow")
    assert statuses(emulator) == ["cleaned_by_user"]
    states = dict(warehouse.rows("SELECT status, count() FROM ops.loads GROUP BY status"))
    assert states == {"failed": 3, "published": 3}


def test_a_failed_load_leaves_the_published_days(
    emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    one = life()
    finish(one, one.begin())
    before = published(warehouse)
    emulator.faults.cut(1, style="line", times=99)
    one = life()
    with pytest.raises(MetricaUnavailableError, match="the API announced"):
        finish(one, one.begin())
    assert published(warehouse) == before
    one.release()
    assert statuses(emulator) == ["cleaned_by_user", "cleaned_by_user"]
