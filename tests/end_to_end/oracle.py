"""Every mart of docs/marts.md counted in plain Python from what the emulators made up.

Nothing here knows our SQL or our modules: where a number differs, one of the two has misread
docs/indicators.md. The readable files of `reference/` (holidays, terms of freshness) are input to both.
"""

import csv
from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from tests.emulators.inbox import Truth
from tests.emulators.inbox.truth import Application, Request, Service
from tests.end_to_end import oracle_growth as growth
from tests.end_to_end import oracle_site as site_marts
from tests.end_to_end.comparison import Mentions
from tests.end_to_end.oracle_calendar import DAY, month_end, next_month
from tests.end_to_end.oracle_definitions import edition_in_force, final_year
from tests.end_to_end.oracle_indicators import GROWTH, Counts, indicators_monthly
from tests.end_to_end.oracle_site import Row, Site

Marts = dict[str, list[Row]]


@dataclass(frozen=True)
class World:
    """What was loaded and when it was built: all that the marts may depend on."""

    passport: Mapping[str, Any]
    sites: Sequence[Site]
    truth: Truth
    reference: Path
    built_at: datetime
    exported_on: Sequence[date] = ()
    """Days of export that catalogues of services tell of themselves."""
    read_at: datetime | None = None
    """When the freshness is read, if that is not when the marts were built."""

    @cached_property
    def zone(self) -> ZoneInfo:
        """The programme zone."""
        return ZoneInfo(self.passport["time_zone"])

    @cached_property
    def holidays(self) -> frozenset[date]:
        """Non-working days of the readable file."""
        return frozenset(
            date.fromisoformat(row["day"]) for row in _table(self.reference / "holidays.csv")
        )

    @cached_property
    def late_after_days(self) -> dict[str, int]:
        """How old the data of a source may be."""
        rows = _table(self.reference / "freshness.csv")
        return {row["source"]: int(row["late_after_days"]) for row in rows}

    @cached_property
    def today(self) -> date:
        """The programme day on which the marts were built."""
        return self.day_of(self.built_at)

    @cached_property
    def read_on(self) -> date:
        """The programme day on which the freshness is read."""
        return self.day_of(self.read_at or self.built_at)

    @cached_property
    def counters(self) -> list[growth.Counter]:
        """The sites of the passport, as the growth and the health of Metrica see them."""
        told = {one["counter_id"]: one for one in self.passport["sites"]}
        return [
            growth.Counter(
                counter_id=site.counter_id,
                name=site.name,
                came=site.came,
                since=told[site.counter_id].get("from"),
                until=told[site.counter_id].get("until"),
                replaces=told[site.counter_id].get("replaces"),
            )
            for site in self.sites
        ]

    @cached_property
    def smev_days(self) -> frozenset[date]:
        """The days that messages of SMEV speak of."""
        truth = self.truth
        ids = [*truth.uncounted_messages, *(one.message_id for one in truth.requests)]
        answered = [self.day_of(one.answered_at) for one in truth.requests if one.answered_at]
        # Answers of after the last month are invented, but no log was written of them.
        end = min(month_end(truth.last_month), self.today)
        days = [*(self.day_of(sent_at(one)) for one in ids), *answered]
        return frozenset(day for day in days if day <= end)

    @cached_property
    def data_through(self) -> dict[str, date | None]:
        """The reach of each source: the last day that its data cover, not later than today."""
        truth = self.truth
        filed = [one.filed_on for one in truth.applications]
        decided = [end for one in truth.applications if (end := one.decided_on)]
        kept = [one.on_date for one in truth.workplaces] + [one.on_date for one in truth.budget]
        kept += [one.on_date for one in truth.departments] + [one.held_on for one in truth.events]
        return {
            "metrica": growth.reach(self.counters, self.today),
            "gosuslugi": self._last_by_today([*filed, *decided, *self.exported_on]),
            "smev": max(self.smev_days, default=None),
            "registers": self._last_by_today(kept),
        }

    def _last_by_today(self, days: Iterable[date]) -> date | None:
        return max((day for day in days if day <= self.today), default=None)

    @cached_property
    def last_month(self) -> date:
        """The last month, not later than today, that any source reaches."""
        return max(day for day in self.data_through.values() if day).replace(day=1)

    def day_of(self, instant: datetime) -> date:
        """The programme day of an instant."""
        return instant.astimezone(self.zone).date()

    def marts(self) -> Marts:
        """All rows of all marts, without the columns that only a clock knows."""
        return {table: list(rows) for table, rows in self._rows().items()}

    def mart(self, table: str) -> list[Row]:
        """All rows of one mart."""
        return list(self._rows()[table])

    def _rows(self) -> dict[str, Iterator[Row]]:
        settled_before = self.today - self.passport["settling_days"] * DAY
        return {
            "indicators_monthly": indicators_monthly(
                self.passport, self._counts(), self.last_month
            ),
            "site_audience": site_marts.site_audience(self.sites, settled_before),
            "site_sources_monthly": site_marts.site_sources_monthly(self.sites),
            "site_devices_monthly": site_marts.site_devices_monthly(self.sites),
            "site_entry_pages_monthly": site_marts.site_entry_pages_monthly(self.sites),
            "site_pages_monthly": site_marts.site_pages_monthly(self.sites),
            "metrica_reconciliation": site_marts.metrica_reconciliation(self.sites),
            "services_monthly": services_monthly(self.truth.services, self.last_month),
            "service_applications_monthly": self._applications(),
            "service_quality_monthly": self._quality(),
            "smev_requests_daily": self._requests(),
            "programme_funding_yearly": self._funding(),
            "data_freshness": self._freshness(),
        }

    @cached_property
    def _growth_settings(self) -> Mapping[str, Any]:
        """The passport's settings of the growth; none if it is no indicator of the programme."""
        found = [one for one in self.passport["indicators"] if one["code"] == GROWTH]
        return found[0] if found else {}

    @property
    def _baseline(self) -> tuple[int | None, float | None]:
        settings = self._growth_settings
        return settings.get("baseline_year"), settings.get("baseline_value")

    def _counts(self) -> Counts:
        return Counts(
            total=self._total,
            is_known=self._is_known,
            share=self._share,
            audience=growth.Audience.of(self.counters, *self._baseline),
            reach=self._reach,
            dated=self._dated,
        )

    def _reach(self, code: str) -> date | None:
        if code == "ict_events":
            return self.today
        return self.data_through[
            {GROWTH: "metrica", "smev_requests": "smev"}.get(code, "gosuslugi")
        ]

    def _dated(self, code: str, end: date) -> date | None:
        truth = self.truth
        days = {
            "ict_events": [one.held_on for one in truth.events],
            "departments_equipped_share": [one.on_date for one in truth.departments],
            "edms_workplaces_share": [one.on_date for one in truth.workplaces],
            "secured_workplaces_share": [one.on_date for one in truth.workplaces],
        }
        return max((day for day in days[code] if day <= end), default=None)

    def _is_known(self, code: str, first: date, last: date) -> bool:
        if code == "smev_requests":
            return any(first <= day <= last for day in self.smev_days)
        return bool(self.truth.events)

    @cached_property
    def _counted_days(self) -> dict[str, Tally[date]]:
        return {
            "smev_requests": Tally(self.day_of(one.sent_at) for one in self.truth.requests),
            "ict_events": Tally(one.held_on for one in self.truth.events),
        }

    def _total(self, code: str, first: date, last: date) -> int:
        days = self._counted_days[code]
        return sum(number for day, number in days.items() if first <= day <= last)

    def _share(self, code: str, end: date) -> tuple[int, int] | None:
        truth = self.truth
        if code == "eservices_share":
            active = [one for one in truth.services if one.holds_on(end) and one.is_municipal]
            return sum(one.is_electronic for one in active), len(active)
        if code == "departments_equipped_share":
            departments = _latest_version(truth.departments, end)
            return sum(one.equipped >= one.required for one in departments), len(departments)
        places = _latest_version(truth.workplaces, end)
        if code == "edms_workplaces_share":
            return sum(one.has_edms for one in places), len(places)
        return sum(one.has_pc and one.has_protection for one in places), len(places)

    def _applications(self) -> Iterator[Row]:
        last_day = self.data_through["gosuslugi"]
        if last_day is None:
            return
        groups: dict[tuple[date, str, str, str], list[Application]] = defaultdict(list)
        for one in self.truth.applications:
            month = one.filed_on.replace(day=1)
            groups[month, one.service_code, one.channel, one.status_group].append(one)
        names = _service_names(self.truth)
        for (month, code, channel, group), filed in groups.items():
            days = [(one.decided_on - one.filed_on).days for one in filed if one.decided_on]
            ratings = [one.rating for one in filed if one.rating is not None]
            yield {
                "month": month,
                "service_code": code,
                "service_name": names[code],
                "channel": channel,
                "is_electronic": channel in ("ЕПГУ", "РПГУ"),
                "status_group": group,
                "applications": len(filed),
                "on_time": sum(one.is_on_time(self.holidays) for one in filed),
                "overdue": sum(one.is_overdue(self.holidays, last_day) for one in filed),
                "average_days": _mean(days),
                "rated": len(ratings),
                "average_rating": _mean(ratings),
            }

    def _quality(self) -> Iterator[Row]:
        last_day = self.data_through["gosuslugi"]
        if last_day is None:
            return
        groups: dict[tuple[date, str], list[Application]] = defaultdict(list)
        for one in self.truth.applications:
            groups[one.filed_on.replace(day=1), one.service_code].append(one)
        names = _service_names(self.truth)
        for (month, code), filed in groups.items():
            answered = [one for one in filed if one.status_group in ("provided", "refused")]
            stayed = sum(one.status_group != "withdrawn" for one in filed)
            electronic = sum(one.channel in ("ЕПГУ", "РПГУ") for one in filed)
            on_time = sum(one.is_on_time(self.holidays) for one in filed)
            overdue = sum(one.is_overdue(self.holidays, last_day) for one in filed)
            ratings = [one.rating for one in filed if one.rating is not None]
            days = [
                working_days_between(one.filed_on, one.decided_on, self.holidays)
                for one in answered
                if one.decided_on
            ]
            yield {
                "month": month,
                "service_code": code,
                "service_name": names[code],
                "applications": len(filed),
                "electronic_applications": electronic,
                "digital_share": _share_of(electronic, len(filed)),
                "completed": len(answered),
                "completion_share": _share_of(len(answered), stayed),
                "on_time": on_time,
                "overdue": overdue,
                "on_time_share": _share_of(on_time, on_time + overdue),
                "rated": len(ratings),
                "average_rating": _mean(ratings) if len(ratings) >= 10 else None,
                "average_working_days": _mean(days),
            }

    def _requests(self) -> Iterator[Row]:
        last_day = self.data_through["smev"]
        if last_day is None:
            return
        as_of = datetime.combine(last_day + DAY, time(), self.zone)
        term = timedelta(hours=self.passport["smev"].get("answer_hours", 48))
        groups: dict[tuple[date, str, str, str], list[Request]] = defaultdict(list)
        for one in self.truth.requests:
            key = self.day_of(one.sent_at), one.sender, one.namespace, one.channel_class
            groups[key].append(one)
        for (day, sender, kind, channel_class), asked in groups.items():
            seconds = [
                (one.answered_at - one.sent_at).total_seconds() for one in asked if one.answered_at
            ]
            yield {
                "day": day,
                "sender": sender,
                "information_type": kind,
                "channel_class": channel_class,
                "requests": len(asked),
                "answered": len(seconds),
                "rejected": sum(one.is_rejected for one in asked),
                "overdue": sum((one.answered_at or as_of) > one.sent_at + term for one in asked),
                "repeats": sum(one.deliveries - 1 for one in asked),
                "median_response_seconds": _quantile(seconds, 0.5),
                "p95_response_seconds": _quantile(seconds, 0.95),
            }

    def _funding(self) -> Iterator[Row]:
        last_years = [final_year(self.passport, one) for one in self.passport["editions"]]
        last_year = max([self.passport["last_year"], *last_years])
        for year in range(self.passport["first_year"], last_year + 1):
            edition = edition_in_force(self.passport, date(year, 12, 31))
            thousands = edition["funding_thousand_roubles"].get(year) if edition else None
            plan = None if thousands is None else Decimal(str(thousands)) * 1000
            executed = self.truth.executed(year)
            yield {
                "year": year,
                "plan": plan,
                "executed": executed,
                "execution_share": float(executed / plan)
                if plan and executed is not None
                else None,
                "edition_date": edition["date"] if edition else None,
            }

    def _freshness(self) -> Iterator[Row]:
        reached = {
            **self.data_through,
            "metrica": growth.reach(self.counters, self.today, self.read_on),
        }
        for source, through in reached.items():
            lag = (self.read_on - through).days if through else None
            status = "missing"
            if lag is not None:
                status = "late" if lag > self.late_after_days[source] else "fresh"
            missing = self._missing_days if source == "metrica" else {}
            left_out = self._left_out if source == "metrica" else []
            yield {
                "source": source,
                "data_through": through,
                "lag_days": lag,
                "status": status,
                "missing_days": sum(len(days) for days in missing.values()),
                "detail": self._detail(missing, left_out),
            }

    def _detail(self, missing: Mapping[str, Sequence[date]], left_out: Collection[str]) -> Mentions:
        """Names each site that misses days, with the last of these days, or is left out; no other."""
        days = {f"{missed[-1]:%d.%m.%Y}" for missed in missing.values()}
        named = {*missing, *left_out}
        others = {one.name for one in growth.joined(self.counters)} - named
        return Mentions(frozenset(named | days), frozenset(others))

    @cached_property
    def _missing_days(self) -> dict[str, list[date]]:
        year, _ = self._baseline
        return growth.missing_days(self.counters, year, self.passport["first_year"], self.read_on)

    @cached_property
    def _left_out(self) -> list[str]:
        """Names of the sites that the growth does not compare."""
        year, value = self._baseline
        if year is None or value is not None:
            return []
        return [one.name for one in growth.left_out(self.counters, year)]


def sent_at(message_id: str) -> datetime:
    """The instant within a version 1 UUID, which is when its message was sent."""
    ticks = UUID(message_id).time
    return datetime(1582, 10, 15, tzinfo=UTC) + timedelta(microseconds=ticks // 10)


def services_monthly(services: Sequence[Service], last_month: date) -> Iterator[Row]:
    """Each service from the month of its first validity on, as of the ends of the months."""
    by_code: dict[str, list[Service]] = defaultdict(list)
    for one in services:
        by_code[one.code].append(one)
    for code, validities in by_code.items():
        month = min(one.valid_from for one in validities).replace(day=1)
        while month <= last_month:
            end = month_end(month)
            begun = [one for one in validities if one.valid_from <= end]
            newest = max(begun, key=lambda one: one.valid_from)
            yield {
                "month": month,
                "service_code": code,
                "service_name": newest.name,
                "level": newest.level,
                "is_active": newest.holds_on(end),
                "is_electronic": newest.is_electronic,
            }
            month = next_month(month)


def _service_names(truth: Truth) -> dict[str, str]:
    names = {
        one.service_code: f"Услуга {one.service_code} (нет в перечне)" for one in truth.applications
    }
    return names | {
        one.code: one.name for one in sorted(truth.services, key=lambda one: one.valid_from)
    }


def _latest_version(rows: Sequence[Any], end: date) -> list[Any]:
    newest = max((one.on_date for one in rows if one.on_date <= end), default=None)
    return [one for one in rows if one.on_date == newest]


def _quantile(numbers: Sequence[float], level: float) -> float | None:
    """Linear interpolation between the two nearest ranks, as numpy's default."""
    if not numbers:
        return None
    ranked, place = sorted(numbers), level * (len(numbers) - 1)
    low = int(place)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (ranked[high] - ranked[low]) * (place - low)


def working_days_between(first: date, last: date, holidays: Collection[date]) -> int:
    """Working days after the first day up to the last one, both in order."""
    days = (first + number * DAY for number in range(1, (last - first).days + 1))
    return sum(day.weekday() < 5 and day not in holidays for day in days)


def _share_of(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _mean(numbers: Sequence[int]) -> float | None:
    return sum(numbers) / len(numbers) if numbers else None


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def now() -> datetime:
    """This instant, in UTC."""
    return datetime.now(UTC)
