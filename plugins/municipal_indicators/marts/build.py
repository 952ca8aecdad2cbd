"""Builds what BI reads: passport and reference data, then facts, then marts, exchanged at the end."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from municipal_indicators import settings
from municipal_indicators.errors import ConfigurationError
from municipal_indicators.reference import lists
from municipal_indicators.reference.labels import read_labels
from municipal_indicators.reference.passport import Passport
from municipal_indicators.sources import SOURCES
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.templates import literal, render

log = logging.getLogger(__name__)


def build_marts(
    warehouse: Warehouse, passport: Passport, now: datetime | None = None
) -> dict[str, int]:
    """Rebuild every mart from the published rows; returns the number of rows per mart.

    ``now`` (aware; the clock by default) sets "today" in the programme zone. Readers see the old
    marts until all new ones are complete. Two builds from the same rows on the same day differ in
    ``computed_at`` only.
    """
    now = now or datetime.now(UTC)
    values = _values(passport, now)
    _sync_passport(warehouse, passport)
    _sync_reference(warehouse, passport)
    for path in sorted((settings.SQL / "intermediate").glob("*.sql")):
        table = "core." + path.stem.partition("_")[2]
        warehouse.build_beside(table, render(f"intermediate/{path.name}", **values))
        warehouse.exchange([table])
    _build_facts(warehouse, passport, values)
    marts = [f"marts.{path.stem}" for path in sorted((settings.SQL / "marts").glob("*.sql"))]
    for mart in marts:
        warehouse.build_beside(mart, render(f"marts/{mart.removeprefix('marts.')}.sql", **values))
        log.info("%s is built.", mart)
    warehouse.exchange(marts)
    return {mart: _rows(warehouse, mart) for mart in marts}


def _rows(warehouse: Warehouse, table: str) -> int:
    return int(warehouse.value(f"SELECT count() FROM {table}"))  # noqa: S608


def _values(passport: Passport, now: datetime) -> dict[str, object]:
    growth = next((i for i in passport.indicators if i.code == "site_visitors_growth"), None)
    return {
        "time_zone": passport.time_zone,
        "settling_days": passport.settling_days,
        "first_year": passport.first_year,
        "last_year": passport.last_year,
        "today": now.astimezone(passport.zone).date(),
        "computed_at": now.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
        "baseline_year": growth.baseline_year if growth else None,
        "baseline_value": growth.baseline_value if growth else None,
        "spans": {indicator.code: indicator.span for indicator in passport.indicators},
        "smev_contour": passport.smev.contour,
        "mnemonics": passport.smev.mnemonics,
        "answer_hours": passport.smev.answer_hours,
        "smev_count": passport.smev.count,
        "sources": [source.name for source in SOURCES],
    }


def _build_facts(warehouse: Warehouse, passport: Passport, values: dict[str, object]) -> None:
    columns = "month, numerator, denominator, fact, forecast, data_through"
    selects = [
        f"SELECT {literal(indicator.code)} AS code, {columns} FROM (\n"  # noqa: S608
        + render(f"indicators/{indicator.code}.sql", **values)
        + "\n)"
        for indicator in passport.indicators
    ]
    warehouse.build_beside("core.indicator_facts", "\nUNION ALL\n".join(selects))
    warehouse.exchange(["core.indicator_facts"])


def _sync_passport(warehouse: Warehouse, passport: Passport) -> None:
    editions = passport.editions
    _replace(
        warehouse, "core.programme_sites", [(site.counter_id, site.name) for site in passport.sites]
    )
    _replace(
        warehouse,
        "core.programme_indicators",
        [(n, i.code, i.name, i.unit) for n, i in enumerate(passport.indicators, start=1)],
    )
    _replace(warehouse, "core.programme_editions", [(e.date, e.document) for e in editions])
    _replace(
        warehouse,
        "core.programme_targets",
        [
            (e.date, code, y, t)
            for e in editions
            for code, years in e.targets.items()
            for y, t in years.items()
        ],
    )
    _replace(
        warehouse,
        "core.programme_funding",
        [
            (e.date, year, plan * 1000)
            for e in editions
            for year, plan in e.funding_thousand_roubles.items()
        ],
    )


def _sync_reference(warehouse: Warehouse, passport: Passport) -> None:
    _replace(warehouse, "core.holidays", lists.holidays())
    _replace(warehouse, "core.freshness_terms", _freshness_terms())
    _replace(warehouse, "core.smev_kinds", lists.smev_kinds())
    labels = read_labels()
    chosen = {"smev_requests": passport.smev.count}
    _replace(
        warehouse,
        "core.indicator_methods",
        [
            (one.code, *labels.method(one.code, chosen.get(one.code, "")))
            for one in passport.indicators
        ],
    )


def _freshness_terms() -> list[tuple[str, int, str]]:
    """The terms of all sources; raises ConfigurationError for a source without one."""
    terms = lists.freshness_terms()
    known = {source for source, *_ in terms}
    for source in SOURCES:
        if source.name not in known:
            raise ConfigurationError(
                f"reference/freshness.csv: the source {source.name} has no line: add "
                f"`{source.name};days after which its data are late;why`."
            )
    return terms


def _replace(warehouse: Warehouse, table: str, rows: Sequence[Iterable[Any]]) -> None:
    warehouse.command(f"DROP TABLE IF EXISTS {table}__next SYNC")
    warehouse.command(f"CREATE TABLE {table}__next AS {table}")
    warehouse.insert(f"{table}__next", warehouse.columns(table), [tuple(row) for row in rows])
    warehouse.exchange([table])
