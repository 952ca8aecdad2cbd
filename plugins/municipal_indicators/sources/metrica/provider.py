"""Registers the ``metrica`` connection type with Airflow, through the entry point of the package."""

from __future__ import annotations

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """The provider description that Airflow's ProvidersManager reads."""
    return {
        "package-name": "municipal-indicators",
        "name": "Municipal indicators",
        "description": "Yandex.Metrica as a source of a municipal programme's indicators.",
        "connection-types": [
            {
                "connection-type": "metrica",
                "hook-class-name": "municipal_indicators.sources.metrica.hook.MetricaHook",
            }
        ],
    }
