"""The emulator that all tests of this folder ask: one server, reset before each test."""

from collections.abc import Iterator

import pytest

from tests.emulators.metrica import (
    Counter,
    MetricaEmulator,
    Settings,
)
from tests.emulators.test_metrica.client import ELSEWHERE, FOREIGN, TODAY, TOWN, Api


@pytest.fixture(scope="module")
def server() -> Iterator[MetricaEmulator]:
    counters = [
        Counter(TOWN),
        Counter(ELSEWHERE, "Сайт в другой зоне", "Asia/Vladivostok", "port.example"),
        Counter(FOREIGN, "Чужой сайт"),
    ]
    tokens = {"town": [TOWN, ELSEWHERE], "all": None}
    with MetricaEmulator(counters, tokens, today=TODAY) as running:
        yield running


@pytest.fixture
def api(server: MetricaEmulator) -> Iterator[Api]:
    server.reset(Settings(polls=1))
    server.today = TODAY
    client = Api(server)
    yield client
    client.session.close()
