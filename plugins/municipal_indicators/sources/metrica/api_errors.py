"""Maps error responses of the Metrica API to our errors: which one, whether to retry, and when."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from municipal_indicators.errors import (
    MetricaAccessError,
    MetricaError,
    MetricaQuotaError,
    MetricaRequestError,
    MetricaUnavailableError,
)
from municipal_indicators.sources.metrica.api_call import ApiCall
from municipal_indicators.sources.metrica.rate_limit import CALLS_A_DAY, next_midnight

MAX_RETRY_PAUSE_SECONDS = 120.0
_MAX_MESSAGE_CHARACTERS = 500

# These quotas reset at midnight GMT or at the next hour, so that a retry within a task cannot help.
# All other quota_… errors are assumed to pass within seconds and are retried.
_DAILY_QUOTAS = ("quota_requests_by_uid", "quota_requests_by_counter_id")
_HOURLY_QUOTAS = ("quota_delegate_requests", "quota_grants_requests")
_HOST_QUOTA = "quota_requests_by_ip"
# The API has no error type of its own for a report that is too heavy: only its text says so.
_TOO_COMPLICATED = "too complicated"


class RejectedRequestError(MetricaRequestError):
    """The API rejected a request; ``api_message`` is the API's own text."""

    def __init__(self, message: str, api_message: str) -> None:
        super().__init__(message)
        self.api_message = api_message


class HeavyReportError(MetricaRequestError):
    """A report stayed too complicated after all retries; fewer days at once may work."""


class TransientError(MetricaError):
    """A failure that a retry may fix.

    ``retry_after`` is the pause that the API asked for, in seconds. ``final_error`` is raised when
    all retries have failed. ``backoff_factor`` lengthens the pauses between them.
    """

    final_error: type[MetricaError] = MetricaError
    backoff_factor: float = 1.0
    retry_after: float | None = None


class RateLimitedError(TransientError):
    """420 or 429 of a quota that frees up within seconds; ``is_of_host``: it counts by address."""

    is_of_host = False

    final_error = MetricaQuotaError


class BrokenResponseError(TransientError):
    """5xx, a broken connection or a response that is not valid."""

    final_error = MetricaUnavailableError


class TooComplicatedError(TransientError):
    """The API finds a report too complicated at the moment; fewer days at once always help."""

    final_error = HeavyReportError
    backoff_factor = 4.0


def api_error(call: ApiCall, response: requests.Response, calls_today: int) -> MetricaError:
    """The error for an error response; ``calls_today`` are our calls with the token since 00:00 GMT."""
    kind, api_message = _error_of(response)
    status = response.status_code
    message = f"{call}: HTTP {status} {kind}: {api_message}".replace(" : ", ": ")
    if status in (420, 429) or kind.startswith("quota_"):
        return _quota_error(message, call, kind, response, calls_today)
    if status in (401, 403):
        return MetricaAccessError(
            f"Метрика не приняла токен: {message}. Проверьте, что пароль подключения к Метрике — действующий "
            "токен OAuth с правом metrika:read и что у его владельца есть доступ к счётчику."
        )
    if status >= 500:
        return _with_retry_after(BrokenResponseError(f"{message}."), response)
    if call.family == "reporting" and (kind == "query_error" or _TOO_COMPLICATED in api_message):
        return TooComplicatedError(f"{message} Запросите меньше дней сразу.")
    return RejectedRequestError(message, api_message)


def connection_error(call: str, error: requests.RequestException) -> BrokenResponseError:
    """The error for a broken connection; without the text of ``error``, which may quote the request."""
    return BrokenResponseError(
        f"{call}: Метрика не отвечает, соединение оборвалось ({type(error).__name__})."
    )


def json_object(response: requests.Response) -> dict[str, Any] | None:
    """The JSON object of a response, or None for anything else.

    Always decoded as UTF-8: the charset in the header is not reliable.
    """
    try:
        content = json.loads(response.content.decode("utf-8-sig"))
    except (ValueError, RecursionError, requests.RequestException):
        return None
    return content if isinstance(content, dict) else None


def _error_of(response: requests.Response) -> tuple[str, str]:
    """Type and message of the API's error JSON; no type and a short text for anything else."""
    content = json_object(response) or {}
    try:
        error = content["errors"][0]
        message = str(error.get("message") or content.get("message") or "")
        return str(error["error_type"]), re.sub(r"\s+", " ", message)[:_MAX_MESSAGE_CHARACTERS]
    except (LookupError, TypeError, AttributeError):
        return "", "ответ — не JSON Метрики"


def _quota_error(
    message: str, call: ApiCall, kind: str, response: requests.Response, calls_today: int
) -> MetricaError:
    if kind.startswith(_HOURLY_QUOTAS):
        hour = datetime.now(UTC) + timedelta(hours=1)
        return MetricaQuotaError(
            f"{message}. Квота в 3 обращения в час исчерпана, она обновится в {hour:%H}:00 GMT. Запустите "
            "DAG после этого."
        )
    if kind.startswith(_DAILY_QUOTAS):
        quotas = f"{CALLS_A_DAY} обращений в сутки, она обновится {next_midnight()}"
        if call.family == "reporting":
            # The Reporting API uses the same error type for its quota of five minutes.
            quotas = f"200 отчётов за 5 минут, она обновится через 5 минут, или {quotas}"
        return MetricaQuotaError(
            f"{message}. Исчерпана квота: {quotas}. Обращений этой машины сегодня: {calls_today}, остальные "
            "— других программ того же владельца. Запустите DAG после этого."
        )
    limited = RateLimitedError(f"{message}.")
    limited.is_of_host = kind.startswith(_HOST_QUOTA)
    return _with_retry_after(limited, response)


def _with_retry_after(error: TransientError, response: requests.Response) -> MetricaError:
    error.retry_after = _retry_after(response.headers.get("Retry-After", ""))
    if error.retry_after is not None and error.retry_after > MAX_RETRY_PAUSE_SECONDS:
        return error.final_error(
            f"{error} Метрика просит подождать {error.retry_after:.0f} с: запустите DAG после этого."
        )
    return error


def _retry_after(header: str) -> float | None:
    """The seconds in a ``Retry-After`` header, given as a number or an HTTP date; else None."""
    if header.strip().isdecimal():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
