"""The first page of the report as a PDF: what is sent with a letter, and printed without a browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from municipal_indicators.errors import IndicatorsError
from municipal_indicators.report import russian
from municipal_indicators.report.indicators import Card
from municipal_indicators.report.page import TEMPLATES, read_content
from municipal_indicators.report.quality import Source
from municipal_indicators.warehouse.client import Warehouse


def write_sheet(
    warehouse: Warehouse,
    path: Path,
    *,
    programme: str,
    time_zone: str,
    baseline_year: int | None = None,
    address: str = "",
) -> Path:
    """Write the summary of the report page as a PDF of A4; returns its path.

    The same numbers and words as on the page, from the same place; arguments as of ``write_report``.
    ``address`` is that of the page, named at the foot. Raises IndicatorsError where there is no indicator
    to tell of, and what the page raises.
    """
    import typst

    content = read_content(warehouse, programme, ZoneInfo(time_zone), baseline_year)
    if not content["cards"]:
        raise IndicatorsError(
            "Рассказать не о чем: в витринах нет показателей. Запустите build_indicator_marts."
        )
    fonts = typst.Fonts(include_system_fonts=False)
    data = {"data": json.dumps(_told(content) | {"address": address}, ensure_ascii=False)}
    path.write_bytes(typst.compile(str(TEMPLATES / "sheet.typ"), sys_inputs=data, font_paths=fonts))
    return path


def _told(content: dict[str, Any]) -> dict[str, Any]:
    period = content["period"]
    return {
        "programme": content["programme"],
        "years": f"{period['first_year']}–{period['last_year']}" if period else "",
        **{
            name: content[name]
            for name in ("month", "edition", "computed_at", "reaches", "main", "rejected_build")
        },
        "statuses": content["statuses"],
        "beside": content["beside"] or "",
        "cards": [_row(card) for card in content["cards"]],
        "sources": [
            {"name": one.name, "status": one.status, "told": _freshness(one)}
            for one in content["sources"]
        ],
        "problems": [
            f"{one.title[0].lower()}{one.title[1:]} — {one.told}" for one in content["problems"]
        ],
    }


def _freshness(source: Source) -> str:
    """``по 17 июля 2026 (свежие; норма: до 3 дней)``"""
    through = "" if source.data_through == russian.NO_DATA else f"по {source.data_through} "
    return f"{through}({source.status_word}; норма: {source.norm})"


def _row(card: Card) -> dict[str, Any]:
    standing, outlook = card.standing, card.outlook
    left = f", {standing.left}" if standing.left else ""
    goal = [f"к концу {card.due_year}", f"{standing.missing}{left}"] if card.due_year else []
    forecast = [] if card.forecast == russian.NO_DATA else [f"к концу {card.until}"]
    if outlook:
        forecast += [outlook.band or "мало истории", outlook.chance]
    beside = card.preliminary if card.is_beside_news else None
    return {
        "name": card.name,
        "fact": card.fact,
        "day": card.day,
        "beside": f"{beside.month}: {' '.join((beside.fact, beside.note)).strip()}"
        if beside
        else "",
        "change": [f"за месяц {standing.change_of_month}", f"за год {standing.change_of_year}"],
        "goal": card.goal if card.due_year else "не задана",
        "goal_notes": goal,
        "expected": standing.expected,
        "expected_day": f"на {standing.expected_day}" if standing.expected_day else "",
        "forecast": card.forecast,
        "forecast_notes": [note for note in forecast if note],
        "status": card.status,
        "word": card.status_word,
    }
