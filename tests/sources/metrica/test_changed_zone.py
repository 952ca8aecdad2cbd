"""A counter's time zone is changed: no hour is lost, none is counted twice, and the edge is told."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from municipal_indicators.marts.build import build_marts
from municipal_indicators.marts.publishing import publish_marts
from municipal_indicators.reference.passport import load_passport
from municipal_indicators.sources.metrica import trigger
from municipal_indicators.sources.metrica.client import MetricaClient
from municipal_indicators.warehouse.client import Warehouse
from tests.emulators.metrica import MetricaEmulator
from tests.sources.metrica.conftest import SITE, log_query
from tests.sources.metrica.site_loads import MOSCOW, record, run_all

YEKATERINBURG = "Asia/Yekaterinburg"
DIRECTIONS = [(YEKATERINBURG, MOSCOW), (MOSCOW, YEKATERINBURG)]
FIRST, LAST = date(2024, 3, 1), date(2024, 3, 9)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trigger, "FIRST_WAIT_SECONDS", 0.01)


def true_days(emulator: MetricaEmulator) -> dict[date, int]:
    """Visits of each programme day, whatever the counter's zone."""
    zone = emulator.counters[SITE].zone
    found = emulator.visits(SITE, FIRST - timedelta(days=2), LAST + timedelta(days=2))
    days = Counter(visit.instant(zone).astimezone(ZoneInfo(MOSCOW)).date() for visit in found)
    return {day: count for day, count in days.items() if FIRST <= day <= LAST}


def shown_days(warehouse: Warehouse) -> dict[date, int]:
    built = build_marts(warehouse, load_passport(), only=["site_audience"])
    publish_marts(warehouse, built.id)
    rows = warehouse.rows(
        "SELECT period_start, visits FROM marts.site_audience WHERE grain = 'day' ORDER BY 1"
    )
    return {day: count for day, count in rows if FIRST <= day <= LAST}


@pytest.mark.parametrize(("before", "after"), DIRECTIONS)
@pytest.mark.parametrize("first_after", ["2024-03-06", "2024-03-04"])
def test_the_days_go_on_without_a_hole_and_without_a_double(
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    before: str,
    after: str,
    first_after: str,
) -> None:
    emulator.move(SITE, before)
    run_all("before", str(FIRST), "2024-03-05")
    emulator.move(SITE, after)
    run_all("after", first_after, str(LAST))
    assert shown_days(warehouse) == true_days(emulator)


@pytest.mark.parametrize(("before", "after"), DIRECTIONS)
def test_history_is_loaded_on_after_the_change(
    emulator: MetricaEmulator, warehouse: Warehouse, before: str, after: str
) -> None:
    emulator.move(SITE, before)
    run_all("before", "2024-03-05", str(LAST))
    emulator.move(SITE, after)
    run_all("after", str(FIRST), "2024-03-04")
    assert shown_days(warehouse) == true_days(emulator)


@pytest.mark.parametrize(("before", "after"), DIRECTIONS)
def test_the_plan_names_counter_zones_and_edge_and_orders_it_once(
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    caplog: pytest.LogCaptureFixture,
    before: str,
    after: str,
) -> None:
    caplog.set_level("INFO")
    emulator.move(SITE, before)
    run_all("before", str(FIRST), "2024-03-05")
    assert "time zone" not in caplog.text
    emulator.move(SITE, after)
    edge = warehouse.value("SELECT max(counter_day) FROM core.site_days")
    after_edge = edge + timedelta(days=1)
    (plan,) = run_all("after", str(after_edge), str(LAST))
    assert plan["spans"][0][0] == str(edge)
    told = f"Site {SITE} "
    message = next(one for one in caplog.messages if "time zone" in one)
    assert all(part in message for part in (told, before, after, str(edge)))
    (plan,) = run_all("once more", str(after_edge), str(LAST))
    assert plan["spans"][0][0] == str(after_edge)


def test_a_request_from_before_the_change_is_not_loaded_by_the_new_zone(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    emulator.move(SITE, YEKATERINBURG)
    run_all("before", str(FIRST), "2024-03-05")
    wanted = log_query(date(2024, 3, 7), LAST)
    left = client.create(wanted)
    assert left
    client.log_request(SITE, left.request_id)
    record(warehouse, "killed", "ordered", wanted, left.request_id, datetime.now(UTC))
    emulator.move(SITE, MOSCOW)
    run_all("after", "2024-03-07", str(LAST))
    assert shown_days(warehouse) == true_days(emulator)


def test_nights_go_on_and_all_days_settle(
    emulator: MetricaEmulator, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator.move(SITE, YEKATERINBURG)
    for night in range(5, 16):
        moment = datetime(2024, 3, night, 1, tzinfo=UTC)
        monkeypatch.setattr(emulator, "clock", lambda at=moment: at)
        for module in ("run_planning", "log_requests"):
            monkeypatch.setattr(
                f"municipal_indicators.sources.metrica.{module}.datetime", _clock(moment)
            )
        if night == 10:
            emulator.move(SITE, MOSCOW)
        run_all(f"night {night}", at=moment, fill_gaps=True)
    monkeypatch.setattr(emulator, "clock", lambda: datetime(2024, 4, 1, tzinfo=UTC))
    assert shown_days(warehouse) == true_days(emulator)
    assert (
        warehouse.rows(
            "SELECT period_start FROM marts.site_audience WHERE grain = 'day' AND NOT is_settled "
            "AND period_start <= '2024-03-11' ORDER BY 1"
        )
        == []
    )


def _clock(moment: datetime) -> type[datetime]:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return moment

    return Clock
