"""Made-up marts in the shape of the real ones, and the pages written from them.

Run as a program in a process of its own (``python -m tests.report.made_up_marts FOLDER``): one
process holds one embedded warehouse, and other tests hold theirs.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from rich.console import Console

from municipal_indicators.errors import IndicatorsError
from municipal_indicators.report import print_indicators, write_report
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.migrations import mart_view_statements
from tests.report.made_up_parts import FORECASTS, HOSTILE, PARTS, WAYS

PROGRAMME = "Развитие <b>информационного</b> общества на территории Мценского района"
WIDTHS = (80, 120, 140)
COMPUTED_AT = datetime(2026, 7, 18, 2, 10, tzinfo=UTC)
FIRST, LAST = date(2023, 1, 1), date(2026, 6, 1)
# The month under way: the site is loaded through its 17th day, SMEV has not reached it.
UNDER_WAY = date(2026, 7, 1)
UNDER_WAY_THROUGH = {
    "site_visitors_growth": date(2026, 7, 17),
    "smev_requests": date(2026, 6, 30),
    "ict_events": date(2026, 7, 9),
}
Value = object
Rows = Iterator[tuple[Value, ...]]

SCHEMA = """
CREATE TABLE ops.checks (
    at DateTime64(6, 'UTC'), check String, severity String, passed Bool, rows UInt64, example String
) ENGINE = MergeTree ORDER BY at;
CREATE TABLE ops.built_marts (status String) ENGINE = MergeTree ORDER BY status;
CREATE TABLE ops.published_marts (at DateTime64(6, 'UTC'), marts Map(String, UUID))
ENGINE = MergeTree ORDER BY at;
CREATE TABLE marts.indicators_monthly (
    month Date, year UInt16, indicator LowCardinality(String), name String, unit String,
    numerator Nullable(Float64), denominator Nullable(Float64), fact Nullable(Float64),
    plan Nullable(Float64), final_plan Nullable(Float64), forecast Nullable(Float64),
    due_year Nullable(UInt16), goal Nullable(Float64), forecast_due Nullable(Float64),
    expected Nullable(Float64),
    status Enum8('no_data' = 0, 'off_track' = 1, 'at_risk' = 2, 'on_track' = 3, 'achieved' = 4),
    is_complete Bool,
    edition_date Nullable(Date), data_through Nullable(Date), computed_at DateTime('UTC')
) ENGINE = MergeTree ORDER BY (indicator, month);
CREATE TABLE marts.data_problems (
    source LowCardinality(String), unit String, kind LowCardinality(String), reason String, day Date,
    rows UInt64
) ENGINE = MergeTree ORDER BY (source, unit);
CREATE TABLE marts.site_audience (
    grain Enum8('day' = 1, 'week' = 2, 'month' = 3, 'quarter' = 4, 'year' = 5), period_start Date,
    counter_id UInt32, site String, visits UInt64, visitors UInt64, new_visitors UInt64,
    pageviews UInt64, bounces UInt64, bounce_share Nullable(Float64),
    average_visit_seconds Nullable(Float64), is_settled Bool
) ENGINE = MergeTree ORDER BY (grain, period_start, counter_id);
CREATE TABLE marts.site_sources_monthly (
    month Date, counter_id UInt32, site String, traffic_source LowCardinality(String),
    search_engine LowCardinality(String), visits UInt64, visitors UInt64
) ENGINE = MergeTree ORDER BY (month, counter_id);
CREATE TABLE marts.site_devices_monthly (
    month Date, counter_id UInt32, site String, device LowCardinality(String),
    operating_system String, browser String, visits UInt64, visitors UInt64
) ENGINE = MergeTree ORDER BY (month, counter_id);
CREATE TABLE marts.service_applications_monthly (
    month Date, service_code String, service_name String, channel LowCardinality(String),
    is_electronic Bool, status_group LowCardinality(String), applications UInt64, on_time UInt64,
    overdue UInt64, average_days Nullable(Float64), rated UInt64, average_rating Nullable(Float64)
) ENGINE = MergeTree ORDER BY (month, service_code);
CREATE TABLE marts.smev_requests_daily (
    day Date, sender String, information_type String, channel_class LowCardinality(String),
    requests UInt64, answered UInt64, rejected UInt64, overdue UInt64, repeats UInt64,
    median_response_seconds Nullable(Float64), p95_response_seconds Nullable(Float64)
) ENGINE = MergeTree ORDER BY (day, sender);
CREATE TABLE marts.smev_answer_terms_daily (
    day Date, sender String, information_type String, information_name String,
    channel_class LowCardinality(String), term String, requests UInt64, on_time UInt64, overdue UInt64,
    open UInt64, on_time_share Nullable(Float64), seen_by_envelope UInt64, seen_by_journal UInt64,
    seen_by_text UInt64, seen_by_one_format UInt64
) ENGINE = MergeTree ORDER BY day;
CREATE TABLE marts.smev_exchange_daily (
    day Date, operation String, fault_name String, smev_error UInt16, messages UInt64,
    deliveries UInt64, repeats UInt64, faults UInt64, median_pickup_seconds Nullable(Float64),
    p95_pickup_seconds Nullable(Float64)
) ENGINE = MergeTree ORDER BY day;
CREATE TABLE marts.smev_adapter_daily (
    day Date, received UInt64, answered UInt64, backlog UInt64, polls Nullable(UInt64),
    silent_hours Nullable(Float64)
) ENGINE = MergeTree ORDER BY day;
CREATE TABLE marts.indicator_methods (
    indicator String, name String, method String, method_name String, explanation String
) ENGINE = MergeTree ORDER BY indicator;
CREATE TABLE marts.indicator_forecasts (
    month Date, indicator String, method String, forecast Nullable(Float64),
    forecast_low Nullable(Float64), forecast_high Nullable(Float64), forecast_due Nullable(Float64),
    forecast_due_low Nullable(Float64), forecast_due_high Nullable(Float64),
    probability_low Nullable(Float64), probability_high Nullable(Float64), errors_used UInt16,
    note String
) ENGINE = MergeTree ORDER BY (indicator, month);
CREATE TABLE marts.indicator_evidence (
    month Date, indicator LowCardinality(String), kind LowCardinality(String), part String,
    numerator_part Nullable(Float64), denominator_part Nullable(Float64), load_ids Array(UUID),
    sources Array(String)
) ENGINE = MergeTree ORDER BY (indicator, month);
CREATE TABLE marts.eservices_ways_monthly (
    month Date, way LowCardinality(String), way_name LowCardinality(String), list String,
    as_of Nullable(Date), numerator Nullable(Float64), denominator Nullable(Float64),
    share Nullable(Float64), is_chosen Bool, note String
) ENGINE = MergeTree ORDER BY (month, way);
CREATE TABLE marts.programme_funding_yearly (
    year UInt16, plan Nullable(Decimal(18, 2)), executed Nullable(Decimal(18, 2)),
    execution_share Nullable(Float64), edition_date Nullable(Date)
) ENGINE = MergeTree ORDER BY year;
CREATE TABLE marts.data_freshness (
    source String, last_success_at Nullable(DateTime('UTC')), data_through Nullable(Date),
    lag_days Nullable(UInt32), status LowCardinality(String), missing_days UInt32, detail String
) ENGINE = MergeTree ORDER BY source;
"""

# Code, name, unit, final plan, fact as a function of months passed (None: no data), status.
INDICATORS = (
    (
        "site_visitors_growth",
        "Увеличение посещаемости официальных сайтов относительно базового года",
        "%",
        60.0,
        lambda passed: 57.1428 - (41 - passed) * 1.3,
        "at_risk",
    ),
    (
        "eservices_share",
        "Доля муниципальных услуг, доступных в электронном виде",
        "%",
        60.0,
        lambda passed: min(62.5, 20 + passed // 3 * 3.5),
        "achieved",
    ),
    (
        "smev_requests",
        f"Количество запросов СМЭВ {HOSTILE}",
        "ед.",
        1600.0,
        lambda passed: float((passed % 12 + 1) * (150 + passed)),
        "on_track",
    ),
    (
        "departments_equipped_share",
        "Доля подразделений, полностью оснащённых вычислительной техникой",
        "%",
        100.0,
        lambda passed: 40.0 + passed / 2,
        "off_track",
    ),
    ("edms_workplaces_share", "Доля рабочих мест в СЭД", "%", 40.0, lambda _: None, "no_data"),
    (
        "secured_workplaces_share",
        "Доля рабочих мест со средствами защиты информации",
        "%",
        100.0,
        lambda passed: 70 + passed / 2,
        "on_track",
    ),
    (
        "ict_events",
        "Количество мероприятий",
        "ед.",
        25.0,
        lambda passed: 1.0 + passed // 2,
        "on_track",
    ),
)


def months() -> Iterator[tuple[int, date]]:
    """Months of the made-up programme with their number, from 0."""
    for passed in range(42):
        yield passed, date(2023 + passed // 12, passed % 12 + 1, 1)


def indicators() -> Rows:
    for code, name, unit, final_plan, fact_of, status in INDICATORS:
        is_counted = code in UNDER_WAY_THROUGH
        for passed, month in [*months(), (42, UNDER_WAY)]:
            # The mart carries what is counted forward where the source has not reached the month.
            reached = code != "smev_requests" or month < UNDER_WAY
            fact = fact_of(passed if reached else passed - 1)
            counted = unit != "%"
            plan = final_plan if counted and month.year >= 2025 else None
            growth = 12 / month.month if code == "smev_requests" else 1
            known = fact is not None
            yield (
                month, month.year, code, name, unit,
                fact if counted or fact is None else 128.0 * fact,
                12_800.0 if known and not counted else None,
                fact, plan, final_plan, None if fact is None else fact * growth,
                month.year if plan else 2027, plan or final_plan,
                None if fact is None else fact * growth,
                None if fact is None else (plan or final_plan) * 0.7,
                status if known else "no_data", not (is_counted and month == UNDER_WAY),
                date(2025, 1, 1), _through(code, month) if known else None, COMPUTED_AT,
            )  # fmt: skip


def _through(code: str, month: date) -> date:
    """The last day that an indicator counts in a month; registers are of 30 June."""
    if month == UNDER_WAY or code not in UNDER_WAY_THROUGH:
        return UNDER_WAY_THROUGH.get(code, date(2026, 6, 30))
    return (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def audience() -> Rows:
    for passed, month in months():
        if passed == 7:  # a month that was never loaded
            continue
        for counter, site, scale in ((11, "Официальный сайт", 1.0), (12, HOSTILE, 0.2)):
            visits = int(scale * (9000 + 150 * passed + 1500 * math.sin(passed / 2)))
            settled = month < LAST
            yield (
                "month", month, counter, site, visits, visits * 6 // 10, visits // 3, visits * 3,
                visits // 5, 0.2, 131.4, settled,
            )  # fmt: skip
    yield "year", date(2025, 1, 1), 11, "Официальный сайт", 1, 1, 1, 1, 0, 0.0, 1.0, True


def shares(names: dict[str, float], *extra: str) -> Rows:
    for passed, month in months():
        for name, share in names.items():
            visits = int(share * (9000 + 150 * passed))
            yield month, 11, "Официальный сайт", name, *extra, visits, visits // 2


def applications() -> Rows:
    for passed, month in months():
        for place, (channel, count) in enumerate(
            {
                "ЕПГУ": 60 + passed * 2,
                "РПГУ": 12,
                "МФЦ": 45 - passed // 2,
                "лично": 20,
                "почта": 3,
            }.items()
        ):
            yield (
                month, f"S{place}", f"Услуга {HOSTILE}", channel, place < 2, "provided", count,
                count - 2, 2, 12.5, count // 3, 4.6,
            )  # fmt: skip


def smev() -> Rows:
    for passed, month in months():
        for day in (month, month + timedelta(days=14)):
            for channel, count in (("interagency", 30 + passed), ("portal", 25 + passed // 2)):
                yield (
                    day, "FNS001", HOSTILE, channel, count, count - 3, 4, 3, 1, 3600.0, 90_000.0,
                )  # fmt: skip


def answer_terms() -> Rows:
    for passed, month in months():
        count = 30 + passed
        yield (
            month, "FNS001", HOSTILE, HOSTILE, "interagency", "48 часов", count, count - 4, 3, 1,
            (count - 4) / (count - 1), count, count, 0, 0,
        )  # fmt: skip


def exchange() -> Rows:
    for _, month in months():
        yield (month, "GetRequestResponse", "", 0, 40, 44, 4, 0, 120.5, 600.0)
        yield (month, "Fault", HOSTILE, 403, 0, 0, 0, 2, None, None)


def adapter() -> Rows:
    for passed, month in months():
        yield (month, 10, 9, 5, None, None)
        yield (month + timedelta(days=20), 10, 9, 6 + passed, 1000, 2.5)


def evidence() -> Rows:
    for month in (FIRST, LAST, UNDER_WAY):
        for code, (kind, parts, files) in PARTS.items():
            for part, numerator, denominator in parts:
                yield month, code, kind, part, numerator, denominator, [], files


def ways() -> Rows:
    for month in (FIRST, LAST, UNDER_WAY):
        for way, name, listed, numerator, denominator, note in WAYS:
            share = numerator / denominator * 100 if numerator and denominator else None
            chosen = way == "catalogue"
            yield month, way, name, listed, LAST, numerator, denominator, share, chosen, note


METHODS = (
    (
        "smev_requests",
        HOSTILE,
        "chains",
        "цепочки запросов",
        "цепочки запросов СМЭВ <b>по первому</b>",
    ),
)
FUNDING = (
    (2023, None, None, None, None),
    (2024, Decimal("790000.00"), Decimal("781245.67"), 0.988919, None),
    (2025, Decimal("861400.00"), Decimal("861400.00"), 1.0, date(2025, 1, 1)),
    (2026, Decimal("930500.00"), Decimal("402118.30"), 0.432152, date(2025, 1, 1)),
    (2027, Decimal("930500.00"), None, None, date(2025, 1, 1)),
)
MISSING = "Сайт района: нет дней: 2 (03.05.2026–04.05.2026)"
FRESHNESS = (
    ("registers", None, None, None, "missing", 0, ""),
    ("metrica", COMPUTED_AT, date(2026, 7, 17), 1, "fresh", 2, MISSING),
    ("gosuslugi", COMPUTED_AT - timedelta(days=2), date(2026, 6, 28), 20, "late", 0, ""),
    ("smev", COMPUTED_AT, date(2026, 6, 30), 18, "late", 0, ""),
)
PROBLEMS = (
    ("registers", HOSTILE, "rejected", "Файл пуст.", date(2026, 6, 30), 1),
    ("metrica", "11/2026-06-29", "quarantined", "Поле «a»: не число", date(2026, 6, 29), 3),
)
SOURCES = {"organic": 0.52, "direct": 0.27, "referral": 0.11, "recommend": 0.06, "brand<new>": 0.04}
DEVICES = {"1": 0.41, "2": 0.55, "3": 0.03, "4": 0.01}


def create(client: Client) -> None:
    """All marts that the page reads, empty."""
    for database in ("marts", "ops"):
        client.command(f"DROP DATABASE IF EXISTS {database}")
        client.command(f"CREATE DATABASE {database}")
    for statement in SCHEMA.split(";"):
        if statement.strip():
            client.command(statement)
    client.command(mart_view_statements([])["marts/indicators_latest.sql"])


def fill(client: Client) -> None:
    """Every mart with the rows above."""
    for table, made_up in (
        ("indicators_monthly", indicators()),
        ("site_audience", audience()),
        ("site_sources_monthly", shares(SOURCES, "")),
        ("site_devices_monthly", shares(DEVICES, "linux", "firefox")),
        ("service_applications_monthly", applications()),
        ("smev_requests_daily", smev()),
        ("smev_answer_terms_daily", answer_terms()),
        ("smev_exchange_daily", exchange()),
        ("smev_adapter_daily", adapter()),
        ("indicator_evidence", evidence()),
        ("eservices_ways_monthly", ways()),
        ("indicator_methods", iter(METHODS)),
        ("indicator_forecasts", iter(FORECASTS)),
        ("programme_funding_yearly", iter(FUNDING)),
        ("data_freshness", iter(FRESHNESS)),
        ("data_problems", iter(PROBLEMS)),
    ):
        client.insert(table, [list(row) for row in made_up], database="marts")


def write_all(folder: Path) -> None:
    """Pages and terminal tables of empty, full and young marts, and the error where a mart is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    client = clickhouse_connect.get_client(interface="chdb", path=str(folder / "warehouse"))
    create(client)
    _write(Warehouse(client), folder, "empty")
    fill(client)
    _write(Warehouse(client), folder, "full")
    client.command("DELETE FROM marts.indicators_monthly WHERE month > '2023-01-01'")
    client.command(
        "ALTER TABLE marts.indicators_monthly UPDATE is_complete = false WHERE indicator LIKE 'site%'"
    )
    _write(Warehouse(client), folder, "young")
    client.command("DROP TABLE marts.site_devices_monthly")
    try:
        _write(Warehouse(client), folder, "missing")
    except IndicatorsError as error:
        (folder / "missing.txt").write_text(str(error), encoding="utf-8")
    client.close()


def _write(warehouse: Warehouse, folder: Path, name: str) -> None:
    page = folder / f"{name}.html"
    assert write_report(warehouse, page, programme=PROGRAMME, time_zone="Europe/Moscow") == page
    for width in WIDTHS:
        with (folder / f"{name}-{width}.txt").open("w", encoding="utf-8") as out:
            print_indicators(warehouse, Console(file=out, width=width), "Europe/Moscow")


if __name__ == "__main__":
    write_all(Path(sys.argv[1]))
