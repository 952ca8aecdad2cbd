"""Superset's services with the compose file's own commands, environment, user and health check.

What the dashboards show is tested in ``tests/bi``; here only that this is how they start.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from bi.superset.environment import superset_environment
from municipal_indicators.settings import REPOSITORY
from tests.production.compose import FILLED
from tests.production.databases import start_postgres
from tests.production.world import World, image_command, require_world

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    require_world()
    folder = tmp_path_factory.mktemp("world")
    for name in ("inbox", "archive"):
        (folder / "data" / name).mkdir(parents=True)
    with World(folder, FILLED, superset_environment()).running() as world:
        start_postgres(world)
        yield world


def test_superset_is_set_up_twice_and_then_healthy(world: World) -> None:
    for _ in range(2):  # a second `docker compose up` runs it again
        done = world.run("superset-init", world.command("superset-init"))
        assert done.returncode == 0, done.stdout + done.stderr
    world.start("superset", image_command(REPOSITORY / "bi" / "superset" / "Dockerfile"))
    world.await_healthy("superset")


def test_another_password_of_admin_in_the_env_file_is_the_password_then(world: World) -> None:
    service = world.services["superset-init"]
    environment = service["environment"]
    other = "another-password-of-admin"
    service["environment"] = environment | {"SUPERSET_ADMIN_PASSWORD": other}
    try:
        done = world.run("superset-init", world.command("superset-init"))
    finally:
        service["environment"] = environment
    assert done.returncode == 0, done.stdout + done.stderr
    assert [_signs_in(world, one) for one in (other, FILLED["SUPERSET_ADMIN_PASSWORD"])] == [
        200,
        401,
    ]


def _signs_in(world: World, password: str) -> int:
    body = json.dumps({"username": "admin", "password": password, "provider": "db"})
    call = (
        "import sys; from urllib.error import HTTPError; from urllib.request import Request, urlopen\n"
        "asked = Request('http://127.0.0.1:8088/api/v1/security/login', sys.argv[1].encode(),"
        " {'Content-Type': 'application/json'})\n"
        "try: print(urlopen(asked, timeout=60).status)\n"
        "except HTTPError as error: print(error.code)"
    )
    done = world.run("redis", ["python", "-c", call, body])
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_superset_does_not_start_without_its_key(world: World) -> None:
    environment = world.services["superset-init"]["environment"]
    world.services["superset-init"]["environment"] = environment | {"SUPERSET_SECRET_KEY": ""}
    try:
        refused = world.run("superset-init", world.command("superset-init"))
    finally:
        world.services["superset-init"]["environment"] = environment
    assert refused.returncode != 0
    assert "SUPERSET_SECRET_KEY is empty" in refused.stderr
