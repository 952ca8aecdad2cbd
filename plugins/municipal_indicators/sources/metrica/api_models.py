"""The objects of the Logs and Management APIs: counters, log requests and what is asked for with them."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ValidationInfo, field_validator

from municipal_indicators.sources.metrica.attribution import present_field, present_model

PROCESSED = "processed"
ENDED = frozenset(
    {
        "processing_failed",
        "canceled",
        "cleaned_by_user",
        "cleaned_automatically_as_too_old",
    }
)


class Counter(BaseModel):
    """A counter, as the Management API describes it."""

    id: int
    name: str = ""
    time_zone_name: str


class Evaluation(BaseModel):
    """Whether the free storage holds a log, and how many of its days would fit."""

    possible: bool
    max_possible_day_quantity: int


class LogQuery(BaseModel, frozen=True):
    """Which log is requested: whole days of one counter, at most a year, both dates inclusive."""

    counter_id: int
    date1: date
    date2: date
    fields: tuple[str, ...]
    source: str = "visits"
    attribution: str = "CROSS_DEVICE_LAST_SIGNIFICANT"

    @property
    def parameters(self) -> dict[str, str]:
        """The query parameters of ``evaluate`` and ``create``."""
        return {
            "date1": self.date1.isoformat(),
            "date2": self.date2.isoformat(),
            "source": self.source,
            "fields": ",".join(self.fields),
            "attribution": self.attribution,
        }

    def __str__(self) -> str:
        """Counter and days, for messages."""
        return f"счётчик {self.counter_id}, {self.date1}…{self.date2}"


class LogRequestPart(BaseModel):
    """One file of a processed request; ``size`` in bytes."""

    part_number: int
    size: int


class LogRequest(BaseModel):
    """One request of the Logs API in its present state."""

    request_id: int
    counter_id: int
    source: str
    date1: date
    date2: date
    fields: frozenset[str] = frozenset()
    status: str
    size: int | None = None
    parts: tuple[LogRequestPart, ...] = ()
    attribution: str = ""

    @field_validator("source", mode="before")
    @classmethod
    def _first_source(cls, value: object) -> object:
        return value[0] if isinstance(value, list) and value else value

    @field_validator("fields", "parts", "attribution", mode="before")
    @classmethod
    def _empty_for_null(cls, value: object, info: ValidationInfo) -> object:
        return ("" if info.field_name == "attribution" else ()) if value is None else value

    @property
    def is_processed(self) -> bool:
        """Whether its parts can be downloaded."""
        return self.status == PROCESSED

    @property
    def is_ended(self) -> bool:
        """Whether it failed or its files are deleted; an unknown status counts as in progress."""
        return self.status in ENDED

    def matches(self, query: LogQuery) -> bool:
        """Whether it delivers what a query asks for, by the API's own words.

        Neither the order of the fields matters, nor whether a model has its old name.
        """
        return (
            (self.counter_id, self.source, self.date1, self.date2)
            == (query.counter_id, query.source, query.date1, query.date2)
            and set(map(present_field, self.fields)) == set(map(present_field, query.fields))
            and present_model(self.attribution) in ("", present_model(query.attribution))
        )
