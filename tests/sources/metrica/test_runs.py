"""Runs with the same dates: resumed, completed, forced; nights that fill gaps; progress."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from municipal_indicators import settings
from municipal_indicators.reference.passport import load_passport
from municipal_indicators.sources.metrica import run_planning, trigger
from municipal_indicators.sources.metrica import site_load as site_load_module
from municipal_indicators.sources.metrica.checkpoint import Checkpoint
from municipal_indicators.sources.metrica.days import Days
from municipal_indicators.sources.metrica.log_requests import LogRequests
from municipal_indicators.sources.metrica.run_planning import plan_run
from municipal_indicators.sources.metrica.runs import has_published
from municipal_indicators.sources.metrica.site_load import SiteLoad
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.load_ledger import withdraw_units
from tests.dags.test_load_metrica_visits import sites
from tests.emulators.metrica import MetricaEmulator, Settings
from tests.sources.metrica.conftest import FAR_SITE, SITE
from tests.sources.metrica.site_loads import (
    CONNECTION,
    KilledError,
    finish,
    killed,
    run_all,
    shown,
    site_load,
    statuses,
    truth,
)

SPAN = ("2024-03-01", "2024-03-06")
WHOLE = (date(2024, 3, 1), date(2024, 3, 6))
NIGHT = datetime(2024, 3, 12, 1, 20, tzinfo=UTC)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trigger, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(run_planning, "CHUNK_DAYS", 2)


def spans(plan: list[dict[str, Any]]) -> list[str]:
    return [f"{first[-5:]}…{last[-5:]}" for site in plan for first, last in site.get("spans", [])]


def kill_after(publications: int, patch: pytest.MonkeyPatch) -> None:
    """Let a run die when it acquires the next request after so many published logs."""
    acquire, count = LogRequests.acquire, iter(range(publications))

    def acquire_or_die(self: LogRequests, *queries: Any) -> Any:
        return acquire(self, *queries) if next(count, None) is not None else killed()

    patch.setattr(LogRequests, "acquire", acquire_or_die)


def interrupted(
    monkeypatch: pytest.MonkeyPatch,
    run_id: str,
    publications: int,
    span: tuple[str, str | None] = SPAN,
    **options: Any,
) -> None:
    with monkeypatch.context() as patch:
        kill_after(publications, patch)
        with pytest.raises(KilledError):
            run_all(run_id, *span, **options)


def published_at(warehouse: Warehouse) -> dict[date, datetime]:
    return dict(
        warehouse.rows(
            "SELECT counter_day, published_at FROM ops.metrica_published_days ORDER BY counter_day"
        )
    )


def progress(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return warehouse.rows(
        """
        SELECT run_id, days_done, days_planned, isNotNull(completed_at) FROM ops.metrica_progress
        ORDER BY planned_at
        """
    )


def test_an_interrupted_run_is_resumed_by_the_next_with_the_same_dates(
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    interrupted(monkeypatch, "first", 1)
    assert progress(warehouse) == [("first", 2, 6, 0)]
    before = published_at(warehouse)
    caplog.set_level("INFO")
    assert spans(run_all("second", *SPAN)) == ["03-03…03-04", "03-05…03-06"]
    assert "resuming run first of these dates" in caplog.text
    assert "2 of 6 days are published" in caplog.text
    assert f"6 of 6 days of counter {SITE} are published." in caplog.text
    after = published_at(warehouse)
    assert {day: after[day] for day in before} == before
    assert shown(warehouse) == truth(emulator, *WHOLE)
    assert set(statuses(emulator)) == {"cleaned_by_user"}
    assert progress(warehouse) == [("first", 6, 6, 0), ("second", 6, 6, 1)]


def test_a_run_may_be_interrupted_again_and_again(
    emulator: MetricaEmulator, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(monkeypatch, "first", 1)
    interrupted(monkeypatch, "second", 1)
    assert spans(run_all("third", *SPAN)) == ["03-05…03-06"]
    assert progress(warehouse)[-1] == ("third", 6, 6, 1)


def test_a_completed_run_is_a_new_one_the_next_time(
    emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    run_all("first", *SPAN)
    emulator.settings.seed += 1
    assert len(spans(run_all("second", *SPAN))) == 3
    assert shown(warehouse) == truth(emulator, *WHOLE)


def test_force_loads_everything_again_and_its_interruption_is_resumed(
    emulator: MetricaEmulator, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(monkeypatch, "first", 2)
    emulator.settings.seed += 1
    interrupted(monkeypatch, "second", 1, forced=True)
    assert spans(run_all("third", *SPAN)) == ["03-03…03-04", "03-05…03-06"]
    assert shown(warehouse) == truth(emulator, *WHOLE)


def test_other_dates_are_another_run(
    emulator: MetricaEmulator, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(monkeypatch, "first", 2)
    assert len(spans(run_all("second", SPAN[0], "2024-03-04"))) == 2
    assert spans(run_all("third", *SPAN)) == ["03-05…03-06"]


def test_a_span_through_yesterday_grows_and_is_resumed_all_the_same(
    emulator: MetricaEmulator, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = datetime(2024, 3, 5, 12, tzinfo=UTC)
    interrupted(monkeypatch, "first", 1, (SPAN[0], None), at=today)
    tomorrow = today + timedelta(days=1)
    assert spans(run_all("second", SPAN[0], at=tomorrow)) == ["03-03…03-04", "03-05…03-05"]


def test_a_day_that_was_withdrawn_is_loaded_by_the_run_that_resumes(
    emulator: MetricaEmulator, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(monkeypatch, "first", 2)
    withdraw_units(warehouse, "metrica", [f"{SITE}/2024-03-02"], "wrong")
    assert spans(run_all("second", *SPAN)) == ["03-05…03-06", "03-02…03-02"]


def test_a_run_that_died_after_its_last_publication_is_completed_without_a_load(
    emulator: MetricaEmulator, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(site_load_module, "record_progress", killed)
        with pytest.raises(KilledError):
            run_all("first", SPAN[0], SPAN[0])
    assert spans(run_all("second", SPAN[0], SPAN[0])) == []
    assert progress(warehouse) == [("first", 1, 1, 0), ("second", 1, 1, 1)]
    assert statuses(emulator) == ["cleaned_by_user"]
    assert has_published(warehouse, "second", "visits")
    assert not has_published(warehouse, "second", "hits")
    assert spans(run_all("third", SPAN[0], SPAN[0])) == ["03-01…03-01"]


def test_a_site_that_fails_does_not_make_the_others_unfinished(
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passport = sites(tmp_path / "programme.yaml", SITE, FAR_SITE)
    monkeypatch.setenv("AIRFLOW_VAR_PROGRAMME_PASSPORT", passport)
    plan = plan_run("visits", *SPAN, NIGHT, "first")
    finish(SiteLoad(plan[0], CONNECTION, "first"))
    again = plan_run("visits", *SPAN, NIGHT, "second")
    assert [len(site["spans"]) for site in again] == [3, 4]


def test_a_night_loads_what_an_outage_left_out_or_unsettled(
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(run_planning, "CHUNK_DAYS", 92)
    finish(site_load((date(2024, 2, 26), date(2024, 2, 26))))
    emulator.settings.polls = 1
    load = site_load((date(2024, 2, 27), date(2024, 3, 1)))
    checkpoint = load.start()
    assert isinstance(checkpoint, Checkpoint)
    # As if it had been requested on 2 March: 27 February is then the last day that had settled.
    finish(load, replace(checkpoint, requested_at="2024-03-02T01:20:00+00:00"))
    caplog.set_level("INFO")
    assert spans(run_all("a night", at=NIGHT, fill_gaps=True)) == ["02-28…03-11"]
    assert "9 days since 2024-02-28 are missing or were published unsettled" in caplog.text
    assert spans(run_all("the same night", at=NIGHT, fill_gaps=True)) == ["03-08…03-11"]


def test_days_that_were_ordered_by_a_clock_ahead_are_loaded_again(
    emulator: MetricaEmulator, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_planning, "CHUNK_DAYS", 92)
    finish(site_load((date(2024, 2, 26), date(2024, 2, 26))))
    load = site_load((date(2024, 2, 27), date(2024, 3, 7)))
    checkpoint = load.start()
    assert isinstance(checkpoint, Checkpoint)
    finish(load, replace(checkpoint, requested_at="2099-03-02T01:20:00+00:00"))
    assert spans(run_all("a night", at=NIGHT, fill_gaps=True)) == ["02-27…03-11"]
    assert spans(run_all("the same night", at=NIGHT, fill_gaps=True)) == ["03-08…03-11"]


@pytest.mark.parametrize(
    ("loaded", "expected_span"),
    [
        (None, ["03-08…03-11"]),
        (Days(date(2024, 2, 4), date(2024, 2, 5)), ["03-08…03-11"]),
        (Days(date(2024, 2, 6), date(2024, 3, 7)), ["03-08…03-11"]),
    ],
)
def test_a_night_without_an_outage_loads_its_window(
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    monkeypatch: pytest.MonkeyPatch,
    loaded: Days | None,
    expected_span: list[str],
) -> None:
    monkeypatch.setattr(run_planning, "CHUNK_DAYS", 92)
    if loaded:
        finish(site_load((loaded.first, loaded.last)))
    assert spans(run_all("a night", at=NIGHT, fill_gaps=True)) == expected_span


def test_a_longer_settling_time_orders_no_settled_day_again(
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run_planning, "CHUNK_DAYS", 92)
    emulator.settings.polls = 1
    # Under settling_days: 3, which the last day of each had behind it.
    for first, last, asked in ((20, 1, "03-05"), (2, 7, "03-11")):
        span = (date(2024, 2 if first == 20 else 3, first), date(2024, 3, last))
        load = site_load(span)
        checkpoint = load.start()
        assert isinstance(checkpoint, Checkpoint)
        finish(load, replace(checkpoint, requested_at=f"2024-{asked}T01:20:00+00:00"))
    passport = tmp_path / "programme.yaml"
    text = settings.passport_path().read_text(encoding="utf-8")
    passport.write_text(text.replace("settling_days: 3", "settling_days: 7"), encoding="utf-8")
    assert load_passport(passport).settling_days == 7
    monkeypatch.setenv("AIRFLOW_VAR_PROGRAMME_PASSPORT", str(passport))
    assert spans(run_all("a night", at=NIGHT, fill_gaps=True)) == ["03-04…03-11"]
    passport.write_text(text.replace("settling_days: 3", "settling_days: 20"), encoding="utf-8")
    assert spans(run_all("the next", at=NIGHT, fill_gaps=True)) == ["02-20…03-11"]
    passport.write_text(text, encoding="utf-8")
    assert spans(run_all("as before", at=NIGHT, fill_gaps=True)) == ["03-08…03-11"]


def test_a_run_triggered_by_hand_fills_no_gaps(
    emulator: MetricaEmulator, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_planning, "CHUNK_DAYS", 92)
    finish(site_load((date(2024, 2, 26), date(2024, 2, 26))))
    assert spans(run_all("by hand", at=NIGHT)) == ["03-08…03-11"]


def test_nights_in_a_row_never_widen_the_window(
    emulator: MetricaEmulator, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_planning, "CHUNK_DAYS", 92)
    for day in range(3):
        night = NIGHT + timedelta(days=day)
        (site,) = plan_run("visits", None, None, night, f"night {day}", fill_gaps=True)
        assert len(site["spans"]) == 1
        first, last = (date.fromisoformat(text) for text in site["spans"][0])
        assert (last - first).days == 3
        assert last == night.date() - timedelta(days=1)
        emulator.reset(Settings(polls=1))
        load = SiteLoad(site, CONNECTION, f"night {day}")
        checkpoint = load.start()
        assert isinstance(checkpoint, Checkpoint)
        finish(load, replace(checkpoint, requested_at=night.isoformat()))
