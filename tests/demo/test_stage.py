"""Where the sources of the demo end."""

from __future__ import annotations

import re
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from demo.__main__ import main, say_what_next
from demo.reported import last_quarter
from demo.stage import REPOSITORY, Ends, ImpossibleMonthError, Stage, ends, read_month


@pytest.mark.parametrize(
    ("today", "whole", "site", "smev"),
    [
        (date(2026, 11, 29), date(2026, 10, 1), date(2026, 11, 17), date(2026, 11, 15)),
        (date(2026, 11, 18), date(2026, 10, 1), date(2026, 11, 17), date(2026, 11, 15)),
        # The 17th is not over.
        (date(2026, 11, 17), date(2026, 9, 1), date(2026, 10, 17), date(2026, 10, 15)),
        (date(2026, 3, 1), date(2026, 1, 1), date(2026, 2, 17), date(2026, 2, 15)),
        (date(2027, 1, 18), date(2026, 12, 1), date(2027, 1, 17), date(2027, 1, 15)),
    ],
)
def test_sources_end_within_a_month_and_never_in_the_future(
    today: date, whole: date, site: date, smev: date
) -> None:
    assert ends(today) == Ends(whole, site, smev)
    assert site < today


@pytest.mark.parametrize(
    ("last_month", "quarter"),
    [
        (date(2026, 10, 1), ("2026-Q3", date(2026, 9, 30))),
        (date(2026, 9, 1), ("2026-Q3", date(2026, 9, 30))),
        (date(2026, 12, 1), ("2026-Q4", date(2026, 12, 31))),
        (date(2026, 2, 1), ("2025-Q4", date(2025, 12, 31))),
    ],
)
def test_the_last_whole_quarter_is_closed(last_month: date, quarter: tuple[str, date]) -> None:
    assert last_quarter(Ends(last_month, last_month, last_month)) == quarter


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2020-01", "программа начинается в 2023 году"),
        ("2023-02", "нужен её первый целый квартал"),
        ("2026-11", "ещё не закончился"),
        ("2031-01", "ещё не закончился"),
        ("2026-13", "не месяц"),
        ("октябрь", "не месяц"),
        ("", "не месяц"),
    ],
)
def test_an_impossible_last_month_is_refused_in_words(text: str, told: str) -> None:
    with pytest.raises(ImpossibleMonthError, match=told) as error:
        read_month(text, date(2026, 11, 30))
    assert "с 2023-03 по 2026-10" in str(error.value)


def test_the_demo_that_cannot_end_there_does_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--folder", str(tmp_path / "demo"), "--last-month", "2020-01"]) == 2
    assert "программа начинается" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_what_comes_next_is_named_in_80_columns() -> None:
    said = StringIO()
    stage = Stage(REPOSITORY / "build" / "demo")
    console = Console(file=said, width=80)
    say_what_next(console, stage, date(2026, 11, 30), "2026-Q3", 80.0)
    lines = said.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert [
        line for line in lines if line and not re.match("  |Готово|Источники|«запазд|Что", line)
    ] == []
    for command in ("airflow", "superset", "stack", "report PERIOD=2026-Q3", "demo"):
        assert f"make {command}" in said.getvalue()


def test_given_last_month_is_whole() -> None:
    june = date(2026, 6, 1)
    assert ends(date(2026, 11, 29), june) == Ends(june, date(2026, 6, 30), date(2026, 6, 30))
