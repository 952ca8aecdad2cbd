"""The fields that we order from the Logs API, read from ``reference/metrica_*.yaml``."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from municipal_indicators import settings
from municipal_indicators.errors import ConfigurationError, MetricaError

log = logging.getLogger(__name__)

VISITS = settings.REFERENCE / "metrica_visits.yaml"
MAX_LENGTH = 3000
_REFUSED = re.compile(r"Unknown field in the request: (\S+)")


class ApiField(BaseModel):
    """One field: its name in the API, our column, its type and what it is for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    column: str
    type: str
    required: bool
    purpose: str


class FieldList(BaseModel):
    """All fields of one kind of log request, with its ``source`` and ``attribution``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    attribution: str
    fields: tuple[ApiField, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_are_distinct(self) -> FieldList:
        for kind in ("name", "column"):
            values = [getattr(field, kind).casefold() for field in self.fields]
            twice = sorted({value for value in values if values.count(value) > 1})
            if twice:
                raise ValueError(f"the same {kind} stands twice: {', '.join(twice)}")
        if len(",".join(self.names)) > MAX_LENGTH:
            raise ValueError(
                f"the names together are longer than the API's {MAX_LENGTH} characters"
            )
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The API names in the order asked for."""
        return tuple(field.name for field in self.fields)

    def without(self, refused: Sequence[str]) -> FieldList:
        """The list without fields that the API does not know for this counter."""
        left = tuple(field for field in self.fields if field.name not in refused)
        return self.model_copy(update={"fields": left})

    def refused_in(self, message: str) -> ApiField | None:
        """The field that the API's refusal names, if it names one of ours."""
        found = _REFUSED.search(message)
        return next((f for f in self.fields if found and f.name == found[1]), None)

    def columns_of(self, heading: Sequence[str], place: str) -> list[str]:
        """Our column of each cell of a part with this heading; ``''`` for a cell we do not keep.

        Raises MetricaError, naming ``place``, when a required column is missing or stands twice.
        """
        known = {field.name.casefold(): field for field in self.fields}
        found = [known.get(name.casefold()) for name in heading]
        columns = [field.column if field else "" for field in found]
        unknown = [name for name, field in zip(heading, found, strict=True) if field is None]
        missing = [field for field in self.fields if field not in found]
        twice = sorted({column for column in columns if column and columns.count(column) > 1})
        if twice or any(field.required for field in missing):
            raise MetricaError(
                f"{place}: the heading does not fit the order: "
                f"missing {_listed(field.name for field in missing)}; "
                f"unknown {_listed(unknown)}; twice {_listed(twice)}. Nothing of it was loaded. "
                "If the API renamed a field, change its name in reference/metrica_visits.yaml."
            )
        if missing or unknown:
            log.warning(
                "%s: columns missing: %s; not asked for: %s",
                place,
                _listed(field.name for field in missing),
                _listed(unknown),
            )
        return columns


def load_fields(path: Path = VISITS) -> FieldList:
    """Read a list of fields; raises ConfigurationError that names the file and the place."""
    try:
        return FieldList.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "file"
        raise ConfigurationError(f"{path}: {where}: {first['msg']}") from error


def _listed(names: object) -> str:
    return ", ".join(repr(name)[1:-1] for name in names) or "none"  # type: ignore[attr-defined]
