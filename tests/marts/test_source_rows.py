"""From a number to its source rows: the two queries of docs/indicators.md lead there for every indicator."""

from __future__ import annotations

import re
from datetime import date

import pytest

from municipal_indicators.settings import REPOSITORY
from tests.marts.given import Given, application

SECTION = (
    (REPOSITORY / "docs" / "indicators.md")
    .read_text(encoding="utf-8")
    .partition("## От числа к исходным строкам")[2]
    .partition("\n## ")[0]
)
PARTS, ROWS, *_ = re.findall(r"```sql\n(.*?)```", SECTION, re.S)
# Indicator, way to count, table, columns.
PLACES = [
    (code, way, table, columns)
    for codes, way, table, columns in re.findall(
        r"^\| ((?:`\w+_\w+`(?:, )?)+)(?:`count: (\w+)` )?\s*\| `(core\.\w+)` \| `([^`]+)` \|$",
        SECTION,
        re.M,
    )
    for code in re.findall(r"`(\w+)`", codes)
]


def fill(given: Given) -> None:
    """Rows of all sources in January 2024: 3 visits, 2 services, 2 applications, 5 requests, …"""
    given.site(date(2022, 1, 1), date(2022, 1, 31), {date(2022, 1, 3): [1, 2]})
    given.site(date(2024, 1, 1), date(2024, 1, 31), {date(2024, 1, 3): [1]})
    given.catalogue(date(2024, 1, 20), date(2023, 1, 1), date(2023, 2, 1))
    filed = date(2024, 1, 9)
    given.applications(application("a", filed_on=filed), application("b", filed_on=filed))
    given.requests({date(2024, 1, 9): 3, date(2024, 1, 10): 2})
    given.workplaces(date(2024, 1, 10), 2, 5)
    given.events(date(2023, 5, 9), date(2024, 1, 9))
    given.table(
        "registers",
        "core.department_rows",
        [
            {"as_of": date(2024, 1, 10), "department": name, "required": 2, "equipped": has}
            for name, has in (("Архив", 1), ("ЖКХ", 2), ("Опека", 0))
        ],
    )


def test_all_seven_indicators_are_in_the_table(given: Given) -> None:
    assert {code for code, *_ in PLACES} == {one.code for one in given.passport.indicators}


@pytest.mark.parametrize(
    ("code", "way", "table", "columns", "rows"),
    [(*place, rows) for place, rows in zip(PLACES, (3, 2, 2, 5, 3, 5, 5, 2), strict=True)],
    ids=lambda value: str(value)[:30],
)
def test_two_queries_lead_from_a_number_to_its_rows(
    given: Given, code: str, way: str, table: str, columns: str, rows: int
) -> None:
    if way:
        given.change_indicator(code, count=way)
    fill(given)
    given.build()
    parts = given.select(PARTS.replace("departments_equipped_share", code))
    value = "SELECT numerator FROM marts.indicators_monthly WHERE indicator = '{}' AND month = '{}'"
    numerator = given.select(value.format(code, "2024-01-01"))[0][0]
    assert sum(part[1] or 0 for part in parts) == numerator
    _, _, shown = re.findall(r"(core\.\w+)|(p\.unit), (r\.sheet.*)", ROWS)[0]
    query = (
        ROWS.replace(shown, columns)
        .replace("core.department_rows", table)
        .replace("departments_equipped_share", code)
    )
    found = given.select(query)
    assert len(found) == rows
    named = {source.partition(", лист")[0] for part in parts for source in part[4]}
    if code != "site_visitors_growth":
        assert {row[0] for row in found} == named
