"""The DAG build_indicator_marts, run whole: marts, checks, what is shown, and the report page after them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.models.dagrun import DagRun
from airflow.sdk import DAG

from municipal_indicators import settings
from municipal_indicators.dag_support import quiet
from municipal_indicators.errors import ConfigurationError
from municipal_indicators.report.page import _replace
from municipal_indicators.settings import REPOSITORY
from municipal_indicators.warehouse.client import Warehouse

BANNER = "Показаны данные сборки от"


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


def said(page: Path) -> str:
    """The text of the page, with plain spaces."""
    return page.read_text(encoding="utf-8").replace("\N{NO-BREAK SPACE}", " ")


def states(run: DagRun) -> dict[str, str]:
    return {one.task_id: str(one.state) for one in run.get_task_instances()}


def test_the_page_is_as_fresh_as_the_marts(dag: DAG, warehouse: Warehouse, page: Path) -> None:
    assert states(dag.test()) == dict.fromkeys(
        (
            *("wait_for_loads", "build_marts", "check_marts", "publish_marts"),
            *("write_report", "sweep_loads"),
        ),
        "success",
    )
    text = page.read_text(encoding="utf-8")
    assert "Развитие информационного общества" in text
    assert [path.name for path in page.parent.iterdir()] == [page.name]


def test_where_nothing_changed_nothing_is_built_but_the_page(
    dag: DAG, warehouse: Warehouse, page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    builds = "SELECT countIf(status = 'built') FROM ops.mart_builds"
    assert dag.test().state == "success"
    page.unlink()
    again = dag.test()
    assert again.state == "success"
    assert states(again) == {
        **dict.fromkeys(("build_marts", "check_marts", "publish_marts", "sweep_loads"), "skipped"),
        **dict.fromkeys(("wait_for_loads", "write_report"), "success"),
    }
    assert page.is_file()
    assert warehouse.value(builds) == 1
    assert dag.test(run_conf={"force": True}).state == "success"
    assert warehouse.value(builds) == 2
    passport = page.parent / "programme.yaml"
    text = settings.passport_path().read_text(encoding="utf-8")
    passport.write_text(text.replace("ict_events: {2027: 25}", "ict_events: {2027: 24}"))
    monkeypatch.setenv("AIRFLOW_VAR_PROGRAMME_PASSPORT", str(passport))
    assert states(dag.test())["build_marts"] == "success"
    assert warehouse.value(builds) == 3


def test_a_run_that_a_load_started_waits_until_loads_are_quiet(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)

    def asked(run_type: str, began: datetime) -> bool:
        run = SimpleNamespace(run_type=run_type, start_date=began)
        monkeypatch.setattr("airflow.sdk.get_current_context", lambda: {"dag_run": run})
        return quiet.loads_are_quiet()

    assert asked("asset_triggered", now)
    warehouse.command(
        "INSERT INTO ops.load_events (source, unit_key, load_id, status, at) "
        "VALUES ('smev', 'a file', generateUUIDv4(), 'running', now64() - INTERVAL 170 SECOND)"
    )
    assert not asked("asset_triggered", now)
    assert asked("manual", now)
    assert asked("scheduled", now)
    assert asked("asset_triggered", now - timedelta(minutes=31))
    warehouse.command("TRUNCATE TABLE ops.load_events")
    warehouse.command(
        "INSERT INTO ops.load_events (source, unit_key, load_id, status, at) "
        "VALUES ('smev', 'a file', generateUUIDv4(), 'published', now64() - INTERVAL 190 SECOND)"
    )
    assert asked("asset_triggered", now)


def test_a_page_that_cannot_be_written_fails_in_words_after_all_else(dag: DAG, page: Path) -> None:
    page.parent.write_text("a file where the folder should be")
    with pytest.raises(ConfigurationError, match=re.escape(f"не записать в {page}: ")) as told:
        _replace(page, "the page")
    assert "в переменной Airflow report" in str(told.value)
    # A leaf: it fails the run, and nothing waits for it. It runs after a failed check too; what
    # fails the run then is the other leaf.
    assert dag.task_dict["write_report"].downstream_task_ids == set()
    assert dag.task_dict["write_report"].upstream_task_ids == {"publish_marts"}
    assert dag.task_dict["sweep_loads"].upstream_task_ids == {"publish_marts"}
    assert dag.task_dict["sweep_loads"].trigger_rule == "all_success"


def test_a_failed_check_keeps_the_last_good_marts_and_the_page_says_so(
    dag: DAG, warehouse: Warehouse, page: Path
) -> None:
    shown = "SELECT toString(marts) FROM ops.published_marts"
    assert dag.test().state == "success"
    good = warehouse.value(shown)
    assert BANNER not in said(page)
    warehouse.command(
        "INSERT INTO ops.load_events (source, unit_key, load_id, status, at, delivered, loaded) "
        "VALUES ('smev', 'a file', generateUUIDv4(), 'published', now64(), 2, 1)"
    )
    run = dag.test()
    assert run.state == "failed"
    assert states(run) == {
        "wait_for_loads": "success",
        "build_marts": "success",
        "check_marts": "failed",
        "publish_marts": "upstream_failed",
        "write_report": "success",
        "sweep_loads": "upstream_failed",
    }
    assert warehouse.value(shown) == good
    assert warehouse.value("SELECT status FROM ops.built_marts") == "built"
    text = said(page)
    assert re.search(BANNER + r" \d+ \w+ 20\d\d, \d\d:\d\d: новая сборка не прошла проверку", text)
    assert "published_loads_balance (1 строка)" in text

    warehouse.command("TRUNCATE TABLE ops.load_events")
    assert dag.test().state == "success"
    assert warehouse.value(shown) != good
    assert BANNER not in said(page)


def test_the_page_says_so_where_nothing_was_shown_before(
    dag: DAG, warehouse: Warehouse, page: Path
) -> None:
    warehouse.command(
        "INSERT INTO ops.load_events (source, unit_key, load_id, status, at, delivered, loaded) "
        "VALUES ('smev', 'a file', generateUUIDv4(), 'published', now64(), 2, 1)"
    )
    assert dag.test().state == "failed"
    told = "Показывать пока нечего: новая сборка не прошла проверку published_loads_balance (1 строка)."
    assert told in said(page)


def test_the_page_lies_in_the_home_of_airflow_where_nothing_else_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    assert settings.report_path() == tmp_path / "report.html"
