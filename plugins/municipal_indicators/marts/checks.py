"""Checks of the marts: each file of ``sql/checks`` selects rows that must not exist."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from municipal_indicators import settings
from municipal_indicators.errors import ConfigurationError, DataCheckError
from municipal_indicators.marts import publishing
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.templates import render

log = logging.getLogger(__name__)

_SHOWN = 5
_HEAD = re.compile(r"-- (?P<claim>.+)\n-- severity: (?P<severity>fail|warn)\n")


@dataclass(frozen=True, slots=True)
class Checked:
    """How many checks found nothing, and what those that only warn found, in words."""

    passed: int
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Check:
    """One file: what it asserts, what a finding does, and the rows that it found."""

    name: str
    claim: str
    severity: str
    rows: list[tuple[Any, ...]]

    def __str__(self) -> str:
        shown = "; ".join(map(_text, self.rows[:_SHOWN]))
        return f"sql/{self.name} ({self.claim}): строк {len(self.rows)}, первые {shown}"


def check_marts(warehouse: Warehouse) -> Checked:
    """Run every check over the newest build and record what each found in ``ops.checks``.

    A check is a query for rows that must not exist; ``marts_next`` holds the marts that are checked,
    ``marts`` those that readers see. Its first line says what it asserts, its second one what a
    finding does: ``fail`` keeps the build from readers, ``warn`` is logged only, since the cause may
    be outside of this project. Raises DataCheckError that names each failed file, the number of rows
    found, the first of them, and since when the marts are shown that stay; ConfigurationError for a
    file without these two lines.
    """
    at = datetime.now(UTC)
    folder = settings.SQL / "checks"
    checks = [_run(warehouse, path) for path in sorted(folder.rglob("*.sql"))]
    warehouse.insert(
        "ops.checks",
        ["at", "check", "severity", "passed", "rows", "example"],
        [
            (at, Path(one.name).stem, one.severity, not one.rows, len(one.rows), _first(one))
            for one in checks
        ],
    )
    found = [one for one in checks if one.rows]
    warnings = tuple(str(one) for one in found if one.severity == "warn")
    for warning in warnings:
        log.warning("%s", warning)
    if failed := [str(one) for one in found if one.severity == "fail"]:
        shown = publishing.published_at(warehouse)
        stays = f"остаются витрины от {shown:%Y-%m-%d %H:%M} UTC" if shown else "прежних витрин нет"
        raise DataCheckError(
            "\n".join(
                [
                    f"Проверка витрин не прошла, новые не показаны; {stays}. Новые — в базе marts_next.",
                    *failed,
                ]
            )
        )
    return Checked(len(checks) - len(found), warnings)


def _run(warehouse: Warehouse, path: Path) -> _Check:
    name = path.relative_to(settings.SQL).as_posix()
    head = _HEAD.match(path.read_text(encoding="utf-8"))
    if not head:
        raise ConfigurationError(
            f"sql/{name}: its first line must be `-- what it asserts`, "
            "its second one `-- severity: fail` or `-- severity: warn`."
        )
    found = _Check(name, head["claim"], head["severity"], warehouse.rows(render(name)))
    if not found.rows:
        log.info("Check passed: %s", found.claim)
    return found


def _first(check: _Check) -> str:
    return _text(check.rows[0]) if check.rows else ""


def _text(row: tuple[Any, ...]) -> str:
    return f"({', '.join(str(value) for value in row)})"
