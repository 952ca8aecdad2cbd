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
import pytest
from clickhouse_connect.driver.client import Client
from rich.console import Console

from municipal_indicators.errors import IndicatorsError
from municipal_indicators.report import print_indicators, write_report, write_sheet
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.migrations import mart_view_statements
from tests.report.made_up_parts import FORECASTS, HOSTILE, PARTS, WAYS
from tests.report.made_up_schema import SCHEMA

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
EDITIONS = (
    (date(2023, 1, 1), "Постановление", "smev_requests", 2023, 1500.0, None, 0.0),
    (date(2023, 1, 1), "Постановление", "eservices_share", 2027, 50.0, None, 0.0),
    (date(2025, 1, 1), "Изменения", "eservices_share", 2027, 60.0, 50.0, 0.0),
    (date(2025, 1, 1), "Изменения", "funding", 2027, 930500.0, 861400.0, 0.0),
    *(
        (date(2025, 1, 1), "Изменения", code, 2027, goal, goal, 0.0)
        for code, goal in (
            ("site_visitors_growth", 60.0),
            ("departments_equipped_share", 100.0),
            ("edms_workplaces_share", 40.0),
            ("secured_workplaces_share", 100.0),
        )
    ),
    *(
        (date(2025, 1, 1), "Изменения", code, year, goal, goal, 0.0)
        for code, goal in (("smev_requests", 1600.0), ("ict_events", 25.0))
        for year in (2025, 2026, 2027)
    ),
)
PASSPORT = (
    ("site_visitors_growth", "up", "growth", None, None),
    ("eservices_share", "up", "share", 12.5, 2022),
    ("smev_requests", "up", "year", None, None),
    ("departments_equipped_share", "up", "share", None, None),
    ("edms_workplaces_share", "up", "share", None, 2022),
    ("secured_workplaces_share", "up", "share", None, None),
    ("ict_events", "up", "programme", None, None),
)
TERMS = (
    ("metrica", 3, "грузится каждую ночь"),
    ("gosuslugi", 1, "выгрузки присылают раз в месяц"),
    ("registers", 190, "реестры обновляют раз в полугодие"),
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
    ("metrica", "11/2026-06-29", "quarantined", "поле «a»: не число", date(2026, 6, 29), 3),
    ("metrica", "11/2026-06-30", "quarantined", "поле «a»: не число", date(2026, 6, 30), 2),
    *(
        ("gosuslugi", f"file {n}.xlsx", "warned", f"Неизвестный статус {n}", date(2026, 6, 1), n)
        for n in range(1, 13)
    ),
    (
        "metrica",
        "11",
        "missing_days",
        "Не загружено: Сайт, 03.05.2026–04.05.2026",
        date(2026, 5, 3),
        2,
    ),
    (
        "metrica",
        "11/2026-05-01",
        "reconciliation",
        "Загружено 90; в отчёте 100",
        date(2026, 5, 1),
        10,
    ),
)
SOURCES = {"organic": 0.52, "direct": 0.27, "referral": 0.11, "recommend": 0.06, "brand<new>": 0.04}
DEVICES = {"1": 0.41, "2": 0.55, "3": 0.03, "4": 0.01}


def create(client: Client) -> None:
    """All marts that the page reads, empty."""
    for database in ("marts", "ops", "reference"):
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
        ("programme_editions", iter(EDITIONS)),
    ):
        client.insert(table, [list(row) for row in made_up], database="marts")
    for table, rows in (("programme_indicators", PASSPORT), ("freshness_terms", TERMS)):
        client.insert(table, [list(row) for row in rows], database="reference")


def write_all(folder: Path) -> None:
    """Pages and terminal tables of empty, full and young marts, and the error where a mart is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    client = clickhouse_connect.get_client(interface="chdb", path=str(folder / "warehouse"))
    create(client)
    _write(Warehouse(client), folder, "empty")
    fill(client)
    _write(Warehouse(client), folder, "full")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_VAR_SUPERSET_URL", "https://boards.example/")
        patch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example/")
        _write(Warehouse(client), folder, "linked")
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
    written = write_report(
        warehouse, page, programme=PROGRAMME, time_zone="Europe/Moscow", baseline_year=2022
    )
    assert written == page
    try:
        for sheet in (folder / f"{name}.pdf", folder / f"{name}-again.pdf"):
            write_sheet(
                warehouse,
                sheet,
                programme=PROGRAMME,
                time_zone="Europe/Moscow",
                baseline_year=2022,
                address="https://reports.example/programme-report/",
            )
    except IndicatorsError as error:
        (folder / f"{name}.txt").write_text(str(error), encoding="utf-8")
    for width in WIDTHS:
        with (folder / f"{name}-{width}.txt").open("w", encoding="utf-8") as out:
            print_indicators(warehouse, Console(file=out, width=width), "Europe/Moscow")


if __name__ == "__main__":
    write_all(Path(sys.argv[1]))
