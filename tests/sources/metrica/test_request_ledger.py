"""The ledger of requests: which are ours, intents and what came of them, the last state of each."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from municipal_indicators.sources.metrica.client import LogOrder, LogRequest
from municipal_indicators.sources.metrica.request_ledger import (
    Own,
    fields_hash,
    note,
    note_of,
    read_ledger,
)
from municipal_indicators.warehouse.client import Warehouse
from tests.sources.metrica.conftest import FAR_SITE, SITE, order

AT = datetime(2024, 3, 9, 1, 20, 0, 123456, tzinfo=UTC)


def request(number: int, wanted: LogOrder | None = None, status: str = "processed") -> LogRequest:
    wanted = wanted or order()
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


def test_the_order_of_fields_does_not_matter() -> None:
    assert fields_hash(["b", "a"]) == fields_hash(["a", "b"]) != fields_hash(["a,b", "c"])


def test_ours_is_what_was_noted_as_ordered(warehouse: Warehouse) -> None:
    note(warehouse, "a run", [note_of("ordered", order(), 7, AT)])
    # What was loaded from a foreign request is not made ours by it.
    note(warehouse, "a run", [note_of("published", order(), 8, AT)])
    ledger = read_ledger(warehouse, [SITE])
    assert [own.request.request_id for own in ledger.ours([request(7), request(8)])] == [7]
    assert ledger.ours([request(7)]) == [Own(request(7), AT, "ordered")]
    assert read_ledger(warehouse, [FAR_SITE]).ours([request(7)]) == []


def test_the_last_event_is_the_state_and_the_order_keeps_its_time(warehouse: Warehouse) -> None:
    for event in ("ordering", "ordered", "published", "cleaned"):
        number = 0 if event == "ordering" else 7
        note(warehouse, event, [note_of(event, order(), number, AT)])
    (row,) = warehouse.rows(
        "SELECT request_id, state, ordered_at, run_id, date1, date2 FROM ops.metrica_requests"
    )
    assert row[:2] == (7, "cleaned")
    assert row[2].replace(tzinfo=UTC) == AT
    assert row[3:] == ("cleaned", order().date1, order().date2)


@pytest.mark.parametrize("event", ["cleaned", "given_up", "lost"])
def test_a_number_that_a_service_gives_again_is_not_ours(warehouse: Warehouse, event: str) -> None:
    note(
        warehouse, "a run", [note_of("ordered", order(), 7, AT), note_of("ordered", order(), 8, AT)]
    )
    note(warehouse, "a run", [note_of(event, order(), 7, AT)])  # type: ignore[arg-type]
    other = order(last=date(2024, 3, 2))
    assert read_ledger(warehouse, [SITE]).ours([request(7), request(8, other)]) == []
    later = AT + timedelta(days=1)
    note(warehouse, "a run", [note_of("ordered", other, 7, later)])
    assert read_ledger(warehouse, [SITE]).ours([request(7, other)]) == [
        Own(request(7, other), later, "ordered")
    ]


def test_of_an_intent_comes_the_first_equal_request_that_is_newer(warehouse: Warehouse) -> None:
    note(warehouse, "a run", [note_of("ordering", order(), 0, AT, known_up_to=10)])
    ledger = read_ledger(warehouse, [SITE])
    assert ledger.is_pending(order())
    assert not ledger.is_pending(order(last=date(2024, 3, 2)))
    listed = [
        request(9),
        request(13),
        request(12),
        request(11, order(last=date(2024, 3, 2))),
        request(14, order().model_copy(update={"attribution": "LAST"})),
    ]
    assert [own.request.request_id for own in ledger.ours(listed)] == [12]
    assert ledger.ours([request(9)]) == []


@pytest.mark.parametrize(
    ("event", "number", "is_answered"),
    [("ordered", 11, True), ("given_up", 0, True), ("given_up", 5, False), ("published", 5, False)],
)
def test_an_intent_is_answered_by_a_number_or_a_refusal(
    warehouse: Warehouse, event: str, number: int, is_answered: bool
) -> None:
    note(warehouse, "a run", [note_of("ordering", order(), 0, AT, known_up_to=10)])
    note(warehouse, "a run", [note_of(event, order(), number, AT)])  # type: ignore[arg-type]
    assert read_ledger(warehouse, [SITE]).is_pending(order()) is not is_answered
    note(warehouse, "a run", [note_of("ordering", order(), 0, AT, known_up_to=20)])
    (intent,) = read_ledger(warehouse, [SITE]).intents
    assert intent.known_up_to == (20 if is_answered else 10)


def test_an_intent_of_a_request_that_has_ended_claims_no_other(warehouse: Warehouse) -> None:
    note(warehouse, "a run", [note_of("ordering", order(), 0, AT, known_up_to=10)])
    listed = [request(11, status="processing_failed"), request(12)]
    ledger = read_ledger(warehouse, [SITE])
    assert [own.request.request_id for own in ledger.ours(listed) if own.is_open] == []
    notes = ledger.corrections(listed, SITE, "visits")
    assert [(one.event, one.request_id) for one in notes] == [("ordered", 11), ("lost", 11)]
    assert {one.ordered_at for one in notes} != {AT}  # when the intent was noted


def test_corrections_leave_the_other_source_alone(warehouse: Warehouse) -> None:
    hits = order().model_copy(update={"source": "hits"})
    note(warehouse, "a run", [note_of("ordered", order(), 7, AT), note_of("ordered", hits, 8, AT)])
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
    ],
)
def test_what_is_fresh(ordered_at: datetime, state: str, is_fresh: bool) -> None:
    own = Own(request(7), ordered_at, state)
    assert own.is_fresh(AT, 3, "Europe/Moscow") is is_fresh
