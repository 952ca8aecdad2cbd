"""The only access to ClickHouse: opens it through the official hook, runs SQL, stages text."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import re
import sys
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import cached_property
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, cast

from municipal_indicators import settings
from municipal_indicators.errors import (
    IndicatorsError,
    StorageError,
    WarehouseAccessError,
    WarehouseBusyError,
    WarehouseUnreachableError,
)
from municipal_indicators.warehouse import cluster
from municipal_indicators.warehouse.districts import renamed
from municipal_indicators.warehouse.templates import statements

if TYPE_CHECKING:
    from airflow.sdk import Connection
    from clickhouse_connect.driver.client import Client
    from clickhouse_connect.driver.insert import InsertContext

log = logging.getLogger(__name__)

WAIT_SECONDS = 900.0
BLOCK_ROWS = 50_000
BESIDE = "__next_"
"""What follows a table's name in that of a copy which is to replace it."""

# One block an insert, parsed in order: rowNumberInBlock() in the staging views is then the row's place.
_STAGING_SETTINGS = {
    "input_format_parallel_parsing": 0,
    "max_insert_block_size": 4_000_000,
    "max_insert_threads": 1,
    "async_insert": 0,
    # Two filters made one would compute what the second looks at for rows that the first drops; and these
    # rewrites take longer than they gain where every block analyses its views again.
    "query_plan_enable_optimizations": 0,
    "optimize_and_compare_chain": 0,
    # Only this analyzer shows the inserted block wherever a view names its source (staging/metrica_log.sql).
    "enable_analyzer": 1,
}
# An embedded engine ends with its task: what it would compile for the next queries is never used again, and
# a fifth of a build's processor time went there.
_UNCOMPILED = {
    "compile_expressions": 0,
    "compile_aggregate_expressions": 0,
    "compile_sort_description": 0,
}
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r", "\0": r"\0"})
_SPECIAL = ("\\", "\n", "\r", "\0")


# The engine's codes: login refused (192 … 194, 516), right missing (497), user or session read-only (164).
_LOGIN_CODES = {192, 193, 194, 516}
_RIGHT_CODES = {164, 497}
_NOT_ENOUGH_SPACE = 243
# What the engine quotes of the operating system: no space, quota used up, read-only.
_NO_SPACE = re.compile(r"errno: (?:28|122|30)\b")


class Warehouse:
    """An open ClickHouse client with the few operations that loading and building need.

    Each raises WarehouseUnreachableError when the server cannot be reached or the connection is cut,
    WarehouseAccessError when the server refuses the user, and StorageError when the disk is full. Errors of
    SQL are clickhouse-connect's. Statements name the databases of one installation; in a region they are
    those of the district that was worked for when the warehouse was opened.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self.district = settings.district()

    def command(self, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Run one statement that returns no rows; on a cluster, the equivalent statements."""
        name = self._cluster
        for statement in cluster.translated(sql, name, self.rows) if name else [sql]:
            with _plainly():
                self.client.command(self._own(statement), parameters=dict(parameters or {}))

    def _own(self, sql: str) -> str:
        return renamed(sql, self.district)

    @cached_property
    def _cluster(self) -> str | None:
        return cluster.cluster_of(_hook().get_connection(settings.CLICKHOUSE_CONNECTION))

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Run one query; returns the rows as tuples."""
        with _plainly():
            result = self.client.query(self._own(sql), parameters=dict(parameters or {}))
            return [tuple(row) for row in result.result_rows]

    def mappings(self, sql: str) -> list[dict[str, Any]]:
        """Run one query; the rows as mappings by column."""
        with _plainly():
            return list(self.client.query(self._own(sql)).named_results())

    def value(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """The first column of the first row of a query."""
        return self.rows(sql, parameters)[0][0]

    def run_script(self, sql: str) -> None:
        """Run the statements of a text, one after another; each ends with ``;`` at the end of a line."""
        for statement in statements(sql):
            self.command(statement)

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Insert a handful of typed rows: ledger entries and reference data, never data rows.

        They are sent as a stream, like staged text: clickhouse-connect's own ``insert`` sends its
        rows a second time after a lost acknowledgement, which would double them.
        """
        data = [list(row) for row in rows]
        if data:
            with _plainly():
                own = self._own(table)
                context = self.client.create_insert_context(own, list(columns), data=data)
                self.client.raw_insert(
                    own,
                    list(columns),
                    insert_block=(body for body in [_native(context)]),
                    fmt="Native",
                )

    def stage(
        self,
        table: str,
        columns: Sequence[str],
        rows: Iterable[Sequence[str | None]],
        context: Mapping[str, Any],
    ) -> int:
        """Send rows of text to a staging table, in blocks; returns their number.

        ``context`` reaches the staging views as JSON in ``getSetting('log_comment')``. It
        holds ``load_id``, ``unit_key``, ``unit`` and whatever else the staging views read.
        NULL is written as ``\\N``.
        """
        staged = 0
        block: list[str] = []
        for row in rows:
            block.append(_tsv_line(row))
            if len(block) >= BLOCK_ROWS:
                self.stage_bytes(table, columns, [("\n".join(block) + "\n").encode()], context)
                staged += len(block)
                block.clear()
        if block:
            self.stage_bytes(table, columns, [("\n".join(block) + "\n").encode()], context)
        return staged + len(block)

    def stage_bytes(
        self,
        table: str,
        columns: Sequence[str],
        chunks: Sequence[bytes],
        context: Mapping[str, Any],
        fmt: str = "TabSeparated",
    ) -> None:
        """Send one block of text, unchanged and in chunks of any size, to a staging table.

        The block is sent as a stream because clickhouse-connect replays an insert of plain bytes
        after a lost acknowledgement, which would double it.
        """
        with _plainly():
            self.client.raw_insert(
                self._own(table),
                column_names=list(columns),
                insert_block=(chunk for chunk in chunks if chunk),
                fmt=fmt,
                settings={
                    **_STAGING_SETTINGS,
                    "log_comment": json.dumps(context, ensure_ascii=False, default=str),
                },
            )

    @contextmanager
    def more(self, number: int) -> Iterator[SimpleQueue[Warehouse]]:
        """More clients of the same warehouse, for threads: one client runs one statement at a time."""
        with _plainly():
            clients = [_hook().get_client() for _ in range(number)]
        idle: SimpleQueue[Warehouse] = SimpleQueue()
        for client in clients:
            idle.put(Warehouse(client))
        try:
            yield idle
        finally:
            for client in clients:
                client.close()

    def columns(self, table: str) -> list[str]:
        """The column names of a table, in its order."""
        return list(self.column_types(table))

    def column_types(self, table: str) -> dict[str, str]:
        """The types of a table's columns by name, in its order, but those that the engine computes itself."""
        return {
            name: kind
            for name, kind, default, *_ in self.rows(f"DESCRIBE TABLE {table}")
            if default != "MATERIALIZED"
        }

    def beside(self, table: str) -> str:
        """Make an empty copy of a table; returns its name, which no other process uses."""
        copy = f"{table}{BESIDE}{uuid.uuid4().hex}"
        self.command(f"CREATE TABLE {copy} AS {table}")
        return copy

    def build_beside(self, table: str, select: str) -> str:
        """Fill a new copy of ``table`` from a query, columns matched by name; returns the copy's name."""
        columns, copy = ", ".join(self.columns(table)), self.beside(table)
        self.command(f"INSERT INTO {copy} ({columns}) SELECT {columns} FROM (\n{select}\n)")  # noqa: S608
        return copy

    def exchange(self, table: str, copy: str) -> None:
        """Swap a copy with its table, atomically for readers, and drop the old one."""
        self.command(f"EXCHANGE TABLES {copy} AND {table}")
        self.command(f"DROP TABLE {copy} SYNC")


def _native(context: InsertContext) -> bytes:
    from clickhouse_connect.driver.transform import NativeTransform

    def refuse(error: Exception) -> None:
        raise error

    body = b"".join(NativeTransform.build_insert(context, refuse))
    # The statement precedes the data, for requests that have no other place for it.
    return body.partition(b"\n")[2]


def _tsv_line(row: Sequence[str | None]) -> str:
    if None not in row:
        line = "\t".join(cast("Sequence[str]", row))
        # Few cells need escapes: one check of the line is faster than one of each cell.
        if line.count("\t") == len(row) - 1 and not any(sign in line for sign in _SPECIAL):
            return line
    return "\t".join(r"\N" if cell is None else cell.translate(_ESCAPES) for cell in row)


def embedded_path() -> Path | None:
    """The folder of the embedded warehouse, or None when the connection names a server."""
    return _embedded_path(_hook().get_connection(settings.CLICKHOUSE_CONNECTION))


def _embedded_path(connection: Connection) -> Path | None:
    arguments = connection.extra_dejson.get("client_kwargs") or {}
    if isinstance(arguments, str):
        arguments = json.loads(arguments)
    return Path(arguments["path"]) if arguments.get("interface") == "chdb" else None


@contextmanager
def open_warehouse(wait_seconds: float = WAIT_SECONDS) -> Iterator[Warehouse]:
    """Open the warehouse of ``clickhouse_default`` and close it again.

    Only one process at a time can open an embedded warehouse. This one waits for its turn; after
    ``wait_seconds`` it raises WarehouseBusyError, which says who holds the warehouse and what to do.
    A server takes many clients. Raises WarehouseUnreachableError or WarehouseAccessError when it
    cannot be used.
    """
    path = embedded_path()
    with _turn(path, wait_seconds) if path else nullcontext():
        client = _connect(path, wait_seconds)
        try:
            yield Warehouse(client)
        finally:
            client.close()


def _hook() -> Any:
    from airflow.providers.clickhousedb.hooks.clickhouse import ClickHouseHook

    hook = ClickHouseHook(clickhouse_conn_id=settings.CLICKHOUSE_CONNECTION)
    name = settings.CLICKHOUSE_CONNECTION
    with settings.needing_connection(name, name):
        connection = hook.get_connection(name)
    own = _UNCOMPILED if _embedded_path(connection) else {}
    hook.session_settings = {**own, **cluster.session_settings(connection)}
    return hook


def _connect(path: Path | None, wait_seconds: float) -> Client:
    from clickhouse_connect.driver.exceptions import ProgrammingError

    if path:
        # The hook passes a server's arguments too; the engine's warnings about them are noise.
        logging.getLogger("clickhouse_connect.driver").setLevel(logging.ERROR)
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            with _plainly():
                client: Client = _hook().get_client()
            return client
        except ProgrammingError as error:
            # A program that ignores our lock, such as a BI tool or a notebook, has the engine open.
            if path is None or "EmbeddedServer" not in str(error):
                raise
            if time.monotonic() >= deadline:
                raise WarehouseBusyError(_busy(path, "другая программа", wait_seconds)) from error
            time.sleep(1)


@contextmanager
def _plainly() -> Iterator[None]:
    """Translate full disks, refusals and connection errors of a server; errors of SQL pass unchanged.

    The error raised has no cause attached: urllib3 quotes the whole address there, and with it the
    statement and its parameters.
    """
    from clickhouse_connect.driver.exceptions import DatabaseError

    try:
        yield
    except DatabaseError as error:
        plain = _full(error) or (_in_plain_words(error) if embedded_path() is None else None)
        if plain is None:
            raise
        raise plain from None


def _full(error: Exception) -> StorageError | None:
    if getattr(error, "code", None) != _NOT_ENOUGH_SPACE and not _NO_SPACE.search(str(error)):
        return None
    place = embedded_path() or f"подключения {settings.CLICKHOUSE_CONNECTION}"
    return StorageError(
        f"Диск хранилища {place} заполнен или закрыт для записи. Освободите место и запустите снова: "
        "опубликованное не потеряно."
    )


def _in_plain_words(error: Exception) -> IndicatorsError | None:
    from clickhouse_connect.driver.exceptions import OperationalError, StreamFailureError

    connection = _hook().get_connection(settings.CLICKHOUSE_CONNECTION)
    server = f"{settings.CLICKHOUSE_CONNECTION} ({connection.host}:{connection.port})"
    code = getattr(error, "code", None)
    if code in _LOGIN_CODES:
        return WarehouseAccessError(
            f"Сервер ClickHouse подключения {server} не принимает логин {connection.login!r}: исправьте "
            "логин и пароль подключения и запустите снова."
        )
    if code in _RIGHT_CODES:
        reason = re.search(
            r"DB::Exception: (?:[^:]*: )?(.*?)\. \((?:ACCESS_DENIED|READONLY)\)", str(error)
        )
        return WarehouseAccessError(
            f"Пользователю {connection.login!r} подключения {server} этого нельзя: "
            f"{reason[1] if reason else 'нет права'}. Загрузкам и сборкам нужны права роли loader из "
            "deploy/clickhouse/users.d/municipal.xml: назовите такого пользователя в подключении и запустите "
            "снова."
        )
    page = re.search(r"received HTTP status (\d+)", str(error)) if code is None else None
    cut = code is None and isinstance(error, (OperationalError, StreamFailureError))
    if not cut and not page:
        return None
    what = f"ответил HTTP {page[1]} вместо результата" if page else f"не ответил: {_root(error)}"
    return WarehouseUnreachableError(
        f"Сервер ClickHouse подключения {server} или прокси перед ним {what}. Проверьте, что он работает и "
        f"доступен (curl http://{connection.host}:{connection.port}/ping), и запустите снова: "
        "неопубликованное загрузится, ничего не удвоится."
    )


def _root(error: BaseException) -> str:
    """The innermost reason of an error in a few words, without the address."""
    while (deeper := error.__cause__ or error.__context__) is not None:
        error = deeper
    text = str(getattr(error, "strerror", None) or error).rpartition("): ")[2]
    return f"{type(error).__name__}, {text}"


@contextmanager
def _turn(path: Path, wait_seconds: float) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + wait_seconds
    with path.with_name(path.name + ".lock").open("a+") as lock:
        is_reported = False
        while not _try_lock(lock.fileno()):
            lock.seek(0)
            holder = lock.read().strip() or "другой процесс"
            if time.monotonic() >= deadline:
                raise WarehouseBusyError(_busy(path, holder, wait_seconds))
            if not is_reported:
                log.info("The embedded warehouse %s is held by %s; waiting.", path, holder)
                is_reported = True
            time.sleep(0.2)
        lock.seek(0)
        lock.truncate()
        lock.write(f"process {os.getpid()} ({Path(sys.argv[0]).name} {' '.join(sys.argv[1:4])})")
        lock.flush()
        yield


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _busy(path: Path, holder: str, waited: float) -> str:
    return (
        f"Встроенное хранилище {path} занято: {holder}; ждали {waited:.0f} с. Открыть его может только один "
        "процесс: дождитесь конца другого запуска или остановите его и повторите задачу, или укажите в "
        "подключении clickhouse_default сервер ClickHouse."
    )
