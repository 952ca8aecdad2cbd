"""What is reported as OpenLineage where it is switched on: by the plain commands, written to a file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.openlineage.utils.utils import translate_airflow_asset
from airflow.sdk.lineage import HookLineageCollector

from municipal_indicators.dag_support import lineage
from tests.dags.openlineage_schema import faults
from tests.emulators.inbox.tables import Table, csv_bytes, write_file
from tests.emulators.metrica import Counter, MetricaEmulator, Settings
from tests.end_to_end.stage import KEY, TOKEN, Stage
from tests.end_to_end.test_end_to_end import BUILD, PASSPORT

DAYS = {"date_from": "2024-03-04", "date_to": "2024-03-05"}
EAST = "Asia/Yekaterinburg"
COUNTERS = (Counter(12345678), Counter(87654321, "Сайт", EAST, "school.example"))
EVENTS = csv_bytes(Table(("Дата", "Название", "Вид"), [("06.03.2024", "День данных", "семинар")]))
PERSON = "Иванова Мария Петровна"

Event = dict[str, Any]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A file, two counters and the marts, loaded and built with OpenLineage on."""
    folder = tmp_path_factory.mktemp("lineage")
    settings = Settings(polls=1)
    transport = {"type": "file", "log_file_path": str(folder / "events.jsonl"), "append": True}
    with MetricaEmulator(
        COUNTERS, {TOKEN: None}, settings=settings, today=date(2024, 4, 10)
    ) as emulator:
        stage = Stage(folder / "stage", PASSPORT, emulator.port)
        stage.more["AIRFLOW__OPENLINEAGE__TRANSPORT"] = json.dumps(transport)
        # An event that takes longer is given up; a busy machine may.
        stage.more["AIRFLOW__OPENLINEAGE__EXECUTION_TIMEOUT"] = "300"
        arrived = datetime(2024, 3, 7, tzinfo=UTC)
        write_file(stage.inbox / "registers" / "2024" / f"{PERSON}.csv", EVENTS, arrived)
        stage.airflow("db", "migrate")
        stage.run("load_programme_registers")
        stage.run("load_metrica_visits", DAYS)
        stage.run(BUILD)
        yield stage


@pytest.fixture(scope="module")
def events(stage: Stage) -> list[Event]:
    lines = (stage.root.parent / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def completed(events: list[Event], job: str) -> Event:
    (found,) = [
        one for one in events if one["job"]["name"] == job and one["eventType"] == "COMPLETE"
    ]
    return found


def written(event: Event) -> dict[str, int]:
    assert {one["namespace"] for one in event["outputs"]} == {"clickhouse://embedded"}
    return {
        one["name"]: one["outputFacets"]["outputStatistics"]["rowCount"] for one in event["outputs"]
    }


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> HookLineageCollector:
    """What a task's lineage goes to where OpenLineage is on."""
    made = HookLineageCollector()  # type: ignore[no-untyped-call]
    monkeypatch.setattr("airflow.sdk.lineage.get_hook_lineage_collector", lambda: made)
    return made


@pytest.mark.parametrize("name", ["2024/50% #1?.csv", f"2024/{'ж' * 240}.csv"])
def test_a_file_of_any_name_is_a_dataset(collector: HookLineageCollector, name: str) -> None:
    lineage._Told(collector).read("inbox://registers", name, version="0" * 64)
    (read,) = collector.collected_assets.inputs
    found = translate_airflow_asset(read.asset, read.context)
    assert found
    assert (found.namespace, found.name) == ("inbox://registers", name)


def test_lineage_that_cannot_be_told_fails_nothing(
    collector: HookLineageCollector, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lineage.tell_build(tmp_path / "none.yaml", {"marts.indicators_monthly": 1})
    assert "Lineage is not told" in caplog.text
    assert not collector.has_collected


def test_where_it_is_off_nothing_is_looked_at(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lineage.tell_build(tmp_path / "none.yaml", {})
    assert caplog.text == ""


@pytest.mark.slow
def test_every_event_is_valid(events: list[Event]) -> None:
    assert {one["eventType"] for one in events} == {"START", "COMPLETE"}
    assert [fault for one in events for fault in faults(one)] == []
    broken = completed(events, f"{BUILD}.build_marts") | {"eventType": "DONE", "eventTime": "today"}
    assert len(faults(broken)) == 2


@pytest.mark.slow
def test_a_load_of_files_names_each_file_and_its_content(events: list[Event]) -> None:
    event = completed(events, "load_programme_registers.load_files")
    (read,) = event["inputs"]
    assert read["namespace"] == "inbox://registers"
    assert read["name"].startswith("2024/")
    assert read["name"].endswith(".csv")
    assert read["facets"]["version"]["datasetVersion"] == hashlib.sha256(EVENTS).hexdigest()
    assert written(event) == {"core.event_rows": 1, "core.loaded_tables": 1}


@pytest.mark.slow
def test_a_load_of_metrica_names_each_counter_and_its_days(
    events: list[Event], stage: Stage
) -> None:
    event = completed(events, "load_metrica_visits.announce_visits")
    days = {
        one["name"]: [
            (part["identifier"], part["dimensions"])
            for part in one["inputFacets"]["subset"]["inputCondition"]["partitions"]
        ]
        for one in event["inputs"]
    }
    # The programme days of Moscow end on the next counter day in the east.
    assert days == {
        "12345678/visits": [(day, {"day": day}) for day in ("2024-03-04", "2024-03-05")],
        "87654321/visits": [
            (day, {"day": day}) for day in ("2024-03-04", "2024-03-05", "2024-03-06")
        ],
    }
    rows = written(event)
    assert rows["core.metrica_days"] == 5
    loads = [one for one in stage.dump()["loads"] if one["source"] == "metrica"]
    assert rows["core.metrica_visits"] == sum(one["loaded"] for one in loads) > 0


@pytest.mark.slow
def test_a_build_names_what_the_loads_filled_and_every_mart(
    events: list[Event], stage: Stage
) -> None:
    event = completed(events, f"{BUILD}.build_marts")
    read = {(one["namespace"], one["name"]): one["facets"] for one in event["inputs"]}
    passport = read["programme://passport", PASSPORT.name]
    assert (
        passport["version"]["datasetVersion"] == hashlib.sha256(PASSPORT.read_bytes()).hexdigest()
    )
    for load in ("load_programme_registers.load_files", "load_metrica_visits.announce_visits"):
        for table in written(completed(events, load)):
            assert ("clickhouse://embedded", table) in read
    marts = written(event)
    dump = stage.dump()["marts"]
    assert marts["marts.indicators_monthly"] == len(dump["indicators_monthly"]) > 0
    assert {f"marts.{name}" for name in dump} >= marts.keys()


@pytest.mark.slow
def test_no_event_holds_a_secret_or_a_person(stage: Stage, events: list[Event]) -> None:
    said = json.dumps(events, ensure_ascii=False)
    for needle in (TOKEN, KEY, *PERSON.split()):
        assert needle not in said
