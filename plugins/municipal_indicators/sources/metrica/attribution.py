"""Attribution models that Metrica answers by another one: the only table of their names."""

from __future__ import annotations

import re

# Since 2026-06-18 a query for an old model is answered by its nearest present one:
# https://yandex.com/dev/metrika/ru/logs/param. Whether the API then shows the old name or the present one in
# its list of requests and in headings is not documented, so that both are the same here.
PRESENT_MODELS = {
    "first": "cross_device_first",
    "lastsign": "cross_device_last_significant",
    "last_yandex_direct_click": "automatic",
    "cross_device_last_yandex_direct_click": "automatic",
}

_OLD = "|".join(sorted(PRESENT_MODELS, key=len, reverse=True))
# What follows the model begins with a capital letter; the letter case of the model itself is loose.
_OLD_FIELD = re.compile(rf"(ym:s:)((?i:{_OLD}))(?=[A-Z])")


def present_model(name: str) -> str:
    """The model that answers a model, in capitals as the API writes it."""
    return PRESENT_MODELS.get(name.lower(), name).upper()


def present_field(name: str) -> str:
    """One spelling for all names of a field: with the model that answers it, in small letters."""
    present = _OLD_FIELD.sub(lambda found: found[1] + PRESENT_MODELS[found[2].lower()], name)
    return present.casefold()
