"""The passport of the programme: reads ``programme.yaml`` and rejects impossible values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from municipal_indicators import settings
from municipal_indicators.errors import PassportError
from municipal_indicators.reference.files import PlacedError, Strict, read_yaml

IndicatorCode = Literal[
    "site_visitors_growth",
    "eservices_share",
    "smev_requests",
    "departments_equipped_share",
    "edms_workplaces_share",
    "secured_workplaces_share",
    "ict_events",
]
COUNTED = {"smev_requests": "year", "ict_events": "programme"}
# Ways to count requests over SMEV (docs/smev.md#seven-ways-to-count), worded in reference/labels.yaml.
SmevCount = Literal[
    "requests",
    "chains",
    "answered",
    "acknowledged",
    "received_date",
    "both_directions",
    "answers_received",
]
Year = Annotated[int, Field(ge=2000, le=2100)]


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(
            f"{name!r} is not an IANA time zone; allowed are names such as Europe/Moscow"
        )
    return name


ZoneName = Annotated[str, AfterValidator(_known_zone)]


class _Part(Strict):
    model_config = ConfigDict(str_strip_whitespace=True)


CounterId = Annotated[int, Field(ge=1, le=4_294_967_295)]


class Site(_Part):
    """An official site: one Metrica counter.

    It is observed from ``observed_from`` through ``observed_until``; outside these days it is
    neither requested nor missed, and its history stays. With the counter that it ``replaces`` it is
    one site.
    """

    counter_id: CounterId
    name: Annotated[str, Field(min_length=1)]
    observed_from: Annotated[date | None, Field(alias="from")] = None
    observed_until: Annotated[date | None, Field(alias="until")] = None
    replaces: CounterId | None = None

    @model_validator(mode="after")
    def _days_fit(self) -> Site:
        if self.observed_from and self.observed_until and self.observed_until < self.observed_from:
            raise ValueError(f"until {self.observed_until} is before from {self.observed_from}")
        return self


class Smev(_Part):
    """Our mnemonics on SMEV, the contour of the logs, the term of an answer in hours, and what is counted."""

    mnemonics: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]
    contour: Literal["production", "test"] = "production"
    answer_hours: Annotated[int, Field(ge=1, le=10_000)] = 48
    count: SmevCount = "requests"


class Indicator(_Part):
    """A measured goal, as BI shows it; ``unit`` is the unit of fact, plan and forecast."""

    code: IndicatorCode
    name: Annotated[str, Field(min_length=1)]
    unit: Annotated[str, Field(min_length=1)]
    baseline_year: Year | None = None
    baseline_value: Annotated[float, Field(gt=0)] | None = None
    accumulate: Literal["year", "programme"] | None = None
    direction: Literal["up", "down"] = "up"
    relation: Literal["at_least", "at_most"] | None = None

    @model_validator(mode="after")
    def _fits_its_code(self) -> Indicator:
        if self.code == "site_visitors_growth":
            if self.baseline_year is None and self.baseline_value is None:
                raise ValueError("site_visitors_growth needs baseline_year (or baseline_value)")
            if self.baseline_year and self.baseline_year >= (year := datetime.now(UTC).year):
                raise ValueError(
                    f"baseline_year {self.baseline_year} is not over; give a year before {year}"
                )
        elif self.baseline_year is not None or self.baseline_value is not None:
            raise ValueError("baseline_year and baseline_value belong to site_visitors_growth only")
        if self.accumulate is not None and self.code not in COUNTED:
            raise ValueError(f"accumulate belongs to counted indicators only: {', '.join(COUNTED)}")
        return self

    @property
    def kind(self) -> str:
        """How it is counted: share, growth, or what it accumulates over: year, programme."""
        return self.span or ("growth" if self.code == "site_visitors_growth" else "share")

    @property
    def span(self) -> str:
        """The period over which a counted indicator accumulates; empty for shares and growth."""
        return self.accumulate or COUNTED.get(self.code, "")


class Edition(_Part):
    """A dated version of targets and money, in force from ``date`` until the next one.

    ``last_year`` is that of the programme as this edition has it; by default the passport's.
    """

    date: date
    document: Annotated[str, Field(min_length=1)]
    last_year: Year | None = None
    targets: dict[IndicatorCode, dict[Year, Annotated[float, Field(ge=0)]]] = Field(
        default_factory=dict
    )
    funding_thousand_roubles: dict[Year, Annotated[Decimal, Field(ge=0)]] = Field(
        default_factory=dict
    )


class Passport(_Part):
    """The whole programme; ``time_zone`` cuts every day, month and year.

    At ``watch_hour`` of that zone the night has to be over: ``watch_the_morning`` looks then.
    """

    programme: Annotated[str, Field(min_length=1)]
    first_year: Year
    last_year: Year
    time_zone: ZoneName = "Europe/Moscow"
    settling_days: Annotated[int, Field(ge=0, le=60)] = 3
    watch_hour: Annotated[int, Field(ge=0, le=23)] = 8
    sites: list[Site]
    smev: Smev
    indicators: Annotated[list[Indicator], Field(min_length=1)]
    editions: list[Edition] = Field(default_factory=list)

    @field_validator("sites")
    @classmethod
    def _distinct_counters(cls, sites: list[Site]) -> list[Site]:
        _distinct("counter_id", [site.counter_id for site in sites])
        _distinct("name", [site.name for site in sites])
        _chained(sites)
        return sites

    @field_validator("indicators")
    @classmethod
    def _distinct_codes(cls, indicators: list[Indicator]) -> list[Indicator]:
        _distinct("code", [indicator.code for indicator in indicators])
        return indicators

    @field_validator("last_year")
    @classmethod
    def _not_before_the_first(cls, year: int, fields: ValidationInfo) -> int:
        first = fields.data.get("first_year", year)
        if year < first:
            raise ValueError(f"last_year {year} is before first_year {first}")
        return year

    @field_validator("editions")
    @classmethod
    def _dates_and_years_fit(cls, editions: list[Edition], fields: ValidationInfo) -> list[Edition]:
        _distinct("date", [edition.date for edition in editions])
        if {"first_year", "last_year"} <= fields.data.keys():
            first, last = fields.data["first_year"], fields.data["last_year"]
            for number, edition in enumerate(editions):
                _within(edition, range(first, (edition.last_year or last) + 1), number)
        return sorted(editions, key=lambda edition: edition.date)

    @model_validator(mode="after")
    def _has_the_sites_that_it_needs(self) -> Passport:
        if not self.sites and any(one.code == "site_visitors_growth" for one in self.indicators):
            raise ValueError(
                "sites is empty, but the indicator site_visitors_growth counts their visitors: "
                "list a site as {counter_id: 12345678, name: …}, or take the indicator out"
            )
        return self

    def site_of(self, counter_id: int) -> int:
        """The counter that stands for a site today: the last of those that replaced each other."""
        successors = {site.replaces: site.counter_id for site in self.sites if site.replaces}
        while counter_id in successors:
            counter_id = successors[counter_id]
        return counter_id

    def last_year_of(self, edition: Edition) -> int:
        """The last year of the programme as an edition has it."""
        return edition.last_year or self.last_year

    @property
    def end_year(self) -> int:
        """The last year of the programme, prolonged by an edition's own if that is later."""
        return max([self.last_year, *map(self.last_year_of, self.editions)])

    @property
    def zone(self) -> ZoneInfo:
        """The programme zone."""
        return ZoneInfo(self.time_zone)


def load_passport(path: Path | None = None) -> Passport:
    """Read and check the passport; without ``path`` the one named in the settings.

    Raises PassportError that names file, line, place and what is allowed there.
    """
    return read_yaml(
        path or settings.passport_path(),
        Passport,
        PassportError,
        "set the Airflow Variable programme_passport to the path of a UTF-8 YAML file",
    )


def _distinct(key: str, values: Sequence[object]) -> None:
    for number, value in enumerate(values):
        if value in values[:number]:
            raise PlacedError(f"{key} {value} is given twice; give each once", number, key)


def _chained(sites: Sequence[Site]) -> None:
    """Refuse a replaced counter that is unknown, replaced twice, or part of a circle."""
    known = {site.counter_id: site.replaces for site in sites}
    for number, site in enumerate(sites):
        if site.replaces is None:
            continue
        if site.replaces not in known:
            raise PlacedError(
                f"replaces {site.replaces}, which is no counter of the passport; allowed are "
                f"{', '.join(map(str, sorted(known.keys() - {site.counter_id})))}",
                number,
                "replaces",
            )
        seen = {site.counter_id}
        older: int | None = site.replaces
        while older is not None:
            if older in seen:
                raise PlacedError("replaces itself in a circle", number, "replaces")
            seen.add(older)
            older = known.get(older)
    replaced = [site.replaces for site in sites]
    for number, counter_id in enumerate(replaced):
        if counter_id is not None and counter_id in replaced[:number]:
            raise PlacedError(
                f"replaces {counter_id}, which another one replaces", number, "replaces"
            )


def _within(edition: Edition, allowed: range, number: int) -> None:
    tables: dict[tuple[str, ...], Iterable[int]] = {
        ("funding_thousand_roubles",): edition.funding_thousand_roubles,
        **{("targets", code): years for code, years in edition.targets.items()},
    }
    for place, years in tables.items():
        for year in years:
            if year not in allowed:
                problem = (
                    f"the edition of {edition.date} names the year {year}; "
                    f"allowed are {allowed[0]}…{allowed[-1]}"
                )
                raise PlacedError(problem, number, *place, str(year))
