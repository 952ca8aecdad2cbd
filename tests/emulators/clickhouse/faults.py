"""Faults of the way to a server, ordered one by one: what a network and its proxies do to a request."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal[
    "reset_before",
    "reset_after",
    "timeout_before",
    "timeout_after",
    "status_before",
    "status_after",
    "truncated",
    "exception",
]
KINDS: tuple[str, ...] = get_args(Kind)


@dataclass
class Fault:
    """One ordered fault.

    `kind` says what happens: `reset_*` cuts the connection, `timeout_*` gives no answer within
    `seconds` and then cuts it, `status_*` is a proxy's HTML page with `status`. `*_before` leaves
    the statement unexecuted, `*_after` executes it first. `truncated` sends half of the answer,
    `exception` half and then an error of the engine in its place. `match` is a regular expression
    that the statement must contain; `times` is how often it happens, `after` how many matching
    statements pass unharmed before.
    """

    kind: Kind
    match: str = ""
    times: int = 1
    after: int = 0
    status: int = 502
    seconds: float = 3600.0


class Faults:
    """The faults still to come, and how many have come; may be used from any thread."""

    def __init__(self) -> None:
        self._orders: list[Fault] = []
        self._lock = threading.Lock()
        self.done = 0

    def order(self, fault: Fault) -> None:
        """Let a fault happen; the earliest ordered one that fits comes first."""
        if fault.kind not in KINDS:
            raise ValueError(f"{fault.kind!r} is none of {', '.join(KINDS)}")
        re.compile(fault.match)
        with self._lock:
            self._orders.append(fault)

    def clear(self) -> None:
        """Forget all orders."""
        with self._lock:
            self._orders.clear()
            self.done = 0

    def take(self, statement: str) -> Fault | None:
        """The fault that is due for this statement."""
        with self._lock:
            for fault in self._orders:
                if not re.search(fault.match, statement, re.IGNORECASE):
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    continue
                fault.times -= 1
                if fault.times <= 0:
                    self._orders.remove(fault)
                self.done += 1
                return fault
        return None


def proxy_page(status: int) -> str:
    """What a reverse proxy shows when the server behind it is away."""
    reason = {502: "Bad Gateway", 503: "Service Temporarily Unavailable", 504: "Gateway Time-out"}
    title = f"{status} {reason.get(status, 'Error')}"
    return (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1>"
        "</center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
