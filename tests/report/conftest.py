"""The pages of the made-up marts, written once a session by a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from lxml import html

from municipal_indicators import settings
from municipal_indicators.settings import REPOSITORY
from tests.report.made_up_parts import ANNOTATIONS

NOTICE = "Загрузки СМЭВ остановлены до 1 июля <переезд>"


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of what ``made_up_marts`` wrote: pages, terminal tables, the error message."""
    folder = tmp_path_factory.mktemp("report")
    path = os.pathsep.join(map(str, (REPOSITORY / "plugins", REPOSITORY)))
    lists = folder / "lists"
    shutil.copytree(settings.REFERENCE, lists)
    (lists / "annotations.csv").write_text(ANNOTATIONS, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "tests.report.made_up_marts", str(folder)],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": path,
            "AIRFLOW_VAR_FRESHNESS_NOTICE": NOTICE,
            settings.REFERENCE_VARIABLE: str(lists),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return folder


def _parsed(path: Path) -> html.HtmlElement:
    return html.fromstring(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def full(written: Path) -> html.HtmlElement:
    """The page of marts with rows."""
    return _parsed(written / "full.html")


@pytest.fixture(scope="session")
def young(written: Path) -> html.HtmlElement:
    """The page of a programme whose first month is under way."""
    return _parsed(written / "young.html")


@pytest.fixture(scope="session")
def empty(written: Path) -> html.HtmlElement:
    """The page of marts without a row."""
    return _parsed(written / "empty.html")
