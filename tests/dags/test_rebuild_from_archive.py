"""The DAG rebuild_from_archive and the commands around it, as docs/operations.md has them."""

from __future__ import annotations

from pathlib import Path

import pytest
from airflow.sdk import DAG

from municipal_indicators.inbox.file_loads import load_new_files
from municipal_indicators.settings import REPOSITORY
from municipal_indicators.sources.file_sources import file_source
from municipal_indicators.warehouse.client import Warehouse
from tests.conftest import empty
from tests.inbox.conftest import put
from tests.sources.test_rebuilding import events_of


@pytest.fixture(scope="module")
def dag(airflow_database: None) -> DAG:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(REPOSITORY / "dags" / "rebuild_from_archive.py"))
    assert bag.import_errors == {}
    found: DAG = bag.dags["rebuild_from_archive"]
    return found


def test_a_run_fills_an_empty_warehouse_and_refuses_a_full_one(
    dag: DAG, places: Path, warehouse: Warehouse
) -> None:
    put(places / "inbox" / "registers" / "a.xlsx", events_of("Первое"))
    load_new_files(file_source("registers", "Europe/Moscow"))
    empty(warehouse)
    assert dag.test().state == "success"
    assert warehouse.rows("SELECT title FROM core.events") == [("Первое",)]
    assert dag.test().state == "failed"
    assert warehouse.value("SELECT count() FROM ops.load_events") == 2
    # What a restored back-up lacks: this one is from before the second file.
    put(places / "inbox" / "registers" / "b.xlsx", events_of("Второе"))
    load_new_files(file_source("registers", "Europe/Moscow"))
    for table in ("ops.load_events", "ops.files"):
        warehouse.command(f"DELETE FROM {table} WHERE unit = 'registers/b.xlsx'")
    assert dag.test(run_conf={"after_restore": True}).state == "success"
    assert len(warehouse.rows("SELECT title FROM core.events")) == 2
