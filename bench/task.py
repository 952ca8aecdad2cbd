"""The input of a measured way of loading, and the table that all ways but ours load into."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date

from bench.measuring import Measure

TABLE = "default.visits"
OURS = "core.metrica_visits"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of reference/metrica_visits.yaml; our load masks what ``may_be_personal``."""

    name: str
    column: str
    type: str
    may_be_personal: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """One measurement: where the API is, which day, and where the warehouse goes.

    ``columns`` are name and type of each column of core.metrica_visits, ``order_by`` its key.
    ``file`` is the day as one TSV file with a heading, as it is on the emulator's disk.
    """

    url: str
    token: str
    counter_id: int
    day: str
    time_zone: str
    rows: int
    warehouse: str
    file: str
    fields: tuple[Field, ...]
    columns: tuple[tuple[str, str], ...] = ()
    order_by: str = ""

    @property
    def date(self) -> date:
        """The counter day."""
        return date.fromisoformat(self.day)

    @property
    def loaded(self) -> tuple[Field, ...]:
        """The fields that have a column of their own; the day is the unit's."""
        own = {name for name, _ in self.columns}
        return tuple(field for field in self.fields if field.column in own)

    @property
    def compared(self) -> tuple[Field, ...]:
        """Those whose cells every way stores as they are."""
        return tuple(field for field in self.loaded if not field.may_be_personal)

    def as_json(self) -> str:
        """The task as a child process reads it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Task:
        """The task that the parent wrote."""
        values = json.loads(text)
        values["fields"] = tuple(Field(**field) for field in values["fields"])
        values["columns"] = tuple((name, kind) for name, kind in values["columns"])
        return cls(**values)

    def create_table(self, *, api_names: bool = False) -> str:
        """A table of the same columns, order and engine as ours, under our names or the API's.

        Times carry the counter's zone, so that every way stores the same instants.
        """
        names = {field.column: field.name for field in self.loaded} if api_names else {}
        columns = ",\n".join(
            f"`{names.get(name, name)}` {self._zoned(kind)}{self._constant(name)}"
            for name, kind in self.columns
        )
        key = self.order_by
        for column, name in names.items():
            key = key.replace(column, f"`{name}`")
        return f"CREATE TABLE {TABLE}\n(\n{columns}\n)\nENGINE = MergeTree ORDER BY ({key})"

    def structure(self) -> str:
        """The file's columns with the types of the fields, for the table function ``file``."""
        return ", ".join(f"`{field.name}` {self._zoned(field.type)}" for field in self.fields)

    def _zoned(self, kind: str) -> str:
        return kind.replace("DateTime('UTC')", "DateTime").replace(
            "DateTime", f"DateTime('{self.time_zone}')"
        )

    def _constant(self, name: str) -> str:
        values = {
            "unit_key": f"'{self.counter_id}/{self.day}'",
            "load_id": "'3e0f8a52-6c1d-4b8e-9a57-2d64c0b1f7aa'",
        }
        return f" DEFAULT {values[name]}" if name in values else ""


@dataclass(frozen=True, slots=True)
class VisitsMeasure(Measure):
    """``fingerprint`` is a hash of all cells that no way masks, equal where the stored rows are."""

    fingerprint: int
