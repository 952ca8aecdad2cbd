"""Switches for what goes wrong between a client and the API; tests set them at run time."""

from dataclasses import dataclass, field, fields
from threading import Lock
from typing import Literal

CutStyle = Literal["reset", "silent", "line"]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer sent instead of the real one.

    `after` lets the action happen first, so that only its answer is lost (sheet 6.18).
    `html` sends a page in place of the API's JSON; `body` sends any text.
    """

    status: int
    error_type: str = "backend_error"
    message: str = "Service is temporarily unavailable."
    retry_after: int | str | None = None
    html: bool = False
    body: str | None = None
    after: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """A download that ends early.

    `reset` breaks the connection in the middle of a row; `silent` ends the answer there as if
    it were whole; `line` does so at the end of a row, so that only the size shows the loss.
    """

    part: int
    style: CutStyle = "reset"


@dataclass(slots=True)
class Faults:
    """All switches; off by default.

    The row faults change prepared files of requests ordered while they are set: values of
    `bad_values` go to the first row, those of `empty_fields` are emptied in the second,
    the next `wrong_column_rows` rows lose their last cell, the last `duplicate_rows` of each
    part come again at the start of the next one.
    """

    bad_values: dict[str, str] = field(default_factory=dict)
    empty_fields: set[str] = field(default_factory=set)
    wrong_column_rows: int = 0
    duplicate_rows: int = 0
    reversed_columns: bool = False
    byte_order_mark: bool = False
    empty_parts: bool = False
    header_only: bool = False
    size_offset: int = 0
    refused_fields: set[str] = field(default_factory=set)
    slow_seconds: float = 0.0
    slow_chunk_seconds: float = 0.0
    scripts: list[list[str]] = field(default_factory=list)
    _replies: list[tuple[str | None, Reply]] = field(default_factory=list)
    _cuts: list[Cut] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def clear(self) -> None:
        """Switch everything off."""
        fresh = Faults()
        with self._lock:
            for each in fields(self):
                if each.name != "_lock":
                    setattr(self, each.name, getattr(fresh, each.name))

    def fail(self, action: str | None, reply: Reply, *, times: int = 1) -> None:
        """Answer the next `times` calls of an action (None: of any) with `reply`."""
        with self._lock:
            self._replies += [(action, reply)] * times

    def cut(self, part: int, *, style: CutStyle = "reset", times: int = 1) -> None:
        """End the next `times` downloads of this part early."""
        with self._lock:
            self._cuts += [Cut(part, style)] * times

    def script(self, *statuses: str) -> None:
        """Let the next created request show these statuses, one a poll; the last one stays."""
        with self._lock:
            self.scripts.append(list(statuses))

    def next_script(self) -> list[str] | None:
        """Take the script of a request that is being created, if any is waiting."""
        with self._lock:
            return self.scripts.pop(0) if self.scripts else None

    def next_reply(self, action: str) -> Reply | None:
        """Take the reply waiting for this action, if any."""
        with self._lock:
            for place, (wanted, reply) in enumerate(self._replies):
                if wanted in (None, action):
                    del self._replies[place]
                    return reply
        return None

    def next_cut(self, part: int) -> Cut | None:
        """Take the cut waiting for this part, if any."""
        with self._lock:
            for place, cut in enumerate(self._cuts):
                if cut.part == part:
                    return self._cuts.pop(place)
        return None
