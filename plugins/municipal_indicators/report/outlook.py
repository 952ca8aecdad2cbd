"""Whether the goal will be reached, in words: forecast, its band, and the probability as a range."""

from __future__ import annotations

from dataclasses import dataclass

from municipal_indicators.report import queries, russian
from municipal_indicators.report.queries import Row
from municipal_indicators.warehouse.client import Warehouse

# The least middle of the range for which the words hold.
_CHANCES = (
    (0.9, "почти наверняка"),
    (0.6, "скорее да"),
    (0.4, "пополам"),
    (0.1, "скорее нет"),
    (0.0, "почти невозможно"),
)


@dataclass(frozen=True)
class Outlook:
    """What is expected at the end of the year ``until``, as numbers and in words.

    ``band`` and ``chance`` (the probability of reaching the goal) are empty where history is too short;
    ``told`` is all of it in sentences.
    """

    until: int
    value: float
    low: float | None
    high: float | None
    forecast: str
    band: str
    chance: str
    told: str


def read_outlooks(warehouse: Warehouse) -> dict[str, Outlook]:
    """The outlook of each indicator that has a forecast."""
    found = queries.rows(warehouse, "forecasts_of_latest")
    return {row["indicator"]: _outlook(row) for row in found if row["forecast"] is not None}


def _outlook(row: Row) -> Outlook:
    forecast = russian.estimate(row["forecast"], row["unit"])
    low, high = row["low"], row["high"]
    has_band = low is not None and low != high
    band = russian.span(low, high, row["unit"]) if has_band else ""
    chance = _chance(row)
    expected = f"К концу {row['until']} года ожидается {forecast}"
    if band:
        expected += f", с вероятностью 80{russian.NBSP}% — {band}"
    goal = (
        f"Достижение цели ({russian.quantity(row['goal'], row['unit'])}): {chance}"
        if chance
        else ""
    )
    told = [russian.ended(text) for text in (expected, goal, row["note"])]
    return Outlook(
        until=row["until"],
        value=row["forecast"],
        low=low if has_band else None,
        high=high if has_band else None,
        forecast=forecast,
        band=band,
        chance=chance,
        told=" ".join(filter(None, told)),
    )


def chance_of(low: float | None, high: float | None) -> str:
    """``40–50 %``; empty where it is not known."""
    if low is None or high is None:
        return ""
    first, last = (russian.number(share * 100) for share in (low, high))
    return f"{first}{russian.NBSP}%" if first == last else f"{first}–{last}{russian.NBSP}%"


def _chance(row: Row) -> str:
    low, high = row["probability_low"], row["probability_high"]
    if low is None or row["goal"] is None:
        return ""
    if low == high:
        return "уже достигнута" if low else "уже невозможно"
    words = next(words for least, words in _CHANCES if (low + high) / 2 >= least)
    return f"{words}, {chance_of(low, high)}"
