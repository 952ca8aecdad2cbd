"""The XML of one message, as adapters write it and people save it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from municipal_indicators.errors import FileRejectedError
from municipal_indicators.inbox.safe_xml import (
    NotWellFormedError,
    in_utf8,
    parse_safely,
    parse_utf8,
)

if TYPE_CHECKING:
    from lxml.etree import _Element

SIZE_LIMIT = 64 << 20
_DECLARED = re.compile(r"^\s*<\?xml[^>]*\?>")


class CutXmlError(FileRejectedError):
    """The XML is cut, not well-formed, or has several roots."""


def parse_xml(data: bytes) -> _Element:
    """The root element of one message: SOAP, bare, or the XML part of an MTOM text.

    Reads UTF-8 with or without a byte order mark, UTF-16 regardless of the declaration, and
    windows-1251 that is declared as UTF-8. Raises CutXmlError for broken or cut XML, FileRejectedError
    for a DTD and for more than ``SIZE_LIMIT`` bytes. The error never quotes the content.
    """
    if len(data) > SIZE_LIMIT:
        raise FileRejectedError(
            f"the XML is larger than {SIZE_LIMIT >> 20} MiB",
            f"Файл XML больше {SIZE_LIMIT >> 20} МиБ.",
        )
    whole = in_utf8(data)
    content = _xml_part(whole)
    if not content:
        raise FileRejectedError("the file is empty", "Файл пуст.")
    for text in (content, *_resaved(content)):
        try:
            # A part of it may declare an encoding of its own.
            return parse_utf8(text) if text is whole else parse_safely(text)
        except NotWellFormedError:
            continue
    raise CutXmlError(
        "the XML is cut or not well-formed",
        "Файл XML обрезан или построен с ошибкой. Выгрузите сообщение заново.",
    )


def _xml_part(data: bytes) -> bytes:
    return _root_part(data) if data.startswith(b"--") else data


def _root_part(data: bytes) -> bytes:
    # MTOM: boundary line, part headers, a blank line, the XML, the boundary again.
    boundary = data.split(None, 1)[0]
    start = re.search(rb"\r?\n\r?\n", data)
    if start is None:
        return b""
    body = data[start.end() :]
    return body.split(b"\n" + boundary, 1)[0].strip()


def _resaved(content: bytes) -> list[bytes]:
    """The text in windows-1251 if it is not the UTF-8 that it declares: it was saved again by hand."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        text = _DECLARED.sub("", content.decode("windows-1251", errors="replace"))
        return [text.encode("utf-8")]
    return []
