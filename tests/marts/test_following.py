"""Random histories: marts that follow the change equal those that are counted anew.

``HISTORIES=1000`` tries so many; the default is what fits into every run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from municipal_indicators.marts.build import build_marts
from municipal_indicators.marts.publishing import publish_marts
from municipal_indicators.reference.passport import load_passport
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.load_ledger import withdraw_units
from tests.marts.given import COUNTER, NOW, Given

OTHER = 87654321
HISTORIES = int(os.environ.get("HISTORIES", "6"))
# At ends of weeks, months and years; the same days of the base year and of two others.
DAYS = [
    date(year, month, day)
    for year in (2022, 2023, 2024)
    for month, day in ((1, 1), (1, 2), (3, 3), (3, 4), (3, 31), (12, 31))
]
FOLLOWING = (
    "site_audience",
    "site_sources_monthly",
    "site_devices_monthly",
    "site_entry_pages_monthly",
    "site_pages_monthly",
    "metrica_reconciliation",
)
BETWEEN = ("first_visits", "base_visitors")
EMPTIED = (
    *(f"core.{name}" for name in ("metrica_visits", "metrica_hits", "metrica_days")),
    *("core.metrica_reported_days", "ops.load_events", "ops.mart_builds"),
    *(f"mart_rows.{mart}" for mart in FOLLOWING),
    *(f"intermediate.{table}" for table in BETWEEN),
)


@dataclass(frozen=True)
class Event:
    """Something that happens between two builds; ``number`` gives it its values."""

    kind: str
    counter: int
    day: date
    number: int
    zone: str = "Europe/Moscow"
    is_late: bool = False


events = st.builds(
    Event,
    kind=st.sampled_from(["visits", "visits", "visits", "hits", "withdrawn", "report", "passport"]),
    counter=st.sampled_from([COUNTER, OTHER]),
    day=st.sampled_from(DAYS),
    number=st.integers(0, 2**16 - 1),
    zone=st.sampled_from(["Europe/Moscow", "Europe/Moscow", "Asia/Krasnoyarsk"]),
    is_late=st.booleans(),
)
histories = st.lists(st.lists(events, min_size=1, max_size=6), min_size=2, max_size=4)


@settings(
    max_examples=HISTORIES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=histories)
def test_followed_marts_equal_those_counted_anew(
    warehouse: Warehouse, history: list[list[Event]]
) -> None:
    with _emptied(warehouse) as world:
        for between in history:
            for event in between:
                _happen(world, event)
            followed = _built(world)
        anew = _built(world, anew=True)
        assert followed == anew


def test_a_history_leaves_rows_to_compare(warehouse: Warehouse) -> None:
    with _emptied(warehouse) as world:
        for day in DAYS:
            _happen(world, Event("visits", COUNTER, day, 0b1011, is_late=True))
            _happen(world, Event("hits", COUNTER, day, 0b1011))
            _happen(world, Event("report", COUNTER, day, 3))
        first = _built(world)
        _happen(world, Event("visits", COUNTER, DAYS[-1], 0b0110, is_late=True))
        assert all(first.values())
        second = _built(world)
    assert {name for name in first if first[name] != second[name]} >= {
        *FOLLOWING[:4],
        "metrica_reconciliation",
        "first_visits",
    }


def test_a_corrected_day_corrects_the_days_beside_it(warehouse: Warehouse) -> None:
    """A visit that began on another day than the one under which it was loaded, and is gone with its load."""
    with _emptied(warehouse) as world:
        for number, day in ((0b100_0000, DAYS[2]), (0b1, DAYS[3])):
            for kind in ("visits", "hits"):
                _happen(world, Event(kind, COUNTER, day, number))
        first = _built(world)
        for kind in ("visits", "hits"):
            _happen(world, Event(kind, COUNTER, DAYS[2], 0))
        followed = _built(world)
        anew = _built(world, anew=True)
    assert followed == anew
    assert first["site_audience"] != followed["site_audience"]


def test_of_two_answers_of_one_moment_the_same_is_taken(warehouse: Warehouse) -> None:
    """Whatever came first: else a row that is taken over differs from one that is counted anew."""
    found = []
    for numbers in ((7, 3), (3, 7)):
        with _emptied(warehouse) as world:
            _happen(world, Event("visits", COUNTER, DAYS[0], 0b1, is_late=True))
            for number in numbers:
                _happen(world, Event("report", COUNTER, DAYS[0], number))
            found.append(_built(world)["metrica_reconciliation"])
    assert found[0] == found[1] != []


@pytest.mark.parametrize("table", FOLLOWING)
def test_what_nothing_changed_of_is_not_counted_again(warehouse: Warehouse, table: str) -> None:
    """A stain on the rows of the build before stays where nothing changed, and goes where something did."""
    with _emptied(warehouse) as world:
        for day in (DAYS[0], DAYS[2]):
            _happen(world, Event("visits", COUNTER, day, 0b1011, is_late=True))
            _happen(world, Event("hits", COUNTER, day, 0b1011))
        _built(world)
        warehouse.command(
            f"ALTER TABLE mart_rows.{table} UPDATE site = 'stained' WHERE 1 SETTINGS mutations_sync = 2"
        )
        _happen(world, Event("visits", COUNTER, DAYS[2], 0b1100, is_late=True))
        _happen(world, Event("hits", COUNTER, DAYS[2], 0b1100))
        followed = _built(world)[table]
        anew = _built(world, anew=True)[table]
    assert any("stained" in row for row in followed)
    assert any("stained" not in row for row in followed)
    assert not any("stained" in row for row in anew)


@contextmanager
def _emptied(warehouse: Warehouse) -> Iterator[Given]:
    for table in EMPTIED:
        warehouse.command(f"TRUNCATE TABLE {table}")
    world = Given(warehouse, load_passport())
    sites = [{"counter_id": COUNTER, "name": "Сайт"}, {"counter_id": OTHER, "name": "Другой сайт"}]
    world.change_passport(lambda content: content.update(sites=sites))
    yield world


def _happen(world: Given, event: Event) -> None:
    start = datetime.combine(event.day, datetime.min.time(), UTC)
    rows = [
        {
            "counter_user_id_hash": visitor % 6,
            "client_id": visitor,
            "is_new_user": bool(visitor % 2),
            "page_views": visitor,
            # Some lie on the days beside the one under which they were loaded.
            "started_at": start + timedelta(hours=visitor * 7 % 60 - 18),
            "device": str(visitor % 3),
            "traffic_source": ("organic", "direct")[visitor % 2],
            "start_url": f"https://site.example/{visitor % 4}?from=menu",
            "end_url": f"https://site.example/{visitor % 3}",
        }
        for visitor in range(16)
        if event.number >> visitor & 1
    ]
    after = timedelta(days=20 if event.is_late else 2)
    requested = start + after
    match event.kind:
        case "visits":
            world.visits(
                event.day, rows, counter=event.counter, zone=event.zone, requested_at=requested
            )
        case "hits":
            hits = [
                {name: row[name] for name in ("counter_user_id_hash", "client_id")}
                | {
                    "url": row["end_url"],
                    "is_download": bool(n % 2),
                    "happened_at": row["started_at"],
                }
                for n, row in enumerate(rows)
            ]
            world.hits(event.day, hits, counter=event.counter, requested_at=requested)
        case "withdrawn":
            withdraw_units(world.warehouse, "metrica", [f"{event.counter}/{event.day}"], "")
        case "report":
            number = event.number % 100
            world.warehouse.insert(
                "core.metrica_reported_days",
                ["counter_id", "counter_day", "visits", "users", "pageviews", "reported_at"],
                [[event.counter, event.day, number, number, number, requested]],
            )
        case _:
            _edit(world, event.number)


def _edit(world: Given, number: int) -> None:
    """Another name of a site, the other site left out or in its successor's place, or a given base value."""
    first: dict[str, Any] = {"counter_id": COUNTER, "name": f"Сайт {number % 3}"}
    other: dict[str, Any] = {"counter_id": OTHER, "name": "Другой сайт"}
    sites = [
        [first, other],
        [first],
        [
            {**first, "until": date(2023, 3, 3)},
            {**other, "replaces": COUNTER, "from": date(2023, 3, 4)},
        ],
    ][number % 3]
    world.change_passport(lambda content: content.update(sites=sites))
    base = {"baseline_year": 2022} if number % 2 else {"baseline_year": 2023}
    world.change_indicator("site_visitors_growth", **base)


def _built(world: Given, *, anew: bool = False) -> dict[str, list[str]]:
    """The rows of each mart and table between after a build, as sorted texts."""
    build = build_marts(
        world.warehouse, world.passport, NOW, (*FOLLOWING, "indicators_monthly"), anew=anew
    )
    publish_marts(world.warehouse, build.id)
    shown = {name: f"marts.{name}" for name in FOLLOWING}
    tables = shown | {name: f"intermediate.{name}" for name in BETWEEN}
    return {
        name: sorted(str(row) for row in world.warehouse.rows(f"SELECT * FROM {table}"))
        for name, table in tables.items()
    }
