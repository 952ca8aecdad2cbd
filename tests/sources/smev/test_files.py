"""Whole files: counts that balance, quarantine with place and reason, rejections, duplicates."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from municipal_indicators import settings
from municipal_indicators.errors import ConfigurationError
from municipal_indicators.sources.smev import lines
from municipal_indicators.sources.smev.rules import load_rules
from tests.emulators.inbox import envelopes as writer
from tests.emulators.inbox import textlog
from tests.emulators.inbox.journal import journal_bytes
from tests.emulators.inbox.textlog import PATTERNS, log_entry
from tests.sources.smev.conftest import AT, KIND, OURS, SmevInbox, gzipped, request_id, utc, zipped
from tests.sources.smev.test_requests import A, B, C, delivery, journal, note

DTD = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "a">]><x>&a;</x>'
CUT = "the XML is cut or not well-formed"
NO_OBJECT = "the line is no JSON object: cut or damaged"


def test_a_mixed_zip_is_one_unit_and_names_what_it_could_not_read(smev: SmevInbox) -> None:
    members = {
        "in/1.xml.IN": delivery(),
        "in/the same again.xml": delivery(),
        "poll.xml": writer.empty_poll(),
        "poll 2.xml": writer.empty_poll(),
        "dtd.xml": DTD,
        "cut.xml": delivery()[:200],
        "empty": b"",
        "blank": b" \n",
        "picture.png": b"\x89PNG\r\n\x1a\n",
        "Иванов Иван Иванович.xml": b"<html/>",
        "bad id.xml": delivery(B).replace(B.encode(), b"Petrov"),
        "month.jsonl": journal(note(C), "{", note(C, 1), note(C)),
        "month.log": log_entry(AT, textlog.EMPTY_POLL).encode(),
        "nested.zip": zipped({"2.xml": delivery(B)}),
        "log.gz": gzipped(log_entry(AT, textlog.ack_sent(A)).encode()),
    }
    smev.load(all_zip=zipped(members))
    assert smev.quarantine() == [
        ("***.xml", 0, "", "the XML is no message of SMEV 3 or of its adapter"),
        ("bad id.xml", 1, "message_id", "the id is no UUID"),
        ("blank", 0, "", "the file is empty"),
        ("cut.xml", 0, "", CUT),
        ("dtd.xml", 0, "", "the XML declares a DTD, which no file that we know needs"),
        ("empty", 0, "", "the member is empty"),
        ("month.jsonl", 2, "", NO_OBJECT),
        (
            "picture.png",
            0,
            "",
            "neither an XML message nor a journal of JSON lines nor a text log of the adapter",
        ),
    ]
    assert smev.counts() == [("published", 18, 6, 8, 4)]
    assert [row["message_id"] for row in smev.requests()] == sorted([A, B, C])
    assert [row["deliveries"] for row in smev.requests()] == [1, 1, 1]


@pytest.mark.parametrize(
    ("content", "reason", "for_sender"),
    [
        (DTD, "declares a DTD", "объявление DTD"),
        (gzipped(DTD), "declares a DTD", "объявление DTD"),
        (delivery()[:-100], CUT, "обрезан"),
        (b"just words", "neither an XML message nor a journal", "не похож ни на сообщение СМЭВ"),
        (b"<html/>", "no message of SMEV 3", "не является сообщением СМЭВ"),
        (b'{"a": 1}\n{"b"\n', "none of its messages and lines", "ни одного сообщения или строки"),
        (
            zipped({"1.xml": DTD, "2.xml": b"<a"}),
            "none of its messages and lines",
            "ни одного сообщения",
        ),
    ],
    ids=["DTD", "gzipped DTD", "cut", "words", "html", "foreign JSON", "only bad members"],
)
def test_a_file_that_cannot_be_read_is_rejected_and_the_others_load(
    smev: SmevInbox, content: bytes, reason: str, for_sender: str
) -> None:
    run = smev.load(bad_xml=content, good_xml=delivery())
    assert (run.published, run.rejected) == (1, ["smev/bad.xml"])
    assert [row[0] for row in smev.counts()] == ["failed", "published"]
    (text,) = smev.reasons()
    assert reason in text
    assert for_sender in text
    assert len(smev.requests()) == 1
    assert list(smev.folder.iterdir()) == []


BAD_VALUES = [
    ("message_id", "Иванов", "message_id", "the id is no UUID"),
    ("message_id", None, "message_id", "a request without an id cannot be counted"),
    ("original_message_id", "1", "original_message_id", "the id is no UUID"),
    ("reference_message_id", "1", "reference_message_id", "the id is no UUID"),
    (
        "sending_date",
        "05.03.2024",
        "sent_at",
        "the time is no ISO 8601 date and time of this century",
    ),
    (
        "delivery_date",
        "0001-01-01T00:00:00",
        "delivered_at",
        "the time is no ISO 8601 date and time of this century",
    ),
    (
        "logged_at",
        "2024-02-30T99:00:00",
        "logged_at",
        "the time is no ISO 8601 date and time of this century",
    ),
    ("sender", "Иванов Иван Иванович", "sender", "the mnemonic has other signs than"),
    ("recipient", "x" * 65, "recipient", "the mnemonic has other signs than"),
    ("vs_namespace", "urn: Иванов", "namespace", "no name of a kind of information"),
    ("vs_root", "Иванов И.И. СНИЛС", "root_element", "no name of a kind of information"),
    ("message_type", "Иванов", "message_type", "the message type is not listed under"),
]


def test_a_bad_field_takes_its_line_to_quarantine(smev: SmevInbox) -> None:
    bad = [
        json.dumps(json.loads(note(B, 2)) | {key: value}, ensure_ascii=False)
        for key, value, _, _ in BAD_VALUES
    ]
    smev.load(a_jsonl=journal(note(), "", *bad, note(C, 3)))
    found = smev.quarantine()
    assert [row[:3] for row in found] == [
        ("", line, field) for line, (_, _, field, _) in enumerate(BAD_VALUES, start=3)
    ]
    for row, (_, _, _, reason) in zip(found, BAD_VALUES, strict=True):
        assert row[3].startswith(reason)
    count = len(BAD_VALUES)
    assert smev.counts() == [("published", count + 2, 2, count, 0)]
    assert smev.warehouse.rows("SELECT DISTINCT masked_row FROM ops.quarantine") == [("",)]


def test_a_line_that_says_neither_who_sent_it_nor_when(smev: SmevInbox) -> None:
    version_4 = "6f1ed002-ab56-4c1d-8f27-1f8a3a1c0001"
    plain = {"message_type": "RequestMessageType", "message_id": A}
    rows = [
        plain | {"direction": "1"},
        plain | {"operation": "GetRequest", "message_id": version_4},
        plain | {"operation": "urn:GetRequest", "direction": "1"},
        {"journal_id": 4},
    ]
    smev.load(a_jsonl="\r\n".join(map(json.dumps, rows)).encode())
    assert [row[1:3] for row in smev.quarantine()] == [(1, "direction"), (2, "sent_at"), (4, "")]
    assert [row["message_id"] for row in smev.requests()] == [A]


def test_the_broken_last_line_of_a_growing_journal(smev: SmevInbox) -> None:
    content = journal_bytes([note(n, k) for k, n in enumerate((A, B, C))], cut_last=True)
    smev.load(a_jsonl=content)
    assert smev.quarantine() == [("", 3, "", NO_OBJECT)]
    assert smev.counts() == [("published", 3, 2, 1, 0)]


def test_line_numbers_across_blocks_and_an_endless_line(
    smev: SmevInbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines.line_blocks, "__defaults__", (2000, b""))
    good = [note(request_id(n), n) for n in range(20)]
    endless = json.dumps({"message_id": A, "content": "x" * 9000})
    content = "\n".join([*good[:9], endless, *good[9:], "broken"])
    smev.load(a_jsonl=content.encode())
    assert [row[1] for row in smev.quarantine()] == [10, 22]
    assert smev.counts() == [("published", 22, 20, 2, 0)]
    numbers = [line for (line,) in smev.events("line")]
    assert numbers == [*range(1, 10), *range(11, 22)]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("encoding", ["utf-8", "windows-1251"])
def test_known_events_of_a_text_log(smev: SmevInbox, pattern: str, encoding: str) -> None:
    at = AT + timedelta(milliseconds=512 if pattern != "colons" else 0)
    texts = [
        textlog.request_received(
            A.upper(), sender="FNS001", recipient=OURS, namespace="urn://x/1.0"
        ),
        textlog.ack_sent(A),
        textlog.ack_refused(A),
        textlog.answer_sent(B, A),
        textlog.own_request_sent(C, sender=OURS, recipient="PFR", namespace="urn://y"),
        textlog.own_answer_received(request_id(9), C),
        textlog.EMPTY_POLL,
        textlog.timeout(),
        textlog.invalid_value("112-233-445 95"),
        textlog.certificate_expires("Иванов Иван Иванович"),
        "Подписана строка без сообщения",
    ]
    entries = "\n".join(log_entry(at, text, pattern=pattern) for text in texts)
    smev.load(a_log=entries.encode(encoding))
    columns = "operation, direction, message_type, message_id, original_message_id, smev_error"
    assert smev.events(columns) == [
        ("GetRequestResponse", "in", "REQUEST", A, "", 0),
        ("AckRequest", "out", "QUERY", A, "", 0),
        ("AckRequest", "out", "ERROR", A, "", 501),
        ("SendResponseRequest", "out", "RESPONSE", B, A, 0),
        ("SendRequestRequest", "out", "REQUEST", C, "", 0),
        ("GetResponseResponse", "in", "RESPONSE", request_id(9), C, 0),
        ("GetRequestResponse", "in", "QUERY", "", "", 0),
        ("Fault", "unknown", "ERROR", "", "", 0),
        ("Fault", "unknown", "ERROR", "", "", 403),
        ("Fault", "unknown", "ERROR", "", "", 0),
    ]
    (row,) = smev.requests()
    assert (row["sender"], row["namespace"], row["is_answered"]) == ("FNS001", "urn://x/1.0", True)
    assert {logged for (logged,) in smev.events("logged_at")} == {utc(at)}
    assert smev.counts() == [("published", 10, 10, 0, 0)]
    message = smev.warehouse.value("SELECT any(message) FROM ops.loads")
    assert message == "10 known events in 15 log lines."


def test_a_log_without_a_known_event_is_kept_and_says_so(smev: SmevInbox) -> None:
    run = smev.load(a_log=log_entry(AT, "Старт адаптера").encode())
    assert (run.published, smev.counts()) == (1, [("published", 0, 0, 0, 0)])
    assert smev.warehouse.value("SELECT any(message) FROM ops.loads") == (
        "0 known events in 1 log lines."
    )


def test_a_new_event_text_is_a_line_in_the_reference(
    smev: SmevInbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (settings.REFERENCE / "smev.yaml").read_text(encoding="utf-8")
    path = tmp_path / "smev.yaml"
    path.write_text(
        text + '  - {text: "Request in:", operation: GetRequestResponse, message_type: REQUEST}\n',
        encoding="utf-8",
    )
    monkeypatch.setattr(
        "municipal_indicators.sources.smev.staging.load_rules", lambda: load_rules(path)
    )
    smev.load(a_log=log_entry(AT, f"Request in: messageId={A} sender=FNS001").encode())
    assert smev.request()["sender"] == "FNS001"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("GetRequestRequest: out", "GetRequestRequest: sideways", "operations.GetRequestRequest"),
        ("Ack: AckRequest", "Ack: Acknowledge", "operation_synonyms.Ack: называет Acknowledge"),
        ("(?i)^emu", "(?i)^emu(", "test_traffic.sender_mnemonics[0]: не регулярное выражение"),
        ("test_traffic:", "tests:", "test_traffic: отсутствует"),
        ("operations:", "operations: [", "весь файл: это не YAML"),
    ],
)
def test_a_wrong_reference_names_file_and_place(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    text = (settings.REFERENCE / "smev.yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "smev.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        load_rules(path)
    assert str(path) in str(error.value)
    assert expected in str(error.value)


def test_the_same_content_that_arrives_again_later_is_a_newer_version(smev: SmevInbox) -> None:
    smev.load(a_xml=delivery(), b_xml=delivery(B, kind=KIND), c_xml=delivery())
    assert [row[0] for row in smev.counts()] == ["published"] * 3
    assert [row["deliveries"] for row in smev.requests()] == [1, 1]
