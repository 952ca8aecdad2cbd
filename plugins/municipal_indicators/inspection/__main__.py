"""``python -m municipal_indicators.inspection FILE…`` (``make inspect FILE=…``).

Shows what each file is recognised as, which headings and columns were found, the first typed rows and
every problem with sheet, row and cell. The file is loaded as by a real run, but into a warehouse in a
temporary folder: the configured warehouse, the inbox and the archive are never touched.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import secrets
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from municipal_indicators.settings import REPOSITORY
from municipal_indicators.sources import SOURCES

PASSPORT = "AIRFLOW_VAR_PROGRAMME_PASSPORT"
_SOURCES = [source.name for source in SOURCES if source.has_files]
_NARROWEST = 100


def main(arguments: Sequence[str] | None = None) -> int:
    """Inspect the files; 0: all good, 3: problems, 4: a file cannot be loaded, 2: one cannot be read."""
    options = _parser().parse_args(arguments)
    worst, is_unread = 0, False
    with _throw_away_home():
        # Airflow reads its environment when it is imported.
        from rich.console import Console

        from municipal_indicators.errors import IndicatorsError
        from municipal_indicators.inspection.findings import inspect_file
        from municipal_indicators.inspection.terminal import print_inspection
        from municipal_indicators.reference.passport import load_passport

        console, errors = Console(highlight=False), Console(stderr=True, highlight=False)
        if not console.is_terminal:
            console = Console(highlight=False, width=max(console.width, _NARROWEST))
        try:
            zone = load_passport().time_zone
            for path in options.files:
                if not path.is_file():
                    what = "a folder, name the files in it" if path.is_dir() else "no such file"
                    errors.print(f"{path}: {what}.", markup=False, soft_wrap=True)
                    is_unread = True
                    continue
                source = options.source or _source_of(path)
                inspection = inspect_file(path, source, zone, options.rows)
                print_inspection(inspection, console, options.problems)
                worst = max(worst, inspection.exit_code)
        except (IndicatorsError, OSError) as error:
            errors.print(f"{type(error).__name__}: {error}", markup=False, soft_wrap=True)
            return 2
    return 2 if is_unread else worst


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m municipal_indicators.inspection",
        description=(
            "Show what files are recognised as, their headings, columns, first rows and problems, without "
            "loading them: the configured warehouse, the inbox and the archive are not touched."
        ),
        epilog="Exit codes: 0 all good, 3 problems, 4 a file cannot be loaded, 2 one cannot be read.",
    )
    parser.add_argument("files", metavar="FILE", type=Path, nargs="+", help="a file as it was sent")
    parser.add_argument(
        "--source",
        choices=_SOURCES,
        help="the folder of the inbox that it is meant for (default: by its path or its content)",
    )
    parser.add_argument("--rows", type=int, default=3, help="typed rows to show of each table (3)")
    parser.add_argument("--problems", type=int, default=50, help="problems to show at most (50)")
    return parser


def _source_of(path: Path) -> str:
    parts = path.resolve().parent.parts
    after = [two for one, two in pairwise(parts) if one == "inbox"]
    return after[-1] if after and after[-1] in _SOURCES else ""


@contextmanager
def _throw_away_home() -> Iterator[None]:
    with tempfile.TemporaryDirectory(prefix="inspection-") as folder:
        home = Path(folder)
        engine = {"interface": "chdb", "path": str(home / "warehouse")}
        os.environ.update(
            {
                "AIRFLOW_HOME": str(home / "airflow"),
                "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
                "AIRFLOW__LOGGING__LOGGING_LEVEL": "CRITICAL",
                "AIRFLOW_CONN_CLICKHOUSE_DEFAULT": json.dumps(
                    {"conn_type": "clickhouse", "extra": {"client_kwargs": engine}}
                ),
                "AIRFLOW_VAR_INBOX": str(home / "inbox"),
                "AIRFLOW_VAR_ARCHIVE": str(home / "archive"),
                "AIRFLOW_VAR_PERSONAL_DATA_KEY": secrets.token_urlsafe(32),
                PASSPORT: os.environ.get(PASSPORT) or str(REPOSITORY / "programme.yaml"),
            }
        )
        logging.disable(logging.CRITICAL)
        yield


if __name__ == "__main__":
    sys.exit(main())
