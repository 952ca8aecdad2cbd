"""One parser for all XML that arrives: it reads nothing but the bytes it is given, and refuses every DTD."""

from __future__ import annotations

import codecs
import re
from contextlib import suppress
from functools import cache

from lxml import etree

from municipal_indicators.errors import FileRejectedError

_DECLARED = re.compile(r"^\s*<\?xml[^>]*\?>")
_FALSE = re.compile(rb"^<\?xml[^>]{0,200}?\sencoding\s*=\s*[\"'](?i:utf.?(?:16|32))[^>]{0,200}\?>")
_ENCODING = re.compile(rb"^\s*<\?xml[^>]{0,200}?\sencoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
# Longer marks first: that of UTF-16 begins that of UTF-32.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    ("<".encode("utf-32-le"), "utf-32-le"),
    ("<".encode("utf-32-be"), "utf-32-be"),
)
# What a declaration may name: others are not tried, since some take minutes, or hide what is in them.
_KNOWN = {
    *("ascii", "utf-8", "utf-7", "cp1251", "cp1252", "cp866", "koi8-r", "koi8-u"),
    *("iso8859-1", "iso8859-5", "mac-cyrillic"),
}


class NotWellFormedError(Exception):
    """The XML is cut or not well-formed. The parser's own message would quote names and values."""


def parse_safely(content: bytes) -> etree._Element:
    """The root element of XML in any usual encoding, without comments and processing instructions.

    Raises FileRejectedError for a DTD in whatever encoding, and for an encoding that is not known;
    NotWellFormedError for broken or cut XML.
    """
    return parse_utf8(in_utf8(content))


def parse_utf8(text: bytes) -> etree._Element:
    """The same of what ``in_utf8`` returned."""
    if has_doctype(text):
        raise refused_dtd()
    root = None
    with suppress(etree.XMLSyntaxError):
        root = etree.fromstring(text, _parser())
    if root is None:
        raise NotWellFormedError
    if root.getroottree().docinfo.internalDTD is not None:
        raise refused_dtd()
    return root


def in_utf8(content: bytes) -> bytes:
    """The same text in UTF-8 and without a declaration, unless it is UTF-8 already.

    Raises FileRejectedError for an encoding that is not known.
    """
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), utf16_of(content))
    if not encoding and (declared := _ENCODING.match(content[:400])):
        encoding = _codec(declared.group(1).decode("ascii"))
    if encoding in ("", "utf-8", "ascii"):
        text = content.removeprefix(codecs.BOM_UTF8).strip()
        # The parser would believe a declaration of two bytes a sign.
        return _FALSE.sub(b"", text) if text.startswith(b"<?xml") else text
    decoded = content.decode(encoding, errors="replace").removeprefix("\ufeff")
    return _DECLARED.sub("", decoded).strip().encode("utf-8", errors="replace")


def utf16_of(content: bytes) -> str:
    """The codec of a text in UTF-16, with or without a byte order mark; empty for any other text."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    head = content[:4096]
    if 0 not in head or len(head) < 8:
        return ""
    # Every second byte of a Latin letter, digit or blank is 0; in Cyrillic text, still of each blank.
    first, second, pairs = head[::2].count(0), head[1::2].count(0), len(head) // 2
    if min(first, second) * 20 >= pairs or max(first, second) * 8 < pairs:
        return ""
    return "utf-16-le" if second > first else "utf-16-be"


def has_doctype(content: bytes) -> bool:
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


def refused_dtd() -> FileRejectedError:
    """The refusal of a file with a DTD."""
    return FileRejectedError(
        "the XML declares a DTD, which no file that we know needs",
        "Файл XML содержит объявление DTD: такие файлы не принимаются. Выгрузите его заново, без DTD.",
    )


def _codec(name: str) -> str:
    try:
        known = codecs.lookup(name).name
    except LookupError:
        known = ""
    if known.startswith(("utf-16", "utf-32")):
        # Declared in bytes that can be read as ASCII: it is not true.
        return "utf-8"
    if known not in _KNOWN:
        raise FileRejectedError(
            "the XML declares an encoding that is not known",
            "Кодировка файла XML неизвестна. Выгрузите его заново в UTF-8.",
        )
    return known


class _Nothing(etree.Resolver):
    """Refuses whatever the XML asks for: other files, addresses, public names."""

    def resolve(self, system_url: str, public_id: str, context: object) -> object:  # type: ignore[override]
        raise refused_dtd()


@cache
def _parser() -> etree.XMLParser:
    # collect_ids=False would make libxml2 load external DTDs, whatever load_dtd says.
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        no_network=True,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
    )
    parser.resolvers.add(_Nothing())
    return parser
