"""The ledger: one insert publishes, counts must balance, a killed attempt is reported and taken over."""

from __future__ import annotations

import pytest

from municipal_indicators.errors import UnbalancedLoadError
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

DAY = Unit("metrica", "1/2024-03-05", "1/2024-03-05")
NEXT_DAY = Unit("metrica", "1/2024-03-06", "1/2024-03-06")


def _loads(warehouse: Warehouse) -> list[tuple[object, ...]]:
    return warehouse.rows(
        "SELECT status, delivered, finished_at IS NULL FROM ops.loads ORDER BY started_at, status"
    )


def test_attempt_is_invisible_until_published(warehouse: Warehouse) -> None:
    (load,) = begin_loads(warehouse, [DAY])
    assert published_loads(warehouse, "metrica") == {}
    assert _loads(warehouse) == [("running", 0, True)]
    publish_loads(warehouse, [(load, LoadCounts(10, 7, 2, 1), "")])
    assert published_loads(warehouse, "metrica") == {DAY.key: load.load_id}
    assert _loads(warehouse) == [("published", 10, False)]


def test_unbalanced_counts_publish_nothing(warehouse: Warehouse) -> None:
    first, second = begin_loads(warehouse, [DAY, NEXT_DAY])
    with pytest.raises(UnbalancedLoadError, match=r"1/2024-03-06: 10 rows delivered, but 7 loaded"):
        publish_loads(
            warehouse, [(first, LoadCounts(1, 1), ""), (second, LoadCounts(10, 7, 1, 1), "")]
        )
    assert published_loads(warehouse, "metrica") == {}


def test_later_version_replaces_the_earlier(warehouse: Warehouse) -> None:
    (old,) = begin_loads(warehouse, [DAY])
    publish_loads(warehouse, [(old, LoadCounts(1, 1), "")])
    (new,) = begin_loads(warehouse, [DAY])
    assert published_loads(warehouse, "metrica") == {DAY.key: old.load_id}
    publish_loads(warehouse, [(new, LoadCounts(2, 2), "")])
    assert published_loads(warehouse, "metrica") == {DAY.key: new.load_id}


def test_failed_attempt_leaves_the_published_version(warehouse: Warehouse) -> None:
    (old,) = begin_loads(warehouse, [DAY])
    publish_loads(warehouse, [(old, LoadCounts(1, 1), "")])
    fail_loads(warehouse, begin_loads(warehouse, [DAY]), "part 1 ended early")
    assert published_loads(warehouse, "metrica") == {DAY.key: old.load_id}
    assert warehouse.rows("SELECT message FROM ops.loads WHERE status = 'failed'") == [
        ("part 1 ended early",)
    ]


def test_killed_attempt_is_taken_over(warehouse: Warehouse) -> None:
    begin_loads(warehouse, [DAY])
    (load,) = begin_loads(warehouse, [DAY])
    publish_loads(warehouse, [(load, LoadCounts(), "")])
    assert sorted(str(row[0]) for row in _loads(warehouse)) == ["failed", "published"]


def test_withdrawn_unit_is_seen_no_more_until_loaded_again(warehouse: Warehouse) -> None:
    loads = begin_loads(warehouse, [DAY, NEXT_DAY])
    publish_loads(warehouse, [(load, LoadCounts(3, 3), "") for load in loads])
    withdraw_units(warehouse, "metrica", [DAY.key], "wrong counter")
    assert set(published_loads(warehouse, "metrica")) == {NEXT_DAY.key}
    (again,) = begin_loads(warehouse, [DAY])
    publish_loads(warehouse, [(again, LoadCounts(3, 3), "")])
    assert set(published_loads(warehouse, "metrica")) == {DAY.key, NEXT_DAY.key}
