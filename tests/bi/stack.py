"""Superset as the container runs it: its own environment, PostgreSQL for its metadata, gunicorn."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from bi.superset.environment import SOURCES, superset_environment
from tests.emulators.clickhouse import ClickHouseFront

__all__ = ["Stack", "free_port", "postgres", "superset_environment"]

POSTGRES_BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
ADMIN_PASSWORD = "admin-of-the-tests"
READER_PASSWORD = "reader-of-the-tests"
BI_PASSWORD = "bi-of-the-tests"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL of its own on a free port; its URI. As root it runs as user postgres."""
    binaries = POSTGRES_BINARIES[-1]
    port = free_port()
    user: list[str] = []
    # Not below pytest's folders, which only their owner may enter.
    folder = Path(tempfile.mkdtemp(prefix="superset-postgres-"))
    if os.geteuid() == 0:
        user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        shutil.chown(folder, "postgres", "postgres")
    data = str(folder / "data")
    log = folder / "postgres.log"
    try:
        with _as_a_process(
            [*user, str(binaries / "postgres"), "-D", data, "-p", str(port), "-k", data]
            + ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"],
            log,
            folder,
            before=[*user, str(binaries / "initdb"), "--username=superset", "--auth=trust"]
            + ["-D", data, "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"],
        ):
            _until(lambda: _answers(port), "PostgreSQL", log)
            yield f"postgresql+psycopg2://superset@127.0.0.1:{port}/postgres"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _as_a_process(
    command: list[str],
    log: Path,
    folder: Path,
    environment: dict[str, str] | None = None,
    before: Sequence[str] = (),
) -> Iterator[None]:
    if before:
        done = subprocess.run(before, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    with log.open("wb") as opened:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=opened, stderr=opened
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Stack:
    """A set-up Superset over a warehouse; ``url`` answers while it runs."""

    def __init__(self, folder: Path, front: ClickHouseFront, metadata_uri: str) -> None:
        self.folder = folder
        self.binaries = superset_environment()
        self.port = free_port()
        self.log = folder / "gunicorn.log"
        self.environment = {
            "PATH": f"{self.binaries}:{os.environ['PATH']}",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(SOURCES),
            "SUPERSET_CONFIG_PATH": str(SOURCES / "superset_config.py"),
            "SUPERSET_HOME": str(folder / "home"),
            "SUPERSET_SECRET_KEY": "a-key-that-only-the-tests-know-0123456789",
            "SUPERSET_DATABASE_URI": metadata_uri,
            "CLICKHOUSE_HOST": "127.0.0.1",
            "CLICKHOUSE_PORT": str(front.port),
            "CLICKHOUSE_BI_PASSWORD": BI_PASSWORD,
        }
        (folder / "home").mkdir()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def set_up(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """The command of the one-shot service, as the compose file runs it."""
        return subprocess.run(
            ["python", "-m", "superset_setup", *arguments],
            cwd=self.folder,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )

    @contextmanager
    def serving(self) -> Iterator[None]:
        """The command of the image, on a free port."""
        text = (SOURCES / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")
        command = json.loads(re.findall(r"^CMD (\[.*\])$", text, re.MULTILINE)[0])
        place = command.index("0.0.0.0:8088")
        command[place] = f"127.0.0.1:{self.port}"
        with _as_a_process(command, self.log, self.folder, self.environment):
            _until(lambda: _is_healthy(self.url), "Superset", self.log)
            yield


def _until(holds: Callable[[], bool], what: str, log: Path) -> None:
    deadline = time.monotonic() + 300
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(
                f"{what} does not answer: {log.read_text(errors='replace')[-3000:]}"
            )
        time.sleep(0.2)


def _answers(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def _is_healthy(url: str) -> bool:
    try:
        with urlopen(f"{url}/health", timeout=5) as answer:
            return bool(answer.read() == b"OK")
    except (URLError, OSError):
        return False
