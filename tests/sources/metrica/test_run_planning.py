"""The plan of a run: chunks, rejected fields, storage, our leftovers, foreign requests."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from municipal_indicators.errors import (
    ConfigurationError,
    MetricaAccessError,
    MetricaQuotaError,
    MetricaRequestError,
    MetricaUnavailableError,
)
from municipal_indicators.reference.passport import load_passport
from municipal_indicators.sources.metrica import run_planning, trigger
from municipal_indicators.sources.metrica.api_models import LogQuery
from municipal_indicators.sources.metrica.client import MetricaClient
from municipal_indicators.sources.metrica.fields import load_fields
from municipal_indicators.sources.metrica.run_planning import plan_run
from municipal_indicators.sources.metrica.site_plan import SitePlan
from municipal_indicators.warehouse.client import Warehouse
from tests.dags.test_load_metrica_visits import sites
from tests.emulators.metrica import MetricaEmulator, Reply
from tests.sources.metrica.conftest import FAR_SITE, FIRST, LAST, SITE, log_query
from tests.sources.metrica.site_loads import finish, record, run_all, site_load, states, statuses

NOW = datetime(2024, 3, 10, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trigger, "FIRST_WAIT_SECONDS", 0.01)


def spans(date_from: str | None = None, date_to: str | None = None) -> list[tuple[date, date]]:
    (site,) = plan_run("visits", date_from, date_to, NOW, "a run")
    return list(SitePlan.model_validate(site).spans)


def created(
    client: MetricaClient,
    warehouse: Warehouse,
    wanted: LogQuery,
    at: datetime | None = None,
) -> int:
    """Create a request as an interrupted run of ours left it."""
    request = client.create(wanted)
    assert request
    at = at or datetime.now(UTC)
    record(warehouse, "an interrupted run", "ordered", wanted, request.request_id, at)
    return request.request_id


def test_a_long_span_is_requested_in_half_years(
    emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    assert spans("2023-01-01", "2024-02-29") == [
        (date(2023, 1, 1), date(2023, 7, 2)),
        (date(2023, 7, 3), date(2023, 12, 31)),
        (date(2024, 1, 1), date(2024, 2, 29)),
    ]
    assert emulator.actions() == ["counter", "list", "evaluate", "evaluate"]


def test_a_span_that_the_storage_does_not_hold_is_split(
    emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    emulator.faults.possible_days = 4
    assert spans("2024-03-01", "2024-03-09") == [
        (date(2024, 3, 1), date(2024, 3, 4)),
        (date(2024, 3, 5), date(2024, 3, 8)),
        (date(2024, 3, 9), date(2024, 3, 9)),
    ]


@pytest.mark.parametrize("possible", [0, -6])
def test_a_full_storage_is_an_error_with_the_numbers(
    emulator: MetricaEmulator, warehouse: Warehouse, possible: int
) -> None:
    foreign = emulator.occupy(SITE, 11 * 10**9)
    emulator.faults.possible_days = possible
    with pytest.raises(
        MetricaQuotaError,
        match=rf"место для дней: {possible} из 2; готовые выгрузки \(1\) занимают 11\.00 ГБ: "
        rf"{foreign.request_id}\.",
    ):
        spans("2024-03-01", "2024-03-02")
    assert foreign.status == "processed"
    shown = warehouse.rows("SELECT request_id, owner, size FROM ops.metrica_storage")
    assert shown == [(foreign.request_id, "foreign", 11 * 10**9)]


def test_storage_used_by_our_own_requests_is_planned_as_free(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    hits = load_fields("hits")
    wanted = log_query().model_copy(update={"source": "hits", "fields": hits.names})
    created(client, warehouse, wanted)
    emulator.faults.possible_days = -1
    assert spans("2024-03-01", "2024-03-02") == [(date(2024, 3, 1), date(2024, 3, 2))]
    assert "cancel" not in emulator.actions()
    assert "clean" not in emulator.actions()


def test_a_rejected_optional_field_is_left_out(
    emulator: MetricaEmulator, warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    emulator.faults.refused_fields = {"ym:s:regionCity", "ym:s:browser"}
    (site,) = plan_run("visits", "2024-03-01", "2024-03-01", NOW, "a run")
    left = set(load_fields("visits").names) - set(site["fields"])
    assert left == {"ym:s:regionCity", "ym:s:browser"}
    assert "rejects the field ym:s:browser" in caplog.text


def test_a_field_that_the_api_does_not_know_yet_is_asked_for_by_its_older_name(
    emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    emulator.faults.refused_fields = {"ym:s:cross_device_last_significantTrafficSource"}
    run_all("a run", "2024-03-01", "2024-03-01", at=NOW)
    (request,) = emulator.store.requests.values()
    assert "ym:s:lastsignTrafficSource" in request.order.fields
    assert warehouse.rows("SELECT * FROM ops.load_warnings") == []
    assert warehouse.value("SELECT uniqExact(traffic_source) FROM core.site_visits") > 3


def test_a_retired_field_costs_only_the_columns_of_its_mart(
    emulator: MetricaEmulator, warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    names = [f"ym:s:{m}TrafficSource" for m in ("cross_device_last_significant", "lastsign")]
    emulator.faults.refused_fields = set(names)
    run_all("a run", "2024-03-01", "2024-03-03", at=NOW)
    visits = len(list(emulator.visits(SITE, FIRST, LAST)))
    assert warehouse.rows(
        "SELECT traffic_source, count() FROM core.site_visits GROUP BY traffic_source"
    ) == [("undefined", visits)]
    ((code, unit, text),) = warehouse.rows("SELECT code, unit, text FROM ops.load_warnings")
    assert (code, unit) == ("missing_field", f"{SITE}/{FIRST}")
    assert "TrafficSource: за дни 2024-03-01…2024-03-03 столбец traffic_source" in text
    assert "site_sources_monthly" in text
    assert text in caplog.text


@pytest.mark.parametrize("was", ["ordered", "killed before the number was recorded"])
def test_a_request_that_the_api_shows_under_other_names_is_ours(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse, was: str
) -> None:
    former = load_fields("visits")
    for field in former.fields:
        if field.former:
            former = former.with_former(field)
    wanted = log_query().model_copy(update={"fields": former.names, "attribution": "LASTSIGN"})
    emulator.faults.renamed_models = True
    if was == "ordered":
        created(client, warehouse, wanted)
    else:
        record(warehouse, "killed", "ordering", wanted, 0, datetime.now(UTC))
        assert client.create(wanted)
    # Other days: the request is not needed.
    run_all("next", "2024-03-05", "2024-03-06", at=NOW)
    assert statuses(emulator) == ["cleaned_by_user"] * 2
    created(client, warehouse, wanted)
    run_all("the same days", str(FIRST), str(LAST), at=NOW)
    assert emulator.actions().count("create") == 3  # the run reused the one that was left
    assert statuses(emulator) == ["cleaned_by_user"] * 3


def test_a_number_of_ours_is_ours_whatever_fields_the_api_shows(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    # As if it had been ordered with fields that the API does not show any more.
    wanted = log_query().model_copy(update={"fields": log_query().fields[:-3]})
    request = client.create(wanted)
    assert request
    record(warehouse, "a run", "ordered", log_query(), request.request_id, datetime.now(UTC))
    run_all("next", "2024-03-05", "2024-03-06", at=NOW)
    assert statuses(emulator) == ["cleaned_by_user"] * 2


def test_a_rejected_required_field_stops_the_run(
    emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    emulator.faults.refused_fields = {"ym:s:visitID"}
    with pytest.raises(MetricaRequestError, match="Unknown field in the request: ym:s:visitID"):
        spans("2024-03-01", "2024-03-01")


def observed(monkeypatch: pytest.MonkeyPatch, path: Path, site: int, limits: str) -> None:
    """Use a passport that has the site beside ``SITE``, observed in these limits."""
    passport = Path(sites(path, SITE, site))
    text = passport.read_text(encoding="utf-8")
    passport.write_text(
        text.replace(f"Сайт {site}}}", f"Сайт {site}, {limits}}}"), encoding="utf-8"
    )
    monkeypatch.setenv("AIRFLOW_VAR_PROGRAMME_PASSPORT", str(passport))


def test_a_site_is_requested_for_the_days_on_which_it_is_observed(
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    observed(monkeypatch, tmp_path / "programme.yaml", FAR_SITE, "from: 2024-03-02")
    plan = plan_run("visits", "2024-03-01", "2024-03-04", NOW, "a run")
    assert [site["name"] for site in plan] == [
        f"{SITE} (Сайт {SITE}) 2024-03-01…2024-03-04",
        f"{FAR_SITE} (Сайт {FAR_SITE}) 2024-03-02…2024-03-05",
    ]
    assert "of 2024-03-01…2024-03-04, only 2024-03-02…2024-03-04 are requested" in caplog.text


def test_the_deleted_counter_of_a_site_that_ended_is_not_asked_for(
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    observed(monkeypatch, tmp_path / "programme.yaml", 404, "until: 2024-02-29")
    (plan,) = plan_run("visits", "2024-03-01", "2024-03-02", NOW, "a run")
    assert plan["counter_id"] == SITE
    assert not [call for call in emulator.calls if "/404" in call.path]
    assert "Site 404 (Сайт 404): of 2024-03-01…2024-03-02, nothing is requested" in caplog.text


def test_sites_in_other_zones_and_rejected_sites_do_not_affect_each_other(
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passport = sites(tmp_path / "programme.yaml", SITE, 404, FAR_SITE)
    monkeypatch.setenv("AIRFLOW_VAR_PROGRAMME_PASSPORT", passport)
    plan = plan_run("visits", "2024-03-01", "2024-03-02", NOW, "a run")
    assert [site["name"] for site in plan][::2] == [
        f"{SITE} (Сайт {SITE}) 2024-03-01…2024-03-02",
        f"{FAR_SITE} (Сайт {FAR_SITE}) 2024-03-01…2024-03-03",
    ]
    assert "404" in plan[1]["problem"]
    assert "удалён или заменён, впишите в паспорт последний день" in plan[1]["problem"]
    assert "`until`" in plan[1]["problem"]
    assert plan[2]["time_zone"] == "Asia/Vladivostok"


def described(zone: str) -> Reply:
    """The counter as the API describes it, with another time zone."""
    return Reply(200, body=f'{{"counter": {{"id": {SITE}, "time_zone_name": "{zone}"}}}}')


@pytest.mark.parametrize(
    ("action", "reply", "times", "told"),
    [
        ("counter", Reply(504), 6, "HTTP 504"),
        ("list", Reply(504), 6, "HTTP 504"),
        ("evaluate", Reply(504), 6, "HTTP 504"),
        ("counter", Reply(200, html=True), 6, "это не JSON Метрики"),
        ("counter", Reply(200, body='{"counter": 5}'), 1, "нет пригодного 'counter'"),
        ("counter", described("Mars/Olympus"), 1, "'Mars/Olympus', которого эта машина"),
        ("counter", described("Europe"), 1, "'Europe', которого эта машина не знает"),
        ("counter", described(""), 1, "'', которого эта машина не знает"),
        ("list", Reply(200, body='{"requests": 5}'), 1, "TypeError (смотрите журнал plan_req"),
    ],
)
def test_one_sites_fault_is_its_problem_and_the_others_are_planned(
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    action: str,
    reply: Reply,
    times: int,
    told: str,
) -> None:
    passport = sites(tmp_path / "programme.yaml", SITE, FAR_SITE)
    monkeypatch.setenv("AIRFLOW_VAR_PROGRAMME_PASSPORT", passport)
    emulator.faults.fail(action, reply, times=times)
    broken, planned = plan_run("visits", "2024-03-01", "2024-03-02", NOW, "a run")
    assert broken["name"] == f"{SITE} (Сайт {SITE})"
    assert broken["problem"].startswith(f"Сайт {SITE} (Сайт {SITE}): ")
    assert told in broken["problem"]
    assert SitePlan.model_validate(planned).counter_id == FAR_SITE


def test_where_no_site_is_left_the_error_that_a_retry_may_fix_is_raised(
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passport = sites(tmp_path / "programme.yaml", SITE, FAR_SITE)
    monkeypatch.setenv("AIRFLOW_VAR_PROGRAMME_PASSPORT", passport)
    emulator.faults.fail("counter", Reply(403, "access_denied", "Access is denied"))
    emulator.faults.fail("counter", Reply(504), times=6)
    with pytest.raises(MetricaUnavailableError, match="HTTP 504"):
        plan_run("visits", "2024-03-01", "2024-03-02", NOW, "a run")


def test_a_passport_without_sites_is_told_what_to_write(
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Whatever a passport's own checks say of that.
    without = load_passport().model_copy(update={"sites": []})
    monkeypatch.setattr(run_planning, "load_passport", lambda: without)
    with pytest.raises(
        ConfigurationError,
        match=r"^В паспорте passport\.yaml нет сайтов.*sites: \[\{counter_id: 12345678",
    ):
        spans("2024-03-01", "2024-03-02")
    assert emulator.actions() == []


def test_a_token_without_access_to_any_site_is_an_error(
    emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    emulator.faults.fail("counter", Reply(403, "access_denied", "Access is denied"))
    with pytest.raises(MetricaAccessError, match="403"):
        spans("2024-03-01", "2024-03-02")


def test_a_plan_is_small_and_has_plain_values(
    emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    (site,) = plan_run("visits", "2014-01-01", "2024-03-02", NOW, "a run")
    assert site["spans"][-1][1] == "2024-03-02"
    assert len(str(site)) < 4000


def test_a_request_left_by_an_interrupted_run_is_reused_and_loaded_first(
    client: MetricaClient,
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run_planning, "CHUNK_DAYS", 2)
    number = created(client, warehouse, log_query(date(2024, 3, 3), date(2024, 3, 4)))
    (site,) = run_all("next", "2024-03-01", "2024-03-05", at=NOW)
    assert [first for first, _ in site["spans"]] == ["2024-03-03", "2024-03-01", "2024-03-05"]
    assert statuses(emulator) == ["cleaned_by_user"] * 3
    assert emulator.actions().count("create") == 3  # including that of the interrupted run
    assert states(warehouse)[0] == (number, "cleaned")


@pytest.mark.parametrize(
    ("wanted", "hours_old", "why"),
    [
        (log_query(FIRST, date(2024, 3, 2)), 0, "days that are not requested"),
        (log_query().model_copy(update={"fields": log_query().fields[:-1]}), 0, "other fields"),
        (log_query().model_copy(update={"attribution": "LAST"}), 0, "another attribution"),
        (log_query(), 30, "older than a day, and its days had not settled"),
    ],
)
def test_a_request_of_ours_that_is_not_needed_is_cleaned(
    client: MetricaClient,
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    wanted: LogQuery,
    hours_old: int,
    why: str,
) -> None:
    # Created on the day after LAST: no day had settled.
    at = datetime(2024, 3, 4, 12, tzinfo=UTC) if hours_old else None
    number = created(client, warehouse, wanted, at)
    span = ("2024-03-03", "2024-03-05") if why.startswith("days") else (str(FIRST), str(LAST))
    plan_run("visits", *span, NOW, "next")
    assert statuses(emulator) == ["cleaned_by_user"], why
    assert states(warehouse) == [(number, "given_up")]


def test_a_request_whose_days_had_settled_is_reused_at_any_age(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    at = datetime(2024, 3, 7, 12, tzinfo=UTC)
    created(client, warehouse, log_query(), at)
    run_all("next", str(FIRST), str(LAST), at=NOW)
    assert statuses(emulator) == ["cleaned_by_user"]
    requested = warehouse.value("SELECT max(requested_at) FROM core.metrica_days")
    assert requested.replace(tzinfo=UTC) == at


def test_what_was_published_once_is_not_published_again(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    emulator.faults.fail("clean", Reply(403, "access_denied", "Access is denied"))
    finish(site_load())
    run_all("next", str(FIRST), str(LAST), at=NOW)
    assert statuses(emulator) == ["cleaned_by_user"] * 2
    assert [state for _, state in states(warehouse)] == ["cleaned"] * 2


def test_a_forced_run_reuses_nothing(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    created(client, warehouse, log_query())
    run_all("next", str(FIRST), str(LAST), at=NOW, forced=True)
    assert [state for _, state in states(warehouse)] == ["given_up", "cleaned"]


def test_foreign_requests_and_those_of_the_other_source_are_shown_and_never_cleaned(
    client: MetricaClient,
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    caplog: pytest.LogCaptureFixture,
) -> None:
    hits = load_fields("hits")
    foreign = client.create(log_query())
    assert foreign
    of_hits = log_query().model_copy(update={"source": "hits", "fields": hits.names})
    number = created(client, warehouse, of_hits)
    caplog.set_level("INFO")
    run_all("next", str(FIRST), str(LAST), at=NOW)
    assert statuses(emulator) == ["processed", "processed", "cleaned_by_user"]
    assert f"Request {foreign.request_id} of counter {SITE} is not ours: visits" in caplog.text
    shown = warehouse.rows(
        "SELECT request_id, source, owner, size > 0, status FROM ops.metrica_storage ORDER BY request_id"
    )
    assert shown == [
        (foreign.request_id, "visits", "foreign", True, "processed"),
        (number, "hits", "ours", True, "processed"),
    ]
    client.clean(client.log_request(SITE, foreign.request_id))
    client.clean(client.log_request(SITE, number))
    run_all("another", str(FIRST), str(LAST), at=NOW)
    assert warehouse.rows("SELECT request_id FROM ops.metrica_storage") == []


def test_what_the_list_shows_is_recorded(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    expired = created(client, warehouse, log_query())
    unlisted = created(client, warehouse, log_query(LAST, LAST))
    emulator.store.expire(expired)
    del emulator.store.requests[unlisted]
    plan_run("visits", str(FIRST), str(LAST), NOW, "next")
    assert warehouse.rows(
        "SELECT request_id, state, message FROM ops.metrica_requests ORDER BY request_id"
    ) == [
        (expired, "lost", "the API shows it as cleaned_automatically_as_too_old"),
        (unlisted, "lost", "the API does not list it any more"),
    ]
