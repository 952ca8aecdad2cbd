"""The emulated service itself: routes, tokens, the clock, and a server thread to run it in."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from types import TracebackType
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.emulators.metrica import content, reporting
from tests.emulators.metrica.errors import ApiError, not_found
from tests.emulators.metrica.faults import Faults
from tests.emulators.metrica.gate import Call, Gate
from tests.emulators.metrica.hits import Hit, visit_hits
from tests.emulators.metrica.limits import Limits
from tests.emulators.metrica.parts import Settings
from tests.emulators.metrica.state import Counter, LogRequest, LogStore, Order
from tests.emulators.metrica.visits import Visit
from tests.emulators.metrica.wire import (
    PartResponse,
    error_response,
    first_parameters,
    json_response,
    parameters,
    wants_pretty,
    whole,
)

Endpoint = Callable[[Request], Response]
COUNTER_PATH = "/management/v1/counter/{counter_id:int}"
START_SECONDS = 10.0


class MetricaEmulator:
    """The Metrica API on 127.0.0.1; use as a context manager or by start() and stop().

    `tokens` maps each token to the ids of its counters, None meaning all of them. `settings`
    and `faults` may be changed while it runs; `calls` holds the received calls. `today` sets
    the clock to 09:00 UTC of a day, the same date in all zones of Russia.
    """

    def __init__(
        self,
        counters: Iterable[Counter],
        tokens: Mapping[str, Iterable[int] | None],
        *,
        settings: Settings | None = None,
        today: date | None = None,
        port: int = 0,
    ) -> None:
        self.counters = {counter.id: counter for counter in counters}
        self._first_counters = dict(self.counters)
        self.tokens = {
            token: set(self.counters) if ids is None else set(ids) for token, ids in tokens.items()
        }
        self.settings = settings or Settings()
        self.faults = Faults()
        self.limits = Limits()
        self.calls: list[Call] = []
        self.store = LogStore(self.settings, self.faults)
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        if today is not None:
            self.today = today
        self.port = port
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def today(self) -> date:
        """The current day in Moscow; may be set to any day."""
        return self.clock().astimezone(Counter(0).zone).date()

    @today.setter
    def today(self, day: date) -> None:
        moment = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
        self.clock = lambda: moment

    @property
    def url(self) -> str:
        """The base URL, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> "MetricaEmulator":
        """Listen and serve in a thread; returns when calls are served."""
        # Without the protocol asyncio leaves Nagle's algorithm on, and each response takes 40 ms more.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        server = uvicorn.Server(_server_config(self.application()))
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listener]}, name="metrica-emulator", daemon=True
        )
        thread.start()
        self._server, self._thread = server, thread
        deadline = time.monotonic() + START_SECONDS
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError(f"The Metrica emulator did not start on port {self.port}")
            time.sleep(0.005)
        return self

    def stop(self) -> None:
        """Close the port and end the thread; a second call does nothing."""
        if self._server is None or self._thread is None:
            return
        self.faults.clear()
        self._server.should_exit = True
        self._thread.join(START_SECONDS)
        self._server = self._thread = None

    def __enter__(self) -> "MetricaEmulator":
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def reset(self, settings: Settings | None = None) -> None:
        """Forget all requests, calls, faults and changed settings; the clock stays as it is."""
        with self.store.lock:
            self.counters.update(self._first_counters)
            _restore(self.settings, settings or Settings())
            self.faults.clear()
            self.limits.clear()
            self.store.requests.clear()
            self.calls.clear()

    def local_today(self, counter: Counter) -> date:
        """The current day in the counter's zone."""
        return self.clock().astimezone(counter.zone).date()

    def visits(self, counter_id: int, first: date, last: date) -> Iterator[Visit]:
        """The visits that the API would deliver for these days if requested now."""
        counter = self.counters[counter_id]
        for offset in range((last - first).days + 1):
            day = first + timedelta(offset)
            yield from self.store.visits(counter, day, self.local_today(counter))

    def hits(self, counter_id: int, first: date, last: date) -> Iterator[Hit]:
        """The hits that the API would deliver for these days if requested now."""
        for visit in self.visits(counter_id, first, last):
            yield from visit_hits(visit)

    def move(self, counter_id: int, time_zone: str) -> None:
        """Change the time zone in a counter's settings; its visits keep their instants."""
        counter = self.counters[counter_id]
        first = counter.first_time_zone or counter.time_zone
        self.counters[counter_id] = replace(counter, time_zone=time_zone, first_time_zone=first)

    def actions(self) -> list[str]:
        """The short names of all calls so far, in order."""
        return [call.action for call in self.calls]

    def occupy(self, counter_id: int, size: int) -> LogRequest:
        """Let another login use `size` bytes of the counter's storage."""
        day = self.local_today(self.counters[counter_id]) - timedelta(30)
        return self.store.occupy(counter_id, size, day)

    def order_by_another(
        self,
        counter_id: int,
        first: date,
        last: date,
        fields: Iterable[str],
        *,
        source: str = "visits",
        attribution: str = "LASTSIGN",
        statuses: Sequence[str] = ("processed",),
    ) -> LogRequest:
        """Let another login request these days; the API's responses do not distinguish it from ours.

        It shows `statuses`, one per poll; the last one stays. LogRequest.status shows later whether
        it was cleaned or cancelled.
        """
        counter = self.counters[counter_id]
        order = Order(counter_id, source, first, last, tuple(fields), attribution)
        return self.store.order_by_another(order, counter, self.local_today(counter), statuses)

    def application(self) -> Gate:
        """The ASGI application: routes behind the middleware."""
        logs = COUNTER_PATH + "/logrequest"
        one = logs + "/{request_id:int}"
        routes = [
            _route("/management/v1/counters", self._counters),
            _route(COUNTER_PATH, self._counter),
            _route(COUNTER_PATH + "/goals", self._goals),
            _route(logs + "s", self._list),
            _route(logs + "s", self._create, "POST"),
            _route(logs + "s/evaluate", self._evaluate),
            _route(one, self._info),
            _route(one + "/part/{part:int}/download", self._download),
            _route(one + "/clean", self._clean, "POST"),
            _route(one + "/cancel", self._cancel, "POST"),
            _route("/stat/v1/data", self._report),
        ]
        app = Starlette(
            routes=routes,
            exception_handlers={ApiError: _refuse, HTTPException: _refuse, 500: _break},
        )
        return Gate(
            app,
            self.settings,
            self.faults,
            self.limits,
            self.calls,
            lambda: self.clock().astimezone(UTC).date(),
        )

    def _allowed(self, request: Request) -> set[int]:
        """The counters of the call's token; raises ApiError 401 or 403."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        schemes = ("oauth",) if self.settings.strict_auth else ("oauth", "bearer")
        if scheme.lower() not in schemes or not token.strip():
            raise ApiError(401, "unauthorized", "Unauthorized")
        if token.strip() not in self.tokens:
            raise ApiError(403, "invalid_token", "Invalid oauth_token")
        return self.tokens[token.strip()]

    def _permitted(self, request: Request, counter_id: int | None = None) -> Counter:
        allowed = self._allowed(request)
        number = request.path_params["counter_id"] if counter_id is None else counter_id
        if number not in self.counters:
            raise not_found(f"counter {number}")
        if number not in allowed:
            raise ApiError(403, "access_denied", "Access is denied")
        return self.counters[number]

    def _counters(self, request: Request) -> Response:
        allowed = self._allowed(request)
        query = first_parameters(request)
        wanted = query.get("counter_ids", "")
        chosen = [
            counter
            for number, counter in sorted(self.counters.items())
            if number in allowed
            and (not wanted or str(number) in wanted.split(","))
            and query.get("search_string", "") in f"{number} {counter.name} {counter.site}"
        ]
        start = whole(query, "offset", 1, 1, 10**9) - 1
        page = chosen[start : start + whole(query, "per_page", 1000, 1, 10_000)]
        with_goals = "goals" in query.get("field", "").split(",")
        answer = {
            "rows": len(chosen),
            "counters": [self._describe(counter, with_goals) for counter in page],
        }
        return json_response(answer, pretty=wants_pretty(request))

    def _describe(self, counter: Counter, with_goals: bool = False) -> dict[str, Any]:
        """The Counter object (docs/metrica-api.md#counters); `favorite` is a number there."""
        offset = self.clock().astimezone(counter.zone).utcoffset() or timedelta()
        created = datetime(
            counter.created.year, counter.created.month, counter.created.day, tzinfo=counter.zone
        )
        answer: dict[str, Any] = {
            "id": counter.id,
            "status": "Active",
            "owner_login": "mtsensk-adm",
            "code_status": "CS_OK",
            "activity_status": "high",
            "name": counter.name,
            "type": "simple",
            "favorite": 0,
            "permission": "view",
            "create_time": created.isoformat(),
            "time_zone_name": counter.time_zone,
            "time_zone_offset": int(offset.total_seconds() // 60),
            "site": counter.site,
            "site2": {"site": counter.site, "domain": counter.site},
        }
        return answer | ({"goals": _goal_objects()} if with_goals else {})

    def _counter(self, request: Request) -> Response:
        counter = self._permitted(request)
        return json_response({"counter": self._describe(counter)}, pretty=wants_pretty(request))

    def _goals(self, request: Request) -> Response:
        self._permitted(request)
        return json_response({"goals": _goal_objects()}, pretty=wants_pretty(request))

    def _list(self, request: Request) -> Response:
        found = self.store.look_at_all(self._permitted(request))
        answer = {"requests": [self._shown(one) for one in found]}
        return json_response(answer, pretty=wants_pretty(request))

    def _evaluate(self, request: Request) -> Response:
        counter = self._permitted(request)
        today = self.local_today(counter)
        order = self.store.read_order(counter, parameters(request), today)
        answer = {"log_request_evaluation": self.store.evaluate(order, counter)}
        return json_response(answer, pretty=wants_pretty(request))

    def _create(self, request: Request) -> Response:
        counter = self._permitted(request)
        today = self.local_today(counter)
        order = self.store.read_order(counter, parameters(request), today)
        created = self.store.create(order, counter, today)
        return Response(status_code=202) if created is None else self._one(request, created)

    def _info(self, request: Request) -> Response:
        counter = self._permitted(request)
        return self._one(request, self.store.look(counter, request.path_params["request_id"]))

    def _clean(self, request: Request) -> Response:
        counter = self._permitted(request)
        number = request.path_params["request_id"]
        return self._one(request, self.store.clean(counter.id, number))

    def _cancel(self, request: Request) -> Response:
        counter = self._permitted(request)
        number = request.path_params["request_id"]
        return self._one(request, self.store.cancel(counter.id, number))

    def _one(self, request: Request, found: LogRequest) -> Response:
        return json_response({"log_request": self._shown(found)}, pretty=wants_pretty(request))

    def _shown(self, found: LogRequest) -> dict[str, Any]:
        is_renamed = self.faults.renamed_models
        return found.as_json(self.settings.source_form, is_renamed=is_renamed)

    def _download(self, request: Request) -> Response:
        counter = self._permitted(request)
        number = request.path_params["part"]
        part = self.store.part(counter.id, request.path_params["request_id"], number)
        accepts = "gzip" in request.headers.get("accept-encoding", "")
        return PartResponse(
            part.content,
            self.settings.content_type,
            gzip=self.settings.gzip and accepts,
            cut=self.faults.next_cut(number),
            pause=self.faults.slow_chunk_seconds,
        )

    def _report(self, request: Request) -> Response:
        query = first_parameters(request)
        self._allowed(request)
        counters = {n: self._permitted(request, n) for n in reporting.counter_ids(query)}
        today = self.local_today(next(iter(counters.values())))
        now = self.clock()

        def visits_of(counter_id: int, day: date) -> list[Visit]:
            counter = counters[counter_id]
            local_now = now.astimezone(counter.zone)
            visits = self.store.visits(counter, day, local_now.date())
            visits = reporting.until(visits, local_now.replace(tzinfo=None))
            skew = self.settings.report_skew
            return reporting.skewed(visits, skew.get(day, skew.get(None, 1.0)))

        answer = reporting.report(query, today, visits_of, self.settings.sample_share)
        return json_response(answer, pretty=wants_pretty(request))


def _restore(target: Settings, source: Settings) -> None:
    for each in fields(Settings):
        setattr(target, each.name, getattr(source, each.name))


def _route(path: str, endpoint: Endpoint, method: str = "GET") -> Route:
    return Route(path, endpoint, methods=[method])


def _goal_objects() -> list[dict[str, Any]]:
    return [
        {
            "id": number,
            "name": name,
            "type": kind,
            "default_price": 0.0,
            "is_retargeting": 0,
            "goal_source": "user",
            "is_favorite": 0,
            "prev_goal_id": 0,
            "conditions": [{"type": "exact", "url": f"goal_{number}"}],
        }
        for number, name, kind in content.GOALS
    ]


def _refuse(request: Request, error: Exception) -> Response:
    if isinstance(error, ApiError):
        return error_response(error)
    status = error.status_code if isinstance(error, HTTPException) else 500
    kind = {404: "not_found", 405: "not_acceptable"}.get(status, "invalid_parameter")
    return error_response(ApiError(status, kind, f"{request.method} {request.url.path}"))


def _break(request: Request, error: Exception) -> Response:
    logging.getLogger(__name__).error("The emulator broke on %s", request.url.path, exc_info=error)
    return error_response(ApiError(500, "backend_error", "Internal server error"))


def _server_config(app: Gate) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="asyncio",
        lifespan="off",
        ws="none",
        access_log=False,
        log_config=None,
        log_level="critical",
        timeout_graceful_shutdown=1,
    )
