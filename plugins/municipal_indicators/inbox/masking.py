"""Masks personal data in text: strictly in what engineers read, precisely in values that marts keep."""

from __future__ import annotations

import re
from functools import cache

from municipal_indicators.inbox import person_names

MASK = "***"

# File names join words by underscores, which \b takes for letters: boundaries are written explicitly.
_GAP = r"[\s_]+"
_WORD = r"(?i:[а-яё]+(?:-[а-яё]+)?)"
_PROPER = r"[А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)?"
_PATRONYMIC = rf"(?i:{person_names.PATRONYMIC}|[а-яё]{{2,}}[оеё]вн[ыу])(?![А-Яа-яЁё])"
_PROPER_PATRONYMIC = r"[А-ЯЁ][а-яё]+[оеё]вн(?:е|ой|ою)(?![А-Яа-яЁё])"
_SURNAME = rf"[А-ЯЁ](?:[а-яё]+|[А-ЯЁ]+)(?i:{person_names.SURNAME}|ко|ой)"
_LATIN_GAP = r"[\s_.-]+"
_LATIN_SURNAME = f"[a-z]+{person_names.LATIN_SURNAME}"
_PLATE = "[АВЕКМНОРСТУХABEKMHOPCTYX]"
_EXACT = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<![\w.+-])[\w.+-]+@[\w-]+\.[\w.-]+",
        r"(?<!\d)(?:\+7|[78])[\s_(-]*\d{3,5}[\s_)-]*\d{1,3}[\s_-]*\d{2}[\s_-]*\d{2}(?!\d)(?<!\d{11})",
        r"(?<!\d)[78]9\d{9}(?!\d)",
        r"\(\d{3,5}\)[\s_]?\d{1,3}[\s_-]\d{2}[\s_-]\d{2}(?!\d)",
        r"(?<!\d)\d{3}[\s_-]\d{3}[\s_-]\d{3}[\s_-]?\d{2}(?!\d)",
        r"(?<!\d)\d{2}[\s_-]?\d{2}[\s_№-]+\d{6}(?!\d)",
        # A policy of medical insurance, most cards.
        r"(?<!\d)\d{4}(?:[\s_-]?\d{4}){3}(?!\d)",
        rf"(?<![A-Za-zА-Яа-яЁё\d])(?i:{_PLATE}[\s_-]?\d{{3}}[\s_-]?{_PLATE}{{2}}[\s_-]?\d{{2,3}})(?![A-Za-zА-Яа-яЁё\d])",
        rf"(?<![А-Яа-яЁё])(?:{_WORD}(?:{_GAP}|-)){{1,2}}{_PATRONYMIC}(?:{_GAP}{_PROPER}(?![А-Яа-яЁё]))?",
        rf"(?<![А-Яа-яЁё])(?:{_PROPER}{_GAP}){{1,3}}(?i:оглы|кызы)(?![А-Яа-яЁё])",
        rf"(?<![А-Яа-яЁё])(?:{_PROPER}{_GAP}){{1,2}}{_PROPER_PATRONYMIC}(?:{_GAP}{_PROPER})?",
        rf"(?<![А-Яа-яЁё])(?:{_PROPER}|[А-ЯЁ]{{3,}}){_GAP}[А-ЯЁ][._]\s?[А-ЯЁ](?:\.|(?![А-Яа-яЁё]))",
        rf"(?<![А-Яа-яЁё])[А-ЯЁ][._]\s?[А-ЯЁ]\.?{_GAP}?(?<=[\s_.])(?:{_PROPER}|[А-ЯЁ]{{3,}})(?![А-Яа-яЁё])",
        rf"(?<![A-Za-z])(?i:(?:[a-z]+{_LATIN_GAP}){{1,2}}{person_names.LATIN_PATRONYMIC}"
        rf"(?:{_LATIN_GAP}[a-z]+{person_names.LATIN_SURNAME})?)(?![A-Za-z])",
        r"(?<![А-Яа-яЁё])(?i:ул\.|улица|пер\.|переулок|пр-т|просп\.|проспект)[\s_]*[^;\n]{1,50}?\d+[^;,\n]{0,8}"
        r"(?:,?[\s_]*(?i:кв|квартира)\b\.?[\s_]*\d+)?",
    )
)
# Who looks for a Cyrillic word looks first whether it begins there.
_EXACT_IN_ASCII = tuple(one for one in _EXACT if not one.pattern.startswith("(?<![А-Яа-яЁё])"))
# What is needed for a surname beside a given name: most texts lack it, and the patterns of given names take a
# tenth of a second to be made.
_BESIDE_SURNAME = re.compile(rf"(?<![А-Яа-яЁё]){_SURNAME}{_GAP}[^\W_]|[^\W_]{_GAP}{_SURNAME}")
_BESIDE_LATIN_SURNAME = re.compile(
    rf"(?<![A-Za-z])(?i:{_LATIN_SURNAME}){_LATIN_GAP}[^\W_]|[^\W_]{_LATIN_GAP}(?i:{_LATIN_SURNAME})"
)
_STRICT = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<!\d)\d{9,12}(?!\d)",
        rf"(?<![А-Яа-яЁё])(?:[А-ЯЁ][а-яё]+{_GAP}){{2}}[А-ЯЁ][а-яё]+",
        r"(?<![А-Яа-яЁё])(?i:ул|улица|пер|переулок|пр-т|проспект|(?:дом|д|кв|квартира)(?=[\s_.№]*\d))(?![А-Яа-яЁё])"
        r"\.?\s*[^,;\n]{1,60}",
        rf"\A\s*{_SURNAME}\s*\Z",
    )
)
_DIGITS = re.compile(r"(?<!\d)(?:\d{10}|\d{11}|\d{12})(?!\d)")
# A card of another length than 16: first digits of a payment system, and Luhn's control digit.
_CARD = re.compile(r"(?<!\d)(?:220[0-4]|4\d{3}|5[1-5]\d\d|6\d{3})(?:[\s_-]?\d){9,15}(?!\d)")


def mask_personal(text: str) -> str:
    """Return ``text`` with everything that looks like personal data replaced by ``***``.

    For labels of files and sheets, quarantine and messages. Rather masks too much: also any run of 9
    to 12 digits, any three capitalised words, and a single surname.
    """
    text = mask_value(text)
    for pattern in _STRICT:
        text = pattern.sub(MASK, text)
    return text


def mask_value(text: str) -> str:
    """Return a value that the marts keep, with personal data replaced by ``***``.

    More precise than ``mask_personal``, so that names of services and departments are kept: a name is
    masked with a patronymic, initials or a known given name, digits with a valid checksum; 16 digits
    always, since they are a policy or a card.
    """
    # Most names of an archive are in ASCII: half of the patterns cannot match there.
    for pattern in _EXACT_IN_ASCII if text.isascii() else _EXACT:
        text = pattern.sub(MASK, text)
    if _BESIDE_SURNAME.search(text):
        text = _named().sub(MASK, text)
    if _BESIDE_LATIN_SURNAME.search(text):
        text = _named_in_latin().sub(MASK, text)
    text = _CARD.sub(lambda found: MASK if _is_card(found.group()) else found.group(), text)
    return _DIGITS.sub(
        lambda found: MASK if _is_personal_number(found.group()) else found.group(), text
    )


@cache
def _named() -> re.Pattern[str]:
    """A surname beside a given name: with capitals in Cyrillic letters, where words end like surnames."""
    given = rf"(?=[А-ЯЁ])(?i:{person_names.given()})(?![А-Яа-яЁё])"
    surname = rf"{_SURNAME}(?![А-Яа-яЁё])"
    return re.compile(rf"(?<![А-Яа-яЁё])(?:{surname}{_GAP}{given}|{given}{_GAP}{surname})")


@cache
def _named_in_latin() -> re.Pattern[str]:
    given = rf"(?i:{person_names.latin_given()})(?![A-Za-z])"
    surname = rf"(?i:{_LATIN_SURNAME})(?![A-Za-z])"
    return re.compile(
        rf"(?<![A-Za-z])(?:{surname}{_LATIN_GAP}{given}|{given}{_LATIN_GAP}{surname})"
    )


def _is_card(text: str) -> bool:
    digits = [int(sign) for sign in reversed(text) if sign.isdecimal()]
    doubled = (sum(divmod(digit * 2, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _is_personal_number(digits: str) -> bool:
    numbers = [int(digit) for digit in digits]
    if len(digits) == 11:
        total = sum(digit * weight for digit, weight in zip(numbers, range(9, 0, -1), strict=False))
        return total % 101 % 100 == int(digits[9:])
    if len(digits) == 12:
        weights = (7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
        first = sum(map(int.__mul__, numbers, weights)) % 11 % 10
        second = sum(map(int.__mul__, numbers, (3, *weights))) % 11 % 10
        return numbers[10:] == [first, second]
    # Ten digits are the INN of a legal person, which is open data, or the number of an order.
    return False
