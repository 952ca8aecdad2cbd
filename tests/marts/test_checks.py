"""The data checks: quiet over sound marts, exact about what they find."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from municipal_indicators import settings
from municipal_indicators.errors import ConfigurationError, DataCheckError
from municipal_indicators.marts.checks import Checked, check_marts
from municipal_indicators.marts.publishing import note_built, publish_marts
from municipal_indicators.reference.passport import load_passport
from municipal_indicators.settings import REPOSITORY
from municipal_indicators.warehouse.client import Warehouse
from tests.marts.given import SITE, Given

DAMAGED = (
    "core.metrica_visits",
    "mart_rows.data_coverage",
    "mart_rows.indicators_monthly",
    "mart_rows.metrica_reconciliation",
    "mart_rows.site_audience",
    "mart_rows.smev_requests_daily",
    "ops.checks",
    "ops.load_events",
    "ops.load_warnings",
    "ops.mart_builds",
)


@pytest.fixture(scope="module")
def marts(module_warehouse: Warehouse) -> Given:
    """Marts over two days of visits, built once; what a test damages is put back by ``sound``."""
    given = Given(module_warehouse, load_passport())
    _observe(given, date(2024, 1, 30), date(2024, 1, 31))
    given.visits(date(2024, 1, 30), [{}, {"counter_user_id_hash": 2}])
    given.visits(date(2024, 1, 31), [{}])
    given.build()
    given.warehouse.command("TRUNCATE TABLE mart_rows.metrica_reconciliation")
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


def damaged(warehouse: Warehouse, damage: str) -> None:
    """Run a statement in which ``{build}`` is the newest build."""
    build = warehouse.value("SELECT toString(build) FROM ops.built_marts")
    warehouse.command(damage.format(build=f"'{build}'"))


def rebuilt(warehouse: Warehouse, mart: str, replaced: str) -> str:
    """A newer build of one mart in which these columns differ; its id."""
    build = str(uuid.uuid4())
    newest = f"SELECT * FROM mart_rows.{mart} WHERE build = (SELECT build FROM ops.built_marts)"
    warehouse.command(
        f"INSERT INTO mart_rows.{mart} SELECT * REPLACE ('{build}' AS build, {replaced}) FROM ({newest})"
    )
    note_built(warehouse, build, [mart])
    return build


def recorded(warehouse: Warehouse, where: str) -> list[tuple[Any, ...]]:
    """What the last run recorded in ``ops.checks``."""
    return warehouse.rows(
        "SELECT check, severity, passed, rows, example FROM ops.checks "
        f"WHERE at = (SELECT max(at) FROM ops.checks) AND {where} ORDER BY check"
    )


def test_sound_marts_pass_every_check(sound: Warehouse) -> None:
    checks = list((REPOSITORY / "sql" / "checks").rglob("*.sql"))
    assert check_marts(sound) == Checked(passed=len(checks), warnings=())
    assert [name for name, *_ in recorded(sound, "passed AND rows = 0 AND example = ''")] == sorted(
        path.stem for path in checks
    )


@pytest.mark.parametrize(
    ("damage", "check"),
    [
        (
            "DELETE FROM core.metrica_visits WHERE counter_user_id_hash = 2",
            "published_visits_are_all_there",
        ),
        (
            "DELETE FROM mart_rows.indicators_monthly WHERE indicator = 'ict_events'",
            "indicators_are_complete",
        ),
        (
            "DELETE FROM mart_rows.site_audience WHERE period_start = '2024-01-31'",
            "months_hold_their_visits",
        ),
        (
            "INSERT INTO ops.load_events (source, status, at, delivered)"
            " VALUES ('x', 'published', now64(), 1)",
            "published_loads_balance",
        ),
        (
            "INSERT INTO mart_rows.smev_requests_daily (build, requests, answered) VALUES ({build}, 1, 2)",
            "answers_fit_requests",
        ),
        (
            "INSERT INTO mart_rows.site_audience (build, grain, bounce_share) VALUES ({build}, 'year', 1.5)",
            "shares_are_shares",
        ),
    ],
)
def test_damage_is_found_and_named(sound: Warehouse, damage: str, check: str) -> None:
    damaged(sound, damage)
    with pytest.raises(DataCheckError, match=rf"sql/checks/{check}\.sql \(.+\): строк \d+") as told:
        check_marts(sound)
    since = sound.value("SELECT formatDateTime(at, '%F %R') FROM ops.published_marts")
    assert f"новые не показаны; остаются витрины от {since} UTC." in str(told.value)
    ((name, severity, passed, rows, example),) = recorded(sound, f"check = '{check}'")
    assert (name, severity, passed) == (check, "fail", False)
    assert rows > 0
    assert example in str(told.value)


def test_a_source_that_loses_its_data_keeps_the_build_from_readers(sound: Warehouse) -> None:
    rebuilt(sound, "data_coverage", "NULL AS data_through")
    with pytest.raises(
        DataCheckError,
        match=r"sources_keep_their_data\.sql \(.+\): строк 1, первые \(metrica, 2024-01-31\)",
    ):
        check_marts(sound)
    assert recorded(sound, "NOT passed AND severity = 'fail'") == [
        ("sources_keep_their_data", "fail", False, 1, "(metrica, 2024-01-31)")
    ]


def test_settled_periods_that_change_are_told_once(sound: Warehouse) -> None:
    build = rebuilt(sound, "site_audience", "visitors + 1 AS visitors")
    (warning,) = check_marts(sound).warnings
    assert re.search(
        r"settled_periods_stay\.sql \(.+\): строк 2, первые "
        r"\(site_audience, 12345678, 2024-01-30, 2 visits, 2 visitors, 2 visits, 3 visitors\)",
        warning,
    )
    publish_marts(sound, build)
    assert check_marts(sound).warnings == ()


def test_indicators_of_past_years_that_change_are_told(sound: Warehouse) -> None:
    publish_marts(sound, rebuilt(sound, "indicators_monthly", "1 AS fact, true AS is_complete"))
    sound.command(
        "INSERT INTO mart_rows.indicators_monthly (build, year, indicator) "
        "SELECT build, 2025, 'ict_events' FROM ops.built_marts"
    )
    rebuilt(sound, "indicators_monthly", "if(indicator = 'ict_events', NULL, fact) AS fact")
    (found,) = recorded_after_warning(sound)
    assert found[0] == "settled_periods_stay"
    assert found[4] == "(indicators_monthly, ict_events, 2023-01-01, 1, )"


def recorded_after_warning(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    """What the warnings of a run over damaged marts are recorded as, whatever failed beside them."""
    with suppress(DataCheckError):
        check_marts(warehouse)
    return recorded(warehouse, "NOT passed AND severity = 'warn'")


def test_loaded_sources_without_a_day_and_unknown_words_are_told(sound: Warehouse) -> None:
    load = str(uuid.uuid4())
    sound.command(
        "INSERT INTO ops.load_events (source, unit_key, load_id, status, at) "
        f"VALUES ('smev', 'a file', '{load}', 'published', now64())"
    )
    sound.command(
        "INSERT INTO ops.load_warnings (load_id, source, code, text, times) VALUES "
        f"('{load}', 'smev', 'unknown_status', 'status «на паузе»', 3), "
        f"('{load}', 'smev', 'other', 'no word', 1), "
        "(generateUUIDv4(), 'smev', 'unknown_status', 'of a load not published', 1)"
    )
    assert len(check_marts(sound).warnings) == 3
    assert recorded(sound, "NOT passed") == [
        ("loaded_sources_reach_a_day", "warn", False, 1, "(smev, 1)"),
        ("loads_are_not_doubtful", "warn", False, 1, "(smev, , other, no word, 1)"),
        ("words_are_known", "warn", False, 1, "(smev, unknown_status, status «на паузе», 3)"),
    ]


def test_a_check_says_what_its_findings_do(
    sound: Warehouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "headless.sql").write_text("-- No row.\nSELECT 1\n")
    monkeypatch.setattr(settings, "SQL", tmp_path)
    with pytest.raises(ConfigurationError, match=r"sql/checks/headless\.sql: its first line"):
        check_marts(sound)


@pytest.mark.parametrize(
    "path", sorted((REPOSITORY / "sql" / "checks").rglob("*.sql")), ids=lambda path: path.stem
)
def test_checks_look_at_the_new_marts(path: Path) -> None:
    """Those that readers see are read only to be compared with the new ones."""
    read = set(re.findall(r"\b(marts|marts_next)\.\w+", path.read_text(encoding="utf-8")))
    assert read != {"marts"}


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (
            "(build, day, counter_id, visits, reported_visits, is_within_tolerance, compared_at) "
            "VALUES ({build}, '2024-01-30', 5, 90, 100, false, now())",
            r"checks/loaded_days_are_what_metrica_reports\.sql \(.*1 %\.\): строк 1, "
            r"первые \(2024-01-30, 5, 90, 100, ",
        ),
        (
            "(build, day, counter_id) VALUES ({build}, '2024-01-29', 5), ({build}, '2024-01-30', 5)",
            r"checks/settled_days_are_compared\.sql \(.*\): строк 1, первые \(5, 2, 2024-01-29, 2024-01-30\)",
        ),
    ],
)
def test_a_warning_is_told_and_nothing_fails(
    sound: Warehouse, caplog: pytest.LogCaptureFixture, rows: str, told: str
) -> None:
    damaged(sound, f"INSERT INTO mart_rows.metrica_reconciliation {rows}")
    with caplog.at_level(logging.WARNING, "municipal_indicators.marts.checks"):
        checked = check_marts(sound)
    assert len(checked.warnings) == 1
    assert re.search(told, checked.warnings[0])
    assert checked.warnings[0] in caplog.messages


def test_a_visit_far_from_the_day_of_its_load_is_told(sound: Warehouse) -> None:
    sound.command(
        "ALTER TABLE core.metrica_visits UPDATE started_at = started_at + INTERVAL 3 DAY "
        "WHERE unit_key LIKE '%/2024-01-31' SETTINGS mutations_sync = 2"
    )
    (warning,) = check_marts(sound).warnings
    assert warning.startswith("sql/checks/times_are_of_their_day.sql (")
    assert "строк 1, первые (site_visits, 12345678, 2024-01-31, 1, 2024-02-0" in warning


def test_holes_are_told_with_the_command_that_loads_them(sound: Warehouse) -> None:
    sound.command("TRUNCATE TABLE mart_rows.data_coverage")
    damaged(
        sound,
        "INSERT INTO mart_rows.data_coverage (build, site, data_through, missing, built_on) VALUES "
        "({build}, 'Сайт', '2024-02-19',"
        " ['2022-05-09', '2024-02-10', '2024-02-11', '2024-02-12', '2024-02-13'], '2024-02-20'),"
        " ({build}, 'Нетронутый', NULL, ['2024-01-01'], '2024-02-20')",
    )
    # 13 February is within the last week, and the nights still fill it. Nothing of the other site was loaded.
    (warning,) = [one for one in check_marts(sound).warnings if "site_days" in one]
    assert warning.startswith("sql/checks/site_days_are_loaded.sql (")
    assert "строк 2, первые (Сайт, 3, 2024-02-10, 2024-02-12, airflow dags trigger" in warning
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
    damaged(
        sound,
        "INSERT INTO mart_rows.metrica_reconciliation (build, day, is_within_tolerance, compared_at) "
        "VALUES ({build}, '2024-01-30', true, now()), ({build}, today() - 6, NULL, NULL)",
    )
    assert check_marts(sound).warnings == ()
