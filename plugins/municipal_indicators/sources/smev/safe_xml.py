"""Parses one XML message, with everything switched off that a hostile file could use."""

from __future__ import annotations

import codecs
import re

from lxml import etree

from municipal_indicators.errors import FileRejectedError

SIZE_LIMIT = 64 << 20
_DECLARED = re.compile(r"^\s*<\?xml[^>]*\?>")


def parse_xml(data: bytes) -> etree._Element:
    """The root element of one message: SOAP, bare, or the XML part of an MTOM text.

    Reads UTF-8 with or without a byte order mark, UTF-16 regardless of the declaration, and
    windows-1251 that is declared as UTF-8. Raises FileRejectedError for a DTD, for broken or cut XML,
    and for more than ``SIZE_LIMIT`` bytes. The error never quotes the content.
    """
    if len(data) > SIZE_LIMIT:
        raise FileRejectedError(
            f"the XML is larger than {SIZE_LIMIT >> 20} MiB",
            f"Файл XML больше {SIZE_LIMIT >> 20} МиБ.",
        )
    content = _xml_part(data)
    if not content:
        raise FileRejectedError("the file is empty", "Файл пуст.")
    if _has_doctype(content):
        raise _dtd()
    try:
        root = etree.fromstring(content, _parser())
    except etree.XMLSyntaxError:
        root = _reread(content)
    if root.getroottree().docinfo.internalDTD is not None:
        raise _dtd()
    return root


def _parser(encoding: str | None = None) -> etree.XMLParser:
    return etree.XMLParser(
        encoding=encoding,
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        no_network=True,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )


def _xml_part(data: bytes) -> bytes:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = data.decode("utf-16", errors="replace")
        data = _DECLARED.sub("", text).encode("utf-8")
    data = data.removeprefix(codecs.BOM_UTF8).strip()
    if data.startswith(b"--"):
        return _root_part(data)
    return data


def _root_part(data: bytes) -> bytes:
    # MTOM: boundary line, part headers, a blank line, the XML, the boundary again.
    boundary = data.split(None, 1)[0]
    start = re.search(rb"\r?\n\r?\n", data)
    if start is None:
        return b""
    body = data[start.end() :]
    return body.split(b"\n" + boundary, 1)[0].strip()


def _has_doctype(content: bytes) -> bool:
    """Whether a DOCTYPE precedes the root element, found without parsing."""
    at = 0
    while at >= 0:
        at += len(content[at : at + 4096]) - len(content[at : at + 4096].lstrip())
        if content.startswith(b"<?", at):
            end = content.find(b"?>", at)
            at = end + 2 if end >= 0 else -1
        elif content.startswith(b"<!--", at):
            end = content.find(b"-->", at)
            at = end + 3 if end >= 0 else -1
        else:
            return content.startswith(b"<!DOCTYPE", at)
    return False


def _reread(content: bytes) -> etree._Element:
    """Read a file again as windows-1251 if it is not the UTF-8 that it declares: it was re-saved by hand."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        text = _DECLARED.sub("", content.decode("windows-1251", errors="replace"))
        try:
            return etree.fromstring(text.encode("utf-8"), _parser("utf-8"))
        except etree.XMLSyntaxError:
            pass
    # The parser's message quotes names and values: it is dropped.
    raise FileRejectedError(
        "the XML is cut or not well-formed",
        "Файл XML обрезан или построен с ошибкой. Выгрузите сообщение заново.",
    ) from None


def _dtd() -> FileRejectedError:
    return FileRejectedError(
        "the XML declares a DTD, which SMEV messages never have",
        "Файл XML содержит объявление DTD, которого в сообщениях СМЭВ не бывает. "
        "Выгрузите сообщение заново, без DTD.",
    )
