"""A plain HTTP client of the emulator, and how a careful reader takes its files apart."""

import re
from datetime import date
from typing import Any

import requests

from tests.emulators.metrica import (
    MetricaEmulator,
)

TODAY = date(2025, 6, 20)
DAY = date(2025, 6, 2)
TOWN, ELSEWHERE, FOREIGN = 12345678, 23456789, 34567890
FIELDS = (
    "ym:s:visitID",
    "ym:s:dateTime",
    "ym:s:startURL",
    "ym:s:referer",
    "ym:s:pageViews",
    "ym:s:visitDuration",
    "ym:s:clientID",
    "ym:s:counterUserIDHash",
    "ym:s:lastsignTrafficSource",
    "ym:s:lastsignDirectClickOrder",
    "ym:s:goalsID",
    "ym:s:goalsDateTime",
    "ym:s:parsedParamsKey1",
)
UNESCAPED = {"t": "\t", "n": "\n", "r": "\r", "0": "\0", "b": "\b", "f": "\f"}


def unescape(cell: str) -> str:
    return re.sub(r"\\(.)", lambda match: UNESCAPED.get(match[1], match[1]), cell)


def strings(cell: str) -> tuple[str, ...]:
    """Elements of a string array in dialect B."""
    return tuple(map(unescape, re.findall(r"'((?:[^'\\]|\\.)*)'", cell)))


def rows(body: bytes) -> list[list[str]]:
    assert body.endswith(b"\n")
    return [line.split("\t") for line in body.decode().removesuffix("\n").split("\n")]


class Api:
    """The calls of a client, one method each."""

    def __init__(self, emulator: MetricaEmulator, token: str = "town") -> None:
        self.emulator = emulator
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"OAuth {token}"

    def get(self, path: str, **query: str) -> requests.Response:
        return self.session.get(self.emulator.url + path, params=query, timeout=10)

    def logs(self, path: str, method: str = "GET", counter: int = TOWN, **query: Any) -> Any:
        url = f"{self.emulator.url}/management/v1/counter/{counter}/{path}"
        return self.session.request(method, url, params=query, timeout=10)

    def order(self, first: date = DAY, last: date | None = None, /, **query: Any) -> Any:
        query = {
            "date1": str(first),
            "date2": str(last or first),
            "source": "visits",
            "fields": ",".join(FIELDS),
        } | query
        path = query.pop("path", "logrequests")
        return self.logs(path, "GET" if path.endswith("evaluate") else "POST", **query)

    def evaluate(self, first: date = DAY, last: date | None = None, /, **query: Any) -> Any:
        return self.order(first, last, path="logrequests/evaluate", **query)

    def processed(self, first: date = DAY, last: date | None = None, /, **query: Any) -> Any:
        """Order, poll to the end, return the last state."""
        request_id = self.order(first, last, **query).json()["log_request"]["request_id"]
        for _ in range(20):
            state = self.logs(f"logrequest/{request_id}").json()["log_request"]
            if state["status"] not in ("created", "awaiting_retry"):
                return state
        raise AssertionError(f"never processed: {state}")

    def part(self, request_id: int, number: int = 0) -> requests.Response:
        response = self.logs(f"logrequest/{request_id}/part/{number}/download")
        assert isinstance(response, requests.Response)
        return response

    def table(self, state: dict[str, Any]) -> list[list[str]]:
        """Rows of all parts, headings left out, which every part must have."""
        found = []
        for part in state["parts"]:
            heading, *body = rows(self.part(state["request_id"], part["part_number"]).content)
            assert heading == state["fields"]
            found += body
        return found


def refusal(response: requests.Response) -> tuple[int, str, str]:
    body = response.json()
    assert body["code"] == response.status_code
    assert body["message"] == body["errors"][0]["message"]
    return response.status_code, body["errors"][0]["error_type"], body["message"]
