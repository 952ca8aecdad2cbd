"""A client of the Logs, Management and Reporting APIs of Yandex.Metrica, with rate limit and retries."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import requests
from pydantic import BaseModel, ValidationError
from requests.auth import AuthBase
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from municipal_indicators.errors import ConfigurationError, MetricaError
from municipal_indicators.sources.metrica import reporting
from municipal_indicators.sources.metrica.api_call import ApiCall
from municipal_indicators.sources.metrica.api_errors import (
    MAX_RETRY_PAUSE_SECONDS,
    BrokenResponseError,
    RateLimitedError,
    TransientError,
    api_error,
    connection_error,
    json_object,
)
from municipal_indicators.sources.metrica.api_models import (
    Counter,
    Evaluation,
    LogQuery,
    LogRequest,
    LogRequestPart,
)
from municipal_indicators.sources.metrica.rate_limit import RateLimiter

log = logging.getLogger(__name__)

TIMEOUTS = (10.0, 60.0)  # seconds: to connect, between two bytes
ATTEMPTS = 6
FIRST_PAUSE_SECONDS = 0.5
_CHUNK_BYTES = 1 << 20

Model = TypeVar("Model", bound=BaseModel)


class _OAuth(AuthBase):
    """Signs requests; an auth object keeps the token out of the headers of the session."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"OAuth {self._token}"
        return request


class MetricaClient:
    """One session with the API; every call has timeouts and a limited number of attempts.

    All clients of a host and of a token share their rate limits (``rate_limit``). The methods raise
    MetricaAccessError (401, 403), MetricaRequestError (400, 404 and the like), MetricaQuotaError
    (420, 429, the calls of the day) and MetricaUnavailableError (5xx, broken or invalid responses,
    no call allowed in time).
    """

    def __init__(
        self, base_url: str, token: str, *, attempts: int = ATTEMPTS, gzip: bool = True
    ) -> None:
        if not token.isascii() or not token.isprintable() or " " in token:
            raise ConfigurationError(
                "Токен подключения к Метрике содержит пробелы или знаки, которых в токене не бывает: "
                "скопируйте его в пароль подключения ещё раз."
            )
        self.base_url = base_url.rstrip("/")
        self._session = requests.Session()
        self._session.auth = _OAuth(token)
        if not gzip:
            self._session.headers["Accept-Encoding"] = "identity"
        self._attempts = attempts
        self._rate_limiter = RateLimiter(token)

    def __repr__(self) -> str:
        """The address only: the token must not appear."""
        return f"MetricaClient({self.base_url!r})"

    def counters(self) -> int:
        """How many counters the token has access to."""
        content = self._get("/management/v1/counters", {"per_page": "1"})
        return int(content.get("rows") or 0)

    def counter(self, counter_id: int) -> Counter:
        """A counter with the time zone of its days."""
        return _parse(Counter, self._get(f"/management/v1/counter/{counter_id}"), "counter")

    def evaluate(self, query: LogQuery) -> Evaluation:
        """Whether the log fits into the free storage; the API checks fields and dates as well."""
        path = _counter_path(query.counter_id) + "/logrequests/evaluate"
        return _parse(Evaluation, self._get(path, query.parameters), "log_request_evaluation")

    def log_requests(self, counter_id: int) -> list[LogRequest]:
        """All requests of a counter, including those of other logins and ended ones."""
        content = self._get(_counter_path(counter_id) + "/logrequests")
        return [
            _parse(LogRequest, {"request": one}, "request") for one in content.get("requests") or ()
        ]

    def log_request(self, counter_id: int, request_id: int) -> LogRequest:
        """One request in its present state."""
        return _parse(LogRequest, self._get(_request_path(counter_id, request_id)), "log_request")

    def create(self, query: LogQuery) -> LogRequest | None:
        """Create a log request, in one attempt: it is not idempotent, a retry may create two.

        None where the API answers that an equal request is already in progress.
        """
        call = ApiCall("POST", _counter_path(query.counter_id) + "/logrequests")
        with self._send(call, query.parameters) as response:
            if response.status_code == 202 or not response.content:
                return None
            return _parse(LogRequest, _json(call, response), "log_request")

    def clean(self, request: LogRequest) -> None:
        """Delete the files of a processed request; cancel one that is not processed yet."""
        action = "clean" if request.is_processed else "cancel"
        call = ApiCall("POST", f"{_request_path(request.counter_id, request.request_id)}/{action}")

        def send() -> None:
            with self._send(call):
                pass

        self.retry(send)

    def download(self, request: LogRequest, part: LogRequestPart, target: Path) -> None:
        """Stream one part into a file, which gets its name only when it is complete.

        Raises MetricaUnavailableError when every attempt ended early.
        """
        path = f"{_request_path(request.counter_id, request.request_id)}/part/{part.part_number}/download"
        self.retry(lambda: self._download(ApiCall("GET", path), part, target))

    def retry(self, action: Callable[[], Any]) -> Any:
        """Run an action of one or more calls again while it raises TransientError."""
        retrying = Retrying(
            retry=retry_if_exception_type(TransientError),
            wait=_pause_seconds,
            stop=stop_after_attempt(self._attempts),
            before_sleep=_log_retry,
            reraise=True,
        )
        try:
            return retrying(action)
        except TransientError as error:
            raise error.final_error(
                f"{error} Не удалось и после {self._attempts} попыток: запустите DAG позже."
            ) from error

    def report(
        self,
        counter_id: int,
        date1: date,
        date2: date,
        metrics: Sequence[str],
        dimensions: Sequence[str] = (),
        *,
        filters: str = "",
    ) -> reporting.Report:
        """A table of the Reporting API with all its rows, not sampled by us (``accuracy=full``).

        Days are the counter's, both dates inclusive. Rows are sorted by the dimensions.
        """
        query = reporting.ReportQuery(counter_id, date1, date2, metrics, dimensions, filters)
        return reporting.read_report(lambda page: self._get(reporting.PATH, page), query)

    def _get(self, path: str, parameters: Mapping[str, str] | None = None) -> dict[str, Any]:
        call = ApiCall("GET", path)

        def send() -> dict[str, Any]:
            with self._send(call, parameters) as response:
                return _json(call, response)

        content: dict[str, Any] = self.retry(send)
        return content

    @contextmanager
    def _send(
        self, call: ApiCall, parameters: Mapping[str, str] | None = None, *, stream: bool = False
    ) -> Iterator[requests.Response]:
        """A successful response; it holds one of the parallel slots until the block ends."""
        with self._rate_limiter.slot(call.family) as slot:
            try:
                response = self._session.request(
                    call.method,
                    self.base_url + call.path,
                    params=parameters,
                    timeout=TIMEOUTS,
                    allow_redirects=False,
                    stream=stream,
                )
            except requests.RequestException as error:
                raise connection_error(str(call), error) from error
            with response:
                slot.end_call()
                if 200 <= response.status_code < 300:
                    yield response
                    return
                failure = api_error(call, response, self._rate_limiter.calls_today())
                if isinstance(failure, RateLimitedError) and failure.retry_after:
                    slot.pause_all_calls(failure.retry_after, of_host=failure.is_of_host)
                raise failure

    def _download(self, call: ApiCall, part: LogRequestPart, target: Path) -> None:
        partial = target.with_name(target.name + ".part")
        received = 0
        try:
            with self._send(call, stream=True) as response, partial.open("wb") as file:
                for chunk in response.iter_content(_CHUNK_BYTES):
                    received += file.write(chunk)
        except requests.RequestException as error:
            raise connection_error(f"{call} после {received} из {part.size} байт", error) from error
        if received != part.size:
            raise BrokenResponseError(
                f"{call}: в части {received} байт, а Метрика обещала {part.size}: часть оборвалась или это "
                "другая часть."
            )
        partial.rename(target)


def _counter_path(counter_id: int) -> str:
    return f"/management/v1/counter/{counter_id}"


def _request_path(counter_id: int, request_id: int) -> str:
    return f"{_counter_path(counter_id)}/logrequest/{request_id}"


def _parse(model: type[Model], content: dict[str, Any], key: str) -> Model:
    try:
        return model.model_validate(content[key])
    except (KeyError, ValidationError) as error:
        field = (
            ""
            if isinstance(error, KeyError)
            else f": {error.errors()[0]['loc']} неверно или отсутствует"
        )
        raise MetricaError(f"В ответе Метрики нет пригодного {key!r}{field}.") from error


def _json(call: ApiCall, response: requests.Response) -> dict[str, Any]:
    content = json_object(response)
    if content is None:
        raise BrokenResponseError(
            f"{call}: HTTP {response.status_code}, и это не JSON Метрики. Проверьте адрес и порт подключения "
            "к Метрике; возможно, ответил прокси."
        )
    return content


def _pause_seconds(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    jitter = random.uniform(1.0, 1.5)  # noqa: S311 - spreads retries, not a secret
    if isinstance(error, TransientError) and error.retry_after is not None:
        return error.retry_after + jitter * FIRST_PAUSE_SECONDS
    factor = error.backoff_factor if isinstance(error, TransientError) else 1.0
    pause: float = factor * FIRST_PAUSE_SECONDS * 2 ** (state.attempt_number - 1)
    return min(MAX_RETRY_PAUSE_SECONDS, pause) * jitter


def _log_retry(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.warning("%s; attempt %d in %.1f s", error, state.attempt_number + 1, state.upcoming_sleep)
