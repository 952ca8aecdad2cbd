"""Draws values over time as inline SVG: no script, one drawing for screen, phone and paper.

Places along the time are per cent of the width, so that a drawing stretches while its texts keep their size;
places along the values are pixels. Colours are names of the page's style sheet (``var(--fact)``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Literal

from markupsafe import Markup

from municipal_indicators.report import russian
from municipal_indicators.report.russian import Number

Shape = Literal["point", "open", "goal", "former", "expected"]

# Space above the highest value for its label and for the numbers of annotations, and below for the time.
TOP = 24
BELOW = 24
PALE = 0.45

_SHAPES = {
    "point": Markup('<circle r="4.5" fill="{color}"/>'),
    "open": Markup('<circle r="4" fill="var(--card)" stroke="{color}" stroke-width="2"/>'),
    "goal": Markup('<path d="M0-7L7 0 0 7-7 0z" fill="{color}"/>'),
    "former": Markup(
        '<path d="M0-6L6 0 0 6-6 0z" fill="var(--card)" stroke="{color}" stroke-width="1.5"/>'
    ),
    "expected": Markup('<path d="M-7 0H7" stroke="{color}" stroke-width="3"/>'),
}


class Plot:
    """A drawing from the day ``first`` through the day ``last``, high enough for ``values`` and for zero."""

    def __init__(
        self,
        first: date,
        last: date,
        values: Iterable[Number | None],
        *,
        height: int = 250,
        suffix: str = "",
    ) -> None:
        known = [float(value) for value in values if value is not None]
        self.first, self.last = first, last
        self.height = height
        self._ticks = _ticks(min([0.0, *known]), max([0.0, *known]))
        self._suffix = suffix
        self._shapes: list[Markup] = []
        self._labels: list[Markup] = []
        self._hovers: list[Markup] = []

    def x(self, day: date) -> float:
        """The place of the beginning of a day, per cent of the width."""
        return (day - self.first).days / ((self.last - self.first).days + 1) * 100

    def y(self, value: Number) -> float:
        """The place of a value, in pixels from the top."""
        low, high = self._ticks[0], self._ticks[-1]
        return TOP + (high - float(value)) / (high - low) * (self.height - TOP)

    def bars(
        self,
        spans: Sequence[tuple[date, date]],
        values: Sequence[Number | None],
        color: str,
        *,
        floors: Sequence[float] = (),
        pale: Sequence[bool] = (),
    ) -> None:
        """A bar for each value that is known, over its days and from its floor; pale what is not whole."""
        for place, ((first, last), value) in enumerate(zip(spans, values, strict=True)):
            if value is None:
                continue
            left, right = self.x(first), self.x(last + timedelta(days=1))
            gap = (right - left) * 0.12
            floor = floors[place] if floors else 0.0
            top, bottom = sorted((self.y(floor + float(value)), self.y(floor)))
            self._add(
                '<rect x="{:.2f}%" y="{:.1f}" width="{:.2f}%" height="{:.1f}" fill="{}" opacity="{}"/>',
                left + gap,
                top,
                right - left - 2 * gap,
                bottom - top,
                color,
                PALE if pale and pale[place] else 1,
            )

    def line(
        self,
        days: Sequence[date],
        values: Sequence[Number | None],
        color: str,
        *,
        width: float = 2.5,
        dash: str = "",
    ) -> None:
        """A line; a value that is not known is a gap."""
        path, pen = [], "M"
        for day, value in zip(days, values, strict=True):
            if value is not None:
                path.append(f"{pen}{self.x(day) * 10:.1f} {self.y(value):.1f}")
            pen = "M" if value is None else "L"
        self._add(
            '<svg viewBox="0 0 1000 {0}" preserveAspectRatio="none" height="{0}"><path d="{1}" '
            'fill="none" stroke="{2}" stroke-width="{3}" stroke-linejoin="round" stroke-dasharray="{4}" '
            'vector-effect="non-scaling-stroke"/></svg>',
            self.height,
            "".join(path),
            color,
            width,
            dash or "none",
        )

    def dots(self, days: Sequence[date], values: Sequence[Number | None], color: str) -> None:
        """A small dot on each value that is known, so that one between gaps is seen."""
        for day, value in zip(days, values, strict=True):
            if value is not None:
                self._add(
                    '<circle cx="{:.2f}%" cy="{:.1f}" r="2" fill="{}"/>',
                    self.x(day),
                    self.y(value),
                    color,
                )

    def mark(self, day: date, value: Number, shape: Shape, color: str) -> None:
        """A marker of its own shape on a value."""
        self._add(
            '<svg x="{:.2f}%" y="{:.1f}" width="1" height="1">{}</svg>',
            self.x(day),
            self.y(value),
            _SHAPES[shape].format(color=color),
        )

    def whisker(self, day: date, low: Number, high: Number, color: str) -> None:
        """A range of values at a day."""
        top, bottom = self.y(high), self.y(low)
        self._add(
            '<svg x="{0:.2f}%" width="1" height="1"><path d="M-4 {1:.1f}h8m-4 0V{2:.1f}m-4 0h8" '
            'fill="none" stroke="{3}" stroke-width="1.5"/></svg>',
            self.x(day),
            top,
            bottom,
            color,
        )

    def upright(self, day: date, color: str, dash: str = "2 3", number: int | None = None) -> None:
        """A line from top to bottom at a day; with a number on it, if it has one."""
        self._add(
            '<line x1="{0:.2f}%" x2="{0:.2f}%" y1="{1}" y2="{2}" stroke="{3}" stroke-dasharray="{4}"/>',
            self.x(day),
            18 if number else TOP,
            self.height,
            color,
            dash,
        )
        if number:
            self._labels.append(
                Markup(
                    '<circle cx="{0:.2f}%" cy="9" r="9" fill="{2}"/>'
                    '<text x="{0:.2f}%" y="13" class="number">{1}</text>'
                ).format(self.x(day), number, color)
            )

    def label(
        self,
        day: date,
        value: Number,
        text: str,
        color: str,
        *,
        anchor: Literal["start", "middle", "end"] = "end",
        below: bool = False,
    ) -> None:
        """A text above or below a value."""
        self._labels.append(
            Markup(
                '<text x="{:.2f}%" y="{:.1f}" class="label" text-anchor="{}" fill="{}">{}</text>'
            ).format(
                self.x(day),
                self.y(value) + (19 if below else -10),
                anchor,
                color,
                text,
            )
        )

    def hover(self, first: date, last: date, text: str) -> None:
        """What is told where the pointer rests on these days."""
        left = self.x(first)
        self._hovers.append(
            Markup('<rect x="{:.2f}%" width="{:.2f}%" height="{}"><title>{}</title></rect>').format(
                left, self.x(last + timedelta(days=1)) - left, self.height, text
            )
        )

    def say(self, text: str) -> None:
        """Words across the drawing."""
        self._labels.append(
            Markup('<text x="50%" y="{}" class="said">{}</text>').format(self.height / 2, text)
        )

    @property
    def markup(self) -> Markup:
        """The axis of values and the drawing, for the page."""
        return Markup(
            '<div class="values" aria-hidden="true" style="height:{}px">{}</div>'
            '<svg class="plot" height="{}" aria-hidden="true" focusable="false">{}</svg>'
        ).format(
            self.height + BELOW,
            Markup("").join(
                Markup('<span style="top:{:.1f}px">{}</span>').format(
                    self.y(tick), russian.number(tick, 2) + self._suffix
                )
                for tick in self._ticks
            ),
            self.height + BELOW,
            Markup("").join(
                [*self._grid(), *self._shapes, *self._labels]
                + [Markup('<g class="hover">'), *self._hovers, Markup("</g>")]
            ),
        )

    def _add(self, shape: str, *parts: object) -> None:
        self._shapes.append(Markup(shape).format(*parts))  # noqa: S704  escaped by format

    def _grid(self) -> Iterable[Markup]:
        for tick in self._ticks:
            yield Markup('<line class="{0}" x2="100%" y1="{1:.1f}" y2="{1:.1f}"/>').format(
                "zero" if tick == 0 else "grid", self.y(tick)
            )
        for day, middle, text, is_minor in _times(self.first, self.last):
            yield Markup(
                '<line class="grid" x1="{0:.2f}%" x2="{0:.2f}%" y1="{1}" y2="{2}"/>'
                '<text class="time{3}" x="{4:.2f}%" y="{5}">{6}</text>'
            ).format(
                self.x(day),
                TOP,
                self.height,
                " minor" if is_minor else "",
                self.x(middle),
                self.height + 17,
                text,
            )


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers from below ``low`` to above ``high``, about five of them."""
    wanted = ((high - low) or 1) / 4
    power = 10.0 ** math.floor(math.log10(wanted))
    step = next(power * nice for nice in (1, 2, 2.5, 5, 10) if power * nice >= wanted * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, max(last, first + 1) + 1)]


def _times(first: date, last: date) -> Iterable[tuple[date, date, str, bool]]:
    """Years, or months where they are few: beginning, middle, name, and whether it can be left out."""
    if (last - first).days > 550:
        for year in range(first.year, last.year + 1):
            begin, end = max(first, date(year, 1, 1)), min(last, date(year, 12, 31))
            if (end - begin).days > 150:
                yield begin, begin + (end - begin) / 2, str(year), False
        return
    month = first.replace(day=1)
    while month <= last:
        after = (month + timedelta(days=31)).replace(day=1)
        name = russian.MONTHS_SHORT[month.month - 1]
        text = f"{name} {month.year}" if month.month == 1 or month <= first else name
        yield max(first, month), month + (after - month) / 2, text, month.month % 3 != 1
        month = after
