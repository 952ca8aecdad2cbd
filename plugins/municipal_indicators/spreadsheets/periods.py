"""The year and month that a workbook names once, for dates that leave them out («15.01»)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from municipal_indicators.spreadsheets.cells import normal_form

_MONTHS = ("янв", "фев", "мар", "апр", "ма[йя]", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")
_WORDS = [re.compile(rf"(?<!\w){month}\w{{0,6}}") for month in _MONTHS]
# Not the year of a whole date, nor digits of a number.
_YEAR = re.compile(r"(?<![\d.,/-])20\d\d(?![\d/-]|[.,]\d)")

# «За март 2024», not «с 1 марта 2024», nor «создан в марте 2024».
_MONTH_OF_YEAR = re.compile(
    r"(?<!\w)(январь|февраль|март|апрель|май|июнь|июль|август|сентябрь|октябрь|ноябрь|декабрь) (20\d\d)(?!\w)"
)


@dataclass(frozen=True, slots=True)
class Period:
    """What a date may leave out; 0 where it is not known.

    ``from_name``: only the file's name says the year.
    """

    year: int = 0
    month: int = 0
    from_name: bool = False


NO_PERIOD = Period()


def month_number(word: str) -> int:
    """The number of a month by its Russian word or its beginning; 0 for any other word."""
    normal = normal_form(word)
    return next((number for number, one in enumerate(_WORDS, 1) if one.fullmatch(normal)), 0)


def years_in(texts: Iterable[str]) -> set[int]:
    """The years that some lines name, without those of whole dates."""
    return {int(year) for text in texts for year in _YEAR.findall(text.replace("_", " "))}


def months_in(texts: Iterable[str]) -> set[tuple[int, int]]:
    """Year and month of each «март 2024» in some lines, without those of whole dates."""
    return {
        (int(found[2]), number)
        for text in texts
        for found in _MONTH_OF_YEAR.finditer(normal_form(text))
        if (number := month_number(found[1]))
    }


def period_of(sheet: str, titles: Iterable[str], workbook: set[int], file_name: str) -> Period:
    """The period of a table: from the name of its sheet, its titles, those of other sheets, the file's name.

    The first of them that names any year decides; if it names several, none is known.
    """
    normal = normal_form(sheet)
    months = [number for number, word in enumerate(_WORDS, 1) if word.search(normal)]
    month = months[0] if len(months) == 1 else 0
    sources = (years_in([sheet]), years_in(titles), workbook, years_in([file_name]))
    years = next(filter(None, sources), set())
    if len(years) != 1:
        return Period(month=month)
    return Period(next(iter(years)), month, from_name=not any(sources[:-1]))
