"""Numbers, dates and words for codes as Russian text; pure functions only."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

NO_DATA = "нет данных"
NOT_SET = "не задан"
NOT_SET_FEMININE = "не задана"
NOT_APPLICABLE = "не применимо"
NBSP = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
POINTS = f"п.{NBSP}п."

Number = int | float | Decimal

# Nominative for "июнь 2026", genitive for "30 июня 2026".
MONTHS = (
    "январь", "февраль", "март", "апрель", "май", "июнь",
    "июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь",
)  # fmt: skip
MONTHS_OF = (
    "января", "февраля", "марта", "апреля", "мая", "июня",
    "июля", "августа", "сентября", "октября", "ноября", "декабря",
)  # fmt: skip
MONTHS_SHORT = (
    "янв", "фев", "мар", "апр", "май", "июн", "июл", "авг", "сен", "окт", "ноя", "дек",
)  # fmt: skip


def number(value: Number | None, decimals: int = 0) -> str:
    """``-12345.678`` to ``−12 345,68``: at most so many decimals, no trailing zeros.

    None and NaN are ``нет данных``.
    """
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return NO_DATA
    rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    text = f"{abs(rounded):,f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    sign = MINUS if rounded < 0 else ""
    return sign + text.replace(",", NBSP).replace(".", ",")


def planned(value: Number | None, unit: str = "") -> str:
    """A plan in an indicator's unit; ``не задан`` if the programme does not set it."""
    return NOT_SET if value is None else quantity(value, unit)


def quantity(value: Number | None, unit: str, decimals: int = 1) -> str:
    """A number in an indicator's unit."""
    text = number(value, decimals)
    return text if text == NO_DATA else f"{text}{NBSP}{unit}".rstrip()


def estimate(value: Number | None, unit: str) -> str:
    """What is expected: per cent with one decimal; what is counted is whole, ``≈ 666 ед.`` if rounded."""
    if value is None or unit == "%":
        return quantity(value, unit)
    about = f"≈{NBSP}" if number(value, 1) != number(value) else ""
    return about + quantity(value, unit, 0)


def span(low: Number, high: Number, unit: str) -> str:
    """``от 52,1 до 61,3 %``; what is counted is whole."""
    decimals = 1 if unit == "%" else 0
    return f"от{NBSP}{number(low, decimals)} до{NBSP}{quantity(high, unit, decimals)}"


def change(difference: Number | None, unit: str) -> str:
    """``+1,3 п. п.``, ``−2 ед.``, ``0 ед.``; shares differ by percentage points."""
    text = quantity(difference, POINTS if unit == "%" else unit)
    is_signed = difference is None or text.startswith((MINUS, f"0{NBSP}"))
    return text if is_signed else f"+{text}"


def percent(share: Number | None) -> str:
    """A share of 0…1 as per cent with one decimal: ``0.345`` to ``34,5 %``."""
    return NO_DATA if share is None else quantity(round(Decimal(str(share)) * 100, 1), "%")


def month(value: date | None) -> str:
    """``июнь 2026``."""
    return NO_DATA if value is None else f"{MONTHS[value.month - 1]}{NBSP}{value.year}"


def day(value: date | None) -> str:
    """``30 июня 2026``."""
    if value is None:
        return NO_DATA
    return f"{value.day}{NBSP}{MONTHS_OF[value.month - 1]}{NBSP}{value.year}"


def reaches(month: date, sources: Iterable[tuple[str, date | None]]) -> str:
    """``сайт по 17 ноября, СМЭВ по 15-е``: how far each source reaches into the month.

    Those that have not reached it follow: ``нет данных за ноябрь — реестры (по 30 октября)``.
    """
    within: list[str] = []
    before: list[str] = []
    for name, reach in sources:
        if reach is None:
            before.append(name)
        elif reach < month:
            told = day(reach) if reach.year != month.year else day_of_year(reach)
            before.append(f"{name} (по{NBSP}{told})")
        else:
            told = f"{reach.day}-е" if within else day_of_year(reach)
            within.append(f"{name} по{NBSP}{told}")
    parts = [", ".join(within)]
    if before:
        parts.append(f"{NO_DATA} за {MONTHS[month.month - 1]} — {', '.join(before)}")
    return "; ".join(filter(None, parts))


def ended(sentence: str) -> str:
    """With its full stop, of which an abbreviation at the end has one; empty stays empty."""
    return f"{sentence}." if sentence and not sentence.endswith(".") else sentence


def day_of_year(value: date) -> str:
    """``30 июня``."""
    return f"{value.day}{NBSP}{MONTHS_OF[value.month - 1]}"


def short_day(value: date | None) -> str:
    """``30.06.2026``, for the columns of tables."""
    return NO_DATA if value is None else f"{value:%d.%m.%Y}"


def instant(value: datetime | None, zone: ZoneInfo) -> str:
    """A UTC instant in the zone: ``1 июля 2026, 05:10``."""
    if value is None:
        return NO_DATA
    # The driver gives DateTime('UTC') without a zone.
    local = (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(zone)
    return f"{day(local.date())}, {local:%H:%M}"


def plural(count: int, one: str, few: str, many: str) -> str:
    """A count with its noun: ``1 день``, ``2 дня``, ``5 дней``."""
    return f"{number(count)}{NBSP}{noun(count, one, few, many)}"


def noun(count: int, one: str, few: str, many: str) -> str:
    """The form of a noun beside a count."""
    tail, tens = count % 10, count // 10 % 10
    singular_or_few = one if tail == 1 else few
    return many if tens == 1 or tail == 0 or tail > 4 else singular_or_few
