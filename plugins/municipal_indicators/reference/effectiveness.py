"""The methods by which the programme is judged: `reference/effectiveness.yaml`, changed by the passport."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from municipal_indicators import settings
from municipal_indicators.errors import PassportError
from municipal_indicators.reference.files import PlacedError, Strict, read_kept
from municipal_indicators.reference.passport import Evaluation

PARTS = ("attainment", "achieved_share", "events_share", "spending_share", "efficiency")
_TOKEN = re.compile(rf"\s*(?:{'|'.join(PARTS)}|\d+(?:\.\d+)?|[-+*/()])(?!\w)\s*")


class Step(Strict):
    """A verdict for values from ``lowest`` on; the last of a scale has none."""

    lowest: Annotated[float | None, Field(alias="from")] = None
    verdict: Annotated[str, Field(min_length=1)]


class Method(Strict):
    """One published method; what acts are silent about is a switch (docs/indicators.md#оценка)."""

    name: Annotated[str, Field(min_length=1)]
    version: Annotated[str, Field(min_length=1)]
    formula: str
    cap: Annotated[float, Field(gt=0)] | None = None
    zero_plan: Literal["achieved", "leave_out"] = "achieved"
    missing_fact: Literal["zero", "leave_out"] = "leave_out"
    missing_plan: Literal["linear_path", "leave_out"] = "leave_out"
    money: Literal["budget", "all"] = "all"
    points: list[tuple[float, float, float]] = Field(default_factory=list)
    scale: list[Step] = Field(default_factory=list)

    @field_validator("formula")
    @classmethod
    def _is_arithmetic(cls, formula: str) -> str:
        rest = formula
        while token := _TOKEN.match(rest):
            rest = rest[token.end() :]
        if rest or formula.count("(") != formula.count(")") or not formula.strip():
            raise ValueError(
                f"{formula!r} — не формула: допустимы {', '.join(PARTS)}, числа, + - * / и ()"
            )
        return formula

    @model_validator(mode="after")
    def _scale_descends(self) -> Method:
        limits = [step.lowest for step in self.scale]
        known = [limit for limit in limits if limit is not None]
        if self.scale and (limits[-1] is not None or len(known) != len(limits) - 1):
            raise PlacedError(
                "каждой оценке, кроме последней, нужно `from`, последней — нет", "scale"
            )
        if sorted(set(known), reverse=True) != known:
            raise PlacedError("пороги должны убывать", "scale")
        return self

    @property
    def thresholds(self) -> list[float]:
        """The least values of all verdicts but the last."""
        return [step.lowest for step in self.scale if step.lowest is not None]

    @property
    def verdicts(self) -> list[str]:
        """The words, best first."""
        return [step.verdict for step in self.scale]


def read_methods(path: Path | None = None) -> dict[str, Method]:
    """All methods by code; raises ConfigurationError that names file, line and place."""
    return read_kept(path or settings.REFERENCE / "effectiveness.yaml", dict[str, Method])


def chosen_methods(evaluation: Evaluation) -> dict[str, Method]:
    """All methods, with what the passport says of the one that it chooses.

    Raises PassportError for an unknown method, or thresholds that do not fit its verdicts.
    """
    methods = dict(read_methods())
    if evaluation.method not in methods:
        raise PassportError(
            f"{settings.passport_path()}: effectiveness.method: {evaluation.method!r} нет в "
            f"reference/effectiveness.yaml; есть {', '.join(methods)}."
        )
    own = evaluation.model_dump(exclude={"method", "thresholds"}, exclude_none=True)
    if own.get("cap") == "none":
        own["cap"] = None
    if evaluation.thresholds is not None:
        own["scale"] = _with_thresholds(methods[evaluation.method], evaluation.thresholds)
    methods[evaluation.method] = methods[evaluation.method].model_copy(update=own)
    return methods


def _with_thresholds(method: Method, thresholds: list[float]) -> list[Step]:
    descending = sorted(set(thresholds), reverse=True) == thresholds
    if not descending or len(thresholds) != len(method.scale) - 1:
        raise PassportError(
            f"{settings.passport_path()}: effectiveness.thresholds: нужно чисел по убыванию: "
            f"{max(len(method.scale) - 1, 0)}, на одно меньше, чем оценок: "
            f"{', '.join(method.verdicts) or 'у этого способа их нет'}."
        )
    return [
        step.model_copy(update={"lowest": limit})
        for step, limit in zip(method.scale, [*thresholds, None], strict=True)
    ]
