"""BI over the marts: Superset's dashboards as code, and the page for other tools."""
