"""The DAG load_programme_registers, run whole over files and the real engine."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import ParamValidationError

from municipal_indicators.settings import REPOSITORY
from municipal_indicators.sources.registers.files import load_file
from municipal_indicators.warehouse.client import Warehouse
from tests.emulators.inbox.tables import Table, csv_bytes, xlsx_bytes
from tests.inbox.conftest import Disk, disk
from tests.spreadsheets.arrivals import Arrivals

__all__ = ["disk"]


@pytest.fixture(scope="module")
def dag(airflow_database: None) -> DAG:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(REPOSITORY / "dags" / "load_programme_registers.py"))
    assert bag.import_errors == {}
    found: DAG = bag.dags["load_programme_registers"]
    return found


def test_registers_are_published_once_and_announced(
    dag: DAG, places: Path, warehouse: Warehouse
) -> None:
    arrivals = Arrivals("registers", places, warehouse, load_file)
    budget = Table(
        ("Год", "Дата", "План, тыс. руб.", "Исполнено, тыс. руб."),
        [(2024, "30.06.2024", 861.4, 400)],
    )
    events = Table(("Дата", "Название"), [("06.05.2024", "День данных"), ("нет", "Вебинар")])
    arrivals.put("budget.xlsx", xlsx_bytes(budget))
    arrivals.put("deep/events.csv", csv_bytes(events, encoding="windows-1251"))
    first = dag.test()
    second = dag.test()
    found = {one.task_id: str(one.state) for one in first.get_task_instances()}
    again = {one.task_id: str(one.state) for one in second.get_task_instances()}
    assert (first.state, found["announce_new_data"]) == ("success", "success")
    assert (second.state, again["announce_new_data"]) == ("success", "skipped")
    assert warehouse.rows("SELECT plan, executed FROM core.budget") == [
        (Decimal(861400), Decimal(400000))
    ]
    assert warehouse.rows("SELECT title FROM core.events") == [("День данных",)]
    assert arrivals.quarantine()[0][1:3] == (3, "Дата")


def test_a_file_that_cannot_be_removed_keeps_nothing_from_the_marts(
    dag: DAG, places: Path, warehouse: Warehouse, disk: Disk
) -> None:
    arrivals = Arrivals("registers", places, warehouse, load_file)
    shared = disk(places / "inbox" / "registers" / "common", "size=1m")
    events = Table(("Дата", "Название"), [("06.05.2024", "День данных")])
    arrivals.put("common/events.csv", csv_bytes(events))
    disk(shared, "ro")
    for announced in ("success", "skipped"):
        run = dag.test()
        found = {one.task_id: str(one.state) for one in run.get_task_instances()}
        assert found == {
            "load_files": "success",
            "announce_new_data": announced,
            "name_failed_files": "failed",
            "name_rejected_files": "skipped",
        }
    assert [status for status, *_ in arrivals.counts()] == ["published"]


def test_archived_files_are_loaded_anew_on_demand(
    dag: DAG, places: Path, warehouse: Warehouse
) -> None:
    arrivals = Arrivals("registers", places, warehouse, load_file)
    events = Table(("Дата", "Название"), [("06.05.2024", "День данных"), ("нет", "Вебинар")])
    arrivals.take("deep/events.csv", csv_bytes(events))
    for again in (True, "true", "deep/*", "other/*"):
        run = dag.test(run_conf={"again": again})
        found = {one.task_id: str(one.state) for one in run.get_task_instances()}
        assert (run.state, found["announce_new_data"]) == (
            "success",
            "skipped" if again == "other/*" else "success",
        )
    assert warehouse.rows("SELECT title FROM core.events") == [("День данных",)]
    assert [status for status, *_ in arrivals.counts()] == ["published"] * 4


@pytest.mark.parametrize("again", ["", 5, ["*"]])
def test_another_type_of_again_is_refused_in_words(dag: DAG, again: object) -> None:
    with pytest.raises(
        ParamValidationError, match=r"Invalid input for param again: .*(?:of type|empty)"
    ):
        dag.test(run_conf={"again": again})


def test_a_rejected_file_is_seen_in_airflow_and_fails_nothing(
    dag: DAG, places: Path, warehouse: Warehouse
) -> None:
    arrivals = Arrivals("registers", places, warehouse, load_file)
    arrivals.put("broken.xlsx", b"PK\x03\x04 no workbook")
    arrivals.put("empty.csv", b"")
    for state, named in (("success", "Отклонённые файлы: 2"), ("skipped", "Отклонённые файлы: 0")):
        run = dag.test()
        (found,) = [one for one in run.get_task_instances() if one.task_id == "name_rejected_files"]
        assert (run.state, str(found.state), found.rendered_map_index) == ("success", state, named)
    reasons = dict(
        warehouse.rows("SELECT unit, reason FROM marts.data_problems WHERE kind = 'rejected'")
    )
    assert reasons["registers/empty.csv"] == "Файл пуст."
    assert "повреждён" in reasons["registers/broken.xlsx"]
