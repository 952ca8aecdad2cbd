"""What a build rebuilds: everything, or the marts that are asked for and what they read."""

from __future__ import annotations

import logging
from datetime import date

import pytest

from municipal_indicators.errors import IndicatorsError
from municipal_indicators.marts.build import build_marts
from municipal_indicators.marts.checks import check_marts
from municipal_indicators.reference.passport import load_passport
from municipal_indicators.settings import REPOSITORY
from municipal_indicators.warehouse.client import Warehouse
from tests.marts.given import NOW, Given, application, decided, request

MARTS = sorted(path.stem for path in (REPOSITORY / "sql/marts").glob("*.sql"))


def test_marts_are_built_of_an_empty_warehouse(warehouse: Warehouse) -> None:
    rows = build_marts(warehouse, load_passport()).rows
    assert rows.keys() == {f"marts.{mart}" for mart in MARTS}
    assert rows["marts.indicators_monthly"] == 0
    assert check_marts(warehouse).warnings == ()


def test_only_the_marts_asked_for_are_built(given: Given, caplog: pytest.LogCaptureFixture) -> None:
    given.visits(date(2024, 1, 30), [{}])
    given.applications(application("a"))
    with caplog.at_level(logging.WARNING, "municipal_indicators.marts.build"):
        built = build_marts(given.warehouse, given.passport, only=["site_devices_monthly"])
    assert built.rows == {"marts.site_devices_monthly": 1}
    for table in (
        "marts.site_audience",
        "marts.service_applications_monthly",
        "reference.holidays",
    ):
        assert given.select(f"SELECT count() FROM {table}") == [(0,)]
    (warning,) = caplog.messages
    assert "marts.site_audience" in warning
    assert "site_devices_monthly" not in warning


def test_a_mart_built_alone_is_that_of_a_full_build(given: Given) -> None:
    given.visits(date(2024, 1, 30), [{}])
    given.hits(date(2024, 1, 30), [{}])
    given.applications(decided("a", date(2024, 3, 5), due_working_days=1))
    given.table("smev", "core.smev_event_rows", [request(sent_at=NOW, delivered_at=NOW)])
    given.build()
    whole = {mart: given.select(f"SELECT * FROM marts.{mart} ORDER BY ALL") for mart in MARTS}
    assert sum(map(bool, whole.values())) > 12
    for mart, rows in whole.items():
        for table in filled(given):
            given.warehouse.command(f"TRUNCATE TABLE {table}")
        given.build(mart)
        assert given.select(f"SELECT * FROM marts.{mart} ORDER BY ALL") == rows, mart


def filled(given: Given) -> list[str]:
    """The tables with rows that hold no row of a load."""
    rows = given.select(
        """
        SELECT database || '.' || name FROM system.tables
        WHERE database IN ('core', 'intermediate', 'reference', 'mart_rows')
          AND engine LIKE '%MergeTree' AND total_rows > 0
          AND (database, name) NOT IN (SELECT database, table FROM system.columns WHERE name = 'load_id')
        """
    )
    return [table for (table,) in rows]


def test_a_mart_that_there_is_not_is_named(given: Given) -> None:
    with pytest.raises(IndicatorsError, match=r"no mart marts\.sites; there are marts\."):
        given.build("sites", "site_audience")
