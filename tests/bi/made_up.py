"""Small but full marts in the real schema, made of the rows of tests/report and of those here.

Run as a program in a process of its own (``python -m tests.bi.made_up FOLDER``): it writes the warehouse
FOLDER/warehouse. The exports of Gosuslugi end on 28 June 2026, so that June is half-filled there; the site
has a half of July. Two sites, an indicator without data, a plan that is not set, hostile names.
"""

from __future__ import annotations

import json
import os
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tests.emulators.clickhouse.users import own_views
from tests.report import made_up_marts as given
from tests.report.made_up_parts import HOSTILE

if TYPE_CHECKING:
    from municipal_indicators.warehouse.client import Warehouse

REASON = "Файл пуст: пришлите его ещё раз."
HALF_MONTH = date(2026, 7, 1)
SITES = ((11, "Официальный сайт"), (12, HOSTILE))
INSERTS = {
    "indicators_monthly": given.indicators,
    "site_sources_monthly": lambda: given.shares(given.SOURCES, ""),
    "site_devices_monthly": lambda: given.shares(given.DEVICES, "linux", "firefox"),
    "service_applications_monthly": given.applications,
    "smev_requests_daily": given.smev,
    "smev_answer_terms_daily": given.answer_terms,
    "smev_exchange_daily": given.exchange,
    "smev_adapter_daily": given.adapter,
    "programme_funding_yearly": lambda: iter(given.FUNDING),
}


def coverage() -> given.Rows:
    """What the view data_freshness reads."""
    for source, loaded_at, through, *_ in given.FRESHNESS:
        first = date(2023, 1, 1)
        yield (
            source, 0, "", [], through, [], "", loaded_at, 30, first, first, "Europe/Moscow",
        )  # fmt: skip


def audience() -> given.Rows:
    yield from (row for row in given.audience() if row[0] == "month")
    for counter, site in SITES:
        # Fewer than the months' sum: who came twice in a year is one visitor of it.
        for year, visits, visitors in (
            (2023, 9_000, 2_000),
            (2025, 12_000, 3_000),
            (2026, 5_000, 900),
        ):
            yield (
                "year", date(year, 1, 1), counter, site, visits, visitors, 300, 20_000, 1_000,
                visits / 1_000, 90.0, year < 2026,
            )  # fmt: skip
        yield "month", HALF_MONTH, counter, site, 100, 50, 5, 200, 20, 0.2, 90.0, False


def pages() -> given.Rows:
    for _, month in given.months():
        for counter, site in SITES:
            yield (
                month,
                counter,
                site,
                "example.org/%D1%83%D1%81%D0%BB%D1%83%D0%B3%D0%B8/",
                40,
                30,
                0.25,
            )
            yield month, counter, site, f"example.org/{HOSTILE}", 4, 3, None


def hit_pages() -> given.Rows:
    for _, month in given.months():
        for counter, site in SITES:
            yield month, counter, site, "example.org/", 70, 30, 0, 12
            yield month, counter, site, "example.org/план.pdf", 0, 3, 5, 0


def services() -> given.Rows:
    for passed, month in given.months():
        for number in range(4):
            yield (
                month,
                f"S{number}",
                f"Услуга {number}",
                "муниципальная",
                True,
                passed > 10 * number,
            )


def quality() -> given.Rows:
    for _, month in given.months():
        yield month, "S0", "Услуга 0", 20, 12, 0.6, 18, 0.9, 17, 3, 0.85, 12, 4.5, 6.25
        yield month, "S1", f"Услуга {HOSTILE}", 2, 0, 0.0, 0, 0.0, 0, 0, None, 0, None, None


def reconciliation() -> given.Rows:
    for _, month in given.months():
        for counter, site in SITES:
            for day in (month, month + timedelta(days=7)):
                agrees = counter == 11 or day.day == 1
                difference = 0.0 if agrees else 0.05
                yield (
                    day, counter, site, 105, 100, 50, 50, 200, 200, difference, 0.0, 0.0, False, 1.0,
                    agrees, given.COMPUTED_AT,
                )  # fmt: skip


def methods() -> Iterator[tuple[str, ...]]:
    for code, name, *_ in given.INDICATORS:
        yield code, name, "standard", "по определению показателя", f"как считается {code}"


OWN = {
    "site_audience": audience,
    "site_entry_pages_monthly": pages,
    "site_pages_monthly": hit_pages,
    "services_monthly": services,
    "service_quality_monthly": quality,
    "metrica_reconciliation": reconciliation,
    "indicator_methods": methods,
    "data_coverage": coverage,
}


def fill(warehouse: Warehouse) -> None:
    """The rows, published as one build, in a warehouse with the schema."""
    from municipal_indicators.marts.publishing import note_built, publish_marts

    build = str(uuid.uuid4())
    filled = {**INSERTS, **OWN}
    for table, rows in filled.items():
        built = [[build, *row] for row in rows()]
        # What readers see; a stored table may have more.
        names = [str(row[0]) for row in warehouse.rows(f"DESCRIBE marts.{table}")]
        warehouse.client.insert(table, built, ["build", *names], database="mart_rows")
    note_built(warehouse, build, filled)
    publish_marts(warehouse, build)
    # A month old, it would be told no more.
    failed = {
        "source": "registers",
        "unit_key": "hash",
        "unit": "рабочие места.xlsx",
        "load_id": build,
        "status": "failed",
        "at": datetime.now(UTC),
        "message": f"EmptyFileError\n{REASON}",
    }
    warehouse.client.insert("load_events", [list(failed.values())], list(failed), database="ops")


def write(folder: Path) -> None:
    """A warehouse of its own with the schema that migrations make, and the rows."""
    engine = {"interface": "chdb", "path": str(folder / "warehouse")}
    os.environ["AIRFLOW_HOME"] = str(folder / "airflow")
    os.environ["AIRFLOW_CONN_CLICKHOUSE_DEFAULT"] = json.dumps(
        {"conn_type": "clickhouse", "extra": {"client_kwargs": engine}}
    )
    from municipal_indicators.sources.schema import apply_schema
    from municipal_indicators.warehouse.client import open_warehouse

    with open_warehouse() as warehouse:
        apply_schema(warehouse)
        fill(warehouse)
    # data_problems is read with the rights of whoever made it: in production that is the loader.
    own_views(folder / "warehouse")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
