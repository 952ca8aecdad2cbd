"""The emulated Metrica API behind the connection ``metrica_default``, reset for each test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date

import pytest

from municipal_indicators.sources.metrica import client as client_module
from municipal_indicators.sources.metrica.api_models import LogQuery
from municipal_indicators.sources.metrica.client import MetricaClient
from municipal_indicators.sources.metrica.fields import load_fields
from municipal_indicators.sources.metrica.hook import MetricaHook
from tests.emulators.metrica import Counter, MetricaEmulator, Settings

SITE = 12345678
FAR_SITE = 87654321
TOKEN = "y0_a-token-that-only-tests-know"
FIRST, LAST = date(2024, 3, 1), date(2024, 3, 3)


@pytest.fixture(scope="session")
def running_emulator() -> Iterator[MetricaEmulator]:
    counters = [Counter(SITE), Counter(FAR_SITE, time_zone="Asia/Vladivostok")]
    with MetricaEmulator(counters, {TOKEN: None}) as emulator:
        yield emulator


@pytest.fixture
def emulator(running_emulator: MetricaEmulator, monkeypatch: pytest.MonkeyPatch) -> MetricaEmulator:
    """The emulator, reset; requests are processed at the second poll."""
    running_emulator.reset(Settings(polls=0))
    connect(running_emulator, monkeypatch)
    monkeypatch.setattr(client_module, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("municipal_indicators.sources.metrica.rate_limit.RATES", ())
    return running_emulator


@pytest.fixture
def client(emulator: MetricaEmulator) -> MetricaClient:
    return MetricaHook().get_conn()


def connect(
    emulator: MetricaEmulator, monkeypatch: pytest.MonkeyPatch, *, token: str = TOKEN
) -> None:
    """Point ``metrica_default`` at the emulator."""
    connection = {
        "conn_type": "metrica",
        "schema": "http",
        "host": "127.0.0.1",
        "port": emulator.port,
        "password": token,
    }
    monkeypatch.setenv("AIRFLOW_CONN_METRICA_DEFAULT", json.dumps(connection))


def log_query(first: date = FIRST, last: date = LAST, counter_id: int = SITE) -> LogQuery:
    """A query for all our fields of visits on these counter days."""
    return LogQuery(counter_id=counter_id, date1=first, date2=last, fields=load_fields().names)
