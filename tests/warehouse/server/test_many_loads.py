"""Several loads at once over one server, each in a process of its own, as Airflow's tasks are."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from municipal_indicators.errors import WarehouseUnreachableError
from municipal_indicators.settings import REPOSITORY
from municipal_indicators.warehouse.client import Warehouse, open_warehouse
from municipal_indicators.warehouse.load_ledger import (
    LoadCounts,
    Unit,
    begin_loads,
    publish_loads,
    published_loads,
)
from tests.conftest import empty
from tests.emulators.clickhouse import ClickHouseFront
from tests.emulators.inbox import write_inbox
from tests.emulators.metrica import MetricaEmulator
from tests.warehouse.server import pipeline
from tests.warehouse.server.rows import count, seen

pytestmark = pytest.mark.slow

SOURCES = ("metrica", *pipeline.FILE_SOURCES)


def in_processes(orders: Sequence[str]) -> list[subprocess.CompletedProcess[str]]:
    """Do each of these at the same time: a source, also with its days, or ``build``."""

    def do(order: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tests.warehouse.server.pipeline", *order.split()],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY / "plugins")},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    with ThreadPoolExecutor(len(orders)) as pool:
        return list(pool.map(do, orders))


@pytest.fixture
def sent(places: Path) -> Callable[[], None]:
    """Put the same month of files into the inbox again, as if nothing had been archived."""

    def send() -> None:
        for name in ("inbox", "archive"):
            shutil.rmtree(places / name)
            (places / name).mkdir()
        write_inbox(places / "inbox", date(2024, 3, 1), date(2024, 3, 31))

    return send


def test_sources_that_load_at_once_bring_what_they_bring_one_after_another(
    server: ClickHouseFront,
    emulator: MetricaEmulator,
    opened: Warehouse,
    sent: Callable[[], None],
) -> None:
    def found() -> tuple[dict[str, Any], dict[str, Any], list[tuple[Any, ...]]]:
        pipeline.build()
        counts = (
            "SELECT source, count(), sum(delivered), sum(loaded), sum(quarantined), sum(duplicates)"
        )
        counts += " FROM ops.loads WHERE status = 'published' GROUP BY source ORDER BY source"
        return seen(opened, "core"), seen(opened, "marts"), opened.rows(counts)

    sent()
    for source in SOURCES:
        assert pipeline.load(source) > 0
    one_by_one = found()
    assert count(one_by_one[0]) > 100
    assert [row[0] for row in one_by_one[2]] == sorted(SOURCES)

    # Marts are built before a build is interrupted, so that readers have something to keep.
    server.fail_next("reset_after", "INSERT INTO mart_rows", after=3)
    with pytest.raises(WarehouseUnreachableError):
        pipeline.build()
    assert seen(opened, "marts") == one_by_one[1]
    assert found() == one_by_one

    empty(opened)
    sent()
    for done in in_processes(SOURCES):
        assert done.returncode == 0, done.stderr[-3000:]
        assert "published" in done.stdout
    assert found() == one_by_one


@pytest.mark.parametrize("source", SOURCES)
def test_two_runs_of_one_dag_at_once_bring_what_one_brings(
    server: ClickHouseFront,
    emulator: MetricaEmulator,
    opened: Warehouse,
    sent: Callable[[], None],
    source: str,
) -> None:
    sent()
    pipeline.load(source)
    expected = seen(opened, "core")
    empty(opened)
    sent()
    for done in in_processes([source, source]):
        assert done.returncode == 0, done.stderr[-3000:]
    assert seen(opened, "core") == expected
    requests = emulator.store.requests.values()
    assert {request.status for request in requests} <= {"cleaned_by_user"}


def test_a_backfill_beside_the_night_brings_each_day_once(
    server: ClickHouseFront, emulator: MetricaEmulator, opened: Warehouse
) -> None:
    pipeline.load("metrica", "2024-03-01", "2024-03-05")
    expected = seen(opened, "core")
    empty(opened)
    for done in in_processes(["metrica 2024-03-01 2024-03-04", "metrica 2024-03-03 2024-03-05"]):
        assert done.returncode == 0, done.stderr[-3000:]
    assert seen(opened, "core") == expected
    assert {request.status for request in emulator.store.requests.values()} == {"cleaned_by_user"}


def test_loads_and_another_build_during_a_build(
    server: ClickHouseFront,
    emulator: MetricaEmulator,
    opened: Warehouse,
    sent: Callable[[], None],
) -> None:
    sent()
    for source in SOURCES:
        pipeline.load(source)
    pipeline.build()
    expected = seen(opened, "core"), seen(opened, "marts")
    empty(opened)
    sent()
    *loads, first, second = in_processes([*SOURCES, "build", "build"])
    for done in loads:
        assert done.returncode == 0, done.stderr[-3000:]
    # Refused is a build that is not the newest any more, or whose marts a load changed between two of them.
    for done in (first, second):
        refused = ("— не последняя", "новые не показаны")
        assert not done.returncode or any(why in done.stderr for why in refused), done.stderr[
            -3000:
        ]
    # What is announced by the loads is another build.
    pipeline.build()
    assert (seen(opened, "core"), seen(opened, "marts")) == expected


def test_ledgers_written_at_once_keep_every_entry(server: ClickHouseFront) -> None:
    def publish(number: int) -> int:
        with open_warehouse() as warehouse:
            for day in range(5):
                loads = begin_loads(warehouse, [Unit("metrica", f"{number}/{day}", "a day")])
                publish_loads(warehouse, [(loads[0], LoadCounts(number, number), "")])
        return number

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(publish, range(6))) == list(range(6))
    with open_warehouse() as warehouse:
        assert len(published_loads(warehouse, "metrica")) == 30
        assert warehouse.value("SELECT sum(delivered) FROM ops.loads") == 5 * sum(range(6))


def test_one_session_runs_one_statement_at_a_time(server: ClickHouseFront) -> None:
    """Why each thread has a client of its own (`Warehouse.more`): the server refuses the second."""
    with open_warehouse() as first, open_warehouse() as second, ThreadPoolExecutor(2) as pool:
        second.client.set_client_setting(
            "session_id", first.client.get_client_setting("session_id")
        )
        slow = "SELECT sum(sleepEachRow(1)) FROM numbers(3)"
        both = [pool.submit(one.value, slow) for one in (first, second)]
        refusals = [error for error in (one.exception() for one in both) if error]
    assert len(refusals) == 1
    assert isinstance(refusals[0], DatabaseError)
    assert "SESSION_IS_LOCKED" in str(refusals[0])
