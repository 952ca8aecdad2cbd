"""What only a cluster shows; run by test_two_shards.py under its plugin, never on one server."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from municipal_indicators import settings
from municipal_indicators.reference.passport import load_passport
from municipal_indicators.settings import REPOSITORY
from municipal_indicators.sources import schema
from municipal_indicators.warehouse import cluster, retention
from municipal_indicators.warehouse.client import Warehouse, open_warehouse
from municipal_indicators.warehouse.load_ledger import (
    LoadCounts,
    Unit,
    begin_loads,
    publish_loads,
)
from municipal_indicators.warehouse.templates import render
from tests.marts.given import Given
from tests.warehouse.cluster.two_shards import DISTRICT, NAME, sharded_tables

DAYS = [date(2024, 1, day) for day in range(1, 21)]


def test_the_rows_of_loads_are_sharded_and_nothing_else(warehouse: Warehouse) -> None:
    engines = dict(warehouse.rows("SELECT name, engine FROM system.tables WHERE database = 'core'"))
    sharded = {name for name, engine in engines.items() if engine == "Distributed"}
    assert sharded == set(sharded_tables())
    assert {"metrica_visits", "smev_event_rows", "service_application_rows"} <= sharded
    stored = warehouse.rows(
        f"SELECT name, engine FROM system.tables WHERE database = '{cluster.SHARDS}'"
    )
    assert dict(stored) == dict.fromkeys(sharded, "MergeTree")


def test_a_distributed_table_says_of_itself_what_its_shards_say(warehouse: Warehouse) -> None:
    described = """
        SELECT table, name, type, default_expression, comment FROM system.columns
        WHERE database = {database:String} AND table IN {tables:Array(String)}
        ORDER BY table, position
        """
    core, shards = (
        warehouse.rows(described, {"database": database, "tables": sharded_tables()})
        for database in ("core", cluster.SHARDS)
    )
    assert core == shards
    assert all(comment for *_, comment in core)
    commented = "SELECT count() FROM system.tables WHERE engine = 'Distributed' AND comment != ''"
    assert warehouse.value(commented) == len(sharded_tables())


def test_each_unit_lies_on_one_shard_and_both_have_some(given: Given) -> None:
    for day in DAYS:
        given.visits(day, [{}] * 3)
    found = given.select(
        "SELECT unit_key, uniqExact(shardNum()), count() FROM core.metrica_visits GROUP BY unit_key"
    )
    assert len(found) == len(DAYS)
    assert {(shards, rows) for _, shards, rows in found} == {(1, 3)}
    shards = given.select(
        "SELECT shardNum(), count() FROM core.metrica_visits GROUP BY 1 ORDER BY 1"
    )
    assert [number for number, _ in shards] == [1, 2]
    assert sum(rows for _, rows in shards) == 3 * len(DAYS)


def test_a_visitor_of_both_shards_is_one_visitor(given: Given) -> None:
    for day in DAYS:
        given.visits(day, [{"counter_user_id_hash": 7}])
    given.build(now=datetime(2024, 2, 1, 12, tzinfo=UTC))
    assert given.select(
        "SELECT visits, visitors FROM marts.site_audience WHERE grain = 'month' AND visits > 0"
    ) == [(len(DAYS), 1)]


def test_a_district_of_a_region_is_sharded_as_one_installation_is(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passport = (REPOSITORY / "tests" / "passport.yaml").read_text(encoding="utf-8")
    (tmp_path / f"{DISTRICT}.yaml").write_text(passport, encoding="utf-8")
    monkeypatch.setenv(settings.PASSPORT_VARIABLE, str(tmp_path))
    with settings.working_for(DISTRICT), open_warehouse() as opened:
        schema.apply_schema(opened)
        given = Given(opened, load_passport())
        for day in DAYS:
            given.visits(day, [{"counter_user_id_hash": 7}])
        given.build(now=datetime(2024, 2, 1, 12, tzinfo=UTC))
        assert given.select(
            "SELECT visits, visitors FROM marts.site_audience WHERE grain = 'month' AND visits > 0"
        ) == [(len(DAYS), 1)]
        shards = given.select("SELECT DISTINCT shardNum() FROM core.metrica_visits ORDER BY 1")
        assert shards == [(1,), (2,)]
        assert retention.tables_of_loads(opened)
        assert retention.sweep_loads(opened) == 0
    shown = warehouse.rows("SELECT DISTINCT district FROM region.indicators_monthly")
    assert shown == [(DISTRICT,)]
    assert warehouse.value("SELECT count() FROM core.metrica_visits") == 0


def test_a_shard_hears_of_a_publication_from_the_session_that_made_it(warehouse: Warehouse) -> None:
    """Not from its own copy of ops, which may be behind: the sets of subqueries are sent along."""
    plan = "\n".join(
        line
        for (line,) in warehouse.rows(
            "EXPLAIN SELECT count() FROM core.metrica_visits WHERE (unit_key, load_id) IN "
            "(SELECT unit_key, load_id FROM ops.published)"
        )
    )
    assert plan.count("GLOBAL IN") == plan.count("ReadFromMemoryStorage") == 2, plan
    assert "ReadFromMergeTree" not in plan, plan


@pytest.fixture
def doubled(warehouse: Warehouse) -> tuple[Warehouse, dict[str, Any]]:
    """Units of which each has one visit twice and another once."""
    units = [Unit("metrica", f"1/{day}", f"1/{day}") for day in DAYS]
    loads = begin_loads(warehouse, units)
    rows = [
        [load.unit.key, load.load_id, line, visit, seconds]
        for load in loads
        for line, visit, seconds in ((2, 10, 5), (3, 10, 9), (4, 11, 1))
    ]
    columns = ["unit_key", "load_id", "line", "visit_id", "visit_duration_seconds"]
    warehouse.insert("core.metrica_visits", columns, rows)
    publish_loads(warehouse, [(load, LoadCounts(3, 2, 0, 1), "") for load in loads])
    return (
        warehouse,
        {"keys": [unit.key for unit in units], "loads": [str(load.load_id) for load in loads]},
    )


def test_duplicates_are_deleted_on_the_shard_that_has_them(
    doubled: tuple[Warehouse, dict[str, Any]],
) -> None:
    warehouse, parameters = doubled
    words = {"table": "core.metrica_visits", "id": "visit_id", "rank": "visit_duration_seconds"}
    warehouse.command(render("loads/delete_duplicates.sql", **words), parameters)
    kept = warehouse.rows(
        "SELECT unit_key, groupArray(line) FROM core.metrica_visits GROUP BY unit_key"
    )
    assert {tuple(sorted(lines)) for _, lines in kept} == {(3, 4)}
    assert len(kept) == len(DAYS)


def test_the_session_has_the_settings_of_a_cluster(warehouse: Warehouse) -> None:
    assert warehouse._cluster == NAME
    changed = dict(warehouse.rows("SELECT name, value FROM system.settings WHERE changed"))
    assert cluster.SESSION_SETTINGS.items() <= changed.items()
