"""Metrica's own figures of settled days: requested once, in few calls; their errors never fail a run."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from municipal_indicators import settings
from municipal_indicators.errors import ConfigurationError
from municipal_indicators.marts.checks import check_marts
from municipal_indicators.reference.passport import Passport, load_passport
from municipal_indicators.sources.metrica import reconciliation
from municipal_indicators.sources.metrica.reconciliation import (
    ReconciledDays,
    days_to_reconcile,
    reconcile_run,
    report_spans,
)
from municipal_indicators.warehouse.client import Warehouse
from tests.emulators.metrica import MetricaEmulator, Reply
from tests.marts.given import Given
from tests.sources.metrica.conftest import FAR_SITE, SITE, connect

DAY = timedelta(days=1)
FIRST = date(2024, 3, 1)
SETTLED = datetime(2024, 4, 1, tzinfo=UTC)
HEAVY = Reply(400, "query_error", "Query is too complicated.")


@pytest.fixture
def passport(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Passport:
    """The repo's passport with the emulator's two counters."""
    text = settings.passport_path().read_text("utf-8")
    listed = "".join(f"  - {{counter_id: {n}, name: Сайт {n}}}\n" for n in (SITE, FAR_SITE))
    head, _, tail = text.partition("sites:\n")
    path = tmp_path / "programme.yaml"
    path.write_text(head + "sites:\n" + listed + tail[tail.index("smev:") :], "utf-8")
    monkeypatch.setenv("AIRFLOW_VAR_PROGRAMME_PASSPORT", str(path))
    passport = load_passport()
    assert [site.counter_id for site in passport.sites] == [SITE, FAR_SITE]
    return passport


@pytest.fixture
def given(warehouse: Warehouse, passport: Passport) -> Given:
    return Given(warehouse, passport)


def publish(
    given: Given,
    emulator: MetricaEmulator,
    days: Sequence[date],
    counter: int = SITE,
    requested_at: datetime = SETTLED,
) -> None:
    """Publish counter days as the emulator would deliver them."""
    zone = emulator.counters[counter].time_zone
    for day in days:
        rows = [
            {
                "visit_id": visit.visit_id,
                "started_at": visit.instant(emulator.counters[counter].zone),
                "counter_user_id_hash": visit.user_hash,
                "client_id": visit.client_id,
                "page_views": visit.page_views,
            }
            for visit in emulator.visits(counter, day, day)
        ]
        given.visits(day, rows, counter=counter, zone=zone, requested_at=requested_at)


def consecutive_days(count: int, first: date = FIRST) -> list[date]:
    return [first + number * DAY for number in range(count)]


def stored(given: Given) -> list[tuple[Any, ...]]:
    """What Metrica reported."""
    return given.select(
        "SELECT counter_day, visits, users, pageviews, is_sampled, sample_share "
        "FROM core.metrica_reported_days ORDER BY counter_id, counter_day"
    )


def test_what_was_loaded_is_what_metrica_reports(given: Given, emulator: MetricaEmulator) -> None:
    publish(given, emulator, consecutive_days(3))
    publish(given, emulator, consecutive_days(2), FAR_SITE)
    assert reconcile_run() == ReconciledDays(compared=5, left=0)
    assert emulator.actions() == ["report", "report"]
    given.build("metrica_reconciliation")
    rows = given.select(
        "SELECT visits_difference, visitors_difference, pageviews_difference, visits > 0, "
        "is_within_tolerance, is_sampled, sample_share FROM marts.metrica_reconciliation"
    )
    assert rows == [(0.0, 0.0, 0.0, True, True, False, 1.0)] * 5


def test_a_day_is_compared_once_for_each_load(given: Given, emulator: MetricaEmulator) -> None:
    publish(given, emulator, consecutive_days(3))
    reconcile_run()
    assert reconcile_run() == ReconciledDays(0, 0)
    assert emulator.actions() == ["report"]
    publish(given, emulator, consecutive_days(1), requested_at=datetime.now(UTC) + DAY)
    assert days_to_reconcile(given.warehouse, given.passport) == {SITE: [FIRST]}


def test_unsettled_days_and_counters_of_others_are_not_requested(
    given: Given, emulator: MetricaEmulator
) -> None:
    unsettled = datetime(2024, 3, 4, 12, tzinfo=UTC)
    publish(given, emulator, consecutive_days(1), requested_at=unsettled)
    given.visits(FIRST, [{}], counter=1, requested_at=SETTLED)
    assert reconcile_run() == ReconciledDays(0, 0)
    assert emulator.calls == []


def test_years_are_requested_in_spans_of_a_year(given: Given, emulator: MetricaEmulator) -> None:
    ends = [date(2022, 1, 1), date(2022, 12, 31), date(2023, 1, 1), date(2024, 3, 1)]
    publish(given, emulator, ends)
    assert reconcile_run() == ReconciledDays(4, 0)
    requested = [(call.query["date1"], call.query["date2"]) for call in emulator.calls]
    assert requested == [
        (["2022-01-01"], ["2022-12-31"]),
        (["2023-01-01"], ["2023-01-01"]),
        (["2024-03-01"], ["2024-03-01"]),
    ]


def test_spans_are_at_most_a_year_and_lose_no_day() -> None:
    days = consecutive_days(1000)
    found = list(report_spans(days))
    assert [day for span in found for day in span] == days
    assert [len(span) for span in found] == [365, 365, 270]
    assert list(report_spans([])) == []


def test_a_day_missing_in_the_report_has_no_visits(given: Given, emulator: MetricaEmulator) -> None:
    given.visits(FIRST, requested_at=SETTLED)
    answer = {"data": [{"dimensions": [{"name": None}], "metrics": [1.0] * 3}], "total_rows": 1}
    emulator.faults.fail("report", Reply(200, body=json.dumps(answer)))
    assert reconcile_run() == ReconciledDays(1, 0)
    assert stored(given) == [(FIRST, 0, 0, 0, False, 1.0)]


def test_figures_of_a_report_are_stored_as_whole_numbers(
    given: Given, emulator: MetricaEmulator
) -> None:
    publish(given, emulator, consecutive_days(1))
    row = {"dimensions": [{"name": str(FIRST)}], "metrics": [1000.0, None, 3000.4]}
    answer = {"data": [row], "total_rows": 1, "sampled": True, "sample_share": 0.25}
    emulator.faults.fail("report", Reply(200, body=json.dumps(answer)))
    assert reconcile_run() == ReconciledDays(1, 0)
    assert stored(given) == [(FIRST, 1000, 0, 3000, True, 0.25)]


def test_a_day_with_other_figures_is_a_warning(given: Given, emulator: MetricaEmulator) -> None:
    publish(given, emulator, consecutive_days(3))
    emulator.settings.report_skew = {FIRST + DAY: 0.5}
    assert reconcile_run() == ReconciledDays(3, 0)
    given.build("metrica_reconciliation")
    differing = given.select(
        "SELECT day, visits_difference > 0.5 FROM marts.metrica_reconciliation WHERE NOT is_within_tolerance"
    )
    assert differing == [(FIRST + DAY, True)]
    (warning,) = check_marts(given.warehouse).warnings
    assert f"строк 1, первые ({FIRST + DAY}, {SITE}, " in warning


def test_the_share_of_a_sample_is_stored(given: Given, emulator: MetricaEmulator) -> None:
    publish(given, emulator, consecutive_days(1))
    emulator.settings.sample_share = 0.5
    assert reconcile_run() == ReconciledDays(1, 0)
    assert [row[-2:] for row in stored(given)] == [(True, 0.5)]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(403, "access_denied", "Access is denied"),
        Reply(401, "unauthorized", "Unauthorized"),
        Reply(429, "quota_requests_by_uid", "Quota exceeded"),
        Reply(420, "quota_parallel_requests", "Quota exceeded"),
        Reply(400, "invalid_parameter", "Wrong parameter"),
        Reply(503),
        Reply(200, html=True),
        Reply(200, body='{"data": [], "total_rows": 3}'),
        Reply(200, body='{"data": [{"dimensions": ["2024-99"], "metrics": []}], "total_rows": 1}'),
        Reply(
            200, body='{"data": [{"dimensions": ["2024-03-01"], "metrics": [1]}], "total_rows": 1}'
        ),
        Reply(
            200,
            body='{"data": [{"dimensions": ["2024-03-01"], "metrics": [NaN, 1, 1]}], "total_rows": 1}',
        ),
    ],
)
def test_an_api_error_is_a_warning_and_the_next_run_catches_up(
    given: Given, emulator: MetricaEmulator, caplog: pytest.LogCaptureFixture, reply: Reply
) -> None:
    publish(given, emulator, consecutive_days(3))
    emulator.faults.fail("report", reply, times=6)
    with caplog.at_level(logging.WARNING, reconciliation.__name__):
        assert reconcile_run() == ReconciledDays(compared=0, left=3)
    warnings = [one.message for one in caplog.records if one.name == reconciliation.__name__]
    assert len(warnings) == 1
    assert f"Counter {SITE}" in warnings[0]
    assert "requested again by every run of load_metrica_visits" in warnings[0]
    assert stored(given) == []
    emulator.faults.clear()
    assert reconcile_run() == ReconciledDays(compared=3, left=0)


def test_a_rejected_counter_does_not_stop_the_others(
    given: Given, emulator: MetricaEmulator
) -> None:
    publish(given, emulator, consecutive_days(2))
    publish(given, emulator, consecutive_days(3), FAR_SITE)
    emulator.faults.fail("report", Reply(403, "access_denied", "Access is denied"))
    assert reconcile_run() == ReconciledDays(compared=3, left=2)


def test_an_outage_of_one_counter_does_not_stop_the_others(
    given: Given, emulator: MetricaEmulator
) -> None:
    publish(given, emulator, consecutive_days(2))
    publish(given, emulator, consecutive_days(3), FAR_SITE)
    emulator.faults.fail("report", Reply(504), times=6)
    assert reconcile_run() == ReconciledDays(compared=3, left=2)


def test_after_a_used_up_quota_no_more_reports_are_requested(
    given: Given, emulator: MetricaEmulator
) -> None:
    publish(given, emulator, consecutive_days(2))
    publish(given, emulator, consecutive_days(3), FAR_SITE)
    emulator.faults.fail("report", Reply(429, "quota_requests_by_uid", "Quota exceeded"), times=9)
    assert reconcile_run() == ReconciledDays(compared=0, left=5)
    assert emulator.actions() == ["report"]


def test_figures_before_a_failure_are_kept(
    given: Given, emulator: MetricaEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(given, emulator, consecutive_days(2))
    publish(given, emulator, consecutive_days(3), FAR_SITE)
    monkeypatch.setattr(emulator, "counters", {SITE: emulator.counters[SITE]})
    assert reconcile_run() == ReconciledDays(compared=2, left=3)


def test_a_too_heavy_report_is_requested_in_halves(given: Given, emulator: MetricaEmulator) -> None:
    publish(given, emulator, consecutive_days(3))
    emulator.faults.fail("report", HEAVY, times=6)
    assert reconcile_run() == ReconciledDays(compared=3, left=0)
    requested = [(call.query["date1"][0], call.query["date2"][0]) for call in emulator.calls]
    assert requested == [
        *[("2024-03-01", "2024-03-03")] * 6,
        ("2024-03-01", "2024-03-01"),
        ("2024-03-02", "2024-03-03"),
    ]
    assert [row[0] for row in stored(given)] == consecutive_days(3)


def test_a_wrong_connection_is_an_error(
    given: Given, emulator: MetricaEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(given, emulator, consecutive_days(1))
    connect(emulator, monkeypatch, token="")
    with pytest.raises(ConfigurationError, match="нет токена OAuth"):
        reconcile_run()
