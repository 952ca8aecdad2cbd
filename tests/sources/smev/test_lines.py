"""Blocks of whole lines, and kinds by content."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from municipal_indicators.inbox.safe_xml import utf16_of
from municipal_indicators.sources.smev.json_objects import are_objects_spread
from municipal_indicators.sources.smev.lines import line_blocks
from municipal_indicators.sources.smev.recognition import Kind, kind_of
from tests.emulators.inbox import envelopes as writer
from tests.emulators.inbox.textlog import PATTERNS, log_entry, timeout
from tests.sources.smev.conftest import AT

LINES = st.lists(
    st.one_of(st.binary(max_size=30), st.sampled_from([b"", b"\r", b"  ", b"\t\r", b"x" * 90])),
    max_size=30,
)


@given(LINES, st.integers(1, 40), st.booleans(), st.booleans())
def test_blocks_hold_every_line_that_fits_with_its_number(
    lines: list[bytes], size: int, ends: bool, marked: bool
) -> None:
    content = b"\n".join(line.replace(b"\n", b"") for line in lines) + (b"\n" if ends else b"")
    assume(not content.startswith(b"\xef\xbb\xbf"))
    # Without another end a carriage return ends a line.
    assume(b"\n" in content or b"\r" not in content)
    assume(not utf16_of(content) and not are_objects_spread(content))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lines"
        path.write_bytes((b"\xef\xbb\xbf" if marked else b"") + content)
        blocks = list(line_blocks(path, size))
    whole = content.split(b"\n")
    skipped = 0
    for block in blocks:
        place = block.first_line - 1
        if not block.chunks:
            assert len(whole[place]) > size
            skipped += 1
            continue
        got = b"".join(block.chunks).removesuffix(b"\n").split(b"\n")
        assert got == whole[place : place + len(got)]
        assert block.lines == len(got)
        assert block.blank_lines == sum(not line.strip(b" \t\r") for line in got)
    ends = content.endswith(b"\n") or not content
    assert sum(block.lines for block in blocks) == len(whole) - ends
    assert skipped == sum(not block.chunks for block in blocks)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (writer.empty_poll(), Kind.XML),
        (b"\xef\xbb\xbf\n" + writer.empty_poll(), Kind.XML),
        (writer.multipart(writer.empty_poll()), Kind.XML),
        ("<x/>".encode("utf-16"), Kind.XML),
        (b"<x>\n2024-03-05 09:14:07 in an unusual payload", Kind.TEXT_LOG),
        (b'{"journal_id": 1}\n', Kind.JOURNAL),
        (b'of a cut line"}\n{ "journal_id": 1}\n', Kind.JOURNAL),
        (b'{"text": "a"}\n[2024-03-05 09:14:07,512] a log line in a journal\n', Kind.JOURNAL),
        *((log_entry(AT, timeout(), pattern=name).encode(), Kind.TEXT_LOG) for name in PATTERNS),
        (b"\tat a.b.C\n  <Request>\n" + log_entry(AT, "x").encode(), Kind.TEXT_LOG),
        (b"\x00\x01\xff\n" + log_entry(AT, "x").encode(), Kind.TEXT_LOG),
        (b" \r\n ", Kind.EMPTY),
        (b"\x89PNG\r\n\x1a\n", Kind.UNKNOWN),
        (b"-- a letter\nwithout part headers", Kind.UNKNOWN),
    ],
)
def test_kinds_by_content(tmp_path: Path, content: bytes, kind: Kind) -> None:
    path = tmp_path / "misleading.name"
    path.write_bytes(content)
    assert kind_of(path) is kind
