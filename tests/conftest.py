"""What all tests share: one Airflow home and one embedded warehouse, emptied for each test."""

from __future__ import annotations

import gc
import json
import os
import re
import shutil
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from municipal_indicators.warehouse.client import Warehouse

REPOSITORY = Path(__file__).resolve().parents[1]
# Where there is room for it in memory: the engine makes and deletes thousands of small files.
MEMORY, ROOM = "/dev/shm", 6 << 30
if "TMPDIR" not in os.environ and Path(MEMORY).is_dir():
    may_run_programs = not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC
    if may_run_programs and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ["TMPDIR"] = tempfile.tempdir = MEMORY
_HOME = Path(tempfile.mkdtemp(prefix="municipal-tests-"))
# The same tests a second time over HTTP: 1 takes our own front, as the user `loader` of
# deploy/clickhouse/users.d; else the Airflow connection of a server, as JSON or URI.
SERVER = os.environ.get("MUNICIPAL_TESTS_SERVER", "")
OWN_FRONT = "1"
CLAIM = "ops.server_of_tests"
DATABASES = (
    "staging",
    "core",
    "intermediate",
    "reference",
    "mart_rows",
    "marts",
    "marts_next",
    "ops",
)
WAREHOUSES = {"warehouse", "module_warehouse"}
# One test reads a database of its own; the right to it is no part of the role loader.
OWN_DATABASE = "GRANT CREATE, DROP, SELECT, INSERT ON probe.*"
# What is run then: loads, ledgers, kills, a full build and a file of each source. Left out is what
# proves how files are read and numbers are defined, by the same statements.
OVER_HTTP = re.compile(
    r"tests/sources/metrica/test_(hits|killed|log_load|log_requests|reconciliation"
    r"|request_ledger|run_planning|runs|site_load)"
    r"|tests/sources/(gosuslugi|smev)/test_files|tests/sources/registers/"
    r"|tests/(warehouse/test_|inbox/test_load_again|marts/test_(build|checks|money))"
)
# A file is one worker's: the longest first, so that none ends long after all others. As measured.
LONGEST_FIRST = (
    "kills/test_kills.py",
    "end_to_end/test_end_to_end.py",
    "bi/test_superset.py",
    "production/test_airflow_services.py",
    "airflow_ui/test_walk.py",
    "end_to_end/test_worlds.py",
    "bench/test_all.py",
    "dags/test_build_indicator_marts.py",
    "sources/gosuslugi/test_fence.py",
    "sources/smev/test_subsets.py",
    "warehouse/server/test_faults.py",
    "watch/test_watch_the_morning.py",
    "production/test_backups.py",
    "dags/test_load_metrica_visits.py",
    "sources/metrica/test_runs.py",
    "sources/metrica/test_killed.py",
)

# The environment of a container may forbid it; each process that tests start would compile all again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Airflow reads its environment when it is first imported, which is before any fixture runs.
os.environ.update(
    {
        "AIRFLOW_HOME": str(_HOME / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
        "AIRFLOW_CONN_CLICKHOUSE_DEFAULT": json.dumps(
            {
                "conn_type": "clickhouse",
                "schema": "default",
                "extra": {"client_kwargs": {"interface": "chdb", "path": str(_HOME / "warehouse")}},
            }
        ),
        "AIRFLOW_VAR_PERSONAL_DATA_KEY": "a-key-that-only-tests-know",
        # What a user edits, programme.yaml and reference/, is nothing that tests depend on.
        "AIRFLOW_VAR_PROGRAMME_PASSPORT": str(REPOSITORY / "tests" / "passport.yaml"),
        "MUNICIPAL_REFERENCE": str(REPOSITORY / "tests" / "lists"),
        "AIRFLOW_VAR_INBOX": str(_HOME / "inbox"),
        "AIRFLOW_VAR_ARCHIVE": str(_HOME / "archive"),
    }
)


def pytest_configure(config: pytest.Config) -> None:
    """Refuse two workers over one server: each empties the tables of the other."""
    if SERVER not in ("", OWN_FRONT) and (config.getoption("numprocesses", None) or 0) > 1:
        raise pytest.UsageError(
            "MUNICIPAL_TESTS_SERVER names one server for one process: add --numprocesses 0"
        )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest files first; over HTTP only what asks the warehouse anything."""
    if SERVER:
        chosen = [
            item
            for item in items
            if WAREHOUSES & set(getattr(item, "fixturenames", ()))
            and OVER_HTTP.search(item.path.as_posix())
        ]
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen
    items.sort(key=lambda item: _place(item.path.as_posix()))


def pytest_collection_finish() -> None:
    """What is imported by now stays: the collector of garbage need not look at it again and again."""
    gc.collect()
    gc.freeze()


def _place(path: str) -> int:
    return next(
        (place for place, name in enumerate(LONGEST_FIRST) if path.endswith(name)),
        len(LONGEST_FIRST),
    )


@pytest.fixture(scope="session", autouse=True)
def _remove_home() -> Iterator[None]:
    yield
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def _server(_remove_home: None) -> Iterator[None]:
    """What is behind ``clickhouse_default`` where the tests run over HTTP."""
    if not SERVER:
        yield
    elif SERVER == OWN_FRONT:
        from tests.emulators.clickhouse import ClickHouseFront

        password = uuid.uuid4().hex
        with ClickHouseFront(
            _HOME / "warehouse", "loader", password=password, grants=[OWN_DATABASE]
        ) as front:
            os.environ["AIRFLOW_CONN_CLICKHOUSE_DEFAULT"] = front.connection()
            yield
    else:
        os.environ["AIRFLOW_CONN_CLICKHOUSE_DEFAULT"] = SERVER
        if refusal := claim_server():
            pytest.exit(refusal, returncode=pytest.ExitCode.USAGE_ERROR)
        yield


@pytest.fixture(autouse=True)
def _own_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICA_RATE_LIMIT_FOLDER", str(_HOME / "rate-limit" / uuid.uuid4().hex))


class _Engine:
    """Keeps the embedded engine open between tests: opening it takes longer than most of them."""

    client: Client | None = None

    def keep(self) -> None:
        from municipal_indicators.warehouse.client import _hook

        self.client = self.client or _hook().get_client()

    def free(self) -> None:
        """Let go, as far as this is what holds it."""
        if self.client:
            self.client.close()
            self.client = None


@pytest.fixture(scope="session")
def _engine(_server: None) -> Iterator[_Engine]:
    engine = _Engine()
    yield engine
    engine.free()


@pytest.fixture(autouse=True)
def _kept_engine(request: pytest.FixtureRequest, _engine: _Engine) -> None:
    """Free the engine for tests whose other processes or other configuration need it; see the marker."""
    if request.node.get_closest_marker("frees_engine"):
        _engine.free()
    elif WAREHOUSES & set(request.fixturenames) and not SERVER:
        _engine.keep()


@pytest.fixture
def warehouse(_kept_engine: None) -> Iterator[Warehouse]:
    """An open warehouse with the whole schema and no row; code under test may open it too."""
    with _emptied() as opened:
        yield opened


@pytest.fixture(scope="module")
def module_warehouse(_engine: _Engine) -> Iterator[Warehouse]:
    """The same for all tests of a module, which may not ask for ``warehouse`` beside it."""
    with _emptied() as opened:
        yield opened


@contextmanager
def _emptied() -> Iterator[Warehouse]:
    from municipal_indicators.warehouse.client import Warehouse, _hook

    client = _hook().get_client()
    opened = Warehouse(client)
    _update(opened)
    empty(opened)
    try:
        yield opened
    finally:
        client.close()


_updated: set[tuple[object, ...]] = set()


def _update(warehouse: Warehouse) -> None:
    """Apply the schema, unless nothing was applied since it was up to date with the same lists."""
    from municipal_indicators import settings
    from municipal_indicators.sources.schema import apply_schema

    def applied() -> tuple[object, ...]:
        state = "SELECT count(), max(applied_at) FROM ops.schema_migrations"
        return settings.REFERENCE, *warehouse.rows(state)[0]

    if not _updated or applied() not in _updated:
        apply_schema(warehouse)
        _updated.clear()
        _updated.add(applied())


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty ``inbox/`` and ``archive/`` below ``tmp_path``, and the Variables that point there."""
    for name in ("inbox", "archive"):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(f"AIRFLOW_VAR_{name.upper()}", str(tmp_path / name))
    return tmp_path


@pytest.fixture
def shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The passport and the lists that the repository ships, for tests of these files."""
    from municipal_indicators import settings

    monkeypatch.setattr(settings, "REFERENCE", REPOSITORY / "reference")
    monkeypatch.setenv("AIRFLOW_VAR_PROGRAMME_PASSPORT", str(REPOSITORY / "programme.yaml"))


@pytest.fixture(scope="session")
def airflow_database() -> None:
    """Airflow's metadata tables, for tests that run DAGs."""
    from airflow.utils.db import initdb

    initdb()


def claim_server() -> str:
    """Mark an empty server as ours; why not, where its tables are not of a run before."""
    from municipal_indicators.warehouse.client import open_warehouse

    with open_warehouse() as warehouse:
        found = {
            row[0]
            for row in warehouse.rows(
                "SELECT database || '.' || name FROM system.tables WHERE database IN {ours:Array(String)}",
                {"ours": list(DATABASES)},
            )
        }
        if found and CLAIM not in found:
            return (
                f"The server of MUNICIPAL_TESTS_SERVER holds {len(found)} tables that no test made, "
                f"such as {min(found)}. Tests empty the databases {', '.join(DATABASES)}: "
                "name a server that has none of them."
            )
        warehouse.command("CREATE DATABASE IF NOT EXISTS ops")
        warehouse.command(
            f"CREATE TABLE IF NOT EXISTS {CLAIM} (a UInt8) ENGINE = MergeTree ORDER BY a "
            "COMMENT 'Этот сервер отдан тестам: они стирают его таблицы'"
        )
    return ""


def empty(warehouse: Warehouse) -> None:
    """Empty all stored tables."""
    tables = warehouse.rows(
        """
        SELECT database || '.' || name FROM system.tables
        WHERE database IN ('core', 'intermediate', 'reference', 'mart_rows', 'ops')
          AND engine LIKE '%MergeTree' AND total_rows > 0
          AND name != 'schema_migrations'
        """
    )
    for (table,) in tables:
        warehouse.command(f"TRUNCATE TABLE {table}")
