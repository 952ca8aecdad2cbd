"""Where each indicator stands: what changed, what is missing, what is due; and all of it in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from municipal_indicators.reference.labels import Labels, word
from municipal_indicators.report import queries, russian
from municipal_indicators.report.queries import Row
from municipal_indicators.warehouse.client import Warehouse

# So many indicators of a status are named in the sentence; the others are counted.
NAMED = 3
_NEEDS_ATTENTION = ("off_track", "at_risk", "no_data")


@dataclass(frozen=True)
class Standing:
    """One indicator in the month that is shown; texts are ready to be shown, numbers are for its chart."""

    kind: str
    change_of_month: str
    change_of_year: str
    missing: str
    left: str
    expected: str
    expected_value: float | None
    expected_on: date | None
    expected_day: str
    base_year: int | None
    base_value: float | None
    base: str


def read_standings(
    warehouse: Warehouse, rows: Mapping[str, Row], baseline_year: int | None
) -> dict[str, Standing]:
    """The standing of each indicator of ``rows``, the worst first.

    ``baseline_year`` is the year that the growth of visitors is measured from.
    """
    return {
        found["indicator"]: _standing(rows[found["indicator"]], found, baseline_year)
        for found in queries.rows(warehouse, "indicators_standing")
    }


def _standing(row: Row, found: Row, baseline_year: int | None) -> Standing:
    unit = row["unit"]
    is_growth = found["kind"] == "growth"
    base_year = baseline_year if is_growth else found["base_year"]
    return Standing(
        kind=found["kind"],
        change_of_month=russian.change(found["change_of_month"], unit),
        change_of_year=russian.change(found["change_of_year"], unit),
        missing=_missing(row, found),
        left=f"осталось {found['months_left']}{russian.NBSP}мес." if found["missing"] else "",
        expected=russian.NOT_APPLICABLE
        if row["goal"] is None
        else russian.estimate(found["expected"], unit),
        expected_value=found["expected"],
        expected_on=found["expected_on"],
        expected_day="" if found["expected"] is None else russian.short_day(found["expected_on"]),
        base_year=base_year,
        base_value=0.0 if is_growth and base_year else found["base_value"],
        base=_growth_base(row, base_year) if is_growth else _base(found, unit),
    )


def _missing(row: Row, found: Row) -> str:
    """``не хватает 10 п. п.``"""
    if row["goal"] is None:
        return russian.NOT_APPLICABLE
    if found["missing"] is None:
        return russian.NO_DATA
    if not found["missing"]:
        return "цель достигнута"
    verb = "лишних" if found["direction"] == "down" else "не хватает"
    # What is lacking is never told as nothing.
    lacking = russian.change(max(found["missing"], 0.1), row["unit"]).removeprefix("+")
    return f"{verb} {lacking}"


def _growth_base(row: Row, year: int | None) -> str:
    """Visitors of the base year on the same days, which is what the growth is measured from."""
    visitors = russian.estimate(row["denominator"], "")
    named = f"{year} год" if year else "значение из паспорта программы"
    return f"{named}, посетителей за те же дни: {visitors}"


def _base(found: Row, unit: str) -> str:
    if found["base_year"] is None:
        return russian.NOT_SET_FEMININE
    value = russian.quantity(found["base_value"], unit)
    return f"{found['base_year']} год: {value}"


def sentence(rows: Mapping[str, Row], standings: Mapping[str, Standing], labels: Labels) -> str:
    """``отстают 2 из 7 — электронные услуги (50 из 60 %), …; в графике 5 из 7``; without rows empty.

    The worst first: those that need attention are named, the others counted.
    """
    by_status: dict[str, list[str]] = {}
    for code in standings:
        by_status.setdefault(rows[code]["status"], []).append(code)
    total = len(standings)
    if total and not set(by_status) - {"achieved"}:
        return f"все цели достигнуты, {russian.plural(total, 'показатель', 'показателя', 'показателей')}"
    told = []
    for status, codes in by_status.items():
        words = status_words(status, len(codes), labels)
        counted = f"{words}{' у' if status == 'no_data' else ''} {len(codes)} из {total}"
        if status in _NEEDS_ATTENTION:
            named = [_named(rows[code], standings[code], labels) for code in codes[:NAMED]]
            more = f" и ещё {len(codes) - NAMED}" if len(codes) > NAMED else ""
            counted += f" — {', '.join(named)}{more}"
        told.append(counted)
    return "; ".join(told)


def status_words(status: str, count: int, labels: Labels) -> str:
    """The word of a status beside the number of indicators that have it: «отстаёт 1», «отстают 2»."""
    one = word(labels.statuses, status)
    many = labels.statuses_of_many.get(status, one)
    return russian.noun(count, one, many, many)


def _named(row: Row, standing: Standing, labels: Labels) -> str:
    """``мероприятия (18 из 25 ед., за год +6 ед.)``"""
    words = labels.indicators.get(row["indicator"])
    name = words.short if words and words.short else f"«{row['name']}»"
    if row["fact"] is None:
        return name
    fact = russian.number(row["fact"], 1)
    if row["goal"] is None:
        return f"{name} ({russian.quantity(row['fact'], row['unit'])})"
    numbers = f"{fact} из {russian.quantity(row['goal'], row['unit'])}"
    if standing.change_of_year.startswith(("+", russian.MINUS)):
        numbers += f", за год {standing.change_of_year}"
    return f"{name} ({numbers})"
