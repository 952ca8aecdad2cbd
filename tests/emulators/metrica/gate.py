"""The middleware of the emulated service: it logs calls, counts quotas and applies faults."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.emulators.metrica.errors import ApiError
from tests.emulators.metrica.faults import Drop, Faults, Hold, Reply
from tests.emulators.metrica.limits import Limits
from tests.emulators.metrica.parts import Settings
from tests.emulators.metrica.wire import error_response

COUNTER = r"/management/v1/counter/\d+"
ACTIONS: tuple[tuple[str, str, str], ...] = (
    ("list", "GET", rf"{COUNTER}/logrequests"),
    ("create", "POST", rf"{COUNTER}/logrequests"),
    ("evaluate", "GET", rf"{COUNTER}/logrequests/evaluate"),
    ("info", "GET", rf"{COUNTER}/logrequest/\d+"),
    ("download", "GET", rf"{COUNTER}/logrequest/\d+/part/\d+/download"),
    ("clean", "POST", rf"{COUNTER}/logrequest/\d+/clean"),
    ("cancel", "POST", rf"{COUNTER}/logrequest/\d+/cancel"),
    ("counters", "GET", r"/management/v1/counters"),
    ("counter", "GET", COUNTER),
    ("goals", "GET", rf"{COUNTER}/goals"),
    ("report", "GET", r"/stat/v1/data"),
)
HTML_PAGE = "<html><head><title>{0}</title></head><body><h1>{0}</h1><hr>nginx</body></html>"


@dataclass(slots=True)
class Call:
    """A call as received, without the token; `status` is that of the response."""

    action: str
    method: str
    path: str
    query: dict[str, list[str]]
    status: int = 0


def action_of(method: str, path: str) -> str:
    """The action's short name, `unknown` for a path or method that the API does not have."""
    for action, wanted, pattern in ACTIONS:
        if method == wanted and re.fullmatch(pattern, path):
            return action
    return "unknown"


class Gate:
    """ASGI middleware around the routes."""

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        faults: Faults,
        limits: Limits,
        calls: list[Call],
        today_gmt: Callable[[], date],
    ) -> None:
        self.app = app
        self.settings = settings
        self.faults = faults
        self.limits = limits
        self.calls = calls
        self.today_gmt = today_gmt

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one call through; its quota slot is held until the body is sent."""
        call = _call(scope)
        self.calls.append(call)
        user = Headers(scope=scope).get("authorization", "")

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                call.status = message["status"]
            await send(message)

        try:
            self._enter(user, call)
        except ApiError as error:
            await error_response(error)(scope, receive, watched)
            return
        try:
            await self._answer(call, scope, receive, watched)
        finally:
            self.limits.leave(user)

    def _enter(self, user: str, call: Call) -> None:
        family = "logs" if "/logrequest" in call.path else call.path.split("/")[1]
        family = family if family in ("logs", "stat") else "management"
        self.limits.enter(user, family, self.today_gmt(), enforce=self.settings.enforce_rates)

    async def _answer(self, call: Call, scope: Scope, receive: Receive, send: Send) -> None:
        if self.faults.slow_seconds:
            await asyncio.sleep(self.faults.slow_seconds)
        fault = self.faults.next_for(call.action)
        if fault is None:
            await self.app(scope, receive, send)
        elif isinstance(fault, Hold):
            await _held(fault, self.app, scope, receive, send)
        else:
            if fault.after:
                await self.app(scope, receive, _discard)
            if isinstance(fault, Drop):
                _break_connection(receive)
            else:
                await _fault_response(fault)(scope, receive, send)


async def _held(hold: Hold, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve a call that stops at the point of the hold."""
    kept: list[Message] = []

    async def keep(message: Message) -> None:
        kept.append(message)

    async def stop_in_body(message: Message) -> None:
        body = message.get("body", b"")
        if body and not hold.reached.is_set():
            half = -(-len(body) // 2)
            await send({**message, "body": body[:half], "more_body": True})
            await hold.stop_here()
            message = {**message, "body": body[half:]}
        await send(message)

    try:
        if hold.place == "before":
            await hold.stop_here()
        await app(
            scope, receive, {"before": send, "after": keep, "middle": stop_in_body}[hold.place]
        )
        if hold.place == "after":
            await hold.stop_here()
        for message in kept:
            await send(message)
    finally:
        hold.ended.set()


def _break_connection(receive: Receive) -> None:
    """Close the socket without a response; ASGI cannot, uvicorn's own cycle can."""
    cycle: Any = getattr(receive, "__self__")  # noqa: B009 - a bound method, which its type hides
    cycle.disconnected = True
    cycle.transport.abort()


async def _discard(message: Message) -> None:
    """Drop the response of the service."""


def _call(scope: Scope) -> Call:
    query = parse_qs(scope["query_string"].decode(), keep_blank_values=True)
    query.pop("oauth_token", None)
    method, path = scope["method"], scope["path"]
    return Call(action_of(method, path), method, path, query)


def _fault_response(reply: Reply) -> Response:
    if reply.html:
        response: Response = HTMLResponse(HTML_PAGE.format(reply.message), reply.status)
    elif reply.body is not None:
        response = PlainTextResponse(reply.body, reply.status)
    else:
        response = error_response(ApiError(reply.status, reply.error_type, reply.message))
    if reply.retry_after is not None:
        response.headers["Retry-After"] = str(reply.retry_after)
    return response
