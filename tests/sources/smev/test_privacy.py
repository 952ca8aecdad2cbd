"""Persons and secrets planted wherever a message can hold them are found nowhere afterwards."""

from __future__ import annotations

import base64
import json
import logging
from pathlib import Path

import pytest

from municipal_indicators.warehouse.client import Warehouse
from tests import planted
from tests.emulators.inbox import envelopes as writer
from tests.emulators.inbox import textlog
from tests.emulators.inbox.textlog import log_entry
from tests.sources.smev.conftest import AT, KIND, OURS, SmevInbox, zipped
from tests.sources.smev.test_requests import A, B, delivery, journal, note

PERSON = {
    "surname": "Перехватова",
    **planted.PERSONS,
    "password": "Pa55-of-the-ftp",
    "user": "ftp-user-4711",
}
SAID = " ".join(PERSON.values())
ADDRESS = base64.b64encode(json.dumps({"mid": A, "to": SAID}).encode()).decode()
ATTACHMENTS = (
    f"<ns2:FSAttachmentsList><ns2:FSAttachment><ns2:uuid>1</ns2:uuid><ns2:UserName>{PERSON['user']}"
    f"</ns2:UserName><ns2:Password>{PERSON['password']}</ns2:Password><ns2:FileName>{SAID}.pdf"
    "</ns2:FileName></ns2:FSAttachment></ns2:FSAttachmentsList>"
    f"<ns2:SenderInformationSystemSignature>{SAID}</ns2:SenderInformationSystemSignature>"
)
PAYLOAD = writer.personal_payload(
    {"sur": PERSON["surname"], "all": SAID}, {"ИННФЛ": PERSON["INN"], "Всё": SAID}
)
REQUEST = (
    delivery(payload=PAYLOAD, return_address=ADDRESS, transaction=f"1|2|{SAID}")
    .replace(b"</ns2:MessageMetadata>", f"</ns2:MessageMetadata>{ATTACHMENTS}".encode())
    .replace(
        b"<ns2:Sender>",
        f"<ns2:Sender><ns2:HumanReadableName>{SAID}</ns2:HumanReadableName>".encode(),
    )
)
ANSWER = writer.send_response_request(
    message=B, to=ADDRESS, rejections=[("NO_DATA", SAID), (SAID, SAID)]
)
FULL_NAME = PERSON["name"]
MEMBERS = {
    f"{FULL_NAME}.xml": REQUEST,
    "answer.xml": ANSWER,
    "odd code.xml": writer.send_response_request(message=B, to=ADDRESS, rejections=[(SAID, SAID)]),
    "status.xml": writer.send_response_request(message=B, to=ADDRESS, status=(1, SAID)),
    "fault.xml": writer.fault(f"SMEV-403: значение '{SAID}' не соответствует типу"),
    "cut.xml": REQUEST[: REQUEST.index(b"</ns2:MessageMetadata>")],
    "bad tag.xml": f"<{PERSON['surname']}><{PERSON['surname']}>{SAID}".encode(),
    f"{FULL_NAME} {PERSON['SNILS']}.bin": SAID.encode(),
    "dtd.xml": f'<!DOCTYPE x [<!ENTITY a "{SAID}">]><x>&a;</x>'.encode(),
    "bad id.xml": delivery(SAID),
    "bad sender.xml": delivery(sender=SAID, recipient=SAID),
    "month.jsonl": journal(
        note(content=REQUEST.decode(), error_description=SAID, client_id=SAID, status=SAID),
        note(sender=SAID),
        note(SAID),
        note(B, message_type=SAID),
        note(B, operation=SAID, transaction_code=SAID),
        note(B, message_type="ResponseMessageType", operation="SendResponse", reject_code=SAID),
        f'{{"content": "{SAID}", "cut',
    ),
    "adapter.log": "\n".join(
        log_entry(AT, text)
        for text in (
            textlog.invalid_value(SAID),
            textlog.certificate_expires(SAID),
            textlog.request_received(
                A, sender=SAID.replace(" ", "_"), recipient=OURS, namespace=KIND.namespace
            ),
            SAID,
        )
    ).encode(),
}


def every_word(warehouse: Warehouse) -> str:
    """All that the warehouse keeps, as one text."""
    tables = warehouse.rows(
        "SELECT database || '.' || name FROM system.tables "
        "WHERE database IN ('core', 'intermediate', 'reference', 'marts', 'ops', 'staging') "
        "AND engine LIKE '%MergeTree'"
    )
    return "\n".join(
        str(row) for (table,) in tables for row in warehouse.rows(f"SELECT * FROM {table}")
    )


def found_in(text: str) -> set[str]:
    """Which of the planted values the text holds, in clear or in ReplyTo's base64."""
    ours = {value for value in (PERSON["password"], PERSON["user"], ADDRESS) if value in text}
    return planted.found_in(text) | ours


def test_the_plant_is_seen_where_it_is() -> None:
    assert planted.is_all_there(b"".join(MEMBERS.values()).decode())


def test_no_table_log_or_reason_holds_a_planted_value(
    smev: SmevInbox, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    smev.put(f"{FULL_NAME}/{PERSON['SNILS']}.zip", zipped(MEMBERS))
    smev.put("alone.xml", MEMBERS["bad tag.xml"])
    smev.put("dtd.xml", MEMBERS["dtd.xml"])
    smev.put("words.txt", SAID.encode())
    smev.load()
    output = capfd.readouterr()
    assert found_in(every_word(smev.warehouse)) == set()
    assert found_in(caplog.text + output.out + output.err) == set()
    assert len(smev.reasons()) == 3
    assert found_in("".join(smev.reasons())) == set()
    assert found_in(str([path.name for path in Path(smev.archive).rglob("*")])) == set()
    assert [row["message_id"] for row in smev.requests()] == [A, B]
    assert [row[0] for row in smev.counts()] == ["published", "failed", "failed", "failed"]


UNDERSCORED = SAID.replace(" ", "_")
SPOKEN_IN_A_LOG = (
    textlog.invalid_value(SAID),
    textlog.certificate_expires(SAID),
    f"{textlog.timeout()}\nCaused by: ru.example.PersonException: {SAID}\n\tat {UNDERSCORED}(X.java:1)",
    f"{textlog.ack_refused(A)} {SAID}",
    textlog.request_received(B, sender=UNDERSCORED, recipient=UNDERSCORED, namespace=SAID),
    textlog.answer_sent(UNDERSCORED, UNDERSCORED),
    f"{textlog.EMPTY_POLL} replyTo={ADDRESS} transaction={A}|000|{SAID}",
    textlog.request_received(A, sender="FNS001", recipient=OURS, namespace=KIND.namespace)
    + f"\n<Request {PERSON['surname']}='{SAID}'>\n  <fio>{SAID}</fio>\n</Request>",
)


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1251"])
@pytest.mark.parametrize("pattern", textlog.PATTERNS)
def test_a_text_log_of_any_pattern_gives_no_person_away(
    smev: SmevInbox,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    pattern: str,
    encoding: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    entries = [
        log_entry(AT, text, pattern=pattern, logger=logger)
        for text in SPOKEN_IN_A_LOG
        for logger in ("Ack", f"Поток-{FULL_NAME}")
    ]
    content = "\n".join([f"rest of a line {SAID}", *entries, SAID]).encode(encoding)
    assert planted.is_all_there(content.decode(encoding))
    smev.put(f"{FULL_NAME} {PERSON['SNILS']}.log", content)
    smev.put("cut.log.1", content[:-40])
    smev.load()
    _assert_nothing_is_disclosed(smev, caplog, capfd)
    assert [row["message_id"] for row in smev.requests()] == [A]


JOURNAL_FIELDS = {
    "reference_message_id": SAID,
    "original_message_id": SAID,
    "logged_at": SAID,
    "direction": SAID,
    "operation": SAID,
    "message_type": SAID,
    "sender": SAID,
    "recipient": SAID,
    "sending_date": SAID,
    "delivery_date": SAID,
    "vs_namespace": SAID,
    "vs_root": SAID,
    "test_message": SAID,
    "reject_code": SAID,
    "error_type": SAID,
    "error_code": f"SMEV-403 {SAID}",
    "error_description": f"SMEV-403: {SAID}",
    "status": SAID,
    "client_id": SAID,
    "reply_to_client_id": SAID,
    "it_system": SAID,
    "transaction_code": f"{A}|000|{ADDRESS}",
    "replyTo": ADDRESS,
    "content": SAID,
    "attachment_name": f"{SAID}.pdf",
    PERSON["surname"]: SAID,
}


def test_a_journal_gives_no_person_away_whatever_field_holds_one(
    smev: SmevInbox, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    plain = json.loads(note())
    lines = [
        json.dumps({**plain, field: value}, ensure_ascii=False)
        for field, value in JOURNAL_FIELDS.items()
    ]
    content = journal(note(), *lines, lines[0][:-30])
    assert planted.is_all_there(content.decode())
    smev.put(f"{FULL_NAME}/журнал {PERSON['phone']}.jsonl", content)
    smev.put("mixed.jsonl", content.decode().encode("windows-1251"))
    smev.load()
    _assert_nothing_is_disclosed(smev, caplog, capfd)
    assert [row["message_id"] for row in smev.requests()] == [A]


def _assert_nothing_is_disclosed(
    smev: SmevInbox, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """No table, log, output, reason or name in the archive holds a planted value."""
    output = capfd.readouterr()
    assert found_in(every_word(smev.warehouse)) == set()
    assert found_in(caplog.text + output.out + output.err) == set()
    assert found_in("".join(smev.reasons())) == set()
    assert found_in(str([path.name for path in smev.archive.rglob("*")])) == set()
