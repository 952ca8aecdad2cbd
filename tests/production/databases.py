"""The databases of the compose file, started in a world without containers."""

from __future__ import annotations

from tests.production.world import World


def start_postgres(world: World) -> None:
    """PostgreSQL as its image starts: a new cluster, our script of databases, passwords over TCP."""
    made = world.run(
        "postgres",
        ["initdb", "--pgdata=/opt/postgres", "--username=postgres", "--no-sync"]
        + [
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        ],
    )
    assert made.returncode == 0, made.stderr
    options = ["listen_addresses=127.0.0.1", "unix_socket_directories=/opt/postgres", "fsync=off"]
    world.start(
        "postgres",
        ["postgres", "-D", "/opt/postgres", *(word for one in options for word in ("-c", one))],
    )
    world.await_healthy("postgres")
    script = "/opt/municipal-indicators/deploy/postgres/databases.sql"
    created = world.run(
        "postgres",
        ["psql", "-v", "ON_ERROR_STOP=1", "--no-psqlrc", "--host=/opt/postgres"]
        + ["--username=postgres", "--dbname=postgres", "--file", script],
    )
    assert created.returncode == 0, created.stderr


def start_warehouse(world: World) -> None:
    """In ClickHouse's place the HTTP front of the embedded engine, with the rights of ``loader``."""
    world.start(
        "clickhouse",
        ["python", "-m", "tests.emulators.clickhouse", "--path", "/opt/clickhouse"]
        + ["--port", "8123", "--identity", "loader"],
        PYTHONPATH="/opt/municipal-indicators:/opt/municipal-indicators/plugins",
    )
    world.await_healthy("clickhouse")
