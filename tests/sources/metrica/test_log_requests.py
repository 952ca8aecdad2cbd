"""Whose request brings an order: ours after a lost answer, a foreign one in progress, a new one; storage."""

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
from municipal_indicators.sources.metrica.client import LogOrder, LogRequest, MetricaClient
from municipal_indicators.sources.metrica.fields import load_fields
from municipal_indicators.sources.metrica.log_requests import Held
from municipal_indicators.sources.metrica.request_ledger import note, note_of, read_ledger
from municipal_indicators.sources.metrica.site_load import Place
from municipal_indicators.warehouse.client import Warehouse
from tests.emulators.metrica import MetricaEmulator, Reply
from tests.sources.metrica.conftest import FIRST, LAST, SITE, order
from tests.sources.metrica.site_loads import (
    KilledError,
    finish,
    killed,
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


def foreign(client: MetricaClient, wanted: LogOrder | None = None) -> LogRequest:
    """A request that another login makes: the ledger knows nothing of it."""
    created = client.create(wanted or order())
    assert created
    return created


def ours(client: MetricaClient, warehouse: Warehouse, wanted: LogOrder) -> LogRequest:
    created = foreign(client, wanted)
    at = datetime.now(UTC)
    note(warehouse, "another run", [note_of("ordered", wanted, created.request_id, at)])
    return created


def held_number(held: Held | None) -> int:
    assert held
    return held.request.request_id


def events(warehouse: Warehouse) -> list[str]:
    return [
        row[0]
        for row in warehouse.rows(
            "SELECT toString(event) FROM ops.metrica_request_events ORDER BY at"
        )
    ]


@pytest.mark.parametrize("reply", [Reply(503, after=True), Reply(500, html=True, after=True)])
def test_an_order_whose_answer_was_lost_is_ours_and_not_placed_twice(
    emulator: MetricaEmulator, warehouse: Warehouse, reply: Reply
) -> None:
    emulator.faults.fail("create", reply)
    load = site_load()
    number = held_number(load.ordering.hold(load.orders[0]))
    assert list(emulator.store.requests) == [number]
    assert emulator.actions().count("create") == 1
    assert events(warehouse) == ["ordering", "ordered"]
    noted = warehouse.value("SELECT ordered_at FROM ops.metrica_requests")
    intended = warehouse.value("SELECT min(at) FROM ops.metrica_request_events")
    assert abs((noted - intended).total_seconds()) < 0.5


def test_an_order_without_an_answer_that_the_list_shows_late_is_ours(
    emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    emulator.settings.polls = 5
    emulator.faults.fail("create", Reply(503, after=True))
    emulator.faults.fail("list", NOTHING_LISTED, skip=1)
    load = site_load()
    number = held_number(load.ordering.hold(load.orders[0]))
    assert list(emulator.store.requests) == [number]
    assert emulator.actions().count("create") == 2  # the second was answered 202
    assert states(warehouse) == [(number, "ordered")]


def test_a_lost_answer_is_not_mistaken_for_an_older_foreign_request(
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
    place = load.begin()
    assert isinstance(place, Place)
    assert place.request_id == theirs.request_id
    finish(load, place)
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
    place = load.begin()
    assert isinstance(place, Place)
    event = waited(load, place)
    client.clean(client.log_request(SITE, theirs.request_id))
    finish(load, load.go_on(event))
    assert statuses(emulator) == ["cleaned_by_user"] * 2
    assert len(states(warehouse)) == 1


def test_a_foreign_prepared_request_is_left_alone_and_ordered_anew(
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
    with pytest.raises(MetricaUnavailableError, match="the list does not show it yet"):
        load.ordering.hold(load.orders[0])


def test_a_refused_order_leaves_no_intent(emulator: MetricaEmulator, warehouse: Warehouse) -> None:
    emulator.faults.fail("create", Reply(400, "invalid_parameter", "Wrong parameter"))
    load = site_load()
    with pytest.raises(MetricaRequestError, match="Wrong parameter"):
        load.ordering.hold(load.orders[0])
    assert events(warehouse) == ["ordering", "given_up"]
    assert read_ledger(warehouse, [SITE]).intents == []


def test_an_intent_whose_order_never_left_is_answered_by_the_next_order(
    emulator: MetricaEmulator, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(MetricaClient, "create", killed)
        with pytest.raises(KilledError):
            site_load().begin()
    assert len(read_ledger(warehouse, [SITE]).intents) == 1
    finish(site_load())
    assert statuses(emulator) == ["cleaned_by_user"]
    assert read_ledger(warehouse, [SITE]).intents == []


def test_an_order_that_has_become_old_is_cleaned_and_ordered_anew(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    created = foreign(client)
    old = datetime(2024, 3, 4, 12, tzinfo=UTC)
    note(warehouse, "a dead run", [note_of("ordered", order(), created.request_id, old)])
    finish(site_load())
    assert states(warehouse) == [
        (created.request_id, "given_up"),
        (created.request_id + 1, "cleaned"),
    ]
    assert statuses(emulator) == ["cleaned_by_user"] * 2


def test_later_orders_give_their_storage_to_an_earlier_one(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    ahead = ours(client, warehouse, order(*LATER))
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
    hits = order().model_copy(update={"source": "hits", "fields": load_fields("hits").names})
    other = ours(client, warehouse, hits)
    emulator.faults.possible_days = 0
    load = site_load()
    place = load.begin()
    assert isinstance(place, Place)
    assert place.request_id == 0
    assert "create" not in emulator.actions()[1:]
    overdue = waited(load, place, seconds=0.05)
    assert overdue["status"] == "overdue"
    with pytest.raises(MetricaQuotaError, match=r"room for 0 days of 3; 1 prepared requests"):
        load.go_on(overdue)
    with pytest.raises(MetricaQuotaError, match="room for 0 days"):
        # There was room for the trigger, and again none for the order, until the limit had passed.
        load.go_on({"carried": asdict(replace(place, room_until=1.0)), "status": "room"})
    emulator.faults.possible_days = None
    event = waited(load, place)
    assert event["status"] == "room"
    assert finish(load, load.go_on(event)).loaded > 0
    assert statuses(emulator) == ["processed", "cleaned_by_user"]
    assert client.log_request(SITE, other.request_id).is_processed


def test_a_place_survives_its_way_through_json(
    emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    emulator.settings.polls = 1
    load = site_load()
    place = load.begin()
    assert isinstance(place, Place)
    failed = replace(place, failed=("an earlier one",))
    event = waited(load, failed)
    event["carried"]["failed"] = list(event["carried"]["failed"])
    with pytest.raises(Exception, match=r"1 of 1 logs.*an earlier one"):
        finish(load, load.go_on(event))
