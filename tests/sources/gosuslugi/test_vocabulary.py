"""The files of ``reference/`` that map statuses, channels and days off are sound."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import holidays as independent
import pytest
import yaml

from municipal_indicators import settings
from municipal_indicators.errors import ConfigurationError
from municipal_indicators.reference import lists
from municipal_indicators.sources.gosuslugi.vocabulary import Channels, Statuses
from municipal_indicators.spreadsheets.words import Dictionary

# What the library does not know yet. 2026: постановление 1466 of 24.09.2025 (9 January and 31 December)
# and article 112 of the Labour Code, by which a holiday on a weekend moves to the next working day.
# 2027: as the library's own later version (0.109) has it.
DECREED = {
    *(date(2026, 1, 9), date(2026, 12, 31)),
    *(date(2027, 2, 22), date(2027, 11, 5), date(2027, 12, 31)),
}


def moved_by_law(years: range) -> Iterator[date]:
    """The days off of article 112: the next working day after a holiday on a weekend, January apart."""
    off = independent.country_holidays("RU", years=years)
    for year in years:
        for month, day in ((2, 23), (3, 8), (5, 1), (5, 9), (6, 12), (11, 4)):
            holiday = date(year, month, day)
            if holiday.weekday() < 5:
                continue
            while holiday.weekday() > 4 or holiday in off:
                holiday += timedelta(days=1)
            yield holiday


def test_days_off_are_those_of_the_production_calendar() -> None:
    listed = [day for day, _ in lists.holidays()]
    assert listed == sorted(set(listed))
    assert {day.weekday() for day in listed} <= set(range(5))
    known = independent.country_holidays("RU", years=range(2022, 2028))
    official = {day for day in known if day.weekday() < 5}
    # Until 2025 the library has the decrees, which may move a day elsewhere than the law would.
    assert set(listed) == official | DECREED | set(moved_by_law(range(2026, 2028)))
    # As published: 247, 247, 248, 247, 247, 247 working days.
    working = {
        year: sum(
            (date(year, 1, 1) + timedelta(days=number)).weekday() < 5
            for number in range(366 - bool(year % 4))
        )
        - sum(day.year == year for day in listed)
        for year in range(2022, 2028)
    }
    saturdays = {2022: 1, 2023: 0, 2024: 3, 2025: 1, 2026: 0, 2027: 1}
    assert {year: days + saturdays[year] for year, days in working.items()} == {
        2022: 247,
        2023: 247,
        2024: 248,
        2025: 247,
        2026: 247,
        2027: 247,
    }


def test_every_code_and_title_of_the_fact_sheet_is_mapped() -> None:
    statuses = Statuses()
    codes = (-1, 0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 16, 17, 21, 22, 24)
    assert "unknown" not in {statuses.group("", code) for code in codes}
    titles = {
        "Заявление получено ведомством": "in_progress",
        "Документы подписаны": "provided",
        "Истекло время подписания документов": "refused",
        "Принято ведомством (передано исполнителю)": "in_progress",
        "Неподтвержденная отмена": "in_progress",
        "Отменено": "withdrawn",
        "Исходящее сообщение": "message",
    }
    assert {title: statuses.group(title) for title in titles} == titles


def test_a_word_under_two_meanings_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="«ОТКАЗ» stands under a and b"):
        Dictionary("reference/x.yaml", {"a": ["Отказ"], "b": ["ОТКАЗ"]})


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (
            "statuses.yaml",
            {"codes": {"done": [3]}, "texts": {}},
            "unknown group done; allowed are in_progress",
        ),
        (
            "statuses.yaml",
            {"codes": {"failed": [3], "draft": [3]}, "texts": {}},
            "code 3 stands under",
        ),
        ("channels.yaml", {"Портал": ["портал"]}, "unknown channel Портал; allowed are ЕПГУ"),
    ],
)
def test_an_impossible_mapping_names_file_and_place(
    name: str, content: object, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    monkeypatch.setattr(settings, "REFERENCE", tmp_path)
    monkeypatch.setattr(lists.read_mapping, "__defaults__", (tmp_path,))
    with pytest.raises(ConfigurationError, match=words):
        (Statuses if name == "statuses.yaml" else Channels)()
