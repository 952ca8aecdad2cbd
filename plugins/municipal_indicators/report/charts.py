"""What every chart consists of: its drawing, its legend, and the tables behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from markupsafe import Markup

from municipal_indicators.report import russian
from municipal_indicators.report.drawing import Plot
from municipal_indicators.report.russian import Number

Values = Sequence[Number | None]
KeyShape = Literal["bar", "line", "dash", "goal", "former", "point", "open", "expected", "upright"]

# A month that is not whole: behind its name in a table.
MARK = "*"
SERIES = tuple(f"var(--series-{number})" for number in range(1, 7))


@dataclass(frozen=True)
class Table:
    """The numbers of a chart as text: the first cell of a row is its heading.

    Of a ``long`` table paper shows the first twelve rows.
    """

    caption: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]
    long: bool = False


@dataclass(frozen=True)
class Key:
    """A line of the legend: the name of a colour, and what it is drawn as."""

    name: str
    color: str
    shape: KeyShape = "bar"


@dataclass(frozen=True)
class Chart:
    """One drawing with its text alternatives; without a drawing the page says «нет данных»."""

    id: str
    title: str
    summary: str
    tables: tuple[Table, ...]
    drawing: Markup | None
    keys: tuple[Key, ...] = ()
    note: str = ""
    remarks: tuple[str, ...] = ()
    """What the numbers on the drawing stand for, in their order."""


@dataclass(frozen=True)
class Series:
    """Values of a chart by month: bars, stacked on those before, or a line."""

    name: str
    values: Values
    color: str
    is_line: bool = False
    dash: str = ""


def month_end(month: date) -> date:
    """The last day of a month that is given by any of its days."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def by_month(
    months: Sequence[date],
    series: Sequence[Series],
    *,
    unfinished: Sequence[bool] = (),
    height: int = 250,
    suffix: str = "",
) -> tuple[Markup, tuple[Key, ...]]:
    """Stacked bars and lines over months, and their legend; NULL is no bar and a gap of a line."""
    bars = [one for one in series if not one.is_line]
    heights = [sum(float(v or 0) for v in at) for at in zip(*(b.values for b in bars), strict=True)]
    lines = [value for one in series if one.is_line for value in one.values]
    plot = Plot(months[0], month_end(months[-1]), [*heights, *lines], height=height, suffix=suffix)
    spans = [(month, month_end(month)) for month in months]
    floors = [0.0] * len(months)
    for one in bars:
        plot.bars(spans, one.values, one.color, floors=floors, pale=unfinished)
        floors = [
            floor + float(value or 0) for floor, value in zip(floors, one.values, strict=True)
        ]
    middles = [first + (last - first) / 2 for first, last in spans]
    ends = [*unfinished, *[False] * (len(months) - len(unfinished))]
    for one in (one for one in series if one.is_line):
        # A month that is not whole would look like a fall.
        whole = [None if end else value for value, end in zip(one.values, ends, strict=True)]
        plot.line(middles, whole, one.color, dash=one.dash)
        plot.dots(middles, whole, one.color)
        for day, value, end in zip(middles, one.values, ends, strict=True):
            if end and value is not None:
                plot.mark(day, value, "open", one.color)
    for place, (first, last) in enumerate(spans):
        told = [f"{one.name}: {russian.number(one.values[place], 1)}{suffix}" for one in series]
        plot.hover(first, last, "\n".join([russian.month(first), *told]))
    return plot.markup, tuple(Key(one.name, one.color, _shape(one)) for one in series)


def _shape(series: Series) -> KeyShape:
    if not series.is_line:
        return "bar"
    return "dash" if series.dash else "line"


def by_year(
    years: Sequence[int], series: Sequence[Series], *, height: int = 230
) -> tuple[Markup, tuple[Key, ...]]:
    """Bars beside each other over years, and their legend."""
    values = [value for one in series for value in one.values]
    plot = Plot(date(years[0], 1, 1), date(years[-1], 12, 31), values, height=height)
    width = timedelta(days=280 // len(series))
    for number, one in enumerate(series):
        spans = [
            (first, first + width)
            for first in (date(year, 1, 1) + timedelta(days=40) + number * width for year in years)
        ]
        plot.bars(spans, one.values, one.color)
    for place, year in enumerate(years):
        told = [f"{one.name}: {russian.number(one.values[place], 2)}" for one in series]
        if all(one.values[place] is None for one in series):
            plot.label(date(year, 7, 1), 0, russian.NO_DATA, "var(--muted)", anchor="middle")
        plot.hover(date(year, 1, 1), date(year, 12, 31), "\n".join([str(year), *told]))
    return plot.markup, tuple(Key(one.name, one.color) for one in series)


def ranking(names: Sequence[str], values: Values, written: Sequence[str], color: str) -> Markup:
    """Bars below each other, the first on top, each below its name and with its value in words."""
    top = max((float(value or 0) for value in values), default=0) or 1
    return Markup('<ol class="ranking">{}</ol>').format(
        Markup("").join(
            Markup(
                '<li><span>{}</span> <span class="bar" style="width:{:.1f}%;background:{}"></span> '
                "<b>{}</b></li>"
            ).format(name, float(value or 0) / top * 60, color, text)
            for name, value, text in zip(names, values, written, strict=True)
        )
    )
