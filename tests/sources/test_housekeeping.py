"""Nothing that is published depends on what keep_house removes: marts and archive are the same after it."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from municipal_indicators import settings
from municipal_indicators.inbox import archived
from municipal_indicators.reference.passport import load_passport
from municipal_indicators.sources.housekeeping import (
    keep_airflow_logs,
    keep_archive,
    keep_warehouse,
)
from municipal_indicators.sources.rebuilding import rebuild_from_archive
from municipal_indicators.sources.registers.files import load_file
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.load_ledger import withdraw_units
from tests.conftest import empty
from tests.emulators.inbox import write_inbox
from tests.inbox.conftest import files_in
from tests.sources.test_rebuilding import events_of, load_all, marts, titles
from tests.spreadsheets.arrivals import MODIFIED, Arrivals

LATER = datetime.now(UTC) + timedelta(days=5000)


@pytest.fixture
def events(places: Path, warehouse: Warehouse) -> Arrivals:
    return Arrivals("registers", places, warehouse, load_file)


def copies(warehouse: Warehouse) -> tuple[int, int]:
    """Stored and published rows of events."""
    return (
        warehouse.value("SELECT count() FROM core.event_rows"),
        warehouse.value("SELECT count() FROM core.events"),
    )


def test_what_is_published_stays_however_late_it_is(places: Path, warehouse: Warehouse) -> None:
    write_inbox(places / "inbox", date(2024, 1, 1), date(2024, 2, 1))
    load_all()
    # All of it a second time, as a folder that is copied anew, and something that is refused.
    write_inbox(places / "inbox", date(2024, 1, 1), date(2024, 2, 1))
    for path in (places / "inbox").rglob("*"):
        os.utime(path)
    (places / "inbox" / "registers" / "bad.xlsx").write_bytes(b"PK")
    load_all()
    before, kept = marts(warehouse), files_in(places / "archive")
    for dry_run in (True, False):
        would = keep_archive(warehouse, LATER, dry_run=dry_run)
        went = keep_warehouse(warehouse, LATER, dry_run=dry_run)
        assert would == {"withdrawn": 0, "noted": 0, "deleted": 2, "missing": 0}
        assert went["loads"] > 5
        assert went["ledger_entries"] > 20
    assert {name for name in kept if "rejected" not in name} == files_in(places / "archive")
    assert marts(warehouse) == before
    assert keep_warehouse(warehouse, LATER)["loads"] == 0
    empty(warehouse)
    rebuild_from_archive(load_passport())
    assert marts(warehouse) == before


def test_the_same_file_copied_anew_each_night_keeps_no_copies(events: Arrivals) -> None:
    for day in range(1, 6):
        events.take("a.xlsx", events_of("Первое"), MODIFIED.replace(day=day))
    assert copies(events.warehouse) == (5, 1)
    next_month = datetime.now(UTC) + timedelta(days=30)
    assert keep_warehouse(events.warehouse, next_month)["loads"] == 4
    assert copies(events.warehouse) == (1, 1)


def test_a_withdrawn_file_leaves_the_archive_and_is_not_rebuilt(events: Arrivals) -> None:
    for title in ("Первое", "Второе"):
        events.take(f"{title}.xlsx", events_of(title))
    wrong, right = (one.unit for one in archived.contents("registers"))
    withdraw_units(events.warehouse, "registers", [wrong.key], "a wrong file")
    assert keep_archive(events.warehouse)["withdrawn"] == 1
    assert keep_archive(events.warehouse)["withdrawn"] == 0
    assert [one.unit for one in archived.contents("registers")] == [right]
    assert files_in(events.places / "archive" / "withdrawn") == {
        f"registers/{wrong.key}.xlsx",
        f"registers/{wrong.key}.json",
    }
    empty(events.warehouse)
    rebuild_from_archive(load_passport())
    assert titles(events.warehouse) == ["Второе"]
    # It may come back.
    events.take("Первое.xlsx", events_of("Первое"))
    assert len(archived.contents("registers")) == 2


def test_what_was_archived_before_there_were_notes_is_noted(events: Arrivals) -> None:
    events.take("a.xlsx", events_of("Первое"))
    before = archived.contents("registers")
    (note,) = (events.places / "archive" / "arrivals" / "registers").iterdir()
    note.unlink()
    (note.parent / f"{'0' * 64}.json").write_text("{}")
    assert keep_archive(events.warehouse) == {
        "withdrawn": 0,
        "noted": 1,
        "deleted": 1,
        "missing": 0,
    }
    assert archived.contents("registers") == before


def test_a_published_content_that_is_missing_is_told(
    events: Arrivals, caplog: pytest.LogCaptureFixture
) -> None:
    events.take("a.xlsx", events_of("Первое"))
    archived.contents("registers")[0].path.unlink()
    assert keep_archive(events.warehouse)["missing"] == 1
    assert "registers/a.xlsx is published, but its content" in caplog.text


def test_refused_files_stay_for_their_term(events: Arrivals) -> None:
    events.take("bad.xlsx", b"PK")
    rejected = events.places / "archive" / "rejected"
    assert keep_archive(events.warehouse, datetime.now(UTC) + timedelta(days=179))["deleted"] == 0
    assert len(files_in(rejected)) == 2
    assert keep_archive(events.warehouse, datetime.now(UTC) + timedelta(days=181))["deleted"] == 2
    assert files_in(rejected) == set()


def test_old_logs_of_airflow_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "airflow_logs", lambda: tmp_path)
    for name in ("old/attempt=1.log", "new/attempt=1.log"):
        path = tmp_path / name
        path.parent.mkdir()
        path.write_text("done")
    old = (datetime.now(UTC) - timedelta(days=91)).timestamp()
    for path in (tmp_path / "old" / "attempt=1.log", tmp_path / "old"):
        os.utime(path, (old, old))
    assert keep_airflow_logs(dry_run=True) == 1
    assert keep_airflow_logs() == 1
    assert files_in(tmp_path) == {"new/attempt=1.log"}
