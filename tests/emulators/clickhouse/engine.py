"""Connections of the embedded engine: one a request, or one a session that keeps its state."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import chdb

from tests.emulators.clickhouse.errors import (
    SESSION_IS_LOCKED,
    SESSION_NOT_FOUND,
    from_engine,
    refusal,
)
from tests.emulators.clickhouse.statements import Insert, first_word

SESSION_SECONDS = 60
_connect: Any = chdb.connect


class Outcome(NamedTuple):
    """The bytes of an answer and the numbers of X-ClickHouse-Summary."""

    body: bytes
    summary: dict[str, str]


class Lane:
    """A connection and the one thread that it is used from."""

    def __init__(self, address: str, version: str) -> None:
        self.version = version
        self.worker = ThreadPoolExecutor(1, thread_name_prefix="lane")
        self.lock = threading.Lock()
        self.used = time.monotonic()
        self.seconds = SESSION_SECONDS
        self._connection = _connect(address)
        self._database = self._own_database = "default"
        self._given: dict[str, str] = {}
        self._before: dict[str, str] = {}

    def prepare(self, database: str, settings: Mapping[str, str], read_only: bool) -> None:
        """Let the next statement run with a request's database and settings, which then are forgotten."""
        database = database or self._own_database
        if database != self._database:
            self._do(f"USE {_name(database)}")
            self._database = database
        wanted = dict(settings)
        if read_only and wanted.get("readonly", "0") == "0" and self._value("readonly") == "0":
            wanted["readonly"] = "2"
        gone = [name for name in self._given if name not in wanted]
        if gone:
            self._do("SET " + ", ".join(f"{_name(name)} = {self._before[name]}" for name in gone))
            for name in gone:
                del self._given[name], self._before[name]
        fresh = {name: value for name, value in wanted.items() if self._given.get(name) != value}
        if fresh:
            self._remember([name for name in fresh if name not in self._before])
            self._do("SET " + ", ".join(f"{_name(n)} = {quoted(v)}" for n, v in fresh.items()))
            self._given.update(fresh)

    def run(self, sql: bytes, form: str, parameters: Mapping[str, str]) -> Outcome:
        """Run a statement to its end."""
        word = first_word(sql)
        if word == b"SET" and self._given:
            # Else what the statement sets would be undone with what the request brought.
            self.prepare(self._database, {}, read_only=False)
        outcome = self._query(sql, form, parameters)
        if word == b"USE":
            row = json.loads(self._do("SELECT currentDatabase() AS name"))
            self._database = self._own_database = row["name"]
        return outcome

    def _query(self, sql: bytes, form: str, parameters: Mapping[str, str]) -> Outcome:
        try:
            result = self._connection.query(sql, form, params=dict(parameters))
        except RuntimeError as error:
            raise from_engine(error, self.version) from None
        return Outcome(
            result.bytes() or b"",
            {
                "read_rows": str(result.rows_read()),
                "read_bytes": str(result.bytes_read()),
                "elapsed_ns": str(int(result.elapsed() * 1e9)),
            },
        )

    def stream(self, sql: bytes, form: str, parameters: Mapping[str, str]) -> Iterator[bytes]:
        """Run a query and give its blocks as they come; raises EngineError in the middle, too."""
        rows = None
        try:
            rows = self._connection.send_query(sql, form, params=dict(parameters))
            for block in rows:
                yield block.bytes() or b""
        except RuntimeError as error:
            raise from_engine(error, self.version) from None
        finally:
            if rows is not None:
                with suppress(Exception):
                    rows.close()

    def begin_insert(self, insert: Insert) -> Any:
        """Open an insert that takes its data in pieces."""
        try:
            return self._connection.send_insert(insert.statement, insert.format)
        except RuntimeError as error:
            raise from_engine(error, self.version) from None

    def end_insert(self, inserter: Any) -> Outcome:
        """Commit it."""
        try:
            result = inserter.finish()
        except RuntimeError as error:
            raise from_engine(error, self.version) from None
        return Outcome(
            b"",
            {
                "written_rows": str(result.rows_written),
                "written_bytes": str(result.bytes_written),
                "elapsed_ns": str(int(result.elapsed * 1e9)),
            },
        )

    def append(self, inserter: Any, piece: bytes) -> None:
        """Give an open insert more data."""
        try:
            inserter.append(piece)
        except RuntimeError as error:
            raise from_engine(error, self.version) from None

    def close(self) -> None:
        """Give the connection back, once what runs on it has ended."""
        self.worker.submit(self._connection.close)
        self.worker.shutdown(wait=False)

    def _do(self, sql: str) -> bytes:
        return self._query(sql.encode(), "JSONEachRow", {}).body

    def _value(self, setting: str) -> str:
        answer = self._do(f"SELECT value FROM system.settings WHERE name = {quoted(setting)}")
        return str(json.loads(answer)["value"])

    def _remember(self, names: list[str]) -> None:
        if not names:
            return
        listed = ", ".join(quoted(name) for name in names)
        answer = self._do(
            f"SELECT name, value, changed FROM system.settings WHERE name IN ({listed})"
        )
        self._before.update(dict.fromkeys(names, "DEFAULT"))
        for line in answer.splitlines():
            row = json.loads(line)
            if row["changed"]:
                value = str(row["value"])
                as_is = len(value) > 1 and value[0] == value[-1] == "'"
                self._before[row["name"]] = value if as_is else quoted(value)


class Engine:
    """The folder's engine, and the sessions that clients keep in it."""

    def __init__(self, path: Path, config: Path | None = None) -> None:
        self._address = str(path) + (f"?config-file={config}" if config else "")
        self._keeper = _connect(self._address)
        row = self._keeper.query("SELECT version(), timezone()", "TabSeparated").bytes().decode()
        self.version, self.timezone = row.rstrip("\n").split("\t")
        self._sessions: dict[tuple[str, str], Lane] = {}
        self._lock = threading.Lock()

    def lane(self, user: str, parameters: Mapping[str, str]) -> Lane:
        """The connection of a request's session, held until `release`, or one for this request only.

        Raises EngineError where the session is in use, or unknown though it had to be known.
        """
        name = parameters.get("session_id", "")
        if not name:
            return Lane(self._address, self.version)
        with self._lock:
            self._forget_idle()
            lane = self._sessions.get((user, name))
            if lane is None:
                if parameters.get("session_check") == "1":
                    raise refusal(SESSION_NOT_FOUND, "SESSION_NOT_FOUND", "Session not found")
                lane = self._sessions[user, name] = Lane(self._address, self.version)
            if not lane.lock.acquire(blocking=False):
                raise refusal(
                    SESSION_IS_LOCKED,
                    "SESSION_IS_LOCKED",
                    "Session is locked by a concurrent client",
                )
            lane.seconds = int(parameters.get("session_timeout", SESSION_SECONDS))
            return lane

    def release(self, lane: Lane) -> None:
        """End a request: close its connection, or leave its session to the next one."""
        if not lane.lock.locked():
            lane.close()
            return
        lane.used = time.monotonic()
        lane.lock.release()

    def close(self) -> None:
        """Close everything; what still runs ends first."""
        for lane in self._sessions.values():
            lane.close()
        self._sessions.clear()
        self._keeper.close()

    def _forget_idle(self) -> None:
        now = time.monotonic()
        for key, lane in list(self._sessions.items()):
            if not lane.lock.locked() and now - lane.used > lane.seconds:
                lane.close()
                del self._sessions[key]


def quoted(text: str) -> str:
    """An SQL string."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _name(text: str) -> str:
    return "`" + text.replace("\\", "\\\\").replace("`", "\\`") + "`"
