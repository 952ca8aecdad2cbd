"""Whether a period may be closed, and which indicators cannot be reported without a reason."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from municipal_indicators.closings.periods import Period
from municipal_indicators.errors import ConfigurationError, IndicatorsError
from municipal_indicators.reference.passport import Passport
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.templates import render


@dataclass(frozen=True, slots=True)
class Standing:
    """An indicator at the end of a period; ``deviation`` is on the wrong side of the plan, in percent of it.

    ``why`` says in words why it cannot be reported without a reason; empty where it can. ``data_through``
    is the last day of data that end before the period does, as 31.12.2026, else empty.
    """

    indicator: str
    name: str
    unit: str
    fact: float | None
    plan: float | None
    deviation: float | None
    why: str
    data_through: str


def standings(
    warehouse: Warehouse, passport: Passport, period: Period, now: datetime | None = None
) -> list[Standing]:
    """The indicators of a period that is over, from marts that may be reported; in the passport's order.

    Raises IndicatorsError that says what is to be done first: the period is not over or none of the
    programme, the marts are not published, older than the period or than a load, or a check of them failed.
    """
    today = (now or datetime.now(UTC)).astimezone(passport.zone).date()
    if period.last >= today:
        raise IndicatorsError(
            f"{period.name} ещё не закончился: его последний день — {period.last}. Закройте период после "
            "него."
        )
    _require_marts(warehouse)
    rows = warehouse.mappings(render("closings/indicators.sql", month=period.last_month))
    if not rows:
        raise IndicatorsError(
            f"{period.name} нельзя закрыть: в витринах нет месяца {period.last_month:%Y-%m}. Он вне "
            "программы, или до него не доходит ни один источник."
        )
    computed = rows[0]["computed_at"].replace(tzinfo=UTC).astimezone(passport.zone).date()
    if computed <= period.last:
        raise IndicatorsError(
            f"{period.name} нельзя закрыть: витрины рассчитаны {computed}, когда период ещё не закончился. "
            "Запустите build_indicator_marts, затем закройте снова."
        )
    beyond = passport.reporting.deviation_needs_reason_percent
    names = ("indicator", "name", "unit", "fact", "plan", "deviation")
    return [
        Standing(
            **{name: row[name] for name in names},
            data_through="" if row["is_complete"] else _day(row["data_through"]),
            why=_why(row, beyond),
        )
        for row in rows
    ]


def require_reasons(
    period: Period, found: Iterable[Standing], reasons: Mapping[str, str]
) -> dict[str, str]:
    """The reasons without those left blank, if they are all there.

    Raises ConfigurationError for a code that is no indicator, and for indicators that need a reason and
    have none: with fact, plan, deviation.
    """
    found = list(found)
    known = [one.indicator for one in found]
    if unknown := sorted(reasons.keys() - set(known)):
        raise ConfigurationError(
            f"Параметр reasons называет {', '.join(unknown)} — такого показателя в {period.name} нет. "
            f"Допустимы: {', '.join(known)}."
        )
    given = {code: text.strip() for code, text in reasons.items() if text and text.strip()}
    missing = [one for one in found if one.why and one.indicator not in given]
    if missing:
        told = "; ".join(f"{one.indicator} ({one.name}): {one.why}" for one in missing)
        example = ", ".join(f'"{one.indicator}": "…"' for one in missing)
        raise ConfigurationError(
            f"{period.name} нельзя закрыть без причины отклонения: {told}. Ничего не сохранено. Укажите "
            "причины в форме (очистите задачу ask_for_reasons, она спросит снова) или параметром "
            f'{{"reasons": {{{example}}}}}.'
        )
    return given


def _require_marts(warehouse: Warehouse) -> None:
    (marts,) = warehouse.mappings(render("closings/marts.sql"))
    why = ""
    if marts["shown_at"].year == 1970:
        why = "витрины ещё не показаны"
    elif marts["failed_checks"]:
        why = f"новые витрины не прошли {', '.join(marts['failed_checks'])}"
    elif marts["newer_waits"]:
        why = "новые витрины собраны, но не показаны"
    elif marts["is_behind"]:
        why = "после сборки витрин что-то загружено или отозвано"
    if why:
        raise IndicatorsError(
            f"Закрыть нельзя: {why}. Запустите build_indicator_marts, дождитесь успеха и закройте снова."
        )


def _day(day: date | None) -> str:
    return f"{day:%d.%m.%Y}" if day else ""


def _why(row: Mapping[str, Any], beyond: float) -> str:
    if row["plan"] is None:
        return ""
    if row["fact"] is None:
        return f"факта нет, а план {row['plan']:g}"
    of_plan = f"факт {row['fact']:g}, план {row['plan']:g}"
    if row["deviation"] > beyond:
        found = f"{row['deviation']:.1f} %" if math.isfinite(row["deviation"]) else "без предела"
        return f"{of_plan}, отклонение {found} больше {beyond:g} %"
    return ""
