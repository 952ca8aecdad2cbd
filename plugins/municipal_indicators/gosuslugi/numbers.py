"""Application numbers as keyed hashes: equal numbers match, and nobody can look a person up by them."""

from __future__ import annotations

import hmac
import re
from functools import lru_cache

from municipal_indicators import settings
from municipal_indicators.errors import ConfigurationError
from municipal_indicators.tables.cells import Cell, Memo, code_text
from municipal_indicators.warehouse import Warehouse

_FINGERPRINT = "personal_data_key"
_DECORATION = re.compile(r"\s|^№")
_LOOK_ALIKES = str.maketrans("ABCEHKMOPTXY", "АВСЕНКМОРТХУ")


def application_keys(warehouse: Warehouse) -> Memo:
    """Turns application numbers into keys (HMAC-SHA256 in hex), blank ones into an empty text.

    Raises ConfigurationError when the warehouse holds keys made with another secret.
    """
    secret = settings.personal_data_key()
    check_secret(warehouse, secret)
    return Memo(lambda cell: application_key(secret, cell))


def application_key(secret: bytes, cell: Cell) -> str:
    """The key of one number: case, blanks, a leading № and Latin look-alikes do not matter."""
    if isinstance(cell, str) and cell.isdecimal():
        number = cell
    else:
        number = _DECORATION.sub("", code_text(cell)).upper().translate(_LOOK_ALIKES)
    if not number:
        return ""
    digest = _keyed(secret).copy()
    digest.update(number.encode())
    return digest.hexdigest()


@lru_cache(maxsize=2)
def _keyed(secret: bytes) -> hmac.HMAC:
    # Taking the key in costs more than hashing a number.
    return hmac.new(secret, digestmod="sha256")


def check_secret(warehouse: Warehouse, secret: bytes) -> None:
    """Remember the fingerprint of the secret, or compare with the remembered one.

    Raises ConfigurationError when they differ: every application would be counted twice.
    """
    fingerprint = hmac.digest(secret, b"fingerprint of personal_data_key", "sha256").hex()[:16]
    known = warehouse.rows(
        "SELECT argMax(value, at) FROM ops.settings WHERE name = {name:String} GROUP BY name",
        {"name": _FINGERPRINT},
    )
    if not known:
        warehouse.insert("ops.settings", ["name", "value"], [[_FINGERPRINT, fingerprint]])
    elif known[0][0] != fingerprint:
        raise ConfigurationError(
            "The Airflow Variable personal_data_key is not the secret that this warehouse's application "
            "keys were made with, so every application would be counted twice: restore the old value. If "
            "it is lost, load all registers from the archive into an empty warehouse with the new one."
        )
