"""One Superset a module: set up, served, and its dashboards opened once as the reader sees them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import clickhouse_connect
import pytest
import yaml
from clickhouse_connect.driver.client import Client
from playwright.sync_api import Browser

from bi.superset.environment import SOURCES
from municipal_indicators.settings import REPOSITORY
from tests.bi import stack
from tests.bi.stack import Stack
from tests.bi.visitor import Api, Opened, Reader
from tests.browsers import browser
from tests.emulators.clickhouse import ClickHouseFront
from tests.services import require

__all__ = ["browser"]

OLD_TITLE = "Название из прежней редакции"


@pytest.fixture(scope="module")
def warehouse_front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseFront]:
    """The made-up marts over HTTP, with the grants, limits and quota that production gives user bi."""
    folder = tmp_path_factory.mktemp("marts")
    path = os.pathsep.join(map(str, (REPOSITORY / "plugins", REPOSITORY)))
    done = subprocess.run(
        [sys.executable, "-m", "tests.bi.made_up", str(folder)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    with ClickHouseFront(folder / "warehouse", "bi", password=stack.BI_PASSWORD) as front:
        yield front


@pytest.fixture(scope="module")
def marts(warehouse_front: ClickHouseFront) -> Iterator[Client]:
    """Plain SQL as user bi, to compare with."""
    client = clickhouse_connect.get_client(
        host="127.0.0.1",
        port=warehouse_front.port,
        username="bi",
        password=stack.BI_PASSWORD,
        database="marts",
    )
    yield client
    client.close()


@pytest.fixture(scope="module")
def old_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of an earlier release: one chart had another title and another look."""
    folder = tmp_path_factory.mktemp("bundle") / "bundle"
    shutil.copytree(SOURCES / "bundle", folder)
    path = folder / "charts" / "programme_01.yaml"
    chart = yaml.safe_load(path.read_text(encoding="utf-8"))
    chart["slice_name"] = OLD_TITLE
    chart["params"]["metric"] = "off_track"
    path.write_text(yaml.safe_dump(chart, allow_unicode=True), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def superset(
    tmp_path_factory: pytest.TempPathFactory, warehouse_front: ClickHouseFront, old_bundle: Path
) -> Iterator[Stack]:
    """Superset with the earlier bundle set up, then served; the tests begin with the renewal."""
    require(None if stack.POSTGRES_BINARIES else "PostgreSQL is not installed")
    folder = tmp_path_factory.mktemp("superset")
    with ExitStack() as running:
        uri = running.enter_context(stack.postgres())
        made = Stack(folder, warehouse_front, uri)
        done = made.set_up(
            str(old_bundle),
            SUPERSET_ADMIN_PASSWORD=stack.ADMIN_PASSWORD,
            SUPERSET_READER_PASSWORD=stack.READER_PASSWORD,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        running.enter_context(made.serving())
        yield made


@pytest.fixture(scope="module")
def admin(superset: Stack) -> Iterator[Api]:
    with Api(superset.url, "admin", stack.ADMIN_PASSWORD) as api:
        yield api


@pytest.fixture(scope="module")
def reader(superset: Stack) -> Iterator[Api]:
    with Api(superset.url, "reader", stack.READER_PASSWORD) as api:
        yield api


@pytest.fixture(scope="module")
def renewed(superset: Stack, admin: Api) -> tuple[dict[str, dict[str, int]], ...]:
    """What there was before and after setting up again with the bundle of the repository, by UUID."""
    before = admin.things()
    done = superset.set_up()
    assert done.returncode == 0, done.stdout + done.stderr
    return before, admin.things()


@pytest.fixture(scope="module")
def visitor(superset: Stack, browser: Browser, renewed: object) -> Iterator[Reader]:
    """A browser in which user reader is logged in."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, locale="ru-RU")
    yield Reader(context, superset.url, "reader", stack.READER_PASSWORD)
    context.close()


@pytest.fixture(scope="module")
def dashboards(visitor: Reader) -> dict[str, Opened]:
    """Every dashboard as it opens, by slug, with what its charts asked and were answered."""
    return {
        slug: visitor.open(slug) for slug in ("programme", "site-and-services", "smev-and-data")
    }
