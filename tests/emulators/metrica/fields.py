"""The fields of the Logs API by their full names, for both sources (docs/metrica-api.md#fields)."""

import re
from collections.abc import Sequence

from tests.emulators.metrica.hit_fields import HITS
from tests.emulators.metrica.style import Builder, Cell, Style
from tests.emulators.metrica.visit_fields import ATTRIBUTED, PLAIN
from tests.emulators.metrica.visits import traffic

PREFIXES = {"visits": "ym:s:", "hits": "ym:pv:"}
PLACEHOLDER = "<attribution>"

MODELS = (
    "first",
    "last",
    "lastsign",
    "last_yandex_direct_click",
    "cross_device_first",
    "cross_device_last",
    "cross_device_last_significant",
    "cross_device_last_yandex_direct_click",
    "automatic",
)

# What answers an old model since 2026-06-18 (docs/metrica-api.md#fields).
PRESENT_MODELS = {
    "first": "cross_device_first",
    "lastsign": "cross_device_last_significant",
    "last_yandex_direct_click": "automatic",
    "cross_device_last_yandex_direct_click": "automatic",
}

_ATTRIBUTED_NAME = re.compile(
    rf"({'|'.join(sorted(MODELS, key=len, reverse=True))}|{PLACEHOLDER})"
    rf"({'|'.join(ATTRIBUTED)})",
)
_LOOSE_NAME = re.compile(rf"(?:(?i:{'|'.join(MODELS)}))(?:{'|'.join(ATTRIBUTED)})")


def _by_model(name: str, model: str) -> Builder:
    value = ATTRIBUTED[name]
    return lambda style: lambda visit: value(visit, traffic(visit, model))


class UnknownFieldError(ValueError):
    """A field name that the API rejects; the message is the API's own (docs/metrica-api.md#errors)."""

    def __init__(self, name: str, source: str) -> None:
        super().__init__(f"Unknown field in the request: {name} for the source {source}")
        self.name = name


def builder(name: str, source: str, model: str) -> Builder:
    """How a field is written, found by its full name; raises UnknownFieldError."""
    prefix = PREFIXES[source]
    if not name.startswith(prefix):
        raise UnknownFieldError(name, source)
    bare = name.removeprefix(prefix)
    if source == "hits":
        if bare not in HITS:
            raise UnknownFieldError(name, source)
        return HITS[bare]
    if bare in PLAIN:
        return PLAIN[bare]
    if match := _ATTRIBUTED_NAME.fullmatch(bare):
        return _by_model(match[2], model if match[1] == PLACEHOLDER else match[1])
    if _LOOSE_NAME.fullmatch(bare):
        # The real service ignores the case of the model: lastSign... (docs/metrica-api.md#fields)
        return builder(prefix + _strict(bare), source, model)
    raise UnknownFieldError(name, source)


def _strict(bare: str) -> str:
    model = max((m for m in MODELS if bare.lower().startswith(m)), key=len)
    return model + bare[len(model) :]


def present_name(name: str) -> str:
    """A field with the model that answers it now; any other name as it is."""
    prefix = PREFIXES["visits"]
    match = _ATTRIBUTED_NAME.fullmatch(name.removeprefix(prefix))
    if not match:
        return name
    return f"{prefix}{PRESENT_MODELS.get(match[1], match[1])}{match[2]}"


def header(name: str, model: str) -> str:
    """The heading of the column: a placeholder is resolved (a guess: docs/metrica-api.md#fields)."""
    return name.replace(PLACEHOLDER, model)


def cells(names: Sequence[str], source: str, model: str, style: Style) -> list[Cell]:
    """One cell writer per field, in the requested order; raises UnknownFieldError."""
    return [builder(name, source, model)(style) for name in names]


def known_fields(source: str) -> list[str]:
    """All names that the emulator serves, placeholders included."""
    prefix = PREFIXES[source]
    if source == "hits":
        return [prefix + name for name in HITS]
    attributed = [f"{model}{name}" for model in (PLACEHOLDER, *MODELS) for name in ATTRIBUTED]
    return [prefix + name for name in (*PLAIN, *attributed)]
