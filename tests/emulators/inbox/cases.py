"""The life of invented applications: filing, states over time, what a month's register knows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from tests.emulators.inbox.catalogue import SERVICES, Listed, service_code
from tests.emulators.inbox.clock import MOSCOW, add_months, last_day
from tests.emulators.inbox.people import Person, crowd
from tests.emulators.inbox.truth import FINAL_GROUPS, Channel, StatusGroup, add_working_days

Stage = StatusGroup | str

HOLIDAYS = frozenset(
    date(year, month, day)
    for year in range(2015, 2041)
    for month, day in (
        *((1, day) for day in range(1, 9)),
        *((2, 23), (3, 8), (5, 1), (5, 9), (6, 12), (11, 4)),
    )
)
"""Non-working holidays of article 112 of the Labour Code, without moved days off."""

DRAFT, FAILURE = "draft", "failure"


@dataclass(frozen=True, slots=True)
class State:
    """What an application is from a day on: a status group, or draft, or failure."""

    since: date
    group: Stage

    @property
    def is_final(self) -> bool:
        """Whether the case is closed."""
        return self.group in FINAL_GROUPS


@dataclass(frozen=True, slots=True)
class Case:
    """One application with all its states, oldest first."""

    number: str
    service_code: str
    service_name: str
    term: int
    filed_at: datetime
    channel: Channel
    applicant_type: str
    person: Person
    states: tuple[State, ...]
    rating: int | None
    is_entered_late: bool
    """Its final state reaches the register of its month as still open, of the same date."""
    is_repeated_stale: bool
    """Two months after its end a register repeats its first state."""

    @property
    def due_on(self) -> date:
        """The last day of the term by this module's holidays."""
        return add_working_days(self.filed_at.date(), self.term, HOLIDAYS)

    def state_on(self, day: date) -> State:
        """The state at the end of the day."""
        return [one for one in self.states if one.since <= day][-1]

    def state_in_register(self, month: date) -> State | None:
        """The state that the register of the month shows; None if the case is not in it."""
        filed_in = self.filed_at.date().replace(day=1)
        if month < filed_in:
            return None
        before, now = add_months(month, -1), self.state_on(last_day(month))
        known_before = self.state_on(last_day(before)) if month > filed_in else None
        if self.is_entered_late and now.is_final and _is_in(now.since, month):
            return State(now.since, "in_progress")
        if self.is_entered_late and now.is_final and _is_in(now.since, before):
            return now
        if known_before and known_before.is_final:
            is_stale = self.is_repeated_stale and _is_in(now.since, add_months(month, -2))
            return self.states[0] if is_stale else None
        # A case left open is listed for half a year, then the clerk forgets it.
        return now if now != known_before or month <= add_months(filed_in, 6) else None


def _is_in(day: date, month: date) -> bool:
    return day.replace(day=1) == month


def cases_filed(month: date, seed: int) -> Iterator[Case]:
    """All cases filed in the month, 40 to 90, ever more of them online."""
    rng = Random(f"{seed}/cases/{month}")
    years = (month - date(2022, 1, 1)).days / 365.25
    crowded = crowd(seed)
    open_services = [
        (service_code(number), one)
        for number, one in enumerate(SERVICES)
        if one.opened <= month and (one.closed_after is None or last_day(month) <= one.closed_after)
    ]
    weights = [one.weight for _, one in open_services]
    for serial in range(rng.randrange(40, 60) + min(30, int(6 * years))):
        code, listed = rng.choices(open_services, weights)[0]
        yield _case(rng, month, serial, code, listed, rng.choice(crowded))


def _case(rng: Random, month: date, serial: int, code: str, listed: Listed, person: Person) -> Case:
    filed_at = _filing(rng, month, serial)
    channel = _channel(rng, listed, filed_at.date())
    states = tuple(_states(rng, listed.term, filed_at.date(), channel))
    is_rated = states[-1].is_final and rng.random() < 0.35
    return Case(
        number=_number(channel, month, serial, rng),
        service_code=code,
        service_name=listed.name,
        term=listed.term,
        filed_at=filed_at,
        channel=channel,
        applicant_type=rng.choices(("ФЛ", "ЮЛ", "ИП"), (8, 2, 1))[0],
        person=person,
        states=states,
        rating=rng.choices((5, 4, 3, 2, 1), (12, 5, 2, 1, 1))[0] if is_rated else None,
        is_entered_late=rng.random() < 0.04,
        is_repeated_stale=rng.random() < 0.05,
    )


def _filing(rng: Random, month: date, serial: int) -> datetime:
    day = rng.randrange(1, last_day(month).day + 1)
    minute = rng.randrange(8 * 60, 22 * 60)
    if serial == 0:  # The last minutes of a month belong to it in Moscow and not in UTC.
        day, minute = last_day(month).day, 23 * 60 + 40
    if serial == 1:  # The first ones belong to the month before in UTC.
        day, minute = 1, 30
    start = datetime(month.year, month.month, day, tzinfo=MOSCOW)
    return start + timedelta(minutes=minute)


def _channel(rng: Random, listed: Listed, day: date) -> Channel:
    if listed.online_from and listed.online_from <= day and rng.random() < 0.62:
        return rng.choices(("ЕПГУ", "РПГУ"), (5, 1))[0]
    return rng.choices(("МФЦ", "лично", "почта", "прочее"), (10, 6, 2, 1))[0]


def _number(channel: Channel, month: date, serial: int, rng: Random) -> str:
    # Every part is unique by month and serial; the portal's numbers are beyond 2^31.
    index = ((month.year - 2015) * 12 + month.month) * 200 + serial
    if channel in ("ЕПГУ", "РПГУ"):
        return str(3_500_000_000 + index * 100 + rng.randrange(100))
    if channel == "МФЦ":
        return f"МЦ-{month.year}/{index:06d}"
    return f"{index:09d}"


def _states(rng: Random, term: int, filed: date, channel: Channel) -> Iterator[State]:
    if channel == "ЕПГУ" and rng.random() < 0.10:
        first = rng.choice((DRAFT, FAILURE))
        yield State(filed, first)
        if first == FAILURE or rng.random() < 0.5:
            return
        filed += timedelta(days=rng.randrange(1, 4))
    yield State(filed, "in_progress")
    if rng.random() < 0.03:
        return
    pace = rng.choices((0.3, 0.55, 0.75, 1.5), (4, 5, 4, 1))[0]
    days = max(1, round(term * pace * 1.4)) + rng.randrange(0, 3)
    middle = filed + timedelta(days=rng.randrange(1, 4))
    decided = filed + timedelta(days=days)
    if middle < decided:
        yield State(middle, "in_progress")
    final: StatusGroup = rng.choices(("provided", "refused", "withdrawn"), (80, 14, 5))[0]
    yield State(decided, "unknown" if rng.random() < 0.01 else final)
