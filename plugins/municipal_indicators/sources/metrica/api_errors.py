"""What a refusal or a broken answer of the Metrica API means: which error, worth a repeat, and when."""

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
from municipal_indicators.sources.metrica.rate_limit import CALLS_A_DAY, next_midnight

LONGEST_PAUSE_SECONDS = 120.0
_SHOWN_CHARACTERS = 500

# Used up until midnight GMT or the next hour: a repeat within a task cannot help. Everything else
# that begins with quota_ passes in seconds, as far as is known, and is repeated a few times.
_DAILY_QUOTAS = ("quota_requests_by_uid", "quota_requests_by_counter_id")
_HOURLY_QUOTAS = ("quota_delegate_requests", "quota_grants_requests")


class TransientError(MetricaError):
    """A failure that a repeat may mend; ``pause`` is what the API asked to wait, in seconds.

    ``final`` is the error that it becomes when the repeats are used up, ``patience`` stretches
    the pauses between them.
    """

    final: type[MetricaError] = MetricaError
    patience: float = 1.0
    pause: float | None = None


class RateError(TransientError):
    """420 or 429 that passes in seconds."""

    final = MetricaQuotaError


class BrokenError(TransientError):
    """5xx, a broken connection or an answer that makes no sense."""

    final = MetricaUnavailableError


class HeavyError(TransientError):
    """A report that is too complicated at the moment; a shorter span of days helps for good."""

    final = MetricaRequestError
    patience = 4.0


def refusal(call: str, response: requests.Response, calls_today: int) -> MetricaError:
    """The error that an answer stands for; ``calls_today`` are ours since 00:00 GMT."""
    kind, message = _api_error(response)
    status = response.status_code
    told = f"{call}: HTTP {status} {kind}: {message}".replace(" : ", ": ")
    if status in (420, 429) or kind.startswith("quota_"):
        return _quota(told, kind, response, calls_today)
    if status in (401, 403):
        return MetricaAccessError(
            f"{told}. Check that the password of the Metrica connection is a valid OAuth token with the "
            "scope metrika:read, and that its account may see this counter."
        )
    if status >= 500:
        return _with_pause(BrokenError(f"{told}."), response)
    if is_report(call) and (kind == "query_error" or "too complicated" in message):
        return HeavyError(f"{told} Ask for fewer days at once.")
    return MetricaRequestError(told)


def is_report(call: str) -> bool:
    """Whether a call, or its path, is one of the Reporting API."""
    return "/stat/v1/" in call


def broken(call: str, error: requests.RequestException) -> BrokenError:
    """The error for a connection that broke; without its text, which may quote the request."""
    return BrokenError(f"{call}: the connection broke ({type(error).__name__}).")


def json_object(response: requests.Response) -> dict[str, Any] | None:
    """The JSON object of an answer, or None for anything else.

    Always read as UTF-8: the charset that a header declares is not to be relied on.
    """
    try:
        answer = json.loads(response.content.decode("utf-8-sig"))
    except (ValueError, RecursionError, requests.RequestException):
        return None
    return answer if isinstance(answer, dict) else None


def _api_error(response: requests.Response) -> tuple[str, str]:
    """Type and message of the API's error JSON; a short word for anything else."""
    answer = json_object(response) or {}
    try:
        error = answer["errors"][0]
        message = str(error.get("message") or answer.get("message") or "")
        return str(error["error_type"]), re.sub(r"\s+", " ", message)[:_SHOWN_CHARACTERS]
    except (LookupError, TypeError, AttributeError):
        return "", "the answer is not the API's JSON"


def _quota(told: str, kind: str, response: requests.Response, calls_today: int) -> MetricaError:
    if kind.startswith(_HOURLY_QUOTAS):
        hour = datetime.now(UTC) + timedelta(hours=1)
        return MetricaQuotaError(
            f"{told}. This quota, 3 calls an hour, is used up and free again at {hour:%H}:00 GMT. "
            "Run the DAG again after that."
        )
    if kind.startswith(_DAILY_QUOTAS):
        # The Reporting API words its quota of five minutes like that of the day.
        spans = f"{CALLS_A_DAY} calls a day, free again at {next_midnight()}"
        if is_report(told):
            spans = f"200 reports in 5 minutes, free again 5 minutes later, or {spans}"
        return MetricaQuotaError(
            f"{told}. Used up are {spans}. This host made {calls_today} calls today, other programs of the "
            "same account the rest. Run the DAG again after that."
        )
    return _with_pause(RateError(f"{told}."), response)


def _with_pause(error: TransientError, response: requests.Response) -> MetricaError:
    error.pause = _retry_after(response.headers.get("Retry-After", ""))
    if error.pause is not None and error.pause > LONGEST_PAUSE_SECONDS:
        return error.final(
            f"{error} The API asks to wait {error.pause:.0f} s: run the DAG again after that."
        )
    return error


def _retry_after(text: str) -> float | None:
    """Seconds to wait by a ``Retry-After`` header, a number of seconds or an HTTP date; else None."""
    if text.strip().isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
