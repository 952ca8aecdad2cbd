"""The Airflow plugin that offers the report page as «Отчёт» in the menu of the UI."""

from __future__ import annotations

from functools import cached_property
from typing import Any
from urllib.parse import quote

from airflow.plugins_manager import AirflowPlugin

NAME = "municipal_indicators"
ROUTE = "programme-report"

# Columns in the colours of Airflow's pinwheel, which are visible on each of its backgrounds.
ICON = "data:image/svg+xml;utf8," + quote(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20">'
    '<rect x="2" y="10" width="4" height="8" rx="1" fill="#11a9c9"/>'
    '<rect x="8" y="6" width="4" height="12" rx="1" fill="#e43921"/>'
    '<rect x="14" y="2" width="4" height="16" rx="1" fill="#04b34d"/></svg>'
)


class MunicipalIndicatorsPlugin(AirflowPlugin):
    """A menu entry and its page, served by the api-server from the report file."""

    name = NAME
    external_views = [  # noqa: RUF012  the type of Airflow's own attribute
        {
            # Short: the sidebar cuts a longer name.
            "name": "Отчёт",
            # Relative, so that the UI resolves it below the api-server's own base address.
            "href": f"{ROUTE}/",
            "url_route": ROUTE,
            "destination": "nav",
            "nav_top_level": True,
            "icon": ICON,
        }
    ]

    @cached_property
    def fastapi_apps(self) -> list[Any]:  # type: ignore[override]  # Airflow only ever reads it
        """The web application; created when the api-server asks, because no other process needs it."""
        from municipal_indicators.airflow_ui.report_app import make_app

        return [{"name": NAME, "app": make_app(), "url_prefix": f"/{ROUTE}"}]
