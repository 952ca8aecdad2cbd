"""Runs of Metrica loads without Airflow's scheduler: planned, loaded, waited for as the operator does."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

from municipal_indicators.sources.metrica.fields import load_fields
from municipal_indicators.sources.metrica.plan import PlannedSite
from municipal_indicators.sources.metrica.run_planning import plan_run
from municipal_indicators.sources.metrica.site_load import Place, SiteLoad
from municipal_indicators.sources.metrica.trigger import (
    LogRequestTrigger,
    MetricaTrigger,
    StorageTrigger,
)
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.load_ledger import Books
from tests.emulators.metrica import MetricaEmulator
from tests.sources.metrica.conftest import FIRST, LAST, SITE

CONNECTION = "metrica_default"
MOSCOW = "Europe/Moscow"


class KilledError(BaseException):
    """Ends a run as a signal does: nothing of ours handles it."""


def killed(*_: object, **__: object) -> None:
    """In place of a step at which a run dies."""
    raise KilledError


def planned(*spans: tuple[date, date], begun_at: datetime | None = None) -> dict[str, Any]:
    """The plan of a site with these spans, by default the one of ``order()``."""
    fields = load_fields("visits")
    return PlannedSite(
        name="test",
        counter_id=SITE,
        source="visits",
        attribution=fields.attribution,
        fields=fields.names,
        time_zone=MOSCOW,
        settling_days=3,
        begun_at=begun_at or datetime.now(UTC),
        spans=spans or ((FIRST, LAST),),
    ).model_dump(mode="json")


def site_load(*spans: tuple[date, date], run_id: str = "a run") -> SiteLoad:
    """A load that is about to begin."""
    return SiteLoad(planned(*spans), CONNECTION, run_id)


def event_of(trigger: MetricaTrigger) -> dict[str, Any]:
    """What a trigger says, after its way through Airflow's database."""
    path, arguments = trigger.serialize()
    assert path == f"municipal_indicators.sources.metrica.trigger.{type(trigger).__name__}"

    async def event() -> dict[str, Any]:
        async for found in type(trigger)(**arguments).run():
            payload: dict[str, Any] = found.payload
            return payload
        raise AssertionError("the trigger ended without an event")

    return asyncio.run(event())


def waited(load: SiteLoad, place: Place, seconds: float = 60) -> dict[str, Any]:
    """The event after a wait at a place."""
    order, deadline = load.orders[place.index], time.time() + seconds
    if place.request_id:
        trigger: MetricaTrigger = LogRequestTrigger(
            CONNECTION, order.counter_id, place.request_id, deadline, asdict(place)
        )
    else:
        trigger = StorageTrigger(CONNECTION, order.model_dump(mode="json"), deadline, asdict(place))
    return event_of(trigger)


def finish(load: SiteLoad, result: Books | Place | None = None) -> Books:
    """Begin, or go on from a place, until all is loaded."""
    result = load.begin() if result is None else result
    while isinstance(result, Place):
        result = load.go_on(waited(load, result))
    return result


def run_all(
    run_id: str,
    date_from: str | None = None,
    date_to: str | None = None,
    *,
    at: datetime | None = None,
    forced: bool = False,
    mends: bool = False,
) -> list[dict[str, Any]]:
    """A whole run of the repo's passport; its plan."""
    moment = at or datetime.now(UTC)
    plan = plan_run("visits", date_from, date_to, moment, run_id, forced=forced, mends=mends)
    for site in plan:
        finish(SiteLoad(site, CONNECTION, run_id))
    return plan


def statuses(emulator: MetricaEmulator) -> list[str]:
    """The state of each request at the API, in the order of their numbers."""
    return [request.status for request in emulator.store.requests.values()]


def states(warehouse: Warehouse) -> list[tuple[int, str]]:
    """Our requests and their state by the ledger."""
    return [
        (request_id, state)
        for request_id, state in warehouse.rows(
            "SELECT request_id, state FROM ops.metrica_requests ORDER BY request_id"
        )
    ]


def shown(warehouse: Warehouse) -> list[tuple[int, int, int]]:
    """What readers see of each visit; that all its values are exact is for ``test_logs``."""
    rows = warehouse.rows(
        "SELECT visit_id, page_views, visit_duration_seconds FROM core.site_visits ORDER BY ALL"
    )
    return [(int(visit), int(views), int(seconds)) for visit, views, seconds in rows]


def truth(emulator: MetricaEmulator, first: date, last: date) -> list[tuple[int, int, int]]:
    """The same of what the API would deliver now."""
    found = emulator.visits(SITE, first, last)
    return sorted((visit.visit_id, visit.page_views, visit.duration) for visit in found)
