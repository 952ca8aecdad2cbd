"""The building blocks of every chart: its look, its traces and the table behind it.

Colours are names of the page's style sheet (``var(--fact)``), resolved in the browser, so
that one figure serves the light scheme, the dark scheme and print.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

import plotly.graph_objects as go
from markupsafe import Markup

from municipal_indicators.report import russian
from municipal_indicators.report.russian import Number

Values = Sequence[Number | None]

# A month that is not whole: behind its name in a table, and how much of its colour its bar keeps.
MARK = "*"
PALE = 0.45
SERIES = tuple(f"var(--series-{number})" for number in range(1, 7))


@dataclass(frozen=True)
class Table:
    """The numbers of a chart as text: the first cell of a row is its heading."""

    caption: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]


@dataclass(frozen=True)
class Chart:
    """One figure with its text alternatives; without a figure the page says «нет данных»."""

    id: str
    title: str
    summary: str
    tables: tuple[Table, ...]
    figure: go.Figure | None
    note: str = ""

    @property
    def figure_json(self) -> Markup:
        """The figure as JSON for a script element; no text in it can close the element."""
        assert self.figure is not None
        text = self.figure.to_json().replace("<", "\\u003c").replace(">", "\\u003e")
        return Markup(text.replace("&", "\\u0026"))  # noqa: S704  escaped just above


def plain(text: str) -> str:
    """A name from the data, escaped so that plotly shows it literally: plotly reads tags and entities."""
    return escape(text, quote=False)


def wrapped(text: str, width: int = 16) -> str:
    """A long category name on several lines."""
    return "<br>".join(plain(line) for line in textwrap.wrap(text, width)) or "—"


def figure(*, height: int = 300) -> go.Figure:
    """An empty figure in the style of the page."""
    axis = {
        "fixedrange": True,
        "automargin": True,
        "gridcolor": "var(--grid)",
        "linecolor": "var(--axis)",
        "zerolinecolor": "var(--axis)",
        "tickfont": {"size": 12, "color": "var(--muted)"},
    }
    return go.Figure(
        layout={
            "template": "none",
            "height": height,
            "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"family": "var(--font)", "size": 13, "color": "var(--ink)"},
            # Decimal comma, no-break space between thousands.
            "separators": "," + russian.NBSP,
            "legend": {
                "orientation": "h",
                "x": 0,
                "y": 1.03,
                "yanchor": "bottom",
                "traceorder": "normal",
                "itemclick": False,
                "itemdoubleclick": False,
            },
            "showlegend": True,
            "hoverlabel": {
                "bgcolor": "var(--card)",
                "bordercolor": "var(--axis)",
                "font": {"family": "var(--font)", "color": "var(--ink)", "size": 13},
            },
            "hovermode": "x unified",
            "dragmode": False,
            "xaxis": axis | {"showgrid": False, "ticks": "outside", "tickcolor": "var(--axis)"},
            "yaxis": axis | {"tickformat": ",.2~f"},
        }
    )


def month_axis(drawing: go.Figure, months: Sequence[date]) -> None:
    """Label the x axis with Russian months; the more months, the fewer labels."""
    count = len(set(months))
    if count > 30:
        step, form = "M12", "%Y"
    elif count > 12:
        step, form = "M6", "%b\n%Y"
    else:
        step, form = ("M3" if count > 6 else "M1"), "%b\n%Y"
    drawing.update_xaxes(
        type="date", dtick=step, tick0="2000-01-01", tickformat=form, hoverformat="%B %Y"
    )


def _hover(name: str) -> str:
    return f"{plain(name)}: %{{customdata}}<extra></extra>"


def add_line(
    drawing: go.Figure,
    name: str,
    months: Sequence[date],
    values: Values,
    written: Sequence[str],
    style: dict[str, object],
) -> None:
    """A line over months; NULL is a gap. ``written`` is the hover text of each value."""
    drawing.add_scatter(
        name=plain(name),
        x=list(months),
        y=[None if value is None else float(value) for value in values],
        customdata=list(written),
        hovertemplate=_hover(name),
        connectgaps=False,
        **style,
    )


def add_bars(
    drawing: go.Figure,
    name: str,
    x: Sequence[date | str],
    values: Values,
    color: str,
    unit: str = "",
    pale: Sequence[bool] = (),
) -> None:
    """Bars of counts or sums over months or categories; NULL is no bar, a month under way is pale."""
    drawing.add_bar(
        name=plain(name),
        x=list(x),
        y=[None if value is None else float(value) for value in values],
        customdata=[russian.quantity(value, unit) for value in values],
        hovertemplate=_hover(name),
        marker={
            "color": color,
            "line": {"width": 0},
            "opacity": [PALE if one else 1 for one in pale] or 1,
        },
    )


def say_no_data(drawing: go.Figure) -> None:
    """«Нет данных» across a chart that has only plans."""
    drawing.add_annotation(
        text=russian.NO_DATA.capitalize(),
        xref="paper",
        yref="paper",
        x=0.5,
        y=0.5,
        showarrow=False,
        font={"size": 18, "color": "var(--muted)"},
    )


def ranking(names: Sequence[str], values: Values, written: Sequence[str], color: str) -> go.Figure:
    """Horizontal bars, the first on top, each with its value in words at its end."""
    drawing = figure(height=70 + 40 * len(names))
    drawing.add_bar(
        orientation="h",
        x=[float(value or 0) for value in values],
        y=[wrapped(name) for name in names],
        text=list(written),
        textposition="outside",
        textfont={"color": "var(--ink)", "size": 12},
        cliponaxis=False,
        hoverinfo="skip",
        marker={"color": color},
    )
    top = max((float(value or 0) for value in values), default=0) or 1
    # Space for the texts beyond the longest bar.
    drawing.update_xaxes(visible=False, range=[0, top * 2.1])
    drawing.update_yaxes(autorange="reversed", showgrid=False, ticks="", type="category")
    drawing.update_layout(bargap=0.35, hovermode=False, showlegend=False)
    return drawing
