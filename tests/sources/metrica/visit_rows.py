"""Visits as the loader gets them, as they should be stored, and as they are stored."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from municipal_indicators.sources.metrica.api_models import LogQuery
from municipal_indicators.sources.metrica.client import MetricaClient
from municipal_indicators.sources.metrica.log_load import PreparedLog
from municipal_indicators.warehouse.client import Warehouse
from tests.emulators.metrica import Visit

KEPT_KEYS = (
    *("page", "id", "type", "year", "sort", "option", "view"),
    *("utm_source", "utm_medium", "utm_campaign"),
)
REQUESTED = datetime(2024, 3, 9, 1, tzinfo=UTC)
COLUMNS = (
    "visit_id, counter_id, started_at, counter_user_id_hash, client_id, is_new_user, is_bounce, page_views, "
    "visit_duration_seconds, start_url, end_url, referer, traffic_source, search_engine, device, "
    "operating_system, browser, city, goals, parameters"
)


def kept_address(url: str) -> str:
    """What is kept of an address of the emulator; none of its paths names a person."""
    if url.startswith("file:"):
        return "***"
    page, _, query = url.partition("#")[0].partition("?")
    kept = "&".join(pair for pair in query.split("&") if pair.partition("=")[0] in KEPT_KEYS)
    page = page.replace("/5700000010000003", "/***")
    return f"{page}?{kept}" if kept else page


def expected(found: Iterable[Visit], zone: str) -> list[tuple[Any, ...]]:
    """Visits as the warehouse should hold them, computed from the emulator's data."""

    return sorted(
        (
            v.visit_id,
            v.counter_id,
            v.started.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None),
            v.user_hash,
            v.client_id,
            bool(v.is_new_user),
            bool(v.bounce),
            v.page_views,
            v.duration,
            kept_address(v.start_url),
            kept_address(v.end_url),
            kept_address(v.referer),
            v.lastsign_source,
            v.lastsign_search_engine_root,
            v.device,
            v.operating_system_root,
            v.browser,
            v.visitor.place.city,
            [goal for goal, _ in v.goals],
            list(v.parameters[:1]),
        )
        for v in found
    )


def published(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    rows = warehouse.rows(
        f"""
        SELECT {COLUMNS} FROM core.metrica_visits
        WHERE (unit_key, load_id) IN (SELECT unit_key, load_id FROM ops.published WHERE source = 'metrica')
        """
    )
    return sorted((*row[:2], row[2].replace(tzinfo=None), *row[3:]) for row in rows)


def fetched(
    client: MetricaClient, folder: Path, wanted: LogQuery, zone: str = "Europe/Moscow"
) -> PreparedLog:
    request = client.create(wanted)
    assert request
    while not request.is_processed:
        request = client.log_request(wanted.counter_id, request.request_id)
    parts, size = [], request.size or 0
    for part in sorted(request.parts, key=lambda part: part.part_number):
        path = folder / f"{request.request_id}.{part.part_number}.tsv"
        client.download(request, part, path)
        parts.append((part.part_number, path))
    client.clean(request)
    return PreparedLog(wanted, parts, zone, REQUESTED, settling_days=3, size=size)


def quarantined(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return warehouse.rows(
        "SELECT unit, sheet, line, field, reason, masked_row FROM ops.quarantine ORDER BY sheet, line"
    )
