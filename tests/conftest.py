"""What all tests share: one Airflow home and one embedded warehouse, emptied for each test."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from municipal_indicators.warehouse.client import Warehouse

REPOSITORY = Path(__file__).resolve().parents[1]
KEEPING = {"bi", "metrica", "marts", "gosuslugi", "registers", "smev", "spreadsheets"}
_HOME = Path(tempfile.mkdtemp(prefix="municipal-tests-"))
# The same tests a second time, over HTTP and as the user `loader` of deploy/clickhouse/users.d.
SERVER = os.environ.get("MUNICIPAL_TESTS_SERVER") == "1"
# What is run then: the statements of loads, builds and ledgers. Left out is what proves how files are
# read and numbers are defined, by the same statements.
OVER_HTTP = re.compile(
    r"tests/sources/(metrica|registers)/"
    r"|tests/marts/test_(money_and_freshness|services|service_quality|site)\.py"
    r"|tests/sources/gosuslugi/test_(applications|catalogue|files|removal)"
    r"|tests/sources/smev/test_(files|requests|rotation)"
    r"|tests/(warehouse/test_|inbox/test_load_again|marts/test_checks)"
)

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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest file first, so that it does not end long after all others beside it.

    Over HTTP only what asks the warehouse anything.
    """
    if SERVER:
        chosen = [
            item
            for item in items
            if "warehouse" in getattr(item, "fixturenames", ())
            and OVER_HTTP.search(item.path.as_posix())
        ]
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen
    items.sort(key=lambda item: "end_to_end" not in item.path.parts)


@pytest.fixture(scope="session", autouse=True)
def _remove_home() -> Iterator[None]:
    yield
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def _server(_remove_home: None) -> Iterator[None]:
    """The HTTP front behind ``clickhouse_default``, where the tests run over HTTP."""
    if not SERVER:
        yield
        return
    from tests.emulators.clickhouse import ClickHouseFront

    password = uuid.uuid4().hex
    own_database = "GRANT CREATE, DROP, SELECT, INSERT ON probe.*"
    with ClickHouseFront(
        _HOME / "warehouse", "loader", password=password, grants=[own_database]
    ) as front:
        os.environ["AIRFLOW_CONN_CLICKHOUSE_DEFAULT"] = front.connection()
        yield


@pytest.fixture(autouse=True)
def _own_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICA_RATE_LIMIT_FOLDER", str(_HOME / "rate-limit" / uuid.uuid4().hex))


@pytest.fixture(scope="module", autouse=True)
def _kept_engine(request: pytest.FixtureRequest, _server: None) -> Iterator[None]:
    """Keep the engine loaded between the tests of a module: opening it again takes longer than most tests.

    Only one process and one folder can have it, so that modules which start others do not keep it.
    """
    uses_it = any(
        item.path == request.path and "warehouse" in getattr(item, "fixturenames", ())
        for item in request.session.items
    )
    if SERVER or request.path.parent.name not in KEEPING or not uses_it:
        yield
        return
    from municipal_indicators.warehouse.client import _hook

    keeper = _hook().get_client()
    yield
    keeper.close()


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    """An open warehouse with the whole schema and no row; code under test may open it too."""
    from municipal_indicators.sources.schema import apply_schema
    from municipal_indicators.warehouse.client import Warehouse, _hook

    client = _hook().get_client()
    opened = Warehouse(client)
    apply_schema(opened)
    _empty(opened)
    try:
        yield opened
    finally:
        client.close()


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


def _empty(warehouse: Warehouse) -> None:
    tables = warehouse.rows(
        """
        SELECT database || '.' || name FROM system.tables
        WHERE database IN ('core', 'marts', 'ops') AND engine LIKE '%MergeTree' AND total_rows > 0
          AND name != 'schema_migrations'
        """
    )
    for (table,) in tables:
        warehouse.command(f"TRUNCATE TABLE {table}")
