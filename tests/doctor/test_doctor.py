"""The examination says of each matter whether it is well, and how to mend it where it is not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete

from municipal_indicators.doctor.examination import Finding, examine
from municipal_indicators.warehouse.client import Warehouse
from tests.emulators.metrica import MetricaEmulator
from tests.sources.metrica.conftest import connect, emulator, running_emulator

__all__ = ["emulator", "running_emulator"]


@pytest.fixture
def pool(airflow_database: None) -> Iterator[None]:
    """The pool that the installation asks for."""
    from airflow.models.pool import Pool
    from airflow.utils.session import create_session

    Pool.create_or_update_pool("warehouse", 1, "", include_deferred=False)
    yield
    with create_session() as session:
        session.execute(delete(Pool).where(Pool.pool == "warehouse"))


@pytest.fixture
def whole(
    pool: None,
    warehouse: Warehouse,
    emulator: MetricaEmulator,
    places: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """An installation with all that it needs; returns the folder of its folders."""
    monkeypatch.setenv("AIRFLOW_VAR_LANDING", str(places / "landing"))
    monkeypatch.setenv("AIRFLOW_VAR_REPORT", str(places / "report.html"))
    monkeypatch.setenv("AIRFLOW_VAR_NOTIFY_EMAIL", "engineer@example.org")
    return places


def found() -> dict[str, Finding]:
    return {finding.subject: finding for finding in examine()}


def test_a_whole_installation_is_well_and_nothing_is_left_behind(
    whole: Path, warehouse: Warehouse
) -> None:
    findings = found()
    assert {name: one.state for name, one in findings.items()} == dict.fromkeys(findings, "ok")
    assert "12345678 (Europe/Moscow)" in findings["Метрика"].text
    assert re.search("встроенный в|сервер", findings["хранилище"].text)
    assert warehouse.rows("SELECT name FROM system.tables WHERE name LIKE 'doctor%'") == []
    assert not [path for path in whole.rglob("*") if path.name.startswith(".doctor")]


def test_each_thing_that_is_missing_is_named_with_its_remedy(
    whole: Path, emulator: MetricaEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.models.pool import Pool
    from airflow.utils.session import create_session

    with create_session() as session:
        session.execute(delete(Pool).where(Pool.pool == "warehouse"))
    (whole / "inbox").rmdir()
    (whole / "archive").rmdir()
    (whole / "archive").write_text("a file where the folder should be")
    passport = whole / "programme.yaml"
    passport.write_text("programme: П\n", encoding="utf-8")
    monkeypatch.setenv("AIRFLOW_VAR_PROGRAMME_PASSPORT", str(passport))
    monkeypatch.delenv("AIRFLOW_VAR_NOTIFY_EMAIL")
    findings = found()
    told = {name: one.text for name, one in findings.items() if one.state != "ok"}
    assert "airflow pools set warehouse 1" in told["Airflow"]
    assert "programme.yaml:1: first_year: отсутствует" in told["паспорт"]
    assert "переменной Airflow inbox" in told["папка приёма"]
    assert "переменной Airflow archive" in told["архив"]
    assert findings["сообщения"].state == "warn"
    assert findings["хранилище"].state == "ok"


def test_metrica_that_refuses_and_a_warehouse_that_is_not_set(
    whole: Path, emulator: MetricaEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(emulator, monkeypatch, token="y0_a-token-of-nobody")
    server = {"conn_type": "clickhouse", "host": "127.0.0.1", "port": 1}
    monkeypatch.setenv("AIRFLOW_CONN_CLICKHOUSE_DEFAULT", json.dumps(server))
    findings = found()
    assert findings["Метрика"].state == findings["хранилище"].state == "fail"
    assert "токен" in findings["Метрика"].text
    assert "y0_a-token-of-nobody" not in findings["Метрика"].text
    assert "не ответил" in findings["хранилище"].text
