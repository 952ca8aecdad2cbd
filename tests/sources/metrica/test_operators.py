"""The task of a site's load: its wait ends by itself where Airflow's triggerer is dead."""

from __future__ import annotations

from datetime import timedelta

import pytest
from airflow.sdk import Context
from airflow.sdk.exceptions import TaskDeferralError, TaskDeferred

from municipal_indicators.dag_support.retries import WHERE_IT_HELPS
from municipal_indicators.errors import IndicatorsError
from municipal_indicators.sources.metrica.checkpoint import Checkpoint
from municipal_indicators.sources.metrica.operators import TRIGGERER_GRACE, LoadMetricaLogsOperator
from municipal_indicators.warehouse.client import Warehouse
from tests.emulators.metrica import MetricaEmulator
from tests.sources.metrica.site_loads import planned, site_load

LIMIT = timedelta(minutes=5)


@pytest.fixture
def operator() -> LoadMetricaLogsOperator:
    return LoadMetricaLogsOperator(task_id="load_logs", planned=planned(), wait_limit=LIMIT)


@pytest.mark.parametrize("waits_for_storage", [False, True])
def test_a_wait_has_a_limit_above_that_of_its_trigger(
    operator: LoadMetricaLogsOperator,
    emulator: MetricaEmulator,
    warehouse: Warehouse,
    waits_for_storage: bool,
) -> None:
    load = site_load()
    checkpoint = Checkpoint() if waits_for_storage else load.start()
    assert isinstance(checkpoint, Checkpoint)
    with pytest.raises(TaskDeferred) as deferred:
        operator._defer(load, checkpoint)
    limit = deferred.value.timeout
    assert isinstance(limit, timedelta)
    assert LIMIT < limit <= LIMIT + TRIGGERER_GRACE
    assert limit > LIMIT + TRIGGERER_GRACE - timedelta(seconds=10)


def test_a_dead_triggerer_is_named_and_not_waited_for_again(
    operator: LoadMetricaLogsOperator,
) -> None:
    with pytest.raises(
        IndicatorsError, match=r"не закончилось за 0:35:00.*airflow triggerer"
    ) as told:
        operator.resume_execution("__fail__", {"error": "Trigger timeout"}, Context())
    assert WHERE_IT_HELPS.evaluate(told.value, 1, 2).action.value == "fail"
    with pytest.raises(TaskDeferralError):
        operator.resume_execution("__fail__", {"error": "Trigger failure"}, Context())
