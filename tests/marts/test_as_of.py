"""``marts.indicators_as_of``: what readers saw of the indicators at the end of a past day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from municipal_indicators.marts.build import build_marts
from municipal_indicators.marts.publishing import publish_marts
from municipal_indicators.warehouse.retention import sweep_ledgers
from tests.marts.given import NOW, Given

FIRST, SECOND = date(2026, 3, 1), date(2026, 3, 5)


def publish(given: Given, at: str) -> None:
    """Build and publish the indicators, as if it had been at that moment (UTC)."""
    given.build("indicators_monthly", "data_coverage", now=NOW)
    given.warehouse.command(
        "INSERT INTO ops.mart_builds SELECT {at:DateTime64(6)}, build, status, marts, inputs "
        "FROM ops.mart_builds WHERE at = (SELECT max(at) FROM ops.mart_builds)",
        {"at": at},
    )
    given.warehouse.command(
        "DELETE FROM ops.mart_builds WHERE at > now() - INTERVAL 1 DAY AND status = 'published'"
    )


def facts(given: Given, day: date, code: str = "smev_requests") -> list[tuple[Any, ...]]:
    """Month and fact of an indicator on that day, in the first months of 2024."""
    return given.select(
        f"SELECT toMonth(month), fact FROM marts.indicators_as_of(day = '{day}') "
        f"WHERE indicator = '{code}' AND month BETWEEN '2024-01-01' AND '2024-02-01' ORDER BY month"
    )


def test_a_day_shows_what_had_been_published_by_its_end(given: Given) -> None:
    given.requests({date(2024, 1, 9): 2, date(2024, 2, 9): 1})
    # 23:59:59 of 1 March in the programme zone.
    publish(given, "2026-03-01 20:59:59")
    given.requests({date(2024, 1, 10): 3})
    publish(given, "2026-03-04 21:00:00")
    assert facts(given, FIRST - timedelta(days=1)) == []
    assert facts(given, FIRST) == [(1, 2.0), (2, 3.0)]
    assert facts(given, SECOND - timedelta(days=1)) == [(1, 2.0), (2, 3.0)]
    assert facts(given, SECOND) == [(1, 5.0), (2, 6.0)]
    columns = [row[0] for row in given.select("DESCRIBE TABLE marts.indicators_monthly")]
    seen = given.select(
        f"SELECT * EXCEPT computed_at FROM marts.indicators_as_of(day = '{SECOND}') ORDER BY ALL"
    )
    assert len(columns) - 1 == len(seen[0])
    assert seen == given.select(
        "SELECT * EXCEPT computed_at FROM marts.indicators_monthly ORDER BY ALL"
    )


def test_only_rows_that_changed_are_kept(given: Given) -> None:
    given.requests({date(2024, 1, 9): 2})
    given.events(date(2024, 1, 9))
    publish(given, "2026-03-01 12:00:00")
    kept = "SELECT count() FROM ops.indicator_history"
    (first,) = given.select(kept)
    publish(given, "2026-03-02 12:00:00")
    assert given.select(kept) == [first]
    given.change_indicator("ict_events", name="Иначе названо")
    publish(given, "2026-03-03 12:00:00")
    (events,) = given.select(
        "SELECT count() FROM marts.indicators_monthly WHERE indicator = 'ict_events'"
    )
    assert given.select(kept) == [(first[0] + events[0],)]


def test_an_indicator_that_left_the_passport_was_seen_until_then(given: Given) -> None:
    given.requests({date(2024, 1, 9): 2})
    publish(given, "2026-03-01 12:00:00")

    def leave(content: dict[str, Any]) -> None:
        content["indicators"] = [
            one for one in content["indicators"] if one["code"] != "smev_requests"
        ]
        for edition in content["editions"]:
            del edition["targets"]["smev_requests"]

    given.change_passport(leave)
    publish(given, "2026-03-05 12:00:00")
    assert facts(given, FIRST) == [(1, 2.0)]
    assert facts(given, SECOND) == []
    given.passport = type(given.passport).model_validate(
        {**given.content, "indicators": [{"code": "smev_requests", "name": "Снова", "unit": "ед."}]}
        | {"editions": [], "sites": []}
    )
    publish(given, "2026-03-07 12:00:00")
    assert facts(given, SECOND) == []
    assert facts(given, date(2026, 3, 7)) == [(1, 2.0)]


def test_a_build_that_was_never_shown_was_never_seen(given: Given) -> None:
    given.requests({date(2024, 1, 9): 2})
    publish(given, "2026-03-01 12:00:00")
    given.requests({date(2024, 1, 10): 3})
    killed = build_marts(given.warehouse, given.passport, NOW)
    given.warehouse.command(
        "INSERT INTO ops.indicator_history (build, is_gone, month, indicator, fact) "
        f"SELECT '{killed.id}', false, month, indicator, fact FROM mart_rows.indicators_monthly "
        f"WHERE build = '{killed.id}'"
    )
    assert facts(given, date(2027, 1, 1)) == [(1, 2.0)]
    # The retry of the task shows it, and keeps nothing twice.
    before = given.select("SELECT count() FROM ops.indicator_history")
    publish_marts(given.warehouse, killed.id)
    assert given.select("SELECT count() FROM ops.indicator_history") == before
    assert facts(given, date(2027, 1, 1)) == [(1, 5.0)]
    given.build("indicators_monthly", now=NOW)
    assert facts(given, date(2027, 1, 1)) == [(1, 5.0)]


def test_what_was_seen_is_never_swept(given: Given) -> None:
    given.requests({date(2024, 1, 9): 2})
    publish(given, "2020-03-01 12:00:00")
    given.requests({date(2024, 1, 10): 3})
    publish(given, "2020-03-05 12:00:00")
    sweep_ledgers(given.warehouse, datetime(2026, 11, 1, tzinfo=UTC))
    assert facts(given, date(2020, 3, 1)) == [(1, 2.0)]
    assert facts(given, date(2020, 3, 5)) == [(1, 5.0)]
