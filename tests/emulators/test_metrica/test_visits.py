"""The visits behind the API: repeatable, growing, and full of the traps of real data."""

from collections import Counter as Tally
from datetime import date, timedelta

import pytest

from tests.emulators.metrica import (
    Visit,
    day_visits,
    iter_visits,
)
from tests.emulators.test_metrica.client import DAY, ELSEWHERE, TOWN


def test_visits_are_a_function_of_seed_counter_and_day() -> None:
    assert day_visits(TOWN, DAY) == day_visits(TOWN, DAY)
    assert day_visits(TOWN, DAY) != day_visits(ELSEWHERE, DAY)
    assert day_visits(TOWN, DAY) != day_visits(TOWN, DAY, seed=1)
    assert {visit.day for visit in day_visits(TOWN, DAY)} == {DAY}
    assert day_visits(TOWN, date(2021, 12, 31)) == []
    assert len(day_visits(TOWN, date(2040, 5, 6))) > len(day_visits(TOWN, date(2022, 5, 6)))


def test_years_grow_as_the_programme_hopes_and_hold_the_traps() -> None:
    visits = list(iter_visits(TOWN, date(2022, 1, 1), date(2027, 12, 31)))
    people: dict[int, set[int]] = {}
    for visit in visits:
        people.setdefault(visit.day.year, set()).add(visit.person)
    growth = [len(people[year]) / len(people[2022]) - 1 for year in range(2022, 2028)]
    assert growth == sorted(growth)
    assert growth[1] == pytest.approx(0.115, abs=0.02)
    assert growth[5] == pytest.approx(0.6, abs=0.04)
    first_year = [visit for visit in visits if visit.day.year == 2022]
    assert 40 < len(first_year) / 365 < 70
    assert len(people[2022]) < len(first_year) / 2
    assert any(visit.user_hash == 0 for visit in first_year)
    for name in ("visit_id", "client_id", "user_hash"):
        assert max(getattr(visit, name) for visit in first_year) > 2**63
    keys = Tally((visit.day.year, visit.visit_id) for visit in visits)
    assert max(keys.values()) == 1
    assert len({visit.visit_id for visit in visits}) < len(visits)
    urls = "".join(visit.start_url for visit in first_year)
    assert set("\t\n\r\\'\"\u2028\u0085") <= set(urls)
    assert {visit.device for visit in visits} == {"1", "2", "3", "4"}


def test_visitors_shared_by_two_sites_are_two_pairs() -> None:
    week = [DAY + timedelta(number) for number in range(60)]
    hashes = [
        {visit.user_hash for day in week for visit in day_visits(counter, day)} - {0}
        for counter in (TOWN, ELSEWHERE)
    ]
    assert len(hashes[0] & hashes[1]) > 50


def test_young_days_are_unfinished() -> None:
    settled = {visit.visit_id: visit for visit in iter_visits(TOWN, DAY, DAY + timedelta(9))}
    early: dict[int, Visit] = {}
    for number in range(10):
        for visit in day_visits(TOWN, DAY + timedelta(number), settled=False):
            early[visit.visit_id] = visit
    assert set(early) < set(settled)
    assert all(visit.page_views <= settled[key].page_views for key, visit in early.items())
    assert any(visit.page_views < settled[key].page_views for key, visit in early.items())
