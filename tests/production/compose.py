"""The compose file as Compose reads it: variables filled in, anchors resolved."""

from __future__ import annotations

import re
from typing import Any

import yaml

from municipal_indicators.settings import REPOSITORY

TEXT = (REPOSITORY / "docker-compose.yaml").read_text(encoding="utf-8")
EXAMPLE_TEXT = (REPOSITORY / ".env.example").read_text(encoding="utf-8")
VARIABLE = re.compile(r"(?<!\$)\$\{(?P<name>[A-Z_]+)(?::(?P<kind>[?-])(?P<rest>[^}]*))?\}")

# What .env.example sets, and what it shows commented out.
EXAMPLE = dict(re.findall(r"^([A-Z_]+)=(.*)$", EXAMPLE_TEXT, re.MULTILINE))
OPTIONAL = dict(re.findall(r"^# ([A-Z_]+)=(.*)$", EXAMPLE_TEXT, re.MULTILINE))
FERNET_KEY = "filled-fernet-key-of-32-bytes-xxxxxxxxxxxx="
FILLED = {name: value or f"filled-{name.lower()}" for name, value in EXAMPLE.items()} | {
    "AIRFLOW_FERNET_KEY": FERNET_KEY
}


def interpolated(environment: dict[str, str]) -> str:
    """The file's text with ``${NAME:-default}`` and ``${NAME:?message}`` filled in.

    Raises LookupError with the message where a needed variable is not set.
    """

    def value(match: re.Match[str]) -> str:
        given = environment.get(match["name"])
        if given:
            return given
        if match["kind"] != "-":
            raise LookupError(match["rest"])
        return str(match["rest"])

    text = VARIABLE.sub(value, TEXT)
    assert not re.search(r"(?<!\$)\$\{", text)
    return text


def read(environment: dict[str, str] = FILLED) -> dict[str, Any]:
    """The whole document, ``$$`` still doubled."""
    document = yaml.safe_load(interpolated(environment))
    assert isinstance(document, dict)
    return document


def read_services(environment: dict[str, str] = FILLED) -> dict[str, Any]:
    """The services by name."""
    found = read(environment)["services"]
    assert isinstance(found, dict)
    return found
