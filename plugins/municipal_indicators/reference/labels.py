"""The words for the codes of the marts, as ``reference/labels.yaml`` gives them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import Field

from municipal_indicators import settings
from municipal_indicators.reference.files import Strict, read_kept


class Variant(Strict):
    """A way to count an indicator that the passport may choose; what it does not say is as by default."""

    name: str
    formula: str | None = None
    numerator: str | None = None
    denominator: str | None = None


class Explanation(Strict):
    """How one indicator is computed, in words; ``short`` names it within a sentence."""

    formula: str
    numerator: str
    denominator: str | None = None
    short: str = ""
    variants: dict[str, Variant] = Field(default_factory=dict)


class Labels(Strict):
    """Words by code; a code without a word is shown as itself."""

    sources: dict[str, str]
    freshness: dict[str, str]
    statuses: dict[str, str]
    traffic_sources: dict[str, str]
    devices: dict[str, str]
    indicators: dict[str, Explanation]
    sources_in_text: dict[str, str] = Field(default_factory=dict)
    statuses_of_many: dict[str, str] = Field(default_factory=dict)

    def explanation(self, code: str, variant: str) -> Explanation | None:
        """The words of an indicator in its variant; None if the file has none."""
        usual = self.indicators.get(code)
        if usual is None or variant not in usual.variants:
            return usual
        own = usual.variants[variant].model_dump(exclude={"name"}, exclude_none=True)
        return usual.model_copy(update=own)

    def way_names(self, code: str) -> dict[str, str]:
        """The names of the ways to count an indicator, by way; empty if the file has none."""
        usual = self.indicators.get(code)
        return {way: one.name for way, one in usual.variants.items()} if usual else {}

    def method(self, code: str, variant: str) -> tuple[str, str, str]:
        """How an indicator is counted: code, name and words of the method."""
        words = self.explanation(code, variant)
        formula = words.formula if words else ""
        if words and variant in words.variants:
            return variant, words.variants[variant].name, formula
        return "standard", "по определению показателя", formula


def read_labels(path: Path | None = None) -> Labels:
    """The labels file; raises ConfigurationError that names file, line and place."""
    return read_kept(path or settings.REFERENCE / "labels.yaml", Labels)


def in_order(codes: Iterable[str], known: Mapping[str, object]) -> list[str]:
    """Codes in the order of the labels file, then unknown ones by name."""
    places = {code: place for place, code in enumerate(known)}
    return sorted(codes, key=lambda code: (places.get(code, len(places)), code))


def word(words: Mapping[str, str], code: str) -> str:
    """The word for a code, or the code itself if there is none."""
    return words.get(code, code)
