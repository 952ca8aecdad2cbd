"""Statements for a cluster: which they are, that each of ours is translated, that the engine parses them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from airflow.models import Connection

from municipal_indicators import settings
from municipal_indicators.errors import ConfigurationError
from municipal_indicators.sources import SOURCES
from municipal_indicators.warehouse import cluster, migrations
from municipal_indicators.warehouse.client import Warehouse, _hook
from municipal_indicators.warehouse.templates import literal, render, statements
from tests.warehouse.cluster.two_shards import sharded_tables

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

ON = "ON CLUSTER municipal"
EVERYWHERE = "ReplicatedMergeTree('/clickhouse/municipal/{uuid}', '{shard}-{replica}')"
IN_SHARD = "ReplicatedMergeTree('/clickhouse/municipal/{uuid}/{shard}', '{replica}')"


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    opened = _hook().get_client()
    yield opened
    opened.close()


def ask(question: str) -> list[tuple[Any, ...]]:
    """A server with the sharded tables of our schema."""
    if "engine = 'MergeTree'" in question:
        return []
    named = re.search(r"AND name = '(\w+)'", question)
    assert "database = 'shards'" in question
    return [(table,) for table in sharded_tables() if not named or named[1] == table]


def translated(sql: str) -> list[str]:
    return cluster.translated(sql, "municipal", ask)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("CREATE DATABASE IF NOT EXISTS ops", [f"CREATE DATABASE IF NOT EXISTS ops {ON}"]),
        (
            "CREATE DATABASE IF NOT EXISTS core",
            [
                f"CREATE DATABASE IF NOT EXISTS core {ON}",
                f"CREATE DATABASE IF NOT EXISTS shards {ON}",
            ],
        ),
        (
            "-- Words.\nCREATE TABLE IF NOT EXISTS ops.a\n(\n    b String COMMENT 'b (c)'\n)\n"
            "ENGINE = MergeTree\nORDER BY b\nCOMMENT 'a';",
            [
                f"CREATE TABLE IF NOT EXISTS ops.a {ON}\n(\n    b String COMMENT 'b (c)'\n)\n"
                f"ENGINE = {EVERYWHERE}\nORDER BY b\nCOMMENT 'a'"
            ],
        ),
        (
            "CREATE TABLE core.a\n(\n    unit_key String,\n    load_id UUID\n)\nENGINE = MergeTree\n"
            "ORDER BY unit_key\nSETTINGS min_parts_to_merge_at_once = 8\nCOMMENT 'it''s \\'a\\''",
            [
                f"CREATE TABLE shards.a {ON}\n(\n    unit_key String,\n    load_id UUID\n)\n"
                f"ENGINE = {IN_SHARD}\nORDER BY unit_key\nSETTINGS min_parts_to_merge_at_once = 8\n"
                "COMMENT 'it''s \\'a\\''",
                f"CREATE TABLE core.a {ON}\n(\n    unit_key String,\n    load_id UUID\n)\n"
                "ENGINE = Distributed(municipal, shards, a, cityHash64(unit_key))\n"
                "COMMENT 'it''s \\'a\\''",
            ],
        ),
        (
            "CREATE TABLE staging.lines (line String) ENGINE = Null COMMENT 'x'",
            [f"CREATE TABLE staging.lines {ON}\n(line String)\nENGINE = Null COMMENT 'x'"],
        ),
        (
            "CREATE TABLE reference.a__next AS reference.a",
            [f"CREATE TABLE reference.a__next {ON} AS reference.a"],
        ),
        (
            "EXCHANGE TABLES reference.a__next AND reference.a",
            [
                f"SYSTEM SYNC REPLICA {ON} reference.a__next",
                f"EXCHANGE TABLES reference.a__next AND reference.a {ON}",
            ],
        ),
        ("DROP VIEW IF EXISTS staging.a SYNC", [f"DROP VIEW IF EXISTS staging.a {ON} SYNC"]),
        (
            "DROP TABLE core.metrica_days SYNC",
            [
                f"DROP TABLE core.metrica_days {ON} SYNC",
                f"DROP TABLE shards.metrica_days {ON} SYNC",
            ],
        ),
        ("TRUNCATE TABLE ops.files", ["TRUNCATE TABLE ops.files"]),
        ("TRUNCATE TABLE core.metrica_days", [f"TRUNCATE TABLE shards.metrica_days {ON}"]),
        (
            "ALTER TABLE core.metrica_days ADD COLUMN a Enum8('b, MODIFY' = 0), COMMENT COLUMN b 'c'",
            [
                f"ALTER TABLE shards.metrica_days {ON} "
                "ADD COLUMN a Enum8('b, MODIFY' = 0), COMMENT COLUMN b 'c'",
                f"ALTER TABLE core.metrica_days {ON} "
                "ADD COLUMN a Enum8('b, MODIFY' = 0), COMMENT COLUMN b 'c'",
            ],
        ),
        (
            "ALTER TABLE core.metrica_days MODIFY SETTING a = 1",
            [f"ALTER TABLE shards.metrica_days {ON} MODIFY SETTING a = 1"],
        ),
        ("ALTER TABLE ops.a ADD COLUMN b UInt8", ["ALTER TABLE ops.a ADD COLUMN b UInt8"]),
        (
            "ALTER TABLE ops.a MODIFY SETTING b = 1",
            [f"ALTER TABLE ops.a {ON} MODIFY SETTING b = 1"],
        ),
        (
            "ALTER TABLE staging.a ADD COLUMN b Int8",
            [f"ALTER TABLE staging.a {ON} ADD COLUMN b Int8"],
        ),
        ("DELETE FROM ops.a WHERE b = 1", ["DELETE FROM ops.a WHERE b = 1"]),
        (
            "DELETE FROM core.metrica_days WHERE a IN (SELECT a FROM core.metrica_days)",
            [
                f"DELETE FROM shards.metrica_days {ON} WHERE a IN (SELECT a FROM shards.metrica_days)"
            ],
        ),
        ("INSERT INTO ops.a SELECT 1", ["INSERT INTO ops.a SELECT 1"]),
        (
            "INSERT INTO mart_rows.a (b) SELECT 1",
            ["INSERT INTO mart_rows.a (b) SELECT 1", f"SYSTEM SYNC REPLICA {ON} mart_rows.a"],
        ),
        (
            "ALTER TABLE mart_rows.a DROP PARTITION 'b'",
            ["ALTER TABLE mart_rows.a DROP PARTITION 'b'"],
        ),
    ],
)
def test_each_form(sql: str, expected: list[str]) -> None:
    assert translated(sql) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "RENAME TABLE core.a TO core.b",
        "OPTIMIZE TABLE core.a FINAL",
        "CREATE TABLE core.a\n(\n    b String\n)\nENGINE = Log",
        "CREATE TABLE core.a\n(\n    b String\n)\nENGINE = ReplacingMergeTree\nORDER BY b",
        "CREATE TABLE core.a ENGINE = MergeTree ORDER BY b AS SELECT 1 AS b",
        "CREATE TABLE core.metrica_days__next AS core.metrica_days",
        "EXCHANGE TABLES core.metrica_days__next AND core.metrica_days",
        "CREATE MATERIALIZED VIEW staging.a ENGINE = MergeTree ORDER BY b AS SELECT 1 AS b",
        "ALTER TABLE core.metrica_days DROP COLUMN a",
        "ALTER TABLE core.metrica_days ADD COLUMN a UInt8, MODIFY SETTING b = 1",
        "ALTER TABLE ops.a DELETE WHERE b",
        "CREATE TABLE a AS b",
        "CREATE USER eve",
        "SELECT 1",
        "",
    ],
)
def test_an_unknown_form_is_an_error_that_shows_it(sql: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be translated for the cluster") as caught:
        translated(sql)
    assert sql[:200] in str(caught.value)


def test_tables_made_without_the_cluster_are_not_taken_for_its() -> None:
    def plain(question: str) -> list[tuple[Any, ...]]:
        return [("load_events",)] if "engine = 'MergeTree'" in question else []

    with pytest.raises(ConfigurationError, match=r"ops\.load_events создана без"):
        cluster.translated("CREATE DATABASE IF NOT EXISTS ops", "municipal", plain)


def ours() -> Iterator[str]:
    """Every statement that changes something, as migrations, builds, sweeping and Metrica loads send it."""
    for path in sorted((settings.SQL / "migrations").glob("*.sql")):
        yield from statements(path.read_text(encoding="utf-8"))
    for source in SOURCES:
        for text in source.staging_scripts().values():
            yield from statements(text)
    yield from migrations.view_statements().values()
    mart = migrations.RowsOfMart("site_audience", "Аудитория", [("visits", "UInt64", "Визиты")])
    yield from migrations.mart_view_statements([mart]).values()
    yield "INSERT INTO mart_rows.site_audience (build) SELECT generateUUIDv4()"
    yield "ALTER TABLE mart_rows.site_audience DROP PARTITION '0a1b2c3d-0000-4000-8000-000000000000'"
    duplicates = {
        "table": "core.metrica_visits",
        "id": "visit_id",
        "rank": "visit_duration_seconds",
    }
    yield render("loads/delete_duplicates.sql", **duplicates)
    for table in ("core.metrica_visits", "ops.load_events"):
        yield f"DELETE FROM {table} WHERE load_id IN {{ids:Array(UUID)}} AND true"


def test_each_of_our_statements_is_translated_and_parses(client: Client) -> None:
    own = list(ours())
    assert len(own) > 150
    for statement in own:
        for statement_there in translated(statement):
            read = client.query(f"SELECT formatQuery({literal(statement_there)})").result_rows[0][0]
            assert ON in read or statement_there.startswith(
                (
                    "INSERT",
                    "ALTER TABLE mart_rows.",
                    "ALTER TABLE intermediate.",
                    "ALTER TABLE reference.",
                    "ALTER TABLE ops.",
                    "DELETE FROM ops.",
                )
            ), statement_there


def named(extra: dict[str, Any]) -> Connection:
    return Connection(conn_id="clickhouse_default", conn_type="clickhouse", extra=extra)


@pytest.mark.parametrize("extra", [{}, {"cluster": ""}, {"cluster": None}])
def test_without_a_name_there_is_no_cluster(extra: dict[str, Any], client: Client) -> None:
    assert cluster.cluster_of(named(extra)) is None
    assert cluster.session_settings(named(extra)) == {}
    assert Warehouse(client)._cluster is None


@pytest.mark.parametrize("name", ["a b", "a'", 7, ["municipal"]])
def test_a_name_that_is_no_word_is_rejected(name: object) -> None:
    with pytest.raises(ConfigurationError, match="clickhouse_default: `cluster` в его extra"):
        cluster.cluster_of(named({"cluster": name}))


def test_settings_of_the_connection_win() -> None:
    for own in ({"insert_quorum": "1"}, '{"insert_quorum": "1"}'):
        connection = named({"cluster": "municipal", "session_settings": own})
        assert cluster.session_settings(connection) == {
            name: value
            for name, value in cluster.SESSION_SETTINGS.items()
            if name != "insert_quorum"
        }


def test_the_engine_knows_the_settings(client: Client) -> None:
    for name, value in cluster.SESSION_SETTINGS.items():
        found = client.query(f"SELECT toString(getSetting('{name}'))", settings={name: value})
        assert found.result_rows[0][0] in {value, {"1": "true", "0": "false"}.get(value)}, name
