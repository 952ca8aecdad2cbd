"""Whether the goal will be reached, in words: forecast, its band, and the probability as a range."""

from __future__ import annotations

from municipal_indicators.report import queries, russian
from municipal_indicators.report.queries import Row
from municipal_indicators.warehouse.client import Warehouse


def read_outlooks(warehouse: Warehouse) -> dict[str, str]:
    """One sentence or more per indicator that has a forecast."""
    found = queries.rows(warehouse, "forecasts_of_latest")
    return {row["indicator"]: _outlook(row) for row in found if row["forecast"] is not None}


def _outlook(row: Row) -> str:
    expected = russian.quantity(row["forecast"], row["unit"])
    told = f"К концу {row['until']} года ожидается {expected}"
    if row["low"] is not None and row["low"] != row["high"]:
        low, high = (russian.number(row[side], 2) for side in ("low", "high"))
        told += f", с вероятностью 80{russian.NBSP}% — от {low} до {high}"
    return " ".join(filter(None, (f"{told}.", _chance(row), row["note"])))


def _chance(row: Row) -> str:
    low, high = row["probability_low"], row["probability_high"]
    if low is None or row["goal"] is None:
        return ""
    goal = f"Цель — {russian.quantity(row['goal'], row['unit'])}"
    if low == high:
        return f"{goal}: {'достигнута' if low else 'не может быть достигнута'}."
    first, last = (russian.number(share * 100) for share in (low, high))
    return f"{goal}: вероятность от {first} до {last}{russian.NBSP}%."
