"""Sweeping: dead rows go after their time, what readers see never changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from municipal_indicators.reference.passport import load_passport
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.load_ledger import Unit, begin_loads, fail_loads
from municipal_indicators.warehouse.retention import FAILED_KEPT, SUPERSEDED_KEPT, sweep_loads
from tests.marts.given import Given

LATER = timedelta(minutes=1)


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
    assert sweep_loads(warehouse, datetime.now(UTC) + FAILED_KEPT + LATER) == 1
    assert _stored(warehouse) == (0, 0)
    assert warehouse.value("SELECT count() FROM ops.loads") == 1


def test_superseded_rows_are_kept_for_auditors(warehouse: Warehouse) -> None:
    given = Given(warehouse, load_passport())
    given.visits(date(2024, 1, 30), [{}, {}])
    given.visits(date(2024, 1, 30), [{}, {}, {}])
    assert sweep_loads(warehouse, datetime.now(UTC) + FAILED_KEPT + LATER) == 0
    assert _stored(warehouse) == (5, 3)
    assert sweep_loads(warehouse, datetime.now(UTC) + SUPERSEDED_KEPT + LATER) == 1
    assert _stored(warehouse) == (3, 3)
