"""Asserts over the marts: each file of ``sql/checks`` selects what must not be; nothing is changed."""

from __future__ import annotations

import logging

from municipal_indicators import settings
from municipal_indicators.errors import DataCheckError
from municipal_indicators.warehouse import Warehouse, render

log = logging.getLogger(__name__)

_SHOWN = 5


def check_marts(warehouse: Warehouse) -> int:
    """Run every check; returns how many passed.

    A check is a query for rows that must not exist. Its first line says what it asserts. Raises
    DataCheckError naming each failed file, how many rows it found, and the first of them.
    """
    failures = []
    paths = sorted((settings.SQL / "checks").glob("*.sql"))
    for path in paths:
        rows = warehouse.rows(render(f"checks/{path.name}"))
        claim = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("--").strip()
        if rows:
            shown = "; ".join(str(row) for row in rows[:_SHOWN])
            failures.append(f"sql/checks/{path.name} ({claim}): {len(rows)} rows, first {shown}")
        else:
            log.info("Check passed: %s", claim)
    if failures:
        raise DataCheckError("\n".join(failures))
    return len(paths)
