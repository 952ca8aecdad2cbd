"""Recognises the kind of an SMEV file by its content, never by its name."""

from __future__ import annotations

import codecs
import re
from enum import Enum
from pathlib import Path

from municipal_indicators.inbox.archives import Member

_HEAD_BYTES = 256 << 10
_STAMP = re.compile(rb"^\[?20\d\d[-.]\d\d[-.]\d\d[ T]\d\d:\d\d:\d\d", re.MULTILINE)
_JSON_LINE = re.compile(rb'^[ \t]*\{[ \t]*"', re.MULTILINE)
_PART_HEADER = re.compile(rb"^content-type:", re.MULTILINE | re.IGNORECASE)


class Kind(Enum):
    """What a file is."""

    XML = "XML message"
    JOURNAL = "journal of JSON lines"
    TEXT_LOG = "text log"
    EMPTY = "empty file"
    UNKNOWN = "file of another kind"


def kind_of(path: Path) -> Kind:
    """The kind of a file, from its first 256 KiB.

    A rotated log may begin inside an entry, even inside printed XML. Lines that begin with a
    timestamp make a file a log, unless its first line is an XML declaration.
    """
    return recognised(Member("", path), 0)[0]


def recognised(member: Member, limit: int) -> tuple[Kind, bytes]:
    """The kind of a file and, of an XML message, its content up to ``limit`` bytes."""
    head = member.content(_HEAD_BYTES)
    is_whole = len(head) < _HEAD_BYTES
    kind = _kind(head, is_whole=is_whole)
    if kind is not Kind.XML:
        return kind, b""
    return kind, head[:limit] if is_whole else member.content(limit)


def _kind(head: bytes, *, is_whole: bool) -> Kind:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Kind.XML
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if not text:
        return Kind.EMPTY if is_whole else Kind.UNKNOWN
    if text.startswith(b"<?xml") or (text.startswith(b"--") and _PART_HEADER.search(text)):
        return Kind.XML
    if text.startswith(b"{") or not _STAMP.search(text):
        return _unstamped(text)
    return Kind.TEXT_LOG


def _unstamped(text: bytes) -> Kind:
    if text.startswith(b"<"):
        return Kind.XML
    return Kind.JOURNAL if _JSON_LINE.search(text) else Kind.UNKNOWN
