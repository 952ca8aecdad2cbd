"""Checks of the marts: each file of ``sql/checks`` selects rows that must not exist; nothing is changed."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from municipal_indicators import settings
from municipal_indicators.errors import DataCheckError
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.templates import render

log = logging.getLogger(__name__)

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Checked:
    """How many checks found nothing, and what those of ``sql/checks/warnings`` found, in words."""

    passed: int
    warnings: tuple[str, ...]


def check_marts(warehouse: Warehouse) -> Checked:
    """Run every check.

    A check is a query for rows that must not exist. Its first line says what it asserts. Findings of
    ``sql/checks/warnings`` are logged as warnings only: the cause may be outside of this project.
    Raises DataCheckError that names each other failed file, the number of rows found, and the first
    of them.
    """
    folder = settings.SQL / "checks"
    warnings = [_finding(warehouse, path) for path in sorted((folder / "warnings").glob("*.sql"))]
    failures = [_finding(warehouse, path) for path in sorted(folder.glob("*.sql"))]
    found = tuple(warning for warning in warnings if warning)
    for warning in found:
        log.warning("%s", warning)
    failed = [failure for failure in failures if failure]
    if failed:
        raise DataCheckError("\n".join(failed))
    return Checked(len(warnings) + len(failures) - len(found), found)


def _finding(warehouse: Warehouse, path: Path) -> str:
    """What a check found; empty if nothing."""
    name = path.relative_to(settings.SQL).as_posix()
    rows = warehouse.rows(render(name))
    claim = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("--").strip()
    if not rows:
        log.info("Check passed: %s", claim)
        return ""
    shown = "; ".join(f"({', '.join(str(value) for value in row)})" for row in rows[:_SHOWN])
    return f"sql/{name} ({claim}): {len(rows)} rows, first {shown}"
