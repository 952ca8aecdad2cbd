"""The writers of one file, envelope or line give what a loader's unit test asks them for."""

import io
import json
import uuid
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from python_calamine import CalamineWorkbook

from tests.emulators.inbox import envelopes, textlog, write_inbox
from tests.emulators.inbox.clock import MOSCOW, add_months, last_day
from tests.emulators.inbox.envelopes import Dialect, Kind, message_id
from tests.emulators.inbox.journal import journal_bytes, journal_line
from tests.emulators.inbox.people import inn, snils
from tests.emulators.inbox.tables import Table, csv_bytes, write_file, xlsx_bytes, zip_bytes

AT = datetime(2024, 3, 5, 9, 14, 7, tzinfo=MOSCOW)
KIND = Kind("urn://example-ru/spravka/1.0.0")


def test_invented_numbers_have_valid_checksums() -> None:
    assert snils("112233445") == "112-233-445 95"
    assert inn("5001007322") == "500100732259"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1251"])
def test_csv_writer_round_trips(encoding: Any) -> None:
    table = Table(("Код", "Дата"), [("007", date(2024, 3, 5)), (1.5, None)], ("Отчёт",), True)
    content = csv_bytes(table, encoding=encoding).decode(encoding)
    assert content == "Отчёт\r\nКод;Дата\r\n1;2\r\n007;05.03.2024\r\n1,5;\r\n"


def test_xlsx_writer_keeps_texts_and_dates() -> None:
    table = Table(("Код", "Дата"), [("0070000000000000001", date(2024, 3, 5))])
    for is_1904 in (False, True):
        content = xlsx_bytes(table, empty_sheets=("Лист2",), date_1904=is_1904)
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        assert book.sheet_names == ["Лист2", "Реестр"]
        rows = book.get_sheet_by_name("Реестр").to_python()
        assert rows[1] == ["0070000000000000001", date(2024, 3, 5)]


def test_message_ids_differ_and_carry_their_instant() -> None:
    at = datetime(2024, 3, 5, 9, 14, 7, tzinfo=MOSCOW)
    ids = {message_id(at, serial) for serial in range(70_000)}
    assert len(ids) == 70_000
    clock = {uuid.UUID(one).time // 10 for one in ids}
    assert {datetime(1582, 10, 15, tzinfo=UTC) + timedelta(microseconds=one) for one in clock} == {
        at
    }


def test_journal_can_end_in_a_broken_line() -> None:
    line = journal_line(journal_id=1, logged_at=datetime(2024, 1, 1, tzinfo=MOSCOW), message_id="a")
    first, last = journal_bytes([line, line], cut_last=True).decode().splitlines()
    assert json.loads(first)["message_id"] == "a"
    assert line.startswith(last)
    assert last != line


@pytest.mark.parametrize(
    "dialect",
    [Dialect(), Dialect("1.1", "S", "", "b"), Dialect("1.3", "soapenv", "typ", "bas")],
    ids=lambda dialect: dialect.version,
)
def test_envelopes_stand_in_the_namespaces_of_their_schema(dialect: Dialect) -> None:
    address = envelopes.reply_to("m", kind=KIND, mnemonic="EXMP01")
    receipt: dict[str, Any] = {
        "message": "a",
        "sender": "EXMP77",
        "sent_at": AT,
        "dialect": dialect,
    }
    written = {
        "GetResponseResponse": envelopes.empty_poll("GetResponseResponse", dialect),
        "AckRequest": envelopes.ack_request("m", accepted=False, dialect=dialect),
        "SendResponseRequest": envelopes.send_response_request(
            message="a", to=address, kind=KIND, dialect=dialect
        ),
        "SendResponseResponse": envelopes.send_response_response(**receipt),
        "SendRequestResponse": envelopes.send_request_response(**receipt),
        "SendRequestRequest": envelopes.send_request_request(
            message="m", kind=KIND, is_test=True, dialect=dialect
        ),
    }
    spaces = "urn://x-artefacts-smev-gov-ru/services/message-exchange/types"
    for operation, content in written.items():
        body = etree.fromstring(content)[0][0]
        assert body.tag == f"{{{spaces}/{dialect.version}}}{operation}"
    ack = etree.fromstring(written["AckRequest"])[0][0][0]
    assert ack.tag == f"{{{spaces}/basic/{dialect.version}}}AckTargetMessage"
    assert (ack.text, ack.get("accepted")) == ("m", "false")


def test_a_payload_rebinds_the_prefix_of_the_envelope() -> None:
    content = envelopes.get_request_response(
        message="m", sender="A", recipient="B", kind=KIND, sent_at=AT, delivered_at=AT
    )
    (primary,) = etree.fromstring(content).iter("{*}MessagePrimaryContent")
    payload = primary[0]
    assert payload.tag == "{urn://example-ru/spravka/1.0.0}Request"
    assert payload.prefix == "ns2"


def test_an_answer_needs_something_to_say() -> None:
    with pytest.raises(ValueError, match="kind, rejections, status"):
        envelopes.send_response_request(message="a", to="b")


def test_multipart_holds_the_envelope_after_a_blank_line() -> None:
    content = envelopes.multipart(envelopes.empty_poll())
    assert envelopes.empty_poll() in content.split(b"\r\n\r\n", 1)[1]
    assert content.startswith(b"--uuid:")


def test_text_log_speaks_four_patterns() -> None:
    entries = {
        name: textlog.log_entry(AT, textlog.EMPTY_POLL, pattern=name) for name in textlog.PATTERNS
    }
    assert entries == {
        "log4j": "[2024-03-05 09:14:07,000] INFO GetRequestResponse: очередь пуста (Ack)",
        "colons": "2024-03-05 09:14:07 : INFO  : Ack - GetRequestResponse: очередь пуста",
        "logback": "2024.03.05 09:14:07.000 INFO  [main] Ack: GetRequestResponse: очередь пуста",
        "python": "2024-03-05 09:14:07,000,INFO,Ack,GetRequestResponse: очередь пуста",
    }


def test_files_and_archives_are_dated_in_moscow_time(tmp_path: Path) -> None:
    packed = zip_bytes({"a/b.xml": b"<a/>"}, AT)
    path = write_file(tmp_path / "deep" / "a.zip", packed, AT.replace(tzinfo=None))
    assert path.stat().st_mtime == AT.timestamp()
    with zipfile.ZipFile(path) as archive:
        assert archive.infolist()[0].date_time == (2024, 3, 5, 9, 14, 6)


def test_months_cross_the_year() -> None:
    assert add_months(date(2024, 11, 1), 2) == date(2025, 1, 1)
    assert last_day(date(2024, 2, 1)) == date(2024, 2, 29)


def test_smev_may_go_on_into_the_next_month(tmp_path: Path) -> None:
    october, last = date(2024, 10, 1), date(2024, 11, 15)
    whole = write_inbox(tmp_path / "a", october, october)
    longer = write_inbox(tmp_path / "b", october, october, smev_until=last)
    assert longer.applications == whole.applications
    days = [one.sent_at.astimezone(MOSCOW).date() for one in longer.requests]
    assert date(2024, 11, 14) <= max(days) <= last
    assert len(longer.requests) > len(whole.requests)
    # Nothing that was written speaks of a later moment, the troubles at a log's end included.
    after = f"{last + timedelta(days=1):%Y-%m-%d}"
    logs = [path.read_bytes() for path in (tmp_path / "b" / "smev").rglob("*202411.jsonl")]
    logs += [path.read_bytes() for path in (tmp_path / "b" / "smev").rglob("smev-adapter.log")]
    assert len(logs) == 2
    assert all(after.encode() not in log for log in logs)
    newest = max(path.stat().st_mtime for path in (tmp_path / "b" / "smev").rglob("*.*"))
    assert datetime.fromtimestamp(newest, MOSCOW).date() == last + timedelta(days=1)
