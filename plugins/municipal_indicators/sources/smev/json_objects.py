"""Rewrites a JSON array, or objects that take several lines, as an object a line."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator

# Longer objects are taken for broken ones.
_LONGEST = 16 << 20
_ARRAY = re.compile(rb"\s*\[\s*\{")
_OBJECT = re.compile(rb"\s*\{(.*)")
_BETWEEN = re.compile(r"[\s,\[\]\ufeff]*")
_NEXT_OBJECT = re.compile(r"\n[ \t,\[]*(?=\{)")
_DECODER = json.JSONDecoder()


def are_objects_spread(head: bytes) -> bool:
    """Whether a text begins with an array of objects, or with an object that its first line does not end."""
    if _ARRAY.match(head):
        return True
    first = _OBJECT.match(head)
    return bool(first and b"\n" in head and not first[1].rstrip().endswith(b"}"))


def objects_on_lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """One line for each object of an array or of a text, on the line where it begins if that is free.

    What lies between two objects and is none of JSON becomes a line too.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    text, at, is_last = "", 0, False
    passed, written = 0, 0
    while True:
        between = _BETWEEN.match(text, at)
        start = between.end() if between else at
        passed += text.count("\n", at, start)
        at = start
        end = _end_of(text, at, is_last=is_last)
        if end > at:
            piece = text[at:end]
            blank = max(passed - written, 0)
            line = "\n" * blank + " ".join(piece.split("\n")) + "\n"
            yield line.encode("utf-8", errors="surrogateescape")
            passed += piece.count("\n")
            written += blank + 1
            at = end
        elif is_last:
            return
        else:
            chunk = next(chunks, b"")
            is_last = not chunk
            text, at = text[at:] + decoder.decode(chunk, final=is_last), 0


def _end_of(text: str, at: int, *, is_last: bool) -> int:
    """The end of the value that begins there, or of what is none; the beginning if more must be read."""
    if at == len(text):
        return at
    is_long = len(text) - at > _LONGEST
    try:
        _, end = _DECODER.raw_decode(text, at)
    except json.JSONDecodeError as error:
        is_unfinished = error.pos > len(text) - 16 or error.msg.startswith("Unterminated")
        if is_unfinished and not is_last and not is_long:
            return at
    except (ValueError, RecursionError):
        pass
    else:
        return end
    following = _NEXT_OBJECT.search(text, at)
    if following:
        return following.start()
    return len(text) if is_last or is_long else at
