"""What a load stores: exact values, counts, quarantine, time zones, repeated loads."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import pytest

from municipal_indicators.errors import MetricaError, UnbalancedLoadError
from municipal_indicators.sources.metrica import log_load, staging
from municipal_indicators.sources.metrica.client import MetricaClient
from municipal_indicators.sources.metrica.fields import load_fields
from municipal_indicators.sources.metrica.log_load import load_log
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.load_ledger import LoadCounts
from tests.emulators.metrica import MetricaEmulator
from tests.sources.metrica.conftest import FAR_SITE, FIRST, LAST, SITE, log_query
from tests.sources.metrica.visit_rows import REQUESTED, expected, fetched, published, quarantined


@pytest.mark.parametrize("csv_quotes", [False, True])
@pytest.mark.parametrize("reversed_columns", [False, True])
@pytest.mark.parametrize("dialect", ["A", "B"])
def test_visits_arrive_exactly(
    client: MetricaClient,
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    tmp_path: Path,
    csv_quotes: bool,
    reversed_columns: bool,
    dialect: Literal["A", "B"],
) -> None:
    emulator.settings.dialect = dialect
    emulator.settings.csv_quotes = csv_quotes
    emulator.settings.parts_per_request = 3
    emulator.faults.reversed_columns = reversed_columns
    emulator.faults.byte_order_mark = reversed_columns
    last = date(2024, 4, 30)
    counts = load_log(
        warehouse, fetched(client, tmp_path, log_query(last=last)), load_fields("visits")
    )
    truth = list(emulator.visits(SITE, FIRST, last))
    assert published(warehouse) == expected(truth, "Europe/Moscow")
    assert counts == LoadCounts(len(truth), len(truth))
    # The sample has to hold the values that this test is about.
    assert max(v.visit_id for v in truth) > 2**63
    assert max(v.user_hash for v in truth) > 2**63
    assert min(v.user_hash for v in truth) == 0
    urls = "".join(v.start_url + v.end_url + v.referer for v in truth)
    assert all(odd in urls for odd in "\t\n\r\\\"'\u2028@")
    assert {len(v.goals) for v in truth} >= {0, 1, 2}


def test_what_a_reload_changed_is_recorded_for_the_settling_curve(
    client: MetricaClient,
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    day = emulator.today - timedelta(days=1)
    wanted = log_query(day, day)
    early = list(emulator.visits(SITE, day, day))
    prepared = fetched(client, tmp_path, wanted)
    at = datetime.combine(day, time(21), UTC)
    fields = load_fields("visits")
    load_log(warehouse, replace(prepared, requested_at=at + timedelta(hours=3)), fields)
    assert warehouse.rows("SELECT * FROM ops.metrica_reloads") == []
    monkeypatch.setattr(emulator, "clock", lambda: at + timedelta(days=5))
    settled = list(emulator.visits(SITE, day, day))
    again = fetched(client, tmp_path, wanted)
    load_log(warehouse, replace(again, requested_at=at + timedelta(hours=100)), fields)
    before, after = ({v.visit_id: v for v in found} for found in (early, settled))
    added = len(after.keys() - before.keys())
    changed = sum(before[key] != after[key] for key in before)
    assert added > 0 < changed
    assert warehouse.rows(
        "SELECT * EXCEPT (load_id, previous_load_id) FROM ops.metrica_reloads"
    ) == [(SITE, "visits", day, 3, 100, len(early), len(settled), 0, added, changed)]
    assert warehouse.rows("SELECT * FROM ops.metrica_settling") == [
        (SITE, "visits", 0, 1, len(settled), 0, added, changed, (added + changed) / len(settled))
    ]


def test_every_day_is_a_unit_with_its_counts(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse, tmp_path: Path
) -> None:
    load_log(warehouse, fetched(client, tmp_path, log_query()), load_fields("visits"))
    counts = [len(list(emulator.visits(SITE, day, day))) for day in (FIRST, date(2024, 3, 2), LAST)]
    assert warehouse.rows(
        "SELECT unit, status, delivered, loaded, quarantined, duplicates FROM ops.loads ORDER BY unit"
    ) == [
        (f"{SITE}/2024-03-0{number}", "published", count, count, 0, 0)
        for number, count in enumerate(counts, start=1)
    ]
    moscow = ZoneInfo("Europe/Moscow")
    days = warehouse.rows(
        "SELECT counter_id, counter_day, from_at, until_at, requested_at FROM core.site_days"
    )
    assert [row[:2] for row in sorted(days)] == [(SITE, date(2024, 3, n)) for n in (1, 2, 3)]
    begin, end, requested = (moment.replace(tzinfo=UTC) for moment in sorted(days)[0][2:])
    assert begin == datetime(2024, 3, 1, tzinfo=moscow)
    assert end == datetime(2024, 3, 2, tzinfo=moscow)
    assert requested == REQUESTED


def test_loading_again_publishes_the_same_and_a_changed_day_replaces_the_old(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse, tmp_path: Path
) -> None:
    prepared = fetched(client, tmp_path, log_query())
    load_log(warehouse, prepared, load_fields("visits"))
    before = published(warehouse)
    load_log(warehouse, prepared, load_fields("visits"))
    assert published(warehouse) == before
    assert warehouse.value("SELECT count() FROM core.metrica_visits") == 2 * len(before)
    number, path = next(iter(prepared.parts))
    head, body = path.read_bytes().split(b"\n", 1)
    path.write_bytes(head + b"\n" + body.split(b"\n", 1)[1])
    load_log(
        warehouse,
        replace(prepared, parts=[(number, path), *list(prepared.parts)[1:]]),
        load_fields("visits"),
    )
    assert len(published(warehouse)) == len(before) - 1


def test_days_of_another_zone_keep_their_instants(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse, tmp_path: Path
) -> None:
    zone = "Asia/Vladivostok"
    wanted = log_query(counter_id=FAR_SITE)
    load_log(warehouse, fetched(client, tmp_path, wanted, zone), load_fields("visits"))
    assert published(warehouse) == expected(emulator.visits(FAR_SITE, FIRST, LAST), zone)
    begin = warehouse.value("SELECT min(from_at) FROM core.site_days")
    assert begin.replace(tzinfo=UTC) == datetime(2024, 2, 29, 14, tzinfo=UTC)


@pytest.mark.parametrize("fault", ["empty_parts", "header_only"])
def test_days_without_visits_are_published_too(
    client: MetricaClient,
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    tmp_path: Path,
    fault: str,
) -> None:
    setattr(emulator.faults, fault, True)
    assert (
        load_log(warehouse, fetched(client, tmp_path, log_query()), load_fields("visits"))
        == LoadCounts()
    )
    assert warehouse.value("SELECT count() FROM core.site_days") == 3


@pytest.mark.parametrize("ids_at_once", [1_000_000, 50])
def test_a_duplicate_visit_is_kept_once(
    client: MetricaClient,
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ids_at_once: int,
) -> None:
    monkeypatch.setattr(log_load, "IDS_AT_ONCE", ids_at_once)
    emulator.faults.duplicate_rows = 4
    counts = load_log(warehouse, fetched(client, tmp_path, log_query()), load_fields("visits"))
    truth = list(emulator.visits(SITE, FIRST, LAST))
    assert counts == LoadCounts(len(truth) + 4, len(truth), 0, 4)
    assert published(warehouse) == expected(truth, "Europe/Moscow")
    assert (
        warehouse.value("SELECT sum(delivered - loaded - quarantined - duplicates) FROM ops.loads")
        == 0
    )


def test_of_two_states_of_a_visit_the_longer_is_kept(
    client: MetricaClient, warehouse: Warehouse, tmp_path: Path
) -> None:
    prepared = fetched(client, tmp_path, log_query(last=FIRST))
    path = next(iter(prepared.parts))[1]
    names = path.read_bytes().split(b"\n")[0].split(b"\t")
    row = path.read_bytes().split(b"\n")[1].split(b"\t")
    row[names.index(b"ym:s:pageViews")] = b"99"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\n" + b"\t".join(row) + b"\n", 1))
    assert load_log(warehouse, prepared, load_fields("visits")).duplicates == 1
    assert warehouse.value("SELECT max(page_views) FROM core.metrica_visits") == 99


def test_blocks_of_whole_lines_keep_line_numbers(
    client: MetricaClient,
    warehouse: Warehouse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log_load, "BLOCK_BYTES", 700)
    prepared = fetched(client, tmp_path, log_query(last=FIRST))
    counts = load_log(warehouse, prepared, load_fields("visits"))
    for number, path in prepared.parts:
        ids = [int(line.split(b"\t")[0]) for line in path.read_bytes().split(b"\n")[1:-1]]
        found = warehouse.rows(
            "SELECT visit_id FROM core.metrica_visits WHERE part = {part:UInt32} ORDER BY line",
            {"part": number},
        )
        assert [row[0] for row in found] == ids
    assert counts.loaded == warehouse.value("SELECT count() FROM core.metrica_visits")


def test_a_lost_line_is_an_error_and_nothing_is_published(
    client: MetricaClient, emulator: MetricaEmulator, warehouse: Warehouse, tmp_path: Path
) -> None:
    emulator.faults.bad_values = {"ym:s:bounce": "300"}
    prepared = fetched(client, tmp_path, log_query())
    warehouse.command("DROP VIEW staging.metrica_visits_quarantining")
    try:
        with pytest.raises(
            UnbalancedLoadError, match=r"часть 0: строк \d+, а загружено и в карантине \d+"
        ):
            load_log(warehouse, prepared, load_fields("visits"))
    finally:
        for text in staging.staging_scripts().values():
            warehouse.run_script(text + ";\n")
    assert published(warehouse) == []
    assert set(
        warehouse.rows("SELECT status, position(message, 'часть 0') > 0 FROM ops.loads")
    ) == {("failed", 1)}
    load_log(warehouse, prepared, load_fields("visits"))
    assert len(quarantined(warehouse)) == 1


def test_a_part_with_a_heading_that_does_not_fit_publishes_nothing(
    client: MetricaClient, warehouse: Warehouse, tmp_path: Path
) -> None:
    prepared = fetched(client, tmp_path, log_query())
    path = list(prepared.parts)[1][1]
    path.write_bytes(path.read_bytes().replace(b"ym:s:visitID", b"ym:s:visitNumber", 1))
    with pytest.raises(MetricaError, match=r"часть 1: заголовки не подходят.*нет ym:s:visitID"):
        load_log(warehouse, prepared, load_fields("visits"))
    assert published(warehouse) == []
    assert warehouse.value("SELECT count() FROM core.site_visits") == 0
