"""The HTTP responses: the API's JSON, and file parts streamed, compressed or cut."""

import asyncio
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.emulators.metrica.errors import ApiError, invalid
from tests.emulators.metrica.faults import Cut
from tests.emulators.metrica.files import Content, Memory

JSON_TYPE = "application/x-yametrika+json"


def json_response(content: object, *, status: int = 200, pretty: bool = False) -> Response:
    """UTF-8 JSON under the API's own media type."""
    text = json.dumps(content, ensure_ascii=False, indent=2 if pretty else None)
    return Response(text.encode(), status, media_type=JSON_TYPE)


def error_response(error: ApiError) -> Response:
    """An error response in the API's JSON."""
    return json_response(error.body(), status=error.status)


def wants_pretty(request: Request) -> bool:
    """Whether `pretty=1` or `pretty=true` was requested."""
    return request.query_params.get("pretty") in ("1", "true")


class PartResponse(Response):
    """A file part, streamed in chunks without a length, with gzip where accepted."""

    def __init__(
        self, content: Content, content_type: str, *, gzip: bool, cut: Cut | None, pause: float
    ) -> None:
        super().__init__(b"")
        headers = {"content-type": content_type, "vary": "Accept-Encoding"}
        if gzip:
            headers["content-encoding"] = "gzip"
        self.init_headers(headers)
        del self.headers["content-length"]
        self.content = content
        self.gzip = gzip
        self.cut = cut
        self.pause = pause

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the chunks; a `reset` leaves the response open, so that the server breaks the connection."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        content = self.content
        if self.cut is not None:
            content = Memory(shorten(content.body, self.cut))
        reset = self.cut is not None and self.cut.style == "reset"
        chunks = content.chunks()
        for chunk in _packed(chunks, reset) if self.gzip else chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
            if self.pause:
                await asyncio.sleep(self.pause)
        if not reset:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def shorten(content: bytes, cut: Cut) -> bytes:
    """The first half of a part, which ends within a row or, for `line`, at the end of one."""
    middle = len(content) // 2
    if cut.style == "line":
        return content[: content.rfind(b"\n", 0, middle) + 1]
    return content[: middle + 1] if content[middle - 1 : middle] == b"\n" else content[:middle]


def _packed(chunks: Iterable[bytes], unfinished: bool) -> Iterator[bytes]:
    packer = zlib.compressobj(wbits=31)
    for chunk in chunks:
        if packed := packer.compress(chunk):
            yield packed
    yield packer.flush(zlib.Z_SYNC_FLUSH if unfinished else zlib.Z_FINISH)


def parameters(request: Request) -> dict[str, list[str]]:
    """Query parameters with all values of each name."""
    return {name: request.query_params.getlist(name) for name in request.query_params}


def first_parameters(request: Request) -> dict[str, str]:
    """Query parameters with the last value of each name."""
    return dict(request.query_params)


def whole(parameters: Mapping[str, str], name: str, default: int, lowest: int, highest: int) -> int:
    """A whole number among the parameters, or its default; raises ApiError 400."""
    text = parameters.get(name, str(default))
    if not text.isdecimal() or not lowest <= int(text) <= highest:
        raise invalid(f"Wrong parameter: {name}={text}", name)
    return int(text)
