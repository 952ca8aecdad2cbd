"""``make bench-dags``: how long the DAG files of a region take to parse, beyond Airflow's own import."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from bench.measuring import machine
from municipal_indicators.settings import PASSPORT_VARIABLE, REPOSITORY


def measure() -> tuple[int, float]:
    """DAGs and seconds of parsing all files, in this process, after Airflow made a DAG of its own."""
    import airflow.providers.standard.operators.hitl
    import airflow.sdk.definitions.retry_policy  # noqa: F401
    from airflow.sdk import Asset, dag, task
    from airflow.sdk.definitions._internal.contextmanager import DagContext

    @dag(schedule=Asset("a") | Asset("b"))
    def warm_up() -> None:
        task(task_id="nothing")(lambda: None)()

    warm_up()
    before = len(DagContext.autoregistered_dags)
    DagContext.current_autoregister_module_name = "bench"
    started = time.perf_counter()
    for path in sorted((REPOSITORY / "dags").glob("*.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[path.stem] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    seconds = time.perf_counter() - started
    return len(DagContext.autoregistered_dags) - before, seconds


def main() -> int:
    """Print a line for each size, the median of some fresh processes."""
    parser = argparse.ArgumentParser(prog="make bench-dags", description=__doc__)
    parser.add_argument("--districts", type=int, nargs="*", default=[1, 15, 25])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=REPOSITORY / "build" / "bench", help="figures")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        sys.stdout.write(json.dumps(measure()) + "\n")
        return 0
    sizes = []
    for number in given.districts:
        with tempfile.TemporaryDirectory() as folder:
            for one in range(number):
                shutil.copy(REPOSITORY / "programme.yaml", Path(folder) / f"d{one}.yaml")
            found = [_in_a_process(folder) for _ in range(given.rounds)]
        dags, seconds = found[0][0], median(seconds for _, seconds in found)
        sys.stdout.write(f"{number} districts: {dags} DAGs in {seconds:.2f} s\n")
        sizes.append({"districts": number, "dags": dags, "seconds": seconds})
    given.out.mkdir(parents=True, exist_ok=True)
    report = {"machine": machine(), "sizes": sizes}
    (given.out / "dags.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 0


def _in_a_process(folder: str) -> tuple[int, float]:
    environment = {
        **os.environ,
        PASSPORT_VARIABLE: folder,
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
    }
    command = [sys.executable, "-m", "bench.dags", "--one"]
    done = subprocess.run(
        command, env=environment, cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    dags, seconds = json.loads(done.stdout.splitlines()[-1])
    return int(dags), float(seconds)


if __name__ == "__main__":
    sys.exit(main())
