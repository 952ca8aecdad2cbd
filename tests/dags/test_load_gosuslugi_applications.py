"""The DAG load_gosuslugi_applications, run whole over files and the real engine."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from airflow.models.dagrun import DagRun
from airflow.sdk import DAG

from municipal_indicators.settings import REPOSITORY
from municipal_indicators.sources.gosuslugi.files import load_file
from municipal_indicators.warehouse.client import Warehouse
from tests.emulators.inbox.tables import csv_bytes, xlsx_bytes
from tests.sources.gosuslugi.registers_of_applications import register, row
from tests.spreadsheets.arrivals import Arrivals


@pytest.fixture(scope="module")
def dag(airflow_database: None) -> DAG:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(REPOSITORY / "dags" / "load_gosuslugi_applications.py"))
    assert bag.import_errors == {}
    found: DAG = bag.dags["load_gosuslugi_applications"]
    return found


def states(run: DagRun) -> dict[str, str]:
    return {instance.task_id: str(instance.state) for instance in run.get_task_instances()}


@pytest.fixture
def arrivals(places: Path, warehouse: Warehouse) -> Arrivals:
    return Arrivals("gosuslugi", places, warehouse, load_file)


def test_good_files_are_published_and_announced_beside_a_rejected_one(
    dag: DAG, arrivals: Arrivals
) -> None:
    arrivals.put("2024/a.xlsx", xlsx_bytes(register(row(Номер_заявления="1"))))
    arrivals.put("2024/b.csv", csv_bytes(register(row(Номер_заявления="2"))))
    arrivals.put("bad.xlsx", b"no table")
    run = dag.test()
    assert run.state == "success"
    assert states(run) == {
        "load_files": "success",
        "announce_new_data": "success",
        "name_failed_files": "success",
        "name_rejected_files": "success",
    }
    assert arrivals.warehouse.value("SELECT count() FROM core.service_applications") == 2
    assert "Файл не принят: gosuslugi/bad.xlsx" in arrivals.reasons()


def test_a_run_without_new_files_announces_nothing(dag: DAG, arrivals: Arrivals) -> None:
    run = dag.test()
    assert (run.state, states(run)["announce_new_data"]) == ("success", "skipped")
    content = xlsx_bytes(register(row()))
    arrivals.put("a.xlsx", content, datetime(2024, 3, 5))  # noqa: DTZ001 - Moscow time
    assert states(dag.test())["announce_new_data"] == "success"
    arrivals.put("again.xlsx", content, datetime(2024, 3, 5))  # noqa: DTZ001
    assert states(dag.test())["announce_new_data"] == "skipped"
    assert not list((arrivals.places / "inbox").rglob("*.xlsx"))


def test_a_failure_of_ours_fails_the_run_and_announces_what_was_published(
    dag: DAG, arrivals: Arrivals, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrivals.put("a.csv", csv_bytes(register(row(Номер_заявления="1"))))
    arrivals.put("b.csv", csv_bytes(register(row(Номер_заявления="2"), row(Номер_заявления="3"))))
    arrivals.warehouse.command(
        "ALTER TABLE core.service_application_rows ADD CONSTRAINT no_third_line CHECK line < 3"
    )
    try:
        run = dag.test()
    finally:
        arrivals.warehouse.command(
            "ALTER TABLE core.service_application_rows DROP CONSTRAINT no_third_line"
        )
    assert run.state == "failed"
    assert states(run) == {
        "load_files": "success",
        "announce_new_data": "success",
        "name_failed_files": "failed",
        "name_rejected_files": "skipped",
    }
    assert [path.name for path in (arrivals.places / "inbox" / "gosuslugi").iterdir()] == ["b.csv"]
    assert dag.test().state == "success"
    assert arrivals.warehouse.value("SELECT count() FROM core.service_applications") == 3
