"""A client of the Logs, Management and Reporting APIs of Yandex.Metrica: sends politely and retries."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import requests
from pydantic import BaseModel, ValidationError, ValidationInfo, field_validator
from requests.auth import AuthBase
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from municipal_indicators.errors import ConfigurationError, MetricaError
from municipal_indicators.sources.metrica import reporting
from municipal_indicators.sources.metrica.api_errors import (
    LONGEST_PAUSE_SECONDS,
    BrokenError,
    RateError,
    TransientError,
    broken,
    json_object,
    refusal,
)
from municipal_indicators.sources.metrica.rate_limit import Family, Pace

__all__ = [
    "BrokenError",
    "Counter",
    "Evaluation",
    "LogOrder",
    "LogRequest",
    "LogRequestPart",
    "MetricaClient",
    "TransientError",
]

log = logging.getLogger(__name__)

TIME_LIMITS = (10.0, 60.0)  # seconds: to connect, between two bytes
ATTEMPTS = 6
FIRST_PAUSE_SECONDS = 0.5
_CHUNK = 1 << 20

PROCESSED = "processed"
ENDED = frozenset(
    {
        "processing_failed",
        "canceled",
        "cleaned_by_user",
        "cleaned_automatically_as_too_old",
    }
)

Answer = TypeVar("Answer", bound=BaseModel)


class Counter(BaseModel):
    """A counter, as the Management API describes it."""

    id: int
    name: str = ""
    time_zone_name: str


class Evaluation(BaseModel):
    """Whether a period can be ordered with the storage left, and how many days would fit."""

    possible: bool
    max_possible_day_quantity: int


class LogRequestPart(BaseModel):
    """One file of a processed request; ``size`` in bytes."""

    part_number: int
    size: int


class LogRequest(BaseModel):
    """One request of the Logs API in its present state."""

    request_id: int
    counter_id: int
    source: str
    date1: date
    date2: date
    fields: frozenset[str] = frozenset()
    status: str
    size: int | None = None
    parts: tuple[LogRequestPart, ...] = ()
    attribution: str = ""

    @field_validator("source", mode="before")
    @classmethod
    def _first_source(cls, value: object) -> object:
        return value[0] if isinstance(value, list) and value else value

    @field_validator("fields", "parts", "attribution", mode="before")
    @classmethod
    def _nothing(cls, value: object, info: ValidationInfo) -> object:
        return ("" if info.field_name == "attribution" else ()) if value is None else value

    @property
    def is_processed(self) -> bool:
        """Whether its parts can be downloaded."""
        return self.status == PROCESSED

    @property
    def is_ended(self) -> bool:
        """Whether it failed or its files are gone; an unknown status counts as under way."""
        return self.status in ENDED


class LogOrder(BaseModel, frozen=True):
    """What is ordered: whole counter days of one counter, at most a year, both dates inclusive."""

    counter_id: int
    date1: date
    date2: date
    fields: tuple[str, ...]
    source: str = "visits"
    attribution: str = "LASTSIGN"

    @property
    def parameters(self) -> dict[str, str]:
        """The query of ``evaluate`` and ``create``."""
        return {
            "date1": self.date1.isoformat(),
            "date2": self.date2.isoformat(),
            "source": self.source,
            "fields": ",".join(self.fields),
            "attribution": self.attribution,
        }

    def __str__(self) -> str:
        """The order in the words of a log."""
        return f"counter {self.counter_id}, {self.date1}…{self.date2}"


class _OAuth(AuthBase):
    """Signs calls; an object of its own, so that no header with the token is shown or inherited."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"OAuth {self._token}"
        return request


class MetricaClient:
    """One session with the API; every call has time limits and a bounded number of attempts.

    All clients of a host share one pace (``pacing``). Raises MetricaAccessError (401, 403),
    MetricaRequestError (400, 404 and the like), MetricaQuotaError (420, 429, the calls of the day)
    and MetricaUnavailableError (5xx, broken or senseless answers, no leave to call in time).
    """

    def __init__(
        self, base_url: str, token: str, *, attempts: int = ATTEMPTS, gzip: bool = True
    ) -> None:
        if not token.isascii() or not token.isprintable() or " " in token:
            raise ConfigurationError(
                "The OAuth token of the Metrica connection holds blanks or characters that no token "
                "has: copy it again into the password of the connection."
            )
        self.base_url = base_url.rstrip("/")
        self._session = requests.Session()
        self._session.auth = _OAuth(token)
        if not gzip:
            self._session.headers["Accept-Encoding"] = "identity"
        self._attempts = attempts
        self._pace = Pace()

    def __repr__(self) -> str:
        """The address only: the token never shows."""
        return f"MetricaClient({self.base_url!r})"

    def counters(self) -> int:
        """How many counters the token can see."""
        answer = self._get("/management/v1/counters", {"per_page": "1"})
        return int(answer.get("rows") or 0)

    def counter(self, counter_id: int) -> Counter:
        """A counter with the zone that cuts its days."""
        return _read(Counter, self._get(f"/management/v1/counter/{counter_id}", {}), "counter")

    def evaluate(self, order: LogOrder) -> Evaluation:
        """Whether the order fits into the storage left; checks fields and dates as well."""
        path = _counter_path(order.counter_id) + "/logrequests/evaluate"
        return _read(Evaluation, self._get(path, order.parameters), "log_request_evaluation")

    def log_requests(self, counter_id: int) -> list[LogRequest]:
        """All requests of a counter, other people's and ended ones too."""
        answer = self._get(_counter_path(counter_id) + "/logrequests", {})
        return [
            _read(LogRequest, {"request": one}, "request") for one in answer.get("requests") or ()
        ]

    def log_request(self, counter_id: int, request_id: int) -> LogRequest:
        """One request in its present state."""
        return _read(
            LogRequest, self._get(_request_path(counter_id, request_id), {}), "log_request"
        )

    def create(self, order: LogOrder) -> LogRequest | None:
        """Order a log, in one attempt: creating is not idempotent, a repeat may order twice.

        None where the API says that an equal request is already in progress.
        """
        path = _counter_path(order.counter_id) + "/logrequests"
        with self._call("POST", path, order.parameters) as response:
            if response.status_code == 202 or not response.content:
                return None
            return _read(LogRequest, _json(response), "log_request")

    def clean(self, request: LogRequest) -> None:
        """Delete the files of a processed request, cancel one that is not processed yet."""
        action = "clean" if request.is_processed else "cancel"
        path = f"{_request_path(request.counter_id, request.request_id)}/{action}"
        self.persist(lambda: self._done("POST", path))

    def download(self, request: LogRequest, part: LogRequestPart, target: Path) -> None:
        """Stream one part to a file, which appears under its name only when it is whole.

        Raises MetricaUnavailableError when the part kept ending early.
        """
        path = f"{_request_path(request.counter_id, request.request_id)}/part/{part.part_number}/download"
        self.persist(lambda: self._download(path, part, target))

    def persist(self, action: Callable[[], Any]) -> Any:
        """Repeat an action of one or more calls while it fails in a way that a repeat may mend."""
        retrying = Retrying(
            retry=retry_if_exception_type(TransientError),
            wait=_pause,
            stop=stop_after_attempt(self._attempts),
            before_sleep=_tell,
            reraise=True,
        )
        try:
            return retrying(action)
        except TransientError as error:
            raise error.final(
                f"{error} {self._attempts} attempts failed; run the DAG again later."
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
        """A table of the Reporting API, all its rows, as exact as the API counts (``accuracy=full``).

        Days are the counter's, both dates inclusive. Sorted by the dimensions.
        """
        query = reporting.ReportQuery(counter_id, date1, date2, metrics, dimensions, filters)
        return reporting.read_report(lambda page: self._get(reporting.PATH, page), query)

    def _get(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        def ask() -> dict[str, Any]:
            with self._call("GET", path, query) as response:
                return _json(response)

        answer: dict[str, Any] = self.persist(ask)
        return answer

    def _done(self, method: str, path: str) -> None:
        with self._call(method, path, {}):
            pass

    @contextmanager
    def _call(
        self, method: str, path: str, query: dict[str, str], *, stream: bool = False
    ) -> Iterator[requests.Response]:
        """One answer, when it is a good one; counts as one of the parallel calls until the block ends."""
        call = f"{method} {path}"
        with self._pace.turn(_family(path)) as turn:
            try:
                response = self._session.request(
                    method,
                    self.base_url + path,
                    params=query,
                    timeout=TIME_LIMITS,
                    allow_redirects=False,
                    stream=stream,
                )
            except requests.RequestException as error:
                raise broken(call, error) from error
            with response:
                turn.answered()
                if 200 <= response.status_code < 300:
                    yield response
                    return
                refused = refusal(call, response, self._pace.calls_today())
                if isinstance(refused, RateError) and refused.pause:
                    turn.refused(refused.pause)
                raise refused

    def _download(self, path: str, part: LogRequestPart, target: Path) -> None:
        partial = target.with_name(target.name + ".part")
        received = 0
        try:
            with self._call("GET", path, {}, stream=True) as response, partial.open("wb") as file:
                for chunk in response.iter_content(_CHUNK):
                    received += file.write(chunk)
        except requests.RequestException as error:
            raise broken(f"GET {path} after {received} of {part.size} bytes", error) from error
        if received != part.size:
            raise BrokenError(
                f"GET {path}: the part has {received} bytes, the API announced {part.size}: it ended "
                "early or is another one."
            )
        partial.rename(target)


def _family(path: str) -> Family:
    if path.startswith("/stat/"):
        return "reporting"
    return "logs" if "/logrequest" in path else "management"


def _counter_path(counter_id: int) -> str:
    return f"/management/v1/counter/{counter_id}"


def _request_path(counter_id: int, request_id: int) -> str:
    return f"{_counter_path(counter_id)}/logrequest/{request_id}"


def _read(kind: type[Answer], answer: dict[str, Any], key: str) -> Answer:
    try:
        return kind.model_validate(answer[key])
    except (KeyError, ValidationError) as error:
        names = (
            ""
            if isinstance(error, KeyError)
            else f": {error.errors()[0]['loc']} is wrong or missing"
        )
        raise MetricaError(f"The Metrica API answered without a usable {key!r}{names}.") from error


def _json(response: requests.Response) -> dict[str, Any]:
    answer = json_object(response)
    if answer is None:
        raise BrokenError(
            f"{response.request.method} {response.request.path_url.partition('?')[0]}: "
            f"HTTP {response.status_code} with a body that is not the API's JSON. "
            "Check host and port of the Metrica connection; a proxy may answer in its place."
        )
    return answer


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    jitter = random.uniform(1.0, 1.5)  # noqa: S311 - spreads calls, hides nothing
    if isinstance(error, TransientError) and error.pause is not None:
        return error.pause + jitter * FIRST_PAUSE_SECONDS
    patience = error.patience if isinstance(error, TransientError) else 1.0
    growing: float = patience * FIRST_PAUSE_SECONDS * 2 ** (state.attempt_number - 1)
    return min(LONGEST_PAUSE_SECONDS, growing) * jitter


def _tell(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.warning("%s; attempt %d in %.1f s", error, state.attempt_number + 1, state.upcoming_sleep)
