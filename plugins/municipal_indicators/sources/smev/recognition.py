"""Recognises the kind of an SMEV file by its content, never by its name."""

from __future__ import annotations

import codecs
import re
from enum import Enum
from pathlib import Path

from municipal_indicators.inbox.archives import Member
from municipal_indicators.inbox.safe_xml import utf16_of
from municipal_indicators.sources.smev.rules import load_rules

_HEAD_BYTES = 256 << 10
_STAMP = re.compile(rb"^\[?20\d\d[-.]\d\d[-.]\d\d[ T]\d\d:\d\d:\d\d", re.MULTILINE)
_JSON_LINE = re.compile(rb'^[ \t]*\{[ \t]*"', re.MULTILINE)
_JSON_START = re.compile(rb"\[?\s*\{\s*[\"}]")
_PREFIXED_STAMP = re.compile(
    rb"^[^\n\"<>{;,\t]{0,60}\b20\d\d[-./]\d\d[-./]\d\d[ T]\d\d:\d\d:\d\d", re.MULTILINE
)
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
    timestamp make a file a log, unless its first line is an XML declaration; so do the known texts of
    events, and other lines with a timestamp near their beginning.
    """
    return recognised(Member("", path), 0)[0]


def recognised(member: Member, limit: int) -> tuple[Kind, bytes]:
    """The kind of a file and, of an XML message, its content up to ``limit`` bytes."""
    head = member.content(_HEAD_BYTES)
    is_whole = len(head) < _HEAD_BYTES
    encoding = utf16_of(head)
    text = head.decode(encoding, errors="ignore").encode("utf-8") if encoding else head
    kind = _kind(text, is_whole=is_whole)
    if kind is not Kind.XML:
        return kind, b""
    return kind, head[:limit] if is_whole else member.content(limit)


def _kind(head: bytes, *, is_whole: bool) -> Kind:
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if not text:
        return Kind.EMPTY if is_whole else Kind.UNKNOWN
    if text.startswith(b"<?xml") or (text.startswith(b"--") and _PART_HEADER.search(text)):
        return Kind.XML
    if _JSON_START.match(text):
        return Kind.JOURNAL
    if not text.startswith(b"{") and _STAMP.search(text):
        return Kind.TEXT_LOG
    return _unstamped(text)


def _unstamped(text: bytes) -> Kind:
    # Syslog puts a number in such brackets before a line.
    if text.startswith(b"<") and b"messageId=" not in text:
        return Kind.XML
    if _JSON_LINE.search(text):
        return Kind.JOURNAL
    if load_rules().log_event.search(text):
        return Kind.TEXT_LOG
    if text.startswith(b"<"):
        return Kind.XML
    return Kind.TEXT_LOG if _PREFIXED_STAMP.search(text) else Kind.UNKNOWN
