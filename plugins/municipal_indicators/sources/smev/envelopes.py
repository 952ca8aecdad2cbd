"""Reads one XML message: a whitelist of envelope fields and, of the payload, only its qualified name.

Elements are found by the URI of their namespace in any version, never by prefix, and only along the
paths of the schema: a payload that repeats the envelope's names is not read.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass, fields
from functools import lru_cache
from operator import attrgetter

from lxml import etree

from municipal_indicators.errors import FileRejectedError
from municipal_indicators.sources.smev.rules import Rules
from municipal_indicators.sources.smev.safe_xml import parse_xml

_SMEV = "{urn://x-artefacts-smev-gov-ru/services/"
_SOAP = (
    "{http://schemas.xmlsoap.org/soap/envelope/}",
    "{http://www.w3.org/2003/05/soap-envelope}",
)
_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_SMEV_ERROR = re.compile(r"SMEV-(\d{1,4})")
_FAULT_NAME = re.compile(r"[A-Za-z]{1,60}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LONGEST = 2000


@dataclass(slots=True)
class Message:
    """The values of one envelope as text, unchanged; empty where a value is missing.

    The fields are columns of the staging table ``staging.smev_messages``. Ids are in lower case.
    ``reply_key`` is the SHA-256 of ReplyTo or To. ``is_test`` is ``1`` or empty. ``ack`` is
    ``accepted`` or ``refused`` for an acknowledgement, otherwise empty.
    """

    operation: str = ""
    direction: str = ""
    message_type: str = ""
    message_id: str = ""
    reference_message_id: str = ""
    original_message_id: str = ""
    reply_key: str = ""
    reply_message_id: str = ""
    sender: str = ""
    recipient: str = ""
    namespace: str = ""
    root_element: str = ""
    is_test: str = ""
    sent_at: str = ""
    delivered_at: str = ""
    answer_kind: str = ""
    reject_code: str = ""
    fault_name: str = ""
    smev_error: str = ""
    ack: str = ""

    def cells(self) -> tuple[str, ...]:
        """The values in the order of ``MESSAGE_COLUMNS``."""
        values: tuple[str, ...] = _VALUES(self)
        return values


MESSAGE_COLUMNS = tuple(field.name for field in fields(Message))
_VALUES = attrgetter(*MESSAGE_COLUMNS)


class NoMessageError(FileRejectedError):
    """The XML is no message of SMEV 3 or of its adapter."""


def read_envelope(data: bytes, rules: Rules) -> Message:
    """The message or poll of one XML file.

    Raises FileRejectedError for unreadable XML (CutXmlError if it is cut), NoMessageError for XML of
    something else. The error never quotes the content.
    """
    element = _operation_element(parse_xml(data))
    name = _local(element.tag)
    message = Message()
    if name == "fault":
        _read_fault(element, message)
    elif name == "queryresult":
        _read_query_result(element, message, rules)
    elif name == "clientmessage":
        _read_client_message(element, message)
    elif name in rules.operations:
        message.operation = rules.operations[name]
        _read_operation(element, message, rules)
    else:
        raise _no_message()
    message.direction = rules.direction(message.operation)
    return message


def _no_message() -> NoMessageError:
    return NoMessageError(
        "the XML is no message of SMEV 3 or of its adapter",
        "Файл XML не является сообщением СМЭВ 3 или адаптера СМЭВ.",
    )


def _operation_element(root: etree._Element) -> etree._Element:
    space = next((space for space in _SOAP if root.tag == f"{space}Envelope"), None)
    if space is None:
        return root
    body = root.find(f"{space}Body")
    element = _first(body)
    if element is None:
        raise _no_message()
    return element


@lru_cache(maxsize=4096)
def _local(tag: str) -> str:
    """The local name, in lower case, of an element of SMEV, its adapter or SOAP; empty for others."""
    if not tag.startswith("{"):
        return tag.lower()
    if tag.startswith((_SMEV, *_SOAP)):
        return tag.rpartition("}")[2].lower()
    return ""


def _first(parent: etree._Element | None) -> etree._Element | None:
    if parent is not None:
        for child in parent:
            if isinstance(child.tag, str):
                return child
    return None


def _child(parent: etree._Element | None, *names: str) -> etree._Element | None:
    if parent is not None:
        for child in parent.iterchildren(etree.Element):
            if _local(child.tag) in names:
                return child
    return None


def _text(parent: etree._Element | None, *path: str) -> str:
    element = parent
    for name in path:
        element = _child(element, name)
    if element is None or element.text is None:
        return ""
    return element.text.strip()[:_LONGEST]


def _read_operation(element: etree._Element, message: Message, rules: Rules) -> None:
    metadata: etree._Element | None = element
    if message.operation == "GetRequestResponse":
        metadata = _child(_child(element, "requestmessage"), "request", "cancel")
        if metadata is not None:
            _read_request(_child(metadata, "senderprovidedrequestdata"), message)
            _read_address(_reply_address(metadata, "replyto"), message)
            message.message_type = "CANCEL" if _local(metadata.tag) == "cancel" else "REQUEST"
    elif message.operation == "GetResponseResponse":
        metadata = _child(_child(element, "responsemessage"), "response")
        if metadata is not None:
            message.original_message_id = _text(metadata, "originalmessageid").lower()
            message.reference_message_id = _text(metadata, "referencemessageid").lower()
            _read_answer(_child(metadata, "senderprovidedresponsedata"), message)
    elif message.operation == "SendRequestRequest":
        _read_request(_child(element, "senderprovidedrequestdata"), message)
    elif message.operation == "SendResponseRequest":
        _read_answer(_child(element, "senderprovidedresponsedata"), message)
    elif message.operation == "AckRequest":
        target = _child(element, "acktargetmessage")
        message.message_id = _text(element, "acktargetmessage").lower()
        is_refused = target is not None and (target.get("accepted") or "").strip() in ("false", "0")
        message.ack = "refused" if is_refused else "accepted"
    elif message.operation == "GetStatusResponse":
        _read_async_status(element, message)
    elif message.operation in ("SendRequestResponse", "SendResponseResponse"):
        message.message_type = (
            "REQUEST" if message.operation == "SendRequestResponse" else "RESPONSE"
        )
    _read_metadata(_child(metadata, "messagemetadata"), message, rules)


def _read_request(data: etree._Element | None, message: Message) -> None:
    message.message_type = "REQUEST"
    message.message_id = _text(data, "messageid").lower()
    message.reference_message_id = _text(data, "referencemessageid").lower()
    message.is_test = "1" if _child(data, "testmessage") is not None else ""
    _read_payload(_child(data, "messageprimarycontent"), message)


def _read_answer(data: etree._Element | None, message: Message) -> None:
    message.message_type = "RESPONSE"
    message.message_id = _text(data, "messageid").lower()
    _read_address(_reply_address(data, "to"), message)
    _read_payload(_child(data, "messageprimarycontent"), message)
    rejected = _child(data, "requestrejected")
    if rejected is not None:
        message.answer_kind = "rejected"
        message.reject_code = _text(rejected, "rejectionreasoncode")
    elif _child(data, "requeststatus") is not None:
        message.answer_kind = "status"
    elif (status := _child(data, "asyncprocessingstatus")) is not None:
        message.answer_kind = "async"
        message.original_message_id = (
            message.original_message_id or _text(status, "originalmessageid").lower()
        )
    elif _child(data, "messageprimarycontent") is not None:
        message.answer_kind = "content"


def _read_payload(content: etree._Element | None, message: Message) -> None:
    payload = _first(content)
    if payload is not None:
        name = etree.QName(payload)
        message.namespace = (name.namespace or "")[:_LONGEST]
        message.root_element = name.localname[:_LONGEST]


def _read_metadata(metadata: etree._Element | None, message: Message, rules: Rules) -> None:
    if metadata is None:
        return
    message.message_id = message.message_id or _text(metadata, "messageid").lower()
    if message.message_type != "CANCEL":
        message.message_type = _text(metadata, "messagetype") or message.message_type
    sender = _child(metadata, "sender")
    message.sender = _text(sender, "mnemonic")
    message.recipient = _text(metadata, "recipient", "mnemonic")
    message.sent_at = _text(metadata, "sendingtimestamp")
    message.delivered_at = _text(metadata, "deliverytimestamp")
    if rules.test_name.search(_text(sender, "humanreadablename")):
        message.is_test = "1"


def _reply_address(parent: etree._Element | None, name: str) -> str:
    element = _child(parent, name)
    return (element.text or "").strip() if element is not None else ""


def _read_address(address: str, message: Message) -> None:
    """SMEV's return address: only its hash is kept, and the request's id if that can be decoded."""
    if not address:
        return
    message.reply_key = hashlib.sha256(address.encode()).hexdigest()
    try:
        decoded = json.loads(base64.b64decode(address, validate=False))
    except (binascii.Error, ValueError, RecursionError):
        return
    request_id = decoded.get("mid") if isinstance(decoded, dict) else None
    if isinstance(request_id, str) and _UUID.fullmatch(request_id.strip().lower()):
        message.reply_message_id = request_id.strip().lower()


def _read_async_status(element: etree._Element, message: Message) -> None:
    status = element
    for name in (
        "smevasyncprocessingmessage",
        "asyncprocessingstatusdata",
        "asyncprocessingstatus",
    ):
        found = _child(status, name)
        if found is None:
            return
        status = found
    message.message_type = "STATUS"
    message.answer_kind = "async"
    message.original_message_id = _text(status, "originalmessageid").lower()


def _read_fault(fault: etree._Element, message: Message) -> None:
    """Name and number of a fault; its text may quote persons and is not kept."""
    message.operation, message.message_type = "Fault", "ERROR"
    # SOAP 1.1 leaves the children of Fault without a namespace, 1.2 qualifies them.
    detail = _first(_child(fault, "detail"))
    if detail is None:
        return
    name = etree.QName(detail).localname
    if _local(detail.tag) and _FAULT_NAME.fullmatch(name):
        message.fault_name = name
    number = _SMEV_ERROR.search(_text(detail, "description"))
    message.smev_error = number.group(1) if number else ""


def _read_query_result(result: etree._Element, message: Message, rules: Rules) -> None:
    """What the adapter passes on from SMEV: requests, and answers to our own requests."""
    metadata, body = _child(result, "smevmetadata"), _child(result, "message")
    if metadata is None or body is None:
        raise _no_message()
    kind = rules.message_types.get((body.get(_XSI_TYPE) or "").rpartition(":")[2].lower(), "")
    _read_adapter_body(body, message, kind)
    message.operation = "GetRequestResponse" if kind == "REQUEST" else "GetResponseResponse"
    message.message_id = _text(metadata, "messageid").lower()
    message.reference_message_id = _text(metadata, "referencemessageid").lower()
    message.original_message_id = _text(metadata, "originalmessageid").lower()
    message.sender = _text(metadata, "sender")
    message.recipient = _text(metadata, "recipient")
    message.sent_at = _text(metadata, "sendingdate")
    _read_address(_reply_address(metadata, "replyto"), message)


def _read_client_message(client: etree._Element, message: Message) -> None:
    """What our systems pass to the adapter; before SMEV assigns an id, the client's id is used."""
    body = _child(client, "requestmessage", "responsemessage")
    if body is None:
        raise _no_message()
    is_request = _local(body.tag) == "requestmessage"
    _read_adapter_body(body, message, "REQUEST" if is_request else "RESPONSE")
    message.operation = "SendRequestRequest" if is_request else "SendResponseRequest"
    metadata = _child(body, "requestmetadata", "responsemetadata")
    client_id = _text(metadata, "clientid").lower()
    message.message_id = client_id if _UUID.fullmatch(client_id) else ""


def _read_adapter_body(body: etree._Element, message: Message, kind: str) -> None:
    message.message_type = kind
    content = _child(body, "requestcontent", "responsecontent")
    metadata = _child(body, "requestmetadata", "responsemetadata")
    message.is_test = "1" if _text(metadata, "testmessage").lower() in ("true", "1") else ""
    inner = _child(content, "content")
    payload = _child(inner, "messageprimarycontent")
    _read_payload(payload, message)
    if kind != "RESPONSE":
        return
    replied = _text(metadata, "replytoclientid").lower()
    message.reply_message_id = replied if _UUID.fullmatch(replied) else ""
    if (rejected := _child(content, "rejects")) is not None:
        message.answer_kind = "rejected"
        message.reject_code = _text(rejected, "code")
    elif _child(content, "status") is not None:
        message.answer_kind = "status"
    elif inner is not None:
        message.answer_kind = "content"
