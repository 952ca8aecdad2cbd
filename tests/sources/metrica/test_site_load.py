"""The load of a site: waits, repeated requests, requests created ahead, failures, cleaning."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from municipal_indicators.errors import (
    MetricaAccessError,
    MetricaError,
    MetricaQuotaError,
    MetricaUnavailableError,
)
from municipal_indicators.sources.metrica import log_load, trigger
from municipal_indicators.sources.metrica.checkpoint import Checkpoint
from municipal_indicators.warehouse.client import Warehouse
from tests.emulators.metrica import MetricaEmulator, Reply
from tests.sources.metrica.conftest import FIRST, LAST, SITE
from tests.sources.metrica.site_loads import (
    KilledError,
    finish,
    killed,
    shown,
    site_load,
    states,
    statuses,
    truth,
    waited,
)

WHOLE = (date(2024, 3, 1), date(2024, 3, 6))
HALVES = ((date(2024, 3, 1), date(2024, 3, 3)), (date(2024, 3, 4), date(2024, 3, 6)))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trigger, "FIRST_WAIT_SECONDS", 0.01)


def test_a_log_is_requested_waited_for_published_and_cleaned(
    emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    emulator.settings.polls = 3
    load = site_load()
    before = datetime.now(UTC)
    checkpoint = load.start()
    after = datetime.now(UTC)
    assert isinstance(checkpoint, Checkpoint)
    assert before < datetime.fromisoformat(checkpoint.requested_at) < after
    assert finish(load, checkpoint).loaded == len(shown(warehouse)) > 0
    assert statuses(emulator) == ["cleaned_by_user"]
    actions = emulator.actions()
    assert actions.index("evaluate") < actions.index("create") < actions.index("download")
    assert actions[-1] == "clean"
    requested = warehouse.value("SELECT max(requested_at) FROM core.metrica_days")
    assert requested.replace(tzinfo=None) == datetime.fromisoformat(
        checkpoint.requested_at
    ).replace(tzinfo=None, microsecond=0)
    assert [
        row[0]
        for row in warehouse.rows(
            "SELECT toString(event) FROM ops.metrica_request_events ORDER BY at"
        )
    ] == ["ordering", "ordered", "published", "cleaned"]


@pytest.mark.parametrize(
    "ended",
    ["processing_failed", "canceled", "cleaned_automatically_as_too_old", "cleaned_by_user"],
)
def test_a_request_that_ends_without_data_is_created_again(
    emulator: MetricaEmulator, warehouse: Warehouse, ended: str
) -> None:
    emulator.faults.script("created", "awaiting_retry", "created", ended)
    finish(site_load())
    assert statuses(emulator) == [ended, "cleaned_by_user"]
    assert [state for _, state in states(warehouse)] == ["lost", "cleaned"]
    assert shown(warehouse) == truth(emulator, FIRST, LAST)


def test_a_log_is_requested_three_times_at_most(
    emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    for _ in range(9):
        emulator.faults.script("created", "processing_failed")
    with pytest.raises(
        MetricaError, match=r"целиком 1 из 1.*заказано раз: 3.*состоянии processing_failed"
    ):
        finish(site_load())
    assert statuses(emulator) == ["processing_failed"] * 3


def test_a_request_cleaned_after_the_wait_is_created_again(
    emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    load = site_load()
    checkpoint = load.start()
    assert isinstance(checkpoint, Checkpoint)
    event = waited(load, checkpoint)
    emulator.store.expire(checkpoint.request_id)
    result = load.resume(event)
    assert finish(load, result).loaded > 0
    assert statuses(emulator) == ["cleaned_automatically_as_too_old", "cleaned_by_user"]


@pytest.mark.parametrize("status", ["created", "processing", "processed_with_errors"])
def test_a_timed_out_wait_is_an_error_and_the_request_is_released(
    emulator: MetricaEmulator, warehouse: Warehouse, status: str
) -> None:
    emulator.faults.script(status)
    load = site_load()
    checkpoint = load.start()
    assert isinstance(checkpoint, Checkpoint)
    event = waited(load, checkpoint, seconds=2.0)
    assert event["status"] == "timed_out"
    assert emulator.actions().count("info") > 1
    with pytest.raises(
        MetricaUnavailableError, match=f"не подготовила выгрузку {checkpoint.request_id}"
    ):
        load.resume(event)
    load.release()
    assert statuses(emulator) == ["canceled"]
    assert states(warehouse) == [(checkpoint.request_id, "given_up")]


def test_an_api_that_fails_while_waiting_is_an_error(
    emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    load = site_load()
    checkpoint = load.start()
    assert isinstance(checkpoint, Checkpoint)
    emulator.faults.fail("info", Reply(503), times=99)
    event = waited(load, checkpoint)
    with pytest.raises(MetricaUnavailableError, match="503 backend_error"):
        load.resume(event)


def test_one_log_after_another_while_the_next_one_is_prepared(
    emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    counts = finish(site_load(*HALVES))
    assert shown(warehouse) == truth(emulator, *WHOLE)
    assert counts.loaded == len(shown(warehouse))
    assert statuses(emulator) == ["cleaned_by_user"] * 2
    actions = emulator.actions()
    first_download = actions.index("download")
    assert actions[:first_download].count("create") == 2
    assert actions[first_download:].count("create") == 0


def test_the_next_log_is_not_created_ahead_if_the_storage_holds_one_only(
    emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    emulator.faults.possible_days = 3
    finish(site_load(*HALVES))
    assert shown(warehouse) == truth(emulator, *WHOLE)
    actions = emulator.actions()
    assert actions.index("clean") < len(actions) - 1 - actions[::-1].index("create")


def test_a_failure_to_create_ahead_is_ignored(
    emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    emulator.faults.fail("create", Reply(400, "limit_exceeded", "Too many"), skip=1)
    finish(site_load(*HALVES))
    assert shown(warehouse) == truth(emulator, *WHOLE)
    assert statuses(emulator) == ["cleaned_by_user"] * 2


def test_a_request_created_ahead_whose_response_is_lost_is_reused(
    emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    emulator.faults.fail("create", Reply(503, after=True), skip=1)
    finish(site_load(*HALVES))
    assert shown(warehouse) == truth(emulator, *WHOLE)
    assert statuses(emulator) == ["cleaned_by_user"] * 2
    assert [state for _, state in states(warehouse)] == ["cleaned"] * 2


def test_a_log_that_cannot_be_loaded_does_not_stop_the_others(
    emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    for _ in range(3):
        emulator.faults.script("created", "processing_failed")
    emulator.faults.possible_days = 3  # so that none is created ahead
    with pytest.raises(MetricaError, match=r"1 из 2, .*с теми же днями.*2024-03-01…2024-03-03"):
        finish(site_load(*HALVES))
    assert shown(warehouse) == truth(emulator, *HALVES[1])
    assert statuses(emulator) == ["processing_failed"] * 3 + ["cleaned_by_user"]


def test_an_error_that_hits_every_log_ends_the_load_at_once(
    emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    emulator.faults.fail("download", Reply(403, "access_denied", "Access is denied"), times=9)
    load = site_load(*HALVES)
    with pytest.raises(MetricaAccessError):
        finish(load)
    assert emulator.actions().count("download") == 1
    load.release()
    assert set(statuses(emulator)) <= {"cleaned_by_user", "canceled"}
    assert {state for _, state in states(warehouse)} == {"given_up"}


def test_a_failed_cleaning_leaves_the_published_days_and_is_logged(
    emulator: MetricaEmulator, warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    emulator.faults.fail("clean", Reply(403, "access_denied", "Access is denied"))
    assert finish(site_load()).loaded > 0
    assert "Not cleaned, the next run does it" in caplog.text
    assert [state for _, state in states(warehouse)] == ["published"]


def test_a_retry_of_the_task_loads_what_its_first_try_has_not(
    emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    emulator.faults.fail("clean", Reply(403, "access_denied", "Access is denied"))
    emulator.faults.fail("download", Reply(403, "access_denied", "Access is denied"), skip=2)
    load = site_load(*HALVES)
    with pytest.raises(MetricaAccessError):
        finish(load)
    assert shown(warehouse) == truth(emulator, *HALVES[0])
    counts = finish(load, load.start(is_retry=True))
    assert counts.loaded == len(truth(emulator, *HALVES[1]))
    assert shown(warehouse) == truth(emulator, *WHOLE)
    assert emulator.actions().count("create") == 2
    assert statuses(emulator) == ["cleaned_by_user"] * 2
    assert [state for _, state in states(warehouse)] == ["cleaned"] * 2


@pytest.mark.parametrize(
    ("owner", "step"),
    [
        (log_load.LogLoad, "_check_lines"),
        (log_load.LogLoad, "_balance"),
        (log_load.LogLoad, "_record_days"),
        (log_load, "publish_loads"),
    ],
)
def test_a_run_killed_while_loading_shows_nothing_and_is_completed(
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    monkeypatch: pytest.MonkeyPatch,
    owner: object,
    step: str,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(owner, step, killed)
        with pytest.raises(KilledError):
            finish(site_load())
    assert shown(warehouse) == []
    assert warehouse.value("SELECT count() FROM core.site_days") == 0
    assert warehouse.value("SELECT count() FROM core.metrica_visits") > 0
    finish(site_load())
    assert shown(warehouse) == truth(emulator, FIRST, LAST)
    assert statuses(emulator) == ["cleaned_by_user"]
    ended = dict(warehouse.rows("SELECT status, count() FROM ops.loads GROUP BY status"))
    assert ended == {"failed": 3, "published": 3}


def test_a_failed_load_leaves_the_published_days(
    emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    finish(site_load())
    before = shown(warehouse)
    emulator.faults.cut(1, style="line", times=99)
    load = site_load()
    with pytest.raises(MetricaUnavailableError, match="Метрика обещала"):
        finish(load)
    assert shown(warehouse) == before
    load.release()
    assert statuses(emulator) == ["cleaned_by_user", "cleaned_by_user"]


def test_a_storage_filled_by_others_fails_at_once_with_the_numbers(
    emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    foreign = emulator.occupy(SITE, 11 * 10**9)
    with pytest.raises(
        MetricaQuotaError,
        match=rf"из 3; готовые выгрузки \(1\) занимают 11\.00 ГБ: {foreign.request_id}\.",
    ):
        site_load().start()
    assert "create" not in emulator.actions()
    assert foreign.status == "processed"
