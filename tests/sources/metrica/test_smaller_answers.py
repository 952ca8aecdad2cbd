"""An answer that is smaller than the day it replaces, without Metrica saying so, does not replace it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from municipal_indicators.errors import MetricaError
from municipal_indicators.sources.metrica import trigger
from municipal_indicators.sources.metrica.checkpoint import Checkpoint
from municipal_indicators.sources.metrica.client import MetricaClient
from municipal_indicators.sources.metrica.fields import load_fields
from municipal_indicators.sources.metrica.log_load import PreparedLog, load_log
from municipal_indicators.sources.metrica.smaller_answers import SmallerAnswerError
from municipal_indicators.warehouse.client import Warehouse
from tests.emulators.metrica import MetricaEmulator
from tests.sources.metrica.conftest import FIRST, LAST, SITE, log_query
from tests.sources.metrica.site_loads import finish, run_all, shown, site_load, statuses, truth
from tests.sources.metrica.visit_rows import fetched, published

MIDDLE = date(2024, 3, 2)
OTHER_FORM = {"ym:s:dateTime": "2024-03-01T10:00:00Z"}
HALVES = ((date(2024, 3, 1), date(2024, 3, 3)), (date(2024, 3, 4), date(2024, 3, 6)))

Fetch = Callable[..., PreparedLog]


@pytest.fixture
def fetch(client: MetricaClient, tmp_path: Path) -> Fetch:
    """A log as the API delivers it now, by default of one day."""
    return lambda first=FIRST, last=FIRST: fetched(client, tmp_path, log_query(first, last))


def load(warehouse: Warehouse, prepared: PreparedLog) -> None:
    load_log(warehouse, prepared, load_fields("visits"))


def ends(warehouse: Warehouse) -> list[tuple[str, int]]:
    return warehouse.rows("SELECT status, count() FROM ops.loads GROUP BY status ORDER BY status")


def warnings(warehouse: Warehouse) -> list[tuple[str, str, str, str]]:
    return warehouse.rows("SELECT source, unit, code, text FROM ops.load_warnings ORDER BY text")


def kept(warehouse: Warehouse, prepared: PreparedLog, message: str) -> None:
    """Load what must not replace a published day."""
    before = published(warehouse)
    days = warehouse.rows("SELECT * FROM core.site_days ORDER BY ALL")
    assert before
    with pytest.raises(SmallerAnswerError, match=message):
        load(warehouse, prepared)
    assert published(warehouse) == before
    assert warehouse.rows("SELECT * FROM core.site_days ORDER BY ALL") == days
    assert warehouse.rows("SELECT * FROM ops.metrica_reloads") == []


def test_a_day_whose_rows_are_all_in_quarantine_keeps_its_published_version(
    emulator: MetricaEmulator, warehouse: Warehouse, fetch: Fetch
) -> None:
    load(warehouse, fetch())
    rows = len(published(warehouse))
    emulator.faults.bad_rows = [OTHER_FORM] * rows
    told = (
        rf"прежними: 1 из 1: .*счётчик {SITE}, день {FIRST}: в карантине строк {rows} из {rows}, большинство "
        rf"потому, что ym:s:dateTime .* is not a time.*строк: {rows}\) остаётся.*metrica_visits\.yaml"
    )
    kept(warehouse, fetch(), told)
    assert ends(warehouse) == [("failed", 1), ("published", 1)]
    (message,) = warehouse.rows("SELECT message FROM ops.loads WHERE status = 'failed'")
    assert f"день {FIRST}: в карантине строк {rows} из {rows}" in message[0]
    assert warnings(warehouse) == []


def test_up_to_five_percent_in_quarantine_are_no_reason_to_keep_the_old_day(
    emulator: MetricaEmulator, warehouse: Warehouse, fetch: Fetch
) -> None:
    load(warehouse, fetch())
    rows = len(published(warehouse))
    most = rows // 20
    assert most > 0
    emulator.faults.bad_rows = [OTHER_FORM] * (most + 1)
    with pytest.raises(SmallerAnswerError, match=f"строк {most + 1} из {rows}"):
        load(warehouse, fetch())
    assert len(published(warehouse)) == rows
    emulator.faults.bad_rows = [OTHER_FORM] * most
    load(warehouse, fetch())
    assert len(published(warehouse)) == rows - most
    assert warnings(warehouse) == []


def test_a_first_load_with_many_rows_in_quarantine_is_published_and_warned_of(
    emulator: MetricaEmulator, warehouse: Warehouse, fetch: Fetch
) -> None:
    rows = len(list(emulator.visits(SITE, FIRST, FIRST)))
    bad = rows // 10
    emulator.faults.bad_rows = [OTHER_FORM] * bad
    load(warehouse, fetch())
    assert len(published(warehouse)) == rows - bad
    ((source, unit, code, text),) = warnings(warehouse)
    assert (source, unit, code) == ("metrica", f"{SITE}/{FIRST}", "many_quarantined")
    assert f"в карантине строк {bad} из {rows}, большинство потому, что ym:s:dateTime" in text
    # A day that always was like this goes on, else it would never settle; one that got worse does not.
    load(warehouse, fetch())
    assert len(warnings(warehouse)) == 2
    emulator.faults.bad_rows = [OTHER_FORM] * (bad + 1)
    with pytest.raises(SmallerAnswerError):
        load(warehouse, fetch())
    assert len(published(warehouse)) == rows - bad


def test_a_heading_without_rows_keeps_published_days(
    emulator: MetricaEmulator, warehouse: Warehouse, fetch: Fetch
) -> None:
    load(warehouse, fetch(last=LAST))
    emulator.faults.header_only = True
    kept(
        warehouse,
        fetch(last=LAST),
        rf"прежними: 3 из 3.*счётчик {SITE}, день {MIDDLE}: в ответе нет строк, а опубликовано \d+",
    )
    assert "сначала отзовите его" in warehouse.value(
        "SELECT any(message) FROM ops.loads WHERE status = 'failed'"
    )


def test_a_day_that_was_empty_may_stay_empty(
    emulator: MetricaEmulator, warehouse: Warehouse, fetch: Fetch
) -> None:
    emulator.faults.header_only = True
    load(warehouse, fetch())
    load(warehouse, fetch())
    assert ends(warehouse) == [("published", 2)]


def test_the_other_days_of_the_log_are_published(
    emulator: MetricaEmulator, warehouse: Warehouse, fetch: Fetch
) -> None:
    load(warehouse, fetch(last=LAST))
    before = published(warehouse)
    again = fetch(last=LAST)
    for _, path in again.parts:
        lines = path.read_bytes().splitlines(keepends=True)
        place = lines[0].rstrip().split(b"\t").index(b"ym:s:date")
        day = str(MIDDLE).encode()
        path.write_bytes(b"".join(one for one in lines if one.split(b"\t")[place] != day))
    with pytest.raises(SmallerAnswerError, match=rf"1 из 3.*день {MIDDLE}: в ответе нет строк"):
        load(warehouse, replace(again, size=sum(path.stat().st_size for _, path in again.parts)))
    assert published(warehouse) == before
    assert ends(warehouse) == [("failed", 1), ("published", 5)]
    newer = warehouse.rows("SELECT counter_day FROM ops.metrica_reloads ORDER BY counter_day")
    assert newer == [(FIRST,), (LAST,)]


def test_a_first_load_without_a_good_row_is_not_published(
    emulator: MetricaEmulator, warehouse: Warehouse, fetch: Fetch
) -> None:
    emulator.faults.bad_rows = [OTHER_FORM] * 1000
    with pytest.raises(SmallerAnswerError, match=r"3 из 3.*ym:s:dateTime.*остаётся незагруженным"):
        load(warehouse, fetch(last=LAST))
    assert warehouse.rows("SELECT * FROM core.site_days") == []
    assert ends(warehouse) == [("failed", 3)]


@pytest.mark.parametrize("bad", [{"ym:s:date": "01.03.2024"}, {"ym:s:date": "2023-03-01"}])
def test_a_first_load_whose_rows_tell_no_day_is_not_published(
    emulator: MetricaEmulator, warehouse: Warehouse, fetch: Fetch, bad: dict[str, str]
) -> None:
    emulator.faults.bad_rows = [bad] * 1000
    with pytest.raises(MetricaError, match=r"не видно дня.*ym:s:date '.*' is not a day"):
        load(warehouse, fetch(last=LAST))
    assert warehouse.rows("SELECT * FROM core.site_days") == []
    assert ends(warehouse) == [("failed", 3)]
    emulator.faults.bad_rows = [bad]
    load(warehouse, fetch(last=LAST))
    assert warehouse.value("SELECT count() FROM core.site_days") == 3


def test_a_first_load_whose_rows_have_other_cells_is_not_published(
    emulator: MetricaEmulator, warehouse: Warehouse, fetch: Fetch
) -> None:
    emulator.faults.wrong_column_rows = 1000
    with pytest.raises(MetricaError, match=r"не видно дня.*cells where the heading has"):
        load(warehouse, fetch(last=LAST))
    assert warehouse.rows("SELECT * FROM core.site_days") == []


@pytest.mark.parametrize("lost", [0, 1, 3])
def test_a_part_that_is_missing_in_the_list_is_an_error(
    emulator: MetricaEmulator, warehouse: Warehouse, fetch: Fetch, lost: int
) -> None:
    load(warehouse, fetch(last=LAST))
    before = published(warehouse)
    emulator.settings.parts_per_request = 4
    emulator.faults.lost_parts = {lost}
    with pytest.raises(MetricaError, match=r"обещала выгрузку в \d+ байт.*одной части нет"):
        load(warehouse, fetch(last=LAST))
    assert published(warehouse) == before


def test_numbers_of_parts_may_have_gaps_where_the_sizes_are_whole(
    emulator: MetricaEmulator, warehouse: Warehouse, fetch: Fetch
) -> None:
    emulator.settings.sparse_parts = True
    prepared = fetch(last=LAST)
    with pytest.raises(
        MetricaError, match=r"обещала выгрузку в неизвестно сколько байт.*частях 0, 2"
    ):
        load(warehouse, replace(prepared, size=0))
    load(warehouse, prepared)
    assert warehouse.value("SELECT count() FROM core.site_days") == 3


def test_a_size_without_parts_is_an_error_whatever_was_published(
    warehouse: Warehouse, fetch: Fetch
) -> None:
    prepared = replace(fetch(), parts=[], size=4321)
    with pytest.raises(
        MetricaError, match=rf"{FIRST}.*обещала выгрузку в 4321 байт.*ни одной её части"
    ):
        load(warehouse, prepared)
    assert ends(warehouse) == [("failed", 1)]
    assert warehouse.value("SELECT count() FROM core.site_days") == 0
    load(warehouse, replace(prepared, size=0))
    assert warehouse.value("SELECT count() FROM core.site_days") == 1


def test_a_part_of_no_bytes_is_named(warehouse: Warehouse, fetch: Fetch) -> None:
    prepared = fetch(last=LAST)
    number, path = list(prepared.parts)[1]
    path.write_bytes(b"")
    with pytest.raises(MetricaError, match=f"часть {number}: 0 байт, нет даже заголовков"):
        load(warehouse, prepared)
    assert published(warehouse) == []


def test_a_request_that_lists_no_part_of_its_size_keeps_its_days_and_the_others_go_on(
    emulator: MetricaEmulator, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trigger, "FIRST_WAIT_SECONDS", 0.01)
    finish(site_load(*HALVES))
    emulator.settings.polls = 0
    again = site_load(*HALVES)
    checkpoint = again.start()
    assert isinstance(checkpoint, Checkpoint)
    request = emulator.store.requests[checkpoint.request_id]
    while request.is_pending:
        again.client.log_request(SITE, checkpoint.request_id)
    request.parts = []
    with pytest.raises(MetricaError, match=r"целиком 1 из 2.*не назвала ни одной"):
        finish(again, checkpoint)
    assert shown(warehouse) == truth(emulator, date(2024, 3, 1), date(2024, 3, 6))
    assert set(statuses(emulator)) == {"cleaned_by_user"}
    assert ends(warehouse) == [("failed", 3), ("published", 9)]


def test_a_later_run_with_the_same_dates_loads_only_the_day_that_was_kept(
    emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    span = (str(FIRST), str(LAST))
    run_all("first", *span)
    rows = len(list(emulator.visits(SITE, FIRST, FIRST)))
    emulator.faults.bad_rows = [OTHER_FORM] * rows
    with pytest.raises(MetricaError, match=rf"целиком .*прежними: 1 из 3.*день {FIRST}"):
        run_all("second", *span)
    emulator.faults.clear()
    (site,) = run_all("third", *span)
    assert site["spans"] == [[str(FIRST), str(FIRST)]]
    assert shown(warehouse) == truth(emulator, FIRST, LAST)
