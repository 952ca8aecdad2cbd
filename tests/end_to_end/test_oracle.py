"""The definitions of docs/indicators.md in worlds so small that every number is counted by hand."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import pytest

from tests.end_to_end import oracle_definitions as definitions
from tests.end_to_end.comparison import Mentions, differences
from tests.end_to_end.oracle_calendar import days_between, same_day
from tests.end_to_end.oracle_definitions import Goal, status
from tests.end_to_end.oracle_indicators import indicators_monthly
from tests.end_to_end.oracle_site import Row
from tests.end_to_end.tiny_worlds import counts, passport, row_of


def smev(days: Sequence[date], today: date, month: date, **settings: Any) -> Row:
    """The row of the requests: `targets` of 2023…2025 unless said otherwise."""
    told = passport("smev_requests", settings.pop("targets", {2025: 1000}), **settings)
    return row_of(told, counts(today, days=days), month)


def twice(days: Iterable[date]) -> list[date]:
    """Two on each day."""
    return [day for day in days for _ in range(2)]


def test_counted_per_year_grows_as_the_year_before() -> None:
    # One a day from January through June 2022 (181), two a day in 2023.
    before = days_between(date(2022, 1, 1), date(2022, 6, 30))
    today = date(2023, 3, 17)
    days = [*before, *twice(days_between(date(2023, 1, 1), today))]
    row = smev(days, today, date(2023, 3, 1))
    # Through 17 March there are 76 days: 76 of 181 had come by then.
    assert (row["numerator"], row["denominator"], row["fact"]) == (152, None, 152)
    assert row["forecast"] == pytest.approx(152 * 181 / 76)
    assert row["forecast_due"] == row["forecast"]
    assert row["expected"] == pytest.approx(1000 * 76 / 365)
    assert (row["data_through"], row["is_complete"]) == (today, False)


@pytest.mark.parametrize("begin", [date(2022, 2, 1), date(2022, 1, 20)])
def test_counted_per_year_without_the_january_before_grows_by_days(begin: date) -> None:
    # Nothing in January 2022, or nothing through 17 January.
    today = date(2023, 1, 17)
    days = [
        *days_between(begin, date(2022, 6, 30)),
        *twice(days_between(date(2023, 1, 1), today)),
    ]
    row = smev(days, today, date(2023, 1, 1))
    assert row["forecast"] == pytest.approx(34 * 365 / 17)


def test_counted_per_year_on_29_february_looks_at_28_february() -> None:
    # One a day in 2023, two a day in 2024: 60 days through 29 February.
    today = date(2024, 2, 29)
    days = [
        *days_between(date(2023, 1, 1), date(2023, 12, 31)),
        *twice(days_between(date(2024, 1, 1), today)),
    ]
    row = smev(days, today, date(2024, 2, 1))
    assert row["forecast"] == pytest.approx(120 * 365 / 59)
    assert row["expected"] == pytest.approx(1000 * 60 / 366)
    assert row["is_complete"] is True


def test_a_year_of_which_no_message_speaks_is_no_data() -> None:
    row = smev([date(2023, 12, 30)], date(2023, 12, 30), date(2024, 1, 1))
    assert (row["fact"], row["status"], row["data_through"]) == (
        None,
        "no_data",
        date(2023, 12, 30),
    )


def test_messages_that_are_no_requests_make_a_zero() -> None:
    told = passport("smev_requests", {2025: 1000})
    counted = counts(date(2023, 1, 9), days=[], spoken=[date(2023, 1, 9)])
    row = row_of(told, counted, date(2023, 1, 1))
    assert (row["fact"], row["forecast"], row["status"]) == (0, 0, "off_track")


def test_a_source_that_was_never_loaded_is_no_data() -> None:
    row = row_of(passport("smev_requests", {2025: 1000}), counts(None), date(2023, 1, 1))
    assert (row["fact"], row["data_through"], row["is_complete"]) == (None, None, False)


def test_counted_over_the_programme_with_less_than_a_year_of_history() -> None:
    # 10 April 2023 is day 100 of the programme: five events are 0.05 a day, 265 days are left.
    days = [date(2023, 2, number) for number in range(1, 6)]
    today = date(2023, 4, 10)
    row = row_of(passport("ict_events", {2025: 25}), counts(today, days=days), date(2023, 4, 1))
    assert row["fact"] == 5
    assert row["forecast"] == pytest.approx(5 + 0.05 * 265)
    # 2024 and 2025 have 731 days; the line has 365 + 731 of them.
    assert row["forecast_due"] == pytest.approx(18.25 + 0.05 * 731)
    assert row["expected"] == pytest.approx(25 * 100 / 1096)
    assert row["status"] == "on_track"
    assert (row["data_through"], row["is_complete"]) == (date(2023, 2, 5), False)


def test_counted_over_the_programme_gains_as_in_the_last_365_days() -> None:
    # 365 days before 30 June 2024 is 1 July 2023 (29 February lies between): six came since.
    days = [
        *days_between(date(2023, 1, 1), date(2023, 1, 20)),
        date(2023, 7, 1),
        *days_between(date(2023, 7, 2), date(2023, 7, 7)),
    ]
    counted = counts(date(2024, 6, 30), days=days, spoken=[date(2024, 1, 1)])
    row = row_of(passport("ict_events", {2025: 25}), counted, date(2024, 6, 1))
    assert row["fact"] == 27
    assert row["forecast"] == pytest.approx(27 + 6 / 365 * 184)
    assert row["forecast_due"] == pytest.approx(27 + 6 / 365 * (184 + 365))
    assert row["status"] == "achieved"


def test_accumulation_may_be_turned_round() -> None:
    days = [date(2022, 12, 1), date(2023, 5, 5), date(2024, 1, 10), date(2024, 1, 11)]
    today = date(2024, 1, 31)
    yearly = passport("ict_events", {2024: 25}, accumulate="year")
    assert row_of(yearly, counts(today, days=days), date(2024, 1, 1))["fact"] == 2
    assert smev(days, today, date(2024, 1, 1), accumulate="programme")["fact"] == 3


# Shares.


def shares(*versions: tuple[date, int]) -> Callable[[date], tuple[int, int] | None]:
    """So many of a hundred, from a day on."""

    def share(day: date) -> tuple[int, int] | None:
        known = [part for since, part in versions if since <= day]
        return (known[-1], 100) if known else None

    return share


def share_row(month: date, targets: Mapping[int, float], *versions: tuple[date, int]) -> Row:
    """The row of a share; no source reaches that far."""
    told = passport("edms_workplaces_share", targets)
    counted = counts(date(2023, 1, 1), share=shares(*versions), days=[one[0] for one in versions])
    return row_of(told, counted, month)


def test_a_share_gains_as_in_the_last_year() -> None:
    versions = (date(2023, 1, 15), 40), (date(2024, 1, 10), 50)
    row = share_row(date(2024, 1, 1), {2026: 60}, *versions)
    # 50 % now, 40 % on 31 January 2023, two years to go.
    assert (row["numerator"], row["denominator"], row["fact"], row["forecast"]) == (50, 100, 50, 50)
    assert row["forecast_due"] == pytest.approx(50 + 2 * 10)
    # The line begins on 31 January 2023 with 40 %; 365 of its 334 + 366 + 365 + 365 days are over.
    assert row["expected"] == pytest.approx(40 + 20 * 365 / 1430)
    assert row["status"] == "on_track"
    assert (row["data_through"], row["is_complete"]) == (date(2024, 1, 10), True)


def test_a_share_without_a_year_before_gains_as_since_its_earliest_fact() -> None:
    versions = (date(2023, 1, 15), 40), (date(2023, 7, 1), 50)
    row = share_row(date(2023, 7, 1), {2024: 60}, *versions)
    # 181 days from 31 January through 31 July brought 10.
    assert row["forecast_due"] == pytest.approx(50 + 10 / (181 / 365))
    assert row["expected"] == pytest.approx(40 + 20 * 181 / 700)


def test_a_share_stays_within_a_hundred_and_above_nothing() -> None:
    up = (date(2023, 1, 15), 10), (date(2024, 1, 10), 80)
    down = (date(2023, 1, 15), 90), (date(2024, 1, 10), 10)
    assert share_row(date(2024, 1, 1), {2025: 100}, *up)["forecast_due"] == 100
    assert share_row(date(2024, 1, 1), {2025: 100}, *down)["forecast_due"] == 0


def test_one_fact_gains_nothing_and_begins_the_line() -> None:
    row = share_row(date(2023, 2, 1), {2025: 60}, (date(2023, 2, 10), 40))
    assert (row["fact"], row["forecast_due"], row["expected"]) == (40, 40, 40)


def test_a_line_without_length_is_its_goal() -> None:
    row = share_row(date(2023, 12, 1), {2023: 60}, (date(2023, 12, 10), 40))
    assert (row["forecast_due"], row["expected"]) == (40, 60)


def test_history_of_a_share_begins_with_the_programme() -> None:
    # The register of 2022 holds in January 2023, which is the first month with a fact.
    row = share_row(date(2023, 3, 1), {2024: 60}, (date(2022, 3, 1), 40), (date(2023, 3, 31), 45))
    assert row["forecast_due"] == pytest.approx(45 + 5 / (59 / 365))
    assert row["expected"] == pytest.approx(40 + 20 * 59 / 700)


def test_a_register_without_rows_of_a_kind_is_no_data() -> None:
    told = passport("eservices_share", {2025: 60})
    row = row_of(told, counts(date(2023, 1, 9), share=lambda _: (0, 0)), date(2023, 1, 1))
    assert (row["status"], row["numerator"], row["denominator"]) == ("no_data", None, None)
    assert (row["data_through"], row["is_complete"]) == (date(2023, 1, 9), True)


# Goals and words.


def test_the_goal_is_the_next_target_that_is_due() -> None:
    targets = {2023: 10.0, 2025: 60.0}
    assert definitions.next_goal(targets, 2023) == Goal(2023, 10)
    assert definitions.next_goal(targets, 2024) == Goal(2025, 60)
    assert definitions.next_goal(targets, 2026) is None


def test_an_edition_keeps_its_own_last_year() -> None:
    told = {
        **passport("ict_events", {}),
        "last_year": 2027,
        "editions": [
            {"date": date(2023, 1, 1), "last_year": 2025, "targets": {"ict_events": {2025: 25}}},
            {"date": date(2023, 3, 31), "targets": {"ict_events": {2025: 30, 2027: 50}}},
        ],
    }
    counted = counts(date(2023, 3, 31), days=[date(2023, 1, 9)])
    rows = list(indicators_monthly(told, counted, date(2023, 3, 1)))
    assert [row["final_plan"] for row in rows] == [25, 25, 50]
    assert [row["goal"] for row in rows] == [25, 25, 30]
    assert [row["plan"] for row in rows] == [None, None, None]


def test_a_later_edition_moves_the_year_that_is_due() -> None:
    told = {
        **passport("ict_events", {}),
        "editions": [
            {"date": date(2023, 2, 1), "targets": {"ict_events": {2023: 5}}},
            {"date": date(2023, 3, 15), "targets": {"ict_events": {2025: 30}}},
        ],
    }
    counted = counts(date(2023, 4, 1), days=[date(2023, 1, 9)])
    january, february, march = indicators_monthly(told, counted, date(2023, 3, 1))
    names = ("edition_date", "plan", "final_plan", "due_year", "goal")
    # Nothing is in force in January.
    assert [january[name] for name in names] == [None] * 5
    assert (january["forecast_due"], january["expected"], january["status"]) == (
        None,
        None,
        "on_track",
    )
    assert [february[name] for name in names] == [date(2023, 2, 1), 5, None, 2023, 5]
    assert [march[name] for name in names] == [date(2023, 3, 15), None, 30, 2025, 30]


@pytest.mark.parametrize(
    ("direction", "fact", "due", "word"),
    [
        ("up", 60.0, 50.0, "achieved"),
        ("up", 59.0, 60.0, "on_track"),
        ("up", 10.0, 54.0, "at_risk"),
        ("up", 10.0, 53.9, "off_track"),
        ("down", 60.0, 90.0, "achieved"),
        ("down", 61.0, 60.0, "on_track"),
        ("down", 90.0, 66.0, "at_risk"),
        ("down", 90.0, 66.1, "off_track"),
    ],
)
def test_a_goal_may_lie_above_or_below(direction: str, fact: float, due: float, word: str) -> None:
    assert status(fact, due, Goal(2025, 60), direction) == word


def test_without_a_goal_it_is_on_track_and_without_a_fact_no_data() -> None:
    assert status(1, None, None) == "on_track"
    assert status(None, None, Goal(2025, 60)) == "no_data"


def test_direction_is_read_from_the_passport() -> None:
    told = passport("ict_events", {2023: 3}, direction="down")
    counted = counts(date(2023, 1, 31), days=[date(2023, 1, 9)])
    assert row_of(told, counted, date(2023, 1, 1))["status"] == "achieved"


def test_same_day_of_another_year() -> None:
    assert same_day(date(2024, 2, 29), 2023) == date(2023, 2, 28)
    assert same_day(date(2023, 2, 28), 2024) == date(2024, 2, 28)


def test_a_text_is_compared_by_what_it_must_name() -> None:
    expected = [{"source": "metrica", "detail": Mentions(frozenset(["Сайт"]))}]
    named = [{"source": "metrica", "detail": "Сайт: нет дней 1–3 мая"}]
    assert not list(differences(expected, named, ["source"]))
    assert list(differences(expected, [{"source": "metrica", "detail": ""}], ["source"]))
