"""A fixed sample of the kills of ``make test-kill``, and that a reader's judge sees what is wrong."""

from __future__ import annotations

import subprocess
import sys

import pytest

from municipal_indicators.settings import REPOSITORY
from tests.kills.judging import Judge
from tests.kills.seen import Marks

OLD: Marks = {"site_audience": "5 rows, A", "smev_requests_daily": "7 rows, B"}
NEW: Marks = {"site_audience": "6 rows, C", "smev_requests_daily": "9 rows, D"}
DAYS = [f"metrica_visits 12345678/2024-03-0{day}" for day in (1, 2)]
UNITS: dict[str, list[str | None]] = {
    "event_rows file": [None, "3 rows, E"],
    **{day: ["1 rows, F", "2 rows, G"] for day in DAYS},
}
BEFORE: Marks = dict.fromkeys(DAYS, "1 rows, F")
AFTER: Marks = {"event_rows file": "3 rows, E", **dict.fromkeys(DAYS, "2 rows, G")}


def test_ten_kills_leave_the_old_or_the_new() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.kills", "--kills", "10", "--seed", "21"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert "0 kills with faults" in done.stdout
    assert "with the engine" in done.stdout
    assert "between commit and answer" in done.stdout


def judge() -> Judge:
    return Judge([OLD, NEW], UNITS, [frozenset(("2024-03-01", "2024-03-02"))])


def test_old_then_new_is_no_fault() -> None:
    one = judge()
    for marts, units in ((OLD, BEFORE), (OLD, AFTER), (NEW, AFTER)):
        one.see(marts, units)
    assert not one.faults
    assert one.was_new


@pytest.mark.parametrize(
    ("marts", "units", "fault"),
    [
        pytest.param(OLD | {"site_audience": NEW["site_audience"]}, AFTER, "of no build", id="mix"),
        pytest.param(
            OLD | {"site_audience": "0 rows, 0"}, AFTER, "of no build", id="hole in a mart"
        ),
        pytest.param(OLD, AFTER | {"event_rows file": "6 rows, EE"}, "none of 0…1", id="double"),
        pytest.param(OLD, AFTER | {DAYS[0]: "1 rows, F"}, "of two versions", id="half a request"),
        pytest.param(
            OLD, AFTER | {"other_rows file": "1 rows, H"}, "none of 0…0", id="unknown unit"
        ),
    ],
)
def test_what_a_reader_may_not_see(marts: Marks, units: Marks, fault: str) -> None:
    one = judge()
    one.see(marts, units)
    assert len(one.faults) == 1
    assert fault in one.faults[0]


def test_what_was_shown_may_not_go_again() -> None:
    one = judge()
    one.see(NEW, AFTER)
    one.see(OLD, AFTER)
    one.see(NEW, BEFORE)
    assert [fault.partition(" ")[0] for fault in one.faults] == [
        "marts",
        "event_rows",
        *["metrica_visits"] * 2,
    ]
