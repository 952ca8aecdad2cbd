"""The DAG keep_house, run whole: what went, and that a dry run leaves everything."""

from __future__ import annotations

from pathlib import Path

import pytest
from airflow.sdk import DAG

from municipal_indicators import settings
from municipal_indicators.inbox import archived
from municipal_indicators.inbox.file_loads import load_new_files
from municipal_indicators.settings import REPOSITORY
from municipal_indicators.sources.file_sources import file_source
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.load_ledger import withdraw_units
from tests.inbox.conftest import put
from tests.sources.test_rebuilding import events_of


def test_a_dry_run_leaves_what_a_run_removes(
    places: Path, warehouse: Warehouse, airflow_database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(REPOSITORY / "dags" / "keep_house.py"))
    assert bag.import_errors == {}
    dag: DAG = bag.dags["keep_house"]
    monkeypatch.setattr(settings, "airflow_logs", lambda: places / "logs")
    put(places / "inbox" / "registers" / "a.xlsx", events_of("Первое"))
    load_new_files(file_source("registers", "Europe/Moscow"))
    (content,) = archived.contents("registers")
    withdraw_units(warehouse, "registers", [content.unit.key], "a wrong file")
    assert dag.test(run_conf={"dry_run": True}).state == "success"
    assert content.path.exists()
    assert dag.test(run_conf={"dry_run": False}).state == "success"
    assert not content.path.exists()
