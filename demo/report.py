"""``python -m demo.report`` (``make report``): the report of a period from the warehouse of an Airflow.

The Airflow is that of the environment, without one the demo's, as for ``make rebuild``.
"""

from __future__ import annotations

import subprocess
import sys

from demo.rebuild import environment


def main() -> int:
    """Run ``python -m municipal_indicators.documents`` there; returns its code."""
    command = [sys.executable, "-m", "municipal_indicators.documents", *sys.argv[1:]]
    return subprocess.run(command, env=environment(), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
