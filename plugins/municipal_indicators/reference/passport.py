"""The passport of the programme: reads ``programme.yaml`` and rejects impossible values."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from municipal_indicators import settings
from municipal_indicators.errors import PassportError

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


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Site(_Part):
    """An official site: one Metrica counter."""

    counter_id: Annotated[int, Field(ge=1, le=4_294_967_295)]
    name: Annotated[str, Field(min_length=1)]


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

    @model_validator(mode="after")
    def _fits_its_code(self) -> Indicator:
        if self.code == "site_visitors_growth":
            if self.baseline_year is None and self.baseline_value is None:
                raise ValueError("site_visitors_growth needs baseline_year (or baseline_value)")
        elif self.baseline_year is not None or self.baseline_value is not None:
            raise ValueError("baseline_year and baseline_value belong to site_visitors_growth only")
        if self.accumulate is not None and self.code not in COUNTED:
            raise ValueError(f"accumulate belongs to counted indicators only: {', '.join(COUNTED)}")
        return self

    @property
    def span(self) -> str:
        """The period over which a counted indicator accumulates; empty for shares and growth."""
        return self.accumulate or COUNTED.get(self.code, "")


class Edition(_Part):
    """A dated version of targets and money, in force from ``date`` until the next one."""

    date: date
    document: Annotated[str, Field(min_length=1)]
    targets: dict[IndicatorCode, dict[Year, Annotated[float, Field(ge=0)]]] = {}
    funding_thousand_roubles: dict[Year, Annotated[Decimal, Field(ge=0)]] = {}


class Passport(_Part):
    """The whole programme; ``time_zone`` cuts every day, month and year."""

    programme: Annotated[str, Field(min_length=1)]
    first_year: Year
    last_year: Year
    time_zone: str = "Europe/Moscow"
    settling_days: Annotated[int, Field(ge=0, le=60)] = 3
    sites: list[Site]
    smev: Smev
    indicators: Annotated[list[Indicator], Field(min_length=1)]
    editions: list[Edition] = []

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(
                f"{name!r} is not an IANA time zone; allowed are names such as Europe/Moscow"
            )
        return name

    @field_validator("sites")
    @classmethod
    def _distinct_counters(cls, sites: list[Site]) -> list[Site]:
        _distinct("counter_id", [site.counter_id for site in sites])
        return sites

    @field_validator("indicators")
    @classmethod
    def _distinct_codes(cls, indicators: list[Indicator]) -> list[Indicator]:
        _distinct("code", [indicator.code for indicator in indicators])
        return indicators

    @field_validator("editions")
    @classmethod
    def _distinct_dates(cls, editions: list[Edition]) -> list[Edition]:
        _distinct("date", [edition.date for edition in editions])
        return sorted(editions, key=lambda edition: edition.date)

    @model_validator(mode="after")
    def _years_fit(self) -> Passport:
        if self.last_year < self.first_year:
            raise ValueError(f"last_year {self.last_year} is before first_year {self.first_year}")
        allowed = range(self.first_year, self.last_year + 1)
        for edition in self.editions:
            planned = {year for years in edition.targets.values() for year in years}
            for year in sorted(planned | set(edition.funding_thousand_roubles)):
                if year not in allowed:
                    raise ValueError(
                        f"the edition of {edition.date} names the year {year}; "
                        f"allowed are {self.first_year}…{self.last_year}"
                    )
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The programme zone."""
        return ZoneInfo(self.time_zone)


def load_passport(path: Path | None = None) -> Passport:
    """Read and check the passport; without ``path`` the one named in the settings.

    Raises PassportError that names file, line, place and what is allowed there.
    """
    path = path or settings.passport_path()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PassportError(
            f"The passport {path} cannot be read ({type(error).__name__}): set the Airflow Variable "
            "programme_passport to the path of a UTF-8 YAML file."
        ) from error
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        repeated = _repeated_key(tree)
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it cannot be parsed"
        raise PassportError(f"{path}{where}: not valid YAML: {problem}.") from error
    if repeated:
        raise PassportError(
            f"{path}:{repeated.start_mark.line + 1}: the key {repeated.value!r} is given twice."
        )
    try:
        return Passport.model_validate(content)
    except ValidationError as error:
        raise PassportError(_explain(path, tree, error)) from None


def _distinct(key: str, values: list[Any]) -> None:
    twice = [value for value, times in Counter(values).items() if times > 1]
    if twice:
        raise ValueError(f"{key} {twice[0]} is given twice; give each once")


def _explain(path: Path, tree: yaml.Node | None, error: ValidationError) -> str:
    lines = []
    for problem in error.errors(include_url=False):
        place = [part for part in problem["loc"] if part != "[key]"]
        words = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            words = f"unknown key; allowed are {', '.join(_allowed_keys(place))}"
        dotted = "".join(
            f"[{part}]" if isinstance(part, int) else f".{part}" for part in place
        ).lstrip(".")
        lines.append(f"{path}:{_line(tree, place)}: {dotted or 'passport'}: {words}.")
    return "\n".join(lines)


def _allowed_keys(place: list[Any]) -> list[str]:
    parts: dict[str, type[_Part]] = {
        "sites": Site,
        "smev": Smev,
        "indicators": Indicator,
        "editions": Edition,
    }
    model = parts.get(str(place[0]), Passport) if len(place) > 1 else Passport
    return list(model.model_fields)


def _line(node: yaml.Node | None, place: list[Any]) -> int:
    line = node.start_mark.line + 1 if node else 1
    for part in place:
        child: yaml.Node | None = None
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            child = node.value[part]
        elif isinstance(node, yaml.MappingNode):
            child = next((value for key, value in node.value if key.value == str(part)), None)
        if child is None:
            break
        node, line = child, child.start_mark.line + 1
    return line


def _repeated_key(node: yaml.Node | None) -> yaml.ScalarNode | None:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if str(key.value) in seen:
                return key  # type: ignore[no-any-return]
            seen.add(str(key.value))
            if found := _repeated_key(value):
                return found
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            if found := _repeated_key(item):
                return found
    return None
