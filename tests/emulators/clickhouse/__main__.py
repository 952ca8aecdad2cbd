"""Runs the front from the command line: `python -m tests.emulators.clickhouse --help`."""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import hmac
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import uvicorn

from tests.emulators.clickhouse.engine import Engine
from tests.emulators.clickhouse.front import PASSWORD_VARIABLE
from tests.emulators.clickhouse.server import Front
from tests.emulators.clickhouse.users import as_default, write_config


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM; prints the address first."""
    options = _parser().parse_args(arguments)
    path = options.path.resolve()
    lock = _lock(path)
    if lock is None:
        sys.stdout.write(f"{path} is held by another process: let it end first\n")
        return 1
    user = options.identity or options.user
    password = os.environ.get(PASSWORD_VARIABLE.format(user.upper()), "")
    folder = tempfile.TemporaryDirectory(prefix="clickhouse-front-")
    try:
        config = None
        if options.identity:
            limits = dict(limit.split("=", 1) for limit in options.limit)
            config = write_config(
                Path(folder.name), as_default(options.identity, limits, options.grant)
            )
        engine = Engine(path, config)
    except (RuntimeError, ValueError) as error:
        sys.stdout.write(f"Cannot open {path}: {error}\n")
        return 1
    try:
        front = Front(engine, lambda name, given: name == user and _same(given, password))
        return asyncio.run(_serve(front, options.port, until_stdin_ends=options.until_stdin_ends))
    except OSError as error:
        sys.stdout.write(f"Cannot listen on port {options.port}: {error.strerror}\n")
        return 1
    finally:
        engine.close()
        lock.close()
        folder.cleanup()


async def _serve(front: Front, port: int, *, until_stdin_ends: bool) -> int:
    # Without the protocol asyncio leaves Nagle on, and each answer waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    server = uvicorn.Server(
        uvicorn.Config(
            front,
            http="httptools",
            lifespan="off",
            ws="none",
            access_log=False,
            log_config=None,
            log_level="critical",
            timeout_graceful_shutdown=1,
        )
    )
    # uvicorn stops at a signal and then raises it again: the engine is still to be closed by then.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    if until_stdin_ends:
        loop = asyncio.get_running_loop()

        def watch() -> None:
            sys.stdin.read()
            # A signal that came at the same time may have closed the loop already.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(setattr, server, "should_exit", True)

        threading.Thread(target=watch, daemon=True).start()
    serving = asyncio.create_task(server.serve([listener]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.005)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    sys.stdout.write(f"ClickHouse {front.engine.version} on {address}, Ctrl+C stops it\n")
    sys.stdout.flush()
    await serving
    return 0


def _lock(path: Path) -> TextIO | None:
    """The lock that loads wait for, or None where another process has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_name(path.name + ".lock").open("a+")
    try:
        fcntl.flock(lock.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    lock.truncate(0)
    lock.write(f"process {os.getpid()} (HTTP front)")
    lock.flush()
    return lock


def _same(given: str, password: str) -> bool:
    return hmac.compare_digest(given.encode(), password.encode())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.emulators.clickhouse",
        description="ClickHouse's HTTP interface over an embedded warehouse, for tests.",
        epilog="The user's password is read from CLICKHOUSE_<USER>_PASSWORD, empty by default.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--path", type=Path, required=True, help="folder of the warehouse")
    add("--port", type=int, default=0, help="port on 127.0.0.1, 0 takes a free one")
    add("--user", default="default", help="the user that may log in and may do everything")
    add("--identity", help="a user of deploy/clickhouse/users.d: its rights are checked")
    add("--limit", action="append", default=[], metavar="NAME=VALUE", help="of its profile")
    add("--grant", action="append", default=[], metavar="GRANT", help="one more grant to it")
    add("--until-stdin-ends", action="store_true", help="stop when the parent is gone")
    return parser


if __name__ == "__main__":
    sys.exit(main())
