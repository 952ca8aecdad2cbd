"""The HTTP interface: reads a request as ClickHouse does, runs it, answers with its headers."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import socket
import struct
import uuid
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Message, Receive, Scope, Send

from tests.emulators.clickhouse.engine import Engine, Lane, Outcome
from tests.emulators.clickhouse.errors import (
    AUTHENTICATION_FAILED,
    BAD_ARGUMENTS,
    EngineError,
    refusal,
)
from tests.emulators.clickhouse.faults import Fault, Faults, proxy_page
from tests.emulators.clickhouse.packing import Packer, Unpack, unpacker
from tests.emulators.clickhouse.statements import (
    STREAMED,
    Insert,
    answers_rows,
    insert_with_data,
    output_format,
)

log = logging.getLogger(__name__)
Login = Callable[[str, str], bool]
Answer = Callable[[], Awaitable[None]]
Result = TypeVar("Result")

# Parameters of the interface itself; every other one is a setting.
_OWN_PARAMETERS = {
    *("query", "database", "user", "password", "quota_key", "query_id", "role", "stacktrace"),
    *("session_id", "session_timeout", "session_check", "close_session", "default_format"),
    *("compress", "decompress", "buffer_size", "wait_end_of_query", "client_protocol_version"),
}
_HEAD_BYTES = 1 << 16


class _Cut(Exception):  # noqa: N818 - no error of ours: the connection is to be cut
    """The connection is to be reset now."""


class _Incoming:
    """The messages of a request, of which it is known whether the last one has come."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._ended = False

    async def __call__(self) -> Message:
        message = await self._receive()
        self._ended = message["type"] == "http.disconnect" or not message.get("more_body", False)
        return message

    async def drain(self) -> None:
        """Read the body to its end: its rest would be taken for the next request."""
        while not self._ended:
            await self()


@dataclass
class Call:
    """One request: its parameters, statement and what is known of its body."""

    request: Request
    incoming: _Incoming
    parameters: dict[str, str]
    statement: bytes = b""
    insert: Insert | None = None
    body: AsyncIterator[bytes] | None = None
    binds: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    query_id: str = ""
    fault: Fault | None = None


class Front:
    """The ASGI application over one engine."""

    def __init__(self, engine: Engine, login: Login) -> None:
        self.engine = engine
        self.login = login
        self.faults = Faults()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; an ordered reset cuts the connection instead."""
        incoming = _Incoming(receive)
        request = Request(scope, incoming)
        try:
            if request.url.path == "/ping":
                await PlainTextResponse("Ok.\n")(scope, receive, send)
            elif request.url.path == "/faults":
                await (await self._order(request))(scope, receive, send)
            elif request.url.path == "/":
                await self._answer(request, incoming, send)
            else:
                text = f"There is no handle {request.url.path}\n"
                await PlainTextResponse(text, 404)(scope, receive, send)
        except _Cut:
            _reset(send)
        except ClientDisconnect:
            log.info("A client went away in the middle of its request")

    async def _order(self, request: Request) -> Response:
        """The control of faults, for tests: POST orders one, DELETE forgets all, GET counts."""
        if request.method == "DELETE":
            self.faults.clear()
        elif request.method == "POST":
            self.faults.order(Fault(**await request.json()))
        return JSONResponse({"done": self.faults.done})

    async def _answer(self, request: Request, incoming: _Incoming, send: Send) -> None:
        query_id = request.query_params.get("query_id") or str(uuid.uuid4())
        headers = self._headers(query_id)
        try:
            user = self._authenticate(request)
            call = await _read(request, incoming)
            call.query_id = query_id
            call.fault = self.faults.take(_shown(call.statement))
            if call.fault and call.fault.kind.endswith("_before"):
                await self._fail(call, send)
                return
            answer = await self._execute(call, user, headers, send)
            await answer()
        except EngineError as error:
            await incoming.drain()
            await self._refuse(request, error, headers, send)

    async def _refuse(
        self, request: Request, error: EngineError, headers: dict[str, str], send: Send
    ) -> None:
        headers["X-ClickHouse-Exception-Code"] = str(error.code)
        if error.status == 401:
            headers["WWW-Authenticate"] = 'Basic realm="ClickHouse server HTTP API"'
        answer = PlainTextResponse(error.text + "\n", error.status, headers)
        await answer(request.scope, request.receive, send)

    def _authenticate(self, request: Request) -> str:
        given, query = request.headers, request.query_params
        scheme, _, credentials = given.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                user, _, password = b64decode(credentials).decode().partition(":")
            except (Base64Error, UnicodeDecodeError):
                user, password = "", ""
        elif "x-clickhouse-user" in given or "x-clickhouse-key" in given:
            user = given.get("x-clickhouse-user", "default")
            password = given.get("x-clickhouse-key", "")
        else:
            user = query.get("user", "default")
            password = query.get("password", "")
        if not self.login(user, password):
            raise refusal(
                AUTHENTICATION_FAILED,
                "AUTHENTICATION_FAILED",
                f"{user}: Authentication failed: password is incorrect, or there is no user with such name",
            )
        return user

    async def _execute(self, call: Call, user: str, headers: dict[str, str], send: Send) -> Answer:
        """Run the statement; what is left to send comes back, for its session must be free by then."""
        lane = self.engine.lane(user, call.parameters)
        try:
            database = call.parameters.get("database") or call.request.headers.get(
                "x-clickhouse-database", ""
            )
            read_only = call.request.method == "GET" and "session_id" not in call.parameters
            await _on(lane, partial(lane.prepare, database, call.settings, read_only))
            if call.insert is not None:
                outcome = await self._insert(call, lane, call.insert)
                return partial(self._finish, call, outcome, None, headers, send)
            default = call.parameters.get("default_format") or call.request.headers.get(
                "x-clickhouse-format", "TabSeparated"
            )
            rows = answers_rows(call.statement)
            form = output_format(call.statement, default) if rows else None
            if form in STREAMED and call.parameters.get("wait_end_of_query") != "1":
                return await self._stream(call, lane, form or "", headers, send)
            run = partial(lane.run, call.statement, default, call.binds)
            outcome = await _on(lane, run)
            return partial(self._finish, call, outcome, form, headers, send)
        finally:
            self.engine.release(lane)

    async def _insert(self, call: Call, lane: Lane, insert: Insert) -> Outcome:
        inserter = await _on(lane, partial(lane.begin_insert, insert))
        try:
            if insert.data:
                await _on(lane, partial(lane.append, inserter, insert.data))
            if call.body is not None:
                async for piece in call.body:
                    if piece:
                        await _on(lane, partial(lane.append, inserter, piece))
        except BaseException:
            await _on(lane, inserter.cancel)
            raise
        return await _on(lane, partial(lane.end_insert, inserter))

    async def _finish(
        self, call: Call, outcome: Outcome, form: str | None, headers: dict[str, str], send: Send
    ) -> None:
        """Send a whole answer, or what an ordered fault leaves of it."""
        if call.fault and call.fault.kind.endswith("_after"):
            await self._fail(call, send)
            return
        headers["X-ClickHouse-Summary"] = json.dumps(
            {
                **dict.fromkeys(("read_rows", "read_bytes", "written_rows", "written_bytes"), "0"),
                **dict.fromkeys(("total_rows_to_read", "result_rows", "result_bytes"), "0"),
                **outcome.summary,
            }
        )
        if form is not None:
            headers["X-ClickHouse-Format"] = form
        packer = _packer(call)
        if call.fault:
            middle = len(outcome.body) // 2
            await self._begin(call, packer, headers, send)
            await self._break(call, packer, outcome.body[:middle], send)
        body = packer.pack(outcome.body) + packer.end() if outcome.body else b""
        if body and packer.encoding:
            headers["Content-Encoding"] = packer.encoding
        answer = Response(body, 200, headers, _media_type(form))
        await answer(call.request.scope, call.request.receive, send)

    async def _stream(
        self, call: Call, lane: Lane, form: str, headers: dict[str, str], send: Send
    ) -> Answer:
        blocks = lane.stream(call.statement, form, call.binds)
        packer = _packer(call)
        headers["X-ClickHouse-Format"] = form
        headers["X-ClickHouse-Summary"] = json.dumps({"read_rows": "0", "read_bytes": "0"})
        try:
            # An error before the first block still has a status of its own.
            block = await _on(lane, partial(next, blocks, None))
            if call.fault and call.fault.kind.endswith("_after"):
                return partial(self._fail, call, send)
            await self._begin(call, packer, headers, send)
            while block is not None:
                if call.fault:
                    await self._break(call, packer, block[: len(block) // 2], send)
                await _send(send, packer.pack(block))
                try:
                    block = await _on(lane, partial(next, blocks, None))
                except EngineError as error:
                    await self._break(call, packer, b"", send, error)
            return partial(_send, send, packer.end(), more=False)
        finally:
            await _on(lane, partial(_close, blocks))

    async def _begin(self, call: Call, packer: Packer, headers: dict[str, str], send: Send) -> None:
        # The bytes of both markers are told apart from data by a tag that nobody can foresee.
        headers["X-ClickHouse-Exception-Tag"] = call.query_id[:8] + secrets.token_hex(4)
        call.parameters["exception_tag"] = headers["X-ClickHouse-Exception-Tag"]
        if packer.encoding:
            headers["Content-Encoding"] = packer.encoding
        headers["Content-Type"] = _media_type(headers.get("X-ClickHouse-Format"))
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": raw})

    async def _break(
        self, call: Call, packer: Packer, begun: bytes, send: Send, error: EngineError | None = None
    ) -> None:
        """End a begun answer in its middle: with the engine's error, or without a word."""
        last = begun
        if error is None and call.fault and call.fault.kind == "exception":
            error = refusal(241, "MEMORY_LIMIT_EXCEEDED", "(total) memory limit exceeded (ordered)")
        if error is not None:
            tag = call.parameters["exception_tag"]
            text = error.text + "\n"
            last += (
                f"\r\n__exception__\r\n{tag}\r\n{text}{len(text.encode())} {tag}\r\n__exception__\r\n"
            ).encode()
        await _send(send, packer.pack(last) + packer.end())
        await asyncio.sleep(0.05)
        raise _Cut

    async def _fail(self, call: Call, send: Send) -> None:
        fault = call.fault
        assert fault is not None
        if fault.kind.startswith("reset"):
            raise _Cut
        if fault.kind.startswith("timeout"):
            await asyncio.sleep(fault.seconds)
            raise _Cut
        await call.incoming.drain()
        answer = Response(proxy_page(fault.status), fault.status, media_type="text/html")
        await answer(call.request.scope, call.request.receive, send)

    def _headers(self, query_id: str) -> dict[str, str]:
        return {
            "X-ClickHouse-Query-Id": query_id,
            "X-ClickHouse-Server-Display-Name": "chdb",
            "X-ClickHouse-Timezone": self.engine.timezone,
        }


async def _read(request: Request, incoming: _Incoming) -> Call:
    """The statement and its settings; the data of an insert stay in the stream."""
    parameters = dict(request.query_params)
    call = Call(request, incoming, parameters)
    encoding = request.headers.get("content-encoding", "")
    statement = parameters.get("query", "").encode()
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        form = await request.form()
        if any(not isinstance(value, str) for value in form.values()):
            raise refusal(BAD_ARGUMENTS, "BAD_ARGUMENTS", "External data are not emulated")
        parameters.update({name: str(value) for name, value in form.items()})
        statement = parameters.get("query", "").encode()
        call.body = _nothing()
    else:
        call.body = _unpacked(request, unpacker(encoding))
    if statement:
        statement += b"\n"
    call.insert = insert_with_data(statement)
    if call.insert is None:
        pieces = bytearray(statement)
        async for piece in call.body:
            pieces += piece
            if len(pieces) - len(piece) < _HEAD_BYTES:
                call.insert = insert_with_data(bytes(pieces[:_HEAD_BYTES]))
            if call.insert is not None:
                rest = bytes(pieces[_HEAD_BYTES:])
                call.insert = call.insert._replace(data=call.insert.data + rest)
                break
        statement = bytes(pieces)
    call.statement = statement
    for name, value in parameters.items():
        if name.startswith("param_"):
            call.binds[name.removeprefix("param_")] = value
        elif name not in _OWN_PARAMETERS:
            call.settings[name] = value
    return call


async def _nothing() -> AsyncIterator[bytes]:
    none: tuple[bytes, ...] = ()
    for piece in none:
        yield piece


async def _unpacked(request: Request, unpack: Unpack) -> AsyncIterator[bytes]:
    async for piece in request.stream():
        if piece:
            yield unpack(piece)


async def _on(lane: Lane, work: Callable[[], Result]) -> Result:
    return await asyncio.get_running_loop().run_in_executor(lane.worker, work)


async def _send(send: Send, piece: bytes, more: bool = True) -> None:
    # An empty piece would be the end of a chunked answer.
    if piece or not more:
        await send({"type": "http.response.body", "body": piece, "more_body": more})


def _close(blocks: Iterator[bytes]) -> None:
    close: Any = getattr(blocks, "close", None)
    if close is not None:
        close()


def _packer(call: Call) -> Packer:
    wanted = call.parameters.get("enable_http_compression", "1") == "1"
    return Packer(call.request.headers.get("accept-encoding", "") if wanted else "")


def _media_type(form: str | None) -> str:
    if form is None:
        return "text/plain; charset=UTF-8"
    if form.startswith("JSON"):
        return "application/json; charset=UTF-8"
    if form.startswith(("TabSeparated", "TSV")):
        return "text/tab-separated-values; charset=UTF-8"
    return "text/csv; charset=UTF-8" if form.startswith("CSV") else "application/octet-stream"


def _shown(statement: bytes) -> str:
    return statement[:_HEAD_BYTES].decode(errors="replace")


def _reset(send: Send) -> None:
    """Cut the connection as a failing host does: the client sees a reset, not an end."""
    transport: asyncio.Transport = send.__self__.transport  # type: ignore[attr-defined]
    connection: socket.socket | None = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
