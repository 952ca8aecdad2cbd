"""How an error of ours ends a task."""

from __future__ import annotations

import logging

import pytest

from municipal_indicators import errors
from municipal_indicators.dag_support.retries import WHERE_IT_HELPS
from municipal_indicators.endings import plainly


@plainly
def fail(error: Exception) -> None:
    raise error


@pytest.mark.parametrize(
    "error",
    [
        errors.ConfigurationError("Файла нет: положите его."),
        errors.MetricaUnavailableError("Метрика не отвечает."),
        errors.FileRejectedError("it is no workbook", "Это не книга."),
    ],
)
def test_it_is_logged_as_a_sentence_and_stays_the_same_error(
    error: errors.IndicatorsError, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO), pytest.raises(type(error)) as raised:
        fail(error)
    (said,) = caplog.records
    assert (said.levelname, said.getMessage(), said.exc_info) == ("ERROR", str(error), None)
    # Airflow's task runner logs the stack of all other kinds.
    assert isinstance(raised.value, SystemExit)
    assert raised.value.__suppress_context__
    assert (str(raised.value), vars(raised.value)) == (str(error), vars(error))
    decisions = {
        WHERE_IT_HELPS.evaluate(one, try_number=1, max_tries=2).action
        for one in (error, raised.value)
    }
    assert len(decisions) == 1


def test_at_level_debug_the_stack_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    error = errors.ConfigurationError("…")
    with caplog.at_level(logging.DEBUG), pytest.raises(errors.ConfigurationError) as raised:
        fail(error)
    assert raised.value is error


def test_an_error_that_is_not_ours_keeps_its_stack(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), pytest.raises(ZeroDivisionError):
        fail(ZeroDivisionError())
    assert caplog.records == []
