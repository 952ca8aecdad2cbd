"""The assets by which DAGs announce what they published and wait for others; no logic."""

from __future__ import annotations

from airflow.sdk import Asset, AssetAny

from municipal_indicators import settings
from municipal_indicators.sources import SOURCES, Source


def asset(name: str) -> Asset:
    """What the present district announces under a name of ``SOURCES``."""
    return Asset(settings.named(name))


def assets_of(*sources: Source) -> list[Asset]:
    """All that the present district announces of these sources."""
    return [asset(name) for source in sources for name in source.assets]


def any_of_all() -> AssetAny:
    """What the marts are built from: any of them published again makes the marts stale."""
    return AssetAny(*assets_of(*SOURCES))
