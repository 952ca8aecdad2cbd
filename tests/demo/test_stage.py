"""Where the sources of the demo end."""

from __future__ import annotations

from datetime import date

import pytest

from demo.reported import last_quarter
from demo.stage import Ends, ends


@pytest.mark.parametrize(
    ("today", "whole", "site", "smev"),
    [
        (date(2026, 11, 29), date(2026, 10, 1), date(2026, 11, 17), date(2026, 11, 15)),
        (date(2026, 11, 18), date(2026, 10, 1), date(2026, 11, 17), date(2026, 11, 15)),
        # The 17th is not over.
        (date(2026, 11, 17), date(2026, 9, 1), date(2026, 10, 17), date(2026, 10, 15)),
        (date(2026, 3, 1), date(2026, 1, 1), date(2026, 2, 17), date(2026, 2, 15)),
        (date(2027, 1, 18), date(2026, 12, 1), date(2027, 1, 17), date(2027, 1, 15)),
    ],
)
def test_sources_end_within_a_month_and_never_in_the_future(
    today: date, whole: date, site: date, smev: date
) -> None:
    assert ends(today) == Ends(whole, site, smev)
    assert site < today


@pytest.mark.parametrize(
    ("last_month", "quarter"),
    [
        (date(2026, 10, 1), ("2026-Q3", date(2026, 9, 30))),
        (date(2026, 9, 1), ("2026-Q3", date(2026, 9, 30))),
        (date(2026, 12, 1), ("2026-Q4", date(2026, 12, 31))),
        (date(2026, 2, 1), ("2025-Q4", date(2025, 12, 31))),
    ],
)
def test_the_last_whole_quarter_is_closed(last_month: date, quarter: tuple[str, date]) -> None:
    assert last_quarter(Ends(last_month, last_month, last_month)) == quarter


def test_given_last_month_is_whole() -> None:
    june = date(2026, 6, 1)
    assert ends(date(2026, 11, 29), june) == Ends(june, date(2026, 6, 30), date(2026, 6, 30))
