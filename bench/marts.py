"""What reading published visits and building marts cost: `python -m bench.marts --help`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.measuring import (
    REPOSITORY,
    a_room,
    answer_of,
    cpu_seconds,
    environment,
    machine,
    peak_megabytes,
    say,
    whole_number,
)

if TYPE_CHECKING:
    from municipal_indicators.reference.passport import Passport
    from municipal_indicators.warehouse.client import Warehouse

FIRST_DAY = date(2022, 1, 1)
TODAY = date(2026, 11, 30)
READINGS = 7
# Visitors come back: a pool of one for three visits of a site, so that half of them come once.
_VISITS = """
INSERT INTO core.metrica_visits
(unit_key, load_id, part, line, counter_id, visit_id, started_at, counter_user_id_hash, client_id,
 is_new_user, is_bounce, page_views, visit_duration_seconds, start_url, end_url, referer, traffic_source,
 search_engine, device, operating_system, browser)
SELECT
    unit_key, load_id, 1, n + 2, counter_id,
    cityHash64(unit_key, n) AS r,
    from_at + intHash32(r) % 86400,
    if(r % 20 = 0, 0, cityHash64(counter_id, intHash64(r) % {pool:UInt64})),
    cityHash64(counter_id, 'c', intHash64(r) % {pool:UInt64}),
    r % 5 = 0, r % 3 = 0, 1 + r % 7, r % 900,
    concat('https://www.mtsensk.example/news/', toString(intHash32(r + 1) % 1000 * (r % 7) % 700), '/?a=b'),
    concat('https://www.mtsensk.example/services/', toString(intHash32(r + 2) % 1000 * (r % 5) % 700)),
    'https://search.example/', ['organic', 'direct', 'referral', 'social'][1 + r % 4],
    if(r % 4 = 0, ['yandex', 'google', 'mail'][1 + r % 3], ''), toString(1 + r % 3),
    concat('os ', toString(intHash32(r + 3) % 10)), concat('browser ', toString(intHash32(r + 4) % 12))
FROM
(
    SELECT
        d.unit_key AS unit_key, d.load_id AS load_id, d.counter_id AS counter_id, d.from_at AS from_at,
        arrayJoin(range({visits:UInt64})) AS n
    FROM core.metrica_days AS d
    WHERE counter_day BETWEEN {first:Date} AND {last:Date}
)
"""
_DAYS = """
INSERT INTO core.metrica_days
(unit_key, load_id, counter_id, counter_day, time_zone, from_at, until_at, requested_at, source)
SELECT
    concat(toString(counter_id), '/', toString(day)), generateUUIDv4(), counter_id, day, 'Europe/Moscow',
    toDateTime(day, 'Europe/Moscow'), toDateTime(day + 1, 'Europe/Moscow'), toDateTime({last:Date} + 8),
    'visits'
FROM (SELECT {first:Date} + number AS day FROM numbers(dateDiff('day', {first:Date}, {last:Date}) + 1)) AS a
CROSS JOIN (SELECT toUInt32(10000001 + number) AS counter_id FROM numbers({sites:UInt64})) AS b
"""
_LEDGER = """
INSERT INTO ops.load_events
(source, dataset, unit_key, unit, load_id, status, at, delivered, loaded, quarantined, duplicates, message)
SELECT
    'metrica', 'visits', unit_key, unit_key, load_id, status, at, {visits:UInt64}, {visits:UInt64}, 0, 0, ''
FROM
(
    SELECT unit_key, load_id, arrayJoin(['running', 'published']) AS status, now64(6, 'UTC') AS at
    FROM core.metrica_days
    WHERE counter_day BETWEEN {first:Date} AND {last:Date}
)
"""


@dataclass(frozen=True, slots=True)
class Step:
    """What one step took; seconds of the clock and of processors."""

    step: str
    seconds: float
    cpu_seconds: float
    peak_megabytes: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill a warehouse, read and build, print and write what it took."""
    options = _parser().parse_args(arguments)
    if options.child:
        answer = _measured(options.visits, options.sites, json.loads(sys.stdin.read()))
        Path(options.child).write_text(json.dumps(answer), encoding="utf-8")
        return 0
    options.out.mkdir(parents=True, exist_ok=True)
    with a_room(options.out, "marts-bench") as room:
        sizes = ["--visits", str(options.visits), "--sites", str(options.sites)]
        child = ["bench.marts", *sizes, "--child", str(room / "answer.json")]
        say(f"{options.visits:,} visits of {options.sites} sites from {FIRST_DAY} to {TODAY}")
        answer = answer_of(
            "marts", child, room, environment(room), json.dumps(str(room / "programme.yaml"))
        )
    report = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        **answer,
    }
    _print(report)
    target = options.out / "marts.json"
    target.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"Figures: {target}\n")
    return 0 if report["differences"] == [] else 1


def _measured(visits: int, sites: int, passport_path: str) -> dict[str, Any]:
    from municipal_indicators.marts.build import build_marts, inputs_of
    from municipal_indicators.marts.publishing import is_shown, publish_marts
    from municipal_indicators.sources.schema import apply_schema
    from municipal_indicators.warehouse.client import open_warehouse

    passport = _passport(sites, Path(passport_path))
    now = datetime.combine(TODAY, datetime.min.time(), tzinfo=UTC) + timedelta(hours=3)
    steps: list[Step] = []

    def step(name: str, work: Callable[[], Any]) -> Any:
        cpu, started = cpu_seconds(), time.perf_counter()
        found = work()
        steps.append(
            Step(name, time.perf_counter() - started, cpu_seconds() - cpu, peak_megabytes())
        )
        return found

    def built(name: str, **options: Any) -> str:
        build: str = step(name, lambda: build_marts(warehouse, passport, now, **options)).id
        publish_marts(warehouse, build)
        return build

    days = (TODAY - FIRST_DAY).days
    a_day = max(1, visits // (days * sites))
    with open_warehouse() as warehouse:
        apply_schema(warehouse)
        yesterday, before = TODAY - timedelta(days=1), TODAY - timedelta(days=2)
        _fill(warehouse, sites, a_day, FIRST_DAY, before)
        readings = _readings(warehouse)
        built("full build")
        _fill(warehouse, sites, a_day, yesterday, yesterday)
        followed = built("build after one new day")
        step("nothing new", lambda: is_shown(warehouse, inputs_of(warehouse, passport, now)))
        again = built("full build again", anew=True)
        return {
            "visits": warehouse.value("SELECT count() FROM core.metrica_visits"),
            "units": warehouse.value("SELECT count() FROM ops.published"),
            "sites": sites,
            "readings": readings,
            "steps": [asdict(one) for one in steps],
            "differences": _differences(warehouse, followed, again),
        }


def _readings(warehouse: Warehouse) -> dict[str, float]:
    """Seconds of one sum over the bare table and over published visits; medians, in turn."""
    asked = {"bare": "core.metrica_visits", "published": "core.site_visits"}
    seconds: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(READINGS):
        for name, table in asked.items():
            started = time.perf_counter()
            warehouse.value(f"SELECT sum(page_views) FROM {table}")
            seconds[name].append(time.perf_counter() - started)
    return {name: median(found) for name, found in seconds.items()}


def _fill(warehouse: Warehouse, sites: int, visits: int, first: date, last: date) -> None:
    """Publish so many visits for each site and day, by the engine itself."""
    values = {"sites": sites, "visits": visits, "first": first, "last": last}
    warehouse.command(_DAYS, values)
    pool = max(10, visits * (TODAY - FIRST_DAY).days // 3)
    warehouse.command(_VISITS, {**values, "pool": pool})
    warehouse.command(_LEDGER, values)


def _passport(sites: int, path: Path) -> Passport:
    import yaml

    from municipal_indicators.reference.passport import load_passport

    content = yaml.safe_load((REPOSITORY / "programme.yaml").read_text(encoding="utf-8"))
    content["sites"] = [{"counter_id": 10000001 + n, "name": f"Сайт {n + 1}"} for n in range(sites)]
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return load_passport(path)


def _differences(warehouse: Warehouse, one: str, other: str) -> list[str]:
    """The marts whose rows differ between two builds, but for the time of the build."""
    tables = [
        row[0]
        for row in warehouse.rows("SELECT name FROM system.tables WHERE database = 'mart_rows'")
    ]
    return [
        table
        for table in tables
        if warehouse.value(
            f"SELECT uniqExact(rows) FROM (SELECT build, (sum(sipHash64("
            f"{_columns(warehouse, table)})), count()) AS rows FROM mart_rows.{table} "
            f"WHERE build IN ('{one}', '{other}') GROUP BY build)"
        )
        > 1
    ]


def _columns(warehouse: Warehouse, table: str) -> str:
    names = warehouse.columns(f"mart_rows.{table}")
    return ", ".join(
        f"toString({n})" for n in names if n not in {"build", "computed_at", "load_ids"}
    )


def _print(report: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    title = f"{report['visits']:,} visits, {report['units']:,} units, {report['sites']} sites"
    table = Table(title=title)
    for name in ("step", "s", "CPU s", "peak MB", "× reference"):
        table.add_column(name, justify="left" if name == "step" else "right")
    bare = report["readings"]["bare"]
    for name, seconds in report["readings"].items():
        table.add_row(f"a sum, {name}", f"{seconds:.3f}", "", "", f"{seconds / bare:.2f}")
    full = report["steps"][0]["seconds"]
    for one in report["steps"]:
        table.add_row(
            one["step"],
            f"{one['seconds']:.1f}",
            f"{one['cpu_seconds']:.1f}",
            f"{one['peak_megabytes']:,.0f}",
            f"{one['seconds'] / full:.3f}",
        )
    Console(width=110).print(table)
    differing = ", ".join(report["differences"]) or "none"
    sys.stdout.write(f"Marts that differ between both ways: {differing}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.marts",
        description="Fills a warehouse with visits, reads them bare and as published, builds all marts, once "
        "more after one new day of each site, and in full again. Goals: published ≤ 1.5 × bare; one new day "
        "≤ 0.1 of a full build at 50 M visits; equal marts by both ways.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--visits", type=whole_number, default=1_000_000, help="about so many visits in all")
    add("--sites", type=whole_number, default=40, help="sites; a unit is a site's day")
    add("--out", type=Path, default=REPOSITORY / "build" / "bench", help="figures, warehouse")
    add("--child", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
