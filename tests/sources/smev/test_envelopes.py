"""What one XML message says, in every schema version and wrapper; hostile XML is refused."""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from municipal_indicators.errors import FileRejectedError
from municipal_indicators.sources.smev.envelopes import Message, read_envelope
from municipal_indicators.sources.smev.rules import load_rules
from municipal_indicators.sources.smev.safe_xml import SIZE_LIMIT
from tests.emulators.inbox import envelopes as writer
from tests.emulators.inbox.envelopes import Dialect
from tests.sources.smev.conftest import AT, KIND, OURS, request_id

DIALECTS = [
    Dialect("1.1", "soap", "ns2", ""),
    Dialect("1.2", "S", "", "b"),
    Dialect("1.3", "soapenv", "typ", "bas"),
]
A, B = request_id(1), request_id(2, AT + timedelta(hours=5))
REPLY_TO = writer.reply_to(A, kind=KIND, mnemonic="FNS001")
ADAPTER = "urn://x-artefacts-smev-gov-ru/services/service-adapter/types"
BASIC = "urn://x-artefacts-smev-gov-ru/services/message-exchange/types/basic/1.2"


def read(data: bytes | str) -> Message:
    return read_envelope(data.encode() if isinstance(data, str) else data, load_rules())


def delivery(dialect: Dialect = DIALECTS[0], **more: object) -> bytes:
    given_values: dict[str, object] = {
        "message": A,
        "sender": "FNS001",
        "recipient": OURS,
        "kind": KIND,
        "sent_at": AT,
        "delivered_at": AT + timedelta(seconds=4),
        "payload": "<fio>Иванов Иван Иванович</fio>",
    }
    return writer.get_request_response(dialect=dialect, **{**given_values, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda one: one.version)
def test_a_delivered_request_in_every_schema_version(dialect: Dialect) -> None:
    assert read(delivery(dialect, reference=B)) == Message(
        operation="GetRequestResponse",
        direction="in",
        message_type="REQUEST",
        message_id=A,
        reference_message_id=B,
        reply_key=hashlib.sha256(REPLY_TO.encode()).hexdigest(),
        reply_message_id=A,
        sender="FNS001",
        recipient=OURS,
        namespace=KIND.namespace,
        root_element=KIND.root,
        sent_at="2024-03-05T09:14:07.000+03:00",
        delivered_at="2024-03-05T09:14:11.000+03:00",
    )


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda one: one.version)
@pytest.mark.parametrize(
    ("answer", "kind", "code", "namespace"),
    [
        ({"kind": KIND}, "content", "", KIND.namespace),
        ({"rejections": [("NO_DATA", "Иванова нет"), ("FAILURE", "x")]}, "rejected", "NO_DATA", ""),
        ({"status": (10, "в работе")}, "status", "", ""),
    ],
    ids=["content", "rejected", "status"],
)
def test_our_answer_names_the_address_it_goes_to(
    dialect: Dialect, answer: dict[str, object], kind: str, code: str, namespace: str
) -> None:
    message = read(
        writer.send_response_request(message=B, to=REPLY_TO, dialect=dialect, **answer)  # type: ignore[arg-type]
    )
    assert (message.operation, message.direction, message.message_type) == (
        "SendResponseRequest",
        "out",
        "RESPONSE",
    )
    assert (message.message_id, message.reply_message_id) == (B, A)
    assert (message.answer_kind, message.reject_code, message.namespace) == (kind, code, namespace)


@pytest.mark.parametrize(
    ("data", "operation", "direction", "message_type", "ids"),
    [
        (writer.empty_poll(), "GetRequestResponse", "in", "", ("", "")),
        (writer.empty_poll("GetResponseResponse"), "GetResponseResponse", "in", "", ("", "")),
        (writer.ack_request(A.upper()), "AckRequest", "out", "", (A, "")),
        (
            writer.send_response_response(message=B, sender=OURS, sent_at=AT),
            "SendResponseResponse",
            "out",
            "RESPONSE",
            (B, ""),
        ),
        (
            writer.send_request_request(message=A, kind=KIND),
            "SendRequestRequest",
            "out",
            "REQUEST",
            (A, ""),
        ),
        (
            writer.send_request_response(message=A, sender=OURS, sent_at=AT),
            "SendRequestResponse",
            "out",
            "REQUEST",
            (A, ""),
        ),
        (
            writer.get_response_response(
                message=B,
                original=A.upper(),
                to=REPLY_TO,
                sender="FNS001",
                recipient=OURS,
                sent_at=AT,
                delivered_at=AT,
                kind=KIND,
            ),
            "GetResponseResponse",
            "in",
            "RESPONSE",
            (B, A),
        ),
        (delivery(message_type="BROADCAST"), "GetRequestResponse", "in", "BROADCAST", (A, "")),
        (delivery(message_type="CANCEL"), "GetRequestResponse", "in", "CANCEL", (A, "")),
    ],
)
def test_every_operation_by_the_child_of_the_body(
    data: bytes, operation: str, direction: str, message_type: str, ids: tuple[str, str]
) -> None:
    message = read(data)
    assert (message.operation, message.direction) == (operation, direction)
    assert message.message_type == message_type
    assert (message.message_id, message.original_message_id) == ids


def test_a_fault_gives_its_name_and_number_only() -> None:
    message = read(writer.fault("SMEV-403: значение 'ул. Ленина, 5' не соответствует типу"))
    assert message == Message(
        operation="Fault", message_type="ERROR", fault_name="InvalidContent", smev_error="403"
    )


def test_a_payload_that_repeats_the_envelope_is_not_read() -> None:
    inner = delivery(message=B, sender="EVIL").decode().partition("?>")[2]
    message = read(delivery(payload=inner))
    assert (message.message_id, message.sender) == (A, "FNS001")


@pytest.mark.parametrize(
    ("data", "is_test"),
    [
        (delivery(), ""),
        (delivery(is_test=True), "1"),
        (
            delivery().replace(
                b"FNS001</ns2:Mnemonic>",
                b"EPGU01</ns2:Mnemonic>"
                + "<ns2:HumanReadableName>ЕПГУ (svcdev)</ns2:HumanReadableName>".encode(),
            ),
            "1",
        ),
        (
            delivery().replace(
                b"FNS001</ns2:Mnemonic>",
                b"EPGU01</ns2:Mnemonic>"
                + "<ns2:HumanReadableName>ЕПГУ (портал)</ns2:HumanReadableName>".encode(),
            ),
            "",
        ),
    ],
    ids=["plain", "TestMessage", "stand", "no stand"],
)
def test_the_test_mark(data: bytes, is_test: str) -> None:
    assert read(data).is_test == is_test


def test_wrappers_and_encodings_around_the_same_message() -> None:
    plain = delivery()
    expected = read(plain)
    bare = plain[plain.index(b"<ns2:GetRequestResponse") : plain.index(b"</soap:Body>")]
    soap12 = plain.replace(
        b"http://schemas.xmlsoap.org/soap/envelope/", b"http://www.w3.org/2003/05/soap-envelope"
    )
    text = plain.decode()
    wrapped = {
        "byte order mark": b"\xef\xbb\xbf" + plain,
        "space before": b"\n  " + plain,
        "multipart": writer.multipart(plain),
        "multipart with attachment": writer.multipart(plain).replace(
            b"--uuid:7c5e0d5a--", b"--uuid:7c5e0d5a\r\n\r\n\x00\xff\r\n--uuid:7c5e0d5a--"
        ),
        "bare": bare,
        "SOAP 1.2": soap12,
        "windows-1251 that declares UTF-8": text.encode("windows-1251"),
        "windows-1251": text.replace("UTF-8", "windows-1251").encode("windows-1251"),
        "UTF-16": text.replace("UTF-8", "UTF-16").encode("utf-16"),
        "comment and instruction": plain.replace(b"?>\n", b"?><!-- x --><?y z?>\n", 1),
    }
    assert {name: read(data) == expected for name, data in wrapped.items()} == dict.fromkeys(
        wrapped, True
    )


QUERY_RESULT = f"""<?xml version="1.0" encoding="UTF-8"?>
<tns:QueryResult xmlns:tns="{ADAPTER}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <tns:smevMetadata><tns:MessageId>{A.upper()}</tns:MessageId>
  <tns:Sender>FNS001</tns:Sender><tns:Recipient>{OURS}</tns:Recipient>
  <tns:SendingDate>2024-03-05T09:14:07.512+03:00</tns:SendingDate></tns:smevMetadata>
 <tns:Message xsi:type="tns:RequestMessageType">
  <tns:RequestMetadata><tns:clientId>{B}</tns:clientId><tns:testMessage>true</tns:testMessage></tns:RequestMetadata>
  <tns:RequestContent><tns:content><b:MessagePrimaryContent xmlns:b="{BASIC}">
   <q:Request xmlns:q="{KIND.namespace}"><fio>Иванов</fio></q:Request></b:MessagePrimaryContent></tns:content>
  </tns:RequestContent></tns:Message></tns:QueryResult>"""
CLIENT_MESSAGE = f"""<tns:ClientMessage xmlns:tns="{ADAPTER}"><tns:itSystem>ADM</tns:itSystem>
 <tns:ResponseMessage><tns:ResponseMetadata><tns:clientId>{B}</tns:clientId>
  <tns:replyToClientId>{A}</tns:replyToClientId></tns:ResponseMetadata>
  <tns:ResponseContent><tns:rejects><tns:code>NO_DATA</tns:code><tns:description>Иванова нет</tns:description>
  </tns:rejects></tns:ResponseContent></tns:ResponseMessage></tns:ClientMessage>"""


def test_files_of_the_adapter() -> None:
    assert read(QUERY_RESULT) == Message(
        operation="GetRequestResponse",
        direction="in",
        message_type="REQUEST",
        message_id=A,
        sender="FNS001",
        recipient=OURS,
        namespace=KIND.namespace,
        root_element="Request",
        is_test="1",
        sent_at="2024-03-05T09:14:07.512+03:00",
    )
    assert read(CLIENT_MESSAGE) == Message(
        operation="SendResponseRequest",
        direction="out",
        message_type="RESPONSE",
        message_id=B,
        reply_message_id=A,
        answer_kind="rejected",
        reject_code="NO_DATA",
    )


LAUGHS = '<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {"abcdefghij"[n]} "{("&" + "abcdefghij"[n - 1] + ";") * 10}">' for n in range(1, 10)
)
HOSTILE = {
    "DTD": (b'<?xml version="1.0"?><!DOCTYPE x><x/>', "DTD"),
    "external entity": (
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><x>&e;</x>',
        "DTD",
    ),
    "billion laughs": (f"<!DOCTYPE x [{LAUGHS}]><x>&j;</x>".encode(), "DTD"),
    "laughs in an attribute": (f'<!DOCTYPE x [{LAUGHS}]><x a="&j;"/>'.encode(), "DTD"),
    "DTD behind comments": (b"<!-- a --><?b c?><!-- <x> -->\n<!DOCTYPE x><x/>", "DTD"),
    "DTD in UTF-16": ("<!DOCTYPE x><x/>".encode("utf-16"), "DTD"),
    "DTD in UTF-32": (
        "<?xml version='1.0' encoding='UTF-32'?><!DOCTYPE x><x/>".encode("utf-32-be"),
        "DTD",
    ),
    "DTD in UTF-16 without a mark": ("<!DOCTYPE x><x/>".encode("utf-16-le"), "DTD"),
    "DTD in UTF-7": (
        b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE x+AD4APA-x/+AD4-',
        "DTD",
    ),
    "an encoding that hides": (b'<?xml version="1.0" encoding="IBM037"?><x/>', "encoding"),
    "an encoding that takes minutes": (
        b'<?xml version="1.0" encoding="punycode"?>' + b"a" * 100_000,
        "encoding",
    ),
    "deep nesting": (b"<a>" * 100_000 + b"</a>" * 100_000, "not well-formed"),
    "cut": (delivery()[:-300], "not well-formed"),
    "unknown entity": (b"<x>&secret;</x>", "not well-formed"),
    "bytes": (b"<\x00\xff\xfe", "not well-formed"),
    "empty": (b"  \n", "empty"),
    "another document": (b"<html><body>Hello</body></html>", "no message"),
    "empty body": (
        delivery()[: delivery().index(b"<ns2:")] + b"</soap:Body></soap:Envelope>",
        "no message",
    ),
    "no SMEV namespace": (delivery().replace(b"x-artefacts-smev-gov-ru", b"x-other"), "no message"),
    "huge": (b"<x>" + b" " * SIZE_LIMIT + b"</x>", "larger than"),
    "multipart without XML": (b"--b\r\nContent-Type: text/xml\r\n", "empty"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_xml_is_refused_at_once_and_never_quoted(name: str) -> None:
    data, reason = HOSTILE[name]
    begun = time.monotonic()
    with pytest.raises(FileRejectedError) as refused:
        read(data)
    assert reason in refused.value.reason
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None
    assert not any(word in refused.value.reason for word in ("secret", "hostname", "Hello", "html"))
    assert time.monotonic() - begun < 5


@given(st.binary(max_size=300), st.integers(0, 1500))
def test_no_bytes_give_another_error(noise: bytes, at: int) -> None:
    data = delivery()
    for broken in (noise, data[:at] + noise + data[at:], data[:at]):
        with suppress(FileRejectedError):
            assert read(broken).operation
