"""Faults between a client and the API, which tests switch on at run time."""

import asyncio
import time
from dataclasses import dataclass, field, fields
from threading import Event, Lock
from typing import Literal

CutStyle = Literal["reset", "silent", "line"]
HoldPlace = Literal["before", "after", "middle"]
LONGEST_HOLD_SECONDS = 60.0
_LOOK_SECONDS = 0.005


@dataclass(frozen=True, slots=True)
class Reply:
    """A response sent instead of the real one.

    `after` lets the action happen first, so that only its response is lost
    (docs/metrica-api.md#log-requests).
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
class Drop:
    """No response at all: the connection breaks, `after` or before the action happened."""

    after: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """A download that ends early.

    `reset` breaks the connection in the middle of a row; `silent` ends the response there as if
    it were complete; `line` does so at the end of a row, so that only the size shows the loss.
    """

    part: int
    style: CutStyle = "reset"


@dataclass(frozen=True, slots=True)
class Hold:
    """A call that stops at a point until it is released, so that a test can act or kill a process there.

    `reached` is set when the call has come to the point, `ended` when it is over. A call that
    is never released continues after LONGEST_HOLD_SECONDS.
    """

    place: HoldPlace
    reached: Event = field(default_factory=Event)
    released: Event = field(default_factory=Event)
    ended: Event = field(default_factory=Event)

    def release(self) -> None:
        """Let the call continue."""
        self.released.set()

    async def stop_here(self) -> None:
        """Wait in the server's loop, which serves other calls meanwhile."""
        self.reached.set()
        deadline = time.monotonic() + LONGEST_HOLD_SECONDS
        while not self.released.is_set() and time.monotonic() < deadline:
            await asyncio.sleep(_LOOK_SECONDS)


@dataclass(slots=True)
class _Waiting:
    """The fault for the next calls of an action (None: of any), after some calls without one."""

    action: str | None
    what: Reply | Drop | Hold
    skip: int
    times: int


@dataclass(slots=True)
class Faults:
    """All switches; off by default.

    The row faults change the files of requests that are created while they are set. Cells are
    inserted as they are, so that any bytes are possible: `bad_values` into the first row,
    `bad_rows[n]` into the n-th one; those of `empty_fields` are emptied in the second, the next
    `wrong_column_rows` rows lose their last cell. The last `duplicate_rows` of each part are
    repeated at the start of the next one, in an earlier state if `earlier_duplicates`.

    The column faults change headings and cells alike, in the parts from `columns_from_part` on:
    `extra_columns` (heading and cell) come first, `renamed_columns` maps old headings to new.

    `refused_fields` are unknown, as if they were retired. `renamed_models` shows log requests with
    the names of the attribution models that answer old ones. The list of parts leaves out
    `lost_parts`, though the log's size counts them.
    """

    bad_values: dict[str, str] = field(default_factory=dict)
    bad_rows: list[dict[str, str]] = field(default_factory=list)
    empty_fields: set[str] = field(default_factory=set)
    wrong_column_rows: int = 0
    duplicate_rows: int = 0
    earlier_duplicates: bool = False
    reversed_columns: bool = False
    extra_columns: dict[str, str] = field(default_factory=dict)
    renamed_columns: dict[str, str] = field(default_factory=dict)
    missing_columns: set[str] = field(default_factory=set)
    columns_from_part: int = 0
    renamed_models: bool = False
    lost_parts: set[int] = field(default_factory=set)
    byte_order_mark: bool = False
    no_last_newline: bool = False
    empty_parts: bool = False
    header_only: bool = False
    size_offset: int = 0
    refused_fields: set[str] = field(default_factory=set)
    possible_days: int | None = None
    slow_seconds: float = 0.0
    slow_chunk_seconds: float = 0.0
    scripts: list[list[str]] = field(default_factory=list)
    _waiting: list[_Waiting] = field(default_factory=list)
    _cuts: list[Cut] = field(default_factory=list)
    _holds: list[Hold] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def clear(self) -> None:
        """Switch everything off, and release held calls."""
        fresh = Faults()
        with self._lock:
            for hold in self._holds:
                hold.release()
            for each in fields(self):
                if each.name != "_lock":
                    setattr(self, each.name, getattr(fresh, each.name))

    def fail(self, action: str | None, reply: Reply, *, times: int = 1, skip: int = 0) -> None:
        """Send `reply` for `times` calls of an action (None: of any), after `skip` calls."""
        self._add(_Waiting(action, reply, skip, times))

    def drop(
        self, action: str | None, *, after: bool = False, times: int = 1, skip: int = 0
    ) -> None:
        """Break the connection of `times` calls; those to `download` break between parts."""
        self._add(_Waiting(action, Drop(after), skip, times))

    def hold(self, action: str | None, place: HoldPlace = "before", *, skip: int = 0) -> Hold:
        """Stop a call `before` or `after` its action, or in the `middle` of its response's body."""
        hold = Hold(place)
        with self._lock:
            self._holds.append(hold)
        self._add(_Waiting(action, hold, skip, 1))
        return hold

    def cut(self, part: int, *, style: CutStyle = "reset", times: int = 1) -> None:
        """End the next `times` downloads of this part early."""
        with self._lock:
            self._cuts += [Cut(part, style)] * times

    def script(self, *statuses: str) -> None:
        """Let the next created request show these statuses, one per poll; the last one stays."""
        with self._lock:
            self.scripts.append(list(statuses))

    def next_script(self) -> list[str] | None:
        """Take the script for a request that is being created, if there is one."""
        with self._lock:
            return self.scripts.pop(0) if self.scripts else None

    def next_for(self, action: str) -> Reply | Drop | Hold | None:
        """Take the fault for a call of this action, if there is one."""
        with self._lock:
            for one in [one for one in self._waiting if one.action in (None, action)]:
                if one.skip:
                    one.skip -= 1
                    continue
                one.times -= 1
                if not one.times:
                    self._waiting.remove(one)
                return one.what
        return None

    def next_cut(self, part: int) -> Cut | None:
        """Take the cut for this part, if there is one."""
        with self._lock:
            found = next((cut for cut in self._cuts if cut.part == part), None)
            if found:
                self._cuts.remove(found)
            return found

    def _add(self, waiting: _Waiting) -> None:
        with self._lock:
            self._waiting.append(waiting)
