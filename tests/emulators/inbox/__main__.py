"""Command line of the inbox writer: `python -m tests.emulators.inbox FOLDER`."""

import argparse
import sys
from datetime import date
from pathlib import Path

from tests.emulators.inbox.history import SEED, write_inbox


def _month(text: str) -> date:
    return date.fromisoformat(f"{text}-01")


def main() -> None:
    """Write the inbox and say what is in it."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.emulators.inbox",
        description="Write the files of a district administration into "
        "FOLDER/gosuslugi, FOLDER/smev and FOLDER/registers. "
        "All persons and numbers are invented; the same arguments give the same files.",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--from", dest="first", type=_month, default="2022-01", metavar="YYYY-MM")
    parser.add_argument("--to", dest="last", type=_month, required=True, metavar="YYYY-MM")
    parser.add_argument("--seed", type=int, default=SEED, help="default: %(default)s")
    arguments = parser.parse_args()
    try:
        truth = write_inbox(arguments.folder, arguments.first, arguments.last, arguments.seed)
    except ValueError as error:
        parser.error(str(error))
    sys.stdout.write(
        f"{len(truth.files)} files in {arguments.folder}: {len(truth.applications)} applications, "
        f"{len(truth.requests)} SMEV requests, {len(truth.events)} events\n"
    )


if __name__ == "__main__":
    main()
