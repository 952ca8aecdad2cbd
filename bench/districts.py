"""Emulated districts for `bench.forecast`: what each counts day by day, and its registers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

FIRST_DAY, LAST_DAY = date(2022, 1, 1), date(2027, 12, 31)
FIRST_YEAR, LAST_YEAR = 2023, 2027
KINDS = {
    "site_visitors_growth": "growth",
    "smev_requests": "year",
    "ict_events": "programme",
    "eservices_share": "share",
    "departments_equipped_share": "share",
}
"""The indicators of a district. The two other shares of registers behave as the last one."""


@dataclass(frozen=True)
class Districts:
    """``counts`` has code, day, n; ``versions`` has code, as_of, part, whole; ``starts`` the first day of
    the data of each code."""

    counts: pd.DataFrame
    versions: pd.DataFrame
    starts: dict[str, date]


def drawn(number: int, seed: int) -> Districts:
    """Draw so many districts."""
    import numpy as np
    import pandas as pd

    chance = np.random.default_rng(seed)
    days = pd.date_range(FIRST_DAY, LAST_DAY)
    counts, versions, starts = [], [], {}
    for district in range(number):
        for name, kind in KINDS.items():
            code = f"{name}/{district}"
            starts[code] = FIRST_DAY
            if kind == "share":
                versions.append(_register(code, 1 if name == "eservices_share" else None, chance))
                continue
            rate = _daily_rate(days, chance) * _yearly_total(kind, chance)
            if kind == "growth":
                # First visits of a year: fewer and fewer people have not been there yet.
                rate = rate / (1 + days.dayofyear.to_numpy() / chance.uniform(80, 400))
            elif chance.random() < 0.25:
                starts[code] = FIRST_DAY + timedelta(days=int(chance.integers(60, 640)))
                rate = np.where(days >= pd.Timestamp(starts[code]), rate, 0)
            frame = pd.DataFrame({"code": code, "day": days.date, "n": chance.poisson(rate)})
            counts.append(frame[frame["n"] > 0])
    return Districts(pd.concat(counts), pd.concat(versions), starts)


def _yearly_total(kind: str, chance: np.random.Generator) -> float:
    import numpy as np

    typical, spread = {"growth": (20_000, 1.0), "year": (600, 0.9), "programme": (7, 0.5)}[kind]
    return float(typical * np.exp(spread * chance.normal()))


def _daily_rate(days: pd.DatetimeIndex, chance: np.random.Generator) -> np.ndarray:
    """Share of a year's total by day: trend, season, weekdays, holidays, and months that differ."""
    import numpy as np

    years = days.year.to_numpy() - days.year[0]
    months = years * 12 + days.month.to_numpy() - 1
    steps = chance.normal(chance.normal(0.03, 0.1), 0.1, years[-1] + 1)
    noise = np.zeros(months[-1] + 1)
    size, memory = chance.uniform(0.05, 0.25), chance.uniform(0, 0.7)
    for month in range(1, len(noise)):
        noise[month] = memory * noise[month - 1] + chance.normal(0, size)
    turn = 2 * np.pi * days.dayofyear.to_numpy() / 365.25
    season = sum(
        chance.uniform(0, 0.4) / wave * np.cos(wave * turn - chance.uniform(0, 2 * np.pi))
        for wave in (1, 2)
    )
    is_holiday = ((days.month == 1) & (days.day <= 8)) | ((days.month == 5) & (days.day <= 10))
    quiet = np.where(is_holiday, 0.3, 1) * np.where(days.dayofweek >= 5, 0.3, 1)
    rate = np.exp(np.cumsum(steps)[years] + noise[months] + season) * quiet
    return np.asarray(rate / rate[:365].sum())


def _register(code: str, every: int | None, chance: np.random.Generator) -> pd.DataFrame:
    """A register that is written anew each month, quarter or half-year, and grows by steps."""
    import pandas as pd

    every = every or int(chance.choice([1, 3, 6], p=[0.2, 0.3, 0.5]))
    dates = pd.date_range(FIRST_DAY, LAST_DAY, freq="ME")[every - 1 :: every]
    whole = int(chance.integers(12, 200))
    part = chance.uniform(0.1, 0.6) * whole
    pace, often = chance.uniform(0.02, 0.2), chance.uniform(0.1, 0.6)
    parts = []
    for _ in dates:
        if chance.random() < often:
            part += chance.exponential(pace) * every / 3 * (whole - part)
        parts.append(min(whole, int(part)))
    return pd.DataFrame({"code": code, "as_of": dates.date, "part": parts, "whole": whole})
