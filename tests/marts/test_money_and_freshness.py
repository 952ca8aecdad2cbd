"""Funding by year and the freshness of the sources."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from municipal_indicators import settings
from tests.marts.given import NOW, Given, request


def _budget(year: int, as_of: date, executed: str, item: str = "", **values: Any) -> dict[str, Any]:
    return {
        "year": year,
        "as_of": as_of,
        "item": item,
        "plan": None,
        "executed": Decimal(executed),
        **values,
    }


def test_funding_by_year(given: Given) -> None:
    given.table(
        "registers",
        "core.budget_rows",
        [
            _budget(2025, date(2025, 7, 1), "400000.00"),
            _budget(2025, date(2025, 12, 31), "430700.00", "а"),
            _budget(2025, date(2025, 12, 31), "0.10", "б"),
            _budget(2026, date(2026, 4, 1), "930500"),
        ],
        "budget",
    )
    given.build("programme_funding_yearly")
    rows = {
        row[0]: row[1:]
        for row in given.select("SELECT * FROM marts.programme_funding_yearly ORDER BY year")
    }
    assert list(rows) == [2023, 2024, 2025, 2026, 2027]
    assert rows[2023] == (Decimal("780000.00"), None, None, date(2023, 1, 1))
    assert rows[2025] == (
        Decimal("861400.00"),
        Decimal("430700.10"),
        430700.10 / 861400,
        date(2025, 1, 1),
    )
    assert rows[2026] == (Decimal("930500.00"), Decimal("930500.00"), 1.0, date(2025, 1, 1))


def test_later_file_corrects_the_budget(given: Given) -> None:
    day = date(2025, 7, 1)
    given.table("registers", "core.budget_rows", [_budget(2025, day, "2", file_at=NOW)], "budget")
    given.table(
        "registers",
        "core.budget_rows",
        [_budget(2025, day, "1", file_at=NOW - timedelta(days=1))],
        "budget",
    )
    given.build("programme_funding_yearly")
    assert given.select(
        "SELECT executed FROM marts.programme_funding_yearly WHERE year = 2025"
    ) == [(Decimal("2.00"),)]


def test_freshness(given: Given) -> None:
    given.visits(date(2026, 11, 23))
    given.table(
        "smev", "core.smev_event_rows", [request(sent_at=datetime(2026, 9, 30, 22, tzinfo=UTC))]
    )
    given.build("data_coverage")
    rows = given.select(
        "SELECT source, data_through, lag_days, status FROM marts.data_freshness ORDER BY source"
    )
    assert rows == [
        ("gosuslugi", None, None, "missing"),
        ("metrica", date(2026, 11, 23), 1, "fresh"),
        ("registers", None, None, "missing"),
        ("smev", date(2026, 10, 1), 54, "late"),
    ]


def test_building_twice_changes_nothing_but_the_time(given: Given) -> None:
    given.visits(date(2026, 11, 23), [{}, {"counter_user_id_hash": 2}])
    given.table(
        "smev", "core.smev_event_rows", [request(sent_at=datetime(2026, 9, 30, 22, tzinfo=UTC))]
    )
    tables = [
        name for (name,) in given.select("SELECT name FROM system.tables WHERE database = 'marts'")
    ]

    def everything() -> dict[str, object]:
        columns = {"indicators_monthly": "* EXCEPT computed_at"}
        return {
            table: given.select(f"SELECT {columns.get(table, '*')} FROM marts.{table} ORDER BY ALL")
            for table in tables
        }

    given.build(now=NOW)
    first = everything()
    given.build(now=NOW + timedelta(hours=1))
    assert everything() == first
    assert sorted(tables) == sorted(path.stem for path in (settings.SQL / "marts").glob("*.sql"))


def test_every_mart_and_column_is_explained_in_russian(given: Given) -> None:
    unexplained = given.select(
        """
        SELECT table, name FROM system.columns
        WHERE database = 'marts' AND NOT match(comment, '[А-Яа-я]')
        UNION ALL
        SELECT name, '' FROM system.tables
        WHERE database = 'marts' AND NOT match(comment, '[А-Яа-я]')
        """
    )
    assert unexplained == []
