"""The DAG load_smev_requests, run whole over real files and the real engine."""

from __future__ import annotations

import pytest
from airflow.models.dagrun import DagRun
from airflow.sdk import DAG

from municipal_indicators.settings import REPOSITORY
from tests.sources.smev.conftest import SmevInbox, smev
from tests.sources.smev.test_requests import FILES, A, B, C, delivery

__all__ = ["smev"]


@pytest.fixture(scope="module")
def dag(airflow_database: None) -> DAG:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(REPOSITORY / "dags" / "load_smev_requests.py"))
    assert bag.import_errors == {}
    found: DAG = bag.dags["load_smev_requests"]
    return found


def states(run: DagRun) -> dict[str, str]:
    return {one.task_id: str(one.state) for one in run.get_task_instances()}


def test_files_become_requests_and_a_second_run_changes_nothing(dag: DAG, smev: SmevInbox) -> None:
    for name, content in FILES.items():
        smev.put(f"2024/03/{name}", content)
    smev.put("bad.xml", delivery()[:100])
    first = dag.test()
    assert states(first) == {
        "load_files": "success",
        "announce_new_data": "success",
        "name_failed_files": "success",
        "name_rejected_files": "success",
    }
    before = smev.requests()
    assert [row["message_id"] for row in before] == sorted([A, B, C])
    assert len(smev.reasons()) == 1
    second = dag.test()
    assert second.state == "success"
    assert states(second) == {
        "load_files": "success",
        "announce_new_data": "skipped",
        "name_failed_files": "success",
        "name_rejected_files": "skipped",
    }
    assert smev.requests() == before


def test_an_empty_inbox_announces_nothing(dag: DAG, smev: SmevInbox) -> None:
    assert states(dag.test()) == {
        "load_files": "success",
        "announce_new_data": "skipped",
        "name_failed_files": "success",
        "name_rejected_files": "skipped",
    }


def test_the_dag_is_what_users_know(dag: DAG) -> None:
    assert (dag.max_active_runs, dag.catchup, dag.params.dump()) == (1, False, {"again": None})
    assert dag.doc_md
    assert "Если не выполнено" in dag.doc_md
    assert dag.task_dict["load_files"].pool == "warehouse"
    assert [one.name for one in dag.task_dict["announce_new_data"].outlets] == ["smev_requests"]
