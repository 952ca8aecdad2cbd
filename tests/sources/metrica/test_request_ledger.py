"""The ledger of requests: which are ours, intents and their results, the last state of each."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from municipal_indicators.sources.metrica.api_models import LogQuery, LogRequest
from municipal_indicators.sources.metrica.request_ledger import (
    OwnRequest,
    RequestKey,
    fields_hash,
    read_ledger,
)
from municipal_indicators.warehouse.client import Warehouse
from tests.sources.metrica.conftest import FAR_SITE, SITE, log_query
from tests.sources.metrica.site_loads import record

AT = datetime(2024, 3, 9, 1, 20, 0, 123456, tzinfo=UTC)


def request(number: int, wanted: LogQuery | None = None, status: str = "processed") -> LogRequest:
    wanted = wanted or log_query()
    return LogRequest(
        request_id=number,
        counter_id=wanted.counter_id,
        source=wanted.source,
        date1=wanted.date1,
        date2=wanted.date2,
        fields=frozenset(wanted.fields),
        attribution=wanted.attribution,
        status=status,
    )


def own(listed: LogRequest, ordered_at: datetime, state: str = "ordered") -> OwnRequest:
    return OwnRequest(listed, ordered_at, state, RequestKey.of(listed))


def test_the_order_of_fields_does_not_matter() -> None:
    assert fields_hash(["b", "a"]) == fields_hash(["a", "b"]) != fields_hash(["a,b", "c"])


def test_a_request_recorded_as_created_is_ours(warehouse: Warehouse) -> None:
    record(warehouse, "a run", "ordered", log_query(), 7, AT)
    # A foreign request does not become ours by being loaded.
    record(warehouse, "a run", "published", log_query(), 8, AT)
    ledger = read_ledger(warehouse, [SITE])
    assert [one.request.request_id for one in ledger.own_requests([request(7), request(8)])] == [7]
    assert ledger.own_requests([request(7)]) == [own(request(7), AT)]
    assert read_ledger(warehouse, [FAR_SITE]).own_requests([request(7)]) == []


def test_the_last_event_is_the_state_and_the_time_of_creation_is_kept(warehouse: Warehouse) -> None:
    for event in ("ordering", "ordered", "published", "cleaned"):
        number = 0 if event == "ordering" else 7
        record(warehouse, event, event, log_query(), number, AT)
    (row,) = warehouse.rows(
        "SELECT request_id, state, ordered_at, run_id, date1, date2 FROM ops.metrica_requests"
    )
    assert row[:2] == (7, "cleaned")
    assert row[2].replace(tzinfo=UTC) == AT
    assert row[3:] == ("cleaned", log_query().date1, log_query().date2)


@pytest.mark.parametrize("event", ["cleaned", "given_up", "lost"])
def test_a_number_that_the_service_reuses_is_not_ours(warehouse: Warehouse, event: str) -> None:
    record(warehouse, "a run", "ordered", log_query(), 7, AT)
    record(warehouse, "a run", "ordered", log_query(), 8, AT)
    record(warehouse, "a run", event, log_query(), 7, AT)  # type: ignore[arg-type]
    other = log_query(last=date(2024, 3, 2))
    assert read_ledger(warehouse, [SITE]).own_requests([request(7), request(8, other)]) == []
    later = AT + timedelta(days=1)
    record(warehouse, "a run", "ordered", other, 7, later)
    assert read_ledger(warehouse, [SITE]).own_requests([request(7, other)]) == [
        own(request(7, other), later)
    ]


def test_an_intent_claims_the_first_equal_request_that_is_newer(warehouse: Warehouse) -> None:
    record(warehouse, "a run", "ordering", log_query(), 0, AT, known_up_to=10)
    ledger = read_ledger(warehouse, [SITE])
    assert ledger.is_pending(log_query())
    assert not ledger.is_pending(log_query(last=date(2024, 3, 2)))
    listed = [
        request(9),
        request(13),
        request(12),
        request(11, log_query(last=date(2024, 3, 2))),
        request(14, log_query().model_copy(update={"attribution": "LAST"})),
    ]
    assert [one.request.request_id for one in ledger.own_requests(listed)] == [12]
    assert ledger.own_requests([request(9)]) == []


@pytest.mark.parametrize(
    ("event", "number", "is_closed"),
    [("ordered", 11, True), ("given_up", 0, True), ("given_up", 5, False), ("published", 5, False)],
)
def test_an_intent_is_closed_by_a_number_or_a_rejection(
    warehouse: Warehouse, event: str, number: int, is_closed: bool
) -> None:
    record(warehouse, "a run", "ordering", log_query(), 0, AT, known_up_to=10)
    record(warehouse, "a run", event, log_query(), number, AT)  # type: ignore[arg-type]
    assert read_ledger(warehouse, [SITE]).is_pending(log_query()) is not is_closed
    record(warehouse, "a run", "ordering", log_query(), 0, AT, known_up_to=20)
    (intent,) = read_ledger(warehouse, [SITE]).intents
    assert intent.known_up_to == (20 if is_closed else 10)


def test_an_intent_of_a_request_that_has_ended_claims_no_other(warehouse: Warehouse) -> None:
    record(warehouse, "a run", "ordering", log_query(), 0, AT, known_up_to=10)
    listed = [request(11, status="processing_failed"), request(12)]
    ledger = read_ledger(warehouse, [SITE])
    assert [one.request.request_id for one in ledger.own_requests(listed) if one.is_open] == []
    events = ledger.corrections(listed, SITE, "visits")
    assert [(one.event, one.request_id) for one in events] == [("ordered", 11), ("lost", 11)]
    assert {one.ordered_at for one in events} != {AT}  # when the intent was recorded


def test_corrections_leave_the_other_source_alone(warehouse: Warehouse) -> None:
    hits = log_query().model_copy(update={"source": "hits"})
    record(warehouse, "a run", "ordered", log_query(), 7, AT)
    record(warehouse, "a run", "ordered", hits, 8, AT)
    ledger = read_ledger(warehouse, [SITE])
    assert [one.request_id for one in ledger.corrections([], SITE, "visits")] == [7]
    assert [one.request_id for one in ledger.corrections([], SITE, "hits")] == [8]


@pytest.mark.parametrize(
    ("ordered_at", "state", "is_fresh"),
    [
        (AT - timedelta(hours=23), "ordered", True),
        (AT - timedelta(hours=25), "ordered", True),  # its days had settled by then
        (datetime(2024, 3, 7, 0, 30, tzinfo=UTC), "ordered", True),  # four days after the last one
        (datetime(2024, 3, 6, 20, 30, tzinfo=UTC), "ordered", False),  # in Moscow still the third
        (AT - timedelta(hours=1), "published", False),
        (AT + timedelta(days=30), "ordered", False),  # by a clock that was ahead
    ],
)
def test_which_requests_are_fresh(ordered_at: datetime, state: str, is_fresh: bool) -> None:
    assert own(request(7), ordered_at, state).is_fresh(AT, 3, "Europe/Moscow") is is_fresh
