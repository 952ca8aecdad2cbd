"""The words for the codes of the marts, as ``reference/labels.yaml`` gives them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from municipal_indicators.errors import ConfigurationError

LABELS_PATH = Path(__file__).resolve().parents[3] / "reference" / "labels.yaml"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Variant(_Strict):
    """A way to count an indicator that the passport may choose; without a formula, the default formula."""

    name: str
    formula: str | None = None
    numerator: str | None = None


class Explanation(_Strict):
    """How one indicator is computed, in words."""

    formula: str
    numerator: str
    denominator: str | None = None
    variants: dict[str, Variant] = {}


class Labels(_Strict):
    """Words by code; a code without a word is shown as itself."""

    sources: dict[str, str]
    freshness: dict[str, str]
    statuses: dict[str, str]
    traffic_sources: dict[str, str]
    devices: dict[str, str]
    indicators: dict[str, Explanation]

    def explanation(self, code: str, variant: str) -> Explanation | None:
        """The words of an indicator in its variant; None if the file has none."""
        usual = self.indicators.get(code)
        if usual is None or variant not in usual.variants:
            return usual
        own = usual.variants[variant].model_dump(
            include={"formula", "numerator"}, exclude_none=True
        )
        return usual.model_copy(update=own)

    def method(self, code: str, variant: str) -> tuple[str, str, str]:
        """How an indicator is counted: code, name and words of the method."""
        words = self.explanation(code, variant)
        formula = words.formula if words else ""
        if words and variant in words.variants:
            return variant, words.variants[variant].name, formula
        return "standard", "по определению показателя", formula


@cache
def read_labels(path: Path = LABELS_PATH) -> Labels:
    """Read the labels file; raises ConfigurationError that names file and place."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Labels.model_validate(content)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read ({error}); restore it.") from error
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path}: is not YAML: {error}") from error
    except ValidationError as error:
        places = "; ".join(
            f"{'.'.join(map(str, mistake['loc'])) or 'top level'}: {mistake['msg']}"
            for mistake in error.errors()
        )
        raise ConfigurationError(
            f"{path}: {places}. Allowed sections: {', '.join(Labels.model_fields)}."
        ) from error


def in_order(codes: Iterable[str], known: Mapping[str, object]) -> list[str]:
    """Codes in the order of the labels file, then unknown ones by name."""
    places = {code: place for place, code in enumerate(known)}
    return sorted(codes, key=lambda code: (places.get(code, len(places)), code))


def word(words: Mapping[str, str], code: str) -> str:
    """The word for a code, or the code itself if there is none."""
    return words.get(code, code)
