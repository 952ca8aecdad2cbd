"""What must be known of a statement before it runs: does it answer rows, does data follow it."""

from __future__ import annotations

import re
from typing import NamedTuple

# Every repetition is possessive (*+): none gives back what it took, else a long list of columns that
# is followed by no FORMAT would be tried in all its divisions.
_SPACE = rb"(?:\s|--[^\n]*+\n|/\*(?:[^*]|\*(?!/))*+\*/)"
_NAME = rb'(?:`(?:[^`\\]|\\.)*+`|"(?:[^"\\]|\\.)*+"|\w++)'
_INSERT = re.compile(
    rb"(?P<head>" + _SPACE + rb"*+INSERT\s++INTO\s++(?:TABLE\s++)?+"
    rb"(?:FUNCTION\s++\w++\s*+\((?:'[^']*+'|[^)'])*+\)|"
    + _NAME
    + rb"(?:\s*+\.\s*+"
    + _NAME
    + rb")?+)"
    rb"(?:\s*+\((?:" + _NAME + rb"|[\s,.])*+\))?+"
    rb"(?:\s++SETTINGS\s(?:'(?:[^'\\]|\\.)*+'|(?!\sFORMAT\s)[^'])*+)?+)"
    rb"\s++FORMAT\s++(?P<format>\w++)(?:[ \t]*+;?+[ \t]*+\r?\n|\s|;|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_FIRST_WORD = re.compile(_SPACE + rb"*+\(*+(\w++)", re.DOTALL)
_FORMAT = re.compile(rb"\bFORMAT\s+(\w+)(?:\s+SETTINGS\b[^)]*)?[\s;]*\Z", re.IGNORECASE)
_ANSWERING = {b"SELECT", b"WITH", b"SHOW", b"DESC", b"DESCRIBE", b"EXISTS", b"EXPLAIN", b"CHECK"}

# Formats whose blocks, one after another, are the whole answer: these may be streamed.
STREAMED = {"Native", "TabSeparated", "TSV", "CSV", "RowBinary", "JSONEachRow"}


class Insert(NamedTuple):
    """An INSERT whose data follow: the statement without FORMAT, its format, the first data."""

    statement: str
    format: str
    data: bytes


def insert_with_data(text: bytes) -> Insert | None:
    """The parts of an INSERT … FORMAT, or None where the text is no such statement."""
    match = _INSERT.match(text)
    if match is None:
        return None
    return Insert(match["head"].decode(), match["format"].decode(), text[match.end() :])


def first_word(text: bytes) -> bytes:
    """The first keyword in capitals, behind comments and brackets."""
    match = _FIRST_WORD.match(text)
    return match[1].upper() if match else b""


def answers_rows(text: bytes) -> bool:
    """Whether the statement has a result set, even an empty one."""
    return first_word(text) in _ANSWERING


def output_format(text: bytes, default: str) -> str:
    """The format that the statement names at its end, or the default."""
    match = _FORMAT.search(text[-2000:])
    return match[1].decode() if match else default
