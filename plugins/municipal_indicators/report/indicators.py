"""The cards of the programme's indicators: numbers as text, and the chart of each."""

from __future__ import annotations

from dataclasses import dataclass

import plotly.graph_objects as go

from municipal_indicators.reference.labels import (
    Explanation,
    Labels,
    in_order,
    word,
)
from municipal_indicators.report import charts, queries, russian
from municipal_indicators.report.charts import MARK, Chart, Table
from municipal_indicators.report.evidence import Evidence, read_evidence
from municipal_indicators.report.latest import Latest
from municipal_indicators.report.queries import Row
from municipal_indicators.warehouse.client import Warehouse

UNKNOWN_INDICATOR = Explanation(
    formula="формула этого показателя не описана в reference/labels.yaml",
    numerator="числитель",
    denominator="знаменатель",
)

Style = dict[str, object]

# The lines differ by width, dash and marker as well as by colour. The forecast is a broad band under
# the fact, because for shares both are equal and one line would hide the other.
LINES: tuple[tuple[str, str, Style], ...] = (
    (
        "forecast",
        "Прогноз",
        {"mode": "lines", "line": {"color": "var(--forecast-band)", "width": 9}},
    ),
    (
        "fact",
        "Факт",
        {
            "mode": "lines+markers",
            "line": {"color": "var(--fact)", "width": 3},
            "marker": {"color": "var(--fact)", "size": 5},
        },
    ),
    (
        "plan",
        "План года",
        {"mode": "lines", "line": {"color": "var(--plan)", "width": 2, "shape": "hv"}},
    ),
    (
        "final_plan",
        "Итоговый план",
        {"mode": "lines", "line": {"color": "var(--final-plan)", "width": 2, "dash": "dot"}},
    ),
)

OVER_BARS: Style = {
    "mode": "lines",
    "line": {"color": "var(--forecast)", "width": 2.5, "dash": "dash"},
}


NOTE = f"Светлый столбец или точка, в таблице {MARK} — предварительно: месяц ещё не полон."


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
    """One indicator in the headline month, ready to be shown."""

    code: str
    name: str
    unit: str
    fact: str
    plan: str
    final_plan: str
    goal: str
    due_year: int | None
    forecast: str
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


def read_cards(warehouse: Warehouse, latest: Latest, labels: Labels) -> list[Card]:
    """One card per indicator, from the rows of the headline month; none without rows."""
    rows = latest.shown
    methods = {
        row["indicator"]: row["method"] for row in queries.rows(warehouse, "indicator_methods")
    }
    history: dict[str, list[Row]] = {code: [] for code in rows}
    for point in queries.rows(warehouse, "indicators_by_month"):
        if point["indicator"] in history:
            history[point["indicator"]].append(point)
    words = {
        code: labels.explanation(code, methods.get(code, "")) or UNKNOWN_INDICATOR for code in rows
    }
    evidence = read_evidence(
        warehouse,
        rows,
        {code: (one.numerator, one.denominator or "") for code, one in words.items()},
    )
    return [
        _card(
            rows[code],
            latest.beside.get(code),
            history[code],
            labels,
            words[code],
            evidence.get(code),
        )
        for code in in_order(rows, labels.indicators)
    ]


def _card(
    row: Row,
    beside: Row | None,
    history: list[Row],
    labels: Labels,
    explanation: Explanation,
    evidence: Evidence | None,
) -> Card:
    unit = row["unit"]
    return Card(
        code=row["indicator"],
        name=row["name"],
        unit=unit,
        fact=russian.quantity(row["fact"], unit),
        plan=russian.planned(row["plan"], unit),
        final_plan=russian.planned(row["final_plan"], unit),
        goal=russian.planned(row["goal"], unit),
        due_year=row["due_year"],
        forecast=russian.quantity(row["forecast"], unit),
        status=row["status"],
        status_word=word(labels.statuses, row["status"]),
        preliminary=_preliminary(beside, labels) if beside else None,
        edition=russian.day(row["edition_date"]),
        data_through=russian.day(row["data_through"]),
        year=row["year"],
        formula=explanation.formula,
        parts=_parts(row, explanation),
        evidence=evidence,
        chart=_chart(row, history, labels),
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
    parts = [(explanation.numerator, russian.number(row["numerator"], 1))]
    if explanation.denominator or row["denominator"] is not None:
        words = explanation.denominator or "знаменатель"
        parts.append((words, russian.number(row["denominator"], 1)))
    return tuple(parts)


def _chart(row: Row, history: list[Row], labels: Labels) -> Chart:
    return Chart(
        id=f"chart-{row['indicator']}",
        title=row["name"],
        summary=(
            f"График показателя «{row['name']}» по месяцам. {_sentence(row)} "
            "Все значения — в таблице под графиком."
        ),
        tables=(_table(row["name"], row["unit"], history, labels),),
        figure=_figure(row["unit"], history),
        note=NOTE if any(point["is_preliminary"] for point in history) else "",
    )


def _figure(unit: str, history: list[Row]) -> go.Figure | None:
    """Lines by month; a counted fact, which restarts each year, as bars. None without values."""
    drawing = charts.figure(height=290)
    months = [point["month"] for point in history]
    counted = unit != "%"
    drawn = []
    for column, title, style in LINES:
        values = [point[column] for point in history]
        if all(value is None for value in values):
            continue
        drawn.append(column)
        if column == "fact" and counted:
            pale = [point["is_preliminary"] for point in history]
            charts.add_bars(drawing, title, months, values, "var(--fact)", unit, pale)
        else:
            written = [russian.quantity(value, unit) for value in values]
            fitting = OVER_BARS if column == "forecast" and counted else style
            charts.add_line(drawing, title, months, values, written, fitting)
            if column == "fact":
                symbols = ["circle-open" if one["is_preliminary"] else "circle" for one in history]
                drawing.data[-1].marker.symbol = symbols
    if drawn and "fact" not in drawn:
        charts.say_no_data(drawing)
    charts.month_axis(drawing, months)
    suffix = "" if counted else f"{russian.NBSP}%"
    drawing.update_yaxes(rangemode="tozero", ticksuffix=suffix, nticks=6)
    return drawing if drawn else None


def _sentence(row: Row) -> str:
    unit = row["unit"]
    return (
        f"{russian.month(row['month']).capitalize()}: факт {russian.quantity(row['fact'], unit)}, "
        f"план года {russian.quantity(row['plan'], unit)}, "
        f"прогноз {russian.quantity(row['forecast'], unit)}."
    )


def _table(name: str, unit: str, history: list[Row], labels: Labels) -> Table:
    decimals = 2 if unit == "%" else 1
    columns = ("fact", "plan", "forecast", "final_plan", "numerator", "denominator")
    return Table(
        caption=f"{name}, {unit}",
        head=(
            "Месяц",
            "Факт",
            "План года",
            "Прогноз",
            "Итоговый план",
            "Числитель",
            "Знаменатель",
            "Статус",
        ),
        rows=[
            (
                russian.month(point["month"]) + (MARK if point["is_preliminary"] else ""),
                *(russian.number(point[column], decimals) for column in columns),
                word(labels.statuses, point["status"]),
            )
            for point in reversed(history)
        ],
    )
