"""The DAG watch_the_morning, run whole: problems in the engine, runs in Airflow, messages to receivers."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG

from municipal_indicators.marts.build import build_marts
from municipal_indicators.marts.publishing import publish_marts
from municipal_indicators.reference.passport import load_passport
from municipal_indicators.settings import REPOSITORY
from municipal_indicators.sources.registers.files import load_file
from municipal_indicators.warehouse.client import Warehouse
from tests.emulators.inbox.tables import Table, csv_bytes
from tests.emulators.receivers import Received
from tests.spreadsheets.arrivals import Arrivals
from tests.watch.conftest import PASSWORD, SECRET

Row = tuple[Any, ...]


def read(name: str) -> DAG:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(REPOSITORY / "dags" / f"{name}.py"))
    assert bag.import_errors == {}
    found: DAG = bag.dags[name]
    return found


@pytest.fixture(scope="module")
def dag(airflow_database: None) -> DAG:
    return read("watch_the_morning")


@pytest.fixture
def arrivals(places: Path, warehouse: Warehouse) -> Arrivals:
    return Arrivals("registers", places, warehouse, load_file)


def build(warehouse: Warehouse) -> None:
    publish_marts(warehouse, build_marts(warehouse, load_passport()).id)


def checked(warehouse: Warehouse, **results: bool) -> None:
    """Results of checks, as a build writes them."""
    now = datetime.now(UTC)
    warehouse.insert(
        "ops.checks",
        ["at", "check", "severity", "passed", "rows", "example"],
        [[now, name, "fail", passed, 3, "ФИО: Иванов"] for name, passed in results.items()],
    )


def told(warehouse: Warehouse, *without: str) -> list[Row]:
    """Kind, subject and whether it is over of all messages but the kinds ``without``, in their order."""
    # Other tests of this session leave failed runs in Airflow.
    left_out = {"task", "run", *without}
    rows = warehouse.rows(
        "SELECT kind, subject, state = 'over' FROM ops.notifications ORDER BY at, kind, subject"
    )
    return [row for row in rows if row[0] not in left_out]


EVENTS = Table(("Дата", "Название"), [("06.05.2024", "День данных"), ("нет", "Вебинар")])
GOOD = Table(("Дата", "Название"), [("06.05.2024", "День данных"), ("07.05.2024", "Вебинар")])


def test_each_problem_is_told_once_and_its_end_once(
    dag: DAG, arrivals: Arrivals, warehouse: Warehouse, mail: Received
) -> None:
    arrivals.put("events.csv", csv_bytes(EVENTS))
    arrivals.put("empty.csv", b"")
    arrivals.load()
    checked(warehouse, shares=False, months=True)
    assert dag.test().state == "success"
    first = told(warehouse)
    assert first == [
        ("build", "marts", False),
        ("check", "shares", False),
        ("quarantined", "registers: registers/events.csv", False),
        ("rejected", "registers: registers/empty.csv", False),
    ]
    letters = {letter.subject: letter for letter in mail.letters}
    letter = letters["[Показатели программы] Не загружено: registers/empty.csv. Файл пуст."]
    assert letter.recipients == ["a@example.org", "b@example.org"]
    for part in ("Где: Реестры программы", "С какого времени: ", "Что сделать: ", "/dags/load_"):
        assert part in letter.text
    assert "Иванов" not in "".join(one.text for one in mail.letters)
    assert warehouse.value("SELECT countIf(sent_at IS NULL) FROM ops.notifications") == 0

    count = len(mail.letters)
    dag.test()
    assert told(warehouse) == first
    assert len(mail.letters) == count

    arrivals.take("events.csv", csv_bytes(GOOD))
    arrivals.take("empty.csv", csv_bytes(GOOD, delimiter=","))
    build(warehouse)
    checked(warehouse, shares=True, months=True)
    dag.test()
    second = told(warehouse, "stale")[len(first) :]
    # A file with a bad row is replaced by a later one, but its rows are in quarantine still.
    assert second == [
        ("build", "marts", True),
        ("check", "shares", True),
        ("rejected", "registers: registers/empty.csv", True),
    ]
    assert any(
        one.subject.endswith("Проверка данных не пройдена: shares, найдено строк: 3")
        for one in mail.letters[count:]
    )
    # The marts are there now, and with them how old the data are.
    assert {row[1] for row in told(warehouse) if row[0] == "stale"} == {
        "metrica", "gosuslugi", "smev", "registers",
    }  # fmt: skip
    dag.test()
    assert told(warehouse, "stale") == first + second


def test_a_status_that_changed_is_told(
    dag: DAG, arrivals: Arrivals, warehouse: Warehouse, chat: Received
) -> None:
    build(warehouse)
    arrivals.take("events.csv", csv_bytes(GOOD))
    build(warehouse)
    dag.test()
    dag.test()
    assert [row for row in told(warehouse) if row[0] == "status"] == []
    many = [("06.05.2024", f"Мероприятие {number}") for number in range(40)]
    arrivals.take("more.csv", csv_bytes(Table(("Дата", "Название"), many)))
    build(warehouse)
    dag.test()
    dag.test()
    assert [row for row in told(warehouse) if row[0] == "status"] == [
        ("status", "ict_events", False)
    ]
    (text,) = [body["text"] for _, body in chat.posts if "Показатель" in body["text"]]
    assert "достигнут (был " in text
    assert "/programme-report/indicators/ict_events" in text
    assert {path for path, _ in chat.posts} == {f"/hooks/{SECRET}"}


@pytest.mark.parametrize("down", ["mail", "chat"])
def test_a_channel_that_is_down_keeps_its_messages_and_no_secret_is_logged(
    dag: DAG,
    warehouse: Warehouse,
    mail: Received,
    chat: Received,
    down: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    broken, other, name = {"mail": (mail, chat, "email"), "chat": (chat, mail, "webhook")}[down]
    broken.refuses = True
    assert dag.test().state == "failed"
    assert unsent(warehouse) == {name}
    assert len(other.letters) + len(other.posts) > 0
    broken.refuses = False
    assert dag.test().state == "success"
    assert unsent(warehouse) == set()
    assert len(broken.letters) + len(broken.posts) > 0
    assert all(login == f" robot {PASSWORD}" for login in mail.logins)
    printed = "".join((caplog.text, *capfd.readouterr()))
    assert f"{name}: " in printed
    assert PASSWORD not in printed
    assert SECRET not in printed


def unsent(warehouse: Warehouse) -> Collection[str]:
    rows = warehouse.rows("SELECT DISTINCT channel FROM ops.notifications WHERE sent_at IS NULL")
    return {channel for (channel,) in rows}


def test_without_a_channel_the_log_has_the_messages(
    dag: DAG, warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    dag.test()
    assert warehouse.rows("SELECT DISTINCT channel, sent_at IS NULL FROM ops.notifications") == [
        ("log", 0)
    ]
    assert "Витрины ни разу не построены" in caplog.text


def test_a_failed_task_is_told_with_its_run_and_its_end(
    dag: DAG, warehouse: Warehouse, chat: Received, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_REPORT", str(tmp_path / "report.html"))
    builder = read("build_indicator_marts")
    warehouse.command(
        "INSERT INTO ops.load_events (source, unit_key, load_id, status, at, delivered, loaded) "
        "VALUES ('smev', 'a file', generateUUIDv4(), 'published', now64(), 2, 1)"
    )
    failed = builder.test()
    assert failed.state == "failed"
    dag.test()
    text = "Задача check_marts не выполнена и больше не повторяется (DAG build_indicator_marts)"
    (message,) = [body["text"] for _, body in chat.posts if body["text"].startswith(text)]
    assert failed.run_id in message
    assert "/dags/build_indicator_marts/runs/manual__" in message
    warehouse.command("TRUNCATE TABLE ops.load_events")
    assert builder.test().state == "success"
    dag.test()
    dag.test()
    assert [body["text"] for _, body in chat.posts if text in body["text"]][1:] == [
        f"Больше не наблюдается: {text}"
    ]


def test_the_watch_says_itself_that_it_could_not_look(
    dag: DAG,
    warehouse: Warehouse,
    chat: Received,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "programme.yaml").write_text("watch_hour: 25")
    monkeypatch.setenv("AIRFLOW_VAR_PROGRAMME_PASSPORT", str(tmp_path / "programme.yaml"))
    assert dag.test().state == "failed"
    ((_, body),) = chat.posts
    assert body["text"].startswith("Утренняя проверка не выполнена")
    assert "/dags/watch_the_morning/runs/manual__" in body["text"]
