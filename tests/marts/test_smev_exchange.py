"""Terms of answers, the exchange by operation and fault, the adapter's days, ways to count requests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from municipal_indicators.marts.checks import check_marts
from municipal_indicators.reference import lists
from municipal_indicators.reference.labels import read_labels
from municipal_indicators.reference.passport import Passport
from tests.marts.given import Given, request

KIND = "urn://example-ru/spravka"
NAMESPACE = f"{KIND}/1.0.0"


def at(day: int, hour: int = 9, minute: int = 0, second: int = 0, month: int = 3) -> datetime:
    """A moment of 2024 in Moscow, as UTC."""
    return datetime(2024, month, day, hour, minute, second, tzinfo=UTC) - timedelta(hours=3)


def message(number: int) -> str:
    return str(UUID(int=number))


def event(**values: Any) -> dict[str, Any]:
    """An event row with every column that a case may set."""
    return {
        "format": "envelope",
        "operation": "",
        "direction": "unknown",
        "message_type": "",
        "message_id": "",
        "original_message_id": "",
        "reference_message_id": "",
        "sent_at": None,
        "delivered_at": None,
        "logged_at": None,
        "answer_kind": "none",
        "fault_name": "",
        "smev_error": 0,
        "ack": "none",
        "line_hash": 0,
        "sender": "",
        "recipient": "",
        "namespace": "",
        "is_test": False,
        **values,
    }


def received(number: int, sent: datetime, **values: Any) -> dict[str, Any]:
    return event(**{**request(message(number), sent_at=sent), **values})


def answer(number: int, sent: datetime, kind: str = "content") -> dict[str, Any]:
    return event(
        operation="SendResponseRequest",
        direction="out",
        message_type="RESPONSE",
        message_id=message(1000 + number),
        original_message_id=message(number),
        sent_at=sent,
        answer_kind=kind,
    )


def publish(given: Given, *rows: dict[str, Any]) -> None:
    given.table("smev", "core.smev_event_rows", rows)


def terms(given: Given, columns: str) -> list[tuple[Any, ...]]:
    return given.select(f"SELECT {columns} FROM marts.smev_answer_terms_daily ORDER BY day, term")


@pytest.fixture
def kinds(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[int | None, str]]:
    """The kinds of information of a test: term and unit by namespace."""
    known: dict[str, tuple[int | None, str]] = {}
    monkeypatch.setattr(
        lists,
        "smev_kinds",
        lambda: [(kind, f"Вид {kind}", *term) for kind, term in known.items()],
    )
    return known


def test_answers_at_the_term_after_it_and_never(given: Given) -> None:
    publish(
        given,
        *(received(number, at(4)) for number in range(1, 6)),
        received(6, at(5)),
        answer(1, at(6)),
        answer(2, at(6, 9, 0, 1), kind="rejected"),
        answer(3, at(4, 10), kind="status"),
        answer(4, at(4, 10), kind="status"),
        answer(4, at(5, 10)) | {"message_id": message(2000)},
        event(format="journal", operation="AckRequest", direction="out", logged_at=at(6, 9, 0, 2)),
    )
    given.build("smev_requests_daily", "smev_answer_terms_daily")
    columns = "toDayOfMonth(day), term, requests, on_time, overdue, open, on_time_share"
    assert terms(given, columns) == [
        (4, "48 часов", 5, 2, 3, 0, 0.4),
        (5, "48 часов", 1, 0, 0, 1, None),
    ]
    assert given.select("SELECT sum(overdue) FROM marts.smev_requests_daily") == [(3,)]
    check_marts(given.warehouse)


def test_an_answer_that_nothing_dates_is_in_time(given: Given) -> None:
    publish(given, received(1, at(4)), received(2, at(9)), answer(1, at(4)) | {"sent_at": None})
    given.build("smev_requests_daily", "smev_answer_terms_daily", "smev_adapter_daily")
    assert terms(given, "toDayOfMonth(day), on_time, overdue, open") == [(4, 1, 0, 0), (9, 0, 0, 1)]
    backlog = "SELECT backlog FROM marts.smev_adapter_daily WHERE toDayOfMonth(day) IN (4, 9)"
    assert given.select(f"{backlog} ORDER BY day") == [(0,), (1,)]
    check_marts(given.warehouse)


@pytest.mark.parametrize(
    ("term", "words", "last_day"),
    [
        ((3, "calendar_days"), "3 календарных дня", 10),
        ((1, "working_days"), "1 рабочий день", 11),
        ((2, "working_days"), "2 рабочих дня", 12),
        ((21, "hours"), "21 час", 8),
    ],
)
def test_terms_by_kind_over_a_holiday_and_a_weekend(
    given: Given,
    kinds: dict[str, tuple[int | None, str]],
    term: tuple[int, str],
    words: str,
    last_day: int,
) -> None:
    # 8 March 2024 is a holiday on a Friday; the request is sent on Thursday the 7th at noon.
    kinds |= {KIND: term, f"{KIND}/1": (9, "hours"), "urn://other": (1, "hours")}
    last = at(last_day, 9) if term[1] == "hours" else at(last_day, 23, 59, 59)
    publish(
        given,
        received(1, at(7, 12), namespace=f"{KIND}/2.0"),
        received(2, at(7, 12), namespace=f"{KIND}/2.0"),
        answer(1, last),
        answer(2, last + timedelta(seconds=1)),
    )
    given.build("smev_answer_terms_daily")
    assert terms(given, "term, on_time, overdue, information_name") == [
        (words, 1, 1, f"Вид {KIND}")
    ]


def test_the_longest_known_name_of_a_kind_decides(
    given: Given, kinds: dict[str, tuple[int | None, str]]
) -> None:
    kinds |= {
        KIND: (None, ""),
        f"{KIND}/1.0.0": (5, "hours"),
        "urn://example-ru/sprav": (1, "hours"),
    }
    publish(given, received(1, at(4)), received(2, at(4), namespace=f"{KIND}/2"))
    given.build("smev_requests_daily", "smev_answer_terms_daily")
    assert terms(given, "term, information_name") == [
        ("48 часов", f"Вид {KIND}"),
        ("5 часов", f"Вид {KIND}/1.0.0"),
    ]
    assert check_marts(given.warehouse).warnings == ()


def test_a_stamp_of_the_far_future_moves_no_term_and_no_calendar(given: Given) -> None:
    later = datetime(2099, 1, 1, tzinfo=UTC)
    publish(
        given,
        received(1, at(4)),
        received(2, later),
        event(format="text", operation="AckRequest", logged_at=later),
    )
    given.build("smev_adapter_daily", "smev_answer_terms_daily")
    assert terms(given, "toYear(day), overdue, open") == [(2024, 0, 1), (2099, 0, 1)]
    assert given.select("SELECT day, backlog FROM marts.smev_adapter_daily") == [
        (date(2024, 3, 4), 1)
    ]


def test_a_request_without_a_kind_is_no_unknown_kind(given: Given) -> None:
    publish(given, received(1, at(4), namespace=""))
    given.build("smev_requests_daily", "smev_answer_terms_daily")
    assert check_marts(given.warehouse).warnings == ()


def test_a_journal_that_leaves_the_operation_out(given: Given) -> None:
    bare = {"format": "journal", "operation": "", "logged_at": at(4)}
    publish(
        given,
        received(1, at(4), **bare),
        event(**bare, message_type="ERROR", smev_error=100),
        answer(1, at(4)) | bare,
    )
    given.build("smev_exchange_daily")
    assert [row[1:] for row in exchange(given)] == [
        ("Fault", "", 100, 0, 0, 0, 1),
        ("GetRequestResponse", "", 0, 1, 1, 0, 0),
        ("SendResponseRequest", "", 0, 1, 1, 0, 0),
    ]


def test_pickup_is_of_requests_to_us_that_are_no_tests(given: Given) -> None:
    late = {"delivered_at": at(4, 11)}
    publish(
        given,
        received(1, at(4), delivered_at=at(4, 9, 2)),
        received(2, at(4), is_test=True, **late),
        received(3, at(4), recipient="OTHER", **late),
    )
    given.build("smev_exchange_daily")
    pickup = "SELECT messages, median_pickup_seconds FROM marts.smev_exchange_daily"
    assert given.select(pickup) == [(3, 120.0)]


def test_an_unknown_kind_is_a_warning(given: Given) -> None:
    publish(given, received(1, at(4)), received(2, at(4)))
    given.build("smev_requests_daily", "smev_answer_terms_daily")
    (warning,) = check_marts(given.warehouse).warnings
    assert "smev_kinds.csv" in warning
    assert f"({NAMESPACE}, 2)" in warning


def test_which_formats_saw_a_request(given: Given) -> None:
    logged = {"format": "text", "delivered_at": None, "sent_at": None, "logged_at": at(4)}
    publish(given, received(1, at(4)), received(1, at(4), format="journal", logged_at=at(4)))
    publish(given, received(1, at(4), **logged), received(2, at(4), **logged))
    given.build("smev_answer_terms_daily")
    columns = (
        "sum(seen_by_envelope), sum(seen_by_journal), sum(seen_by_text), sum(seen_by_one_format)"
    )
    assert given.select(f"SELECT {columns} FROM marts.smev_answer_terms_daily") == [(1, 1, 2, 1)]


def exchange(given: Given) -> list[tuple[Any, ...]]:
    return given.select(
        "SELECT toDayOfMonth(day), operation, fault_name, smev_error, messages, deliveries, repeats, faults "
        "FROM marts.smev_exchange_daily ORDER BY day, operation, fault_name, smev_error"
    )


def test_a_transfer_is_one_whatever_tells_of_it(given: Given) -> None:
    deliveries = [
        received(1, at(4), delivered_at=at(4, 9, minute)) | {"line": minute} for minute in (2, 17)
    ]
    noted = [
        received(1, at(4), format="journal", delivered_at=at(4, 9, 2), logged_at=at(4, 9, 2, 1), line_hash=7),
        received(1, at(4), format="text", sent_at=None, logged_at=at(4, 9, 2, 2)),
    ]  # fmt: skip
    acks = [
        event(operation="AckRequest", direction="out", message_id=message(1), ack="accepted"),
        event(format="text", operation="AckRequest", message_id=message(1), ack="accepted"),
    ]
    publish(given, *deliveries, *acks[:1])
    publish(given, *deliveries, *noted)
    publish(given, *noted, *acks)
    given.build("smev_exchange_daily")
    assert exchange(given) == [
        (4, "AckRequest", "", 0, 1, 1, 0, 0),
        (4, "GetRequestResponse", "", 0, 1, 2, 1, 0),
    ]
    pickup = given.select(
        "SELECT median_pickup_seconds, p95_pickup_seconds FROM marts.smev_exchange_daily "
        "WHERE operation = 'GetRequestResponse'"
    )
    assert pickup == [(120.0, 120.0)]


def test_faults_by_name_and_number(given: Given) -> None:
    fault = {"operation": "Fault", "message_type": "ERROR", "fault_name": "InvalidContent"}
    lines = [
        event(format="text", **fault, smev_error=403, logged_at=at(5, hour), line_hash=hour)
        for hour in (10, 11)
    ]
    refused = {"message_id": message(9), "ack": "refused", "smev_error": 501}
    publish(given, *lines)
    publish(
        given,
        lines[1],
        event(**fault, smev_error=403, line_hash=1),
        received(1, at(6), delivered_at=at(6, 9, 1)),
        event(format="journal", operation="AckRequest", logged_at=at(6), **refused),
    )
    given.build("smev_exchange_daily")
    assert exchange(given) == [
        (5, "Fault", "InvalidContent", 403, 0, 0, 0, 2),
        (6, "AckRequest", "", 501, 1, 1, 0, 1),
        (6, "Fault", "InvalidContent", 403, 0, 0, 0, 1),
        (6, "GetRequestResponse", "", 0, 1, 1, 0, 0),
    ]


def test_backlog_and_silence(given: Given) -> None:
    polls = [at(4, 22), at(4, 22, 30), at(5, 1, 30), at(5, 2), at(9, 2), at(9, 2, 40)]
    publish(
        given,
        received(1, at(3)),
        received(2, at(3, 23, 30)),
        answer(1, at(5)),
        *(
            event(
                format="text",
                operation="GetRequestResponse",
                direction="in",
                message_type="QUERY",
                logged_at=moment,
                line_hash=number,
            )
            for number, moment in enumerate(polls)
        ),
    )
    given.build("smev_adapter_daily")
    columns = "toDayOfMonth(day), received, answered, backlog, polls, silent_hours"
    assert given.select(f"SELECT {columns} FROM marts.smev_adapter_daily ORDER BY day") == [
        (3, 2, 0, 2, None, None),
        (4, 0, 0, 2, 2, 1.5),
        (5, 0, 1, 1, 2, 1.5),
        (6, 0, 0, 1, None, None),
        (7, 0, 0, 1, None, None),
        (8, 0, 0, 1, None, None),
        (9, 0, 0, 1, 2, 0.0),
    ]


def counting(passport: Passport, way: str) -> Passport:
    return passport.model_copy(update={"smev": passport.smev.model_copy(update={"count": way})})


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        ("requests", {3: 3, 4: 4}),
        ("chains", {3: 2, 4: 3}),
        ("answered", {3: 1, 4: 1}),
        ("acknowledged", {3: 2, 4: 2}),
        ("received_date", {3: 2, 4: 4}),
        ("both_directions", {3: 4, 4: 5}),
        ("answers_received", {3: 0, 4: 1}),
    ],
)
def test_ways_to_count(given: Given, way: str, expected: dict[int, int]) -> None:
    sent = {"direction": "out", "operation": "SendRequestRequest", "message_type": "REQUEST"}
    got = {"direction": "in", "operation": "GetResponseResponse", "message_type": "RESPONSE"}
    publish(
        given,
        received(1, at(4), reference_message_id=message(1)),
        received(2, at(5), reference_message_id=message(1)),
        received(3, at(31, 23, 59), delivered_at=at(1, 0, 1, month=4)),
        received(4, at(2, month=4)),
        received(5, at(4), is_test=True),
        answer(1, at(5)),
        answer(2, at(5), kind="status"),
        *(event(operation="AckRequest", message_id=message(n), ack="accepted") for n in (1, 2)),
        event(operation="AckRequest", message_id=message(3), ack="refused"),
        event(message_id=message(6), sent_at=at(6), **sent),
        event(message_id=message(7), sent_at=at(6), is_test=True, **sent),
        event(
            message_id=message(8),
            original_message_id=message(6),
            sent_at=at(3, month=4),
            answer_kind="content",
            **got,
        ),
        event(
            message_id=message(9),
            original_message_id=message(7),
            sent_at=at(6),
            answer_kind="content",
            **got,
        ),
        event(message_id=message(10), sent_at=at(6), answer_kind="status", **got),
        event(message_id=message(11), sent_at=at(6), sender="OTHER", **sent),
        event(
            message_id=message(12), sent_at=at(6), recipient="OTHER", answer_kind="content", **got
        ),
    )
    counted = replace(given, passport=counting(given.passport, way))
    counted.build("indicators_monthly", "indicator_methods", "smev_requests_daily")
    facts = given.select(
        "SELECT toMonth(month), fact FROM marts.indicators_monthly "
        "WHERE indicator = 'smev_requests' AND year = 2024 AND toMonth(month) IN (3, 4)"
    )
    assert {month: int(fact) for month, fact in facts} == expected
    assert given.select("SELECT sum(requests) FROM marts.smev_requests_daily") == [(4,)]
    words = read_labels().indicators["smev_requests"]
    variant = words.variants[way]
    assert given.select(
        "SELECT method, method_name, explanation FROM marts.indicator_methods "
        "WHERE indicator = 'smev_requests'"
    ) == [(way, variant.name, variant.formula or words.formula)]


def test_every_indicator_tells_how_it_is_counted(given: Given) -> None:
    given.build("indicator_methods")
    found = given.select("SELECT indicator, explanation != '' FROM marts.indicator_methods")
    assert found == sorted((one.code, 1) for one in given.passport.indicators)


def test_a_day_is_that_of_the_programme_zone(given: Given) -> None:
    publish(given, received(1, at(4, 23, 30), delivered_at=at(5, 0, 1)))
    given.build("smev_answer_terms_daily", "smev_exchange_daily")
    assert terms(given, "day") == [(date(2024, 3, 4),)]
    assert exchange(given)[0][0] == 5
