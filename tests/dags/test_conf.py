"""Input that cannot be meant stops any DAG at its first task, in one sentence and without a repetition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from airflow.models.dagrun import DagRun
from airflow.sdk import DAG

from municipal_indicators.dag_support.params import check_known
from municipal_indicators.errors import ConfigurationError
from municipal_indicators.settings import REPOSITORY
from municipal_indicators.sources.metrica.hook import MetricaHook
from municipal_indicators.warehouse.client import Warehouse, open_warehouse
from tests.dags.test_dag_files import DAG_IDS

FIRST_TASKS = {
    "apply_schema",
    "build_marts",
    "check_period",
    "keep_airflow_logs",
    "keep_archive",
    "load_archive",
    "load_files",
    "look",
}


@pytest.fixture(scope="module")
def dags(airflow_database: None) -> dict[str, DAG]:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(REPOSITORY / "dags"))
    assert bag.import_errors == {}
    found: dict[str, DAG] = bag.dags
    return found


def failed_once(run: DagRun) -> set[str]:
    """The tasks that failed, each in its first try."""
    failed = [one for one in run.get_task_instances() if one.state == "failed"]
    assert {one.try_number for one in failed} == {1}
    return {one.task_id for one in failed}


@pytest.mark.parametrize("dag_id", sorted(DAG_IDS))
def test_an_unknown_key_of_the_conf_stops_the_run(
    dags: dict[str, DAG], warehouse: Warehouse, dag_id: str
) -> None:
    run = dags[dag_id].test(run_conf={"date_too": "2024-03-02"})
    assert run.state == "failed"
    assert failed_once(run) <= FIRST_TASKS
    assert warehouse.rows("SELECT * FROM ops.loads") == []


def test_an_error_of_ours_ends_the_log_as_a_sentence(
    dags: dict[str, DAG], warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    dags["load_smev_requests"].test(run_conf={"date_too": "2024-03-02"})
    (said,) = [one for one in caplog.records if one.levelname == "ERROR"]
    assert "неизвестно «date_too»; допустимы again." in said.getMessage()
    assert said.exc_info is None


@pytest.mark.parametrize(
    ("given", "known", "told"),
    [
        (
            {"date_from": "", "date_too": ""},
            ["date_from", "date_to", "force"],
            "a_dag: неизвестно «date_too» (может быть, «date_to»?); "
            "допустимы date_from, date_to, force.",
        ),
        (
            {"x": 1, "y": 2},
            ["again"],
            "a_dag: неизвестно «x» и «y»; допустимы again.",
        ),
        ({"again": True}, [], "a_dag: неизвестно «again»; у него их нет."),
    ],
)
def test_the_message_names_the_key_and_what_is_allowed(
    given: dict[str, Any], known: list[str], told: str
) -> None:
    with pytest.raises(ConfigurationError) as error:
        check_known("a_dag", given, known)
    assert told in str(error.value)
    check_known("a_dag", dict.fromkeys(known), known)


def open_and_close() -> None:
    with open_warehouse():
        pass


@pytest.mark.parametrize(
    ("variable", "use", "line"),
    [
        (
            "AIRFLOW_CONN_METRICA_DEFAULT",
            lambda: MetricaHook().get_conn(),
            "`airflow connections add metrica_default --conn-type metrica --conn-password OAUTH_TOKEN`",
        ),
        (
            "AIRFLOW_CONN_CLICKHOUSE_DEFAULT",
            open_and_close,
            "`airflow connections add clickhouse_default --conn-type clickhouse --conn-host HOST ",
        ),
    ],
)
def test_a_connection_that_is_not_set_is_told_with_the_line_to_paste(
    airflow_database: None,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    use: Callable[[], object],
    line: str,
) -> None:
    monkeypatch.delenv(variable, raising=False)
    with pytest.raises(ConfigurationError) as error:
        use()
    assert line in str(error.value)
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__


def test_an_unset_connection_is_not_tried_again(
    dags: dict[str, DAG], warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_METRICA_DEFAULT", raising=False)
    run = dags["load_metrica_visits"].test(
        run_conf={"date_from": "2024-03-01", "date_to": "2024-03-02"}
    )
    assert failed_once(run) == {"plan_requests"}
