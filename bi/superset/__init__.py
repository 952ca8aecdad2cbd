"""Superset over the marts: its settings, the dashboards' sources, and the command that sets it up."""
