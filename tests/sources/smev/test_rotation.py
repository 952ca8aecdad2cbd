"""A log line cut by rotation, in any order of arrival; time zones of sources; acknowledgements."""

from __future__ import annotations

import io
import itertools
import tarfile
from datetime import timedelta
from pathlib import Path

import pytest

from municipal_indicators import settings
from municipal_indicators.sources.smev.rotation import newer_names, older_names
from municipal_indicators.sources.smev.rules import load_rules
from tests.emulators.inbox import envelopes as writer
from tests.emulators.inbox import textlog
from tests.emulators.inbox.textlog import log_entry
from tests.sources.smev.conftest import AT, OURS, SmevInbox, gzipped, utc, zipped
from tests.sources.smev.test_requests import A, B, C, delivery, journal, note

HOUR = timedelta(hours=1)


def entry(message: str, hours: int, sender: str = "FNS001") -> str:
    text = textlog.request_received(message, sender=sender, recipient=OURS, namespace="urn://x/1.0")
    return log_entry(AT + hours * HOUR, text) + "\n"


WHOLE = entry(A, 0) + entry(B, 1, "CUTHERE01") + entry(C, 2)
CUTS = {
    "within the id": WHOLE.index(B) + 9,
    "within the sender": WHOLE.index("CUTHERE01") + 3,
    "within the text": WHOLE.index("получен", len(entry(A, 0))) + 3,
    "within the stamp": len(entry(A, 0)) + 7,
    "at the end of the line": len(entry(A, 0)) + len(entry(B, 1, "CUTHERE01")) - 1,
}


def found(smev: SmevInbox) -> list[tuple[str, str]]:
    return sorted((row["message_id"], row["sender"]) for row in smev.requests())


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize("newer_first", [False, True])
def test_a_cut_line_is_joined_whatever_arrives_first(
    smev: SmevInbox, cut: int, newer_first: bool
) -> None:
    files = [("smev-adapter.log.1.gz", gzipped(WHOLE[:cut].encode()))]
    files.append(("smev-adapter.log", WHOLE[cut:].encode()))
    for name, content in reversed(files) if newer_first else files:
        smev.put(name, content)
        smev.load()
    assert found(smev) == sorted([(A, "FNS001"), (B, "CUTHERE01"), (C, "FNS001")])
    assert (
        smev.warehouse.value(
            "SELECT count() FROM ops.quarantine WHERE load_id IN (SELECT load_id FROM ops.published)"
        )
        == 0
    )


def test_both_halves_in_one_run_and_in_one_archive(smev: SmevInbox) -> None:
    cut = CUTS["within the sender"]
    halves = {
        "l/app-2024-03-05_0.log": WHOLE[:cut].encode(),
        "l/app-2024-03-05_1.log": WHOLE[cut:].encode(),
    }
    for name, content in halves.items():
        smev.put(name, content)
    smev.put("packed.tgz", tar_gz(halves))
    smev.load()
    assert found(smev) == sorted([(A, "FNS001"), (B, "CUTHERE01"), (C, "FNS001")])
    senders = smev.warehouse.rows(
        "SELECT DISTINCT sender FROM core.smev_event_rows "
        "WHERE (unit_key, load_id) IN (SELECT unit_key, load_id FROM ops.published) ORDER BY sender"
    )
    assert senders == [("CUTHERE01",), ("FNS001",)]


def tar_gz(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def test_an_older_log_of_the_same_name_is_not_joined(smev: SmevInbox) -> None:
    cut = CUTS["within the sender"]
    yesterday = "1 namespace=urn://wrong\n" + log_entry(AT - 24 * HOUR, "Старт") + "\n"
    smev.put("smev-adapter.log", yesterday.encode())
    smev.load()
    smev.put("smev-adapter.log.1", WHOLE[:cut].encode())
    smev.load()
    assert found(smev) == sorted([(A, "FNS001"), (B, "CUT")])
    smev.put("smev-adapter.log", WHOLE[cut:].encode())
    smev.load()
    assert found(smev) == sorted([(A, "FNS001"), (B, "CUTHERE01"), (C, "FNS001")])


def test_a_stack_trace_below_a_cut_is_no_rest_of_the_line(smev: SmevInbox) -> None:
    smev.put("a.log.1", entry(A, 0).removesuffix("\n").encode())
    smev.put("a.log", b"Caused by: java.io.IOException\n\tat a.b.C\n" + entry(B, 1).encode())
    smev.load()
    assert [row["namespace"] for row in smev.requests()] == ["urn://x/1.0"] * 2


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("smev-adapter.log.1", "smev-adapter.log"),
        ("smev-adapter.log.10.gz", "smev-adapter.log.9"),
        ("smev-adapter-2024-03-05_0.log.gz", "smev-adapter-2024-03-05_1.log"),
        ("adapter.txt.2", "adapter.txt.1.gz"),
    ],
)
def test_names_of_rotated_logs(older: str, newer: str) -> None:
    assert newer in newer_names(older)
    assert older in older_names(newer)


def test_local_stamps_have_the_zone_of_their_source(
    smev: SmevInbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (settings.REFERENCE / "smev.yaml").read_text(encoding="utf-8")
    zones = "time_zones:\n  - {files: 'krasnoyarsk/*', zone: Asia/Krasnoyarsk}\n"
    path = tmp_path / "smev.yaml"
    path.write_text(text.replace("time_zones: []\n", zones), encoding="utf-8")
    monkeypatch.setattr(
        "municipal_indicators.sources.smev.files.load_rules", lambda: load_rules(path)
    )
    v4 = "6f1ed002-ab56-4c1d-8f27-1f8a3a1c000{}".format
    line = log_entry(AT, textlog.request_received(v4(1), sender="X", recipient=OURS, namespace="u"))
    smev.put("krasnoyarsk/a.log", line.encode())
    smev.put("here/a.log", line.replace(v4(1), v4(2)).encode())
    smev.put("krasnoyarsk/logs.zip", zipped({"b.log": line.replace(v4(1), v4(3)).encode()}))
    smev.put("krasnoyarsk/a.jsonl", journal(note(B)))
    smev.load()
    sent = {row["message_id"]: row["sent_at"] for row in smev.requests()}
    assert (sent[v4(1)], sent[v4(2)], sent[v4(3)]) == (
        utc(AT - 4 * HOUR),
        utc(AT),
        utc(AT - 4 * HOUR),
    )
    # A stamp with an offset is SMEV's own.
    assert sent[B] == utc(AT + HOUR)


def test_a_zone_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    text = (settings.REFERENCE / "smev.yaml").read_text(encoding="utf-8")
    path = tmp_path / "smev.yaml"
    wrong = "time_zones: [{files: a, zone: Mars/Base}]\n"
    path.write_text(text.replace("time_zones: []\n", wrong), encoding="utf-8")
    with pytest.raises(Exception, match=r"smev\.yaml:\d+: time_zones\[0\]\.zone: 'Mars/Base'"):
        load_rules(path)


def test_acknowledgements_in_every_format(smev: SmevInbox) -> None:
    members = {
        "1.xml": delivery(A),
        "2.xml": writer.ack_request(A),
        "3.xml": writer.ack_request(B, accepted=False),
        "4.jsonl": journal(
            note(A, 1, operation="Ack", message_type="QueryMessageType"),
            note(B, 2, operation="Ack", error_description="SMEV-501: Иванов Иван Иванович"),
        ),
        "5.log": "".join(
            log_entry(AT, text) + "\n"
            for text in (
                textlog.ack_sent(A),
                textlog.ack_sent(B).replace("accepted=true", "accepted=false"),
                textlog.ack_refused(B),
            )
        ).encode(),
    }
    smev.load(all_zip=zipped(members))
    rows = smev.warehouse.rows(
        "SELECT format, message_id, ack, smev_error FROM core.smev_event_rows "
        "WHERE operation = 'AckRequest' ORDER BY format, line, sheet"
    )
    assert rows == [
        ("envelope", A, "accepted", 0),
        ("envelope", B, "refused", 0),
        ("journal", A, "accepted", 0),
        ("journal", B, "refused", 501),
        ("text", A, "accepted", 0),
        ("text", B, "refused", 0),
        ("text", B, "refused", 501),
    ]
    assert [row["is_acknowledged"] for row in smev.requests()] == [True]


def test_the_same_fault_in_two_archives_has_one_hash(smev: SmevInbox) -> None:
    fault = writer.fault("SMEV-403: x")
    smev.load(a_zip=zipped({"1.xml": fault}), b_zip=zipped({"2.xml": fault, "3.xml": delivery()}))
    hashes = [row[0] for row in smev.events("if(operation = 'Fault', line_hash, 0)")]
    assert sorted(hashes)[0] == 0
    assert len(set(hashes)) == 2
    assert list(
        itertools.chain(*smev.warehouse.rows("SELECT count() FROM core.smev_event_rows"))
    ) == [3]
