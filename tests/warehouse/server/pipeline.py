"""Loads and builds without Airflow's scheduler; each source is called as by the tasks of its DAG.

As a program, ``python -m tests.warehouse.server.pipeline SOURCE [FIRST LAST]``, it loads one source in its
own process, or builds: ``… build``.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

FILE_SOURCES = ("gosuslugi", "registers", "smev")
DAYS = ("2024-03-01", "2024-03-03")


def load(source: str, first: str = DAYS[0], last: str = DAYS[1]) -> int:
    """Load a source; how many files or orders were published. Raises AssertionError where one failed.

    The days are those of Metrica.
    """
    from municipal_indicators.inbox.file_loads import load_outcome
    from municipal_indicators.reference.passport import load_passport
    from municipal_indicators.sources.file_sources import file_source

    if source == "metrica":
        from municipal_indicators.sources.schema import apply_schema
        from municipal_indicators.warehouse.client import open_warehouse
        from tests.sources.metrica.site_loads import run_all

        with open_warehouse() as warehouse:
            apply_schema(warehouse)
        return len(run_all(f"run of process {os.getpid()}", first, last))
    loader = import_module(f"municipal_indicators.sources.{source}.files")
    outcome = load_outcome(file_source(source, load_passport().time_zone, loader.load_file))
    assert not outcome["failed"], outcome["failed"]
    return int(outcome["published"])


def build() -> dict[str, int]:
    """Build all marts, check and publish them and sweep; the rows of each mart."""
    from municipal_indicators.marts import build, checks, publishing
    from municipal_indicators.reference.passport import load_passport
    from municipal_indicators.warehouse import retention
    from municipal_indicators.warehouse.client import open_warehouse

    with open_warehouse() as warehouse:
        built = build.build_marts(warehouse, load_passport())
        checks.check_marts(warehouse)
        publishing.publish_marts(warehouse, built.id)
        retention.sweep_loads(warehouse)
    return built.rows


if __name__ == "__main__":
    sys.stdout.write(f"published {build() if sys.argv[1] == 'build' else load(*sys.argv[1:])}\n")
