"""``python -m demo.airflow`` (``make airflow``): Airflow on the demo's warehouse, to click through."""

from __future__ import annotations

import argparse
import fcntl
import signal
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from demo.__main__ import COUNTER
from demo.__main__ import main as run_demo
from demo.runs import Airflow, RunFailedError
from demo.services import HOST, USER, AirflowServices, ServiceFailedError, services_environment
from demo.stage import REPOSITORY, TOKEN, Stage
from tests.emulators.metrica.parts import Settings
from tests.emulators.metrica.server import MetricaEmulator
from tests.emulators.metrica.state import Counter

# Ctrl-C, a supervisor, and a terminal that is closed.
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class NotStartedError(Exception):
    """Airflow cannot be started here; the message tells the user what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run Airflow until Ctrl-C or SIGTERM (0), or until one of its processes ends by itself (1)."""
    options = _parser().parse_args(arguments)
    console = Console(highlight=False)
    stage = Stage(options.folder.resolve())
    for number in STOPPING:
        signal.signal(number, signal.default_int_handler)
    try:
        check_port(options.port)
        if not options.empty and not stage.done.exists():
            console.print("Демо ещё не загружено: сначала загружаются его данные (минуты полторы).")
            if code := run_demo(["--folder", str(stage.root)]):
                return code
        with (
            alone(stage),
            MetricaEmulator(
                [Counter(COUNTER)], {TOKEN: None}, settings=Settings(polls=1)
            ) as emulator,
        ):
            serve(
                stage,
                services_environment(stage, emulator.port, options.port),
                options.port,
                console,
            )
    except (NotStartedError, RunFailedError, ServiceFailedError) as error:
        console.print(str(error), style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("Airflow остановлен.")
    return 0


def serve(stage: Stage, environment: Mapping[str, str], port: int, console: Console) -> None:
    """Run Airflow's processes in ``environment`` until Ctrl-C.

    Raises ServiceFailedError if one does not start or ends by itself.
    """
    with Airflow(stage, environment, console) as airflow:
        airflow.run(["db", "migrate"], "База Airflow", "db_migrate")
    services = AirflowServices(stage, environment, port)
    try:
        services.start()
        services.wait_until_healthy(console)
        services.prepare(expected=_dag_ids())
        _say_where(console, stage, port)
        services.watch()
    finally:
        # A second Ctrl-C would leave processes behind: it is ignored, and the wait has a limit.
        for number in STOPPING:
            signal.signal(number, signal.SIG_IGN)
        with console.status("Процессы Airflow завершаются"):
            services.stop()


def _dag_ids() -> set[str]:
    return {path.stem for path in (REPOSITORY / "dags").glob("*.py")}


@contextmanager
def alone(stage: Stage) -> Iterator[None]:
    """Prevent a second Airflow on the same metadata."""
    path = stage.root / "airflow.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotStartedError(
                f"Airflow этого демо уже запущен ({stage.root}): остановите его или назовите другую "
                "папку, --folder."
            ) from None
        yield


def check_port(port: int) -> None:
    """Raise NotStartedError if the port is in use."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise NotStartedError(
                f"Порт {port} занят: остановите то, что его слушает, или назовите другой: --port {port + 1}."
            ) from None


def _say_where(console: Console, stage: Stage, port: int) -> None:
    def short(path: Path) -> str:
        return str(path.relative_to(REPOSITORY)) if path.is_relative_to(REPOSITORY) else str(path)

    console.print(
        f"""
Airflow открыт:    http://{HOST}:{port}
Имя и пароль:      {USER} / {stage.password(USER)}

Что посмотреть:
  • DAG → Trigger: форма с параметрами; Метрика — эмулятор её API, файлы — из {short(stage.inbox)}
  • после загрузки витрины и отчёт собираются сами: build_indicator_marts
  • в меню слева — «Отчёт»: страница показателей
Все DAG включены и ждут ближайшей ночи; из пропущенных ночей догоняется не больше одной.
Журналы: {short(stage.logs / "airflow")} (процессы), {short(stage.root / "airflow" / "logs")} (задачи)

Остановить: Ctrl-C""",
        markup=False,
        soft_wrap=True,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m demo.airflow",
        description="Starts Airflow on the demo's warehouse, with the emulated Metrica API beside it, until "
        "Ctrl-C. Runs the demo first where it has not run yet.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=8080, help=f"port of the UI on {HOST}")
    parser.add_argument(
        "--empty", action="store_true", help="do not run the demo first: take the folder as it is"
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=REPOSITORY / "build" / "demo",
        help="folder of the warehouse, inbox, archive, metadata and logs of the demo",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
