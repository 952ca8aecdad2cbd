"""Given files, the expected rows of core.smev_requests and core.smev_answers."""

from __future__ import annotations

import itertools
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.emulators.inbox import envelopes as writer
from tests.emulators.inbox import textlog
from tests.emulators.inbox.envelopes import Dialect, Kind
from tests.emulators.inbox.journal import journal_bytes, journal_line
from tests.sources.smev.conftest import AT, KIND, OURS, SmevInbox, gzipped, request_id, utc, zipped

A, B, C = (request_id(number, AT + timedelta(hours=number)) for number in range(3))
SECOND = timedelta(seconds=1)
REPLY_TO = writer.reply_to(A, kind=KIND, mnemonic="FNS001")
VERSION_4 = "6f1ed002-ab56-4c1d-8f27-1f8a3a1c0001"


def delivery(message: str = A, **more: Any) -> bytes:
    values: dict[str, Any] = {
        "sender": "FNS001",
        "recipient": OURS,
        "kind": KIND,
        "sent_at": AT,
        "delivered_at": AT + 4 * SECOND,
        **more,
    }
    return writer.get_request_response(message=message, **values)


def answer(message: str, to: str, sent_at: datetime | None, **more: Any) -> dict[str, bytes]:
    """Our answer and, if it was sent, SMEV's receipt."""
    given = more or {"kind": KIND}
    members = {f"{message}.out": writer.send_response_request(message=message, to=to, **given)}
    if sent_at:
        members[f"{message}.receipt"] = writer.send_response_response(
            message=message, sender=OURS, sent_at=sent_at
        )
    return members


def note(message: str | None = A, number: int = 1, **more: Any) -> str:
    values: dict[str, Any] = {
        "logged_at": AT + 5 * SECOND,
        "sender": "FNS001",
        "recipient": OURS,
        "vs_namespace": KIND.namespace,
        "vs_root": KIND.root,
        **more,
    }
    return journal_line(journal_id=number, message_id=message, **values)


def journal(*lines: str) -> bytes:
    return journal_bytes(lines)


def test_one_envelope_is_one_request(smev: SmevInbox) -> None:
    smev.load(a_xml=delivery(A.upper(), reference=B))
    assert smev.request() == {
        "message_id": A,
        "sent_at": utc(AT),
        "received_at": utc(AT + timedelta(seconds=4)),
        "is_acknowledged": False,
        "sender": "FNS001",
        "recipient": OURS,
        "namespace": KIND.namespace,
        "root_element": KIND.root,
        "chain_id": B,
        "is_test": False,
        "is_portal": False,
        "deliveries": 1,
        "reply_keys": smev.request()["reply_keys"],
        "formats": ["envelope"],
        "is_answered": False,
        "answered_at": None,
        "is_rejected": False,
    }
    assert smev.counts() == [("published", 1, 1, 0, 0)]


def test_repeats_are_one_request_by_distinct_delivery_seconds(smev: SmevInbox) -> None:
    smev.load(
        a_zip=zipped({"1": delivery(), "2": delivery(delivered_at=AT + timedelta(minutes=15))}),
        b_xml=delivery(status="underProcessing", dialect=Dialect("1.3", "s", "t", "b")),
        c_jsonl=journal(
            note(delivery_date=AT + 4 * SECOND + timedelta(milliseconds=700), drop_nulls=True),
            note(number=2, delivery_date=AT + timedelta(minutes=30)),
            note(
                number=3, operation="AckRequest", direction="OUT", message_type="QueryMessageType"
            ),
        ),
    )
    row = smev.request()
    assert (row["deliveries"], row["formats"]) == (3, ["envelope", "journal"])


def test_without_delivery_times_a_repeat_is_a_line_logged_in_another_second(
    smev: SmevInbox,
) -> None:
    lines = [note(number=n, logged_at=AT + n * timedelta(minutes=15)) for n in range(3)]
    log = textlog.log_entry(
        AT + 9 * SECOND,
        textlog.request_received(A, sender="FNS001", recipient=OURS, namespace="urn://x"),
    )
    smev.load(a_jsonl=journal(*lines), b_log=log.encode())
    assert smev.request()["deliveries"] == 3


@pytest.mark.parametrize(
    ("message", "sent_at"),
    [(B, AT + timedelta(hours=1)), (VERSION_4, AT + 4 * SECOND)],
    ids=["time in the UUID", "line of the log"],
)
def test_a_request_of_a_text_log_only(smev: SmevInbox, message: str, sent_at: datetime) -> None:
    text = textlog.request_received(
        message, sender="PFR001", recipient=OURS, namespace=KIND.namespace
    )
    smev.load(a_log=f"{textlog.log_entry(AT + 4 * SECOND, text)}\n".encode("windows-1251"))
    row = smev.request()
    assert (row["message_id"], row["sent_at"], row["formats"]) == (message, utc(sent_at), ["text"])
    assert (row["sender"], row["recipient"], row["namespace"]) == ("PFR001", OURS, KIND.namespace)


def test_a_journal_line_without_a_sending_time_is_dated_by_its_id(smev: SmevInbox) -> None:
    smev.load(a_jsonl=journal(note(B), note(VERSION_4, 2, delivery_date=AT + 4 * SECOND)))
    assert [(row["message_id"], row["sent_at"]) for row in smev.requests()] == sorted(
        [(B, utc(AT + timedelta(hours=1))), (VERSION_4, utc(AT + 4 * SECOND))]
    )


def test_the_envelope_is_the_better_witness(smev: SmevInbox) -> None:
    smev.load(
        a_jsonl=journal(
            note(sender="OTHER", vs_namespace="urn://other", sending_date=AT + timedelta(days=40))
        ),
        b_xml=delivery(),
        c_jsonl=journal(note(B, sender=None, sending_date=AT)),
        d_log=textlog.log_entry(
            AT, textlog.request_received(B, sender="LOG", recipient=OURS, namespace="urn://log")
        ).encode(),
    )
    first, second = smev.requests()
    assert (first["sender"], first["namespace"], first["sent_at"]) == (
        "FNS001",
        KIND.namespace,
        utc(AT),
    )
    assert (second["sender"], second["namespace"]) == ("LOG", KIND.namespace)


@pytest.mark.parametrize(
    "members",
    [
        {"broadcast": delivery(message_type="BROADCAST")},
        {"cancel": delivery(message_type="CANCEL")},
        {"poll": writer.empty_poll(), "ack": writer.ack_request(A)},
        {
            "own": writer.send_request_request(message=A, kind=KIND),
            "receipt": writer.send_request_response(message=A, sender=OURS, sent_at=AT),
            "answer": writer.get_response_response(
                message=B,
                original=A,
                to=REPLY_TO,
                sender="FNS001",
                recipient=OURS,
                sent_at=AT,
                delivered_at=AT,
                kind=KIND,
            ),
            "journal": journal(
                note(direction="OUT", operation="SendRequestRequest"),
                note(number=2, direction="IN", operation="SendRequestResponse"),
                note(B, 3, message_type="ResponseMessageType", operation="GetResponseResponse"),
            ),
        },
        {"broadcast": delivery(message_type="BROADCAST"), "as the journal has it": journal(note())},
    ],
    ids=["broadcast", "cancel", "poll", "own", "broadcast in the journal"],
)
def test_what_is_no_received_request(smev: SmevInbox, members: dict[str, bytes]) -> None:
    smev.load(a_zip=zipped(members))
    assert smev.requests() == []
    assert smev.counts() == [("published", n := smev.counts()[0][1], n, 0, 0)]


PORTAL = [
    ("EPGU01", "urn://gisogd73/gpzu/1.0.0", True),
    ("epgu", "urn://gisogd73/gpzu/1.0.0", True),
    ("PGU01", "http://epgu.gosuslugi.ru/elk/status/1.0.2", True),
    ("PGU01", "http://example.ru/epgu.gosuslugi.ru/1.0", False),
    ("FNS001", "urn://x-artefacts-fns/311-14/4.0.5", False),
]


def test_the_portal(smev: SmevInbox) -> None:
    members = {
        str(number): delivery(request_id(number), sender=sender, kind=Kind(namespace))
        for number, (sender, namespace, _) in enumerate(PORTAL)
    }
    smev.load(a_zip=zipped(members))
    found = {row["message_id"]: row["is_portal"] for row in smev.requests()}
    assert [found[request_id(number)] for number in range(len(PORTAL))] == [
        is_portal for _, _, is_portal in PORTAL
    ]


@pytest.mark.parametrize(
    "files",
    [
        {"a_xml": delivery(is_test=True), "b_jsonl": journal(note())},
        {"a_xml": delivery(), "b_jsonl": journal(note(test_message=True))},
        {"a_xml": delivery(sender="emuOLD")},
        {"a_jsonl": journal(note(sender="emu"))},
        {
            "a_xml": delivery(),
            "b_jsonl": journal(
                note(
                    B,
                    direction="OUT",
                    operation="SendResponseRequest",
                    message_type="ResponseMessageType",
                    original_message_id=A,
                    test_message=True,
                )
            ),
        },
    ],
    ids=["envelope", "journal", "emulator", "emulator in the journal", "its answer"],
)
def test_any_witness_of_a_test_is_enough(smev: SmevInbox, files: dict[str, bytes]) -> None:
    smev.load(**files)
    assert smev.request()["is_test"] is True


HOUR = timedelta(hours=1)


def test_the_first_final_answer_counts_and_intermediate_ones_do_not(smev: SmevInbox) -> None:
    members = {
        "request": delivery(),
        **answer(B, REPLY_TO, AT + HOUR, status=(1, "в работе")),
        **answer(C, REPLY_TO, AT + 3 * HOUR, kind=KIND),
        **answer(request_id(7), REPLY_TO, AT + 2 * HOUR, rejections=[("NO_DATA", "нет")]),
    }
    smev.load(a_zip=zipped(members))
    row = smev.request()
    assert (row["is_answered"], row["answered_at"], row["is_rejected"]) == (
        True,
        utc(AT + 2 * HOUR),
        True,
    )
    assert sorted(one["answer_kind"] for one in smev.answers()) == ["content", "rejected", "status"]


@pytest.mark.parametrize("link", ["original", "mid", "hash"])
def test_three_ways_from_an_answer_to_its_request(smev: SmevInbox, link: str) -> None:
    opaque = "an address that nobody can decode"
    ways: dict[str, dict[str, bytes]] = {
        "original": {
            "a_xml": delivery(),
            "b_jsonl": journal(
                note(
                    B,
                    direction="OUT",
                    operation="SendResponseRequest",
                    message_type="ResponseMessageType",
                    original_message_id=A.upper(),
                    sending_date=AT + HOUR,
                )
            ),
        },
        "mid": {"a_jsonl": journal(note()), "b_zip": zipped(answer(B, REPLY_TO, AT + HOUR))},
        "hash": {
            "a_xml": delivery(return_address=f"\n  {opaque} "),
            "b_zip": zipped(answer(B, opaque, AT + HOUR)),
        },
    }
    smev.load(**ways[link])
    row = smev.request()
    assert (row["is_answered"], row["answered_at"]) == (True, utc(AT + HOUR))


def test_the_receipt_dates_the_answer_then_the_journal_then_its_id(smev: SmevInbox) -> None:
    sent = note(
        C,
        direction="OUT",
        operation="SendResponseRequest",
        message_type="ResponseMessageType",
        original_message_id=A,
        sending_date=AT + 5 * HOUR,
    )
    smev.load(a_zip=zipped({"request": delivery(), **answer(C, REPLY_TO, None)}))
    assert smev.request()["answered_at"] == utc(AT + 2 * HOUR)
    smev.load(b_jsonl=journal(sent))
    assert smev.request()["answered_at"] == utc(AT + 5 * HOUR)
    smev.load(c_xml=writer.send_response_response(message=C, sender=OURS, sent_at=AT + 3 * HOUR))
    assert smev.request()["answered_at"] == utc(AT + 3 * HOUR)


def test_an_answer_to_an_unknown_request_waits_for_it(smev: SmevInbox) -> None:
    smev.load(a_zip=zipped(answer(B, REPLY_TO, AT + HOUR)))
    assert smev.requests() == []
    smev.load(b_xml=delivery())
    assert smev.request()["is_answered"] is True


FILES = {
    "archive.zip": zipped(
        {
            "1": delivery(),
            "2": delivery(delivered_at=AT + HOUR),
            "3": delivery(C, recipient=None),
            **answer(request_id(8, AT + 3 * HOUR), REPLY_TO, AT + 3 * HOUR),
        }
    ),
    "month.jsonl.gz": gzipped(
        journal(
            note(sending_date=AT, delivery_date=AT + 4 * SECOND),
            note(B, 2, sending_date=AT + 2 * HOUR, test_message=True),
            note(
                request_id(9),
                3,
                direction="OUT",
                operation="SendResponseRequest",
                message_type="ResponseMessageType",
                original_message_id=C,
                reject_code="NO_DATA",
                sending_date=AT + 2 * HOUR,
            ),
        )
    ),
    "adapter.log": "\n".join(
        textlog.log_entry(AT, text, pattern="logback")
        for text in (
            textlog.request_received(C, sender="LOG", recipient=OURS, namespace="urn://log"),
            textlog.answer_sent(request_id(10, AT), A),
            textlog.EMPTY_POLL,
        )
    ).encode(),
}


@pytest.mark.parametrize("order", itertools.permutations(FILES), ids="/".join)
def test_the_order_of_arrival_does_not_matter(smev: SmevInbox, order: tuple[str, ...]) -> None:
    for name in order:
        smev.put(name, FILES[name])
        smev.load()
    rows = {row["message_id"]: row for row in smev.requests()}
    assert {
        key: (row["formats"], row["deliveries"], row["is_test"]) for key, row in rows.items()
    } == {
        A: (["envelope", "journal"], 2, False),
        B: (["journal"], 1, True),
        C: (["envelope", "text"], 1, False),
    }
    assert rows[A]["answered_at"] == utc(AT)
    assert (rows[C]["answered_at"], rows[C]["is_rejected"]) == (utc(AT + 2 * HOUR), True)
    assert (rows[C]["sender"], rows[C]["recipient"]) == ("FNS001", OURS)
    assert [row[0] for row in smev.counts()] == ["published"] * 3


def test_running_again_and_the_same_export_again_change_nothing(smev: SmevInbox) -> None:
    for name, content in FILES.items():
        smev.put(name, content)
    smev.load()
    before = smev.requests()
    assert smev.load().published == 0
    smev.put("again/month.jsonl.gz", FILES["month.jsonl.gz"])
    smev.load()
    longer = FILES["adapter.log"] + b"\n"
    assert smev.load(longer_log=longer).published == 1
    assert smev.requests() == before


def test_key_spellings_nulls_and_upper_case(smev: SmevInbox) -> None:
    spelled = {
        "messageId": A.upper(),
        "messageType": "RequestMessageType",
        "direction": "in",
        "originalMessageID": None,
        "operation": None,
        "sender": " FNS001 ",
        "Recipient": OURS,
        "sendingDate": "2024-03-05T09:14:07,512+03:00",
        "vsNamespace": KIND.namespace,
        "testMessage": None,
    }
    smev.load(a_jsonl=json.dumps(spelled).encode())
    row = smev.request()
    assert (row["message_id"], row["sender"], row["recipient"]) == (A, "FNS001", OURS)
    assert row["sent_at"] == utc(AT) + timedelta(milliseconds=512)
    assert (row["is_test"], row["namespace"]) == (False, KIND.namespace)


KEYS = ["original_message_id", "originalMessageId", "originalMessageID", "origin_message_id"]


def test_an_answer_in_the_journal_under_any_key(smev: SmevInbox) -> None:
    lines = []
    for number, key in enumerate(KEYS):
        reply = note(
            request_id(100 + number),
            direction="OUT",
            operation="SendResponse",
            message_type="ResponseMessageType",
            original_message_id=request_id(number),
            original_key=key,
            sending_date=AT + HOUR,
        )
        lines += [note(request_id(number)), reply]
    smev.load(a_jsonl=journal(*lines))
    assert [row["answered_at"] for row in smev.requests()] == [utc(AT + HOUR)] * len(KEYS)


STAMPS = {
    "2024-03-05T09:14:07.1234567+07:00": "2024-03-05T02:14:07.123",
    "2024-03-05T06:14:07Z": "2024-03-05T06:14:07",
    "2024-03-05 09:14:07": "2024-03-05T06:14:07",
    "2024-03-31T23:30:00+03:00": "2024-03-31T20:30:00",
}


def test_stamps_with_an_offset_and_without(smev: SmevInbox) -> None:
    lines = [
        json.dumps(json.loads(note(request_id(number))) | {"sending_date": stamp})
        for number, stamp in enumerate(STAMPS)
    ]
    smev.load(a_jsonl=journal(*lines))
    found = {row["message_id"]: row["sent_at"] for row in smev.requests()}
    assert [found[request_id(number)] for number in range(len(STAMPS))] == [
        datetime.fromisoformat(text) for text in STAMPS.values()
    ]
