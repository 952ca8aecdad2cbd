"""A run that dies at any step is finished by the next: the same rows, and all our requests cleaned."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from municipal_indicators.sources.metrica import (
    log_load,
    log_requests,
    request_ledger,
    run_planning,
    site_load,
    trigger,
)
from municipal_indicators.sources.metrica.client import MetricaClient
from municipal_indicators.sources.metrica.request_ledger import RequestEvent
from municipal_indicators.warehouse.client import Warehouse
from tests.emulators.metrica import MetricaEmulator
from tests.sources.metrica.conftest import SITE
from tests.sources.metrica.site_loads import (
    KilledError,
    killed,
    run_all,
    shown,
    states,
    statuses,
    truth,
)

SPAN = ("2024-03-01", "2024-03-04")
WHOLE = (date(2024, 3, 1), date(2024, 3, 4))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trigger, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(run_planning, "CHUNK_DAYS", 2)


def dies(owner: Any, name: str, *, call: int = 1, after: bool = False) -> Callable[..., None]:
    """Kill the run in the n-th call of a step, before or after its work."""

    def install(patch: pytest.MonkeyPatch) -> None:
        real, calls = getattr(owner, name), iter(range(1, 99))

        def step(*arguments: Any, **options: Any) -> Any:
            is_last = next(calls) == call
            if is_last and not after:
                killed()
            result = real(*arguments, **options)
            if is_last:
                killed()
            return result

        patch.setattr(owner, name, step)

    return install


def dies_recording(event: str, *, after: bool = False) -> Callable[..., None]:
    """Kill the run at the first record of an event, before or after it is in the ledger."""

    def install(patch: pytest.MonkeyPatch) -> None:
        real = request_ledger.record_events

        def record(warehouse: Warehouse, run_id: str, events: Any) -> None:
            events = list(events)
            is_selected = any(
                isinstance(one, RequestEvent) and one.event == event for one in events
            )
            if is_selected and not after:
                killed()
            real(warehouse, run_id, events)
            if is_selected:
                killed()

        patch.setattr(log_requests, "record_events", record)
        patch.setattr(site_load, "record_events", record)

    return install


# All days are published by then: the same dates are a new run.
COMPLETED = "after the last cleaning, before recording it"
STEPS = {
    "after the plan": dies(log_requests.LogRequests, "acquire"),
    "after the intent, before creating the request": dies_recording("ordering", after=True),
    "after creating the request, before recording its number": dies(
        MetricaClient, "create", after=True
    ),
    "after recording the number": dies_recording("ordered", after=True),
    "before recording the request created ahead": dies(MetricaClient, "create", call=2, after=True),
    "while waiting": dies(trigger.LogRequestTrigger, "poll"),
    "between two parts": dies(MetricaClient, "download", call=2),
    "while staging": dies(Warehouse, "stage_bytes", after=True),
    "before publishing": dies(log_load, "publish_loads"),
    "after publishing, before recording it": dies(log_load, "publish_loads", after=True),
    "after recording the publication, before cleaning": dies(MetricaClient, "clean"),
    "after cleaning, before recording it": dies(MetricaClient, "clean", after=True),
    "after recording the cleaning": dies_recording("cleaned", after=True),
    "in the second log, before publishing": dies(log_load, "publish_loads", call=2),
    COMPLETED: dies(MetricaClient, "clean", call=2, after=True),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_run_killed_at_any_step_is_finished_by_the_next(
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    emulator.settings.polls = 2
    with monkeypatch.context() as patch:
        STEPS[step](patch)
        with pytest.raises(KilledError):
            run_all("killed", *SPAN)
    done = set(shown(warehouse))
    assert done <= set(truth(emulator, *WHOLE))
    run_all("next", *SPAN)
    assert shown(warehouse) == truth(emulator, *WHOLE)
    assert set(statuses(emulator)) <= {"cleaned_by_user", "canceled"}
    assert {state for _, state in states(warehouse)} <= {"cleaned", "given_up"}
    assert len(states(warehouse)) == len(emulator.store.requests)
    assert warehouse.value(
        "SELECT days_done FROM ops.metrica_progress WHERE run_id = 'next' AND completed_at IS NOT NULL"
    ) == len(range(WHOLE[0].day, WHOLE[1].day + 1))
    published = warehouse.rows(
        "SELECT unit, count() FROM ops.loads WHERE status = 'published' GROUP BY unit"
    )
    assert {count for _, count in published} == {2 if step == COMPLETED else 1}


@pytest.mark.parametrize(
    "step",
    [
        "after creating the request, before recording its number",
        "while waiting",
        "before publishing",
        "after publishing, before recording it",
        "after cleaning, before recording it",
    ],
)
def test_a_night_killed_at_any_step_is_finished_by_the_next_run(
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    emulator.settings.polls = 2
    with monkeypatch.context() as patch:
        STEPS[step](patch)
        with pytest.raises(KilledError):
            run_all("killed")
    run_all("next")
    days = warehouse.value("SELECT uniqExact(counter_day) FROM ops.metrica_published_days")
    assert days == 4
    visits = [visit for visit, _, _ in shown(warehouse)]
    first, last = warehouse.rows(
        "SELECT min(counter_day), max(counter_day) FROM ops.metrica_published_days"
    )[0]
    assert visits == sorted(visit.visit_id for visit in emulator.visits(SITE, first, last))
    assert set(statuses(emulator)) <= {"cleaned_by_user", "canceled"}
    assert {state for _, state in states(warehouse)} <= {"cleaned", "given_up"}
