"""Dates as people write them: converted to plain spellings, and found in lines above a table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from municipal_indicators.inbox.masking import mask_personal
from municipal_indicators.spreadsheets.cells import (
    Cell,
    clean_text,
    normal_form,
    number_text,
    plain_text,
)
from municipal_indicators.spreadsheets.periods import NO_PERIOD, Period, month_number
from municipal_indicators.spreadsheets.words import Words

_DAYS_FROM_1900_TO_1904 = 1462
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,6}))?)?"
_PLAIN = re.compile(
    r"\d{2}\.\d{2}\.(?:\d{4}|\d{2})(?: \d{2}:\d{2}(?::\d{2})?)?"
    r"|\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z| ?[+-]\d{2}:?\d{2})?)?"
    r"|[2-5]\d{4}(?:\.\d+)?|60000"
)
PLAIN_MOMENT = (
    r"^(?:(?:[0-9]{2}[.][0-9]{2}[.][0-9]{4}|[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?: [0-9]{2}:[0-9]{2}(?::[0-9]{2})?)?)?$"
)
"""The most common spellings, or nothing: ``moment_text`` does not change them. Also valid for RE2."""

_PLAIN_COLUMN = re.compile(f"(?:{PLAIN_MOMENT[1:-1]}\n)*")
_SERIAL = re.compile(r"([2-5]\d{4}),(\d+)")
_SPELLED = (
    re.compile(
        r"(?P<day>\d{1,2})[./-](?P<month>\d{1,2})[./-](?P<year>\d{4}|\d{2})(?: ?г(?:ода|\.)?)?"
        rf"(?:[, ]+(?:в )?{_CLOCK})?"
    ),
    re.compile(
        r"[«\"]?(?P<day>\d{1,2})[»\"]? (?P<word>[а-яё]{3,8}) (?P<year>\d{4})(?: ?г(?:ода|\.)?)?"
        rf"(?:[, ]+(?:в )?{_CLOCK})?",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?P<year>\d{{4}})[-./](?P<month>\d{{1,2}})[-./](?P<day>\d{{1,2}})(?:(?:[, ]+|T){_CLOCK})?"
    ),
)
# Their year, or year and month, is that of the table.
_SHORTENED = (
    re.compile(
        rf"(?P<day>\d{{1,2}})[./](?P<month>\d{{1,2}})\.?(?:[, ]+(?:в )?{_CLOCK})?",
    ),
    re.compile(
        rf"[«\"]?(?P<day>\d{{1,2}})[»\"]?[ .-](?P<word>[а-яё]{{3,8}})\.?(?:[, ]+(?:в )?{_CLOCK})?",
        re.IGNORECASE,
    ),
    re.compile(r"(?P<day>\d{1,2})(?: ?число)?", re.IGNORECASE),
)
_LAST_DAY = 31
_DATE = re.compile(r"\d{1,2}\.\d{1,2}\.\d{2,4}(?: ?г\.?)?")
_GAP_AFTER_WORD = 25
_SEARCHED = 200


def moment_text(
    cell: Cell, words: Words, *, is_1904: bool = False, period: Period = NO_PERIOD
) -> str:
    """A date or time in one of the plain spellings that the staging views cast.

    dd.mm.yyyy or dd.mm.yy, with or without a time; ISO 8601, with or without offset; a serial
    number of Excel. What a date leaves out («15.01») is taken from the period. Empty for words that mean an
    absent value («н/д»). What is no date is returned with personal data masked, for quarantine.
    """
    if isinstance(cell, date):
        return plain_text(cell)
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        day = completed_day(number_text(cell), period) if 1 <= cell <= _LAST_DAY else ""
        return day or number_text(float(cell) + (_DAYS_FROM_1900_TO_1904 if is_1904 else 0))
    text = plain_text(cell)
    if _PLAIN.fullmatch(text):
        return text
    if normal_form(text) in words.absent:
        return ""
    return _respelled(text) or completed_day(text, period) or mask_personal(text)


def completed_day(text: str, period: Period) -> str:
    """A date without its year, or month, as ISO 8601; empty for any other, or if the period lacks them."""
    if not period.year:
        return ""
    for pattern in _SHORTENED:
        if found := pattern.fullmatch(text):
            return _iso(found, str(period.year), _month(found) or period.month)
    return ""


def are_plain_moments(texts: Sequence[str]) -> bool:
    """Whether ``moment_text`` would certainly return all texts unchanged."""
    lines = "\n".join(texts) + "\n"
    return lines.count("\n") == len(texts) and bool(_PLAIN_COLUMN.fullmatch(lines))


def is_date(cell: Cell) -> bool:
    """Whether a cell is a date, or text that is nothing but one («01.07.2024 г.»)."""
    return isinstance(cell, date) or (
        isinstance(cell, str) and _DATE.fullmatch(clean_text(cell)) is not None
    )


def made_at(lines: Iterable[str], words: Words, zone: ZoneInfo) -> datetime | None:
    """The time (UTC) at which the table was made, from the lines above it; None if they have none."""
    return _dated(lines, words.made_on, zone)


def true_at(lines: Iterable[str], words: Words, zone: ZoneInfo) -> datetime | None:
    """The instant (UTC) that lines above a table name as what the table is true for, or None."""
    return _dated(lines, words.as_of, zone)


def _dated(lines: Iterable[str], marker: re.Pattern[str], zone: ZoneInfo) -> datetime | None:
    for line in lines:
        text = clean_text(line).lower().replace("ё", "е")
        for found in marker.finditer(text):
            rest = text[found.end() : found.end() + _SEARCHED]
            dates = [one for pattern in _SPELLED if (one := pattern.search(rest, 0))]
            gap = _GAP_AFTER_WORD if len(found.group()) > 2 else 2
            near = [one for one in dates if one.start() <= gap and _instant(one, zone)]
            if near:
                return _instant(min(near, key=lambda one: one.start()), zone)
    return None


def _respelled(text: str) -> str:
    if found := _SERIAL.fullmatch(text):
        return f"{found[1]}.{found[2]}"
    for pattern in _SPELLED:
        if (found := pattern.fullmatch(text)) and (month := _month(found)):
            return _iso(found, _year(found), month)
    return ""


def _iso(found: re.Match[str], year: str, month: int) -> str:
    if not month:
        return ""
    spelled = f"{year}-{month:02d}-{int(found['day']):02d}"
    if not found.groupdict().get("hour"):
        return spelled
    clock = f"{int(found['hour']):02d}:{found['minute']}:{found['second'] or '00'}"
    return f"{spelled} {clock}" + (f".{found['fraction']}" if found["fraction"] else "")


def _month(found: re.Match[str]) -> int:
    groups = found.groupdict()
    return int(groups["month"]) if groups.get("month") else month_number(groups.get("word") or "")


def _year(found: re.Match[str]) -> str:
    return found["year"] if len(found["year"]) == 4 else f"20{found['year']}"


def _instant(found: re.Match[str], zone: ZoneInfo) -> datetime | None:
    try:
        day = date(int(_year(found)), _month(found), int(found["day"]))
        clock = timedelta(
            hours=int(found["hour"] or 0),
            minutes=int(found["minute"] or 0),
            seconds=int(found["second"] or 0),
        )
    except ValueError:
        return None
    return (datetime(day.year, day.month, day.day, tzinfo=zone) + clock).astimezone(UTC)
