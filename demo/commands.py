"""Runs commands of Airflow one after another in one process, each as ``airflow`` would in its own.

``python -P commands.py [DESCRIPTOR] < orders``: an order is a line of JSON with the ``arguments`` of a command
and what it changes in the ``environment``. Its exit code follows ``ENDED`` on a line of the descriptor,
else of the standard output. To start Airflow takes longer than most of its commands.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import traceback

ENDED = "\x1e"


def main() -> None:
    """Run orders until there are no more."""
    from airflow.cli import cli_parser
    from airflow.configuration import write_default_airflow_configuration_if_needed

    parser = cli_parser.get_parser()
    write_default_airflow_configuration_if_needed()
    with os.fdopen(int(sys.argv[1]), "w") if sys.argv[1:] else sys.stdout as answers:
        for line in sys.stdin:
            order = json.loads(line)
            os.environ.update(order.get("environment", {}))
            answers.write(f"{ENDED}{_run(parser, order['arguments'])}\n")
            answers.flush()


def _run(parser: argparse.ArgumentParser, arguments: list[str]) -> int:
    sys.stdout.write(f"$ airflow {' '.join(arguments)}\n")
    sys.stdout.flush()
    try:
        chosen = parser.parse_args(arguments)
        chosen.func(chosen)
    except SystemExit as ended:
        sys.stdout.write(f"{ended.code}\n")
        return 1 if ended.code else 0
    except Exception:  # noqa: BLE001 - whatever it is, the next order may come
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    main()
