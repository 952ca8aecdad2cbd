"""JSON schemas of the OpenLineage specification, out of the classes that its makers generate from it."""

from __future__ import annotations

import importlib
import pkgutil
import types
from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

import attr
from jsonschema import Draft202012Validator
from openlineage.client import generated
from openlineage.client.generated.base import RunEvent

_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean"}
_PATTERNS = {
    "eventTime": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$",
    "runId": r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
    **dict.fromkeys(("producer", "schemaURL", "_producer", "_schemaURL"), "^https://"),
}


def faults(event: Mapping[str, Any]) -> list[str]:
    """What the specification has against an event, and against each of its standard facets."""
    found = _against(RunEvent, event, "event")
    datasets = [*event.get("inputs", []), *event.get("outputs", [])]
    for holder in (event["run"], event["job"], *datasets):
        for kind in ("facets", "inputFacets", "outputFacets"):
            for name, facet in holder.get(kind, {}).items():
                standard = _facets().get(facet.get("_schemaURL"))
                found += _against(standard, facet, f"facet {name}") if standard else []
    return found


def _against(described: type, given: Mapping[str, Any], where: str) -> list[str]:
    validator = Draft202012Validator({"$defs": _definitions(), **_schema(described)})
    return [
        f"{where}: {error.json_path}: {error.message}" for error in validator.iter_errors(given)
    ]


@cache
def _classes() -> list[type]:
    modules = [
        importlib.import_module(f"{generated.__name__}.{one.name}")
        for one in pkgutil.iter_modules(generated.__path__)
    ]
    return [one for module in modules for one in vars(module).values() if attr.has(one)]


@cache
def _facets() -> dict[str, type]:
    return {one._get_schema(): one for one in _classes() if hasattr(one, "_get_schema")}


@cache
def _definitions() -> dict[str, Any]:
    return {_name(one): _object(one) for one in _classes()}


def _name(described: type) -> str:
    return f"{described.__module__}.{described.__name__}"


def _schema(hint: Any) -> dict[str, Any]:
    origin, inner = get_origin(hint), get_args(hint)
    if hint in _PLAIN:
        return {"type": _PLAIN[hint]}
    if origin in (Union, types.UnionType):
        # What is left out is not written as null.
        return {"anyOf": [_schema(one) for one in inner if one is not type(None)]}
    if origin is list:
        return {"type": "array", "items": _schema(inner[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(inner[1])}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [one.value for one in hint]}
    return {"$ref": f"#/$defs/{_name(hint)}"} if attr.has(hint) else {}


def _object(described: type) -> dict[str, Any]:
    hints = get_type_hints(described)
    properties = {one.name: _schema(hints[one.name]) for one in attr.fields(described)}
    for name in properties.keys() & _PATTERNS.keys():
        properties[name]["pattern"] = _PATTERNS[name]
    # Of these the constructor fills in what the specification requires.
    required = [
        one.name
        for one in attr.fields(described)
        if one.default is attr.NOTHING or one.name.lstrip("_") in ("producer", "schemaURL")
    ]
    return {"type": "object", "properties": properties, "required": required}
