"""The DAG close_reporting_period, run whole: with reasons from its params, and asked in Airflow's form."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from airflow.models.dagrun import DagRun
from airflow.sdk import DAG
from docx import Document

from municipal_indicators import settings
from municipal_indicators.dag_support import asking
from municipal_indicators.settings import REPOSITORY
from municipal_indicators.warehouse.client import Warehouse
from tests.closings.conftest import Closer, closer

__all__ = ["closer"]

REASON = {"smev_requests": "Переход на новый адаптер"}
CONF = {"period": "2024-Q1", "reasons": REASON, "closed_by": "Иванова М. П."}
KEPT = "SELECT period, version, closed_by, reasons FROM ops.closings"


@pytest.fixture
def dag(airflow_database: None) -> DAG:
    """The DAG, read anew: a test of Airflow's leaves its params in it."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(REPOSITORY / "dags" / "close_reporting_period.py"))
    assert bag.import_errors == {}
    found: DAG = bag.dags["close_reporting_period"]
    return found


@pytest.fixture
def quarter(closer: Closer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Closer:
    """2 requests in the first quarter of 2024, of 4 planned; the DAG reads this passport too."""
    closer.requests({date(2024, 1, 9): 2, date(2024, 4, 9): 1})
    closer.change_targets("smev_requests", {2024: 4})
    closer.build()
    passport = tmp_path / "passport.yaml"
    passport.write_text(json.dumps(closer.content, default=str), encoding="utf-8")
    monkeypatch.setenv("AIRFLOW_VAR_PROGRAMME_PASSPORT", str(passport))
    return closer


def states(run: DagRun) -> dict[str, str]:
    return {one.task_id: str(one.state) for one in run.get_task_instances()}


def test_reasons_of_the_params_close_a_period_and_nothing_is_asked(
    dag: DAG, quarter: Closer, places: Path
) -> None:
    run = dag.test(run_conf=CONF)
    assert states(run) == dict.fromkeys(
        ("check_period", "ask_for_reasons", "keep_period", "write_documents"), "success"
    )
    assert quarter.select(KEPT) == [("2024-Q1", 1, "Иванова М. П.", REASON)]
    reported = places / "archive" / "reported"
    assert (reported / "2024-Q1-v1.json.gz").exists()
    for ending in ("xlsx", "docx"):
        name = f"report-2024-Q1-v1.{ending}"
        shown = settings.documents_folder() / name
        assert (reported / name).read_bytes() == shown.read_bytes()
    text = "\n".join(one.text for one in Document(str(shown)).paragraphs)
    assert "первая версия (1), закрыта" in text
    assert "ответственный: Иванова М. П." in text
    assert REASON["smev_requests"] in text
    assert dag.test(run_conf=CONF).state == "success"
    assert len(quarter.select(KEPT)) == 1
    again = dag.test(run_conf={**CONF, "version": 2, "reasons": {"smev_requests": "Уточнено"}})
    assert again.state == "success"
    assert [row[1] for row in quarter.select(f"{KEPT} ORDER BY version")] == [1, 2]
    assert len(quarter.select("SELECT * FROM marts.indicator_revisions")) == 2 * 7


@pytest.mark.parametrize(
    ("conf", "failed"),
    [
        ({**CONF, "reasons": {}}, "keep_period"),
        # A test asks nothing, so that it never waits for an answer.
        ({"period": "2024-Q1", "closed_by": "Иванова М. П."}, "keep_period"),
        ({**CONF, "closed_by": ""}, "keep_period"),
        ({**CONF, "version": 2}, "keep_period"),
        ({**CONF, "period": "2024-Q5"}, "check_period"),
        ({}, "check_period"),
    ],
)
def test_what_cannot_be_closed_fails_at_once(
    dag: DAG, quarter: Closer, conf: Mapping[str, Any], failed: str
) -> None:
    run = dag.test(run_conf=dict(conf))
    assert run.state == "failed"
    (one,) = [one for one in run.get_task_instances() if one.state == "failed"]
    assert (one.task_id, one.try_number) == (failed, 1)
    assert quarter.select(KEPT) == []


def answer(chosen: str, texts: Mapping[str, str], seen: dict[str, Any]) -> None:
    """Answer the form as Airflow's own page does, through the route of its API; end the run if that fails."""
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from airflow.api_fastapi.core_api.datamodels.hitl import UpdateHITLDetailPayload
    from airflow.api_fastapi.core_api.routes.public.hitl import update_hitl_detail
    from airflow.models.hitl import HITLDetail
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    of_form = select(TaskInstance).where(
        TaskInstance.task_id == "ask_for_reasons", TaskInstance.state == "awaiting_input"
    )
    for _ in range(300):
        with create_session() as session:
            if waiting := session.scalar(of_form):
                try:
                    form = session.get_one(HITLDetail, waiting.id)
                    seen |= {
                        name: getattr(form, name)
                        for name in ("subject", "body", "options", "params")
                    }
                    update_hitl_detail(
                        dag_id=waiting.dag_id,
                        dag_run_id=waiting.run_id,
                        task_id=waiting.task_id,
                        update_hitl_detail_payload=UpdateHITLDetailPayload(
                            chosen_options=[chosen], params_input=dict(texts)
                        ),
                        user=SimpleAuthManagerUser(username="petrova", role="ADMIN"),
                        session=session,
                    )
                except Exception as error:  # noqa: BLE001
                    seen["error"] = repr(error)
                    waiting.state = "failed"
                return
        time.sleep(0.2)


@pytest.fixture
def asked(
    dag: DAG, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[DagRun, dict[str, Any]]]:
    """A run that waits for somebody, who answers; what the form showed."""
    # `dag.test()` is the only way to run a DAG in one process; here it may wait.
    monkeypatch.setattr(asking, "_TEST", "nobody")

    def ask(chosen: str, texts: Mapping[str, str], **conf: Any) -> tuple[DagRun, dict[str, Any]]:
        seen: dict[str, Any] = {}
        somebody = threading.Thread(target=answer, args=(chosen, texts, seen))
        somebody.start()
        try:
            return dag.test(run_conf={"period": "2024-Q1", **conf}), seen
        finally:
            somebody.join()
            assert "error" not in seen, seen

    return ask


def test_the_form_asks_for_approval_and_reasons(
    asked: Callable[..., tuple[DagRun, dict[str, Any]]], quarter: Closer
) -> None:
    run, seen = asked(asking.CLOSE, REASON)
    assert run.state == "success"
    assert seen["subject"] == "Закрыть отчётный период 2024-Q1, версия 1"
    assert "СМЭВ ⚠ | ед. | 2 | 4 | 50 % |" in seen["body"]
    assert seen["options"] == [asking.CLOSE, asking.LEAVE]
    (field,) = seen["params"].values()
    assert field["schema"]["title"] == "Количество запросов, полученных по каналам СМЭВ"
    assert field["description"] == "Причина нужна: факт 2, план 4, отклонение 50 %"
    assert quarter.select(KEPT) == [("2024-Q1", 1, "petrova", REASON)]


def test_whoever_declines_closes_nothing(
    asked: Callable[..., tuple[DagRun, dict[str, Any]]], quarter: Closer
) -> None:
    run, _ = asked(asking.LEAVE, {"smev_requests": ""})
    assert states(run)["keep_period"] == "skipped"
    assert quarter.select(KEPT) == []


def test_an_answer_without_a_reason_closes_nothing(
    asked: Callable[..., tuple[DagRun, dict[str, Any]]], quarter: Closer
) -> None:
    run, _ = asked(asking.CLOSE, {"smev_requests": " "})
    assert states(run)["keep_period"] == "failed"
    assert quarter.select(KEPT) == []


def test_a_version_that_is_closed_is_not_asked_for_again(
    dag: DAG, quarter: Closer, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert dag.test(run_conf=CONF).state == "success"
    monkeypatch.setattr(asking, "_TEST", "nobody")
    again = dag.test(run_conf={"period": "2024-Q1", "reasons": None})
    assert states(again)["check_period"] == "failed"
