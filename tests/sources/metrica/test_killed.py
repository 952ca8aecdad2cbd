"""A run that dies at any step is finished by the next: the same rows, no request of ours left uncleaned."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from municipal_indicators.sources.metrica import (
    log_requests,
    logs,
    request_ledger,
    run_planning,
    site_load,
    trigger,
)
from municipal_indicators.sources.metrica.client import MetricaClient
from municipal_indicators.sources.metrica.request_ledger import Note
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
    """A death in the n-th call of a step, before or after it does its work."""

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


def dies_noting(event: str, *, after: bool = False) -> Callable[..., None]:
    """A death at the first note of an event, before or after it is in the ledger."""

    def install(patch: pytest.MonkeyPatch) -> None:
        real = request_ledger.note

        def noted(warehouse: Warehouse, run_id: str, notes: Any) -> None:
            notes = list(notes)
            is_meant = any(isinstance(one, Note) and one.event == event for one in notes)
            if is_meant and not after:
                killed()
            real(warehouse, run_id, notes)
            if is_meant:
                killed()

        patch.setattr(log_requests, "note", noted)
        patch.setattr(site_load, "note", noted)

    return install


# All days are published by then: the same dates are a new run.
COMPLETED = "after the last cleaning, before noting it"
STEPS = {
    "after the plan": dies(log_requests.Ordering, "hold"),
    "after the intent, before the order": dies_noting("ordering", after=True),
    "after the order, before its answer was noted": dies(MetricaClient, "create", after=True),
    "after the answer was noted": dies_noting("ordered", after=True),
    "before the order ahead was noted": dies(MetricaClient, "create", call=2, after=True),
    "while waiting": dies(trigger.LogRequestTrigger, "look"),
    "between two parts": dies(MetricaClient, "download", call=2),
    "while staging": dies(Warehouse, "stage_bytes", after=True),
    "before publishing": dies(logs, "publish_loads"),
    "after publishing, before noting it": dies(logs, "publish_loads", after=True),
    "after noting the publication, before cleaning": dies(MetricaClient, "clean"),
    "after cleaning, before noting it": dies(MetricaClient, "clean", after=True),
    "after noting the cleaning": dies_noting("cleaned", after=True),
    "in the second log, before publishing": dies(logs, "publish_loads", call=2),
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
        "after the order, before its answer was noted",
        "while waiting",
        "before publishing",
        "after publishing, before noting it",
        "after cleaning, before noting it",
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
