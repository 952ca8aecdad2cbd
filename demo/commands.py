"""Runs commands of Airflow one after another in one process, each as ``airflow`` would in its own.

``python -P commands.py --help``: an order of the standard input is a line of JSON with the ``arguments`` of a
command and what it changes in the ``environment``. Its exit code follows ``ENDED`` on a line of the
descriptor for answers, else of the standard output. To start Airflow takes longer than most of its commands.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import traceback
from contextlib import AbstractContextManager, closing, nullcontext

ENDED = "\x1e"


def main() -> None:
    """Run orders until there are no more."""
    options = _parser().parse_args()
    from airflow.cli import cli_parser
    from airflow.configuration import write_default_airflow_configuration_if_needed

    parser = cli_parser.get_parser()
    write_default_airflow_configuration_if_needed()
    with (
        _engine(options.hold),
        os.fdopen(options.answers, "w") if options.answers else sys.stdout as answers,
    ):
        for line in sys.stdin:
            order = json.loads(line)
            os.environ.update(order.get("environment", {}))
            answers.write(f"{ENDED}{_run(parser, order['arguments'])}\n")
            answers.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int)
    parser.add_argument("--hold", metavar="WAREHOUSE", help="keep the embedded engine open")
    return parser


def _engine(warehouse: str | None) -> AbstractContextManager[object]:
    """The engine over the folder, which to open takes longer than most of what is asked of it."""
    if not warehouse:
        return nullcontext()
    import chdb

    return closing(chdb.connect(warehouse))  # type: ignore[no-untyped-call]


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
