"""Hostile members and lines among good ones: reported without quoting them; the others are loaded."""

from __future__ import annotations

import io
import json
import random
import zipfile

import pytest

from tests.emulators.inbox.textlog import log_entry, request_received
from tests.sources.smev.conftest import AT, OURS, SmevInbox, request_id, zipped
from tests.sources.smev.test_envelopes import HOSTILE
from tests.sources.smev.test_requests import A, B, C, delivery, journal, note

SECRET = "Тайная Марфа Петровна"
# Of whole size such a member makes the archive a bomb, which tests/inbox/test_archives.py refuses.
MEMBERS = {name: data for name, (data, _) in HOSTILE.items() if name != "huge"}


def noise(size: int) -> str:
    """Text that packs badly, so that only its size is in question."""
    return random.Random(1).randbytes(size // 2).hex()


def stored(members: dict[str, bytes]) -> bytes:
    """A zip that packs nothing: a hundred thousand equal elements would make it a bomb."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_hostile_members_leave_the_others_alone(smev: SmevInbox) -> None:
    smev.load(
        all_zip=stored(
            {"first.xml": delivery(A)}
            | {f"{number}.xml": data for number, data in enumerate(MEMBERS.values())}
            | {"last.xml": delivery(B)}
        )
    )
    assert {row["message_id"] for row in smev.requests()} == {A, B}
    quarantine = smev.quarantine()
    assert len(quarantine) == len(MEMBERS)
    assert all(reason and "html" not in reason for *_, reason in quarantine)
    assert smev.counts() == [("published", len(MEMBERS) + 2, 2, len(MEMBERS), 0)]


@pytest.mark.parametrize(
    "member",
    [
        f'<x a="{noise(11 << 20)}"/>',
        f"<x><{'a' * 60_000}/></x>",
        "<x>" + "<a b='c'>" * 5_000 + SECRET,
    ],
    ids=["a huge attribute", "a huge name", "never closed"],
)
def test_an_outsized_member_is_refused_and_not_quoted(smev: SmevInbox, member: str) -> None:
    smev.load(all_zip=zipped({"1.xml": member.encode(), "2.xml": delivery(A)}))
    assert smev.request()["message_id"] == A
    ((sheet, _, _, reason),) = smev.quarantine()
    assert sheet == "1.xml"
    assert len(reason) < 100
    assert SECRET not in reason


def test_hostile_lines_of_a_journal(smev: SmevInbox) -> None:
    lines = [
        note(A, 1),
        "[" * 200_000,
        '{"message_id": ' + '{"a":' * 100_000 + "1" + "}" * 100_000 + "}",
        json.dumps(json.loads(note(B, 3)) | {"content": noise(2 << 20)}),
        '{"message_id": "\ud800"}'.encode("utf-8", "surrogatepass").decode("latin-1"),
        "{" + f'"{SECRET}": "{SECRET}"' + "}",
        "\x00\x01\x02",
        '"' + SECRET,
        note(C, 2),
    ]
    smev.load(a_jsonl=journal(*lines))
    assert {row["message_id"] for row in smev.requests()} == {A, B, C}
    assert [(line, reason) for _, line, _, reason in smev.quarantine() if SECRET in reason] == []
    assert [line for _, line, _, _ in smev.quarantine()] == [2, 3, 5, 6, 7, 8]
    assert smev.counts() == [("published", 9, 3, 6, 0)]


def test_hostile_lines_of_a_text_log(smev: SmevInbox) -> None:
    def entry(message: str, sender: str = "FNS001") -> bytes:
        text = request_received(message, sender=sender, recipient=OURS, namespace="urn://x/1.0")
        return log_entry(AT, text).encode()

    lines = [
        entry(A),
        b"\xff\xfe\x00" * 1000,
        entry(request_id(5), sender="A" * 3_000_000),
        entry(B).replace(b"FNS001", b"\xd0"),
        entry(SECRET.replace(" ", "_")),
        entry(C).replace(b"messageId", b"messageId=" * 50_000, 1),
        noise(1 << 20).encode(),
        entry(C),
    ]
    smev.load(a_log=b"\n".join(lines))
    assert {A, C} <= {row["message_id"] for row in smev.requests()}
    quarantine = smev.quarantine()
    assert {(line, field) for _, line, field, _ in quarantine} >= {(3, "sender"), (5, "message_id")}
    assert not any(SECRET.split(maxsplit=1)[0] in str(row) for row in quarantine)
