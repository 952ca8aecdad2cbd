"""Which request delivers a log: ours after a lost response, a foreign one in progress, or a new one."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, date, datetime

import pytest

from municipal_indicators.errors import (
    MetricaQuotaError,
    MetricaRequestError,
    MetricaUnavailableError,
)
from municipal_indicators.sources.metrica import trigger
from municipal_indicators.sources.metrica.api_models import LogQuery, LogRequest
from municipal_indicators.sources.metrica.checkpoint import Checkpoint
from municipal_indicators.sources.metrica.client import MetricaClient
from municipal_indicators.sources.metrica.fields import load_fields
from municipal_indicators.sources.metrica.log_requests import AcquiredRequest
from municipal_indicators.sources.metrica.request_ledger import read_ledger
from municipal_indicators.warehouse.client import Warehouse
from tests.emulators.metrica import MetricaEmulator, Reply
from tests.sources.metrica.conftest import FIRST, LAST, SITE, log_query
from tests.sources.metrica.site_loads import (
    KilledError,
    finish,
    killed,
    record,
    shown,
    site_load,
    states,
    statuses,
    truth,
    waited,
)

LATER = (date(2024, 3, 4), date(2024, 3, 6))
NOTHING_LISTED = Reply(200, body='{"requests": []}')


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trigger, "FIRST_WAIT_SECONDS", 0.01)


def foreign(client: MetricaClient, wanted: LogQuery | None = None) -> LogRequest:
    """A request of another login: the ledger does not know it."""
    created = client.create(wanted or log_query())
    assert created
    return created


def ours(client: MetricaClient, warehouse: Warehouse, wanted: LogQuery) -> LogRequest:
    created = foreign(client, wanted)
    at = datetime.now(UTC)
    record(warehouse, "another run", "ordered", wanted, created.request_id, at)
    return created


def number_of(acquired: AcquiredRequest | None) -> int:
    assert acquired
    return acquired.request.request_id


def events(warehouse: Warehouse) -> list[str]:
    return [
        row[0]
        for row in warehouse.rows(
            "SELECT toString(event) FROM ops.metrica_request_events ORDER BY at"
        )
    ]


@pytest.mark.parametrize("reply", [Reply(503, after=True), Reply(500, html=True, after=True)])
def test_a_request_whose_response_was_lost_is_ours_and_not_created_twice(
    emulator: MetricaEmulator, warehouse: Warehouse, reply: Reply
) -> None:
    emulator.faults.fail("create", reply)
    load = site_load()
    number = number_of(load.requests.acquire(load.queries[0]))
    assert list(emulator.store.requests) == [number]
    assert emulator.actions().count("create") == 1
    assert events(warehouse) == ["ordering", "ordered"]
    recorded = warehouse.value("SELECT ordered_at FROM ops.metrica_requests")
    intended = warehouse.value("SELECT min(at) FROM ops.metrica_request_events")
    assert abs((recorded - intended).total_seconds()) < 0.5


def test_a_request_without_a_response_that_the_list_shows_late_is_ours(
    emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    emulator.settings.polls = 5
    emulator.faults.fail("create", Reply(503, after=True))
    emulator.faults.fail("list", NOTHING_LISTED, skip=1)
    load = site_load()
    number = number_of(load.requests.acquire(load.queries[0]))
    assert list(emulator.store.requests) == [number]
    assert emulator.actions().count("create") == 2  # the second response was 202
    assert states(warehouse) == [(number, "ordered")]


def test_a_request_with_a_lost_response_is_not_confused_with_an_older_foreign_one(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    theirs = foreign(client)
    client.log_request(SITE, theirs.request_id)
    emulator.faults.fail("create", Reply(503, after=True))
    finish(site_load())
    assert statuses(emulator) == ["processed", "cleaned_by_user"]


def test_a_foreign_request_in_progress_is_waited_for_and_never_cleaned(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    emulator.settings.polls = 9
    theirs = foreign(client)
    load = site_load()
    checkpoint = load.start()
    assert isinstance(checkpoint, Checkpoint)
    assert checkpoint.request_id == theirs.request_id
    finish(load, checkpoint)
    assert shown(warehouse) == truth(emulator, FIRST, LAST)
    assert statuses(emulator) == ["processed"]
    load.release()
    assert statuses(emulator) == ["processed"]
    assert states(warehouse) == []
    assert read_ledger(warehouse, [SITE]).intents == []


def test_a_foreign_request_that_its_owner_cleans_first_is_replaced_by_ours(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    emulator.settings.polls = 9
    theirs = foreign(client)
    load = site_load()
    checkpoint = load.start()
    assert isinstance(checkpoint, Checkpoint)
    event = waited(load, checkpoint)
    client.clean(client.log_request(SITE, theirs.request_id))
    finish(load, load.resume(event))
    assert statuses(emulator) == ["cleaned_by_user"] * 2
    assert len(states(warehouse)) == 1


def test_a_foreign_processed_request_is_left_alone_and_ours_is_created(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    theirs = foreign(client)
    client.log_request(SITE, theirs.request_id)
    finish(site_load())
    assert statuses(emulator) == ["processed", "cleaned_by_user"]


def test_an_equal_request_that_the_list_never_shows_is_an_error(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    emulator.settings.polls = 99
    foreign(client)
    emulator.faults.fail("list", NOTHING_LISTED, times=99)
    load = site_load()
    with pytest.raises(MetricaUnavailableError, match="в списке её ещё нет"):
        load.requests.acquire(load.queries[0])


def test_a_rejected_request_leaves_no_intent(
    emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    emulator.faults.fail("create", Reply(400, "invalid_parameter", "Wrong parameter"))
    load = site_load()
    with pytest.raises(MetricaRequestError, match="Wrong parameter"):
        load.requests.acquire(load.queries[0])
    assert events(warehouse) == ["ordering", "given_up"]
    assert read_ledger(warehouse, [SITE]).intents == []


def test_an_intent_without_a_request_is_closed_by_the_next_request(
    emulator: MetricaEmulator, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(MetricaClient, "create", killed)
        with pytest.raises(KilledError):
            site_load().start()
    assert len(read_ledger(warehouse, [SITE]).intents) == 1
    finish(site_load())
    assert statuses(emulator) == ["cleaned_by_user"]
    assert read_ledger(warehouse, [SITE]).intents == []


def test_a_request_that_is_too_old_is_cleaned_and_created_again(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    created = foreign(client)
    old = datetime(2024, 3, 4, 12, tzinfo=UTC)
    record(warehouse, "an interrupted run", "ordered", log_query(), created.request_id, old)
    finish(site_load())
    assert states(warehouse) == [
        (created.request_id, "given_up"),
        (created.request_id + 1, "cleaned"),
    ]
    assert statuses(emulator) == ["cleaned_by_user"] * 2


def test_requests_for_later_logs_are_cleaned_for_an_earlier_one(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    ahead = ours(client, warehouse, log_query(*LATER))
    size = client.log_request(SITE, ahead.request_id).size
    assert size
    emulator.settings.quota_bytes = size * 3 // 2
    load = site_load((FIRST, LAST), LATER)
    finish(load)
    assert shown(warehouse) == truth(emulator, FIRST, LATER[1])
    assert statuses(emulator) == ["cleaned_by_user"] * 3
    assert states(warehouse)[0] == (ahead.request_id, "given_up")


def test_storage_that_the_other_source_holds_is_waited_for(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    hits = log_query().model_copy(update={"source": "hits", "fields": load_fields("hits").names})
    other = ours(client, warehouse, hits)
    emulator.faults.possible_days = 0
    load = site_load()
    checkpoint = load.start()
    assert isinstance(checkpoint, Checkpoint)
    assert checkpoint.request_id == 0
    assert "create" not in emulator.actions()[1:]
    overdue = waited(load, checkpoint, seconds=0.05)
    assert overdue["status"] == "timed_out"
    with pytest.raises(MetricaQuotaError, match=r"место для дней: 0 из 3; готовые выгрузки \(1\)"):
        load.resume(overdue)
    with pytest.raises(MetricaQuotaError, match="место для дней: 0"):
        # The storage was free for the trigger and full again for the request, until the deadline passed.
        load.resume(
            {
                "checkpoint": asdict(replace(checkpoint, storage_deadline=1.0)),
                "status": "storage_free",
            }
        )
    emulator.faults.possible_days = None
    event = waited(load, checkpoint)
    assert event["status"] == "storage_free"
    assert finish(load, load.resume(event)).loaded > 0
    assert statuses(emulator) == ["processed", "cleaned_by_user"]
    assert client.log_request(SITE, other.request_id).is_processed


def test_a_checkpoint_survives_json(emulator: MetricaEmulator, warehouse: Warehouse) -> None:
    emulator.settings.polls = 1
    load = site_load()
    checkpoint = load.start()
    assert isinstance(checkpoint, Checkpoint)
    failed = replace(checkpoint, failures=("an earlier one",))
    event = waited(load, failed)
    event["checkpoint"]["failures"] = list(event["checkpoint"]["failures"])
    with pytest.raises(Exception, match=r"целиком 1 из 1.*an earlier one"):
        finish(load, load.resume(event))
