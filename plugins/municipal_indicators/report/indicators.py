"""The cards of the programme's indicators, the worst first: numbers as text, and the chart of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from municipal_indicators.reference import lists
from municipal_indicators.reference.labels import Explanation, Labels, word
from municipal_indicators.report import course, queries, russian
from municipal_indicators.report.charts import Chart
from municipal_indicators.report.evidence import Evidence, read_evidence
from municipal_indicators.report.latest import Latest
from municipal_indicators.report.outlook import Outlook, read_outlooks
from municipal_indicators.report.queries import Row
from municipal_indicators.report.standing import Standing
from municipal_indicators.warehouse.client import Warehouse

UNKNOWN_INDICATOR = Explanation(
    formula="формула этого показателя не описана в reference/labels.yaml",
    numerator="числитель",
    denominator="знаменатель",
)


@dataclass(frozen=True)
class Preliminary:
    """The month under way beside a headline: ``Ноябрь, предварительно``, a value and its day.

    Where the source has not reached the month, the note says so and the fact is empty.
    """

    month: str
    fact: str
    note: str
    status: str
    status_word: str


@dataclass(frozen=True)
class Card:
    """One indicator in the month that is shown, ready to be shown itself.

    ``forecast`` is that for the end of the year ``until``; without history and goal, of this year.
    """

    code: str
    name: str
    unit: str
    fact: str
    day: str
    plan: str
    final_plan: str
    goal: str
    due_year: int | None
    forecast: str
    until: int
    outlook: Outlook | None
    standing: Standing
    status: str
    status_word: str
    preliminary: Preliminary | None
    edition: str
    data_through: str
    year: int
    formula: str
    parts: tuple[tuple[str, str], ...]
    evidence: Evidence | None
    chart: Chart

    @property
    def is_beside_news(self) -> bool:
        """Whether the month under way says anything but the same value of the same day."""
        beside = self.preliminary
        if beside is None:
            return False
        if self.fact == russian.NO_DATA and not beside.fact:
            return False
        return (beside.fact, beside.note) != (self.fact, self.day)


def read_cards(
    warehouse: Warehouse,
    latest: Latest,
    standings: Mapping[str, Standing],
    labels: Labels,
    last_year: int,
) -> list[Card]:
    """One card per indicator in the order of ``standings``; none without rows.

    ``last_year`` is the programme's. Raises ConfigurationError where the annotations are wrong.
    """
    rows = latest.shown
    methods = {
        row["indicator"]: row["method"] for row in queries.rows(warehouse, "indicator_methods")
    }
    words = {
        code: labels.explanation(code, methods.get(code, "")) or UNKNOWN_INDICATOR for code in rows
    }
    evidence = read_evidence(
        warehouse,
        rows,
        {code: (one.numerator, one.denominator or "") for code, one in words.items()},
    )
    outlooks = read_outlooks(warehouse)
    courses = course.read_courses(warehouse, list(rows), lists.course_annotations())
    return [
        _card(
            rows[code],
            latest.beside.get(code),
            standing,
            outlooks.get(code),
            labels,
            words[code],
            evidence.get(code),
            course.chart(
                rows[code], courses[code], standing, outlooks.get(code), last_year, labels
            ),
        )
        for code, standing in standings.items()
    ]


def _card(
    row: Row,
    beside: Row | None,
    standing: Standing,
    outlook: Outlook | None,
    labels: Labels,
    explanation: Explanation,
    evidence: Evidence | None,
    chart: Chart,
) -> Card:
    unit = row["unit"]
    return Card(
        code=row["indicator"],
        name=row["name"],
        unit=unit,
        fact=russian.quantity(row["fact"], unit),
        day="" if row["fact"] is None else row["note"],
        plan=russian.planned(row["plan"], unit),
        final_plan=russian.planned(row["final_plan"], unit),
        goal=russian.planned(row["goal"], unit),
        due_year=row["due_year"],
        forecast=outlook.forecast if outlook else russian.estimate(row["forecast"], unit),
        until=outlook.until if outlook else row["year"],
        outlook=outlook,
        standing=standing,
        status=row["status"],
        status_word=word(labels.statuses, row["status"]),
        preliminary=_preliminary(beside, labels) if beside else None,
        edition=russian.day(row["edition_date"]),
        data_through=russian.day(row["data_through"]),
        year=row["year"],
        formula=explanation.formula,
        parts=_parts(row, explanation),
        evidence=evidence,
        chart=chart,
    )


def _preliminary(row: Row, labels: Labels) -> Preliminary:
    return Preliminary(
        month=russian.MONTHS[row["month"].month - 1],
        fact="" if row["fact"] is None else russian.quantity(row["fact"], row["unit"]),
        note=row["note"],
        status=row["status"],
        status_word=word(labels.statuses, row["status"]),
    )


def _parts(row: Row, explanation: Explanation) -> tuple[tuple[str, str], ...]:
    """The counted numbers with what they count; a baseline by share of days may have a fraction."""
    parts = [(explanation.numerator, russian.estimate(row["numerator"], ""))]
    if explanation.denominator or row["denominator"] is not None:
        words = explanation.denominator or "знаменатель"
        parts.append((words, russian.estimate(row["denominator"], "")))
    return tuple(parts)
