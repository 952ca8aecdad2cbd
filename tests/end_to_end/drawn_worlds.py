"""Worlds that hypothesis draws: programmes, sites that come and go, sources that end on different days."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from tests.emulators.inbox.truth import Service
from tests.end_to_end.oracle_calendar import DAY
from tests.end_to_end.tiny_worlds import Tiny, TinySite, Told

BEGIN = date(2022, 1, 1)
"""The first day that anything may tell of."""
SPECIAL = (
    date(2024, 2, 29),
    date(2024, 2, 28),
    date(2024, 1, 1),
    date(2023, 12, 31),
    date(2023, 3, 1),
    date(2023, 5, 5),
    date(2023, 8, 17),
    date(2023, 4, 30),
)
"""Ends of data on which definitions break most easily."""
COUNTED = ("smev_requests", "ict_events")
CODES = (
    "site_visitors_growth",
    "eservices_share",
    "departments_equipped_share",
    "edms_workplaces_share",
    "secured_workplaces_share",
    *COUNTED,
)


def days(last: date, least: int = 0, most: int = 8) -> st.SearchStrategy[list[date]]:
    """Some days through the last, each once."""
    return st.lists(st.dates(BEGIN, last), min_size=least, max_size=most, unique=True)


@st.composite
def worlds(draw: st.DrawFn) -> Tiny:
    """A world: what was loaded of each source, and when it was built."""
    # Without this the first world of every run would be the simplest, in which there is nothing.
    assume(draw(st.integers(0, 99)))
    today = draw(st.sampled_from(SPECIAL) | st.dates(date(2023, 6, 1), SPECIAL[0]))
    # A few days of each list lie after today: they are plans, or a clock was wrong.
    last = today + 9 * DAY
    workplaces: dict[date, Sequence[Told]] = {
        day: draw(
            st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=3)
        )
        for day in draw(days(last, 1, 4))
    }
    equipment = st.tuples(st.integers(0, 2), st.integers(0, 2))
    return Tiny(
        today=today,
        programme=draw(programmes()),
        sites=draw(sites(today)),
        requests=[*draw(days(last)), *draw(_every_few_days(today))],
        other_messages=draw(days(last, most=3)),
        events=sorted(draw(st.lists(st.dates(BEGIN, last), min_size=2, max_size=9))),
        workplaces=workplaces,
        corrected=[day for day in workplaces if draw(st.booleans())],
        departments={
            day: draw(st.lists(equipment, min_size=1, max_size=3)) for day in draw(days(last, 1, 3))
        },
        services=draw(
            st.lists(_services(last), min_size=1, max_size=4, unique_by=lambda one: one.code)
        ),
        exported=draw(days(today, most=2)),
        # So that some source reaches some month.
        filed=draw(days(today, most=3)) or [today],
        executions=draw(days(last, most=3)),
    )


@st.composite
def sites(draw: st.DrawFn, today: date) -> list[TinySite]:
    """One to three counters; the second may replace the first."""
    found = [draw(_sites(today, 1))]
    kind = draw(st.sampled_from(["alone", "beside", "replaces", "replaces", "replaces", "younger"]))
    if kind in ("beside", "younger"):
        found.append(draw(_sites(today, 2)))
    if kind == "younger":
        found.append(draw(_sites(today, 3, since=st.dates(date(2022, 12, 1), today))))
    if kind == "replaces":
        since = st.none() | st.dates(found[0].since or BEGIN, max(today, found[0].since or BEGIN))
        found.append(draw(_sites(today, 2, since=since, replaces=1)))
    return found


@st.composite
def _sites(
    draw: st.DrawFn,
    today: date,
    number: int,
    since: st.SearchStrategy[date | None] = st.none() | st.dates(BEGIN, date(2023, 3, 1)),  # noqa: B008
    replaces: int | None = None,
) -> TinySite:
    begins = draw(since)
    ends = draw(st.none() | st.none() | st.dates(begins or BEGIN, max(today, begins or BEGIN)))
    # Mostly all days that it is observed, else any: a part of the history, or more than is observed.
    if draw(st.integers(0, 5)):
        first, last = begins or BEGIN, min(ends or today, today)
        last -= draw(st.integers(0, 12)) * DAY
    else:
        first = draw(st.dates(BEGIN, today))
        last = draw(st.dates(first, today))
    holes = draw(st.lists(st.tuples(st.dates(BEGIN, today), st.integers(1, 9)), max_size=3))
    return TinySite(
        number,
        f"Сайт {number}",
        first,
        last,
        holes=tuple(sorted({day + n * DAY for day, length in holes for n in range(length)})),
        since=begins,
        until=ends,
        replaces=replaces,
        people=draw(st.integers(0, 60) | st.integers(9, 60)),
        more=draw(st.integers(-20, 40)),
        is_quiet_in_january=draw(st.sampled_from([False, False, True])),
    )


def _every_few_days(today: date) -> st.SearchStrategy[list[date]]:
    """Days that are some days apart, as a source that lives has them."""

    def spread(first: date, step: int) -> list[date]:
        return [first + n * DAY for n in range(0, (today - first).days + 1, step)]

    first = st.sampled_from([BEGIN, date(2022, 12, 30)]) | st.dates(BEGIN, today)
    return st.just([]) | st.builds(spread, first, st.integers(3, 40))


def _services(last: date) -> st.SearchStrategy[Service]:
    return st.builds(
        Service,
        code=st.sampled_from(["1", "2", "3", "4"]),
        name=st.just("Услуга"),
        level=st.sampled_from(["муниципальная", "муниципальная", "региональная"]),
        is_electronic=st.booleans(),
        valid_from=st.dates(BEGIN, last),
        valid_to=st.none() | st.dates(last, last + 40 * DAY) | st.dates(BEGIN, last),
    ).filter(lambda one: one.valid_to is None or one.valid_to >= one.valid_from)


@st.composite
def programmes(draw: st.DrawFn) -> dict[str, Any]:
    """A passport without its sites: every option of an indicator, one to three editions."""
    first_year = draw(st.sampled_from([2023, 2023, 2022, 2024]))
    last_year = draw(st.integers(2024, 2026))
    dates = draw(
        st.lists(st.dates(date(2022, 6, 1), date(2023, 10, 1)), min_size=1, max_size=3, unique=True)
    )
    return {
        "programme": "Программа",
        "first_year": first_year,
        "last_year": last_year,
        "time_zone": "Europe/Moscow",
        "settling_days": 3,
        "smev": {"mnemonics": ["MTSENSK_ADM"]},
        "indicators": [draw(_indicators(code)) for code in CODES],
        "editions": [draw(_editions(day, first_year, last_year)) for day in sorted(dates)],
    }


@st.composite
def _indicators(draw: st.DrawFn, code: str) -> dict[str, Any]:
    told: dict[str, Any] = {"code": code, "name": code, "unit": "ед."}
    told |= draw(st.sampled_from([{}, {}, {"direction": "down"}]))
    if code in COUNTED:
        told |= draw(st.sampled_from([{}, {"accumulate": "year"}, {"accumulate": "programme"}]))
    if code == "site_visitors_growth":
        value = st.integers(1, 200).map(lambda number: {"baseline_value": number})
        year = st.sampled_from([{"baseline_year": 2022}, {"baseline_year": 2021}])
        told |= draw(
            st.just({"baseline_year": 2022})
            | st.just({"baseline_year": 2022})
            | value
            | st.builds(lambda one, other: {**one, **other}, value, year)
        )
    return told


@st.composite
def _editions(draw: st.DrawFn, day: date, first_year: int, last_year: int) -> dict[str, Any]:
    own = draw(st.none() | st.integers(max(first_year, 2024), 2028))
    years = st.integers(first_year, own or last_year)
    targets: Mapping[str, Any] = {
        code: draw(st.dictionaries(years, st.integers(0, 120), min_size=1, max_size=3))
        for code in CODES
        if draw(st.integers(0, 5))
    }
    funding = draw(st.dictionaries(years, st.integers(0, 5), max_size=2))
    told = {
        "date": day,
        "document": f"Постановление {day}",
        "targets": targets,
        "funding_thousand_roubles": funding,
    }
    return told if own is None else {**told, "last_year": own}
