"""Builds marts in a process that kills itself: ``python -m tests.marts.killed_builds STATEMENT NUMBER``.

It prints what readers see before. Then it builds and publishes some marts of one more visit, and dies after
the NUMBER-th statement that begins with STATEMENT has run; without arguments it ends in peace.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import date, timedelta
from typing import Any

from municipal_indicators.marts.build import build_marts
from municipal_indicators.marts.publishing import publish_marts
from municipal_indicators.reference.passport import load_passport
from municipal_indicators.sources.schema import apply_schema
from municipal_indicators.warehouse.client import Warehouse, open_warehouse
from tests.marts.given import NOW, Given

READ = ("data_coverage", "site_audience", "site_devices_monthly")
_SEEN = (
    "SELECT (SELECT count() FROM marts.site_audience WHERE grain = 'day'), "
    "(SELECT sum(visits) FROM marts.site_devices_monthly), "
    "(SELECT ifNull(max(data_through), toDate('2024-02-29')) - toDate('2024-02-29') FROM marts.data_coverage)"
)


def die_after(statement: str, number: int) -> None:
    """Kill this process, as by a lack of memory, once the engine has answered that statement."""
    real = Warehouse.command
    left = [number]

    def command(warehouse: Warehouse, sql: str, *arguments: Any, **options: Any) -> None:
        real(warehouse, sql, *arguments, **options)
        if sql.strip().startswith(statement):
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

    Warehouse.command = command  # type: ignore[assignment, method-assign]


def main() -> None:
    """Print, load a day with a visit, build, publish."""
    with open_warehouse() as warehouse:
        apply_schema(warehouse)
        sys.stdout.write(json.dumps(warehouse.rows(_SEEN)[0]) + "\n")
        sys.stdout.flush()
        given = Given(warehouse, load_passport())
        loaded = int(warehouse.value("SELECT count() FROM core.metrica_days"))
        given.visits(date(2024, 3, 1) + timedelta(days=loaded), [{"visit_id": loaded + 1}])
        if sys.argv[1:]:
            die_after(sys.argv[1], int(sys.argv[2]))
        built = build_marts(warehouse, given.passport, NOW, only=READ)
        publish_marts(warehouse, built.id)


if __name__ == "__main__":
    main()
