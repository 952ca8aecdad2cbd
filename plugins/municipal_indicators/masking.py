"""Masks for personal data in text that people will read: quarantine, labels of files, messages."""

from __future__ import annotations

import re

MASK = "***"

_PATTERNS = (
    re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"),
    re.compile(r"(?:\+7|\b[78])[\s(-]*\d{3}[\s)-]*\d{3}[\s-]*\d{2}[\s-]*\d{2}\b"),
    re.compile(r"\b\d{3}-\d{3}-\d{3}[\s-]\d{2}\b"),
    re.compile(r"(?<!\d)\d{2}\s?\d{2}\s?№?\s?\d{6}(?!\d)"),
    re.compile(r"(?<!\d)\d{9,12}(?!\d)"),
    # Фамилия Имя Отчество, Фамилия И. О., И. О. Фамилия; joined by blanks, underscores or hyphens.
    re.compile(r"[А-ЯЁ][а-яё]+(?:[\s_-]+[А-ЯЁ][а-яё]+){1,2}(?:вич|вна|ична|оглы|кызы)\b", re.IGNORECASE),
    re.compile(r"[А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)?[\s_]+[А-ЯЁ]\.\s?[А-ЯЁ]\."),
    re.compile(r"[А-ЯЁ]\.\s?[А-ЯЁ]\.[\s_]*[А-ЯЁ][а-яё]+"),
    re.compile(r"(?:[А-ЯЁ][а-яё]+[\s_]+){2}[А-ЯЁ][а-яё]+"),
    re.compile(
        r"\b(?:ул|улица|пер|переулок|пр-т|проспект|дом|кв|квартира)\b\.?\s*[^,;\n]{1,60}",
        re.IGNORECASE,
    ),
)


def mask_personal(text: str) -> str:
    """Return ``text`` with whatever looks like a person's data replaced by ``***``.

    Errs on the side of masking: a date-like or code-like run of 9 to 12 digits goes too.
    """
    for pattern in _PATTERNS:
        text = pattern.sub(MASK, text)
    return text
