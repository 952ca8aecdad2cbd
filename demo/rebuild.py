"""``python -m demo.rebuild`` (``make rebuild``): fills the empty warehouse of an Airflow from its archive.

The Airflow is that of the environment (``AIRFLOW_HOME``, connections, Variables); without one the demo's.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from demo.stage import REPOSITORY, Stage
from municipal_indicators import settings

DAGS = ("rebuild_from_archive", "build_indicator_marts")


def environment() -> dict[str, str]:
    """The environment as it is, with our DAGs; that of the demo where it names no Airflow."""
    if "AIRFLOW_HOME" not in os.environ:
        return Stage(REPOSITORY / "build" / "demo").environment(emulator_port=0)
    return {
        **os.environ,
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
    }


def main() -> int:
    """Run the commands until one fails; returns the code of the last."""
    airflow = str(Path(sys.executable).with_name("airflow"))
    dags = [("dags", "test", settings.named(dag_id)) for dag_id in DAGS]
    for command in (("db", "migrate"), *dags):
        if code := subprocess.run([airflow, *command], env=environment(), check=False).returncode:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
