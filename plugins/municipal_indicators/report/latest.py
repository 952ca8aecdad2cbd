"""The two months that are shown: the headline month, and the one under way, which is preliminary."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from municipal_indicators.reference.labels import Labels, in_order, word
from municipal_indicators.report import queries, russian
from municipal_indicators.report.queries import Row
from municipal_indicators.warehouse.client import Warehouse


@dataclass(frozen=True)
class Latest:
    """The rows of each indicator by code, and what is said of the months.

    Without a complete month there is no headline; without a month after it nothing is preliminary.
    """

    headline: dict[str, Row]
    preliminary: dict[str, Row]
    reaches: str

    @property
    def shown(self) -> dict[str, Row]:
        """The headline; the month under way where no month is complete yet."""
        return self.headline or self.preliminary

    @property
    def beside(self) -> dict[str, Row]:
        """What stands beside the headline."""
        return self.preliminary if self.headline else {}

    @property
    def month(self) -> str:
        """``октябрь 2026``; ``ноябрь 2026, предварительно`` where no month is complete yet."""
        month = russian.month(month_of(self.shown))
        return month if self.headline else f"{month}, предварительно"


def read_latest(warehouse: Warehouse, labels: Labels, zone: ZoneInfo) -> Latest:
    """The rows of the view that says which month is what; empty marts give empty rows."""
    found = queries.rows(warehouse, "indicators_latest")
    headline, preliminary = (
        {row["indicator"]: row for row in found if row["role"] == role}
        for role in ("headline", "preliminary")
    )
    return Latest(headline, preliminary, _reaches(warehouse, preliminary, labels, zone))


def month_of(rows: dict[str, Row]) -> date | None:
    """The month of the rows; None without rows."""
    return next((row["month"] for row in rows.values()), None)


def computed_at(latest: Latest) -> datetime | None:
    """When the newest of what is shown was computed; None where nothing is."""
    return max((row["computed_at"] for row in latest.shown.values()), default=None)


def _reaches(
    warehouse: Warehouse, preliminary: dict[str, Row], labels: Labels, zone: ZoneInfo
) -> str:
    """``Ноябрь идёт: сайт по 17 ноября, СМЭВ по 15-е.``; empty if nothing is preliminary."""
    month = month_of(preliminary)
    if month is None:
        return ""
    days = {row["source"]: row["data_through"] for row in queries.rows(warehouse, "data_freshness")}
    words = labels.sources | labels.sources_in_text
    told = [(word(words, source), days[source]) for source in in_order(days, labels.sources)]
    at = next(iter(preliminary.values()))["computed_at"]
    # The driver gives DateTime('UTC') without a zone.
    today = at.replace(tzinfo=UTC).astimezone(zone).date()
    state = "идёт" if today.replace(day=1) == month else "ещё не полон"
    name = russian.MONTHS[month.month - 1].capitalize()
    return f"{name} {state}: {russian.reaches(month, told)}."
