"""Least privilege by the engine's own checks: the users of deploy/clickhouse/users.d, one after another."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from lxml import etree

from municipal_indicators import settings
from municipal_indicators.errors import WarehouseAccessError
from municipal_indicators.sources import schema
from municipal_indicators.warehouse.client import Warehouse, open_warehouse
from tests.emulators.clickhouse import ClickHouseFront, users
from tests.emulators.inbox import write_inbox
from tests.emulators.metrica import MetricaEmulator
from tests.warehouse.region_rights import rights
from tests.warehouse.server import pipeline
from tests.warehouse.server.conftest import PASSWORD, serving

DENIED = 497
FORBIDDEN_TO_READERS = [
    "INSERT INTO marts.data_freshness SELECT * FROM marts.data_freshness",
    "TRUNCATE TABLE marts.data_freshness",
    "DROP TABLE marts.data_freshness",
    "ALTER TABLE marts.data_freshness DELETE WHERE 1",
    "CREATE TABLE marts.mine (a Int64) ENGINE = Memory",
    "CREATE TEMPORARY TABLE mine (a Int64)",
    "CREATE DATABASE mine",
    "CREATE FUNCTION mine AS (a) -> a",
    "CREATE USER mine",
    "GRANT SELECT ON core.* TO bi",
    "SYSTEM FLUSH LOGS",
    "SELECT * FROM url('http://127.0.0.1:9/', 'TSV', 'a String')",
    "SELECT * FROM file('/etc/passwd', 'TSV', 'a String')",
    "SELECT * FROM remote('127.0.0.1', 'system', 'one')",
    "SELECT * FROM s3('http://127.0.0.1:9/a.csv', 'CSV', 'a String')",
    "SELECT count() FROM core.site_visits",
    "SELECT count() FROM core.metrica_visits",
    "SELECT count() FROM staging.workplaces_checked",
    "SELECT count() FROM system.users",
    "SELECT count() FROM system.grants",
]
FORBIDDEN_TO_LOADER = [
    "CREATE DATABASE mine",
    "CREATE TABLE default.mine (a Int64) ENGINE = Memory",
    "DROP DATABASE marts",
    "CREATE USER mine",
    "GRANT SELECT ON core.* TO bi",
    "ALTER USER loader SETTINGS max_memory_usage = 0",
    "SYSTEM SHUTDOWN",
    "SYSTEM FLUSH LOGS",
    "SELECT * FROM url('http://127.0.0.1:9/', 'TSV', 'a String')",
    "SELECT * FROM file('/etc/passwd', 'TSV', 'a String')",
    "SELECT * FROM remote('127.0.0.1', 'system', 'one')",
    "INSERT INTO FUNCTION file('/tmp/mine.csv', 'CSV', 'a String') SELECT 'a'",
    "INSERT INTO FUNCTION url('http://127.0.0.1:9/', 'CSV', 'a String') SELECT 'a'",
    "CREATE TABLE staging.mine (a String) ENGINE = URL('http://127.0.0.1:9/', 'CSV')",
    "CREATE TABLE staging.mine (a String) ENGINE = File('CSV', '/tmp/mine.csv')",
    "SELECT count() FROM system.users",
]
CONST = sorted(
    str(element.tag)
    for element in etree.parse(users.USERS_FILE).iterfind("profiles/reader/constraints/*")
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the warehouse that the loader fills in the first test of this module."""
    return tmp_path_factory.mktemp("rights")


def refused(warehouse: Warehouse, statement: str) -> int | None:
    """The code with which the server refuses a statement; fails where it doesn't."""
    with pytest.raises(DatabaseError) as caught:
        warehouse.client.command(statement)
    return caught.value.code


@pytest.fixture(scope="module")
def loaded(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same folder, filled by the user ``loader`` with a month of all sources; marts are built."""
    inbox = tmp_path_factory.mktemp("inbox")
    write_inbox(inbox, date(2024, 3, 1), date(2024, 3, 31))
    with pytest.MonkeyPatch.context() as patch:
        from municipal_indicators.sources.metrica import client as client_module
        from tests.emulators.metrica import Counter, Settings
        from tests.sources.metrica.conftest import SITE, TOKEN, connect

        patch.setenv("AIRFLOW_VAR_INBOX", str(inbox))
        patch.setenv("AIRFLOW_VAR_ARCHIVE", str(folder / "archive"))
        patch.setattr(client_module, "FIRST_PAUSE_SECONDS", 0.01)
        patch.setattr("municipal_indicators.sources.metrica.rate_limit.RATES", ())
        counters = [Counter(SITE)]
        with (
            MetricaEmulator(counters, {TOKEN: None}, settings=Settings(polls=0)) as emulator,
            serving(folder / "warehouse", "loader"),
        ):
            connect(emulator, patch)
            assert pipeline.load("metrica") == 1
            for source in pipeline.FILE_SOURCES:
                assert pipeline.load(source) > 0
            rows = pipeline.build()
            for mart in ("indicators_monthly", "site_audience", "smev_requests_daily"):
                assert rows[f"marts.{mart}"] > 0
            with open_warehouse() as opened:
                for statement in FORBIDDEN_TO_LOADER:
                    assert refused(opened, statement) == DENIED, statement
    users.own_views(folder / "warehouse")
    return folder


def test_the_whole_pipeline_needs_no_right_beyond_the_loaders(loaded: Path) -> None:
    """The fixture is the proof: schema, all sources, marts, checks and sweeping ran as ``loader``."""
    assert (loaded / "archive").is_dir()


def test_a_district_needs_the_rights_that_the_page_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passport = (settings.REPOSITORY / "tests" / "passport.yaml").read_text(encoding="utf-8")
    folder = tmp_path / "programmes"
    folder.mkdir()
    (folder / "mtsensk.yaml").write_text(passport, encoding="utf-8")
    with serving(tmp_path / "warehouse", "loader", grants=rights("loader")):
        monkeypatch.setenv(settings.PASSPORT_VARIABLE, str(folder))
        monkeypatch.setenv(settings.DISTRICT_VARIABLE, "mtsensk")
        with open_warehouse() as opened:
            schema.apply_schema(opened)
            # Where `bi` begins by the file of users; a region names its own database there.
            opened.client.command("CREATE DATABASE marts")
        pipeline.build()
    with (
        serving(tmp_path / "warehouse", "bi", grants=rights("bi")),
        open_warehouse() as opened,
    ):
        assert opened.value("SELECT count() FROM region.indicators_monthly") == 0
        assert refused(opened, "SELECT count() FROM mtsensk_core.site_visits") == DENIED


@pytest.mark.parametrize("reader", ["bi", "auditor"])
def test_readers_read_their_databases_and_nothing_else(loaded: Path, reader: str) -> None:
    with serving(loaded / "warehouse", reader), open_warehouse() as opened:
        marts = [
            name if name != "indicators_as_of" else f"{name}(day = today())"
            for (name,) in opened.rows("SHOW TABLES FROM marts")
        ]
        assert len(marts) > 15
        for mart in marts:
            assert opened.value(f"SELECT count() FROM marts.{mart}") >= 0
        assert opened.value("SELECT count() FROM marts.indicators_monthly") > 0
        for statement in FORBIDDEN_TO_READERS:
            assert refused(opened, statement) in {DENIED, 164}, statement
        visible = {name for (name,) in opened.rows("SELECT name FROM system.databases")}
        if reader == "auditor":
            assert visible == {"marts", "mart_rows", "ops"}
            assert opened.value("SELECT count() FROM ops.loads") > 0
            assert opened.value("SELECT count() FROM ops.quarantine") >= 0
            assert refused(opened, "TRUNCATE TABLE ops.load_events") == DENIED
        else:
            assert visible == {"marts", "mart_rows", "ops"}
            # Of the ledgers only what says which build the marts show.
            assert opened.rows("SHOW TABLES FROM ops") == [("mart_builds",), ("published_marts",)]
            assert refused(opened, "SELECT count() FROM ops.loads") == DENIED
        # A mart's definition is no secret; what fills it, in other databases, is not shown by it.
        assert "core." not in str(opened.value("SHOW CREATE TABLE marts.indicators_monthly"))


def test_limits_of_readers_cannot_be_lifted(loaded: Path) -> None:
    with serving(loaded / "warehouse", "bi"), open_warehouse() as opened:
        assert len(CONST) > 10
        names = ", ".join(f"'{name}'" for name in CONST)
        now = f"SELECT name, value FROM system.settings WHERE name IN ({names}) ORDER BY name"
        before = opened.rows(now)
        assert [name for name, _ in before] == CONST
        for name, value in before:
            for other in ("0", "DEFAULT", "1000000000000"):
                # What is set to the value that it has is not refused, and changes nothing.
                with suppress(DatabaseError):
                    opened.client.command(f"SET {name} = {other}")
            other = "'break'" if name.endswith("_mode") else str(int(value) + 1)
            assert refused(opened, f"SELECT 1 SETTINGS {name} = {other}") is not None, name
        assert opened.rows(now) == before
        for value in ("0", "1", "DEFAULT"):
            assert refused(opened, f"SET readonly = {value}") == 164
        # What clients send with each query passes all the same.
        settings = {
            "max_block_size": 1000,
            "session_timezone": "Europe/Moscow",
            "log_comment": "BI",
        }
        assert opened.client.query("SELECT 1", settings=settings).result_rows == [(1,)]


def test_limits_of_readers_bite(loaded: Path) -> None:
    limits = {
        "max_execution_time": "1",
        "max_rows_to_read": "1000000",
        # The client itself reads all settings, some 1,900 rows, when it connects.
        "max_result_rows": "5000",
        "max_memory_usage": "30000000",
    }
    with serving(loaded / "warehouse", "bi", limits=limits), open_warehouse() as opened:
        assert refused(opened, "SELECT count() FROM numbers(2000000)") == 158
        assert refused(opened, "SELECT * FROM numbers(6000)") == 396
        memory = (
            "SELECT length(groupArray(toString(number) || repeat('x', 100))) FROM numbers(900000)"
        )
        assert refused(opened, memory) == 241
        slow = "SELECT sum(sleepEachRow(0.1)) FROM numbers(100) SETTINGS max_block_size = 1"
        assert refused(opened, slow) == 159


def test_a_read_only_user_in_the_connection_is_reported(loaded: Path) -> None:
    with (
        serving(loaded / "warehouse", "bi") as front,
        open_warehouse() as opened,
        pytest.raises(WarehouseAccessError) as caught,
    ):
        opened.insert("marts.data_freshness", ["source"], [["a"]])
    said = str(caught.value)
    assert f"'bi' подключения clickhouse_default (127.0.0.1:{front.port})" in said
    assert "роли loader из deploy/clickhouse/users.d/municipal.xml" in said
    assert PASSWORD not in said


def test_the_file_is_taken_by_a_server_as_it_is(tmp_path: Path) -> None:
    """Merged into the image's users.xml, with passwords from the environment."""
    config = users.write_config(tmp_path, users.IMAGE_USERS)
    (tmp_path / "users.d").mkdir()
    shutil.copy(users.USERS_FILE, tmp_path / "users.d")
    names = users.names()
    assert names == ["loader", "bi", "auditor"]
    passwords = {f"CLICKHOUSE_{name.upper()}_PASSWORD": PASSWORD for name in names}
    text = users.USERS_FILE.read_text(encoding="utf-8")
    assert re.findall(r'<password from_env="(\w+)"/>', text) == list(passwords)
    code = (
        "import chdb, sys\n"
        "engine = chdb.connect(sys.argv[1])\n"
        "names = 'SELECT arraySort(groupArray(name)) FROM system.'\n"
        "hosts = 'SELECT name, host_ip, host_names FROM system.users ORDER BY name'\n"
        "for query in (names + 'users', names + 'roles', names + 'quotas', hosts):\n"
        "    print(engine.query(query, 'TSV').bytes().decode())\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, f"{tmp_path / 'warehouse'}?config-file={config}"],
        env={**os.environ, **passwords},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "['auditor','bi','default','loader']" in done.stdout, done.stderr
    assert "['auditor','bi','loader']" in done.stdout
    assert "default\t[]\t['localhost']" in done.stdout
    assert re.search(r"bi\t\['10.0.0.0/8',.*'fc00::/7'\]", done.stdout)
    assert PASSWORD not in done.stdout


@pytest.mark.parametrize(
    ("user", "password"), [("loader", "wrong"), ("bi", PASSWORD), ("nobody", "")]
)
def test_only_the_right_login_is_let_in(
    front: ClickHouseFront, user: str, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = ClickHouseFront(front.path, user, password=password, port=front.port)
    monkeypatch.setenv("AIRFLOW_CONN_CLICKHOUSE_DEFAULT", connection.connection())
    with pytest.raises(WarehouseAccessError) as caught, open_warehouse():
        pass
    said = str(caught.value)
    assert f"clickhouse_default (127.0.0.1:{front.port}) не принимает логин '{user}'" in said
    assert "исправьте логин и пароль" in said
    assert "wrong" not in said
    assert PASSWORD not in said
