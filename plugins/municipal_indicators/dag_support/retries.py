"""When Airflow retries a task: the policy that all DAGs share; light to import."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk.definitions.retry_policy import ExceptionRetryPolicy, RetryAction, RetryRule

# The first matching rule decides. Errors that are not ours are retried: they may come from the network.
WHERE_IT_HELPS = ExceptionRetryPolicy(
    rules=[
        RetryRule("municipal_indicators.errors.MetricaUnavailableError", RetryAction.RETRY),
        RetryRule("municipal_indicators.errors.WarehouseBusyError", RetryAction.RETRY),
        RetryRule("municipal_indicators.errors.WarehouseUnreachableError", RetryAction.RETRY),
        RetryRule(
            "municipal_indicators.errors.IndicatorsError",
            RetryAction.FAIL,
            reason="повтор не поможет",
        ),
    ]
)

RETRYING: dict[str, Any] = {
    "retries": 2,
    "retry_delay": timedelta(seconds=20),
    "retry_policy": WHERE_IT_HELPS,
}
