"""What the lines above a table say of its date and of its unit of money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from municipal_indicators.spreadsheets.amounts import units_in
from municipal_indicators.spreadsheets.cutting import line_of
from municipal_indicators.spreadsheets.dates import true_at
from municipal_indicators.spreadsheets.headings import SEARCHED_ROWS
from municipal_indicators.spreadsheets.periods import months_in
from municipal_indicators.spreadsheets.sheets import Row
from municipal_indicators.spreadsheets.words import Words


@dataclass(frozen=True, slots=True)
class Titles:
    """Lines above a table that may give its dates, its own first, and its unit: its own, and other ones."""

    dates: list[str]
    units: list[str]
    units_above: list[str]


def first_titles(rows: Sequence[Row]) -> Titles:
    """The titles of the first table of a sheet."""
    own = [line_of(row) for row in rows]
    return Titles(own, own, [])


def next_titles(rows: Sequence[Row], above: Titles, words: Words, zone: ZoneInfo) -> Titles:
    """The titles of a table; what they do not say holds as the table ``above`` has it.

    A date does not hold for a table that names another month («март 2024»).
    """
    own = [line_of(row) for row in rows]
    return Titles(
        own
        if _is_of_another_month(own, above, words, zone)
        else [*own, *above.dates][:SEARCHED_ROWS],
        own,
        above.units if units_in(above.units) else above.units_above,
    )


def _is_of_another_month(own: Sequence[str], above: Titles, words: Words, zone: ZoneInfo) -> bool:
    months = months_in(own)
    before = true_at(above.dates, words, zone) if months else None
    if before is None:
        return False
    day = before.astimezone(zone).date()
    # The first day of a month is the state at the end of the one before.
    days = (day, day - timedelta(days=1))
    return months.isdisjoint((one.year, one.month) for one in days)
