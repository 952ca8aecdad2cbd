"""The DAG build_indicator_marts, run whole: marts, checks and the report page after them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from airflow.models.dagrun import DagRun
from airflow.sdk import DAG

from municipal_indicators.errors import ConfigurationError
from municipal_indicators.report.page import _replace
from municipal_indicators.settings import REPOSITORY
from municipal_indicators.warehouse.client import Warehouse


@pytest.fixture(scope="module")
def dag(airflow_database: None) -> DAG:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(REPOSITORY / "dags" / "build_indicator_marts.py"))
    assert bag.import_errors == {}
    found: DAG = bag.dags["build_indicator_marts"]
    return found


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the Variable ``report`` points; its folder does not exist yet."""
    path = tmp_path / "pages" / "programme.html"
    monkeypatch.setenv("AIRFLOW_VAR_REPORT", str(path))
    return path


def states(run: DagRun) -> dict[str, str]:
    return {one.task_id: str(one.state) for one in run.get_task_instances()}


def test_the_page_is_as_fresh_as_the_marts(dag: DAG, warehouse: Warehouse, page: Path) -> None:
    assert states(dag.test()) == dict.fromkeys(
        ("build_marts", "check_marts", "write_report", "sweep_loads"), "success"
    )
    text = page.read_text(encoding="utf-8")
    assert "Развитие информационного общества" in text
    assert [path.name for path in page.parent.iterdir()] == [page.name]


def test_a_page_that_cannot_be_written_fails_in_words_after_all_else(dag: DAG, page: Path) -> None:
    page.parent.write_text("a file where the folder should be")
    with pytest.raises(
        ConfigurationError, match=re.escape(f"cannot be written to {page}: ")
    ) as told:
        _replace(page, "the page")
    assert "The Airflow Variable report names another file" in str(told.value)
    # A leaf: it fails the run, and nothing waits for it.
    assert dag.task_dict["write_report"].downstream_task_ids == set()
    assert dag.task_dict["write_report"].upstream_task_ids == {"check_marts"}


def test_a_failed_check_keeps_the_page_of_the_last_good_build(
    dag: DAG, warehouse: Warehouse, page: Path
) -> None:
    page.parent.mkdir()
    page.write_text("the last good one")
    warehouse.command(
        "INSERT INTO ops.load_events (source, unit_key, load_id, status, at, delivered, loaded) "
        "VALUES ('smev', 'a file', generateUUIDv4(), 'published', now64(), 2, 1)"
    )
    run = dag.test()
    assert run.state == "failed"
    assert (states(run)["check_marts"], states(run)["write_report"]) == (
        "failed",
        "upstream_failed",
    )
    assert page.read_text() == "the last good one"


def test_the_page_lies_in_the_home_of_airflow_where_nothing_else_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from municipal_indicators import settings

    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    assert settings.report_path() == tmp_path / "report.html"
