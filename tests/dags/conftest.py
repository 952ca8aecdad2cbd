"""The emulated Metrica API behind the connection ``metrica_default``, for runs of whole DAGs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from municipal_indicators.sources.metrica import client as client_module
from municipal_indicators.sources.metrica import trigger
from tests.emulators.metrica import Counter, MetricaEmulator, Settings
from tests.sources.metrica.conftest import FAR_SITE, SITE, TOKEN, connect


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[MetricaEmulator]:
    """A new emulator; each request has to be waited for once."""
    monkeypatch.setattr(client_module, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("municipal_indicators.sources.metrica.rate_limit.RATES", ())
    monkeypatch.setattr(trigger, "FIRST_WAIT_SECONDS", 0.05)
    counters = [Counter(SITE), Counter(FAR_SITE, time_zone="Asia/Vladivostok")]
    with MetricaEmulator(counters, {TOKEN: None}, settings=Settings(polls=1)) as running:
        connect(running, monkeypatch)
        yield running
