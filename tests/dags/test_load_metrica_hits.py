"""The DAG load_metrica_hits, run against the emulated API and the real engine."""

from __future__ import annotations

from datetime import date

import pendulum
import pytest
from airflow.sdk import DAG

from municipal_indicators.settings import REPOSITORY
from municipal_indicators.sources.metrica.checkpoint import Checkpoint
from municipal_indicators.warehouse.client import Warehouse
from tests.dags.test_load_metrica_visits import run, states
from tests.emulators.metrica import MetricaEmulator
from tests.sources.metrica.conftest import SITE, TOKEN
from tests.sources.metrica.site_loads import finish, site_load
from tests.sources.metrica.test_hits import expected, published

NIGHT = pendulum.datetime(2024, 3, 6, 2)
FIRST, LAST = date(2024, 3, 2), date(2024, 3, 5)


@pytest.fixture(scope="module")
def dag(airflow_database: None) -> DAG:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(REPOSITORY / "dags" / "load_metrica_hits.py"))
    assert bag.import_errors == {}
    found: DAG = bag.dags["load_metrica_hits"]
    return found


def test_a_night_loads_the_hits_of_the_settled_days_and_nothing_else(
    dag: DAG, emulator: MetricaEmulator, warehouse: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = run(dag, NIGHT)
    assert ended.state == "success"
    assert states(ended) == {
        task: ["success"]
        for task in (
            "apply_schema",
            "plan_requests",
            "load_logs",
            "announce_hits",
            "confirm_all_loaded",
        )
    }
    before = published(warehouse)
    assert before == expected(emulator.hits(SITE, FIRST, LAST))
    assert warehouse.value("SELECT count() FROM core.metrica_visits") == 0
    assert run(dag, NIGHT).state == "success"
    assert published(warehouse) == before
    assert [request.status for request in emulator.store.requests.values()] == [
        "cleaned_by_user"
    ] * 2
    assert warehouse.rows("SELECT DISTINCT source FROM ops.metrica_requests") == [("hits",)]
    assert TOKEN not in capsys.readouterr().out


def test_the_request_that_a_load_of_visits_waits_for_is_left_alone(
    dag: DAG, emulator: MetricaEmulator, warehouse: Warehouse
) -> None:
    emulator.settings.polls = 3
    visits = site_load((FIRST, LAST))
    checkpoint = visits.start()
    assert isinstance(checkpoint, Checkpoint)
    assert run(dag, NIGHT).state == "success"
    assert len(published(warehouse)) > 0
    assert not emulator.store.requests[checkpoint.request_id].status.startswith("cleaned")
    assert finish(visits, checkpoint).loaded == len(list(emulator.visits(SITE, FIRST, LAST)))
    assert {request.status for request in emulator.store.requests.values()} == {"cleaned_by_user"}


def test_the_dag_is_the_one_of_visits_for_another_source(dag: DAG) -> None:
    assert dag.params.dump() == {"date_from": None, "date_to": None, "force": False}
    assert (dag.max_active_runs, dag.catchup) == (1, False)
    assert dag.task_dict["announce_hits"].outlets[0].name == "metrica_hits"
