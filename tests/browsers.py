"""The real browser that opens our pages, and where its pictures are kept."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from municipal_indicators.settings import REPOSITORY
from tests.services import require

SCREENSHOTS = REPOSITORY / "build" / "screenshots"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    require(None if program else f"No browser: none of {', '.join(names)} is on PATH")
    assert program
    with sync_playwright() as playwright:
        # Without a user data folder of its own, playwright makes a new empty one.
        running = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield running
        running.close()
