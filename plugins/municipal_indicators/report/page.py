"""The report page: one HTML file that opens offline."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from municipal_indicators import settings
from municipal_indicators.errors import ConfigurationError
from municipal_indicators.reference.labels import Labels, read_labels
from municipal_indicators.report import queries, russian, sections
from municipal_indicators.report.charts import Chart
from municipal_indicators.report.indicators import read_cards
from municipal_indicators.report.latest import Latest, computed_at, month_of, read_latest
from municipal_indicators.report.quality import read_problems, read_sources
from municipal_indicators.report.standing import read_standings, sentence, status_words
from municipal_indicators.warehouse.client import Warehouse

TEMPLATES = Path(__file__).parent / "templates"


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
    baseline_year: int | None = None,
    documents: Sequence[Offer] = (),
) -> Path:
    """Write the page about the marts that ``warehouse`` holds; returns its path.

    ``programme``, ``time_zone`` and ``baseline_year`` are those of the passport; ``documents`` are
    offered beside it. The new page replaces the old one at once. Raises IndicatorsError if a mart is
    missing, ConfigurationError if the file cannot be written or the annotations are wrong.
    """
    content = read_content(warehouse, programme, ZoneInfo(time_zone), baseline_year)
    _replace(path, _render(content | {"documents": documents}))
    return path


def read_content(
    warehouse: Warehouse, programme: str, zone: ZoneInfo, baseline_year: int | None
) -> dict[str, Any]:
    """All that the page tells, ready to be shown; raises what ``write_report`` raises."""
    labels = read_labels()
    latest = read_latest(warehouse, labels, zone)
    month = month_of(latest.shown)
    period = queries.rows(warehouse, "programme_period")
    standings = read_standings(warehouse, latest.shown, baseline_year)
    last_year = period[0]["last_year"] if period else 0
    return {
        "programme": programme,
        "period": period[0] if period else None,
        "month": latest.month if month else None,
        "year": month.year if month else None,
        "reaches": latest.reaches,
        "has_headline": bool(latest.headline),
        "beside": russian.month(month_of(latest.beside)) if latest.beside else None,
        "main": russian.ended(sentence(latest.shown, standings, labels)),
        "computed_at": russian.instant(computed_at(latest), zone),
        "edition": _edition(latest),
        "zone": zone.key,
        "rejected_build": _rejected(warehouse, zone),
        "cards": read_cards(warehouse, latest, standings, labels, last_year),
        "statuses": _statuses(warehouse, labels),
        "labels": labels,
        "sources": read_sources(warehouse, labels, zone),
        "problems": read_problems(warehouse, labels),
        "has_channel": settings.has_channel(),
        "airflow": settings.airflow_base(),
        "superset": settings.superset_address(),
        "freshness_notice": settings.freshness_notice(),
        "sections": _sections(warehouse, labels),
    }


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
    """Status, its word and the number of indicators that have it, the worst first."""
    return [
        (row["status"], status_words(row["status"], row["indicators"], labels), row["indicators"])
        for row in queries.rows(warehouse, "indicators_by_status")
    ]


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
    return template.render(**content, style=_inline("page.css"), script=_inline("page.js"))


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
            f"Отчёт не записать в {path}: {error.strerror}. Исправьте это или назовите другой файл в "
            "переменной Airflow report."
        ) from error
