"""Closes a quarter, lets a file come late, and shows what that changed in what was reported."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from rich.console import Console

from demo.runs import Airflow
from demo.stage import Ends, Stage
from tests.emulators.inbox.tables import Table, csv_bytes, write_file

LATE = "registers/мероприятия, прислано позже.csv"
REASON = "Квартал сравнивается с планом на год"
Quarter = tuple[str, date]
"""The name of a quarter and its last day."""


def last_quarter(end: Ends) -> Quarter:
    """The last quarter of which all sources have all months: its name and its last day."""
    following = end.last_month.month % 12 + 1
    after = date(end.last_month.year + (following == 1), following, 1)
    quarter = (after.month - 1) // 3
    year = after.year if quarter else after.year - 1
    quarter = quarter or 4
    begin_of_next = date(year + (quarter == 4), quarter % 4 * 3 + 1, 1)
    return f"{year}-Q{quarter}", begin_of_next - timedelta(days=1)


def close_and_correct(stage: Stage, end: Ends, airflow: Airflow) -> Quarter:
    """Once for each quarter: close it, load a late register of one event, build; returns the quarter."""
    period, last = quarter = last_quarter(end)
    if not (stage.root / "archive" / "reported" / f"{period}-v1.json.gz").exists():
        conf = {"period": period, "reasons": _reasons(), "closed_by": "Демо"}
        airflow.run_dag("close_reporting_period", f"Закрыт {period}", conf)
        table = Table(("Дата", "Название", "Вид"), [(f"{last:%d.%m.%Y}", "День данных", "семинар")])
        write_file(stage.inbox / LATE, csv_bytes(table), datetime.combine(last, time(18)))
        airflow.run_dag("load_programme_registers", "Реестр, присланный позже")
        airflow.run_dag("build_indicator_marts", "Витрины после него")
    return quarter


def _reasons() -> dict[str, str]:
    from municipal_indicators.reference.passport import load_passport
    from municipal_indicators.settings import REPOSITORY

    passport = load_passport(REPOSITORY / "programme.yaml")
    return {one.code: REASON for one in passport.indicators}


def show_revision(quarter: Quarter, environment: Mapping[str, str], console: Console) -> None:
    """Print what changed in the quarter since it was closed."""
    period, last = quarter
    os.environ.update(environment, AIRFLOW__LOGGING__LOGGING_LEVEL="ERROR")
    from municipal_indicators.warehouse.client import open_warehouse

    with open_warehouse() as warehouse:
        changed = warehouse.rows(
            "SELECT indicator, reported_fact, present_fact, causes FROM marts.indicator_revisions "
            "WHERE period_end = {last:Date} AND difference != 0 ORDER BY indicator",
            {"last": last},
        )
    console.print(f"\nЧто изменилось в {period} после отчёта (marts.indicator_revisions):")
    for indicator, reported, present, causes in changed:
        found = "; ".join(f"{one['unit']}: {one['contribution']:+g}" for one in causes)
        console.print(
            f"  {indicator}: было {reported:g}, стало {present:g} — {found}", markup=False
        )
