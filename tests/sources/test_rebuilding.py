"""An empty warehouse is filled from the archive alone, and its marts are those that were lost."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from municipal_indicators.closings.closing import close_period
from municipal_indicators.closings.store import Approval
from municipal_indicators.errors import ConfigurationError, IndicatorsError
from municipal_indicators.inbox import archived
from municipal_indicators.inbox.file_loads import load_new_files
from municipal_indicators.marts.build import build_marts
from municipal_indicators.marts.publishing import publish_marts
from municipal_indicators.reference.passport import load_passport
from municipal_indicators.sources import SOURCES, rebuilding
from municipal_indicators.sources.file_sources import file_source
from municipal_indicators.sources.rebuilding import rebuild_from_archive
from municipal_indicators.sources.registers.files import load_file
from municipal_indicators.warehouse.client import Warehouse
from tests.compare_warehouses import IGNORED
from tests.conftest import empty
from tests.emulators.inbox import write_inbox
from tests.emulators.inbox.tables import Table, xlsx_bytes
from tests.spreadsheets.arrivals import MODIFIED, Arrivals

FILE_SOURCES = [source.name for source in SOURCES if source.has_files]
CODES = [one.code for one in load_passport().indicators]
EVENTS = ("Дата", "Название", "Вид")


def load_all() -> None:
    for name in FILE_SOURCES:
        load_new_files(file_source(name, load_passport().time_zone))


def marts(warehouse: Warehouse) -> dict[str, list[str]]:
    """The rows of every mart, without what a clock writes and without refused files, which are not kept."""
    publish_marts(warehouse, build_marts(warehouse, load_passport()).id)
    tables = warehouse.rows(
        "SELECT DISTINCT table FROM system.columns WHERE database = 'marts' ORDER BY table"
    )
    return {
        name: sorted(
            json.dumps({key: row[key] for key in row if key not in IGNORED}, default=str)
            for row in warehouse.mappings(f"SELECT * FROM marts.{name}")
            if row.get("kind") != "rejected"
        )
        for (name,) in tables
    }


def arrivals(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return warehouse.rows(
        "SELECT source, unit_key, argMax(unit, modified_at), max(modified_at), any(size) "
        "FROM ops.files GROUP BY source, unit_key ORDER BY source, unit_key"
    )


def test_a_warehouse_filled_from_the_archive_has_the_same_marts(
    places: Path, warehouse: Warehouse
) -> None:
    write_inbox(places / "inbox", date(2024, 1, 1), date(2024, 2, 1))
    load_all()
    assert sum(map(len, marts(warehouse).values())) > 100
    arrived = arrivals(warehouse)
    close_period(
        warehouse,
        load_passport(),
        "2024-01",
        1,
        Approval(
            "Иванова М. П.", datetime(2024, 2, 5, tzinfo=UTC), dict.fromkeys(CODES, "причина")
        ),
    )
    before = marts(warehouse)
    assert len(before["indicator_revisions"]) == len(CODES)
    empty(warehouse)
    published = rebuild_from_archive(load_passport())
    assert set(published) == set(FILE_SOURCES)
    assert marts(warehouse) == before
    assert arrivals(warehouse) == arrived


@pytest.fixture
def events(places: Path, warehouse: Warehouse) -> Arrivals:
    return Arrivals("registers", places, warehouse, load_file)


def events_of(title: str) -> bytes:
    return xlsx_bytes(Table(EVENTS, [("30.06.2024", title, "Семинар")]))


def titles(warehouse: Warehouse) -> list[str]:
    return [title for (title,) in warehouse.rows("SELECT title FROM core.events ORDER BY title")]


def test_what_is_noted_of_a_file_is_its_name_without_persons_and_its_latest_arrival(
    events: Arrivals,
) -> None:
    events.take("Список Иванова Ивана Ивановича.xlsx", events_of("Первое"), MODIFIED)
    events.take("later.xlsx", events_of("Первое"), MODIFIED.replace(day=9))
    events.take("older.xlsx", events_of("Первое"), MODIFIED.replace(day=1))
    (content,) = (events.places / "archive" / "registers").iterdir()
    (note,) = (events.places / "archive" / "arrivals" / "registers").iterdir()
    assert note.name == f"{content.name[:64]}.json"
    noted = json.loads(note.read_text(encoding="utf-8"))
    assert datetime.fromisoformat(noted.pop("arrived_at")) <= datetime.now(UTC)
    assert noted == {
        "source": "registers",
        "name": "registers/later.xlsx",
        "modified_at": "2024-03-09T06:00:00+00:00",
        "size": content.stat().st_size,
    }
    events.take("Иванов Иван Иванович.xlsx", events_of("Второе"), MODIFIED)
    notes = (events.places / "archive" / "arrivals").rglob("*.json")
    assert "Иванов" not in "".join(path.read_text(encoding="utf-8") for path in notes)


def test_a_warehouse_that_is_not_empty_is_left_alone(events: Arrivals) -> None:
    events.take("a.xlsx", events_of("Первое"))
    with pytest.raises(ConfigurationError, match="Хранилище не пустое"):
        rebuild_from_archive(load_passport())
    assert events.warehouse.value("SELECT count() FROM ops.load_events") == 2


def test_an_archive_without_files_is_an_error(places: Path, warehouse: Warehouse) -> None:
    with pytest.raises(ConfigurationError, match="в нём нет ни одного файла"):
        rebuild_from_archive(load_passport())


def test_a_rebuild_that_ended_early_goes_on(events: Arrivals) -> None:
    for title in ("Первое", "Второе"):
        events.take(f"{title}.xlsx", events_of(title))
    first, second = (one.path for one in archived.contents("registers"))
    kept = second.read_bytes()
    second.write_bytes(b"spoilt")
    empty(events.warehouse)
    with pytest.raises(IndicatorsError, match=r"registers/Второе.xlsx: .* лежит не его содержимое"):
        rebuild_from_archive(load_passport())
    assert titles(events.warehouse) == ["Первое"]
    second.write_bytes(kept)
    assert rebuild_from_archive(load_passport())["registers"] == 1
    assert titles(events.warehouse) == ["Второе", "Первое"]
    with pytest.raises(ConfigurationError, match="Хранилище не пустое"):
        rebuild_from_archive(load_passport())
    assert first.exists()


def test_without_its_note_a_content_still_has_its_time(events: Arrivals) -> None:
    events.take("a.xlsx", events_of("Первое"))
    events.take("b.xlsx", events_of("Второе"))
    before = [one.modified_at for one in archived.contents("registers")]
    first, second = sorted((events.places / "archive" / "arrivals" / "registers").iterdir())
    first.unlink()
    second.write_text('{"source": "regis')
    found = archived.contents("registers")
    assert [one.modified_at for one in found] == before
    assert [one.unit.label for one in found] == [f"registers/{one.unit.key}" for one in found]


def test_what_the_archive_does_not_hold_is_named_as_a_command() -> None:
    (order,) = rebuilding.metrica_orders(load_passport())
    assert order.startswith(
        """airflow dags test load_metrica_visits --conf '{"date_from": "2022-01-01", "date_to": "20"""
    )
