"""Forecasts of emulated districts against what came of them: `python -m bench.forecast --help`."""

from __future__ import annotations

import argparse
import json
import math
import sys
from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.districts import FIRST_YEAR, KINDS, LAST_YEAR, Districts, drawn
from bench.measuring import REPOSITORY, a_room, answer_of, environment, machine, whole_number

if TYPE_CHECKING:
    from jinja2 import Template

    from municipal_indicators.warehouse.client import Warehouse

COVERAGE = (0.77, 0.83)
_TABLES = """
CREATE TABLE default.counts (code String, day Date, n UInt32) ENGINE = MergeTree ORDER BY (code, day);
CREATE TABLE default.versions (code String, as_of Date, part UInt32, whole UInt32)
ENGINE = MergeTree ORDER BY (code, as_of);
"""
_FACTS = """
{%- from 'macros/counted.sql' import counted %}
{%- from 'macros/register_share.sql' import register_share %}
{%- set columns = 'month, numerator, denominator, fact, forecast, fact_before, gain_per_day, data_through' %}
{%- set counts = "SELECT day, n FROM default.counts WHERE code = '" ~ code ~ "'" %}
{%- set known = "p.as_of >= toDate('" ~ start ~ "')" %}
SELECT '{{ code }}' AS code, {{ columns }} FROM (
{%- if kind == 'share' %}
{{ register_share("SELECT as_of, part, whole FROM default.versions WHERE code = '" ~ code ~ "'") }}
{%- elif kind == 'growth' %}
-- Visitors as a count of the year, then as the ratio to the same days of 2022 and to the whole 2022.
SELECT
    c.month AS month,
    c.fact AS numerator,
    toNullable(toFloat64(sumIf(b.n, toDayOfYear(b.day) <= toDayOfYear(toLastDayOfMonth(c.month)))))
        AS denominator,
    (c.fact / denominator - 1) * 100 AS fact,
    (c.forecast / sum(b.n) - 1) * 100 AS forecast,
    lagInFrame(fact, 12) OVER (ORDER BY month ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
        AS fact_before,
    c.gain_per_day AS gain_per_day,
    c.data_through AS data_through
FROM (
{{ counted(code, counts, known, 'year', first_year) }}
) AS c
CROSS JOIN ({{ counts }} AND toYear(day) = 2022) AS b
GROUP BY c.month, c.fact, c.forecast, c.gain_per_day, c.data_through
{%- else %}
{{ counted(code, counts, known, kind, first_year) }}
{%- endif %}
)
"""
# Of the chosen method and of the rule: losses as shares of what came of it (growth: of the ratio).
_SCORES = """
{%- from 'macros/pinball_loss.sql' import pinball_loss %}
SELECT
    splitByChar('/', f.indicator)[1] AS indicator,
    countIf(is_shown) AS bands,
    uniqExactIf((f.indicator, b.year), is_shown) AS years,
    countIf(is_shown AND b.actual BETWEEN b.low AND b.high) AS inside,
    countIf(f.method != 'rule') / count() AS rivals,
    avg(loss) AS loss,
    avg(loss_of_rule) AS loss_of_rule
FROM
(
    SELECT
        *,
        greatest(1, actual + if(kind = 'growth', 100, 0)) AS size,
        {{ pinball_loss() }} / size AS loss,
        maxIf(loss, method = 'rule') OVER (PARTITION BY code, month) AS loss_of_rule,
        length(errors) >= 4 AS is_shown
    FROM intermediate.forecast_bands
    WHERE horizon = 0 AND NOT is_over AND actual IS NOT NULL
) AS b
INNER JOIN mart_rows.indicator_forecasts AS f
    ON f.indicator = b.code AND f.month = b.month AND f.method = b.method
GROUP BY indicator
ORDER BY indicator
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw districts, forecast each month of theirs, print and write how it turned out."""
    options = _parser().parse_args(arguments)
    if options.child:
        answer = json.dumps(_scores(options.districts, options.seed))
        Path(options.child).write_text(answer, encoding="utf-8")
        return 0
    options.out.mkdir(parents=True, exist_ok=True)
    with a_room(options.out, "forecast-bench") as room:
        sizes = ["--districts", str(options.districts), "--seed", str(options.seed)]
        child = ["bench.forecast", *sizes, "--child", str(room / "answer.json")]
        scores = answer_of("forecast", child, room, environment(room))["scores"]
    _print_table(scores)
    report = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "districts": options.districts,
        "seed": options.seed,
        "scores": scores,
    }
    target = options.out / "forecast.json"
    target.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"Figures: {target}\n")
    return 0


def _scores(districts: int, seed: int) -> dict[str, Any]:
    from municipal_indicators.sources.schema import apply_schema
    from municipal_indicators.warehouse.client import open_warehouse

    with open_warehouse() as warehouse:
        apply_schema(warehouse)
        _fill(warehouse, drawn(districts, seed))
        _forecast(warehouse)
        rows = warehouse.mappings(_template(_SCORES).render())
    total = {name: sum(row[name] for row in rows) for name in ("bands", "years", "inside")}
    return {"scores": [_judged(row) for row in [*rows, {"indicator": "all", **total}]]}


def _judged(row: dict[str, Any]) -> dict[str, Any]:
    """With the share inside, its Wilson bounds, and whether each goal is reached.

    The months of one year share what came of them: a year of an indicator counts as one observation.
    """
    share = row["inside"] / row["bands"] if row["bands"] else None
    bounds = wilson(share, row["years"]) if share is not None else None
    found = {**row, "share": share, "wilson": bounds}
    if share is not None:
        found["is_covered"] = COVERAGE[0] <= share <= COVERAGE[1]
    if "loss" in row:
        found["is_no_worse"] = row["loss"] <= row["loss_of_rule"] * (1 + 1e-9)
    return found


def wilson(share: float, observations: int) -> tuple[float, float]:
    """The 95 % bounds of a share seen in so many observations, 0…1."""
    z = 1.96
    middle = share + z * z / (2 * observations)
    reach = z * math.sqrt(share * (1 - share) / observations + (z / (2 * observations)) ** 2)
    below = 1 + z * z / observations
    return (middle - reach) / below, (middle + reach) / below


def _fill(warehouse: Warehouse, districts: Districts) -> None:
    """Days, indicators, targets and facts, as a build has them before it forecasts."""
    warehouse.run_script(_TABLES)
    warehouse.client.insert_df("default.counts", districts.counts)
    warehouse.client.insert_df("default.versions", districts.versions)
    codes = {code: KINDS[code.partition("/")[0]] for code in districts.starts}
    _insert(
        warehouse,
        "reference.programme_indicators (position, code, name, unit, direction, kind)",
        [(1, code, code, "", "up", kind) for code, kind in codes.items()],
    )
    start = date(FIRST_YEAR, 1, 1)
    _insert(
        warehouse,
        "reference.programme_editions (edition_date, document, last_year)",
        [(start, "", LAST_YEAR)],
    )
    _insert(
        warehouse,
        "reference.programme_targets (edition_date, code, year, target)",
        [(start, code, LAST_YEAR, 100.0) for code in codes],
    )
    _insert(
        warehouse,
        "intermediate.programme_months (month, month_end, year, month_number)",
        [(month, end, year, month.month) for month, end, year, _ in _months()],
    )
    _insert(
        warehouse,
        "intermediate.indicator_days (code, month, month_end, year, as_of, as_of_before, is_complete)",
        [
            (code, month, end, year, end, before, True)
            for code in codes
            for month, end, year, before in _months()
        ],
    )
    template = _template(_FACTS)
    columns = ", ".join(warehouse.columns("intermediate.indicator_facts"))
    listed = list(codes.items())
    for first in range(0, len(listed), len(KINDS)):
        selects = [
            template.render(
                code=code, kind=kind, start=districts.starts[code], first_year=FIRST_YEAR
            )
            for code, kind in listed[first : first + len(KINDS)]
        ]
        union = "\nUNION ALL\n".join(selects)
        warehouse.command(
            f"INSERT INTO intermediate.indicator_facts ({columns}) SELECT {columns} FROM ({union})"
        )


def _insert(warehouse: Warehouse, table: str, rows: Sequence[Sequence[Any]]) -> None:
    name, _, columns = table.rstrip(")").partition(" (")
    warehouse.insert(name, columns.split(", "), rows)


def _template(sql: str) -> Template:
    """SQL of the bench that includes macros of ``sql/``."""
    from jinja2 import Environment, FileSystemLoader

    from municipal_indicators import settings

    loader = FileSystemLoader(settings.SQL)
    return Environment(loader=loader, autoescape=False).from_string(sql)  # noqa: S701 - SQL


def _forecast(warehouse: Warehouse) -> None:
    """The build's own SQL over all districts at once."""
    from municipal_indicators.warehouse.templates import render

    values = {
        "first_year": FIRST_YEAR,
        "today": date(LAST_YEAR + 1, 1, 5),
        "computed_at": f"{LAST_YEAR + 1}-01-05 00:00:00",
    }
    for path, table in {
        "intermediate/10_method_forecasts.sql": "intermediate.method_forecasts",
        "intermediate/11_forecast_bands.sql": "intermediate.forecast_bands",
        "marts/indicator_forecasts.sql": "mart_rows.indicator_forecasts",
    }.items():
        columns = ", ".join(name for name in warehouse.columns(table) if name != "build")
        warehouse.command(
            f"INSERT INTO {table} ({columns}) SELECT {columns} FROM ({render(path, **values)})"
        )


def _months() -> Iterator[tuple[date, date, int, date]]:
    """First and last day of each month, its year, and the last day of the same month a year before."""
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        for month in range(1, 13):
            last, before = (date(y, month, monthrange(y, month)[1]) for y in (year, year - 1))
            yield last.replace(day=1), last, year, before


def _print_table(scores: Sequence[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Forecasts of the year's end against what came of it")
    table.add_column("indicator", overflow="fold")
    for name in ("bands", "inside", "Wilson 95 %", "rivals", "loss", "loss of the rule", "goals"):
        table.add_column(name, justify="right")
    for row in scores:
        goals = [row[name] for name in ("is_covered", "is_no_worse") if name in row]
        table.add_row(
            row["indicator"],
            f"{row['bands']:,}",
            "" if row["share"] is None else f"{row['share']:.1%}",
            "" if row["wilson"] is None else "{:.1%} … {:.1%}".format(*row["wilson"]),
            f"{row['rivals']:.0%}" if "rivals" in row else "",
            f"{row['loss']:.5f}" if "loss" in row else "",
            f"{row['loss_of_rule']:.5f}" if "loss" in row else "",
            "reached" if all(goals) else "missed",
        )
    Console(width=130).print(table)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.forecast",
        description="Forecasts each month of emulated districts with the SQL of a build. Goals: 77–83 % of "
        "what came of it lies inside the 80 % band; the chosen method has no greater loss than the rule.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--districts", type=whole_number, default=200, help="emulated districts")
    add("--seed", type=whole_number, default=17, help="another seed draws other districts")
    out = REPOSITORY / "build" / "bench"
    add("--out", type=Path, default=out, help="figures, warehouse")
    add("--child", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
