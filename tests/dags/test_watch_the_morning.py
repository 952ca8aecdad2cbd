"""The DAG watch_the_morning, run whole: real problems in the engine, real Airflow runs, real channels."""

from __future__ import annotations

import pytest
from airflow.models.dagrun import DagRun
from airflow.sdk import DAG

from municipal_indicators.settings import REPOSITORY
from municipal_indicators.warehouse.client import Warehouse


@pytest.fixture(scope="module")
def dag(airflow_database: None) -> DAG:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(REPOSITORY / "dags" / "watch_the_morning.py"))
    assert bag.import_errors == {}
    found: DAG = bag.dags["watch_the_morning"]
    return found


def test_try(dag: DAG, warehouse: Warehouse) -> None:
    run = dag.test()
    print({one.task_id: str(one.state) for one in run.get_task_instances()}, run.run_id)
    for row in warehouse.rows("SELECT * FROM ops.notifications"):
        print(row)
    assert 0
