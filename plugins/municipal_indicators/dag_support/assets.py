"""The assets by which DAGs announce what they published and wait for others; no logic."""

from __future__ import annotations

from airflow.sdk import Asset

METRICA_VISITS = Asset("metrica_visits")
METRICA_HITS = Asset("metrica_hits")
SERVICE_APPLICATIONS = Asset("service_applications")
SMEV_REQUESTS = Asset("smev_requests")
PROGRAMME_REGISTERS = Asset("programme_registers")

# What the marts are built from: a new publication of any of them makes the marts stale.
SOURCES = (
    METRICA_VISITS,
    METRICA_HITS,
    SERVICE_APPLICATIONS,
    SMEV_REQUESTS,
    PROGRAMME_REGISTERS,
)
