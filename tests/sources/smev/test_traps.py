"""The ten traps of docs/smev.md#десять-ловушек, one test each, and the traps of rotation."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from tests.emulators.inbox import envelopes as writer
from tests.emulators.inbox import textlog
from tests.emulators.inbox.clock import MOSCOW
from tests.emulators.inbox.envelopes import Dialect
from tests.emulators.inbox.textlog import PATTERNS, log_entry
from tests.sources.smev.conftest import AT, KIND, OURS, SmevInbox, request_id, utc, zipped
from tests.sources.smev.test_requests import (
    HOUR,
    SECOND,
    VERSION_4,
    A,
    B,
    C,
    answer,
    delivery,
    journal,
    note,
)


def received(message: str = A) -> str:
    return textlog.request_received(
        message, sender="FNS001", recipient=OURS, namespace=KIND.namespace
    )


def test_trap_1_ids_are_counted_and_not_files_or_bytes(smev: SmevInbox) -> None:
    copies = {
        str(n): delivery(
            delivered_at=AT + n * timedelta(minutes=15),
            status=("underProcessing", "responseIsDelivered", "requestIsQueued")[n],
            return_address=f"address {n}",
        )
        for n in range(3)
    }
    smev.load(a_zip=zipped(copies), b_jsonl=journal(note(), note(number=2)))
    assert (smev.request()["deliveries"], len(smev.request()["reply_keys"])) == (3, 3)


def test_trap_2_an_answer_is_linked_by_its_address_alone(smev: SmevInbox) -> None:
    out = answer(B, "opaque/1", AT + HOUR)
    assert all(A.encode() not in content for content in out.values())
    smev.load(a_zip=zipped({"request": delivery(return_address="opaque/1"), **out}))
    assert smev.request()["answered_at"] == utc(AT + HOUR)


def test_trap_3_the_element_is_the_flag_and_words_prove_nothing(smev: SmevInbox) -> None:
    refused = writer.fault("SMEV-403: PRODUCTION_AREA, TestMessage")
    members = {
        "flag": delivery(is_test=True),
        "none": delivery(B),
        "payload": delivery(C, payload="<TestMessage/>"),
        "fault": refused,
    }
    smev.load(a_zip=zipped(members))
    assert [row["is_test"] for row in smev.requests()] == [
        row["message_id"] == A for row in smev.requests()
    ]


@pytest.mark.parametrize("version", ["1.1", "1.2", "1.3", "1.9"])
def test_trap_4_namespaces_by_uri_whatever_the_prefix(smev: SmevInbox, version: str) -> None:
    other = "1.2" if version != "1.2" else "1.1"
    decoy = (
        f'<ns3:MessageMetadata xmlns:ns3="urn://x-artefacts-smev-gov-ru/services/message-exchange/types/{other}">'
        f"<ns3:MessageId>{B}</ns3:MessageId><ns3:MessageType>BROADCAST</ns3:MessageType></ns3:MessageMetadata>"
    )
    smev.load(a_xml=delivery(payload=decoy, dialect=Dialect(version, "ns2", "ns3", "soap")))
    row = smev.request()
    assert (row["message_id"], row["namespace"]) == (A, KIND.namespace)


def test_trap_5_ids_are_compared_in_lower_case_under_any_name(smev: SmevInbox) -> None:
    mixed = delivery().replace(f"MessageID>{A}".encode(), f"MessageID>{A.upper()}".encode())
    assert mixed != delivery()
    line = json.dumps({**json.loads(note()), "messageID": A.upper()})
    smev.load(a_xml=mixed, b_jsonl=line.encode(), c_log=log_entry(AT, received(A.upper())).encode())
    assert smev.request()["formats"] == ["envelope", "journal", "text"]


@pytest.mark.parametrize("status", ["responseIsDelivered", "responseIsProcessed", "cancelled"])
def test_trap_6_the_status_of_a_request_is_no_answer(smev: SmevInbox, status: str) -> None:
    smev.load(a_xml=delivery(status=status))
    assert (smev.request()["is_answered"], smev.request()["is_rejected"]) == (False, False)


def test_trap_7_the_operation_tells_the_way_and_a_fault_column_nothing(smev: SmevInbox) -> None:
    lines = []
    for number, code in enumerate(("1", "2", "IN", "OUT")):
        lines += [
            note(request_id(number), direction=code, fault=True),
            note(
                request_id(50 + number), direction=code, operation="SendRequestRequest", fault=False
            ),
        ]
    smev.load(a_jsonl=journal(*lines))
    assert [row["message_id"] for row in smev.requests()] == sorted(map(request_id, range(4)))


def test_trap_8_three_clocks(smev: SmevInbox) -> None:
    """A line's local stamp, SMEV's +03:00 and the UTC inside the id are one moment each."""
    late = datetime(2024, 3, 31, 23, 30, tzinfo=MOSCOW)
    by_envelope, by_id, by_line = request_id(1, late), request_id(2, late), VERSION_4
    smev.load(
        a_xml=delivery(by_envelope, sent_at=late, delivered_at=late),
        b_log=log_entry(late + HOUR, received(by_id)).encode(),
        c_log=log_entry(late, received(by_line)).encode(),
    )
    assert {row["sent_at"] for row in smev.requests()} == {datetime(2024, 3, 31, 20, 30)}  # noqa: DTZ001
    assert len(smev.requests()) == 3


@pytest.mark.parametrize("first", PATTERNS)
@pytest.mark.parametrize("second", PATTERNS)
def test_trap_9_each_line_is_read_by_its_own_pattern(
    smev: SmevInbox, first: str, second: str
) -> None:
    entries = [
        log_entry(AT, received(), pattern=first),
        "\tat ru.example.Next.step(Next.java:7)",
        log_entry(AT + SECOND, received(B), pattern=second, logger="a.b.Signer"),
    ]
    smev.load(a_log="\n".join(entries).encode())
    assert smev.events("message_id, logged_at") == [(A, utc(AT)), (B, utc(AT + SECOND))]
    assert {row["namespace"] for row in smev.requests()} == {KIND.namespace}


def test_trap_10_persons_in_attributes_and_validation_errors(smev: SmevInbox) -> None:
    said = "Перехватова Аглая, 112-233-445 95"
    payload = writer.personal_payload({}, {"ИННФЛ": said, "ДатаРожд": said})
    entries = [log_entry(AT, textlog.invalid_value(said)), log_entry(AT, received(B))]
    smev.load(
        a_zip=zipped({"1": delivery(payload=payload), "2": writer.fault(f"SMEV-403: {said}")}),
        b_log="\n".join(entries).encode(),
    )
    kept = str(smev.events("*")) + str(smev.requests()) + str(smev.quarantine())
    assert "Перехватова" not in kept
    assert "112-233" not in kept
    assert [row["message_id"] for row in smev.requests()] == [A, B]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["older first", "newer first"])
@pytest.mark.parametrize("runs", [1, 2])
@pytest.mark.parametrize("at", ["GetRequest", "messageId=", "sender=FNS"])
def test_a_line_that_rotation_cut_is_one_event(
    smev: SmevInbox, order: tuple[int, int], runs: int, at: str
) -> None:
    whole = "\n".join(log_entry(AT + n * SECOND, received(m)) for n, m in enumerate((A, B, C)))
    cut = whole.index(at, whole.index(B) - len("messageId=") - 60) + len(at)
    parts = (
        ("smev-adapter.log.1", whole[:cut].encode()),
        ("smev-adapter.log", whole[cut:].encode()),
    )
    for index in order:
        smev.put(*parts[index])
        if runs == 2:
            smev.load()
    smev.load()
    smev.load()
    assert {row["message_id"]: row["sender"] for row in smev.requests()} == dict.fromkeys(
        (A, B, C), "FNS001"
    )
