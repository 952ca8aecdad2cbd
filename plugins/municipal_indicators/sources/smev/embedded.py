"""Finds whole messages inside other text: one after another, under a root of their own, in a text log."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from municipal_indicators.sources.smev.lines import BLOCK_BYTES, line_blocks

# A message that arrived declares its namespaces; most logs hold no such word and are not searched.
_DECLARES = b"xmlns"
_TAG = re.compile(
    rb"<(/?)((?:[A-Za-z_][\w.-]*:)?"
    rb"(Envelope|QueryResult|ClientMessage|GetRequestResponse|GetResponseResponse))(?=[\s>])"
)


@dataclass(frozen=True, slots=True)
class Embedded:
    """A message within a text: the line where it begins, and its bytes, empty if its end is missing."""

    line: int
    content: bytes


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    is_envelope: bool


def messages_in(data: bytes) -> list[Embedded]:
    """The outermost messages of a text in UTF-8 or windows-1251, in their order."""
    return list(_cut_out(data, 1, _spans(data)))


def messages_in_lines(path: Path) -> Iterator[Embedded]:
    """The outermost messages of a text log, in constant memory.

    One whose end does not come within ``BLOCK_BYTES`` has no end.
    """
    held, held_line = b"", 1
    for block in line_blocks(path):
        if not held:
            held_line = block.first_line
        if held or any(_DECLARES in chunk for chunk in block.chunks):
            held += b"".join(block.chunks)
            spans = _spans(held)
            waiting = next((number for number, span in enumerate(spans) if not span.end), None)
            if waiting is not None and block.chunks and len(held) <= 2 * BLOCK_BYTES:
                yield from _cut_out(held, held_line, spans[:waiting])
                start = spans[waiting].start
                held_line += held.count(b"\n", 0, start)
                held = held[start:]
            else:
                yield from _cut_out(held, held_line, spans)
                held = b""
    yield from _cut_out(held, held_line, _spans(held))


def _cut_out(data: bytes, line: int, spans: Iterable[_Span]) -> Iterator[Embedded]:
    counted = 0
    for span in spans:
        line += data.count(b"\n", counted, span.start)
        counted = span.start
        yield Embedded(line, data[span.start : span.end])


def _spans(data: bytes) -> list[_Span]:
    """Start and end of each outermost message; the end is 0 where it is missing."""
    found: list[_Span] = []
    open_tags: list[tuple[int, bytes]] = []
    times_open: Counter[bytes] = Counter()
    for tag in _TAG.finditer(data):
        closes, name, local = tag.groups()
        if not closes:
            open_tags.append((tag.start(), name))
            times_open[name] += 1
            continue
        if not times_open[name]:
            continue
        opened = b""
        while opened != name:
            start, opened = open_tags.pop()
            times_open[opened] -= 1
        while found and found[-1].start > start:
            found.pop()
        end = data.find(b">", tag.end()) + 1 or len(data)
        found.append(_Span(start, end, local == b"Envelope"))
    cut = [_Span(start, 0, name.endswith(b"Envelope")) for start, name in open_tags]
    outermost: list[_Span] = []
    for span in sorted([*found, *cut], key=lambda one: one.start):
        # What stands in an envelope that has no end is a part of it.
        is_part = outermost and not outermost[-1].end and not span.is_envelope
        if not is_part:
            outermost.append(span)
    return outermost
