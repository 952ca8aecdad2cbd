"""The chart of an indicator: its fact to the last day of data, its forecast, and what the programme wants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from municipal_indicators.reference.labels import Labels, word
from municipal_indicators.report import charts, queries, russian
from municipal_indicators.report.charts import MARK, Chart, Key, Table
from municipal_indicators.report.drawing import Plot
from municipal_indicators.report.outlook import Outlook, chance_of
from municipal_indicators.report.queries import Row
from municipal_indicators.report.standing import Standing
from municipal_indicators.warehouse.client import Warehouse

FACT, PLAN, EXPECTED = "var(--fact)", "var(--plan)", "var(--forecast)"
REMARK, EDITION = "var(--remark)", "var(--axis)"
NOTE = f"Пустой кружок, в таблице {MARK} — предварительно: месяц ещё не полон."


@dataclass(frozen=True)
class Course:
    """What the marts know of one indicator over time, a row a month, a year of a goal, an edition."""

    months: list[Row]
    forecasts: list[Row]
    goals: list[Row]
    editions: list[Row]
    remarks: list[tuple[date, str]]


def read_courses(
    warehouse: Warehouse, codes: Sequence[str], annotations: Sequence[tuple[date, str, str]]
) -> dict[str, Course]:
    """The course of each indicator; ``annotations`` are month, indicator and text."""
    months, forecasts, goals, editions = (
        queries.by_indicator(warehouse, query)
        for query in (
            *("indicators_by_month", "forecasts_by_month", "indicator_goals"),
            "indicator_editions",
        )
    )
    return {
        code: Course(
            months=months.get(code, []),
            forecasts=forecasts.get(code, []),
            goals=goals.get(code, []),
            editions=editions.get(code, []),
            remarks=[
                (month, text) for month, indicator, text in sorted(annotations) if indicator == code
            ],
        )
        for code in codes
    }


def chart(
    row: Row,
    course: Course,
    standing: Standing,
    outlook: Outlook | None,
    last_year: int,
    labels: Labels,
) -> Chart:
    """The chart of an indicator with the tables of its values and of its forecasts.

    ``row`` is that of the month that is shown; the axis ends with ``last_year``.
    """
    drawn = _Drawn(row, course, standing, outlook, last_year)
    is_preliminary = any(point["is_preliminary"] for point in course.months)
    return Chart(
        id=f"chart-{row['indicator']}",
        title=row["name"],
        summary=_summary(row, outlook),
        tables=tuple(_tables(row, course, labels)),
        drawing=drawn.markup,
        keys=tuple(drawn.keys),
        note=NOTE if is_preliminary else "",
        remarks=tuple(f"{russian.month(month)}: {text}" for month, text in drawn.remarks),
    )


class _Drawn:
    """Draws the parts of the chart one after the other; ``markup`` is None where there is nothing to draw."""

    def __init__(
        self,
        row: Row,
        course: Course,
        standing: Standing,
        outlook: Outlook | None,
        last_year: int,
    ) -> None:
        self.row, self.course, self.standing, self.outlook = row, course, standing, outlook
        self.keys: list[Key] = []
        self.unit = row["unit"]
        months = course.months
        first = months[0]["month"].replace(month=1)
        self.base_day: date | None = None
        if standing.base_year and standing.base_value is not None:
            self.base_day = date(standing.base_year, 12, 31)
        last = max([last_year, months[-1]["month"].year, *(goal["year"] for goal in course.goals)])
        self.remarks = [
            (month, text) for month, text in course.remarks if first <= month <= date(last, 12, 31)
        ]
        self.plot = Plot(
            min(first, self.base_day or first),
            date(last, 12, 31),
            self._values(),
            suffix=f"{russian.NBSP}%" if self.unit == "%" else "",
        )
        self.has_fact = any(point["fact"] is not None for point in months)
        self.markup: Markup | None = None
        if self.has_fact or course.goals:
            self._draw()
            self.markup = self.plot.markup

    def _values(self) -> list[float | None]:
        course, outlook = self.course, self.outlook
        return [
            *(point["fact"] for point in course.months),
            *(point["plan"] for point in course.months if self.standing.kind == "year"),
            *(goal["goal"] for goal in course.goals),
            *(old for change in course.editions for _, old, _ in change["changes"]),
            *((outlook.value, outlook.low, outlook.high) if outlook else ()),
            self.standing.base_value,
            self.standing.expected_value,
        ]

    def _draw(self) -> None:
        for number, (month, _) in enumerate(self.remarks, start=1):
            self.plot.upright(month, REMARK, number=number)
        for edition in self.course.editions:
            self.plot.upright(edition["edition_date"], EDITION, dash="6 3")
        if self.course.editions:
            self.keys.append(Key("Новая редакция меняет план", EDITION, "upright"))
        self._draw_plans()
        self._draw_forecast()
        self._draw_facts()
        self._draw_goals()
        self._draw_base()
        for point in self.course.months:
            self.plot.hover(point["month"], charts.month_end(point["month"]), self._told(point))

    def _draw_facts(self) -> None:
        if not self.has_fact:
            self.plot.say(russian.NO_DATA.capitalize())
            return
        months = self.course.months
        days, values = [], []
        for place, point in enumerate(months):
            # What is counted over a year begins again with nothing.
            if self.standing.kind == "year" and (
                place == 0 or months[place - 1]["month"].year != point["month"].year
            ):
                days += [point["month"], point["month"]]
                values += [None, 0.0 if point["month"].month == 1 else None]
            days.append(point["as_of"])
            values.append(point["fact"])
        self.plot.line(days, values, FACT, width=3)
        whole = [point for point in months if not point["is_preliminary"]]
        self.plot.dots([one["as_of"] for one in whole], [one["fact"] for one in whole], FACT)
        self.keys.insert(0, Key("Факт", FACT, "line"))
        for point in months:
            if point["is_preliminary"] and point["fact"] is not None:
                self.plot.mark(point["as_of"], point["fact"], "open", FACT)

    def _draw_forecast(self) -> None:
        """A dashed line from the fact that is shown to what is expected at the end of the goal's year."""
        shown = next((p for p in self.course.months if p["month"] == self.row["month"]), None)
        outlook = self.outlook
        if outlook is None or shown is None or shown["fact"] is None:
            return
        due = date(outlook.until, 12, 31)
        self.plot.line(
            [shown["as_of"], due], [shown["fact"], outlook.value], EXPECTED, width=2, dash="6 4"
        )
        if outlook.low is not None and outlook.high is not None:
            self.plot.whisker(due, outlook.low, outlook.high, EXPECTED)
        self.plot.mark(due, outlook.value, "point", EXPECTED)
        goal = self.row["goal"]
        below = goal is not None and outlook.value <= goal
        self.plot.label(due, outlook.value, outlook.forecast, EXPECTED, below=below)
        self.keys.append(Key(f"Прогноз на конец {outlook.until}", EXPECTED, "dash"))

    def _draw_plans(self) -> None:
        """Plans of what is counted over a year as steps; and where one should stand by now."""
        months = self.course.months
        if self.standing.kind == "year" and self.course.goals:
            days, values = [], []
            for goal in self.course.goals:
                known = [point for point in months if point["month"].year == goal["year"]]
                steps = [(point["month"], point["plan"]) for point in known]
                if len(known) < 12:
                    begin = (
                        charts.month_end(known[-1]["month"]) if known else date(goal["year"], 1, 1)
                    )
                    steps.append((begin, goal["goal"]))
                for place, (day, value) in enumerate(steps):
                    after = steps[place + 1][0] if place + 1 < len(steps) else None
                    days += [day, after or date(goal["year"], 12, 31)]
                    values += [value, value]
                days.append(days[-1])
                values.append(None)
            self.plot.line(days, values, PLAN, width=1.5)
            self.keys.append(Key("План года", PLAN, "line"))
        standing = self.standing
        if standing.expected_value is not None and standing.expected_on is not None:
            self.plot.mark(standing.expected_on, standing.expected_value, "expected", PLAN)
            self.keys.append(Key("Должно быть к этому дню", PLAN, "expected"))

    def _draw_goals(self) -> None:
        goals = {goal["year"]: goal["goal"] for goal in self.course.goals}
        former = {
            year: old
            for change in self.course.editions
            for year, old, _ in change["changes"]
            if old is not None and goals.get(year) != old
        }
        for year, old in former.items():
            self.plot.mark(date(year, 12, 31), old, "former", PLAN)
        for year, goal in goals.items():
            day = date(year, 12, 31)
            self.plot.mark(day, goal, "goal", PLAN)
            is_due = self.outlook is not None and year == self.outlook.until
            below = is_due and self.outlook is not None and self.outlook.value > goal
            self.plot.label(day, goal, russian.number(goal, 1), PLAN, below=below)
        if goals:
            self.keys.append(Key("Цель на конец года", PLAN, "goal"))
        if former:
            self.keys.append(Key("По прежней редакции", PLAN, "former"))

    def _draw_base(self) -> None:
        value = self.standing.base_value
        if self.base_day is None or value is None:
            return
        self.plot.mark(self.base_day, value, "point", "var(--muted)")
        text = f"база {self.base_day.year}: {russian.quantity(value, self.unit)}"
        self.plot.label(self.base_day, value, text, "var(--muted)", anchor="start")

    def _told(self, point: Row) -> str:
        told = [russian.month(point["month"]) + (MARK if point["is_preliminary"] else "")]
        told.append(f"Факт: {russian.quantity(point['fact'], self.unit)}")
        if point["plan"] is not None:
            told.append(f"План года: {russian.quantity(point['plan'], self.unit)}")
        told += [
            f"{number}. {text}"
            for number, (month, text) in enumerate(self.remarks, start=1)
            if month == point["month"]
        ]
        return "\n".join(told)


def _summary(row: Row, outlook: Outlook | None) -> str:
    unit = row["unit"]
    told = [
        f"{russian.month(row['month']).capitalize()}: факт {russian.quantity(row['fact'], unit)}"
    ]
    if row["goal"] is not None:
        told.append(f"цель на {row['due_year']} год {russian.quantity(row['goal'], unit)}")
    if outlook:
        told.append(f"прогноз на конец {outlook.until} года {outlook.forecast}")
    return (
        f"График показателя «{row['name']}» по месяцам. {', '.join(told)}. "
        "Все значения — в таблице под графиком."
    )


def _tables(row: Row, course: Course, labels: Labels) -> list[Table]:
    name, unit = row["name"], row["unit"]
    has_parts = any(point["denominator"] is not None for point in course.months)

    def denominator(point: Row) -> str:
        if not has_parts and point["fact"] is not None:
            return russian.NOT_APPLICABLE
        return russian.number(point["denominator"], 1)

    values = Table(
        caption=f"{name}, {unit}",
        head=("Месяц", "Факт", "План года", "Итоговый план", "Числитель", "Знаменатель", "Статус"),
        rows=[
            (
                russian.month(point["month"]) + (MARK if point["is_preliminary"] else ""),
                russian.number(point["fact"], 1),
                russian.planned(point["plan"]),
                russian.planned(point["final_plan"]),
                russian.number(point["numerator"], 1),
                denominator(point),
                word(labels.statuses, point["status"]),
            )
            for point in reversed(course.months)
        ],
        long=True,
    )
    return [values, _forecasts(row, course)]


def _forecasts(row: Row, course: Course) -> Table:
    unit = row["unit"]
    short = "мало истории"

    def value(number: float | None) -> str:
        """Without a goal nothing is due."""
        if number is None:
            return russian.NOT_APPLICABLE
        return russian.number(number, 1) if unit == "%" else russian.estimate(number, "")

    def chance(one: Row) -> str:
        known = chance_of(one["probability_low"], one["probability_high"])
        return known or (russian.NOT_APPLICABLE if one["forecast_due"] is None else short)

    return Table(
        caption=f"Каким был прогноз, {unit}",
        head=(
            "Месяц",
            "На конец года",
            "На год цели",
            "Прогноз",
            "Границы, 80\u00a0%",
            "Вероятность",
        ),
        rows=[
            (
                russian.month(one["month"]),
                value(one["forecast"]),
                str(one["until"]),
                value(one["forecast_due"]),
                short if one["low"] is None else russian.span(one["low"], one["high"], unit),
                chance(one),
            )
            for one in reversed(course.forecasts)
        ],
        long=True,
    )
