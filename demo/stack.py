"""``python -m demo.stack`` (``make stack``): Airflow and Superset together, without containers.

The embedded engine belongs to one process. Here it is served over HTTP, as by a server: several tasks
load at once, and the dashboards show each build when it has ended. Both programs connect as one user
with all rights; a real server separates the rights of ``loader`` and ``bi``.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bi.superset.environment import EnvironmentNotMadeError
from demo import airflow, superset
from demo.__main__ import COUNTER
from demo.__main__ import main as run_demo
from demo.runs import RunFailedError
from demo.services import HOST, ServiceFailedError, services_environment
from demo.stage import REPOSITORY, TOKEN, Stage
from tests.emulators.metrica.parts import Settings
from tests.emulators.metrica.server import MetricaEmulator
from tests.emulators.metrica.state import Counter

FAILURES = (
    airflow.NotStartedError,
    superset.NotStartedError,
    EnvironmentNotMadeError,
    RunFailedError,
    ServiceFailedError,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run both until Ctrl-C or SIGTERM (0), or until one of Airflow's processes ends by itself (1)."""
    options = _parser().parse_args(arguments)
    console = Console(highlight=False)
    stage = Stage(options.folder.resolve())
    for number in airflow.STOPPING:
        signal.signal(number, signal.default_int_handler)
    try:
        airflow.check_port(options.port)
        superset.check_port(options.superset_port)
        if not stage.done.exists():
            console.print("Демо ещё не загружено: сначала загружаются его данные (минуты полторы).")
            if code := run_demo(["--folder", str(stage.root)]):
                return code
        _run(stage, options.port, options.superset_port, console)
    except FAILURES as error:
        console.print(str(error), style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("Airflow и Superset остановлены. Снова: make stack")
    return 0


def _run(stage: Stage, port: int, superset_port: int, console: Console) -> None:
    with (
        airflow.alone(stage),
        MetricaEmulator([Counter(COUNTER)], {TOKEN: None}, settings=Settings(polls=1)) as emulator,
        superset.warehouse_front(stage.warehouse, None) as front,
        superset.superset_over(
            front,
            stage.root.parent / "superset",
            superset_port,
            console,
            f"http://{HOST}:{port}/programme-report",
        ),
    ):
        environment = services_environment(stage, emulator.port, port)
        environment["AIRFLOW_VAR_SUPERSET_URL"] = f"http://{HOST}:{superset_port}"
        environment["AIRFLOW_CONN_CLICKHOUSE_DEFAULT"] = front.connection()
        airflow.serve(stage, environment, port, console)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m demo.stack",
        description="Starts Airflow and Superset over the demo's warehouse, with the emulated Metrica API "
        "beside them, until Ctrl-C. Runs the demo first where it has not run yet.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=8080, help="port of Airflow on 127.0.0.1")
    parser.add_argument("--superset-port", type=int, default=8088, help="port of Superset")
    parser.add_argument(
        "--folder", type=Path, default=REPOSITORY / "build" / "demo", help="the demo's folder"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
