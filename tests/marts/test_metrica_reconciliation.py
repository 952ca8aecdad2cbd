"""The reconciliation mart: settled counter days only, ours beside theirs, within 1 % or not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.marts.given import COUNTER, Given

DAY = date(2024, 1, 30)
AT = datetime(2024, 3, 1, 5, tzinfo=UTC)


def reported(
    given: Given,
    visits: int,
    users: int,
    pageviews: int,
    *,
    day: date = DAY,
    at: datetime = AT,
    counter: int = COUNTER,
    sample_share: float = 1.0,
) -> None:
    """Store Metrica's own figures of a day."""
    columns = {
        "counter_id": counter,
        "counter_day": day,
        "visits": visits,
        "users": users,
        "pageviews": pageviews,
        "is_sampled": sample_share < 1,
        "sample_share": sample_share,
        "reported_at": at,
    }
    given.warehouse.insert("core.metrica_reported_days", list(columns), [list(columns.values())])


def loaded(given: Given, visits: int, users: int, day: date = DAY) -> None:
    """Publish a day of so many visits by so many people, two pages each."""
    rows = [{"counter_user_id_hash": 1 + n % users, "page_views": 2} for n in range(visits)]
    given.visits(day, rows)


def mart(given: Given, columns: str) -> Sequence[tuple[Any, ...]]:
    return given.select(
        f"SELECT {columns} FROM marts.metrica_reconciliation ORDER BY counter_id, day"
    )


def test_ours_stand_beside_theirs(given: Given) -> None:
    loaded(given, visits=5, users=2)
    reported(given, visits=4, users=2, pageviews=20)
    given.build("metrica_reconciliation")
    assert mart(given, "day, counter_id, site, visits, visitors, pageviews") == [
        (DAY, COUNTER, given.passport.sites[0].name, 5, 2, 10)
    ]
    assert mart(given, "reported_visits, reported_visitors, reported_pageviews") == [(4, 2, 20)]
    assert mart(given, "visits_difference, visitors_difference, pageviews_difference") == [
        (0.25, 0.0, -0.5)
    ]
    assert mart(given, "is_within_tolerance, is_sampled, sample_share, compared_at") == [
        (False, False, 1.0, AT.replace(tzinfo=None))
    ]


def test_a_day_never_compared_says_so(given: Given) -> None:
    loaded(given, visits=5, users=2)
    given.build("metrica_reconciliation")
    columns = (
        "reported_visits, reported_visitors, reported_pageviews, visits_difference, "
        "visitors_difference, pageviews_difference, is_within_tolerance, is_sampled, sample_share, "
        "compared_at"
    )
    assert mart(given, "visits, visitors, pageviews") == [(5, 2, 10)]
    assert mart(given, columns) == [(None,) * 10]


def test_the_tolerance_is_one_per_cent(given: Given) -> None:
    cases = [
        (101, 100, 0.01, True),
        (99, 100, -0.01, True),
        (102, 100, 0.02, False),
        (98, 100, -0.02, False),
        (0, 0, 0.0, True),
        (0, 100, -1.0, False),
        (1, 0, None, False),
    ]
    for number, (ours, theirs, _, _) in enumerate(cases):
        day = DAY + timedelta(days=number)
        given.visits(day, [{"counter_user_id_hash": n + 1} for n in range(ours)])
        reported(given, theirs, theirs, theirs, day=day)
    given.build("metrica_reconciliation")
    measures = "visits_difference, visitors_difference, pageviews_difference"
    assert mart(given, f"{measures}, is_within_tolerance") == [
        (difference, difference, difference, within) for *_, difference, within in cases
    ]


def test_one_measure_beyond_the_tolerance_is_enough(given: Given) -> None:
    cases = {(50, 50, 100): True, (50, 50, 102): False, (50, 51, 100): False, (51, 50, 100): False}
    for number, figures in enumerate(cases):
        day = DAY + timedelta(days=number)
        loaded(given, visits=50, users=50, day=day)
        reported(given, *figures, day=day)
    given.build("metrica_reconciliation")
    assert mart(given, "is_within_tolerance") == [(within,) for within in cases.values()]


def test_the_newest_report_counts_and_tells_its_sample(given: Given) -> None:
    loaded(given, visits=5, users=2)
    reported(given, 9, 9, 9, at=AT)
    reported(given, 5, 2, 10, at=AT + timedelta(days=1), sample_share=0.5)
    reported(given, 8, 8, 8, at=AT - timedelta(days=1))
    given.build("metrica_reconciliation")
    columns = "reported_visits, is_within_tolerance, is_sampled, sample_share, toDate(compared_at)"
    assert mart(given, columns) == [(5, True, True, 0.5, date(2024, 3, 2))]


def test_visitors_are_those_of_the_other_marts(given: Given) -> None:
    people = [(0, 7), (0, 7), (7, 1), (7, 2), (2**64 - 1, 3)]
    given.visits(DAY, [{"counter_user_id_hash": h, "client_id": c} for h, c in people])
    given.build("metrica_reconciliation")
    assert mart(given, "visits, visitors") == [(5, 3)]


def test_only_settled_days_appear_by_the_counters_zone(given: Given) -> None:
    assert given.passport.settling_days == 3
    # The fourth midnight of Vladivostok after the day began is 14:00 UTC of the third day after it.
    settled_at = datetime(2024, 2, 2, 14, tzinfo=UTC)
    assert mart_of_order(given, settled_at - timedelta(seconds=1)) == []
    assert mart_of_order(given, settled_at) == [(DAY,)]


def mart_of_order(given: Given, requested_at: datetime) -> Sequence[tuple[Any, ...]]:
    given.visits(DAY, [{}], zone="Asia/Vladivostok", requested_at=requested_at)
    given.build("metrica_reconciliation")
    return mart(given, "day")


def test_an_empty_day_is_compared_and_a_foreign_counter_is_not(given: Given) -> None:
    given.visits(DAY)
    given.visits(DAY, [{}], counter=1)
    reported(given, 0, 0, 0)
    reported(given, 1, 1, 1, counter=1)
    given.build("metrica_reconciliation")
    assert mart(given, "counter_id, visits, is_within_tolerance") == [(COUNTER, 0, True)]
