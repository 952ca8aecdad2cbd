"""Visitors of the sites over matched days, as docs/indicators.md defines `site_visitors_growth`."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from tests.end_to_end.oracle_calendar import (
    DAY,
    days_between,
    days_of,
    days_through,
    first_day,
    is_leap_day,
    last_day,
    same_day,
)


@dataclass(frozen=True, repr=False)
class Counter:
    """One site of the passport: who came on each covered day, and when it is observed."""

    counter_id: int
    name: str
    came: Mapping[date, Collection[object]]
    since: date | None = None
    until: date | None = None
    replaces: int | None = None

    def is_observed(self, day: date) -> bool:
        """Whether the day is within `from` and `until` of the passport."""
        return (self.since or date.min) <= day <= (self.until or date.max)

    def __repr__(self) -> str:
        """The covered days as a span and its holes, which a reader can take in."""
        told = f"{self.name} {self.counter_id} from {self.since} until {self.until}"
        if not self.came:
            return f"{told} without a day"
        first, last = min(self.came), max(self.came)
        holes = sorted(set(days_between(first, last)) - self.came.keys())
        return f"{told}: {first}…{last} without {', '.join(map(str, holes)) or 'a hole'}"


@dataclass(frozen=True)
class Site:
    """A counter together with those that it replaces: one site."""

    counters: Sequence[Counter]

    @property
    def name(self) -> str:
        """That of the counter which stands for the site today: the one that no other replaces."""
        replaced = {one.replaces for one in self.counters}
        return next(one.name for one in self.counters if one.counter_id not in replaced)

    def is_covered(self, day: date) -> bool:
        """Loaded whole from any of its counters."""
        return any(day in one.came for one in self.counters)

    def is_observed(self, day: date) -> bool:
        """Observed by any of its counters."""
        return any(one.is_observed(day) for one in self.counters)

    def misses(self, day: date) -> bool:
        """Observed, and loaded whole from none of the counters that are observed then."""
        observed = [one for one in self.counters if one.is_observed(day)]
        return bool(observed) and not any(day in one.came for one in observed)

    def last_covered(self, today: date) -> date | None:
        """The latest covered day of its counters."""
        days = (day for one in self.counters for day in one.came if day <= today)
        return max(days, default=None)

    def visitors(self, days: Iterable[date]) -> int:
        """Distinct visitors of the days together."""
        came: set[object] = set()
        for day in days:
            for one in self.counters:
                came.update(one.came.get(day, ()))
        return len(came)


def joined(counters: Sequence[Counter]) -> list[Site]:
    """Every counter once: those that replace one another make one site."""
    by_id = {one.counter_id: one for one in counters}
    sites: dict[int, list[Counter]] = {}
    for one in counters:
        oldest = one
        while oldest.replaces is not None:
            oldest = by_id[oldest.replaces]
        sites.setdefault(oldest.counter_id, []).append(one)
    return [Site(members) for members in sites.values()]


def reach(counters: Sequence[Counter], built_on: date, read_on: date | None = None) -> date | None:
    """The earliest of the last covered days of the sites observed today.

    A site without a covered day does not count yet; if none is observed, the latest of all. What was
    built on one day may be read on a later one.
    """
    last = [(one, day) for one in joined(counters) if (day := one.last_covered(built_on))]
    observed = [day for one, day in last if one.is_observed(read_on or built_on)]
    return min(observed) if observed else max((day for _, day in last), default=None)


def missing_days(
    counters: Sequence[Counter], baseline_year: int | None, first_year: int, today: date
) -> dict[str, list[date]]:
    """By site: days that should have been loaded by yesterday and are not covered."""
    wanted = set(days_between(first_day(first_year), today - DAY))
    if baseline_year is not None:
        wanted |= {
            day
            for day in days_between(first_day(baseline_year), last_day(baseline_year))
            if day < today
        }
    found = {one.name: sorted(filter(one.misses, wanted)) for one in joined(counters)}
    return {name: days for name, days in found.items() if days}


def left_out(counters: Sequence[Counter], baseline_year: int) -> list[Site]:
    """Sites none of whose counters is observed before the end of the base year."""
    end = last_day(baseline_year)
    return [
        site
        for site in joined(counters)
        if all(one.since is not None and one.since > end for one in site.counters)
    ]


@dataclass(frozen=True)
class Audience:
    """V(year, day) of docs/indicators.md, with all that is compared with it."""

    sites: Sequence[Site]
    baseline_year: int | None
    baseline_value: float | None = None

    @classmethod
    def of(
        cls, counters: Sequence[Counter], baseline_year: int | None, baseline_value: float | None
    ) -> "Audience":
        """The audience of all sites that the growth counts."""
        sites = joined(counters)
        if baseline_value is None and baseline_year is not None:
            without = left_out(counters, baseline_year)
            sites = [site for site in sites if site not in without]
        return cls(sites, baseline_year, baseline_value)

    def visitors(self, year: int, day: date) -> int:
        """V(year, day): visitors of the matched days from 1 January through the day."""
        span = days_between(first_day(year), day)
        return sum(
            site.visitors(one for one in span if self._is_matched(site, one)) for site in self.sites
        )

    def is_matched_enough(self, year: int, day: date) -> bool:
        """Whether some days are matched, and 90 % of the site days from 1 January through the day."""
        through = days_between(first_day(year), day)
        span = [one for one in through if not is_leap_day(one)]
        wanted = [
            self._is_matched(site, one)
            for site in self.sites
            for one in span
            if self._is_observed_in_both(site, one)
        ]
        return 10 * sum(wanted) >= 9 * len(wanted) and any(
            self._is_matched(site, one) for site in self.sites for one in through
        )

    def baseline(self, day: date) -> float:
        """The denominator: V(baseline_year, day) matched with the day's year, or the value's part."""
        if self.baseline_value is not None:
            return self.baseline_value * days_through(day) / days_of(day.year)
        assert self.baseline_year is not None
        span = days_between(first_day(day.year), day)
        return sum(
            site.visitors(
                same_day(one, self.baseline_year) for one in span if self._is_matched(site, one)
            )
            for site in self.sites
        )

    def whole_baseline(self) -> float:
        """Visitors of the base year over all its covered days."""
        if self.baseline_value is not None:
            return self.baseline_value
        assert self.baseline_year is not None
        year = days_between(first_day(self.baseline_year), last_day(self.baseline_year))
        return sum(site.visitors(year) for site in self.sites)

    def _is_matched(self, site: Site, day: date) -> bool:
        if self.baseline_value is not None:
            return site.is_covered(day)
        assert self.baseline_year is not None
        if is_leap_day(day):
            return False
        return site.is_covered(day) and site.is_covered(same_day(day, self.baseline_year))

    def _is_observed_in_both(self, site: Site, day: date) -> bool:
        if self.baseline_value is not None:
            return site.is_observed(day)
        assert self.baseline_year is not None
        return site.is_observed(day) and site.is_observed(same_day(day, self.baseline_year))


def parts(audience: Audience, day: date) -> tuple[int, float] | None:
    """Numerator and denominator as of a day; None where they cannot be compared."""
    if not audience.is_matched_enough(day.year, day):
        return None
    denominator = audience.baseline(day)
    return (audience.visitors(day.year, day), denominator) if denominator else None


def growth(visitors: float, baseline: float) -> float:
    """By how many per cent there are more."""
    return (visitors / baseline - 1) * 100


def projection(audience: Audience, day: date) -> float:
    """By how much the year's visitors grow after a day: as in the year before, else as its days."""
    before = day.year - 1
    january = audience.visitors(before, date(before, 1, 31))
    part = audience.visitors(before, same_day(day, before))
    if january and part and audience.is_matched_enough(before, last_day(before)):
        return audience.visitors(before, last_day(before)) / part
    return days_of(day.year) / days_through(day)
