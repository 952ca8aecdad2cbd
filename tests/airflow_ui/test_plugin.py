"""The plugin is loaded once, found by the package or by PLUGINS_FOLDER alone, and brings nothing heavy."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from municipal_indicators.settings import REPOSITORY

HEAVY = ("fastapi", "pandas", "chdb", "clickhouse_connect", "numpy")
LOAD = f"""
import sys
sys.path.append({str(REPOSITORY / "plugins")!r})  # as Airflow does with PLUGINS_FOLDER
from airflow import plugins_manager
before = set(sys.modules)
plugins, errors = plugins_manager._get_plugins()
ours = [plugin for plugin in plugins if plugin.name == "municipal_indicators"]
brought = set(sys.modules) - before
import json
print("RESULT " + json.dumps({{
    "sources": [str(plugin.source) for plugin in ours],
    "errors": errors,
    "heavy": sorted(brought & set({HEAVY!r})),
    "modules": sorted(name for name in brought if name.startswith("municipal_indicators")),
}}))
"""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """What is installed beside this project, as a folder without this project."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    here = Path(str(importlib.metadata.distribution("apache-airflow-core").locate_file("")))
    for entry in here.iterdir():
        if "municipal_indicators" not in entry.name:
            (folder / entry.name).symlink_to(entry)
    return folder


def loaded(installed: Path) -> dict[str, Any]:
    done = subprocess.run(
        # -S: no other packages than those of the folder.
        [sys.executable, "-S", "-c", LOAD],
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    (line,) = [text for text in done.stdout.splitlines() if text.startswith("RESULT ")]
    result: dict[str, Any] = json.loads(line.removeprefix("RESULT "))
    return result


def test_the_folder_of_plugins_is_enough(installed: Path) -> None:
    assert loaded(installed) == {
        "sources": ["$PLUGINS_FOLDER/municipal_indicators_plugin.py"],
        "errors": {},
        "heavy": [],
        "modules": [
            "municipal_indicators",
            "municipal_indicators.airflow_ui",
            "municipal_indicators.airflow_ui.plugin",
            "municipal_indicators_plugin",
        ],
    }


def test_beside_the_installed_package_it_is_not_loaded_twice(installed: Path) -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    points = project["entry-points"]["airflow.plugins"]
    info = installed / "municipal_indicators-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: municipal-indicators\nVersion: 0.1.0\n"
    )
    (info / "entry_points.txt").write_text(
        "[airflow.plugins]\n" + "".join(f"{name} = {value}\n" for name, value in points.items())
    )
    found = loaded(installed)
    assert [source.partition(":")[0] for source in found["sources"]] == [
        "municipal-indicators==0.1.0"
    ]
    assert (found["errors"], found["heavy"]) == ({}, [])
