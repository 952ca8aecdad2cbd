"""The figures of a report of a month, quarter or year, from the marts or from a closed period.

The forms are those of ``docs/reports.md``. Money is in thousand roubles, shares are 0…1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd

from municipal_indicators.closings.periods import Period
from municipal_indicators.errors import IndicatorsError
from municipal_indicators.reference import lists
from municipal_indicators.reference.passport import Passport
from municipal_indicators.report import russian
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.templates import literal, render

SOURCES = {
    "total": "Всего",
    "municipal": "Местный бюджет",
    "regional": "Областной бюджет",
    "federal": "Федеральный бюджет",
    "extrabudgetary": "Внебюджетные источники",
}
_QUARTERS = ("I", "II", "III", "IV")


class NothingToReportError(IndicatorsError):
    """The marts have no month of the period."""


@dataclass(frozen=True)
class Closing:
    """The version of a closed period whose values a report repeats."""

    id: str
    version: int
    closed_at: datetime
    closed_by: str
    reasons: dict[str, str]


@dataclass(frozen=True)
class Figures:
    """What both documents show.

    ``indicators``: a row an indicator; ``money``: a row a source; ``events``: a row an event;
    ``summary``: the six rows of form 2.6; ``evaluation``: a row a method, the passport's first;
    ``changes``: a sentence a change of the programme within the year; ``state``: which version of the
    numbers it is, in words.
    """

    programme: str
    period: Period
    indicators: pd.DataFrame
    money: pd.DataFrame
    events: pd.DataFrame
    summary: pd.DataFrame
    evaluation: pd.DataFrame
    changes: list[str]
    state: str
    plan_days: dict[str, date | None] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """``III квартал 2026 года``."""
        return period_words(self.period)


def period_words(period: Period) -> str:
    """``сентябрь 2026 года``, ``III квартал 2026 года``, ``2026 год``."""
    year = period.first.year
    if (period.first.month, period.last.month) == (1, 12):
        return f"{year} год"
    if period.first.month == period.last.month:
        return f"{russian.MONTHS[period.first.month - 1]} {year} года"
    return f"{_QUARTERS[period.first.month // 3]} квартал {year} года"


def read_figures(
    warehouse: Warehouse,
    passport: Passport,
    period: Period,
    closing: Closing | None = None,
) -> Figures:
    """The figures of a period, as the marts have them or as they were closed.

    Events, money by source and the evaluation are those of today's data in both cases. Reasons are those
    that were closed, else the annotations of the period's months. Raises NothingToReportError where the
    marts have no month of the period, ConfigurationError where the annotations are wrong.
    """
    given = {
        "first": period.first,
        "last": period.last,
        "values": "ops.closing_values" if closing else "marts.indicators_monthly",
        "kept": f"closing_id = {literal(closing.id)}" if closing else "1",
    }

    def frame(query: str) -> pd.DataFrame:
        return pd.DataFrame(warehouse.mappings(render(f"documents/{query}.sql", **given)))

    indicators = frame("indicators")
    if indicators.empty:
        raise NothingToReportError(
            f"За {period.name} отчитаться не о чем: в витринах нет ни одного его месяца. Запустите "
            "build_indicator_marts или выберите период, до которого доходят источники."
        )
    reasons = closing.reasons if closing else _annotated(period)
    indicators["reason"] = [reasons.get(code, "") for code in indicators["indicator"]]
    money, evaluation = frame("money"), frame("evaluation")
    # What is missing is the same for all methods; the first is the passport's.
    if len(evaluation) > 1:
        evaluation.loc[1:, "note"] = ""
    days = {
        name: money[name].iloc[0] for name in ("january_edition", "newest_edition", "register_day")
    }
    return Figures(
        programme=passport.programme,
        period=period,
        indicators=indicators,
        money=_money(money),
        events=frame("events"),
        summary=_summary(indicators),
        evaluation=evaluation,
        changes=_changes(frame("changes")),
        state=_state(indicators, passport, period, closing),
        plan_days={name: None if pd.isna(day) else day for name, day in days.items()},
    )


def _annotated(period: Period) -> dict[str, str]:
    """What the annotations of the period's months say, by indicator, in their order."""
    said: dict[str, list[str]] = {}
    for month, code, text in sorted(lists.course_annotations()):
        if period.first <= month <= period.last:
            said.setdefault(code, []).append(
                russian.ended(f"{russian.month(month).capitalize()}: {text}")
            )
    return {code: " ".join(texts) for code, texts in said.items()}


def _money(rows: pd.DataFrame) -> pd.DataFrame:
    columns = ["plan_january", "plan_newest", "scheduled", "executed"]
    money = rows[columns].astype(float) / 1000
    money.insert(0, "name", rows["source"].map(SOURCES))
    money["deviation"] = money["executed"] - money["scheduled"]
    money["share"] = money["executed"] / money["scheduled"].where(money["scheduled"] != 0)
    return money


def _summary(indicators: pd.DataFrame) -> pd.DataFrame:
    """Form 2.6: an indicator without plan or fact cannot be determined; achieved is the whole plan."""
    known = indicators["plan"].notna() & indicators["fact"].notna()
    up = indicators["direction"] == "up"
    plan, fact = indicators["plan"].astype(float), indicators["fact"].astype(float)
    equal = indicators["relation"] == "equal"
    reached = ((fact >= plan) & up) | ((fact <= plan) & ~up)
    achieved = known & reached.where(~equal, fact == plan)
    beyond = achieved & (((fact > plan) & up) | ((fact < plan) & ~up)) & ~equal
    total = len(indicators)
    counts = [
        ("1", "Достигнуты плановые значения", achieved.sum(), total),
        ("1.1", "из них перевыполнены (доля от строки 1)", beyond.sum(), achieved.sum()),
        ("2", "Не достигнуты плановые значения", (known & ~achieved).sum(), total),
        ("3", "Нельзя определить на конец периода (нет плана или факта)", (~known).sum(), total),
        ("4", "Всего показателей", total, total),
        (
            "5",
            "Под угрозой недостижения цели",
            indicators["status"].isin(["at_risk", "off_track"]).sum(),
            total,
        ),
    ]
    rows = [(no, name, int(count), count / of if of else None) for no, name, count, of in counts]
    return pd.DataFrame(rows, columns=["number", "name", "count", "share"])


def _changes(rows: pd.DataFrame) -> list[str]:
    if rows.empty:
        return []
    said: dict[str, list[str]] = {}
    for row in rows.to_dict("records"):
        subject, unit, scale = (
            ("финансирование", "тыс. руб.", 1000)
            if row["subject"] == "funding"
            else (f"«{row['name']}»", row["unit"], 1)
        )
        before, after = (
            "не задан" if pd.isna(value) else russian.quantity(value / scale, unit, 2)
            for value in (row["previous_value"], row["value"])
        )
        head = f"{row['document']} (действует с {row['edition_date']:%d.%m.%Y})"
        said.setdefault(head, []).append(
            f"{subject}, план на {row['year']} год: {before} → {after}"
        )
    return [f"{head}: {'; '.join(parts)}." for head, parts in said.items()]


def _state(
    indicators: pd.DataFrame, passport: Passport, period: Period, closing: Closing | None
) -> str:
    if closing:
        kind = "первая" if closing.version == 1 else "уточнённая"
        day = closing.closed_at.replace(tzinfo=UTC).astimezone(passport.zone)
        return (
            f"{kind} версия ({closing.version}), закрыта {day:%d.%m.%Y}, ответственный: "
            f"{closing.closed_by}"
        )
    computed: Any = indicators["computed_at"].iloc[0]
    at = russian.instant(pd.Timestamp(computed).to_pydatetime(), passport.zone)
    month = indicators["month"].iloc[0]
    whole = month == period.last.replace(day=1) and bool(indicators["is_complete"].all())
    words = "" if whole else "предварительно, период не закончен: "
    return f"{words}по данным витрин на {at}"
