"""The seven indicators of docs/indicators.md, month by month, from counts and the passport."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tests.end_to_end.oracle_site import Row

COUNTED = ("smev_requests", "ict_events")
SHARES = (
    "eservices_share",
    "departments_equipped_share",
    "edms_workplaces_share",
    "secured_workplaces_share",
)


@dataclass(frozen=True, slots=True)
class Counts:
    """What the indicators are counted from; None means that no source was loaded.

    `total` of a counted indicator takes its code and a span of days, both ends inclusive;
    `share` its code and the end of a month; `visitors` a span of days; `known_through` tells
    the last day of the data that an indicator rests on at the end of a month, `begins` the first
    day of its data.
    """

    total: Callable[[str, date, date], int | None]
    share: Callable[[str, date], tuple[int, int] | None]
    visitors: Callable[[date, date], int | None]
    known_through: Callable[[str, date], date | None]
    begins: Callable[[str], date | None]


@dataclass(frozen=True, slots=True)
class Reading:
    """One indicator at the end of one month."""

    numerator: float | None = None
    denominator: float | None = None
    fact: float | None = None
    forecast: float | None = None


def indicators_monthly(
    passport: Mapping[str, Any], counts: Counts, last_month: date
) -> Iterator[Row]:
    """Every indicator of the passport in every month from January of its first year."""
    for settings in passport["indicators"]:
        month = date(passport["first_year"], 1, 1)
        while month <= last_month:
            yield _row(passport, settings, counts, month)
            month = next_month(month)


def _row(
    passport: Mapping[str, Any], settings: Mapping[str, Any], counts: Counts, month: date
) -> Row:
    code, end = settings["code"], month_end(month)
    reading = _reading(passport, settings, counts, end)
    edition = edition_in_force(passport, end)
    targets = edition["targets"].get(code, {}) if edition else {}
    plan, final_plan = targets.get(end.year), targets.get(passport["last_year"])
    return {
        "month": month,
        "year": month.year,
        "indicator": code,
        "name": settings["name"],
        "unit": settings["unit"],
        "numerator": reading.numerator,
        "denominator": reading.denominator,
        "fact": reading.fact,
        "plan": plan,
        "final_plan": final_plan,
        "forecast": reading.forecast,
        "status": _status(reading, final_plan if plan is None else plan),
        "edition_date": edition["date"] if edition else None,
        "data_through": None if reading == Reading() else counts.known_through(code, end),
    }


def _status(reading: Reading, target: float | None) -> str:
    if reading.fact is None:
        return "no_data"
    if target is None:
        return "on_track"
    if reading.fact >= target:
        return "achieved"
    assert reading.forecast is not None
    if reading.forecast >= target:
        return "on_track"
    return "at_risk" if reading.forecast >= 0.9 * target else "off_track"


def _reading(
    passport: Mapping[str, Any], settings: Mapping[str, Any], counts: Counts, end: date
) -> Reading:
    code = settings["code"]
    if code in SHARES:
        return _share(counts.share(code, end))
    if code == "site_visitors_growth":
        return _growth(settings, counts, end)
    by_default = "year" if code == "smev_requests" else "programme"
    if settings.get("accumulate", by_default) == "year":
        return _counted_per_year(code, counts, end)
    return _counted_over_programme(code, counts, end, passport["first_year"])


def _share(parts: tuple[int, int] | None) -> Reading:
    if parts is None or not parts[1]:
        return Reading()
    fact = parts[0] / parts[1] * 100
    return Reading(*parts, fact, fact)


def _counted_per_year(code: str, counts: Counts, end: date) -> Reading:
    fact = counts.total(code, date(end.year, 1, 1), end)
    if fact is None:
        return Reading()
    factor = _factor(lambda first, last: counts.total(code, first, last), counts.begins(code), end)
    return Reading(fact, None, fact, fact * factor)


def _factor(total: Callable[[date, date], int | None], begins: date | None, end: date) -> float:
    """By how much a year's total grows after the end of a month, by the calendar year before."""
    first = date(end.year - 1, 1, 1)
    if begins and begins <= date(first.year, 1, 31):
        whole, part = total(first, date(first.year, 12, 31)), total(first, year_earlier(end))
        if whole is not None and part:
            return whole / part
    return 12 / end.month


def _counted_over_programme(code: str, counts: Counts, end: date, first_year: int) -> Reading:
    fact = counts.total(code, date(first_year, 1, 1), end)
    if fact is None:
        return Reading()
    elapsed = (end.year - first_year) * 12 + end.month
    gain = fact / elapsed
    if elapsed > 12:
        before = counts.total(code, date(first_year, 1, 1), year_earlier(end)) or 0
        gain = (fact - before) / 12
    return Reading(fact, None, fact, fact + gain * (12 - end.month))


def _growth(settings: Mapping[str, Any], counts: Counts, end: date) -> Reading:
    first = date(end.year, 1, 1)
    came = counts.visitors(first, end)
    days_of_year = (date(end.year, 12, 31) - first).days + 1
    if "baseline_value" in settings:
        whole: float | None = settings["baseline_value"]
        elapsed = ((end - first).days + 1) / days_of_year
        part = None if whole is None else whole * elapsed
    else:
        year = settings["baseline_year"]
        whole = counts.visitors(date(year, 1, 1), date(year, 12, 31))
        part = counts.visitors(date(year, 1, 1), month_end(date(year, end.month, 1)))
    if came is None or not part or not whole:
        return Reading(came, part)
    projected = came * _factor(counts.visitors, counts.begins("site_visitors_growth"), end)
    return Reading(came, part, (came / part - 1) * 100, (projected / whole - 1) * 100)


def edition_in_force(passport: Mapping[str, Any], day: date) -> Mapping[str, Any] | None:
    """The newest edition dated not later than the day."""
    known: Sequence[Mapping[str, Any]] = [e for e in passport["editions"] if e["date"] <= day]
    return max(known, key=lambda edition: edition["date"], default=None)


def month_end(month: date) -> date:
    """The last day of the month of a day."""
    return next_month(month) - timedelta(days=1)


def next_month(month: date) -> date:
    """The first day of the month after a day's."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def year_earlier(end: date) -> date:
    """The end of the same month of the year before."""
    return month_end(date(end.year - 1, end.month, 1))
