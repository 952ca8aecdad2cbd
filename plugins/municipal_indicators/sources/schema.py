"""Brings a warehouse up to date with the tables, views and staging of all sources."""

from __future__ import annotations

from pathlib import Path

from municipal_indicators import settings
from municipal_indicators.sources import SOURCES
from municipal_indicators.warehouse import migrations
from municipal_indicators.warehouse.client import Warehouse


def apply_schema(warehouse: Warehouse, sql: Path = settings.SQL) -> list[str]:
    """Apply what is missing or changed; returns its names, none when all was up to date.

    Raises what ``migrations.apply_schema`` raises, and ConfigurationError for a list of
    ``reference/`` that staging is written from.
    """
    scripts: dict[str, str] = {}
    for source in SOURCES:
        scripts |= source.staging_scripts()
    return migrations.apply_schema(warehouse, scripts, sql)
