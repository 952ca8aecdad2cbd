"""The warehouse as a server: an HTTP front in its own process, whose statements have a user's rights."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from municipal_indicators.warehouse.client import Warehouse, open_warehouse
from tests.emulators.clickhouse import ClickHouseFront
from tests.emulators.metrica import Counter, MetricaEmulator, Settings
from tests.sources.metrica.conftest import SITE, TOKEN, connect

PASSWORD = "a-password-that-no-log-may-show"
VARIABLE = "AIRFLOW_CONN_CLICKHOUSE_DEFAULT"


@contextmanager
def serving(path: Path, identity: str | None, **options: object) -> Iterator[ClickHouseFront]:
    """A front behind ``clickhouse_default``; the connection of before comes back at the end."""
    before = os.environ[VARIABLE]
    with ClickHouseFront(path, identity, password=PASSWORD, **options) as front:  # type: ignore[arg-type]
        os.environ[VARIABLE] = front.connection()
        try:
            yield front
        finally:
            os.environ[VARIABLE] = before


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseFront]:
    """A server with an empty warehouse that its user ``loader`` has made."""
    from municipal_indicators.sources.schema import apply_schema

    folder = tmp_path_factory.mktemp("server")
    with serving(folder / "warehouse", "loader") as running:
        with open_warehouse() as opened:
            apply_schema(opened)
        yield running


@pytest.fixture
def server(front: ClickHouseFront) -> Iterator[ClickHouseFront]:
    """The same without rows and ordered faults."""
    from tests.conftest import empty

    front.clear_faults()
    with open_warehouse() as opened:
        empty(opened)
    yield front
    front.clear_faults()


@pytest.fixture
def opened(server: ClickHouseFront) -> Iterator[Warehouse]:
    """An open warehouse over HTTP."""
    with open_warehouse() as warehouse:
        yield warehouse


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[MetricaEmulator]:
    """The Metrica API behind ``metrica_default``; requests are prepared at once."""
    from municipal_indicators.sources.metrica import client as client_module

    monkeypatch.setattr(client_module, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("municipal_indicators.sources.metrica.rate_limit.RATES", ())
    with MetricaEmulator([Counter(SITE)], {TOKEN: None}, settings=Settings(polls=0)) as running:
        connect(running, monkeypatch)
        yield running


@pytest.fixture
def unused_port() -> Iterator[int]:
    """A port of 127.0.0.1 that is taken, but where nothing is answered to."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield int(holder.getsockname()[1])
