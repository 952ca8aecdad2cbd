"""The one process of Airflow that runs the demo's commands."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from demo.runs import Airflow, RunFailedError
from demo.stage import Stage
from tests.emulators.clickhouse import ClickHouseFront


@pytest.mark.frees_engine
def test_a_command_that_fails_is_told_with_its_log_and_the_next_one_runs(tmp_path: Path) -> None:
    stage, shown = Stage(tmp_path / "demo"), io.StringIO()
    with Airflow(stage, stage.environment(emulator_port=1), Console(file=shown)) as airflow:
        with pytest.raises(RunFailedError, match="airflow nonesuch не выполнена: ") as failed:
            airflow.run(["nonesuch"], "Чего нет", "nonesuch")
        airflow.run(["version"], "Версия", "version")
    assert str(stage.logs / "nonesuch.log") in str(failed.value)
    assert "✓ Версия — " in shown.getvalue()
    assert "✓ Чего нет" not in shown.getvalue()


@pytest.mark.frees_engine
def test_an_error_of_ours_is_told_as_its_sentence(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "demo")
    with Airflow(stage, stage.environment(emulator_port=1), Console(quiet=True)) as airflow:
        airflow.run(["db", "migrate"], "База", "migrate")
        with pytest.raises(
            RunFailedError, match=r"не выполнена: Последний день .* один первый\.\nЖ"
        ):
            airflow.run_dag("load_metrica_visits", "Визиты", {"date_to": "2024-03-01"})


@pytest.mark.frees_engine
def test_an_interrupted_command_leaves_no_process(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "demo")
    with (
        pytest.raises(KeyboardInterrupt),
        Airflow(stage, stage.environment(emulator_port=1), Console(quiet=True)) as airflow,
    ):
        raise KeyboardInterrupt
    assert airflow.ended


def test_behind_a_front_the_warehouse_is_left_to_it(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "demo")
    stage.warehouse.mkdir(parents=True)
    front = ClickHouseFront(stage.warehouse, None, password="of-the-test").start()
    try:
        environment = stage.environment(emulator_port=1)
        environment["AIRFLOW_CONN_CLICKHOUSE_DEFAULT"] = front.connection()
        with Airflow(stage, environment, Console(quiet=True)) as airflow:
            airflow.run(["version"], "Версия", "version")
    finally:
        front.stop()
