"""Sweeping: dead rows go after their time, what readers see never changes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from municipal_indicators.errors import ConfigurationError
from municipal_indicators.reference.passport import load_passport
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.load_ledger import (
    LoadCounts,
    Unit,
    begin_loads,
    fail_loads,
    publish_loads,
    published_loads,
    withdraw_units,
)
from municipal_indicators.warehouse.retention import sweep_ledgers, sweep_loads
from tests.marts.given import Given

WEEK = timedelta(days=7, minutes=1)
YEAR = timedelta(days=400, minutes=1)
LONG = timedelta(days=1100, minutes=1)
DAY = Unit("metrica", "1/2024-01-30", "1/2024-01-30")


def _stored(warehouse: Warehouse) -> tuple[int, int]:
    stored = warehouse.value("SELECT count() FROM core.metrica_visits")
    return stored, warehouse.value("SELECT count() FROM core.site_visits")


def test_failed_rows_go_after_a_week(warehouse: Warehouse) -> None:
    (load,) = begin_loads(warehouse, [Unit("metrica", "1/2024-01-30", "1/2024-01-30")])
    warehouse.insert(
        "core.metrica_visits", ["unit_key", "load_id"], [[load.unit.key, load.load_id]]
    )
    fail_loads(warehouse, [load], "part 1 ended early")
    assert sweep_loads(warehouse) == 0
    assert sweep_loads(warehouse, datetime.now(UTC) + WEEK) == 1
    assert _stored(warehouse) == (0, 0)
    assert warehouse.value("SELECT count() FROM ops.loads") == 1


def test_superseded_rows_are_kept_for_auditors(warehouse: Warehouse) -> None:
    given = Given(warehouse, load_passport())
    given.visits(date(2024, 1, 30), [{}, {}])
    given.visits(date(2024, 1, 30), [{}, {}, {}])
    assert sweep_loads(warehouse, datetime.now(UTC) + WEEK) == 0
    assert _stored(warehouse) == (5, 3)
    assert sweep_loads(warehouse, datetime.now(UTC) + YEAR) == 1
    assert _stored(warehouse) == (3, 3)


def test_a_dry_run_only_counts(warehouse: Warehouse) -> None:
    given = Given(warehouse, load_passport())
    given.visits(date(2024, 1, 30), [{}, {}])
    given.visits(date(2024, 1, 30), [{}, {}, {}])
    later = datetime.now(UTC) + LONG
    assert sweep_loads(warehouse, later, dry_run=True) == 1
    assert sweep_ledgers(warehouse, later, dry_run=True) > 0
    assert _stored(warehouse) == (5, 3)
    assert warehouse.value("SELECT uniqExact(load_id) FROM ops.load_events") == 2


def test_terms_are_variables(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    given = Given(warehouse, load_passport())
    given.visits(date(2024, 1, 30), [{}, {}])
    given.visits(date(2024, 1, 30), [{}, {}, {}])
    monkeypatch.setenv("AIRFLOW_VAR_KEEP_SUPERSEDED_DAYS", "30")
    assert sweep_loads(warehouse, datetime.now(UTC) + timedelta(days=31)) == 1
    monkeypatch.setenv("AIRFLOW_VAR_KEEP_SUPERSEDED_DAYS", "a year")
    with pytest.raises(ConfigurationError, match="keep_superseded_days"):
        sweep_loads(warehouse)


def test_the_ledger_forgets_what_is_not_published(warehouse: Warehouse) -> None:
    for _ in range(3):
        (load,) = begin_loads(warehouse, [DAY])
        publish_loads(warehouse, [(load, LoadCounts(1, 1), "")])
    gone = Unit("metrica", "1/2024-01-31", "1/2024-01-31")
    for _ in range(2):
        (other,) = begin_loads(warehouse, [gone])
        publish_loads(warehouse, [(other, LoadCounts(1, 1), "")])
    withdraw_units(warehouse, "metrica", [gone.key], "wrong counter")
    begin_loads(warehouse, [gone])
    assert sweep_ledgers(warehouse, datetime.now(UTC) + YEAR) == 0
    # Two versions with two entries, two with two and a withdrawal, and an attempt that was killed.
    assert sweep_ledgers(warehouse, datetime.now(UTC) + LONG) == 4 + 5 + 1
    assert published_loads(warehouse, "metrica") == {DAY.key: load.load_id}
    assert warehouse.value("SELECT count() FROM ops.load_events") == 2


def test_a_sweep_that_is_killed_publishes_nothing_again(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        (load,) = begin_loads(warehouse, [DAY])
        publish_loads(warehouse, [(load, LoadCounts(1, 1), "")])
    withdraw_units(warehouse, "metrica", [DAY.key], "wrong counter")

    class KilledError(Exception):
        pass

    real = Warehouse.command

    def first_only(self: Warehouse, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        real(self, sql, parameters)
        if sql.startswith("DELETE"):
            raise KilledError

    later = datetime.now(UTC) + LONG
    with monkeypatch.context() as patched:
        patched.setattr(Warehouse, "command", first_only)
        with pytest.raises(KilledError):
            sweep_ledgers(warehouse, later)
    assert published_loads(warehouse, "metrica") == {}
    assert sweep_ledgers(warehouse, later) == 1
    assert warehouse.value("SELECT count() FROM ops.load_events") == 0
