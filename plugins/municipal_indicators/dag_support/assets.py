"""The assets by which DAGs announce what they published and wait for others; no logic."""

from __future__ import annotations

from airflow.sdk import Asset

from municipal_indicators.sources import SOURCES

# What the marts are built from: any of them published again makes the marts stale.
ASSETS = {name: Asset(name) for source in SOURCES for name in source.assets}
