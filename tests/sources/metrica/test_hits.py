"""Loads of hits, which share the code of visits: exact values, counts, quarantine, repeated loads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from municipal_indicators.sources.metrica.api_models import LogQuery
from municipal_indicators.sources.metrica.client import MetricaClient
from municipal_indicators.sources.metrica.fields import load_fields
from municipal_indicators.sources.metrica.log_load import load_log
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.load_ledger import LoadCounts
from tests.emulators.metrica import Hit, MetricaEmulator, Settings
from tests.sources.metrica.conftest import FAR_SITE, FIRST, LAST, SITE, log_query
from tests.sources.metrica.visit_rows import fetched, kept_address, quarantined

MOSCOW = "Europe/Moscow"
COLUMNS = (
    "watch_id, visit_id, counter_id, happened_at, counter_user_id_hash, client_id, is_page_view, "
    "is_download, is_link, url, referer, http_error"
)
VISIT_IDS_SINCE = Settings().visit_ids_since


def hits_query(first: date = FIRST, last: date = LAST, counter_id: int = SITE) -> LogQuery:
    """A query for all our fields of hits."""
    fields = load_fields("hits")
    return log_query(first, last, counter_id).model_copy(
        update={"source": "hits", "fields": fields.names}
    )


def expected(found: Iterable[Hit], zone: str = MOSCOW) -> list[tuple[Any, ...]]:
    """Hits as the warehouse should hold them, computed from the emulator's data."""

    return sorted(
        (
            hit.watch_id,
            hit.visit.visit_id if hit.happened.date() >= VISIT_IDS_SINCE else 0,
            hit.visit.counter_id,
            hit.happened.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None),
            hit.visit.user_hash,
            hit.visit.client_id,
            bool(hit.is_page_view),
            bool(hit.is_download),
            bool(hit.is_link),
            kept_address(hit.url),
            kept_address(hit.referer),
            hit.http_error,
        )
        for hit in found
    )


def published(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    """What readers see."""
    rows = warehouse.rows(
        f"""
        SELECT {COLUMNS} FROM core.metrica_hits
        WHERE (unit_key, load_id) IN (SELECT unit_key, load_id FROM ops.published WHERE source = 'metrica')
        """
    )
    return sorted((*row[:3], row[3].replace(tzinfo=None), *row[4:]) for row in rows)


@pytest.mark.parametrize("csv_quotes", [False, True])
def test_hits_arrive_exactly(
    client: MetricaClient,
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    tmp_path: Path,
    csv_quotes: bool,
) -> None:
    emulator.settings.csv_quotes = emulator.faults.reversed_columns = csv_quotes
    emulator.settings.parts_per_request = 3
    last = date(2024, 4, 30)
    counts = load_log(
        warehouse, fetched(client, tmp_path, hits_query(last=last)), load_fields("hits")
    )
    truth = list(emulator.hits(SITE, FIRST, last))
    assert published(warehouse) == expected(truth)
    assert counts == LoadCounts(len(truth), len(truth))
    # The sample has to hold the values that this test is about.
    assert max(hit.watch_id for hit in truth) > 2**63
    assert {(h.is_page_view, h.is_download, h.is_link) for h in truth} == {
        (1, 0, 0),
        (0, 1, 1),
        (0, 0, 1),
    }
    assert {hit.http_error for hit in truth} == {"", "404"}
    urls = "".join(hit.url + hit.referer for hit in truth)
    assert all(odd in urls for odd in "\t\n\r\\\"'\u2028@№")


def test_the_visit_of_a_hit_is_known_since_the_api_delivers_it(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse, tmp_path: Path
) -> None:
    wanted = hits_query(VISIT_IDS_SINCE - timedelta(days=1), VISIT_IDS_SINCE)
    load_log(warehouse, fetched(client, tmp_path, wanted), load_fields("hits"))
    truth = list(emulator.hits(SITE, wanted.date1, wanted.date2))
    assert published(warehouse) == expected(truth)
    assert warehouse.rows(
        "SELECT toDate(happened_at, 'Europe/Moscow') AS day, countIf(visit_id != 0) > 0 "
        "FROM core.metrica_hits GROUP BY day ORDER BY day"
    ) == [(wanted.date1, 0), (wanted.date2, 1)]


def test_hits_of_another_zone_keep_their_instants(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse, tmp_path: Path
) -> None:
    zone = "Asia/Vladivostok"
    prepared = fetched(client, tmp_path, hits_query(counter_id=FAR_SITE), zone)
    load_log(warehouse, prepared, load_fields("hits"))
    assert published(warehouse) == expected(emulator.hits(FAR_SITE, FIRST, LAST), zone)
    begin = warehouse.value("SELECT min(from_at) FROM core.site_hit_days")
    assert begin.replace(tzinfo=UTC) == datetime(2024, 2, 29, 14, tzinfo=UTC)


def test_hits_and_visits_of_a_day_are_units_of_their_own(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse, tmp_path: Path
) -> None:
    load_log(warehouse, fetched(client, tmp_path, hits_query(last=FIRST)), load_fields("hits"))
    assert warehouse.value("SELECT count() FROM core.site_days") == 0
    load_log(warehouse, fetched(client, tmp_path, log_query(last=FIRST)), load_fields("visits"))
    hits = len(list(emulator.hits(SITE, FIRST, FIRST)))
    visits = len(list(emulator.visits(SITE, FIRST, FIRST)))
    assert hits > visits > 0
    assert warehouse.rows(
        "SELECT unit, status, delivered, loaded, quarantined, duplicates FROM ops.loads ORDER BY unit"
    ) == [
        (f"{SITE}/{FIRST}", "published", visits, visits, 0, 0),
        (f"{SITE}/{FIRST}/hits", "published", hits, hits, 0, 0),
    ]
    assert warehouse.rows(
        "SELECT (SELECT count() FROM core.site_hits), (SELECT count() FROM core.site_visits), "
        "(SELECT count() FROM core.site_hit_days), (SELECT count() FROM core.site_days)"
    ) == [(hits, visits, 1, 1)]


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("isPageView", "300", "'300' is neither 0 nor 1"),
        ("download", "", "'' is neither 0 nor 1"),
        (
            "watchID",
            "18446744073709551616",
            "'18446744073709551616' is not a whole number from 0 to 18446744073709551615",
        ),
        ("visitID", "-1", "'-1' is not a whole number from 0 to 18446744073709551615"),
        (
            "dateTime",
            "0000-00-00 00:00:00",
            "'0000-00-00 00:00:00' is not a time as YYYY-MM-DD hh:mm:ss",
        ),
        ("date", "2024-03-04", "'2024-03-04' is not a day of the request, 2024-03-01…2024-03-03"),
        ("counterID", "7", f"'7' is not the counter ordered, {SITE}"),
        ("isPageView", "Иванов Иван", "'***' is neither 0 nor 1"),
    ],
)
def test_a_value_that_does_not_fit_goes_to_quarantine(
    client: MetricaClient,
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    tmp_path: Path,
    field: str,
    value: str,
    reason: str,
) -> None:
    emulator.faults.bad_values = {f"ym:pv:{field}": value}
    counts = load_log(warehouse, fetched(client, tmp_path, hits_query()), load_fields("hits"))
    truth = list(emulator.hits(SITE, FIRST, LAST))
    assert counts == LoadCounts(len(truth), len(truth) - 1, 1, 0)
    ((*position, found_reason, row),) = quarantined(warehouse)
    assert position == [f"{SITE}/{FIRST}/hits", "part 0", 2, f"ym:pv:{field}"]
    assert found_reason == reason
    assert "http" not in row
    assert "Иван" not in row
    assert published(warehouse) == expected(truth[1:])


def test_a_field_that_is_not_delivered_is_absent(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse, tmp_path: Path
) -> None:
    emulator.faults.missing_columns = {"ym:pv:visitID", "ym:pv:link", "ym:pv:httpError"}
    wanted = hits_query(VISIT_IDS_SINCE, VISIT_IDS_SINCE)
    counts = load_log(warehouse, fetched(client, tmp_path, wanted), load_fields("hits"))
    assert counts.loaded == len(list(emulator.hits(SITE, VISIT_IDS_SINCE, VISIT_IDS_SINCE))) > 0
    assert warehouse.rows("SELECT DISTINCT visit_id, is_link, http_error FROM core.site_hits") == [
        (0, False, "")
    ]


def test_a_duplicate_hit_is_kept_once(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse, tmp_path: Path
) -> None:
    emulator.faults.duplicate_rows = 4
    counts = load_log(warehouse, fetched(client, tmp_path, hits_query()), load_fields("hits"))
    truth = list(emulator.hits(SITE, FIRST, LAST))
    assert counts == LoadCounts(len(truth) + 4, len(truth), 0, 4)
    assert published(warehouse) == expected(truth)


@pytest.mark.parametrize("fault", ["empty_parts", "header_only"])
def test_days_without_hits_are_published_too(
    client: MetricaClient,
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    tmp_path: Path,
    fault: str,
) -> None:
    setattr(emulator.faults, fault, True)
    prepared = fetched(client, tmp_path, hits_query())
    assert load_log(warehouse, prepared, load_fields("hits")) == LoadCounts()
    assert warehouse.value("SELECT count() FROM core.site_hit_days") == 3


def test_a_day_loaded_again_replaces_the_old_and_the_changes_are_recorded(
    client: MetricaClient,
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    day = emulator.today - timedelta(days=1)
    wanted, fields = hits_query(day, day), load_fields("hits")
    early = list(emulator.hits(SITE, day, day))
    at = datetime.combine(day, time(21), UTC)
    prepared = fetched(client, tmp_path, wanted)
    load_log(warehouse, replace(prepared, requested_at=at + timedelta(hours=3)), fields)
    load_log(warehouse, fetched(client, tmp_path, log_query(day, day)), load_fields("visits"))
    before = warehouse.rows("SELECT * FROM core.site_visits ORDER BY visit_id")
    monkeypatch.setattr(emulator, "clock", lambda: at + timedelta(days=5))
    settled = list(emulator.hits(SITE, day, day))
    again = fetched(client, tmp_path, wanted)
    load_log(warehouse, replace(again, requested_at=at + timedelta(hours=100)), fields)
    assert published(warehouse) == expected(settled)
    assert warehouse.rows("SELECT * FROM core.site_visits ORDER BY visit_id") == before
    then, now = (
        dict(zip((row[0] for row in rows), rows, strict=True))
        for rows in (expected(early), expected(settled))
    )
    added = len(now.keys() - then.keys())
    gone = len(then.keys() - now.keys())
    changed = sum(then[key] != now[key] for key in then.keys() & now.keys())
    assert added > 0
    assert warehouse.rows(
        "SELECT * EXCEPT (load_id, previous_load_id) FROM ops.metrica_reloads"
    ) == [(SITE, "hits", day, 3, 100, len(early), len(settled), gone, added, changed)]
