"""What the repository ships in ``programme.yaml`` and ``reference/`` is valid, and complete where it must be.

These are the only tests that read those files: an edit there may break nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import get_args

import holidays as independent
import pytest

from municipal_indicators.reference import lists
from municipal_indicators.reference.labels import read_labels
from municipal_indicators.reference.passport import COUNTED, IndicatorCode, SmevCount, load_passport
from municipal_indicators.sources import SOURCES
from municipal_indicators.sources.gosuslugi.vocabulary import Channels, Statuses
from municipal_indicators.sources.metrica.fields import SOURCES as LOGS
from municipal_indicators.sources.metrica.fields import load_fields
from municipal_indicators.sources.metrica.staging import staging_script
from municipal_indicators.sources.smev.rules import load_rules
from municipal_indicators.spreadsheets.headings import headings_of
from municipal_indicators.spreadsheets.words import read_words
from municipal_indicators.warehouse.client import Warehouse

pytestmark = pytest.mark.usefixtures("shipped")

METRICA_SOURCES = [
    "organic", "direct", "referral", "ad", "social", "internal", "email", "saved", "recommend",
    "messenger", "qrcode", "external", "undefined",
]  # fmt: skip
STATUSES = {"no_data", "off_track", "at_risk", "on_track", "achieved"}
DATA_SOURCES = {source.name for source in SOURCES}

# What the library does not know yet. 2026: постановление 1466 of 24.09.2025 (9 January and 31 December)
# and article 112 of the Labour Code, by which a holiday on a weekend moves to the next working day.
# 2027: as the library's own later version (0.109) has it.
DECREED = {
    *(date(2026, 1, 9), date(2026, 12, 31)),
    *(date(2027, 2, 22), date(2027, 11, 5), date(2027, 12, 31)),
}

# Days off that your region has besides.
REGIONAL: set[date] = set()


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
    expected = official | DECREED | REGIONAL | set(moved_by_law(range(2026, 2028)))
    assert set(listed) == expected, "a day off of your region alone belongs into REGIONAL here"
    # As published: 247, 247, 248, 247, 247, 247 working days.
    working = {
        year: sum(
            (date(year, 1, 1) + timedelta(days=number)).weekday() < 5
            for number in range(366 - bool(year % 4))
        )
        - sum(day.year == year for day in set(listed) - REGIONAL)
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


def test_the_passport_is_valid() -> None:
    passport = load_passport()
    assert passport.indicators
    assert {one.code for one in passport.indicators if one.span} <= set(COUNTED)


def test_the_labels_know_every_code() -> None:
    labels = read_labels()
    assert set(labels.traffic_sources) >= set(METRICA_SOURCES)
    assert set(labels.devices) >= {"1", "2", "3", "4"}
    assert set(labels.statuses) >= STATUSES
    assert set(labels.sources) >= DATA_SOURCES
    assert set(labels.indicators) >= set(get_args(IndicatorCode))
    assert set(labels.indicators["smev_requests"].variants) | {"requests"} >= set(
        get_args(SmevCount)
    )


def test_every_source_has_a_term_of_freshness() -> None:
    assert {source for source, *_ in lists.freshness_terms()} >= DATA_SOURCES


def test_every_kind_of_table_has_headings() -> None:
    assert headings_of({kind.name: kind.needed for source in SOURCES for kind in source.kinds()})


def test_words_channels_rules_and_kinds_are_valid() -> None:
    assert read_words().flag("да")
    assert Channels().channel("ЕПГУ", read_words()) == "ЕПГУ"
    assert load_rules().operations
    lists.smev_kinds()
    lists.course_annotations()


@pytest.mark.parametrize("source", LOGS)
def test_the_fields_fit_the_warehouse(source: str, warehouse: Warehouse) -> None:
    fields = load_fields(source)
    assert {field.column for field in fields.kept} <= set(
        warehouse.columns(f"core.metrica_{source}")
    )
    assert not [name for name in fields.names if "ip" in name.casefold().split(":")[-1]]
    assert staging_script(fields)


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
