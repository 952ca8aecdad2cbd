"""ClickHouse's HTTP interface before the embedded engine: a development part, never for production.

`python -m tests.emulators.clickhouse --path FOLDER` serves a warehouse folder; `ClickHouseFront`
does the same in a process of its own and is what tests use. Statements, grants, profiles and
errors are the real engine's (chDB, the same version as the server); HTTP around it is ours.
Known to differ from a server: no `KILL QUERY`, no external data, no progress headers, several
statements in one request are not refused, and all requests act as the one user it was started for,
whom the engine itself calls `default`.
"""

from tests.emulators.clickhouse.front import ClickHouseFront

__all__ = ["ClickHouseFront"]
