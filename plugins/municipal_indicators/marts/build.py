"""Builds what BI reads: passport and reference data, then facts, then marts, beside those that are shown."""

from __future__ import annotations

import logging
import re
import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from municipal_indicators import settings
from municipal_indicators.errors import ConfigurationError, IndicatorsError
from municipal_indicators.marts import publishing
from municipal_indicators.reference import lists
from municipal_indicators.reference.effectiveness import chosen_methods
from municipal_indicators.reference.labels import read_labels
from municipal_indicators.reference.passport import Passport
from municipal_indicators.sources import SOURCES
from municipal_indicators.warehouse.client import BESIDE, Warehouse
from municipal_indicators.warehouse.templates import render

log = logging.getLogger(__name__)

Rows = Sequence[Iterable[Any]]

# The column of marts that follow the change, never shown to readers.
_FOLLOWS = "made_from"


@dataclass(frozen=True, slots=True)
class Build:
    """A build of marts: its id, and the number of rows per mart."""

    id: str
    rows: dict[str, int]


def build_marts(
    warehouse: Warehouse,
    passport: Passport,
    now: datetime | None = None,
    only: Collection[str] | None = None,
    *,
    anew: bool = False,
) -> Build:
    """Build the marts from the published rows, beside those that readers see.

    ``now`` (aware; the clock by default) sets "today" in the programme zone. The new marts are those
    of ``marts_next``: ``check_marts`` looks at them, ``publish_marts`` shows them. Two builds from the
    same rows on the same day differ in ``computed_at`` only.

    Marts that hold ``made_from`` follow the change: rows of periods of which nothing changed are taken over
    from the newest build; ``anew`` counts them all, for tables that were repaired by hand.

    ``only`` names marts, without their database. These are built, and the tables that their SQL
    reads; all others stay as they are. It serves whoever changes one mart and looks at it. Marts
    then tell of different moments: build all of them before BI or ``check_marts`` reads them. A
    warning in the log says so.
    """
    # Before the first row is read: what is loaded meanwhile makes the next build differ.
    known = inputs_of(warehouse, passport, now)
    build = str(uuid.uuid4())
    selects = _selects(passport, now or datetime.now(UTC), build, anew=anew)
    marts = _chosen(selects, only)
    given = _passport_tables(passport) | _reference_tables(passport)
    needed = given.keys() | selects.keys() if only is None else _read_by(marts, selects)
    publishing.drop_old_builds(warehouse)
    _drop_leftovers(warehouse)
    for table, rows in given.items():
        if table in needed:
            _replace(warehouse, table, rows())
    for table, select in selects.items():
        if table in marts:
            if not anew:
                _take_over(warehouse, table, build)
            _add(warehouse, _stored(table), build, select)
            log.info("%s is built.", table)
        elif table in needed:
            warehouse.exchange(table, warehouse.build_beside(table, select))
    counted = {mart: _rows(warehouse, _stored(mart), build) for mart in marts}
    publishing.note_built(
        warehouse,
        build,
        [mart.removeprefix("marts.") for mart in marts],
        known if only is None else "",
    )
    return Build(build, counted)


def inputs_of(warehouse: Warehouse, passport: Passport, now: datetime | None = None) -> str:
    """A hash of all that a build is made from: what is published, passport, lists, our code, and the day.

    Two builds of equal inputs differ in ``computed_at`` only.
    """
    found = sha256(passport.model_dump_json().encode())
    found.update((now or datetime.now(UTC)).astimezone(passport.zone).date().isoformat().encode())
    found.update(str(warehouse.rows(render("loads/published_state.sql"))).encode())
    for folder in (settings.REFERENCE, settings.SQL, Path(__file__).parents[1]):
        for path in sorted(folder.rglob("*")):
            if path.suffix in {".csv", ".py", ".sql", ".txt", ".yaml"}:
                found.update(path.read_bytes())
    return found.hexdigest()


def _stored(mart: str) -> str:
    return mart.replace("marts.", "mart_rows.")


def _add(warehouse: Warehouse, table: str, build: str, select: str) -> None:
    columns = ", ".join(name for name in warehouse.columns(table) if name != "build")
    warehouse.command(
        f"INSERT INTO {table} (build, {columns}) SELECT '{build}', {columns} FROM (\n{select}\n)"  # noqa: S608
    )


def _take_over(warehouse: Warehouse, mart: str, build: str) -> None:
    """Repeat the rows of the newest build whose periods are wanted as they are."""
    table, columns = _stored(mart), warehouse.columns(_stored(mart))
    if _FOLLOWS in columns:
        names = ", ".join(name for name in columns if name != "build")
        warehouse.command(
            f"INSERT INTO {table} (build, {names}) SELECT '{build}', {names} FROM {table} "  # noqa: S608
            "WHERE build = (SELECT marts FROM ops.built_marts)[{mart:String}] AND made_from IN "
            "(SELECT made_from FROM intermediate.wanted_periods WHERE mart = {mart:String})",
            {"mart": mart.removeprefix("marts.")},
        )


def _chosen(selects: Iterable[str], only: Collection[str] | None) -> list[str]:
    marts = [table for table in selects if table.startswith("marts.")]
    if only is None:
        return marts
    chosen = [f"marts.{name}" for name in only]
    unknown = sorted(set(chosen) - set(marts))
    if unknown or not chosen:
        raise IndicatorsError(
            f"There is no mart {', '.join(unknown) or 'to build'}; there are {', '.join(marts)}."
        )
    left = sorted(set(marts) - set(chosen))
    if left:
        log.warning("Not built, so still of an earlier moment: %s.", ", ".join(left))
    return [mart for mart in marts if mart in chosen]


def _read_by(marts: Collection[str], selects: dict[str, str]) -> set[str]:
    """The marts and all tables that they read, directly or through other tables and views."""
    views = {
        f"core.{path.stem}": path.read_text(encoding="utf-8")
        for path in (settings.SQL / "core").glob("*.sql")
    }
    texts = views | selects
    found: set[str] = set()
    waiting = list(marts)
    while waiting:
        table = waiting.pop()
        if table not in found:
            found.add(table)
            waiting += re.findall(
                r"\b(?:core|intermediate|reference|marts)\.\w+", texts.get(table, "")
            )
    return found


def _selects(passport: Passport, now: datetime, build: str, *, anew: bool) -> dict[str, str]:
    """What fills each table, in the order in which they are built."""
    values = _values(passport, now) | {"build": build, "anew": anew}
    values["definitions"] = _definitions(values)
    intermediate = {
        "intermediate." + path.stem.partition("_")[2]: render(f"intermediate/{path.name}", **values)
        for path in sorted((settings.SQL / "intermediate").glob("*.sql"), key=_place)
    }
    marts = {
        f"marts.{path.stem}": render(f"marts/{path.name}", **values)
        for path in sorted((settings.SQL / "marts").glob("*.sql"))
    }
    return intermediate | marts


def _definitions(values: Mapping[str, object]) -> dict[str, str]:
    """A hash of how each table that follows the change is counted: its SQL and that of the views below."""
    views = b"".join(path.read_bytes() for path in sorted((settings.SQL / "core").glob("*.sql")))
    neutral = {**values, "build": "", "anew": False, "definitions": defaultdict(str)}
    found = {}
    for folder in ("intermediate", "marts"):
        for path in (settings.SQL / folder).glob("*.sql"):
            if _FOLLOWS in path.read_text(encoding="utf-8"):
                text = render(f"{folder}/{path.name}", **neutral)
                name = path.stem.partition("_")[2] if folder == "intermediate" else path.stem
                found[name] = sha256(views + text.encode()).hexdigest()
    return found


def _place(path: Path) -> tuple[int, str]:
    return int(path.stem.partition("_")[0]), path.name


def _rows(warehouse: Warehouse, table: str, build: str) -> int:
    return int(warehouse.value(f"SELECT count() FROM {table} WHERE build = '{build}'"))  # noqa: S608


def _values(passport: Passport, now: datetime) -> dict[str, object]:
    growth = next((i for i in passport.indicators if i.code == "site_visitors_growth"), None)
    return {
        "time_zone": passport.time_zone,
        "settling_days": passport.settling_days,
        "first_year": passport.first_year,
        "end_year": passport.end_year,
        "today": now.astimezone(passport.zone).date(),
        "computed_at": now.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
        "baseline_year": growth.baseline_year if growth else None,
        "baseline_value": growth.baseline_value if growth else None,
        "indicators": [indicator.code for indicator in passport.indicators],
        "spans": {indicator.code: indicator.span for indicator in passport.indicators},
        "smev_contour": passport.smev.contour,
        "mnemonics": passport.smev.mnemonics,
        "answer_hours": passport.smev.answer_hours,
        "smev_count": passport.smev.count,
        "eservices_count": passport.ways.get("eservices_share", ""),
        "way_names": read_labels().way_names("eservices_share"),
        "sources": [source.name for source in SOURCES],
        "methods": [
            {"code": code, "formula": method.formula}
            for code, method in chosen_methods(passport.effectiveness).items()
        ],
    }


def _passport_tables(passport: Passport) -> dict[str, Callable[[], Rows]]:
    """The rows of each table that repeats the passport."""
    editions = passport.editions
    return {
        "reference.programme_sites": lambda: [
            (
                site.counter_id,
                site.name,
                passport.site_of(site.counter_id),
                site.observed_from,
                site.observed_until,
            )
            for site in passport.sites
        ],
        "reference.programme_indicators": lambda: [
            (
                *(n, i.code, i.name, i.unit, i.direction, i.counting),
                *(i.relation or "", i.okei or "", i.level or "", i.kind or "", i.weight),
                *(i.cumulative, i.base and i.base.value, i.base and i.base.year),
                *(i.responsible or "", i.source or "", i.method_version or ""),
            )
            for n, i in enumerate(passport.indicators, start=1)
        ],
        "reference.programme_editions": lambda: [
            (
                *(e.date, e.document.title, passport.last_year_of(e)),
                *(e.document.kind, e.document.number or "", e.document.adopted_on),
            )
            for e in editions
        ],
        "reference.programme_targets": lambda: [
            (e.date, code, year, target)
            for e in editions
            for code, years in e.targets.items()
            for year, target in years.items()
        ],
        "reference.programme_funding": lambda: [
            (e.date, year, plan * 1000) for e in editions for year, plan in e.funding.items()
        ],
        "reference.programme_funding_sources": lambda: [
            (e.date, year, source, plan * 1000)
            for e in editions
            for year, parts in e.funding_sources_thousand_roubles.items()
            for source, plan in parts.items()
        ],
        "reference.programme_events": lambda: [
            (e.date, event.code, event.name, event.due, event.result or "")
            for e in editions
            for event in e.events
        ],
        "reference.effectiveness_methods": lambda: _effectiveness(passport),
    }


def _effectiveness(passport: Passport) -> Rows:
    return [
        (
            *(code, one.name, one.version, code == passport.effectiveness.method),
            *(one.formula, one.cap, one.zero_plan, one.missing_fact, one.missing_plan, one.money),
            *(one.thresholds, one.verdicts, one.points),
        )
        for code, one in chosen_methods(passport.effectiveness).items()
    ]


def _reference_tables(passport: Passport) -> dict[str, Callable[[], Rows]]:
    """The rows of each table that repeats a file of ``reference/``."""
    return {
        "reference.holidays": lists.holidays,
        "reference.freshness_terms": _freshness_terms,
        "reference.smev_kinds": lists.smev_kinds,
        "reference.indicator_methods": lambda: _methods(passport),
    }


def _methods(passport: Passport) -> Rows:
    labels = read_labels()
    return [
        (one.code, *labels.method(one.code, passport.ways.get(one.code, "")))
        for one in passport.indicators
    ]


def _freshness_terms() -> list[tuple[str, int, str]]:
    """The terms of all sources; raises ConfigurationError for a source without one."""
    terms = lists.freshness_terms()
    known = {source for source, *_ in terms}
    for source in SOURCES:
        if source.name not in known:
            raise ConfigurationError(
                f"reference/freshness.csv: нет строки источника {source.name}: добавьте "
                f"`{source.name};через сколько дней данные опаздывают;почему`."
            )
    return terms


def _replace(warehouse: Warehouse, table: str, rows: Rows) -> None:
    copy = warehouse.beside(table)
    warehouse.insert(copy, warehouse.columns(table), [tuple(row) for row in rows])
    warehouse.exchange(table, copy)


def _drop_leftovers(warehouse: Warehouse) -> None:
    """Drop what builds that were killed left beside their tables, but nothing of one that may still run."""
    left = warehouse.rows(
        "SELECT concat(database, '.', name) FROM system.tables "
        "WHERE database IN ('intermediate', 'reference') AND position(name, {beside:String}) > 0 "
        "AND metadata_modification_time < now() - INTERVAL 1 DAY",
        {"beside": BESIDE},
    )
    for (table,) in left:
        warehouse.command(f"DROP TABLE {table} SYNC")
