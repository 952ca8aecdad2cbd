"""What Airflow learns through the entry point of the package: a connection type, and addresses of lineage."""

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
        # What lineage is told of; the converter is imported where OpenLineage is on.
        "asset-uris": [
            {
                "schemes": ["clickhouse", "inbox", "metrica", "programme"],
                "handler": None,
                "to_openlineage_converter": "municipal_indicators.dag_support.lineage.to_dataset",
            }
        ],
    }
