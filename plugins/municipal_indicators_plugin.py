"""Registers the plugin where only PLUGINS_FOLDER is set and the package is not installed.

Airflow scans this folder and the entry points of installed packages, and reports a plugin that it
finds by both ways as an error.
"""

from importlib.metadata import entry_points

if not entry_points(group="airflow.plugins", name="municipal_indicators"):
    from municipal_indicators.airflow_ui.plugin import MunicipalIndicatorsPlugin

    __all__ = ["MunicipalIndicatorsPlugin"]
