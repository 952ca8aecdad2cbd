"""The data checks: quiet over sound marts, exact about what they find."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from datetime import date

import pytest

from municipal_indicators.errors import DataCheckError
from municipal_indicators.marts.checks import Checked, check_marts
from municipal_indicators.reference.passport import load_passport
from municipal_indicators.settings import REPOSITORY
from municipal_indicators.warehouse.client import Warehouse
from tests.marts.given import SITE, Given

DAMAGED = (
    "core.metrica_visits",
    "marts.data_coverage",
    "marts.indicators_monthly",
    "marts.metrica_reconciliation",
    "marts.site_audience",
    "marts.smev_requests_daily",
    "ops.load_events",
)


@pytest.fixture(scope="module")
def marts(module_warehouse: Warehouse) -> Given:
    """Marts over two days of visits, built once; what a test damages is put back by ``sound``."""
    given = Given(module_warehouse, load_passport())
    _observe(given, date(2024, 1, 30), date(2024, 1, 31))
    given.visits(date(2024, 1, 30), [{}, {"counter_user_id_hash": 2}])
    given.visits(date(2024, 1, 31), [{}])
    given.build()
    given.warehouse.command("TRUNCATE TABLE marts.metrica_reconciliation")
    return given


def _observe(given: Given, first: date, last: date) -> None:
    """Observe the site on these days only, so that no others are missing."""
    given.change_passport(
        lambda content: content["sites"][0].update({"from": first, "until": last})
    )


@pytest.fixture
def sound(marts: Given) -> Iterator[Warehouse]:
    """The warehouse of ``marts``, where a test may damage any of these tables."""
    warehouse = marts.warehouse
    for table in DAMAGED:
        warehouse.command(f"CREATE OR REPLACE TABLE {table}__sound AS {table}")
        warehouse.command(f"INSERT INTO {table}__sound SELECT * FROM {table}")
    yield warehouse
    for table in DAMAGED:
        warehouse.command(f"EXCHANGE TABLES {table}__sound AND {table}")
        warehouse.command(f"DROP TABLE {table}__sound SYNC")


def test_sound_marts_pass_every_check(sound: Warehouse) -> None:
    checks = list((REPOSITORY / "sql" / "checks").rglob("*.sql"))
    assert check_marts(sound) == Checked(passed=len(checks), warnings=())


@pytest.mark.parametrize(
    ("damage", "check"),
    [
        (
            "DELETE FROM core.metrica_visits WHERE counter_user_id_hash = 2",
            "published_visits_are_all_there",
        ),
        (
            "DELETE FROM marts.indicators_monthly WHERE indicator = 'ict_events'",
            "indicators_are_complete",
        ),
        (
            "DELETE FROM marts.site_audience WHERE period_start = '2024-01-31'",
            "months_hold_their_visits",
        ),
        (
            "INSERT INTO ops.load_events (source, status, at, delivered)"
            " VALUES ('x', 'published', now64(), 1)",
            "published_loads_balance",
        ),
        (
            "INSERT INTO marts.smev_requests_daily (requests, answered) VALUES (1, 2)",
            "answers_fit_requests",
        ),
        (
            "INSERT INTO marts.site_audience (grain, bounce_share) VALUES ('year', 1.5)",
            "shares_are_shares",
        ),
    ],
)
def test_damage_is_found_and_named(sound: Warehouse, damage: str, check: str) -> None:
    sound.command(damage)
    with pytest.raises(DataCheckError, match=rf"sql/checks/{check}\.sql \(.+\): 1 rows|{check}"):
        check_marts(sound)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (
            "(day, counter_id, visits, reported_visits, is_within_tolerance, compared_at) "
            "VALUES ('2024-01-30', 5, 90, 100, false, now())",
            r"warnings/loaded_days_are_what_metrica_reports\.sql \(.*1 %\.\): 1 rows, "
            r"first \(2024-01-30, 5, 90, 100, ",
        ),
        (
            "(day, counter_id) VALUES ('2024-01-29', 5), ('2024-01-30', 5)",
            r"warnings/settled_days_are_compared\.sql \(.*\): 1 rows, first \(5, 2, 2024-01-29, 2024-01-30\)",
        ),
    ],
)
def test_a_warning_is_told_and_nothing_fails(
    sound: Warehouse, caplog: pytest.LogCaptureFixture, rows: str, told: str
) -> None:
    sound.command(f"INSERT INTO marts.metrica_reconciliation {rows}")
    with caplog.at_level(logging.WARNING, "municipal_indicators.marts.checks"):
        checked = check_marts(sound)
    assert len(checked.warnings) == 1
    assert re.search(told, checked.warnings[0])
    assert checked.warnings[0] in caplog.messages


def test_holes_are_told_with_the_command_that_loads_them(sound: Warehouse) -> None:
    sound.command("TRUNCATE TABLE marts.data_coverage")
    sound.command(
        "INSERT INTO marts.data_coverage (site, data_through, missing, built_on) VALUES "
        "('Сайт', '2024-02-19', ['2022-05-09', '2024-02-10', '2024-02-11', '2024-02-12', '2024-02-13'],"
        " '2024-02-20'), ('Нетронутый', NULL, ['2024-01-01'], '2024-02-20')"
    )
    # 13 February is within the last week, and the nights still fill it. Nothing of the other site was loaded.
    (warning,) = check_marts(sound).warnings
    assert warning.startswith("sql/checks/warnings/site_days_are_loaded.sql (")
    assert "2 rows, first (Сайт, 3, 2024-02-10, 2024-02-12, airflow dags trigger" in warning
    dates = '--conf \'{"date_from": "2022-05-09", "date_to": "2022-05-09"}\''
    assert (
        f"(Сайт, 1, 2022-05-09, 2022-05-09, airflow dags trigger load_metrica_visits {dates})"
        in warning
    )


def test_a_site_that_is_loaded_whole_has_no_hole(sound: Warehouse, marts: Given) -> None:
    found = sound.rows(
        "SELECT site, data_through, missing FROM marts.data_coverage WHERE site != ''"
    )
    assert found == [(SITE, date(2024, 1, 31), [])]


def test_days_within_the_tolerance_or_not_due_yet_are_no_warning(sound: Warehouse) -> None:
    sound.command(
        "INSERT INTO marts.metrica_reconciliation (day, is_within_tolerance, compared_at) VALUES "
        "('2024-01-30', true, now()), (today() - 6, NULL, NULL)"
    )
    assert check_marts(sound).warnings == ()
