"""Reporting periods and their names: ``2026-09``, ``2026-Q3``, ``2026``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from municipal_indicators.errors import ConfigurationError

_NAME = re.compile(r"(20\d\d|2100)(?:-(?:Q([1-4])|(0[1-9]|1[0-2])))?")


@dataclass(frozen=True, slots=True)
class Period:
    """A month, quarter or year; both days inclusive."""

    name: str
    first: date
    last: date

    @property
    def last_month(self) -> date:
        """The first day of its last month: a period's fact is that of this month."""
        return self.last.replace(day=1)


def parse_period(name: str) -> Period:
    """The period of a name. Raises ConfigurationError that says which names there are."""
    match = _NAME.fullmatch(name)
    if not match:
        raise ConfigurationError(
            f"Параметр period: {name!r} — не период. Напишите месяц, например 2026-09, квартал, например "
            "2026-Q3, или год, например 2026."
        )
    year, quarter, month = int(match[1]), match[2], match[3]
    begin = int(month) if month else int(quarter) * 3 - 2 if quarter else 1
    months = 1 if month else 3 if quarter else 12
    end = begin + months
    following = date(year + (end > 12), (end - 1) % 12 + 1, 1)
    return Period(name, date(year, begin, 1), following - timedelta(days=1))
