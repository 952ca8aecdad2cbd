"""The ledger: one insert publishes, counts must balance, a killed attempt is reported and taken over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from municipal_indicators.errors import UnbalancedLoadError
from municipal_indicators.warehouse import load_ledger
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
from municipal_indicators.warehouse.templates import render

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
    with pytest.raises(
        UnbalancedLoadError, match=r"1/2024-03-06: получено строк 10, а загружено 7"
    ):
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


@pytest.fixture
def ahead(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The clock of the ledger a year ahead; ``undo()`` puts it right."""
    wrong = datetime.now(UTC) + timedelta(days=365)
    monkeypatch.setattr(load_ledger, "now", lambda: wrong)
    return monkeypatch


def test_a_clock_that_was_ahead_pins_no_version(
    warehouse: Warehouse, ahead: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (old,) = begin_loads(warehouse, [DAY])
    publish_loads(warehouse, [(old, LoadCounts(1, 1), "")])
    ahead.undo()
    new, other = begin_loads(warehouse, [DAY, NEXT_DAY])
    publish_loads(warehouse, [(new, LoadCounts(2, 2), ""), (other, LoadCounts(1, 1), "")])
    assert published_loads(warehouse, "metrica")[DAY.key] == new.load_id
    assert "metrica 1/2024-03-05: its last event has the time" in caplog.text
    # The others have their own time.
    other_at = "SELECT max(at) < now64(6) + INTERVAL 1 DAY FROM ops.load_events WHERE unit_key = {key:String}"
    assert warehouse.value(other_at, {"key": NEXT_DAY.key}) == 1
    withdraw_units(warehouse, "metrica", [DAY.key], "wrong counter")
    assert set(published_loads(warehouse, "metrica")) == {NEXT_DAY.key}


def test_an_attempt_that_a_clock_ahead_left_running_is_taken_over(
    warehouse: Warehouse, ahead: pytest.MonkeyPatch
) -> None:
    begin_loads(warehouse, [DAY])
    ahead.undo()
    (load,) = begin_loads(warehouse, [DAY])
    publish_loads(warehouse, [(load, LoadCounts(), "")])
    assert sorted(str(row[0]) for row in _loads(warehouse)) == ["failed", "published"]


def test_times_that_lie_ahead_are_told(warehouse: Warehouse, ahead: pytest.MonkeyPatch) -> None:
    check = render("checks/no_time_lies_ahead.sql")
    begin_loads(warehouse, [DAY])
    ahead.undo()
    begin_loads(warehouse, [NEXT_DAY])
    assert [row[:2] for row in warehouse.rows(check)] == [("metrica", "1/2024-03-05")]
