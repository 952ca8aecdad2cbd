"""Runs of Metrica loads without Airflow: they plan, load and wait as the tasks do."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

from municipal_indicators.sources.metrica.api_models import LogQuery
from municipal_indicators.sources.metrica.checkpoint import Checkpoint
from municipal_indicators.sources.metrica.fields import load_fields
from municipal_indicators.sources.metrica.request_ledger import (
    EventName,
    RequestEvent,
    RequestKey,
    record_events,
)
from municipal_indicators.sources.metrica.run_planning import plan_run
from municipal_indicators.sources.metrica.site_load import SiteLoad
from municipal_indicators.sources.metrica.site_plan import SitePlan
from municipal_indicators.sources.metrica.trigger import (
    LogRequestTrigger,
    MetricaTrigger,
    StorageTrigger,
)
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.load_ledger import LoadCounts
from tests.emulators.metrica import MetricaEmulator
from tests.sources.metrica.conftest import FIRST, LAST, SITE

CONNECTION = "metrica_default"
MOSCOW = "Europe/Moscow"


class KilledError(BaseException):
    """Ends a run as a signal does: no code of ours catches it."""


def killed(*_: object, **__: object) -> None:
    """Replaces a step at which a run dies."""
    raise KilledError


def planned(*spans: tuple[date, date], begun_at: datetime | None = None) -> dict[str, Any]:
    """The plan of a site with these spans, by default the one of ``log_query()``."""
    fields = load_fields("visits")
    return SitePlan(
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
    """A load that has not started yet."""
    return SiteLoad(planned(*spans), CONNECTION, run_id)


def event_of(trigger: MetricaTrigger) -> dict[str, Any]:
    """The payload of a trigger that was serialized as in Airflow's database."""
    path, arguments = trigger.serialize()
    assert path == f"municipal_indicators.sources.metrica.trigger.{type(trigger).__name__}"

    async def event() -> dict[str, Any]:
        async for found in type(trigger)(**arguments).run():
            payload: dict[str, Any] = found.payload
            return payload
        raise AssertionError("the trigger ended without an event")

    return asyncio.run(event())


def waited(load: SiteLoad, checkpoint: Checkpoint, seconds: float = 60) -> dict[str, Any]:
    """The event after the wait of a checkpoint."""
    query, deadline = load.queries[checkpoint.index], time.time() + seconds
    if checkpoint.request_id:
        trigger: MetricaTrigger = LogRequestTrigger(
            CONNECTION, query.counter_id, checkpoint.request_id, deadline, asdict(checkpoint)
        )
    else:
        trigger = StorageTrigger(
            CONNECTION, query.model_dump(mode="json"), deadline, asdict(checkpoint)
        )
    return event_of(trigger)


def finish(load: SiteLoad, result: LoadCounts | Checkpoint | None = None) -> LoadCounts:
    """Start, or continue from a checkpoint, until all logs are loaded."""
    result = load.start() if result is None else result
    while isinstance(result, Checkpoint):
        result = load.resume(waited(load, result))
    return result


def run_all(
    run_id: str,
    date_from: str | None = None,
    date_to: str | None = None,
    *,
    at: datetime | None = None,
    forced: bool = False,
    fill_gaps: bool = False,
    source: str = "visits",
) -> list[dict[str, Any]]:
    """A complete run for the repository's passport; its plan."""
    moment = at or datetime.now(UTC)
    plan = plan_run(source, date_from, date_to, moment, run_id, forced=forced, fill_gaps=fill_gaps)
    for site in plan:
        finish(SiteLoad(site, CONNECTION, run_id))
    return plan


def statuses(emulator: MetricaEmulator) -> list[str]:
    """The status of each request at the API, by number."""
    return [request.status for request in emulator.store.requests.values()]


def record(
    warehouse: Warehouse,
    run_id: str,
    event: EventName,
    query: LogQuery,
    request_id: int,
    at: datetime,
    known_up_to: int = 0,
) -> None:
    """Record an event of a request in the ledger, as a run of that id does."""
    key = RequestKey.of(query)
    record_events(warehouse, run_id, [RequestEvent(event, key, request_id, at, known_up_to)])


def states(warehouse: Warehouse) -> list[tuple[int, str]]:
    """Our requests and their states in the ledger."""
    return [
        (request_id, state)
        for request_id, state in warehouse.rows(
            "SELECT request_id, state FROM ops.metrica_requests ORDER BY request_id"
        )
    ]


def shown(warehouse: Warehouse) -> list[tuple[int, int, int]]:
    """What readers see of each visit; ``test_log_load`` checks all its values."""
    rows = warehouse.rows(
        "SELECT visit_id, page_views, visit_duration_seconds FROM core.site_visits ORDER BY ALL"
    )
    return [(int(visit), int(views), int(seconds)) for visit, views, seconds in rows]


def truth(emulator: MetricaEmulator, first: date, last: date) -> list[tuple[int, int, int]]:
    """The same for the visits that the API would deliver now."""
    found = emulator.visits(SITE, first, last)
    return sorted((visit.visit_id, visit.page_views, visit.duration) for visit in found)
