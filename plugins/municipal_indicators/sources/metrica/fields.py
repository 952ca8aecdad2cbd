"""The fields that we order from the Logs API, read from ``reference/metrica_<source>.yaml``."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, field_validator

from municipal_indicators import settings
from municipal_indicators.errors import ConfigurationError, MetricaError
from municipal_indicators.reference.files import PlacedError, Strict, read_kept
from municipal_indicators.sources.metrica.attribution import present_field

log = logging.getLogger(__name__)

SOURCES = ("visits", "hits")
DAY = "day"
MAX_LENGTH = 3000
_SmallWord = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_.-]{1,40}$")]
_REFUSED = re.compile(r"Unknown field in the request: (\S+)")


class ApiField(Strict):
    """One field: its name in the API, our column, its type and what it is for.

    ``former`` is an older name, asked for where the API does not know the present one. ``marts`` are
    those that show the column: they have no values where the API does not give an optional field.
    ``absent`` is the value that an empty cell stands for, ``least`` the smallest value taken;
    an ``address`` keeps what ``reference/metrica_addresses.yaml`` says.
    """

    name: str
    column: str
    type: str
    required: bool
    purpose: str
    former: str | None = None
    marts: tuple[str, ...] = ()
    absent: str | None = None
    least: int | None = None
    address: bool = False

    @property
    def is_nullable(self) -> bool:
        """Whether an empty cell is legal and becomes NULL."""
        return self.type.startswith("Nullable(")

    @property
    def known_as(self) -> set[str]:
        """The headings under which it may come, as ``present_field`` writes them."""
        return {present_field(name) for name in (self.name, self.former) if name}

    @property
    def inner_type(self) -> str:
        """The type without Nullable."""
        return self.type[len("Nullable(") : -1] if self.is_nullable else self.type


class FieldList(Strict):
    """All fields of one kind of log request, with its ``source`` and ``attribution``."""

    source: str
    attribution: str
    fields: tuple[ApiField, ...] = Field(min_length=1)

    @field_validator("fields")
    @classmethod
    def _can_be_asked_for(cls, fields: tuple[ApiField, ...]) -> tuple[ApiField, ...]:
        for kind in ("name", "column"):
            values = [getattr(field, kind).casefold() for field in fields]
            for number, value in enumerate(values):
                if value in values[:number]:
                    raise PlacedError(f"{kind} стоит дважды: {value}", number, kind)
        if len(",".join(field.name for field in fields)) > MAX_LENGTH:
            raise ValueError(f"имена вместе длиннее, чем разрешает Метрика: {MAX_LENGTH} знаков")
        if not any(field.column == DAY and field.required for field in fields):
            raise ValueError(
                f"ни у одного обязательного поля нет столбца {DAY}: он говорит, чей это день"
            )
        return fields

    @property
    def names(self) -> tuple[str, ...]:
        """The API names in the order asked for."""
        return tuple(field.name for field in self.fields)

    @property
    def kept(self) -> tuple[ApiField, ...]:
        """The fields that arrive in the core table: all but the day, which the unit says."""
        return tuple(field for field in self.fields if field.column != DAY)

    def without(self, refused: Sequence[str]) -> FieldList:
        """The list without fields that the API does not know for this counter."""
        left = tuple(field for field in self.fields if field.name not in refused)
        return self.model_copy(update={"fields": left})

    def with_former(self, refused: ApiField) -> FieldList:
        """The list with the older name of one field, which then has no other."""
        older = refused.model_copy(update={"name": refused.former, "former": None})
        left = tuple(older if field == refused else field for field in self.fields)
        return self.model_copy(update={"fields": left})

    def refused_in(self, message: str) -> ApiField | None:
        """The field that the API's refusal names, if it names one of ours."""
        found = _REFUSED.search(message)
        return next((f for f in self.fields if found and f.name == found[1]), None)

    def places_of(self, heading: Sequence[str], place: str) -> list[int]:
        """Where each field stands in a part with this heading, from 1; beyond it where it is missing.

        Raises MetricaError, naming ``place``, when a required field is missing or one stands twice.
        """
        names = [present_field(name) for name in heading]
        known = {name for field in self.fields for name in field.known_as}
        unknown = [name for name in heading if present_field(name) not in known]
        missing = [field for field in self.fields if not field.known_as.intersection(names)]
        twice = sorted({name for name in heading if names.count(present_field(name)) > 1})
        if twice or any(field.required for field in missing):
            raise MetricaError(
                f"{place}: заголовки не подходят к заказу: нет {_listed(field.name for field in missing)}; "
                f"незнакомы {_listed(unknown)}; дважды {_listed(twice)}. Ничего из этого не загружено. Если "
                f"Метрика переименовала поле, исправьте его имя в reference/{file_of(self.source).name}."
            )
        if missing or unknown:
            log.warning(
                "%s: columns missing: %s; not asked for: %s",
                place,
                _listed(field.name for field in missing),
                _listed(unknown),
            )
        nowhere = len(names) + 1
        return [
            min(
                (names.index(name) + 1 for name in field.known_as if name in names), default=nowhere
            )
            for field in self.fields
        ]


class KeptAddresses(Strict):
    """What is kept of addresses: keys of the query; and the folders below which nothing is."""

    query_keys: tuple[_SmallWord, ...]
    private_sections: tuple[_SmallWord, ...] = Field(min_length=1)


def kept_addresses() -> KeptAddresses:
    """``reference/metrica_addresses.yaml``; raises ConfigurationError that names the file and the place."""
    return read_kept(settings.REFERENCE / "metrica_addresses.yaml", KeptAddresses)


def file_of(source: str) -> Path:
    """Where the fields of a source are listed."""
    return settings.REFERENCE / f"metrica_{source}.yaml"


def load_fields(source: str = "visits", path: Path | None = None) -> FieldList:
    """The fields of ``visits`` or ``hits``; raises ConfigurationError that names the file and the place."""
    path = path or file_of(source)
    fields = read_kept(path, FieldList)
    if fields.source != source:
        raise ConfigurationError(
            f"{path}:1: source: стоит {fields.source!r}, а файл — для {source!r}."
        )
    return fields


def _listed(names: object) -> str:
    return ", ".join(repr(name)[1:-1] for name in names) or "none"  # type: ignore[attr-defined]
