"""The report page: one HTML file that opens offline."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from municipal_indicators import settings
from municipal_indicators.errors import ConfigurationError
from municipal_indicators.reference.labels import (
    Labels,
    in_order,
    read_labels,
    word,
)
from municipal_indicators.report import queries, russian, sections
from municipal_indicators.report.charts import Chart
from municipal_indicators.report.indicators import read_cards
from municipal_indicators.report.latest import Latest, month_of, read_latest
from municipal_indicators.report.outlook import read_outlooks
from municipal_indicators.warehouse.client import Warehouse

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Source:
    """How far the data of one source reach, as text."""

    name: str
    status: str
    status_word: str
    data_through: str
    loaded_at: str
    lag: str
    detail: str


@dataclass(frozen=True)
class Offer:
    """The documents of a period beside the page: its title, and the ending and address of each file."""

    title: str
    files: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Section:
    """A heading with its charts; ``link`` is its name in the navigation."""

    id: str
    link: str
    title: str
    charts: tuple[Chart, ...]


def write_report(
    warehouse: Warehouse,
    path: Path,
    *,
    programme: str,
    time_zone: str,
    documents: Sequence[Offer] = (),
) -> Path:
    """Write the page about the marts that ``warehouse`` holds; returns its path.

    ``programme`` and ``time_zone`` are those of the passport; ``documents`` are offered beside it. The
    new page replaces the old one at once. Raises IndicatorsError if a mart is missing,
    ConfigurationError if the file cannot be written.
    """
    page = _render(_content(warehouse, programme, ZoneInfo(time_zone)) | {"documents": documents})
    _replace(path, page)
    return path


def _content(warehouse: Warehouse, programme: str, zone: ZoneInfo) -> dict[str, Any]:
    labels = read_labels()
    latest = read_latest(warehouse, labels, zone)
    month = month_of(latest.shown)
    period = queries.rows(warehouse, "programme_period")
    return {
        "programme": programme,
        "period": period[0] if period else None,
        "month": latest.month if month else None,
        "year": month.year if month else None,
        "reaches": latest.reaches,
        "has_headline": bool(latest.headline),
        "beside": russian.month(month_of(latest.beside)) if latest.beside else None,
        "computed_at": russian.instant(_newest(latest), zone),
        "edition": _edition(latest),
        "zone": zone.key,
        "rejected_build": _rejected(warehouse, zone),
        "cards": read_cards(warehouse, latest, labels),
        "outlooks": read_outlooks(warehouse),
        "statuses": _statuses(warehouse, labels),
        "labels": labels,
        "sources": _sources(warehouse, labels, zone),
        "rejected": queries.rows(warehouse, "data_problems"),
        "has_channel": settings.has_channel(),
        "sections": _sections(warehouse, labels),
        "no_data": russian.NO_DATA,
    }


def _newest(latest: Latest) -> datetime | None:
    return max((row["computed_at"] for row in latest.shown.values()), default=None)


def _rejected(warehouse: Warehouse, zone: ZoneInfo) -> str:
    """Why the newest build is not what the page shows; empty where it is."""
    found = queries.rows(warehouse, "rejected_build")
    if not found:
        return ""
    checks = ", ".join(
        f"{row['check']} ({russian.plural(row['rows'], 'строка', 'строки', 'строк')})"
        for row in found
    )
    shown_at = found[0]["shown_at"]
    shown = (
        f"Показаны данные сборки от {russian.instant(shown_at, zone)}"
        if shown_at
        else "Показывать пока нечего"
    )
    return f"{shown}: новая сборка не прошла проверку {checks}."


def _edition(latest: Latest) -> str:
    dates = [row["edition_date"] for row in latest.shown.values() if row["edition_date"]]
    return russian.day(max(dates, default=None))


def _statuses(warehouse: Warehouse, labels: Labels) -> list[tuple[str, str, int]]:
    """Status, its word and the number of indicators that have it, best first."""
    return [
        (row["status"], word(labels.statuses, row["status"]), row["indicators"])
        for row in queries.rows(warehouse, "indicators_by_status")
    ]


def _sources(warehouse: Warehouse, labels: Labels, zone: ZoneInfo) -> list[Source]:
    found = {row["source"]: row for row in queries.rows(warehouse, "data_freshness")}
    return [_source(found[code], labels, zone) for code in in_order(found, labels.sources)]


def _source(row: queries.Row, labels: Labels, zone: ZoneInfo) -> Source:
    lag = row["lag_days"]
    return Source(
        name=word(labels.sources, row["source"]),
        status=row["status"],
        status_word=word(labels.freshness, row["status"]),
        data_through=russian.day(row["data_through"]),
        loaded_at=russian.instant(row["last_success_at"], zone),
        lag=russian.NO_DATA if lag is None else russian.plural(lag, "день", "дня", "дней"),
        detail=row["detail"],
    )


def _sections(warehouse: Warehouse, labels: Labels) -> list[Section]:
    return [
        Section(
            "sites",
            "Сайты",
            "Официальные сайты",
            (
                sections.audience(warehouse),
                sections.sources(warehouse, labels),
                sections.devices(warehouse, labels),
            ),
        ),
        Section("services", "Услуги", "Муниципальные услуги", (sections.applications(warehouse),)),
        Section(
            "smev",
            "СМЭВ",
            "Межведомственное взаимодействие (СМЭВ)",
            (sections.smev(warehouse), sections.smev_service(warehouse)),
        ),
        Section(
            "funding", "Финансирование", "Финансирование программы", (sections.funding(warehouse),)
        ),
    ]


def _render(content: dict[str, Any]) -> str:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("page.html.j2")
    return template.render(
        **content,
        style=_inline("page.css"),
        script=_inline("page.js"),
        plotly=Markup(get_plotlyjs()),  # noqa: S704  the library's own code
    )


def _inline(name: str) -> Markup:
    return Markup((TEMPLATES / name).read_text(encoding="utf-8"))  # noqa: S704  our own file


def _replace(path: Path, text: str) -> None:
    """Write to a temporary file and rename it, so that a reader never sees half a page."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.write_text(text, encoding="utf-8")
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"The report cannot be written to {path}: {error.strerror}. "
            "The Airflow Variable report names another file."
        ) from error
