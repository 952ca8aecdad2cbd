"""The site marts counted in plain Python from the visits and hits that the emulator serves."""

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from tests.emulators.metrica import Hit, Visit, traffic
from tests.end_to_end.oracle_calendar import DAY, days_between

Row = dict[str, object]
GRAINS: dict[str, Callable[[date], date]] = {
    "day": lambda day: day,
    "week": lambda day: day - day.weekday() * DAY,
    "month": lambda day: day.replace(day=1),
    "quarter": lambda day: date(day.year, (day.month - 1) // 3 * 3 + 1, 1),
    "year": lambda day: date(day.year, 1, 1),
}


@dataclass(frozen=True)
class Span:
    """The counter days that were loaded of one source, both ends inclusive, without the holes."""

    first: date
    last: date
    counter_zone: ZoneInfo
    holes: frozenset[date] = frozenset()

    def counter_days(self) -> list[date]:
        """Each of them."""
        return [day for day in days_between(self.first, self.last) if day not in self.holes]

    def programme_days(self, zone: ZoneInfo) -> list[date]:
        """Days of the programme zone that they cover from the first second to the last."""
        loaded = set(self.counter_days())
        near = days_between(self.first - DAY, self.last + DAY)
        return [day for day in near if loaded.issuperset(self._counter_days_of(day, zone))]

    def _counter_days_of(self, day: date, zone: ZoneInfo) -> list[date]:
        """The counter days that a day of the programme zone touches."""
        begin = datetime.combine(day, time(), zone).astimezone(UTC)
        end = datetime.combine(day + DAY, time(), zone).astimezone(UTC) - timedelta(microseconds=1)
        first, last = (at.astimezone(self.counter_zone).date() for at in (begin, end))
        return days_between(first, last)


@dataclass(frozen=True)
class Site:
    """One site of the passport, the counter days that were loaded, and what came with them."""

    counter_id: int
    name: str
    programme_zone: ZoneInfo
    span: Span
    delivered: Sequence[Visit]
    hits_span: Span
    delivered_hits: Sequence[Hit]

    @cached_property
    def days(self) -> list[date]:
        """Programme days whose visits were loaded whole."""
        return self.span.programme_days(self.programme_zone)

    @cached_property
    def visits(self) -> list[tuple[date, Visit]]:
        """The visits of those days, each with its programme day."""
        shown = set(self.days)
        dated = ((self.day_of(visit), visit) for visit in self.delivered)
        return [(day, visit) for day, visit in dated if day in shown]

    @cached_property
    def came(self) -> dict[date, set[tuple[str, int]]]:
        """The visitors of each of those days; a day without visits has none."""
        found: dict[date, set[tuple[str, int]]] = {day: set() for day in self.days}
        for day, visit in self.visits:
            found[day].add(visitor(visit))
        return found

    def day_of(self, visit: Visit) -> date:
        """The programme day of the visit's start."""
        return visit.instant(self.span.counter_zone).astimezone(self.programme_zone).date()

    def day_of_hit(self, hit: Hit) -> date:
        """The programme day of the event."""
        happened = hit.happened.replace(tzinfo=self.span.counter_zone)
        return happened.astimezone(self.programme_zone).date()

    @property
    def title(self) -> Row:
        """The columns that every site mart has."""
        return {"counter_id": self.counter_id, "site": self.name}


def visitor(visit: Visit) -> tuple[str, int]:
    """Who came: the hash, or the cookie where there is no hash."""
    return ("hash", visit.user_hash) if visit.user_hash else ("cookie", visit.client_id)


def visitors(visits: Iterable[Visit]) -> int:
    """How many came."""
    return len({visitor(visit) for visit in visits})


def site_audience(sites: Iterable[Site], settled_before: date) -> Iterator[Row]:
    """Every period that holds a loaded day, of every site; a day without visits gives zeros."""
    for site in sites:
        for grain, start_of in GRAINS.items():
            periods: dict[date, list[Visit]] = {start_of(day): [] for day in site.days}
            last_days = {start_of(day): day for day in site.days}
            for day, visit in site.visits:
                periods[start_of(day)].append(visit)
            for start, visits in periods.items():
                yield {
                    **site.title,
                    "grain": grain,
                    "period_start": start,
                    "is_settled": last_days[start] < settled_before,
                    **_measures(visits),
                }


def _measures(visits: Sequence[Visit]) -> Row:
    return {
        "visits": len(visits),
        "visitors": visitors(visits),
        "new_visitors": visitors(visit for visit in visits if visit.is_new_user),
        "pageviews": sum(visit.page_views for visit in visits),
        "bounces": sum(visit.bounce for visit in visits),
        "bounce_share": _mean([visit.bounce for visit in visits]),
        "average_visit_seconds": _mean([visit.duration for visit in visits]),
    }


def site_sources_monthly(sites: Iterable[Site]) -> Iterator[Row]:
    """By the source of the last significant visit, as Metrica's own reports have it."""

    def source(visit: Visit) -> Row:
        seen = traffic(visit, "lastsign")
        return {"traffic_source": seen.source, "search_engine": seen.search_engine_root}

    return _monthly(sites, source)


def site_devices_monthly(sites: Iterable[Site]) -> Iterator[Row]:
    """By device, family of systems, and browser."""

    def technology(visit: Visit) -> Row:
        return {
            "device": visit.device,
            "operating_system": visit.operating_system_root,
            "browser": visit.browser,
        }

    return _monthly(sites, technology)


def site_entry_pages_monthly(sites: Iterable[Site]) -> Iterator[Row]:
    """By host and path of the first page."""

    def page(visit: Visit) -> Row:
        return {"page": page_of(visit.start_url)}

    def share(visits: Sequence[Visit]) -> Row:
        return {"bounce_share": _mean([visit.bounce for visit in visits])}

    return _monthly(sites, page, share)


def page_of(url: str) -> str:
    """Host and path."""
    # The URL standard strips tabs and line ends; none stands before the query here.
    parts = urlsplit(url)
    return parts.netloc + parts.path


def site_pages_monthly(sites: Iterable[Site]) -> Iterator[Row]:
    """Views and downloads of each page and file, and the visits that ended there."""
    for site in sites:
        shown = set(site.hits_span.programme_days(site.programme_zone))
        views: Tally[tuple[date, str]] = Tally()
        downloads: Tally[tuple[date, str]] = Tally()
        exits: Tally[tuple[date, str]] = Tally()
        came: dict[tuple[date, str], set[tuple[str, int]]] = defaultdict(set)
        for hit in site.delivered_hits:
            day = site.day_of_hit(hit)
            if day in shown and (hit.is_page_view or hit.is_download):
                key = day.replace(day=1), page_of(hit.url)
                views[key] += hit.is_page_view
                downloads[key] += hit.is_download
                came[key].add(visitor(hit.visit))
        for day, visit in site.visits:
            if day in shown:
                exits[day.replace(day=1), page_of(visit.end_url)] += 1
        for month, page in views.keys() | exits.keys():
            key = month, page
            yield {
                **site.title,
                "month": month,
                "page": page,
                "pageviews": views[key],
                "visitors": len(came[key]),
                "downloads": downloads[key],
                "exits": exits[key],
            }


def metrica_reconciliation(sites: Iterable[Site]) -> Iterator[Row]:
    """Every counter day as it was loaded, beside a report that tells the same.

    All days were ordered years after they had settled.
    """
    for site in sites:
        by_day: dict[date, list[Visit]] = {day: [] for day in site.span.counter_days()}
        for visit in site.delivered:
            by_day[visit.day].append(visit)
        for day, visits in by_day.items():
            ours = {
                "visits": len(visits),
                "visitors": visitors(visits),
                "pageviews": sum(visit.page_views for visit in visits),
            }
            reported = {f"reported_{name}": count for name, count in ours.items()}
            differences = {f"{name}_difference": 0.0 for name in ours}
            judged = {"is_sampled": False, "sample_share": 1.0, "is_within_tolerance": True}
            yield {**site.title, "day": day, **ours, **reported, **differences, **judged}


def _monthly(
    sites: Iterable[Site],
    key_of: Callable[[Visit], Row],
    more: Callable[[Sequence[Visit]], Row] = lambda _: {},
) -> Iterator[Row]:
    for site in sites:
        groups: dict[tuple[date, tuple[tuple[str, object], ...]], list[Visit]] = defaultdict(list)
        for day, visit in site.visits:
            groups[day.replace(day=1), tuple(key_of(visit).items())].append(visit)
        for (month, key), visits in groups.items():
            yield {
                **site.title,
                "month": month,
                **dict(key),
                "visits": len(visits),
                "visitors": visitors(visits),
                **more(visits),
            }


def _mean(numbers: Sequence[int]) -> float | None:
    return sum(numbers) / len(numbers) if numbers else None
