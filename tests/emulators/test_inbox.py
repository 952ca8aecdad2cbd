"""The inbox writer keeps its word: same files for same arguments, and the truth is in the files."""

import csv
import gzip
import hashlib
import io
import json
import re
import subprocess
import sys
import uuid
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from python_calamine import CalamineWorkbook

from tests.emulators.inbox import Truth, write_inbox
from tests.emulators.inbox.cases import HOLIDAYS
from tests.emulators.inbox.clock import MOSCOW, months

FIRST, LAST = date(2022, 1, 1), date(2025, 8, 1)
OURS = "MTSENSK_ADM"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("inbox")


@pytest.fixture(scope="module")
def truth(folder: Path) -> Truth:
    return write_inbox(folder, FIRST, LAST)


def fingerprints(folder: Path) -> dict[str, tuple[str, float]]:
    return {
        str(path.relative_to(folder)): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mtime,
        )
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_same_arguments_give_same_bytes_and_times(tmp_path: Path) -> None:
    first = write_inbox(tmp_path / "a", date(2024, 10, 1), date(2025, 3, 1))
    again = write_inbox(tmp_path / "b", date(2024, 10, 31), date(2025, 3, 9))
    assert first == again
    assert fingerprints(tmp_path / "a") == fingerprints(tmp_path / "b")


def test_another_seed_gives_another_history(tmp_path: Path) -> None:
    first = write_inbox(tmp_path / "a", date(2024, 1, 1), date(2024, 2, 1), seed=1)
    other = write_inbox(tmp_path / "b", date(2024, 1, 1), date(2024, 2, 1), seed=2)
    assert {one.number for one in first.applications} != {one.number for one in other.applications}
    assert {one.message_id for one in first.requests} != {one.message_id for one in other.requests}


def test_later_months_do_not_change_earlier_monthly_files(folder: Path, truth: Truth) -> None:
    assert truth.last_month == LAST
    shorter = folder.with_name("shorter")
    write_inbox(shorter, FIRST, date(2023, 9, 1))
    whole, part = fingerprints(folder), fingerprints(shorter)
    monthly = {name for name in part if not name.startswith("registers/")}
    assert len(monthly) > 40
    assert {name: part[name] for name in monthly} == {name: whole[name] for name in monthly}


@pytest.mark.parametrize(
    ("first", "last"), [(date(2024, 2, 1), date(2024, 1, 1)), (date(2021, 1, 1), date(2024, 1, 1))]
)
def test_impossible_span_is_refused(tmp_path: Path, first: date, last: date) -> None:
    with pytest.raises(ValueError, match=str(first)):
        write_inbox(tmp_path, first, last)


def test_truth_lists_every_file(folder: Path, truth: Truth) -> None:
    listed = [str(one.path) for one in truth.files]
    assert len(listed) == len(set(listed))
    assert set(listed) == set(fingerprints(folder))
    assert {one.path for one in truth.bad} <= {one.path for one in truth.files}


def table_rows(path: Path) -> list[list[Any]]:
    """All lines of a register as it is read, whatever stands above the headings."""
    if path.suffix == ".xlsx":
        book = CalamineWorkbook.from_path(path)
        sheets = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]
        return max(sheets, key=len)
    content = path.read_bytes()
    if path.suffix == ".zip":
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            content = packed.read(packed.namelist()[0])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("windows-1251")
    return list(csv.reader(io.StringIO(text), delimiter=";"))


HEADINGS = {
    "number": {"Номер заявления", "Рег. номер", "НОМЕР ЗАЯВЛЕНИЯ ЕПГУ", "№ заявления"},
    "filed": {"Дата подачи", "Дата поступления", "Дата и время подачи"},
    "status": {"Статус", "Текущий статус"},
    "dated": {"Дата статуса", "Дата изменения статуса", "Дата исполнения"},
    "code": {"Код услуги", "Идентификатор услуги", "Реестровый\nномер"},
}
FINAL = {
    "исполнено": "provided",
    "услуга оказана": "provided",
    "отказ": "refused",
    "отказано в предоставлении услуги": "refused",
    "отменено": "withdrawn",
}


def registers(folder: Path) -> list[Path]:
    paths = [path for path in folder.glob("gosuslugi/2*/*") if path.is_file()]
    return sorted(paths, key=lambda path: path.stat().st_mtime)


def application_rows(path: Path) -> Iterator[dict[str, Any]]:
    rows = table_rows(path)
    top = next(n for n, row in enumerate(rows) if HEADINGS["number"] & {str(c) for c in row})
    places = {
        name: next(n for n, cell in enumerate(rows[top]) if cell in headings)
        for name, headings in HEADINGS.items()
    }
    for line, row in enumerate(rows[top + 1 :], start=top + 2):
        if row[0] == "Итого":
            return
        if row[:3] != [1, 2, 3]:
            yield {"line": line} | {name: row[place] for name, place in places.items()}


def as_day(cell: Any) -> date:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if re.match(r"\d{4}-", cell):
        return date.fromisoformat(cell[:10])
    return datetime.strptime(cell[:10], "%d.%m.%Y").replace(tzinfo=MOSCOW).date()


def test_registers_hold_the_rows_that_the_truth_counts(folder: Path, truth: Truth) -> None:
    delivered = {folder / one.path: one.delivered for one in truth.files}
    for path in registers(folder):
        assert len(list(application_rows(path))) == delivered[path], path.name


def test_applications_follow_from_the_registers(folder: Path, truth: Truth) -> None:
    bad = {(folder / one.path, one.line) for one in truth.bad}
    best: dict[str, tuple[tuple[date, bool, int], str, date]] = {}
    for order, path in enumerate(registers(folder)):
        for row in application_rows(path):
            if (path, row["line"]) in bad:
                continue
            status, filed = str(row["status"]).lower(), as_day(row["filed"])
            rank = (as_day(row["dated"] or filed), status in FINAL, order)
            number = str(row["number"])
            if number not in best or rank > best[number][0]:
                best[number] = (rank, status, filed)
    assert set(best) == {one.number for one in truth.applications} | truth.unfiled
    for one in truth.applications:
        rank, status, filed = best[one.number]
        assert one.filed_on == filed
        if one.status_group in FINAL.values():
            assert (one.status_group, one.decided_on) == (FINAL[status], rank[0]), one.number
        else:
            assert status not in FINAL, one.number
            assert one.decided_on is None


def test_bad_rows_stand_where_the_truth_says(folder: Path, truth: Truth) -> None:
    rows = [one for one in truth.bad if one.path.parts[0] == "gosuslugi"]
    assert {one.why for one in rows} == {
        "impossible date",
        "number damaged to E-notation",
        "no service code",
        "personal data in a wrong column",
    }
    telling = {"31.02.2024", "3,50031E+09", "", "Кузнецова Ольга Викторовна, 8-920-555-01-01"}
    for one in rows:
        lines = table_rows(folder / one.path)
        top = next(row for row in lines if one.field in row)
        assert one.line is not None
        assert lines[one.line - 1][top.index(one.field)] in telling


def test_applications_have_what_a_test_of_marts_needs(truth: Truth) -> None:
    applications = truth.applications
    monthly = [len(truth.filed_in(month)) for month in months(FIRST, LAST)]
    assert all(35 <= count <= 95 for count in monthly)
    assert {one.channel for one in applications} == {
        *("ЕПГУ", "РПГУ", "МФЦ"),
        *("лично", "почта", "прочее"),
    }
    assert {type(one.term) for one in applications} == {int, date, type(None)}
    assert any(one.is_on_time(HOLIDAYS) for one in applications)
    assert any(one.is_overdue(HOLIDAYS, date(2025, 8, 31)) for one in applications)
    assert Counter(one.rating for one in applications)[5] > 100
    assert all(re.fullmatch(r"\d{19}", one.service_code) for one in applications)
    assert len(truth.unfiled) > 20
    assert not truth.unfiled & {one.number for one in applications}


def test_electronic_share_grows_from_a_fifth_to_a_half(tmp_path: Path, truth: Truth) -> None:
    electronic, municipal = truth.eservices(FIRST)
    assert electronic / municipal == pytest.approx(0.2, abs=0.03)
    later = write_inbox(tmp_path, date(2026, 10, 1), date(2026, 10, 1))
    electronic, municipal = later.eservices(date(2026, 10, 1))
    assert electronic / municipal == pytest.approx(0.5, abs=0.03)
    assert len({one.code for one in truth.services if not one.is_municipal}) == 4
    assert any(one.valid_to and one.valid_to < date(2025, 1, 1) for one in truth.services)


def test_validities_of_a_service_do_not_overlap(truth: Truth) -> None:
    for _, validities in groupby(truth.services, key=lambda one: one.code):
        ordered = list(validities)
        for before, after in pairwise(ordered):
            assert before.valid_to == after.valid_from - timedelta(days=1)


def test_catalogue_exports_are_read_whole(folder: Path, truth: Truth) -> None:
    delivered = {one.path.name: one.delivered for one in truth.files}
    paths = sorted(folder.glob("gosuslugi/catalogues/*/*.xlsx"))
    assert len(paths) >= 14
    for path in paths:
        codes = [cell for row in table_rows(path) for cell in row if str(cell).startswith("5700")]
        assert len(codes) == delivered[path.name]


def soap_messages(folder: Path) -> Iterator[tuple[str, etree._Element]]:
    """Operation and body of every whole envelope of the zips."""
    for path in sorted(folder.glob("smev/*/*.zip")):
        with zipfile.ZipFile(path) as packed:
            for name in packed.namelist():
                content = packed.read(name)
                if name in ("misc/cut.xml", "misc/empty.xml"):
                    continue
                if content.startswith(b"--"):
                    content = content.split(b"\r\n\r\n", 1)[1].rsplit(b"\r\n--", 1)[0]
                body = etree.fromstring(content.removeprefix(b"\xef\xbb\xbf"))[0][0]
                yield etree.QName(body).localname, body


def texts(body: etree._Element, name: str) -> list[str]:
    return [one.text or "" for one in body.iter(f"{{*}}{name}")]


def journal_rows(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.glob("smev/*/*.jsonl*")):
        content = path.read_bytes()
        text = gzip.decompress(content) if path.suffix == ".gz" else content
        for line in text.decode().splitlines():
            yield json.loads(line)


def test_requests_follow_from_the_three_logs(folder: Path, truth: Truth) -> None:
    seen: dict[str, set[str]] = defaultdict(set)
    delivered: dict[str, set[str]] = defaultdict(set)
    sent: dict[str, datetime] = {}
    for operation, body in soap_messages(folder):
        is_request = texts(body, "MessageType") == ["REQUEST"]
        ours = [mnemonic for mnemonic in texts(body, "Mnemonic")[1:] if mnemonic == OURS]
        is_test = bool(texts(body, "TestMessage"))
        if operation == "GetRequestResponse" and is_request and ours and not is_test:
            (message,) = texts(body, "MessageId")
            seen[message].add("soap")
            delivered[message] |= set(texts(body, "DeliveryTimestamp"))
            sent[message] = datetime.fromisoformat(texts(body, "SendingTimestamp")[0])
    for row in journal_rows(folder):
        is_ours = row.get("recipient") == OURS and not row.get("test_message")
        if row["operation"] == "GetRequestResponse" and is_ours:
            message = row["message_id"].lower()
            seen[message].add("journal")
            delivered[message].add(row["delivery_date"])
            sent[message] = datetime.fromisoformat(row["sending_date"])
    for message in text_log_requests(folder):
        seen[message] |= set() if seen[message] else {"text"}
    assert {one.message_id: set(one.sources) for one in truth.requests} == seen
    for one in truth.requests:
        if one.sources != {"text"}:
            assert (len(delivered[one.message_id]), sent[one.message_id]) == (
                one.deliveries,
                one.sent_at,
            )
        assert abs(one.sent_at - uuid_time(one.message_id)) < timedelta(seconds=2)


def text_log_requests(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("smev/*/log-*/*")):
        content = path.read_bytes()
        content = gzip.decompress(content) if path.suffix == ".gz" else content
        encoding = "windows-1251" if int(path.parts[-3]) % 2 else "utf-8"
        yield from re.findall(r"получен запрос messageId=(\S+)", content.decode(encoding))


def uuid_time(message: str) -> datetime:
    embedded = uuid.UUID(message)
    assert embedded.version == 1
    return datetime(1582, 10, 15, tzinfo=UTC) + timedelta(microseconds=embedded.time // 10)


def test_answers_follow_from_the_logs(folder: Path, truth: Truth) -> None:
    address: dict[str, str] = {}
    answers: dict[str, tuple[str, bool]] = {}
    sent: dict[str, datetime] = {}
    for operation, body in soap_messages(folder):
        if operation == "GetRequestResponse" and (replies := texts(body, "ReplyTo")):
            address[replies[0]] = texts(body, "MessageID")[0]
        elif operation == "SendResponseRequest" and not texts(body, "StatusCode"):
            to, rejected = texts(body, "To")[0], bool(texts(body, "RejectionReasonCode"))
            answers[texts(body, "MessageID")[0]] = (to, rejected)
        elif operation == "SendResponseResponse":
            sent[texts(body, "MessageId")[0]] = datetime.fromisoformat(
                texts(body, "SendingTimestamp")[0]
            )
    first: dict[str, tuple[datetime, bool]] = {}
    for message, (to, rejected) in answers.items():
        request, found = address[to], (sent[message], rejected)
        first[request] = min(first.get(request, found), found)
    for one in truth.requests:
        if "soap" in one.sources:
            at, rejected = first.get(one.message_id, (None, False))
            assert (one.answered_at, one.is_rejected) == (at, rejected), one.message_id


def test_requests_have_what_a_test_of_marts_needs(truth: Truth) -> None:
    yearly = Counter(one.day.year for one in truth.requests)
    assert yearly[2022] == pytest.approx(450, abs=10)
    assert truth.smev_requests(date(2024, 12, 1)) == yearly[2024] > 500
    assert truth.smev_requests(LAST) > 350
    assert {one.channel_class for one in truth.requests} == {"interagency", "portal"}
    now = datetime(2025, 9, 1, tzinfo=MOSCOW)
    overdue = sum(one.is_overdue(48, now) for one in truth.requests) / len(truth.requests)
    assert 0.05 < overdue < 0.25
    assert {one.deliveries for one in truth.requests} == {1, 2, 3, 4}
    assert 20 < sum(one.is_rejected for one in truth.requests) < 200
    ids = {one.message_id for one in truth.requests}
    assert len(ids) == len(truth.requests)
    assert not ids & truth.uncounted_messages
    # Both ends of months are there that a cut in UTC would move.
    edges = [one for one in truth.requests if one.day != one.sent_at.date()]
    assert {one.day.day for one in edges} == {1}


def test_archives_hold_what_must_not_count(folder: Path, truth: Truth) -> None:
    kinds: Counter[str] = Counter()
    for operation, body in soap_messages(folder):
        kinds[operation] += 1
        kinds.update(texts(body, "MessageType"))
        kinds["test"] += bool(texts(body, "TestMessage"))
        kinds["empty poll"] += operation == "GetRequestResponse" and len(body) == 0
        kinds[f"schema {etree.QName(body).namespace[-3:]}"] += 1
    assert {"SendRequestRequest", "GetResponseResponse", "AckRequest", "Fault"} <= set(kinds)
    assert min(kinds[name] for name in ("BROADCAST", "CANCEL", "test", "empty poll")) >= 20
    assert all(kinds[f"schema 1.{minor}"] > 1000 for minor in (1, 2, 3))
    members = {one.path: one.delivered for one in truth.files}
    for path in folder.glob("smev/*/*.zip"):
        with zipfile.ZipFile(path) as packed:
            assert packed.testzip() is None
            assert len(packed.namelist()) == members[path.relative_to(folder)]


def test_journals_are_json_but_for_the_broken_lines(folder: Path, truth: Truth) -> None:
    broken = {(one.path, one.line) for one in truth.bad if one.path.suffix == ".jsonl"}
    assert broken
    for path in folder.glob("smev/*/**/*.jsonl"):
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            if (path.relative_to(folder), number) in broken:
                with pytest.raises(json.JSONDecodeError):
                    json.loads(line)
            else:
                assert json.loads(line)["journal_id"]


def test_registers_grow_as_the_programme_wants(folder: Path, truth: Truth) -> None:
    for measure, start, end in (
        (truth.edms_workplaces, 0.15, 0.31),
        (truth.secured_workplaces, 0.55, 0.80),
        (truth.equipped_departments, 0.28, 0.71),
    ):
        for month, expected in ((FIRST, start), (LAST, end)):
            part, whole = measure(month)
            assert part / whole == pytest.approx(expected, abs=0.05)
    for path in folder.glob("registers/*/Реестр рабочих мест*.xlsx"):
        numbers = [row[0] for row in table_rows(path)[2:]]
        assert all(isinstance(one, str) and one.startswith("00") for one in numbers)


def test_events_and_money_follow_from_their_files(folder: Path, truth: Truth) -> None:
    events = set()
    for path in folder.glob("registers/*/Мероприятия*.csv"):
        events |= {(as_day(row[0]), row[1].strip().lower()) for row in table_rows(path)[1:]}
    assert len(events) == len(truth.events) == truth.ict_events(LAST, 2022)
    assert truth.ict_events(date(2023, 12, 1), 2023) in (4, 5, 6)
    for path in folder.glob("registers/*/Исполнение бюджета*.xlsx"):
        scale = 1000 if int(path.parts[-2]) % 2 else 1
        rows = table_rows(path)
        assert ("тыс. руб." in rows[2][2]) == (scale == 1000)
        year, amount = int(rows[-1][0]), round(rows[-1][3] * scale, 2)
        assert amount == float(truth.executed(year) or 0)


def test_planted_personal_data_is_really_in_the_files(folder: Path, truth: Truth) -> None:
    everything = "\n".join(
        [
            *("\n".join(map(str, row)) for path in registers(folder) for row in table_rows(path)),
            *(etree.tostring(body, encoding="unicode") for _, body in soap_messages(folder)),
        ]
    )
    missing = {text for text in truth.personal if text not in everything}
    assert len(truth.personal) > 1500
    assert not missing


def test_command_line_writes_and_explains(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.emulators.inbox"]
    root = Path(__file__).parents[2]
    shown = subprocess.run([*command, "--help"], cwd=root, capture_output=True, check=True)
    assert b"YYYY-MM" in shown.stdout
    span = ["--from", "2024-01", "--to", "2024-02"]
    done = subprocess.run(
        [*command, str(tmp_path), *span], cwd=root, capture_output=True, check=True
    )
    assert (
        f"{sum(1 for path in tmp_path.rglob('*') if path.is_file())} files" in done.stdout.decode()
    )
