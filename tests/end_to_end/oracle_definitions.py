"""Forecast, goal, expected line and status, as docs/indicators.md defines them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tests.end_to_end.oracle_calendar import days_of, days_through, last_day

Passport = Mapping[str, Any]
YEAR = 365


@dataclass(frozen=True)
class Reading:
    """The fact of an indicator as of a day."""

    as_of: date
    numerator: float
    denominator: float | None
    fact: float


@dataclass(frozen=True)
class Goal:
    """The next target that is due."""

    year: int
    value: float


def edition_in_force(passport: Passport, day: date) -> Passport | None:
    """The newest edition dated not later than the day."""
    known: Sequence[Passport] = [one for one in passport["editions"] if one["date"] <= day]
    return max(known, key=lambda edition: edition["date"], default=None)


def targets_of(edition: Passport | None, code: str) -> Mapping[int, float]:
    """The targets of an indicator by year."""
    return (edition["targets"].get(code) or {}) if edition else {}


def final_year(passport: Passport, edition: Passport) -> int:
    """The last year of an edition: its own, else the passport's."""
    year: int = edition.get("last_year") or passport["last_year"]
    return year


def next_goal(targets: Mapping[int, float], year: int) -> Goal | None:
    """The target of the earliest year not before the given one."""
    due = min((one for one in targets if one >= year), default=None)
    return None if due is None else Goal(due, targets[due])


def forecast_by_year_before(fact: float, before: float, through: float) -> float:
    """The fact, grown as the total of the year before grew after the same day."""
    return fact * before / through


def forecast_by_days(fact: float, as_of: date) -> float:
    """The fact as if every day of the year brought as much."""
    return fact * days_of(as_of.year) / days_through(as_of)


def gain_a_day(fact: float, year_ago: float, as_of: date, first_year: int) -> float:
    """What a day brings over the programme: of the last 365 days, or of all if they are fewer."""
    elapsed = days_of_programme(as_of, first_year)
    return (fact - year_ago) / YEAR if elapsed >= YEAR else fact / elapsed


def forecast_by_gain(fact: float, gain: float, as_of: date) -> float:
    """The fact and what the days left in the year bring."""
    return fact + gain * (last_day(as_of.year) - as_of).days


def days_of_programme(as_of: date, first_year: int) -> int:
    """Days since 31 December before the first year."""
    return (as_of - last_day(first_year - 1)).days


def gain_a_year(now: Reading, year_ago: Reading | None, earliest: Reading) -> float:
    """What a year brings: the last one, else what was gained since the earliest fact."""
    if year_ago is not None:
        return now.fact - year_ago.fact
    days = (now.as_of - earliest.as_of).days
    return (now.fact - earliest.fact) / (days / YEAR) if days else 0.0


def due_by_gain_a_year(forecast: float, gain: float, year: int, due: int) -> float:
    """What is expected at the end of the due year, of shares and growth."""
    return forecast + gain * (due - year)


def due_by_gain_a_day(forecast: float, gain: float, year: int, due: int) -> float:
    """What is expected at the end of the due year, of what is counted over the programme."""
    return forecast + gain * (last_day(due) - last_day(year)).days


def within_share(value: float) -> float:
    """A share is never below 0 or above 100."""
    return min(max(value, 0.0), 100.0)


def line(begin: date, start: float, goal: Goal, day: date) -> float:
    """The straight line from a day and its value to the goal on 31 December of its year."""
    length = (last_day(goal.year) - begin).days
    if not length:
        return goal.value
    return start + (goal.value - start) * (day - begin).days / length


def expected_of_year(goal: Goal, day: date) -> float:
    """The part of a year's goal that is due by the day."""
    return goal.value * days_through(day) / days_of(day.year)


def status(
    fact: float | None, forecast_due: float | None, goal: Goal | None, direction: str = "up"
) -> str:
    """The word for an indicator; with `direction: down` less is better."""
    if fact is None:
        return "no_data"
    if goal is None:
        return "on_track"
    assert forecast_due is not None
    if direction == "down":
        return _word(
            fact <= goal.value, forecast_due <= goal.value, forecast_due <= 1.1 * goal.value
        )
    return _word(fact >= goal.value, forecast_due >= goal.value, forecast_due >= 0.9 * goal.value)


def _word(reached: bool, will_be: bool, nearly: bool) -> str:
    if reached:
        return "achieved"
    if will_be:
        return "on_track"
    return "at_risk" if nearly else "off_track"
