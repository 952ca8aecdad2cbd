"""``python -m municipal_indicators.replay SOURCE``: load archived files anew after ``reference/`` was mended.

Runs in the environment of Airflow, whose connection and Variables it reads. Each file replaces its own
published version, so that no row is lost or doubled; the archive and the inbox stay as they are.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from importlib import import_module

from rich.console import Console

from municipal_indicators.errors import IndicatorsError
from municipal_indicators.file_loads import FileRun, FilesFailedError, load_again
from municipal_indicators.passport import load_passport

SOURCES = ("gosuslugi", "registers", "smev")


def main(arguments: Sequence[str] | None = None) -> int:
    """Load again what was asked for; 0: all loaded, 1: some were refused or failed."""
    options = _parser().parse_args(arguments)
    console = Console(highlight=False)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    loader = import_module(f"municipal_indicators.{options.source}.files").load_file
    try:
        run = load_again(
            options.source,
            loader,
            load_passport().time_zone,
            label=options.unit,
            only_doubtful=not options.all,
        )
    except FilesFailedError as error:
        _tell(console, options.source, error.run)
        console.print(str(error), style="red", markup=False)
        return 1
    except IndicatorsError as error:
        console.print(f"{type(error).__name__}: {error}", style="red", markup=False)
        return 1
    _tell(console, options.source, run)
    return int(bool(run.rejected))


def _tell(console: Console, source: str, run: FileRun) -> None:
    if not run.published + len(run.rejected) + len(run.broken):
        console.print(f"{source}: no published file of that kind has rows to load again.")
        return
    console.print(f"{source}: {run.published} files loaded again. Now run build_indicator_marts.")
    for label in run.rejected:
        console.print(f"Refused now, its published version stays: {label}", markup=False)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m municipal_indicators.replay",
        description=(
            "Load archived files anew that have rows in quarantine or words that nobody had mapped, "
            "after reference/ was mended. Each replaces its own published version."
        ),
    )
    parser.add_argument("source", choices=SOURCES, help="the folder of the inbox they came from")
    parser.add_argument(
        "--unit",
        default="",
        metavar="NAME",
        help="only files of this path below it; * for anything",
    )
    parser.add_argument("--all", action="store_true", help="also files without such rows")
    return parser


if __name__ == "__main__":
    sys.exit(main())
