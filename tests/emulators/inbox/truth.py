"""The facts an inbox was written from, so that a test can count every mart independently."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import PurePath
from typing import Literal, TypeVar

from tests.emulators.inbox.clock import last_day, moscow

StatusGroup = Literal["in_progress", "provided", "refused", "withdrawn", "unknown"]
Channel = Literal["ЕПГУ", "РПГУ", "МФЦ", "лично", "почта", "прочее"]
FINAL_GROUPS = frozenset({"provided", "refused", "withdrawn"})
Share = tuple[int, int]
"""Numerator and denominator."""


def add_working_days(day: date, number: int, holidays: Collection[date]) -> date:
    """The `number`-th working day after `day`: Monday to Friday that is no holiday."""
    while number > 0:
        day += timedelta(days=1)
        number -= day.weekday() < 5 and day not in holidays
    return day


@dataclass(frozen=True, slots=True)
class Application:
    """One counted application in the state of its winning row (docs/files.md#какая-строка-побеждает).

    `term` is the due date, or the number of working days from filing, as that row gives it;
    None where the row gives none. `decided_on` is the date of a final status.
    """

    number: str
    service_code: str
    service_name: str
    filed_on: date
    channel: Channel
    status_group: StatusGroup
    decided_on: date | None
    term: date | int | None
    applicant_type: str
    rating: int | None

    def due_on(self, holidays: Collection[date]) -> date | None:
        """The last day of the term; `holidays` matter where the term is a number of days."""
        if isinstance(self.term, int):
            return add_working_days(self.filed_on, self.term, holidays)
        return self.term

    def is_on_time(self, holidays: Collection[date]) -> bool:
        """Decided not later than due."""
        due = self.due_on(holidays)
        return due is not None and self.decided_on is not None and self.decided_on <= due

    def is_overdue(self, holidays: Collection[date], last_data_day: date) -> bool:
        """Decided after due, or open with the term over before the last day of data."""
        due = self.due_on(holidays)
        return due is not None and (self.decided_on or last_data_day) > due


@dataclass(frozen=True, slots=True)
class Service:
    """One validity of a service in the catalogue; both ends inclusive, None is open."""

    code: str
    name: str
    level: str
    is_electronic: bool
    valid_from: date
    valid_to: date | None

    @property
    def is_municipal(self) -> bool:
        """Whether the indicator counts it."""
        return self.level == "муниципальная"

    def holds_on(self, day: date) -> bool:
        """Whether the service is active on the day in this validity."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Request:
    """One SMEV request received by us that counts.

    Instants are UTC. `deliveries` are the distinct delivery stamps written; `answered_at` is
    the first final answer, a rejection included. `sources`: soap, journal, text.
    """

    message_id: str
    sent_at: datetime
    sender: str
    namespace: str
    deliveries: int
    answered_at: datetime | None
    is_rejected: bool
    sources: frozenset[str]

    @property
    def day(self) -> date:
        """The day of sending in Moscow time."""
        return moscow(self.sent_at).date()

    @property
    def channel_class(self) -> Literal["interagency", "portal"]:
        """The class of the mart `smev_requests_daily`."""
        portal = self.sender.startswith("EPGU") or "//epgu.gosuslugi.ru/" in self.namespace
        return "portal" if portal else "interagency"

    def is_overdue(self, hours: int, now: datetime) -> bool:
        """Answered later than `hours` after sending, or open with that time over at `now`."""
        return (self.answered_at or now) > self.sent_at + timedelta(hours=hours)


@dataclass(frozen=True, slots=True)
class Workplace:
    """One workplace in the version of the register of `on_date`."""

    number: str
    department: str
    has_pc: bool
    has_protection: bool
    has_edms: bool
    on_date: date


@dataclass(frozen=True, slots=True)
class Department:
    """The equipment of one department in the version of the register of `on_date`, pieces."""

    name: str
    required: int
    equipped: int
    on_date: date


@dataclass(frozen=True, slots=True)
class Event:
    """One event held."""

    held_on: date
    title: str
    kind: str


@dataclass(frozen=True, slots=True)
class Execution:
    """The budget at a date, growing from the year's start, in roubles."""

    year: int
    on_date: date
    plan: Decimal
    executed: Decimal


@dataclass(frozen=True, slots=True)
class BadPiece:
    """A row, line or archive member that belongs in quarantine.

    `line` counts from 1 as the file shows it; a damaged member of a zip has `member` instead.
    """

    path: PurePath
    field: str
    why: str
    line: int | None = None
    member: str | None = None


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """One file of the inbox: its path below the folder and its rows, lines or members.

    `delivered` counts data rows, bad ones included; titles, totals and column numbers are not.
    """

    path: PurePath
    delivered: int


@dataclass(frozen=True, slots=True)
class Truth:
    """All facts of one inbox."""

    last_month: date
    applications: tuple[Application, ...]
    unfiled: frozenset[str]
    """Numbers of drafts and technical failures: never counted."""
    services: tuple[Service, ...]
    requests: tuple[Request, ...]
    uncounted_messages: frozenset[str]
    """Message ids that are no request to us: tests, broadcasts, cancels, own ones, others'."""
    workplaces: tuple[Workplace, ...]
    departments: tuple[Department, ...]
    events: tuple[Event, ...]
    budget: tuple[Execution, ...]
    bad: tuple[BadPiece, ...]
    personal: frozenset[str]
    """Invented personal data planted in the files: none may be found in the warehouse."""
    files: tuple[WrittenFile, ...]

    def filed_in(self, month: date) -> list[Application]:
        """Applications filed in the month."""
        return [one for one in self.applications if one.filed_on.replace(day=1) == month]

    def services_at(self, month: date) -> list[Service]:
        """Services active at the month's end."""
        return [one for one in self.services if one.holds_on(last_day(month))]

    def eservices(self, month: date) -> Share:
        """Parts of the indicator `eservices_share`."""
        municipal = [one for one in self.services_at(month) if one.is_municipal]
        return sum(one.is_electronic for one in municipal), len(municipal)

    def smev_requests(self, month: date) -> int:
        """The indicator `smev_requests`: requests from 1 January through the month."""
        first, last = month.replace(month=1, day=1), last_day(month)
        return sum(first <= one.day <= last for one in self.requests)

    def workplaces_at(self, month: date) -> list[Workplace]:
        """The latest version of the register not later than the month's end."""
        return _latest(self.workplaces, month)

    def departments_at(self, month: date) -> list[Department]:
        """The latest version of the register not later than the month's end."""
        return _latest(self.departments, month)

    def edms_workplaces(self, month: date) -> Share:
        """Parts of the indicator `edms_workplaces_share`."""
        places = self.workplaces_at(month)
        return sum(one.has_edms for one in places), len(places)

    def secured_workplaces(self, month: date) -> Share:
        """Parts of the indicator `secured_workplaces_share`."""
        places = self.workplaces_at(month)
        return sum(one.has_pc and one.has_protection for one in places), len(places)

    def equipped_departments(self, month: date) -> Share:
        """Parts of the indicator `departments_equipped_share`."""
        departments = self.departments_at(month)
        return sum(one.equipped >= one.required for one in departments), len(departments)

    def ict_events(self, month: date, first_year: int) -> int:
        """The indicator `ict_events`: events from the first programme year through the month."""
        first, last = date(first_year, 1, 1), last_day(month)
        return sum(first <= one.held_on <= last for one in self.events)

    def executed(self, year: int) -> Decimal | None:
        """Money executed at the latest date of the year, in roubles."""
        found = [one for one in self.budget if one.year == year]
        return max(found, key=lambda one: one.on_date).executed if found else None


_Version = TypeVar("_Version", Workplace, Department)


def _latest(rows: Iterable[_Version], month: date) -> list[_Version]:
    known = [one for one in rows if one.on_date <= last_day(month)]
    newest = max((one.on_date for one in known), default=None)
    return [one for one in known if one.on_date == newest]
