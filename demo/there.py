"""``python -m demo.there MODULE …`` (``make report``, ``doctor``, ``plan-night``): our modules in an Airflow.

The Airflow is that of the environment, without one the demo's, as for ``make rebuild``.
"""

from __future__ import annotations

import subprocess
import sys

from demo.rebuild import environment


def main() -> int:
    """Run the module there, with Airflow's own log silent but for errors; returns its code."""
    quiet = {"AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR"}
    command = [sys.executable, "-m", *sys.argv[1:]]
    return subprocess.run(command, env=quiet | environment(), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
