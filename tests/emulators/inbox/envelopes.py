"""Writers of one SMEV 3 SOAP envelope (schemas 1.1 to 1.3) from keyword arguments.

The trees follow the official 1.1 schema set; signatures are left out.
"""

import base64
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.sax.saxutils import escape, quoteattr

from tests.emulators.inbox.clock import smev_stamp, utc

_URN = "urn://x-artefacts-smev-gov-ru/services/message-exchange/types"
_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_UUID_EPOCH = datetime(1582, 10, 15, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Dialect:
    """Schema version and prefixes of an envelope; an empty prefix is the default namespace."""

    version: str = "1.2"
    soap: str = "soap"
    types: str = "ns2"
    basic: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of information (вид сведений): qualified name of the payload element."""

    namespace: str
    root: str = "Request"


def message_id(sent_at: datetime, serial: int, node: int = 0x02005E100000) -> str:
    """A lower-case UUID of version 1 whose embedded time is `sent_at`, unique by `serial`.

    A naive `sent_at` is Moscow time; `serial` fills the clock sequence and the node.
    """
    elapsed = utc(sent_at) - _UUID_EPOCH
    ticks = (elapsed.days * 86_400 + elapsed.seconds) * 10_000_000 + elapsed.microseconds * 10
    fields = (
        ticks & 0xFFFFFFFF,
        ticks >> 32 & 0xFFFF,
        ticks >> 48 & 0x0FFF,
        serial >> 24 & 0x3F,
        serial >> 16 & 0xFF,
        node + (serial & 0xFFFF),
    )
    return str(uuid.UUID(fields=fields, version=1))


def reply_to(message: str, *, kind: Kind, mnemonic: str, transaction: str | None = None) -> str:
    """SMEV's return address of a request: base64 of a JSON with `mid`, `tcd`, `slc`, `mnm`."""
    content = {
        "mid": message,
        "tcd": transaction,
        "slc": f"{{{kind.namespace}}}{kind.root}",
        "mnm": mnemonic,
    }
    return base64.b64encode(json.dumps(content).encode()).decode()


def get_request_response(
    *,
    message: str,
    sender: str,
    recipient: str | None,
    kind: Kind,
    sent_at: datetime,
    delivered_at: datetime,
    payload: str = "",
    message_type: str = "REQUEST",
    is_test: bool = False,
    return_address: str | None = None,
    transaction: str | None = None,
    reference: str | None = None,
    status: str = "requestIsAcceptedBySmev",
    dialect: Dialect = Dialect(),
) -> bytes:
    """A request delivered to us; `payload` is XML put inside the element named by `kind`.

    `message_type` may be BROADCAST, or CANCEL (the element Cancel of schema 1.1 then).
    """
    t = _qualifier(dialect.types)
    metadata = _metadata(t, message, message_type, sender, sent_at, recipient, delivered_at, status)
    address = return_address or reply_to(
        message, kind=kind, mnemonic=sender, transaction=transaction
    )
    element = "Cancel" if message_type == "CANCEL" else "Request"
    data = _request_data(dialect, message, kind, payload, is_test, transaction, reference)
    return _envelope(
        dialect,
        "GetRequestResponse",
        f'<{t}RequestMessage><{t}{element} Id="SIGNED_BY_SMEV">{data}{metadata}'
        f"<{t}ReplyTo>{address}</{t}ReplyTo></{t}{element}></{t}RequestMessage>",
    )


def empty_poll(operation: str = "GetRequestResponse", dialect: Dialect = Dialect()) -> bytes:
    """An answer of an empty queue: GetRequestResponse or GetResponseResponse without a child."""
    return _envelope(dialect, operation, "")


def ack_request(message: str, *, accepted: bool = True, dialect: Dialect = Dialect()) -> bytes:
    """Our acknowledgement of a received message."""
    b = _qualifier(dialect.basic)
    flag = "true" if accepted else "false"
    return _envelope(
        dialect,
        "AckRequest",
        f'<{b}AckTargetMessage Id="SIGNED_BY_CALLER" accepted="{flag}">{message}'
        f"</{b}AckTargetMessage>",
    )


def send_response_request(
    *,
    message: str,
    to: str,
    kind: Kind | None = None,
    payload: str = "",
    rejections: Sequence[tuple[str, str]] = (),
    status: tuple[int, str] | None = None,
    dialect: Dialect = Dialect(),
) -> bytes:
    """Our answer to the request whose ReplyTo is `to`.

    Content of `kind`, or `rejections` (code, description), or an intermediate `status`.
    """
    t = _qualifier(dialect.types)
    answer = _answer(dialect, kind, payload, rejections, status)
    return _envelope(
        dialect,
        "SendResponseRequest",
        f'<{t}SenderProvidedResponseData Id="SIGNED_BY_CALLER">'
        f"<{t}MessageID>{message}</{t}MessageID><{t}To>{to}</{t}To>{answer}"
        f"</{t}SenderProvidedResponseData>",
    )


def send_response_response(
    *, message: str, sender: str, sent_at: datetime, dialect: Dialect = Dialect()
) -> bytes:
    """SMEV's receipt for our answer, which carries the answer's sending time."""
    t = _qualifier(dialect.types)
    return _envelope(
        dialect,
        "SendResponseResponse",
        _metadata(t, message, "RESPONSE", sender, sent_at, None, None, "responseIsAcceptedBySmev"),
    )


def send_request_request(
    *,
    message: str,
    kind: Kind,
    payload: str = "",
    is_test: bool = False,
    dialect: Dialect = Dialect(),
) -> bytes:
    """Our own request to another body."""
    data = _request_data(dialect, message, kind, payload, is_test, None, None)
    return _envelope(dialect, "SendRequestRequest", data)


def send_request_response(
    *, message: str, sender: str, sent_at: datetime, dialect: Dialect = Dialect()
) -> bytes:
    """SMEV's receipt for our own request."""
    t = _qualifier(dialect.types)
    return _envelope(
        dialect,
        "SendRequestResponse",
        _metadata(t, message, "REQUEST", sender, sent_at, None, None, "requestIsQueued"),
    )


def get_response_response(
    *,
    message: str,
    original: str,
    to: str,
    sender: str,
    recipient: str,
    sent_at: datetime,
    delivered_at: datetime,
    kind: Kind | None = None,
    payload: str = "",
    rejections: Sequence[tuple[str, str]] = (),
    status: tuple[int, str] | None = None,
    dialect: Dialect = Dialect(),
) -> bytes:
    """An answer of another body to our own request `original`."""
    t = _qualifier(dialect.types)
    metadata = _metadata(
        t, message, "RESPONSE", sender, sent_at, recipient, delivered_at, "messageIsDelivered"
    )
    answer = _answer(dialect, kind, payload, rejections, status)
    return _envelope(
        dialect,
        "GetResponseResponse",
        f'<{t}ResponseMessage><{t}Response Id="SIGNED_BY_SMEV">'
        f"<{t}OriginalMessageId>{original}</{t}OriginalMessageId>"
        f'<{t}SenderProvidedResponseData Id="SIGNED_BY_CALLER">'
        f"<{t}MessageID>{message}</{t}MessageID><{t}To>{to}</{t}To>{answer}"
        f"</{t}SenderProvidedResponseData>{metadata}</{t}Response></{t}ResponseMessage>",
    )


def fault(description: str, *, name: str = "InvalidContent", dialect: Dialect = Dialect()) -> bytes:
    """A SOAP fault of SMEV; `description` starts with `SMEV-<number>:` and may quote a person."""
    faults = f"{_URN}/faults/{dialect.version}"
    basic = f"{_URN}/basic/{dialect.version}"
    detail = (
        f'<ns3:{name} xmlns:ns3="{faults}" xmlns="{basic}"><Code>fed0:PRODUCTION_AREA:FED0_CORE2 : '
        f"TR:SYNC:SPS:1</Code><Description>{escape(description)}</Description></ns3:{name}>"
    )
    s = dialect.soap
    return _document(
        dialect,
        f"<{s}:Fault><faultcode>{s}:Server</faultcode><faultstring>{escape(description)}"
        f"</faultstring><detail>{detail}</detail></{s}:Fault>",
    )


def multipart(envelope: bytes, boundary: str = "uuid:7c5e0d5a") -> bytes:
    """The envelope as an MTOM answer: boundary lines and part headers, XML after a blank line."""
    head = (
        f"--{boundary}\r\nContent-Id: <rootpart*{boundary}@example.jaxws.sun.com>\r\n"
        'Content-Type: application/xop+xml;charset=utf-8;type="text/xml"\r\n'
        "Content-Transfer-Encoding: binary\r\n\r\n"
    )
    return head.encode() + envelope + f"\r\n--{boundary}--\r\n".encode()


def personal_payload(names: dict[str, str], attributes: dict[str, str] | None = None) -> str:
    """Payload XML with a person's data: child elements, and Russian-named attributes beside."""
    written = "".join(f" {name}={quoteattr(text)}" for name, text in (attributes or {}).items())
    children = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in names.items())
    return f"<person{written}>{children}</person>"


def _qualifier(prefix: str) -> str:
    return f"{prefix}:" if prefix else ""


def _envelope(dialect: Dialect, operation: str, body: str) -> bytes:
    t = _qualifier(dialect.types)
    spaces = "".join(
        f' {f"xmlns:{prefix}" if prefix else "xmlns"}="{_URN}{part}/{dialect.version}"'
        for prefix, part in ((dialect.types, ""), (dialect.basic, "/basic"))
    )
    return _document(dialect, f"<{t}{operation}{spaces}>{body}</{t}{operation}>")


def _document(dialect: Dialect, body: str) -> bytes:
    s = dialect.soap
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{s}:Envelope xmlns:{s}="{_SOAP}"><{s}:Body>'
        f"{body}</{s}:Body></{s}:Envelope>"
    ).encode()


def _metadata(
    t: str,
    message: str,
    message_type: str,
    sender: str,
    sent_at: datetime,
    recipient: str | None,
    delivered_at: datetime | None,
    status: str,
) -> str:
    to = _mnemonic(t, "Recipient", recipient) if recipient else ""
    delivered = _element(t, "DeliveryTimestamp", smev_stamp(delivered_at)) if delivered_at else ""
    return _wrap(
        t,
        "MessageMetadata",
        _element(t, "MessageId", message),
        _element(t, "MessageType", message_type),
        _mnemonic(t, "Sender", sender),
        _element(t, "SendingTimestamp", smev_stamp(sent_at)),
        to,
        delivered,
        _element(t, "Status", status),
    )


def _mnemonic(t: str, role: str, mnemonic: str) -> str:
    return _wrap(t, role, _element(t, "Mnemonic", mnemonic))


def _request_data(
    dialect: Dialect,
    message: str,
    kind: Kind,
    payload: str,
    is_test: bool,
    transaction: str | None,
    reference: str | None,
) -> str:
    t = _qualifier(dialect.types)
    return (
        f'<{t}SenderProvidedRequestData Id="SIGNED_BY_CALLER">'
        + _element(t, "MessageID", message)
        + (_element(t, "ReferenceMessageID", reference) if reference else "")
        + (_element(t, "TransactionCode", transaction) if transaction else "")
        + _content(dialect, kind, payload)
        + (f"<{t}TestMessage/>" if is_test else "")
        + f"</{t}SenderProvidedRequestData>"
    )


def _content(dialect: Dialect, kind: Kind, payload: str) -> str:
    # Real payloads rebind the envelope's own prefixes, which breaks parsers that match by prefix.
    prefix = dialect.types or "q"
    content = (
        f"<{prefix}:{kind.root} xmlns:{prefix}={quoteattr(kind.namespace)}>{payload}"
        f"</{prefix}:{kind.root}>"
    )
    b = _qualifier(dialect.basic)
    return f"<{b}MessagePrimaryContent>{content}</{b}MessagePrimaryContent>"


def _answer(
    dialect: Dialect,
    kind: Kind | None,
    payload: str,
    rejections: Sequence[tuple[str, str]],
    status: tuple[int, str] | None,
) -> str:
    t = _qualifier(dialect.types)
    if rejections:
        return "".join(
            _wrap(
                t,
                "RequestRejected",
                _element(t, "RejectionReasonCode", code),
                _element(t, "RejectionReasonDescription", text),
            )
            for code, text in rejections
        )
    if status is not None:
        code, text = status
        details = (_element(t, "StatusCode", str(code)), _element(t, "StatusDescription", text))
        return _wrap(t, "RequestStatus", *details)
    if kind is None:
        raise ValueError("an answer needs one of kind, rejections, status")
    return _content(dialect, kind, payload)


def _element(t: str, name: str, text: str) -> str:
    return f"<{t}{name}>{escape(text)}</{t}{name}>"


def _wrap(t: str, name: str, *children: str) -> str:
    return f"<{t}{name}>{''.join(children)}</{t}{name}>"
