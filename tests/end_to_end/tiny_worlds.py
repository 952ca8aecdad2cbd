"""Worlds so small that every number of them is counted by hand, or that they are built in a second."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property, partial
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from tests.emulators.inbox.truth import (
    Application,
    Department,
    Event,
    Execution,
    Request,
    Service,
    Truth,
    Workplace,
)
from tests.end_to_end.oracle import World
from tests.end_to_end.oracle_calendar import DAY, days_between
from tests.end_to_end.oracle_growth import Audience, Counter, reach
from tests.end_to_end.oracle_indicators import Counts, indicators_monthly
from tests.end_to_end.oracle_site import Row
from tests.marts.given import NOW, Given, application, request

ZONE = ZoneInfo("Europe/Moscow")
LISTS = Path(__file__).parents[1] / "lists"
FIRST_OTHER = 100_000
"""Numbers of messages from here on are of no request to us."""

A_DAY = {2022: 1, 2023: 2, 2024: 3}
"""How many come to a tiny site on each day of a year, nobody twice."""


def came(first: date, last: date, without: Iterable[date] = ()) -> dict[date, set[object]]:
    """Who came on each covered day."""
    days = [day for day in days_between(first, last) if day not in set(without)]
    return {day: {(day, number) for number in range(A_DAY[day.year])} for day in days}


def site(last: date, without: Iterable[date] = (), **told: Any) -> Counter:
    """The only site, covered from 1 January 2022 through a day."""
    return Counter(1, "Сайт", came(date(2022, 1, 1), last, without), **told)


def passport(code: str, targets: Mapping[int, float], **settings: Any) -> dict[str, Any]:
    """A programme of 2023…2025 with one indicator and one edition."""
    return {
        "first_year": 2023,
        "last_year": 2025,
        "indicators": [{"code": code, "name": "Показатель", "unit": "ед.", **settings}],
        "editions": [{"date": date(2022, 12, 1), "targets": {code: targets}}],
    }


def counts(
    reached: date | None,
    *,
    days: Sequence[date] = (),
    share: Callable[[date], tuple[int, int] | None] = lambda _: None,
    audience: Audience | None = None,
    spoken: Sequence[date] | None = None,
) -> Counts:
    """Counts of one indicator: `days` of what is counted, `spoken` the days that messages tell of."""
    return Counts(
        total=lambda _, first, last: sum(first <= day <= last for day in days),
        is_known=lambda _, first, last: any(
            first <= day <= last for day in (days if spoken is None else spoken)
        ),
        share=lambda _, day: share(day),
        audience=audience or Audience([], None),
        reach=lambda _: reached,
        dated=lambda _, end: max((day for day in days if day <= end), default=None),
    )


def row_of(told: Mapping[str, Any], counted: Counts, month: date) -> Row:
    """The row of a month."""
    return list(indicators_monthly(told, counted, month))[-1]


def growth_row(
    counters: Sequence[Counter],
    month: date,
    today: date,
    targets: Mapping[int, float],
    value: float | None = None,
) -> Row:
    """The row of the growth on a day."""
    audience = Audience.of(counters, 2022, value)
    told = passport("site_visitors_growth", targets)
    return row_of(told, counts(reach(counters, today), audience=audience), month)


# Whole worlds, for the oracle and for the warehouse alike.


@dataclass(frozen=True)
class TinySite:
    """A counter of the passport, the days that were loaded of it, and how many came.

    Of `people` some come on each day, in later years `more` of them a year; nobody in a quiet January.
    """

    counter_id: int
    name: str
    first: date
    last: date
    holes: tuple[date, ...] = ()
    since: date | None = None
    until: date | None = None
    replaces: int | None = None
    people: int = 20
    more: int = 0
    is_quiet_in_january: bool = False

    @cached_property
    def came(self) -> dict[date, frozenset[int]]:
        """The visitors of each loaded day."""
        holes = set(self.holes)
        days = (day for day in days_between(self.first, self.last) if day not in holes)
        return {day: self._visitors(day) for day in days}

    def _visitors(self, day: date) -> frozenset[int]:
        crowd, number = self.people + self.more * (day.year - 2022), day.toordinal()
        if crowd <= 0 or number % 5 == 0 or (self.is_quiet_in_january and day.month == 1):
            return frozenset()
        return frozenset({1 + number * 7 % crowd, 1 + number // 30 % crowd})

    @property
    def told(self) -> dict[str, Any]:
        """How the passport tells of it."""
        days = {"from": self.since, "until": self.until, "replaces": self.replaces}
        return {"counter_id": self.counter_id, "name": self.name} | {
            key: value for key, value in days.items() if value is not None
        }


Told = tuple[bool, bool, bool]
"""ПК, СЗИ and СЭД of a workplace."""


@dataclass(frozen=True)
class Tiny:
    """What was loaded and when it was built; a day in a list is one thing of that day.

    `programme` is a passport without its sites. A department is its (required, equipped). Workplaces of a
    date in `corrected` were told otherwise by an earlier file.
    """

    today: date
    programme: Mapping[str, Any]
    sites: Sequence[TinySite] = ()
    requests: Sequence[date] = ()
    other_messages: Sequence[date] = ()
    events: Sequence[date] = ()
    workplaces: Mapping[date, Sequence[Told]] = field(default_factory=dict)
    corrected: Sequence[date] = ()
    departments: Mapping[date, Sequence[tuple[int, int]]] = field(default_factory=dict)
    services: Sequence[Service] = ()
    exported: Sequence[date] = ()
    filed: Sequence[date] = ()
    executions: Sequence[date] = ()

    @property
    def passport(self) -> dict[str, Any]:
        """The whole passport, as YAML gives it."""
        return {**self.programme, "sites": [one.told for one in self.sites]}

    @property
    def built_at(self) -> datetime:
        """Noon of today."""
        return _noon(self.today)

    def world(self, read_at: datetime | None = None) -> World:
        """What the oracle counts from."""
        return _TinyWorld(
            self.passport,
            [],
            self._truth(),
            LISTS,
            self.built_at,
            self.exported,
            read_at,
            tiny_sites=self.sites,
        )

    def loads(self) -> list[Callable[[Given], None]]:
        """What puts each file, and each half of a site, into a warehouse; in any order."""
        found: list[Callable[[Given], None]] = []
        for site in self.sites:
            middle = site.first + (site.last - site.first) // 2
            found += [
                partial(_load_site, site=site, first=site.first, last=middle),
                partial(_load_site, site=site, first=middle + DAY, last=site.last),
            ]
        found += [partial(Given.table, **table) for table in self._tables()]
        return found

    def _tables(self) -> Iterator[dict[str, Any]]:
        """The arguments of `Given.table` for each file."""
        messages = [*enumerate(self.requests, 1), *enumerate(self.other_messages, FIRST_OTHER)]
        for half in (messages[::2], messages[1::2]):
            if half:
                yield _file("smev", "smev_event", [_message(*one) for one in half])
        if self.events:
            rows = [{"held_on": day, "title": f"Семинар {n}"} for n, day in enumerate(self.events)]
            yield _file("registers", "event", rows, "events")
        for day, places in self.workplaces.items():
            yield _file("registers", "workplace", _workplaces(day, places), "workplaces")
            if day in self.corrected:
                before = [(not pc, protection, not edms) for pc, protection, edms in places]
                rows = _workplaces(day, before, NOW - DAY)
                yield _file("registers", "workplace", rows, "workplaces")
        for day, departments in self.departments.items():
            rows = [
                {"as_of": day, "department": f"Отдел {n}", "required": one[0], "equipped": one[1]}
                for n, one in enumerate(departments)
            ]
            yield _file("registers", "department", rows, "departments")
        for day in self.executions:
            row = {"year": day.year, "as_of": day, "item": "", "plan": None, "executed": Decimal(9)}
            yield _file("registers", "budget", [row], "budget")
        for exported in [*self.exported, *([] if self.exported else [None])]:
            rows = [_catalogue_row(one, exported) for one in self.services]
            if rows:
                yield _file("gosuslugi", "service_catalogue", rows, "catalogue")
        for day in self.filed:
            rows = [application(f"{day}", filed_on=day)]
            yield _file("gosuslugi", "service_application", rows, "applications")

    def _truth(self) -> Truth:
        others = enumerate(self.other_messages, FIRST_OTHER)
        return Truth(
            last_month=self.today.replace(day=1),
            applications=tuple(map(_application, self.filed)),
            unfiled=frozenset(),
            services=tuple(self.services),
            requests=tuple(_request(day, number) for number, day in enumerate(self.requests, 1)),
            uncounted_messages=frozenset(message_id(_noon(day), number) for number, day in others),
            workplaces=tuple(
                Workplace(str(number), "Отдел", *told, on_date)
                for on_date, version in self.workplaces.items()
                for number, told in enumerate(version)
            ),
            departments=tuple(
                Department(f"Отдел {number}", *told, on_date)
                for on_date, version in self.departments.items()
                for number, told in enumerate(version)
            ),
            events=tuple(Event(day, f"Семинар {n}", "") for n, day in enumerate(self.events)),
            budget=tuple(
                Execution(day.year, day, Decimal(0), Decimal(9)) for day in self.executions
            ),
            bad=(),
            personal=frozenset(),
            files=(),
        )


@dataclass(frozen=True)
class _TinyWorld(World):
    """A world whose visitors are told by day, without visits."""

    tiny_sites: Sequence[TinySite] = ()

    @cached_property
    def counters(self) -> list[Counter]:
        return [
            Counter(one.counter_id, one.name, one.came, one.since, one.until, one.replaces)
            for one in self.tiny_sites
        ]


def message_id(at: datetime, number: int) -> str:
    """A version 1 UUID, which holds the instant of sending."""
    ticks = (at - datetime(1582, 10, 15, tzinfo=UTC)) // timedelta(microseconds=1) * 10
    low, middle, high = ticks & 0xFFFFFFFF, ticks >> 32 & 0xFFFF, ticks >> 48 & 0x0FFF
    return str(UUID(fields=(low, middle, high | 0x1000, 0x80, 0, number)))


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), ZONE).astimezone(UTC)


def _load_site(given: Given, *, site: TinySite, first: date, last: date) -> None:
    days = [day for day in days_between(first, last) if day in site.came]
    if days:
        holes = set(days_between(days[0], days[-1])) - set(days)
        given.site(days[0], days[-1], site.came, counter=site.counter_id, without=holes)


def _file(source: str, entity: str, rows: Sequence[Any], kind: str = "") -> dict[str, Any]:
    return {"source": source, "table": f"core.{entity}_rows", "rows": rows, "kind": kind}


def _message(number: int, day: date) -> dict[str, Any]:
    at = _noon(day)
    return request(message_id(at, number), sent_at=at, is_test=number >= FIRST_OTHER)


def _workplaces(day: date, places: Sequence[Told], file_at: datetime = NOW) -> list[dict[str, Any]]:
    names = ("has_pc", "has_protection", "has_edms")
    return [
        {"as_of": day, "number": str(n), "file_at": file_at, **dict(zip(names, told, strict=True))}
        for n, told in enumerate(places)
    ]


def _catalogue_row(service: Service, exported: date | None) -> dict[str, Any]:
    return {
        "file_at": _noon(exported) if exported else NOW,
        "is_dated": exported is not None,
        "service_code": service.code,
        "service_name": service.name,
        "level": service.level,
        "is_electronic": service.is_electronic,
        "valid_from": service.valid_from,
        "valid_to": service.valid_to,
    }


def _request(day: date, number: int) -> Request:
    at = _noon(day)
    sources = frozenset({"soap"})
    return Request(message_id(at, number), at, "EXMP01", "urn:kind", 1, None, False, sources)


def _application(day: date) -> Application:
    return Application(
        f"{day}", "100", "Выдача справки", day, "ЕПГУ", "in_progress", None, None, "", None
    )
