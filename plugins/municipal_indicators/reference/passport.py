"""The passport of the programme: reads ``programme.yaml`` and rejects impossible values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
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
# Ways to count requests over SMEV (docs/smev.md#семь-способов-подсчёта), worded in reference/labels.yaml.
SmevCount = Literal[
    "requests",
    "chains",
    "answered",
    "acknowledged",
    "received_date",
    "both_directions",
    "answers_received",
]
# Denominators of eservices_share (docs/indicators.md#eservices_share), worded there too.
EservicesCount = Literal["catalogue", "msu_list", "applications"]
Year = Annotated[int, Field(ge=2000, le=2100)]
Words = Annotated[str, Field(min_length=1)]
FundingSource = Literal["municipal", "regional", "federal", "extrabudgetary"]


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} — не часовой пояс IANA; допустимы имена вроде Europe/Moscow")
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
    name: Words
    observed_from: Annotated[date | None, Field(alias="from")] = None
    observed_until: Annotated[date | None, Field(alias="until")] = None
    replaces: CounterId | None = None

    @model_validator(mode="after")
    def _days_fit(self) -> Site:
        if self.observed_from and self.observed_until and self.observed_until < self.observed_from:
            raise ValueError(f"until {self.observed_until} раньше, чем from {self.observed_from}")
        return self


class Smev(_Part):
    """Our mnemonics on SMEV, the contour of the logs, the term of an answer in hours, and what is counted."""

    mnemonics: Annotated[list[Words], Field(min_length=1)]
    contour: Literal["production", "test"] = "production"
    answer_hours: Annotated[int, Field(ge=1, le=10_000)] = 48
    count: SmevCount = "requests"


class Base(_Part):
    """The value of an indicator before the programme, in its unit; without ``value`` it is not known."""

    value: float | None = None
    year: Year


class Indicator(_Part):
    """A measured goal, as BI shows it; ``unit`` is the unit of fact, plan and forecast.

    What only the forms of reports show: ``okei`` (code of the unit), ``level``, ``kind``, ``base``,
    ``responsible``, ``source`` of the data, ``method_version``, ``cumulative``. ``weight`` counts
    where an evaluation weighs indicators.
    """

    code: IndicatorCode
    name: Words
    unit: Words
    baseline_year: Year | None = None
    baseline_value: Annotated[float, Field(gt=0)] | None = None
    accumulate: Literal["year", "programme"] | None = None
    direction: Literal["up", "down"] = "up"
    relation: Literal["at_least", "at_most", "equal"] | None = None
    okei: Annotated[str, Field(pattern=r"^\d{3,4}$")] | None = None
    level: Words | None = None
    kind: Literal["goal", "task", "event"] | None = None
    weight: Annotated[float, Field(gt=0)] | None = None
    cumulative: bool | None = None
    base: Base | None = None
    responsible: Words | None = None
    source: Words | None = None
    method_version: Words | None = None
    count: EservicesCount | None = None

    @field_validator("relation")
    @classmethod
    def _fits_the_direction(cls, relation: str | None, fields: ValidationInfo) -> str | None:
        direction = fields.data.get("direction")
        if (direction, relation) in {("up", "at_most"), ("down", "at_least")}:
            raise ValueError(
                f"{relation} противоречит direction {direction}: at_least бывает при up, at_most при down"
            )
        return relation

    @model_validator(mode="after")
    def _fits_its_code(self) -> Indicator:
        if self.code == "site_visitors_growth":
            if self.baseline_year is None and self.baseline_value is None:
                raise ValueError("site_visitors_growth нужен baseline_year (или baseline_value)")
            if self.baseline_year and self.baseline_year >= (year := datetime.now(UTC).year):
                raise ValueError(
                    f"baseline_year {self.baseline_year} ещё не закончился; нужен год раньше {year}"
                )
        elif self.baseline_year is not None or self.baseline_value is not None:
            raise ValueError("baseline_year и baseline_value бывают только у site_visitors_growth")
        if self.accumulate is not None and self.code not in COUNTED:
            raise ValueError(
                f"accumulate бывает только у показателей-количеств: {', '.join(COUNTED)}"
            )
        if self.count is not None and self.code != "eservices_share":
            raise ValueError("count бывает только у eservices_share; для запросов это smev.count")
        return self

    @property
    def counting(self) -> str:
        """How it is counted: share, growth, or what it accumulates over: year, programme."""
        return self.span or ("growth" if self.code == "site_visitors_growth" else "share")

    @property
    def span(self) -> str:
        """The period over which a counted indicator accumulates; empty for shares and growth."""
        return self.accumulate or COUNTED.get(self.code, "")


class Act(_Part):
    """The act by which an edition was adopted; a text alone stands for its kind or whole title."""

    kind: Words
    number: Words | None = None
    adopted_on: Annotated[date | None, Field(alias="date")] = None

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, given: Any) -> Any:
        return {"kind": given} if isinstance(given, str) else given

    @property
    def title(self) -> str:
        """As it is quoted: «Постановление № 12 от 03.02.2025»."""
        number = f" № {self.number}" if self.number else ""
        adopted = f" от {self.adopted_on:%d.%m.%Y}" if self.adopted_on else ""
        return f"{self.kind}{number}{adopted}"


class PlannedEvent(_Part):
    """An event of the plan; it is done when the register of events has one of this name by its year's end."""

    code: Words
    name: Words
    due: date
    result: Words | None = None


Roubles = Annotated[Decimal, Field(ge=0)]


class Edition(_Part):
    """A dated version of targets, events and money, in force from ``date`` until the next one.

    ``last_year`` is that of the programme as this edition has it; by default the passport's. Money is
    in thousand roubles: by year, and by year and source where the act splits it.
    """

    date: date
    document: Act
    last_year: Year | None = None
    targets: dict[IndicatorCode, dict[Year, Annotated[float, Field(ge=0)]]] = Field(
        default_factory=dict
    )
    funding_thousand_roubles: dict[Year, Roubles] = Field(default_factory=dict)
    funding_sources_thousand_roubles: dict[Year, dict[FundingSource, Roubles]] = Field(
        default_factory=dict
    )
    events: list[PlannedEvent] = Field(default_factory=list)

    @field_validator("funding_sources_thousand_roubles")
    @classmethod
    def _add_up(
        cls, split: dict[int, dict[str, Decimal]], fields: ValidationInfo
    ) -> dict[int, dict[str, Decimal]]:
        whole = fields.data.get("funding_thousand_roubles", {})
        for year, parts in split.items():
            if year in whole and sum(parts.values()) != whole[year]:
                raise PlacedError(
                    f"сумма источников {sum(parts.values())}, а в "
                    f"funding_thousand_roubles стоит {whole[year]}: исправьте одно из них",
                    str(year),
                )
        return split

    @field_validator("events")
    @classmethod
    def _distinct_events(cls, events: list[PlannedEvent]) -> list[PlannedEvent]:
        _distinct("code", [event.code for event in events])
        return events

    @property
    def funding(self) -> dict[int, Decimal]:
        """Thousand roubles by year, summed over its sources where only these are given."""
        split = self.funding_sources_thousand_roubles
        return {year: sum(parts.values(), Decimal()) for year, parts in split.items()} | (
            self.funding_thousand_roubles
        )


MonthDay = Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]


class Reporting(_Part):
    """The calendar of reports: days of the month after a quarter, days (MM-DD) of the year after a year.

    A deviation from the plan beyond ``deviation_needs_reason_percent`` cannot be reported without a
    reason.
    """

    quarter_day: Annotated[int, Field(ge=1, le=28)] = 15
    year_day: MonthDay = "03-01"
    refined_day: MonthDay = "05-10"
    deviation_needs_reason_percent: Annotated[float, Field(ge=0)] = 5


class Evaluation(_Part):
    """The method by which the programme is judged: a key of ``reference/effectiveness.yaml``.

    What is given besides replaces that entry's own: the local order may have another cap, other
    thresholds (descending, one less than verdicts) or other answers to what acts are silent about.
    """

    method: Words = "F"
    version: Words | None = None
    cap: Annotated[float, Field(gt=0)] | Literal["none"] | None = None
    zero_plan: Literal["achieved", "leave_out"] | None = None
    missing_fact: Literal["zero", "leave_out"] | None = None
    missing_plan: Literal["linear_path", "leave_out"] | None = None
    money: Literal["budget", "all"] | None = None
    thresholds: list[float] | None = None


class Passport(_Part):
    """The whole programme; ``time_zone`` cuts every day, month and year.

    At its ``watch_hour`` the night has to be over. ``district`` is how a region's marts call it.
    """

    programme: Words
    first_year: Year
    last_year: Year
    time_zone: ZoneName = "Europe/Moscow"
    settling_days: Annotated[int, Field(ge=0, le=60)] = 3
    watch_hour: Annotated[int, Field(ge=0, le=23)] = 8
    district: Words | None = None
    sites: list[Site]
    smev: Smev
    indicators: Annotated[list[Indicator], Field(min_length=1)]
    editions: list[Edition] = Field(default_factory=list)
    reporting: Reporting = Field(default_factory=Reporting)
    effectiveness: Evaluation = Field(default_factory=Evaluation)

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
            raise ValueError(f"last_year {year} раньше, чем first_year {first}")
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
                "sites пуст, а показатель site_visitors_growth считает посетителей сайтов: укажите сайт как "
                "{counter_id: 12345678, name: …} или уберите показатель"
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
    def ways(self) -> dict[str, str]:
        """By indicator the way to count that was chosen, or is the default, where there are several."""
        ways: dict[str, str] = {"smev_requests": self.smev.count}
        for one in self.indicators:
            if one.code == "eservices_share":
                ways[one.code] = one.count or "catalogue"
        return ways

    @property
    def end_year(self) -> int:
        """The last year of the programme, prolonged by an edition's own if that is later."""
        return max([self.last_year, *map(self.last_year_of, self.editions)])

    @property
    def baseline_year(self) -> int | None:
        """The year that the growth of visitors is measured from; None without that indicator or year."""
        return next((one.baseline_year for one in self.indicators if one.baseline_year), None)

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
        "впишите в переменную Airflow programme_passport путь файла YAML в UTF-8",
    )


def _distinct(key: str, values: Sequence[object]) -> None:
    for number, value in enumerate(values):
        if value in values[:number]:
            raise PlacedError(f"{key} {value} дано дважды; оставьте одно", number, key)


def _chained(sites: Sequence[Site]) -> None:
    """Refuse a replaced counter that is unknown, replaced twice, or part of a circle."""
    known = {site.counter_id: site.replaces for site in sites}
    for number, site in enumerate(sites):
        if site.replaces is None:
            continue
        if site.replaces not in known:
            raise PlacedError(
                f"replaces {site.replaces} — такого счётчика в паспорте нет; допустимы "
                f"{', '.join(map(str, sorted(known.keys() - {site.counter_id})))}",
                number,
                "replaces",
            )
        seen = {site.counter_id}
        older: int | None = site.replaces
        while older is not None:
            if older in seen:
                raise PlacedError("счётчики заменяют друг друга по кругу", number, "replaces")
            seen.add(older)
            older = known.get(older)
    replaced = [site.replaces for site in sites]
    for number, counter_id in enumerate(replaced):
        if counter_id is not None and counter_id in replaced[:number]:
            raise PlacedError(
                f"replaces {counter_id}: его уже заменяет другой счётчик", number, "replaces"
            )


def _within(edition: Edition, allowed: range, number: int) -> None:
    tables: dict[tuple[str, ...], Iterable[int]] = {
        ("funding_thousand_roubles",): edition.funding_thousand_roubles,
        ("funding_sources_thousand_roubles",): edition.funding_sources_thousand_roubles,
        **{("targets", code): years for code, years in edition.targets.items()},
    }
    for place, years in tables.items():
        for year in years:
            if year not in allowed:
                problem = (
                    f"редакция от {edition.date} называет год {year}; "
                    f"допустимы {allowed[0]}…{allowed[-1]}"
                )
                raise PlacedError(problem, number, *place, str(year))
    for event, planned in enumerate(edition.events):
        if planned.due.year not in allowed:
            problem = f"{planned.due} вне лет программы {allowed[0]}…{allowed[-1]}"
            raise PlacedError(problem, number, "events", event, "due")
