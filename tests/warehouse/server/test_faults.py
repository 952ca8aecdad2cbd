"""What a network and its proxies do to a load: reported, nothing lost or doubled, the next run ends it."""

from __future__ import annotations

import re
import shutil
import traceback
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from municipal_indicators.errors import IndicatorsError, StorageError, WarehouseUnreachableError
from municipal_indicators.inbox.file_loads import FileLoad, load_outcome
from municipal_indicators.report import write_report
from municipal_indicators.sources.file_sources import file_source
from municipal_indicators.warehouse.client import Warehouse, open_warehouse
from municipal_indicators.warehouse.load_ledger import LoadCounts
from tests.emulators.clickhouse import ClickHouseFront
from tests.emulators.inbox import write_inbox
from tests.inbox.conftest import Disk, disk, one_row, put
from tests.sources.metrica.site_loads import run_all
from tests.warehouse.server import pipeline
from tests.warehouse.server.conftest import PASSWORD, VARIABLE, serving
from tests.warehouse.server.rows import count, seen

__all__ = ["disk"]

STAGED = "INSERT INTO .?staging"
CUT = "не ответил: (ConnectionResetError|RemoteDisconnected)"
LEDGER = "INSERT INTO .?ops.?[.].?load_events"


@pytest.fixture(scope="module")
def registers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The registers of a month, as they are sent."""
    folder = tmp_path_factory.mktemp("sent")
    write_inbox(folder, date(2024, 3, 1), date(2024, 3, 31))
    return folder / "registers"


@pytest.fixture
def inbox(registers: Path, places: Path) -> Path:
    shutil.copytree(registers, places / "inbox" / "registers")
    return places / "inbox"


@pytest.fixture(scope="module")
def whole(
    front: ClickHouseFront, registers: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, list[tuple[Any, ...]]]]:
    """What readers see of the registers after a run without faults."""
    folder = tmp_path_factory.mktemp("without-faults")
    shutil.copytree(registers, folder / "inbox" / "registers")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_VAR_INBOX", str(folder / "inbox"))
        patch.setenv("AIRFLOW_VAR_ARCHIVE", str(folder / "archive"))
        assert pipeline.load("registers") == 4
    with open_warehouse() as opened:
        yield seen(opened, "core")


def attempt(source: str = "registers") -> str:
    """What a run says of its failures; empty after a good one."""
    try:
        pipeline.load(source)
    except (IndicatorsError, AssertionError, DatabaseError) as error:
        return str(error)
    return ""


def published(warehouse: Warehouse) -> int:
    return int(warehouse.value("SELECT count() FROM ops.published"))


def is_reported(said: str, front: ClickHouseFront) -> bool:
    """Whether a person knows from it where it happened and what to do."""
    assert PASSWORD not in said
    return f"clickhouse_default (127.0.0.1:{front.port})" in said and "запустите снова" in said


# The second and later inserts into the ledger of the first file: it is published by one of them.
@pytest.mark.parametrize(
    ("kind", "match", "after", "status", "words"),
    [
        ("reset_before", STAGED, 0, 0, CUT),
        ("reset_after", STAGED, 0, 0, CUT),
        ("status_before", STAGED, 1, 502, "ответил HTTP 502 вместо результата"),
        ("status_after", STAGED, 1, 504, "ответил HTTP 504 вместо результата"),
        ("reset_before", LEDGER, 2, 0, CUT),
        ("reset_after", LEDGER, 2, 0, CUT),
        ("status_after", LEDGER, 1, 504, "ответил HTTP 504 вместо результата"),
        ("truncated", "SELECT unit_key, argMax", 0, 0, "не ответил"),
        ("reset_after", "INSERT INTO .?ops.?[.].?files", 1, 0, "не ответил"),
    ],
)
def test_a_cut_load_is_told_and_ended_by_the_next_run(
    server: ClickHouseFront,
    inbox: Path,
    whole: dict[str, list[tuple[Any, ...]]],
    kind: Any,
    match: str,
    after: int,
    status: int,
    words: str,
) -> None:
    server.fail_next(kind, match, after=after, status=status or 502)
    said = attempt()
    assert server.faults_done() == 1
    assert is_reported(said, server), said
    assert re.search(words, said), said
    with open_warehouse() as opened:
        between = seen(opened, "core")
        for view, rows in between.items():
            assert set(rows) <= set(whole[view]), view
            assert len(rows) == len(set(rows)), view
    assert attempt() == ""
    with open_warehouse() as opened:
        assert seen(opened, "core") == whole
        assert published(opened) == 4
        unbalanced = "SELECT count() FROM ops.loads WHERE status = 'published' AND "
        unbalanced += "delivered != loaded + quarantined + duplicates"
        assert opened.value(unbalanced) == 0
    assert not [path for path in (inbox / "registers").rglob("*") if path.is_file()]


def test_a_silent_server_is_given_up_and_reported(
    server: ClickHouseFront,
    inbox: Path,
    whole: dict[str, list[tuple[Any, ...]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.fail_next("timeout_after", STAGED, seconds=60)
    with monkeypatch.context() as patch:
        patch.setenv(VARIABLE, server.connection(send_receive_timeout=8))
        said = attempt()
    assert is_reported(said, server), said
    assert "timed out" in said
    assert attempt() == ""
    with open_warehouse() as opened:
        assert seen(opened, "core") == whole


def test_an_error_in_the_middle_of_an_answer_is_the_engines_own(
    opened: Warehouse, server: ClickHouseFront
) -> None:
    server.fail_next("exception", "FROM numbers")
    with pytest.raises(DatabaseError, match="MEMORY_LIMIT_EXCEEDED") as caught:
        opened.rows("SELECT number FROM numbers(100000)")
    assert caught.value.code == 241
    # A real one, of a stream that had begun.
    late = "SELECT number, throwIf(number = 900000) FROM numbers(1000000)"
    with (
        pytest.raises(DatabaseError) as caught,
        opened.client.query_row_block_stream(late) as blocks,
    ):
        assert sum(len(block) for block in blocks) < 0
    assert caught.value.code == 395


def test_what_only_reads_is_asked_again(opened: Warehouse, server: ClickHouseFront) -> None:
    for kind, status in (("reset_before", 0), ("reset_after", 0), ("status_before", 503)):
        server.clear_faults()
        server.fail_next(kind, "FROM numbers", status=status)  # type: ignore[arg-type]
        assert opened.value("SELECT count() FROM numbers(10)") == 10
        assert server.faults_done() == 1
    server.fail_next("reset_before", "FROM numbers", times=9)
    with pytest.raises(WarehouseUnreachableError) as caught:
        opened.value("SELECT count() FROM numbers(10)")
    assert is_reported(str(caught.value), server)


@pytest.mark.parametrize(
    ("kind", "status"), [("reset_before", 0), ("truncated", 0), ("status_before", 502)]
)
def test_a_report_cut_off_is_told_and_may_be_tried_again(
    opened: Warehouse, server: ClickHouseFront, tmp_path: Path, kind: Any, status: int
) -> None:
    page = tmp_path / "report.html"
    server.fail_next(kind, "marts.indicators_monthly", status=status or 502, times=9)
    with pytest.raises(WarehouseUnreachableError) as caught:
        write_report(opened, page, programme="П", time_zone="Europe/Moscow")
    assert is_reported(str(caught.value), server)
    text = "".join(traceback.format_exception(caught.value))
    assert not re.search(r"SELECT|FROM|database=|query=|marts\.", str(caught.value))
    assert "?database=" not in text
    assert not page.exists()
    server.clear_faults()
    assert write_report(opened, page, programme="П", time_zone="Europe/Moscow").stat().st_size


def test_what_the_server_says_of_a_report_has_no_address_and_no_statement(
    opened: Warehouse, server: ClickHouseFront, tmp_path: Path
) -> None:
    server.fail_next("exception", "marts.indicators_monthly")
    with pytest.raises(IndicatorsError) as caught:
        write_report(opened, tmp_path / "page.html", programme="П", time_zone="Europe/Moscow")
    text = "".join(traceback.format_exception(caught.value))
    assert "хранилище отказало" in text
    assert not re.search(r"http://|SELECT", text)


@pytest.mark.parametrize(
    ("kind", "rows"), [("reset_before", 0), ("reset_after", 1), ("status_after", 1)]
)
def test_what_writes_is_never_sent_twice(
    opened: Warehouse, server: ClickHouseFront, kind: Any, rows: int
) -> None:
    ways: dict[str, Callable[[str], object]] = {
        "typed": lambda name: opened.insert("ops.settings", ["name", "value"], [[name, "a"]]),
        "text": lambda name: opened.stage("ops.settings", ["name", "value"], [[name, "a"]], {}),
        "bytes": lambda name: opened.stage_bytes(
            "ops.settings", ["name", "value"], [f"{name}\ta\n".encode()], {}
        ),
        "command": lambda name: opened.command(
            "INSERT INTO ops.settings (name, value) SELECT {name:String}, 'a'", {"name": name}
        ),
    }
    for name, write in ways.items():
        server.clear_faults()
        server.fail_next(kind, "INSERT INTO .?ops.?[.].?settings", status=503)
        with pytest.raises(WarehouseUnreachableError):
            write(name)
        assert server.faults_done() == 1
        found = "SELECT count() FROM ops.settings WHERE name = {name:String}"
        assert opened.value(found, {"name": name}) == rows, name


def test_a_metrica_run_cut_off_is_ended_by_the_next(
    server: ClickHouseFront, emulator: Any, opened: Warehouse
) -> None:
    run_all("a run without faults", *pipeline.DAYS)
    expected = seen(opened, "core")
    assert count(expected) > 0
    for kind, match in (
        ("reset_after", STAGED),
        ("status_before", LEDGER),
        ("reset_after", LEDGER),
    ):
        server.clear_faults()
        server.fail_next(kind, match)  # type: ignore[arg-type]
        with pytest.raises(WarehouseUnreachableError) as caught:
            run_all(f"cut by {kind}", *pipeline.DAYS, forced=True)
        assert is_reported(str(caught.value), server)
        run_all(f"after {kind}", *pipeline.DAYS, forced=True)
        assert seen(opened, "core") == expected


def test_a_port_where_nobody_listens_is_reported(
    server: ClickHouseFront, monkeypatch: pytest.MonkeyPatch, unused_port: int
) -> None:
    nobody = ClickHouseFront(server.path, "loader", password=PASSWORD, port=unused_port)
    monkeypatch.setenv(VARIABLE, nobody.connection(connect_timeout=2))
    with pytest.raises(WarehouseUnreachableError) as caught, open_warehouse():
        pass
    assert is_reported(str(caught.value), nobody)
    assert "Connection refused" in str(caught.value)


def test_what_was_published_before_the_server_went_is_announced(
    server: ClickHouseFront, places: Path
) -> None:
    for number in range(4):
        put(places / "inbox" / "registers" / f"{number}.csv", bytes([number]), age=3600 - number)

    def loader(task: FileLoad) -> tuple[LoadCounts, str]:
        if task.file.path.read_bytes() == b"\1":
            server.fail_next("reset_before", times=10_000)
        return one_row(task)

    outcome = load_outcome(file_source("registers", "Europe/Moscow", loader))
    assert outcome["published"] == 1
    assert "остальные файлы: Сервер ClickHouse" in outcome["failed"]
    assert server.faults_done() < 100
    server.clear_faults()
    rest = load_outcome(file_source("registers", "Europe/Moscow", one_row))
    assert rest == {"published": 3, "rejected": [], "failed": ""}


def test_a_server_that_went_before_anything_was_published_is_tried_again(
    server: ClickHouseFront, places: Path
) -> None:
    put(places / "inbox" / "registers" / "a.csv")

    def loader(task: FileLoad) -> tuple[LoadCounts, str]:
        server.fail_next("reset_before", times=10_000)
        return one_row(task)

    with pytest.raises(WarehouseUnreachableError):
        load_outcome(file_source("registers", "Europe/Moscow", loader))


def test_a_full_disk_of_the_warehouse_is_named(tmp_path: Path, disk: Disk) -> None:
    place = disk(tmp_path / "small", "size=64m")
    with serving(place / "warehouse", None), open_warehouse() as opened:
        opened.command("CREATE TABLE t (a String) ENGINE = MergeTree ORDER BY tuple()")
        with pytest.raises(
            StorageError, match="Диск хранилища подключения clickhouse_default заполнен"
        ):
            opened.command("INSERT INTO t SELECT randomPrintableASCII(1000) FROM numbers(200000)")
