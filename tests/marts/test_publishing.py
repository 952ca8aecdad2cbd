"""Builds stand beside what readers see: at any moment all marts are of the old one, or all of the new."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from municipal_indicators.errors import IndicatorsError
from municipal_indicators.marts.build import build_marts
from municipal_indicators.marts.publishing import drop_old_builds, publish_marts, published_at
from municipal_indicators.settings import REPOSITORY
from municipal_indicators.warehouse.client import Warehouse, embedded_path
from tests.marts.given import NOW, Given, application
from tests.marts.given import request as message
from tests.marts.test_build import MARTS

MART_VIEWS = [path.stem for path in (REPOSITORY / "sql" / "mart_views").glob("*.sql")]

# One of each source, and those that tell of all.
WATCHED = (
    "data_coverage",
    "service_applications_monthly",
    "site_audience",
    "site_pages_monthly",
    "smev_requests_daily",
)


def shown(
    warehouse: Warehouse, database: str = "marts", marts: Sequence[str] = MARTS
) -> dict[str, int]:
    """A fingerprint of the rows of each mart, by one query as a reader's."""
    sums = " UNION ALL ".join(
        f"SELECT '{mart}' AS mart, sum(cityHash64(toString(tuple(*)))) AS rows FROM {database}.{mart}"
        for mart in marts
    )
    return dict(warehouse.rows(sums))


def filled(given: Given, day: date, number: int) -> None:
    """Rows of all kinds, so many of each, so that most marts differ."""
    given.visits(day, [{}] * number)
    given.hits(day, [{}] * number)
    given.applications(*(application(f"{day} {one}", filed_on=day) for one in range(number)))
    sent = [message(sent_at=NOW, delivered_at=NOW) for _ in range(number)]
    given.table("smev", "core.smev_event_rows", sent)


@pytest.fixture
def after_each_statement(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, int]]:
    """What a reader sees after each statement that changes something: what a kill there would leave."""
    seen: list[dict[str, int]] = []

    def watched(name: str) -> None:
        real = getattr(Warehouse, name)

        def watching(warehouse: Warehouse, *arguments: Any, **options: Any) -> Any:
            done = real(warehouse, *arguments, **options)
            seen.append(shown(warehouse, marts=WATCHED))
            return done

        monkeypatch.setattr(Warehouse, name, watching)

    watched("command")
    watched("insert")
    return seen


def test_between_any_two_statements_all_marts_are_old_or_all_are_new(
    given: Given, request: pytest.FixtureRequest
) -> None:
    filled(given, date(2024, 3, 4), 1)
    given.build(*WATCHED)
    old = shown(given.warehouse, marts=WATCHED)
    filled(given, date(2024, 3, 5), 2)
    seen = request.getfixturevalue("after_each_statement")
    built = build_marts(given.warehouse, given.passport, NOW, only=WATCHED)
    assert len(seen) > 40
    publish_marts(given.warehouse, built.id)
    new = shown(given.warehouse, marts=WATCHED)
    assert all(old[mart] != new[mart] for mart in WATCHED)
    assert seen == [old] * (len(seen) - 1) + [new]


@pytest.mark.frees_engine
def test_a_process_that_is_killed_leaves_all_marts_old_or_all_new(tmp_path: Path) -> None:
    engine = {"interface": "chdb", "path": str(tmp_path / "warehouse")}
    connection = {"conn_type": "clickhouse", "extra": {"client_kwargs": engine}}

    def seen_before(*dies: str) -> list[int]:
        done = subprocess.run(
            [sys.executable, "-m", "tests.marts.killed_builds", *dies],
            cwd=REPOSITORY,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(map(str, (REPOSITORY / "plugins", REPOSITORY))),
                "AIRFLOW_CONN_CLICKHOUSE_DEFAULT": json.dumps(connection),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == (-signal.SIGKILL if dies else 0), done.stderr[-3000:]
        found: list[int] = json.loads(
            next(line for line in done.stdout.splitlines() if line.startswith("["))
        )
        return found

    assert seen_before() == [0, 0, 0]
    assert seen_before("INSERT INTO mart_rows", "2") == [1, 1, 1]
    assert seen_before("INSERT INTO ops.mart_builds", "1") == [1, 1, 1]
    assert seen_before("INSERT INTO ops.mart_builds", "2") == [1, 1, 1]
    assert seen_before() == [4, 4, 4]


def test_a_build_is_seen_by_its_checks_only_until_it_is_published(given: Given) -> None:
    warehouse = given.warehouse
    assert published_at(warehouse) is None
    given.visits(date(2024, 1, 30), [{}])
    built = build_marts(warehouse, given.passport, NOW)
    assert warehouse.value("SELECT count() FROM marts.site_audience") == 0
    assert warehouse.value("SELECT count() FROM marts_next.site_audience") == 5
    assert warehouse.rows("SELECT visits FROM marts_next.site_audience WHERE grain = 'day'") == [
        (1,)
    ]
    # A view over marts follows them.
    reach = "SELECT toString(data_through) FROM {}.data_freshness WHERE source = 'metrica'"
    assert warehouse.rows(reach.format("marts")) == []
    assert warehouse.rows(reach.format("marts_next")) == [("2024-01-30",)]
    publish_marts(warehouse, built.id)
    assert shown(warehouse) == shown(warehouse, "marts_next")
    first = published_at(warehouse)
    publish_marts(warehouse, built.id)
    assert published_at(warehouse) == first


def test_only_the_newest_build_is_published(given: Given) -> None:
    old = build_marts(given.warehouse, given.passport, NOW)
    build_marts(given.warehouse, given.passport, NOW, only=["site_audience"])
    with pytest.raises(IndicatorsError, match=rf"{old.id} — не последняя"):
        publish_marts(given.warehouse, old.id)
    assert published_at(given.warehouse) is None


def test_two_builds_at_once_double_nothing(given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    """One begins a table while another one fills it, as a retry does whose first attempt still runs."""
    filled(given, date(2024, 3, 4), 2)
    given.build(*WATCHED)
    days = "SELECT count() FROM intermediate.site_calendar"
    expected, marts = given.select(days), shown(given.warehouse, marts=WATCHED)
    real = Warehouse.command
    copies: list[str] = []
    goes_on = False

    class HangsError(Exception):
        pass

    def command(warehouse: Warehouse, sql: str, *arguments: Any, **options: Any) -> None:
        nonlocal goes_on
        if len(copies) == 2 and not goes_on and sql.startswith("EXCHANGE"):
            raise HangsError
        real(warehouse, sql, *arguments, **options)
        if sql.startswith("CREATE TABLE intermediate.site_calendar"):
            copies.append(sql.split()[2])
            if len(copies) == 1:
                with pytest.raises(HangsError):
                    build_marts(warehouse, given.passport, NOW, only=WATCHED)
                goes_on = True

    monkeypatch.setattr(Warehouse, "command", command)
    given.build(*WATCHED)
    assert goes_on
    assert given.select(days) == expected
    assert shown(given.warehouse, marts=WATCHED) == marts
    given.warehouse.command(f"DROP TABLE IF EXISTS {copies[1]} SYNC")


def test_copies_that_a_killed_build_left_go_after_a_day(given: Given) -> None:
    def left() -> list[tuple[Any, ...]]:
        return given.select(
            "SELECT concat(database, '.', name) FROM system.tables "
            "WHERE database IN ('intermediate', 'reference') AND name LIKE '%next%'"
        )

    copy = given.warehouse.beside("intermediate.site_calendar")
    given.build("site_audience")
    assert left() == [(copy,)]
    (place,) = given.select(
        f"SELECT metadata_path FROM system.tables WHERE concat(database, '.', name) = '{copy}'"
    )
    warehouse = embedded_path()
    assert warehouse
    os.utime(warehouse / place[0], (0, 0))
    given.build("site_audience")
    assert left() == []


def test_marts_that_a_build_leaves_out_keep_what_they_show(given: Given) -> None:
    filled(given, date(2024, 3, 4), 1)
    given.build()
    old = shown(given.warehouse)
    filled(given, date(2024, 3, 5), 2)
    given.build("site_audience")
    new = shown(given.warehouse)
    assert {mart for mart in MARTS if old[mart] != new[mart]} == {"site_audience"}


def test_the_build_before_stays_for_those_who_read_it_and_older_ones_go(given: Given) -> None:
    def kept(mart: str) -> list[str]:
        builds = f"SELECT DISTINCT toString(build) FROM mart_rows.{mart} ORDER BY 1"
        return [build for (build,) in given.select(builds)]

    given.visits(date(2024, 1, 30), [{}])
    builds = []
    for _ in range(3):
        built = build_marts(given.warehouse, given.passport, NOW)
        publish_marts(given.warehouse, built.id)
        builds.append(built.id)
    rejected = build_marts(given.warehouse, given.passport, NOW)
    being_built = str(uuid.uuid4())
    given.warehouse.command(
        f"INSERT INTO mart_rows.site_audience (build, visits) VALUES ('{being_built}', 7)"
    )
    drop_old_builds(given.warehouse)
    assert kept("site_audience") == sorted([*builds[1:], rejected.id, being_built])
    given.build("site_devices_monthly")
    drop_old_builds(given.warehouse)
    # What is left out of a build stays with the build that it shows; the rejected one is gone.
    assert kept("site_audience") == sorted([builds[2], being_built])
    assert len(kept("site_devices_monthly")) == 2
    assert given.select("SELECT sum(visits) FROM marts.site_audience WHERE grain = 'day'") == [(1,)]


def test_a_clock_that_was_put_back_does_not_hide_a_build(given: Given) -> None:
    given.visits(date(2024, 1, 30), [{}])
    given.build()
    given.warehouse.command(
        "INSERT INTO ops.mart_builds SELECT at + INTERVAL 1 YEAR, build, status, marts, inputs "
        "FROM ops.mart_builds"
    )
    given.visits(date(2024, 1, 30), [{}, {}])
    given.build()
    assert given.select("SELECT visits FROM marts.site_audience WHERE grain = 'day'") == [(2,)]


def test_rows_of_marts_are_parted_by_build_and_explained(given: Given) -> None:
    parted = given.select(
        "SELECT DISTINCT partition_key FROM system.tables WHERE database = 'mart_rows'"
    )
    assert parted == [("build",)]
    names = "SELECT table, name, type, comment FROM system.columns WHERE database = '{}' AND {} ORDER BY ALL"
    stored = given.select(names.format("mart_rows", "name NOT IN ('build', 'made_from')"))
    views = " AND ".join(f"table != '{view}'" for view in MART_VIEWS)
    assert stored == given.select(names.format("marts", views))
    assert stored == given.select(names.format("marts_next", views))


def test_a_reader_reads_the_parts_of_one_build(given: Given) -> None:
    given.visits(date(2024, 1, 30), [{}])
    given.build()
    given.build()
    plan = given.select(
        "EXPLAIN indexes = 1 SELECT count() FROM marts.site_audience WHERE visits > 5"
    )
    text = "\n".join(line for (line,) in plan)
    assert "Partition" in text
    assert "Parts: 1/2" in text
