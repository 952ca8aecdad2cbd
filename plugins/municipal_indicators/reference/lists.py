"""The lists of ``reference/`` that a data engineer edits; what each line of the tables may hold."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    model_validator,
)

from municipal_indicators import settings
from municipal_indicators.reference.files import PlacedError, Strict, read_kept, read_table
from municipal_indicators.reference.passport import IndicatorCode

T = TypeVar("T")
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


def _given_once(value: T, info: ValidationInfo) -> T:
    before = info.context or {}
    if any(getattr(row, str(info.field_name)) == value for row in before.values()):
        raise ValueError(f"{value} дано дважды; оставьте одно")
    return value


class _Holiday(Strict):
    day: Annotated[date, AfterValidator(_given_once)]
    name: str


class _FreshnessTerm(Strict):
    source: Annotated[_Text, AfterValidator(_given_once)]
    late_after_days: Annotated[int, Field(ge=1)]
    why: str


class _SmevKind(Strict):
    information_type: Annotated[
        _Text, AfterValidator(lambda text: text.rstrip("/")), AfterValidator(_given_once)
    ]
    name: _Text
    term: Annotated[
        Annotated[int, Field(ge=1, le=999)] | None, BeforeValidator(lambda text: text or None)
    ]
    unit: Literal["hours", "working_days", "calendar_days", ""]
    source: str

    @model_validator(mode="after")
    def _term_has_a_unit(self) -> _SmevKind:
        if (self.term is None) != (self.unit == ""):
            problem = "term и unit даются вместе: оба или ни одного, тогда действует срок паспорта"
            raise PlacedError(problem, "term")
        return self


def _first_day(month: str) -> date:
    try:
        return datetime.strptime(month, "%Y-%m").date()  # noqa: DTZ007  a month has no zone
    except ValueError:
        raise ValueError(f"{month!r} — не месяц; напишите его как 2026-10") from None


class _Annotation(Strict):
    month: Annotated[date, BeforeValidator(_first_day)]
    indicator: IndicatorCode
    text: _Text


def holidays() -> list[tuple[date, str]]:
    """Non-working days that fall on Monday to Friday, and why."""
    rows = read_table(settings.REFERENCE / "holidays.csv", _Holiday)
    return [(row.day, row.name) for row in rows]


def freshness_terms() -> list[tuple[str, int, str]]:
    """Source, days after which its data are late, and why."""
    rows = read_table(settings.REFERENCE / "freshness.csv", _FreshnessTerm)
    return [(row.source, row.late_after_days, row.why) for row in rows]


def smev_kinds() -> list[tuple[str, str, int | None, str]]:
    """Kinds of information: namespace without its version, name, term (None: the passport's) and its unit."""
    rows = read_table(settings.REFERENCE / "smev_kinds.csv", _SmevKind)
    return [(row.information_type, row.name, row.term, row.unit) for row in rows]


def course_annotations() -> list[tuple[date, str, str]]:
    """What explains the course of an indicator: first day of a month, its code, and a sentence."""
    rows = read_table(settings.REFERENCE / "annotations.csv", _Annotation)
    return [(row.month, row.indicator, row.text) for row in rows]


def read_list(name: str, kind: type[T]) -> T:
    """A YAML file of ``reference/``; raises ConfigurationError that names file, line and place."""
    return read_kept(settings.REFERENCE / name, kind)
