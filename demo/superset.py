"""``python -m demo.superset`` (``make superset``): Superset's dashboards over the demo's warehouse."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from rich.console import Console

from bi.superset.environment import SOURCES, EnvironmentNotMadeError, is_made, superset_environment
from demo.stage import REPOSITORY, Stage
from tests.emulators.clickhouse import ClickHouseFront

SECONDS_TO_START = 180
SECRETS = ("secret_key", "admin", "reader")


class NotStartedError(Exception):
    """Superset cannot be started; the message says why and what to do, in Russian."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C, then return 0; 1 if it cannot be started."""
    options = _parser().parse_args(arguments)
    console = Console(highlight=False)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with _serving(options, console):
            signal.pause()
    except (NotStartedError, EnvironmentNotMadeError) as error:
        console.print(str(error), style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("\nSuperset остановлен. Снова: make superset")
    return 0


@contextmanager
def _serving(options: argparse.Namespace, console: Console) -> Iterator[None]:
    warehouse = Stage(options.demo.resolve()).warehouse
    if not warehouse.exists():
        raise NotStartedError("Витрин ещё нет: сначала make demo.")
    check_port(options.port)
    with (
        warehouse_front(warehouse, "bi") as front,
        superset_over(front, options.folder.resolve(), options.port, console),
    ):
        yield


@contextmanager
def superset_over(
    front: ClickHouseFront, home: Path, port: int, console: Console, report: str = ""
) -> Iterator[None]:
    """Superset on a port, reading as the user of the HTTP front; installs its environment if it is missing.

    Its boards link to the report page at ``report``, if there is one. Raises NotStartedError and
    EnvironmentNotMadeError.
    """
    if not is_made():
        console.print("Установка Superset в build/superset-venv (в первый раз минута-другая)")
    binaries = superset_environment()
    home.mkdir(parents=True, exist_ok=True)
    own = _secrets(home / "secrets.json")
    environment = _environment(home, binaries, own, front) | {"REPORT_URL": report}
    _set_up(home, environment, console)
    log = home / "superset.log"
    with log.open("wb") as opened, _ctrl_c_kept_from_children():
        server = subprocess.Popen(
            _command(port),
            cwd=home,
            env=environment,
            stdout=opened,
            stderr=opened,
        )
    try:
        _await(server, port, log)
        _say(console, port, own, home)
        yield
    finally:
        server.terminate()
        server.wait()


@contextmanager
def warehouse_front(warehouse: Path, identity: str | None) -> Iterator[ClickHouseFront]:
    """The warehouse over HTTP with the rights of a production user, or with all rights.

    Raises NotStartedError if another program has the warehouse open.
    """
    password = secrets.token_urlsafe(12)
    try:
        with _ctrl_c_kept_from_children():
            # data_problems is read with the rights of its maker: here that is the same user.
            ledger = ["GRANT SELECT ON ops.*"] if identity else []
            front = ClickHouseFront(warehouse, identity, password=password, grants=ledger).start()
    except RuntimeError as error:
        raise NotStartedError(
            f"Хранилище демонстрации не открылось: {error}\n"
            "Одновременно его может держать одна программа: дождитесь make demo или остановите make airflow. "
            "Airflow и Superset вместе: make stack."
        ) from error
    try:
        yield front
    finally:
        front.stop()


def check_port(port: int) -> None:
    """Raise NotStartedError if the port is in use."""
    with socket.socket() as one:
        if one.connect_ex(("127.0.0.1", port)) == 0:
            raise NotStartedError(
                f"Порт {port} занят: освободите его или выберите другой, --port {port + 1}."
            )


@contextmanager
def _ctrl_c_kept_from_children() -> Iterator[None]:
    """A terminal sends Ctrl-C to all processes; those started here ignore it and are stopped in order."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _secrets(path: Path) -> dict[str, str]:
    """Passwords, created at the first start and readable by this user only."""
    if not path.exists():
        made = {name: secrets.token_urlsafe(32 if name == "secret_key" else 12) for name in SECRETS}
        path.touch(mode=0o600)
        path.write_text(json.dumps(made), encoding="utf-8")
    kept: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return kept


def _environment(
    home: Path, binaries: Path, own: Mapping[str, str], front: ClickHouseFront
) -> dict[str, str]:
    return {
        "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(SOURCES),
        "SUPERSET_HOME": str(home),
        "SUPERSET_CONFIG_PATH": str(SOURCES / "superset_config.py"),
        "SUPERSET_SECRET_KEY": own["secret_key"],
        "SUPERSET_DATABASE_URI": f"sqlite:///{home}/superset.db?check_same_thread=false",
        "SUPERSET_ADMIN_PASSWORD": own["admin"],
        "SUPERSET_READER_PASSWORD": own["reader"],
        "CLICKHOUSE_HOST": "127.0.0.1",
        "CLICKHOUSE_PORT": str(front.port),
        "CLICKHOUSE_BI_USER": front.user,
        "CLICKHOUSE_BI_PASSWORD": front.password,
    }


def _set_up(home: Path, environment: Mapping[str, str], console: Console) -> None:
    """Run Superset's set-up unless the last one had the same bundle, lock and address of the report."""
    parts = [SOURCES / "requirements.txt", SOURCES / "superset_setup.py"]
    parts += sorted((SOURCES / "bundle").rglob("*.yaml"))
    report = environment["REPORT_URL"].encode()
    content = hashlib.sha256(report + b"".join(path.read_bytes() for path in parts)).hexdigest()
    stamp = home / "set-up"
    if stamp.exists() and stamp.read_text() == content:
        return
    console.print("Настройка Superset: таблицы, роли, дашборды (около минуты)")
    log = home / "set-up.log"
    with log.open("wb") as opened:
        done = subprocess.run(
            ["python", "-m", "superset_setup"],
            cwd=home,
            env=dict(environment),
            stdout=opened,
            stderr=opened,
            check=False,
        )
    if done.returncode:
        raise NotStartedError(f"Superset не настроился; подробности в {_short(log)}.")
    stamp.write_text(content)


def _command(port: int) -> list[str]:
    return [
        *("gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "1"),
        *("--worker-class", "gthread", "--threads", "8", "--timeout", "120"),
        "superset.app:create_app()",
    ]


def _await(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.3)
    raise NotStartedError(f"Superset не отвечает; подробности в {_short(log)}.")


def _say(console: Console, port: int, own: Mapping[str, str], home: Path) -> None:
    url = f"http://127.0.0.1:{port}"
    console.print(
        f"""
Superset: {url}
  Показатели программы        {url}/superset/dashboard/programme/
  Сайт и услуги               {url}/superset/dashboard/site-and-services/
  СМЭВ и надёжность данных    {url}/superset/dashboard/smev-and-data/

Вход: reader, пароль {own["reader"]} (роль «Читатель»)
      admin, пароль {own["admin"]}
Пароли хранятся в {_short(home / "secrets.json")}. Остановить: Ctrl-C
""",
        markup=False,
        soft_wrap=True,
    )


def _short(path: Path) -> str:
    return str(path.relative_to(REPOSITORY)) if path.is_relative_to(REPOSITORY) else str(path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m demo.superset",
        description="Serves Superset's dashboards over the warehouse of make demo on 127.0.0.1.",
    )
    parser.add_argument("--port", type=int, default=8088, help="8088 by default")
    build = REPOSITORY / "build"
    parser.add_argument("--demo", type=Path, default=build / "demo", help="the demo's folder")
    parser.add_argument(
        "--folder", type=Path, default=build / "superset", help="where Superset keeps its own"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
