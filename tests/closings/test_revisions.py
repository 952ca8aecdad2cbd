"""What changed after a period was closed, and which loads did it: all numbers by hand."""

from __future__ import annotations

from datetime import date

import pytest

from municipal_indicators.marts.build import build_marts
from municipal_indicators.warehouse.load_ledger import withdraw_units
from municipal_indicators.warehouse.templates import render
from tests.closings.conftest import Closer
from tests.marts.given import COUNTER, NOW

END = date(2024, 3, 31)


def departments(closer: Closer, as_of: date, *equipped: bool) -> None:
    """Publish a register of departments А, Б, …: each needs one workplace and has it or not."""
    rows = [
        {"as_of": as_of, "department": chr(0x410 + n), "required": 1, "equipped": int(has)}
        for n, has in enumerate(equipped)
    ]
    closer.table("registers", "core.department_rows", rows)


def test_a_period_without_changes_has_no_causes(closer: Closer) -> None:
    closer.requests({date(2024, 1, 9): 2, date(2024, 4, 9): 1})
    closer.build()
    closer.close("2024-Q1")
    assert closer.revision("smev_requests", END) == (2.0, 2.0, 0.0, [])
    assert closer.select(
        "SELECT DISTINCT toString(period_start), toString(period_end), version, toString(closed_at), "
        "closed_by FROM marts.indicator_revisions"
    ) == [("2024-01-01", "2024-03-31", 1, "2026-10-12 09:00:00", "Иванова М. П.")]


def test_a_late_file_is_named_with_what_it_brought(closer: Closer) -> None:
    closer.requests({date(2024, 1, 9): 2, date(2024, 4, 9): 1})
    closer.build()
    closer.close("2024-Q1")
    before = set(closer.units().values())
    closer.requests({date(2024, 2, 9): 3, date(2024, 4, 10): 7})
    (late,) = set(closer.units().values()) - before
    closer.build()
    assert closer.revision("smev_requests", END) == (2.0, 5.0, 3.0, [("smev", late, 3.0)])


def test_a_corrected_register_changes_a_share(closer: Closer) -> None:
    # 1 of 2 was 50 %; 3 of 5 is 60 %. Numerator +2 at the mean of 1/2 and 1/5 is +70; denominator +3 at the
    # mean numerator of 2 is -60: all of it by one file, so that it has the 10.
    departments(closer, date(2024, 3, 10), True, False)
    closer.build()
    closer.close("2024-Q1")
    departments(closer, date(2024, 3, 20), True, True, True, False, False)
    closer.build()
    (new,) = set(closer.units().values()) - {"file-1"}
    reported, present, difference, causes = closer.revision("departments_equipped_share", END)
    assert (reported, present) == (50.0, 60.0)
    assert difference == pytest.approx(10)
    assert causes == [("registers", new, difference)]


def test_two_files_share_a_ratio_by_the_parts_that_they_changed(closer: Closer) -> None:
    # Services: 1 of 1 electronic. A catalogue adds one that is not, another one that is: 2 of 3.
    def service(code: str, is_electronic: bool) -> None:
        closer.table(
            "gosuslugi",
            "core.service_catalogue_rows",
            [
                {
                    "is_dated": True,
                    "service_code": code,
                    "service_name": f"Услуга {code}",
                    "level": "муниципальная",
                    "is_electronic": is_electronic,
                    "valid_from": date(2023, 1, 1),
                    "valid_to": None,
                }
            ],
        )

    service("1", True)
    closer.applications()
    closer.build()
    closer.close("2024-Q1")
    before = set(closer.units().values())
    service("2", False)
    (first,) = set(closer.units().values()) - before
    service("3", True)
    (second,) = set(closer.units().values()) - before - {first}
    closer.build()
    reported, present, difference, causes = closer.revision("eservices_share", END)
    assert (reported, present) == (100.0, pytest.approx(200 / 3))
    # Numerator: 50 * (1/1 + 1/3) = 66.67 for one more. Denominator: -50 * (1 + 2) / (1 * 3) = -50.
    found = {unit: share for _, unit, share in causes}
    assert found == {first: pytest.approx(-50), second: pytest.approx(200 / 3 - 50)}
    assert sum(found.values()) == difference


def test_visitors_of_a_day_that_was_loaded_again(closer: Closer) -> None:
    closer.site(date(2022, 1, 1), date(2022, 3, 31), {date(2022, 1, 3): [1, 2, 3, 4]})
    closer.site(date(2024, 1, 1), date(2024, 3, 31), {date(2024, 2, 3): [1, 2]})
    closer.build()
    closer.close("2024-Q1")
    assert closer.revision("site_visitors_growth", END)[0] == -50.0
    day = {"counter_user_id_hash": 7}
    closer.visits(date(2024, 2, 5), [day])
    closer.build()
    assert closer.revision("site_visitors_growth", END) == (
        -50.0,
        -25.0,
        25.0,
        [("metrica", f"{COUNTER}/2024-02-05", 25.0)],
    )
    # Nobody comes any more on the only day that had visitors: its month has no part left, or fewer.
    closer.visits(date(2024, 2, 3), [])
    closer.build()
    reported, present, difference, causes = closer.revision("site_visitors_growth", END)
    assert (reported, present, difference) == (-50.0, -75.0, -25.0)
    assert {unit for _, unit, _ in causes} == {f"{COUNTER}/2024-02-05", f"{COUNTER}/2024-02-03"}
    assert sum(share for *_, share in causes) == difference


def test_a_withdrawn_file_is_the_cause_and_not_the_older_one_in_force_again(closer: Closer) -> None:
    closer.events(date(2024, 4, 1))
    departments(closer, date(2024, 1, 10), False, False, True)
    departments(closer, date(2024, 3, 10), True, True)
    closer.build()
    closer.close("2024-Q1")
    assert closer.revision("departments_equipped_share", END)[0] == 100.0
    keys = closer.units()
    late = max(keys, key=lambda key: int(key.removeprefix("file-")))
    withdraw_units(closer.warehouse, "registers", [late], "wrong")
    closer.build()
    reported, present, difference, causes = closer.revision("departments_equipped_share", END)
    assert (reported, present) == (100.0, pytest.approx(100 / 3))
    assert causes == [("registers", keys[late], difference)]


def test_a_fact_that_is_gone_has_no_difference_but_a_cause(closer: Closer) -> None:
    departments(closer, date(2024, 3, 10), True, True)
    closer.requests({date(2024, 1, 9): 2, date(2024, 4, 9): 1})
    closer.build()
    closer.close("2024-Q1")
    withdraw_units(closer.warehouse, "registers", ["file-1"], "wrong")
    closer.build()
    assert closer.revision("departments_equipped_share", END) == (
        100.0,
        None,
        None,
        [("registers", "file-1", 0.0)],
    )


def test_an_edited_passport_is_a_cause_without_a_load(closer: Closer) -> None:
    closer.requests({date(2023, 5, 9): 4, date(2024, 1, 9): 2, date(2024, 4, 9): 1})
    closer.build()
    closer.close("2024-Q1", reasons={"smev_requests": "Так и было задумано"})
    closer.change_indicator("smev_requests", accumulate="programme")
    closer.build()
    other = ("passport", "паспорт программы или правила подсчёта", 4.0)
    assert closer.revision("smev_requests", END) == (2.0, 6.0, 4.0, [other])
    assert closer.select(
        "SELECT reason, toString(causes[1].1) FROM marts.indicator_revisions "
        "WHERE indicator = 'smev_requests'"
    ) == [("Так и было задумано", "00000000-0000-0000-0000-000000000000")]


def test_both_versions_stand_beside_each_other(closer: Closer) -> None:
    closer.requests({date(2024, 1, 9): 2, date(2025, 1, 9): 1})
    closer.build()
    closer.close("2024")
    closer.requests({date(2024, 2, 9): 3})
    closer.build()
    closer.close("2024", 2)
    closer.requests({date(2024, 2, 10): 4})
    closer.build()
    year = date(2024, 12, 31)
    first, second = (closer.revision("smev_requests", year, version) for version in (1, 2))
    assert [first[:3], second[:3]] == [(2.0, 9.0, 7.0), (5.0, 9.0, 4.0)]
    assert sorted(share for *_, share in first[3]) == [3.0, 4.0]
    assert [share for *_, share in second[3]] == [4.0]


def test_contributions_that_do_not_add_up_fail_the_build(closer: Closer) -> None:
    closer.requests({date(2024, 1, 9): 2, date(2024, 4, 9): 1})
    closer.build()
    closer.close("2024-Q1")
    closer.requests({date(2024, 2, 9): 3})
    closer.build()
    check = render("checks/revisions_add_up.sql")
    assert closer.select(check) == []
    wrong = check.replace(
        "marts_next.indicator_revisions",
        "(SELECT * REPLACE (arrayFilter(one -> false, causes) AS causes) FROM marts.indicator_revisions)",
    )
    assert len(closer.select(wrong)) == 1


def test_a_closed_month_of_the_running_year_that_changes_is_warned_of(closer: Closer) -> None:
    closer.requests({date(2026, 1, 9): 2, date(2026, 4, 9): 1})
    closer.build()
    closer.close("2026-Q1")
    closer.requests({date(2026, 2, 9): 3})
    build_marts(closer.warehouse, closer.passport, NOW, only=("indicators_monthly",))
    told = closer.select(render("checks/settled_periods_stay.sql"))
    assert [row[1:] for row in told] == [("smev_requests", date(2026, 3, 1), "2", "5")]
