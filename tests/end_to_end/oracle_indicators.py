"""The seven indicators of docs/indicators.md, month by month, from counts and the passport."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from tests.end_to_end import oracle_definitions as definitions
from tests.end_to_end import oracle_growth as growth
from tests.end_to_end.oracle_calendar import (
    first_day,
    last_day,
    month_end,
    next_month,
    same_day,
)
from tests.end_to_end.oracle_definitions import Goal, Reading
from tests.end_to_end.oracle_growth import Audience
from tests.end_to_end.oracle_site import Row

COUNTED = {"smev_requests": "year", "ict_events": "programme"}
SHARES = (
    "eservices_share",
    "departments_equipped_share",
    "edms_workplaces_share",
    "secured_workplaces_share",
)
GROWTH = "site_visitors_growth"


@dataclass(frozen=True)
class Counts:
    """What the indicators are counted from.

    `total` of a counted indicator takes its code and a span of days, both ends inclusive;
    `is_known` tells whether its source speaks of a day of the span (of a register of events:
    whether one was loaded); `share` takes a code and a day and gives None where nothing is known;
    `reach` of a code is that of its source, of events it is today; `dated` gives the last date of
    what a register tells, not later than a day.
    """

    total: Callable[[str, date, date], int]
    is_known: Callable[[str, date, date], bool]
    share: Callable[[str, date], tuple[int, int] | None]
    audience: Audience
    reach: Callable[[str], date | None]
    dated: Callable[[str, date], date | None]


def indicators_monthly(
    passport: Mapping[str, Any], counts: Counts, last_month: date
) -> Iterator[Row]:
    """Every indicator of the passport in every month from January of its first year."""
    for settings in passport["indicators"]:
        series = Series(passport, settings, counts)
        month = date(passport["first_year"], 1, 1)
        while month <= last_month:
            yield series.row(month)
            month = next_month(month)


@dataclass(frozen=True)
class Series:
    """One indicator over the months of the programme."""

    passport: Mapping[str, Any]
    settings: Mapping[str, Any]
    counts: Counts

    @cached_property
    def code(self) -> str:
        """The code of the indicator."""
        code: str = self.settings["code"]
        return code

    @cached_property
    def kind(self) -> str:
        """How it is counted: `share`, `growth`, or over the `year` or the `programme`."""
        if self.code in SHARES:
            return "share"
        if self.code == GROWTH:
            return "growth"
        return self.settings.get("accumulate") or COUNTED[self.code]

    @property
    def _first_year(self) -> int:
        year: int = self.passport["first_year"]
        return year

    def row(self, month: date) -> Row:
        """The row of the mart."""
        edition = definitions.edition_in_force(self.passport, month_end(month))
        targets = definitions.targets_of(edition, self.code)
        final = definitions.final_year(self.passport, edition) if edition else None
        goal = definitions.next_goal(targets, month.year)
        return {
            "month": month,
            "year": month.year,
            "indicator": self.code,
            "name": self.settings["name"],
            "unit": self.settings["unit"],
            "plan": targets.get(month.year),
            "final_plan": None if final is None else targets.get(final),
            "due_year": goal.year if goal else None,
            "goal": goal.value if goal else None,
            **self._judged(self.reading(month), goal),
            "is_complete": self.kind == "share" or self.as_of(month) == month_end(month),
            "edition_date": edition["date"] if edition else None,
            "data_through": self._data_through(month),
        }

    def _judged(self, now: Reading | None, goal: Goal | None) -> Row:
        forecast = self._forecast(now) if now else None
        due = self._forecast_due(now, forecast, goal) if now and goal else None
        direction = self.settings.get("direction", "up")
        return {
            "numerator": now.numerator if now else None,
            "denominator": now.denominator if now else None,
            "fact": now.fact if now else None,
            "forecast": forecast,
            "forecast_due": due,
            "expected": self._expected(now, goal) if now and goal else None,
            "status": definitions.status(now.fact if now else None, due, goal, direction),
        }

    def as_of(self, month: date) -> date | None:
        """T: the earlier of the month's last day and the source's reach; of shares the last day."""
        if self.kind == "share":
            return month_end(month)
        reached = self.counts.reach(self.code)
        return None if reached is None else min(reached, month_end(month))

    def reading(self, month: date) -> Reading | None:
        """The fact of a month."""
        day = self.as_of(month)
        return self._at(day) if day and day.year == month.year else None

    def _at(self, day: date) -> Reading | None:
        """The fact as of a day."""
        if self.kind == "share":
            counted = self.counts.share(self.code, day)
            if counted is None or not counted[1]:
                return None
            return Reading(day, *counted, counted[0] / counted[1] * 100)
        if self.kind == "growth":
            found = growth.parts(self.counts.audience, day)
            return Reading(day, *found, growth.growth(*found)) if found else None
        if not self.counts.is_known(self.code, first_day(day.year), day):
            return None
        fact = self._total(day)
        return Reading(day, fact, None, fact)

    def _total(self, day: date) -> int:
        """What was counted from the beginning of the span through a day."""
        year = day.year if self.kind == "year" else self._first_year
        return self.counts.total(self.code, first_day(year), day)

    def _forecast(self, now: Reading) -> float:
        if self.kind == "share":
            return now.fact
        if self.kind == "growth":
            audience = self.counts.audience
            visitors = now.numerator * growth.projection(audience, now.as_of)
            return growth.growth(visitors, audience.whole_baseline())
        if self.kind == "year":
            return self._forecast_of_year(now)
        return definitions.forecast_by_gain(now.fact, self._gain_a_day(now), now.as_of)

    def _forecast_of_year(self, now: Reading) -> float:
        year = now.as_of.year - 1
        january = self.counts.total(self.code, first_day(year), date(year, 1, 31))
        through = self.counts.total(self.code, first_day(year), same_day(now.as_of, year))
        if not (january and through):
            return definitions.forecast_by_days(now.fact, now.as_of)
        whole = self.counts.total(self.code, first_day(year), last_day(year))
        return definitions.forecast_by_year_before(now.fact, whole, through)

    def _gain_a_day(self, now: Reading) -> float:
        year_ago = self._total(now.as_of - timedelta(days=definitions.YEAR))
        return definitions.gain_a_day(now.fact, year_ago, now.as_of, self._first_year)

    def _forecast_due(self, now: Reading, forecast: float | None, goal: Goal) -> float:
        assert forecast is not None
        year = now.as_of.year
        if goal.year == year or self.kind == "year":
            return forecast
        if self.kind == "programme":
            gain = self._gain_a_day(now)
            return definitions.due_by_gain_a_day(forecast, gain, year, goal.year)
        gain = definitions.gain_a_year(now, self._year_ago(now), self._earliest)
        due = definitions.due_by_gain_a_year(forecast, gain, year, goal.year)
        return definitions.within_share(due) if self.kind == "share" else due

    def _year_ago(self, now: Reading) -> Reading | None:
        year = now.as_of.year - 1
        return self._at(same_day(now.as_of, year)) if year >= self._first_year else None

    @cached_property
    def _earliest(self) -> Reading:
        """The fact of the first month that has one; asked for only where one has."""
        month = first_day(self._first_year)
        while (found := self.reading(month)) is None:
            month = next_month(month)
        return found

    def _expected(self, now: Reading, goal: Goal) -> float:
        if self.kind == "year":
            return definitions.expected_of_year(goal, now.as_of)
        if self.kind == "share":
            first = self._earliest
            return definitions.line(first.as_of, first.fact, goal, now.as_of)
        return definitions.line(last_day(self._first_year - 1), 0.0, goal, now.as_of)

    def _data_through(self, month: date) -> date | None:
        if self.code in (GROWTH, "smev_requests"):
            return self.as_of(month)
        if self.code == "eservices_share":
            reached = self.counts.reach(self.code)
            return None if reached is None else min(reached, month_end(month))
        last = month_end(month) if self.kind == "share" else self.as_of(month)
        return self.counts.dated(self.code, last) if last else None
