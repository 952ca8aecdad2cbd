"""A small municipality to kill in: a server, an embedded warehouse, an emulated API, inbox and archive."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path

from municipal_indicators import settings
from municipal_indicators.settings import REPOSITORY
from municipal_indicators.warehouse.client import Warehouse, _hook
from municipal_indicators.warehouse.load_ledger import withdraw_units
from tests.emulators.clickhouse import ClickHouseFront
from tests.emulators.inbox import write_inbox
from tests.emulators.metrica import Counter, MetricaEmulator, Settings
from tests.end_to_end.stage import TOKEN, Stage
from tests.kills import states
from tests.kills.seen import Marks, Reader
from tests.kills.worker import Worker

SITE = 12345678
FILE_SOURCES = ("gosuslugi", "smev", "registers")
# The days of a load still change until then: each visit that is loaded again is another version.
_THEN, _NOW = date(2024, 3, 5), date(2024, 4, 20)
_FILES = ("inbox", "archive")


class World:
    """Everything that outlives a killed process; use as a context manager.

    ``http`` and ``embedded`` are the environments of processes that use the server, and the embedded
    warehouse.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.emulator = MetricaEmulator([Counter(SITE)], {TOKEN: None})
        self.said = root / "said.log"
        self._stack = ExitStack()

    def __enter__(self) -> World:
        self._stack.enter_context(self.emulator)
        tests = REPOSITORY / "tests"
        self.stage = Stage(self.root / "stage", tests / "passport.yaml", self.emulator.port)
        self.embedded = {
            **self.stage.environment(),
            settings.REFERENCE_VARIABLE: str(tests / "lists"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "PYTHONPATH": os.pathsep.join(map(str, (REPOSITORY / "plugins", REPOSITORY))),
        }
        self.server = self._stack.enter_context(ClickHouseFront(self.root / "server"))
        self.http = self.embedded | {"AIRFLOW_CONN_CLICKHOUSE_DEFAULT": self.server.connection()}
        os.environ.update(self.http)
        self.worker = self._stack.enter_context(Worker(self.http, self.said))
        self._prepare()
        return self

    def __exit__(self, *raised: object) -> None:
        self._stack.close()

    def client(self) -> Warehouse:
        """One more client of the server."""
        return Warehouse(_hook().get_client())

    def restore(self, state: str, *, is_embedded: bool = False) -> None:
        """Bring back a state of the warehouse, of the files and of the API."""
        for name in _FILES:
            shutil.rmtree(self.stage.root / name, ignore_errors=True)
            shutil.copytree(self.root / state / name, self.stage.root / name)
        self.emulator.reset(Settings(polls=1, parts_per_request=1, settling_days=30))
        self.emulator.today = _NOW
        if is_embedded:
            if not self.stage.warehouse.exists():
                self._copy_engine()
            self.run("restore", self.embedded | {"STATE": state})
        else:
            states.restore(self.warehouse, state)

    @property
    def page(self) -> Path:
        """The report."""
        return Path(self.http["AIRFLOW_HOME"]) / "report.html"

    def run(self, job: str, environment: dict[str, str] | None = None, **more: object) -> None:
        """Run a job to its end; raises AssertionError if it fails."""
        code = self.worker.run(job, environment or self.http, **more)
        assert code == 0, f"{job} failed:\n{self.said.read_text(encoding='utf-8')[-4000:]}"

    def look(self, *, is_embedded: bool) -> tuple[Marks, Marks, Marks]:
        """Marts, units and views as a reader sees them now."""
        if not is_embedded:
            return self.reader.marts(), self.reader.units(), self.reader.views()
        path = self.root / "seen.json"
        self.run("look", self.embedded | {"SEEN": str(path)})
        marts, units, views = json.loads(path.read_text(encoding="utf-8"))
        return marts, units, views

    def changes(self, trace: Path) -> list[str]:
        """What a traced job changed, statement by statement."""
        found: list[str] = json.loads(trace.read_text(encoding="utf-8"))
        return found

    def files(self) -> list[str]:
        """What waits and what is archived."""
        found = (path for name in _FILES for path in (self.stage.root / name).rglob("*"))
        return sorted(
            path.relative_to(self.stage.root).as_posix() for path in found if path.is_file()
        )

    def _prepare(self) -> None:
        self.run("schema")
        self.warehouse = self.client()
        self.reader, self.polled = Reader(self.warehouse), Reader(self.client())
        # A month of each source is loaded and shown; more have arrived, and a file that is none.
        self.emulator.reset(Settings(polls=1, parts_per_request=1, settling_days=30))
        self.emulator.today = _THEN
        (self.stage.root / "archive").mkdir()
        write_inbox(self.stage.inbox, date(2024, 1, 1), date(2024, 1, 1))
        self._load()
        self.run("build")
        write_inbox(self.root / "more", date(2024, 1, 1), date(2024, 3, 1))
        shutil.copytree(self.root / "more", self.stage.inbox, dirs_exist_ok=True)
        (self.stage.inbox / "registers" / "bad.xlsx").write_bytes(b"PK")
        self._keep("night")
        # It is loaded, but not shown yet.
        self.emulator.today = _NOW
        self._load()
        self._keep("loaded")
        # Nothing but the archive is left.
        for (table,) in self.warehouse.rows(
            "SELECT database || '.' || name FROM system.tables WHERE database IN ('core', 'intermediate', "
            "'reference', 'mart_rows', 'ops') AND engine LIKE '%MergeTree' AND name != 'schema_migrations'"
        ):
            self.warehouse.command(f"TRUNCATE TABLE {table}")
        self._keep("bare")
        # Shown, loaded once more from the same files copied anew, and one of them withdrawn.
        states.restore(self.warehouse, "loaded")
        self.run("build")
        write_inbox(self.stage.inbox, date(2024, 1, 1), date(2024, 1, 1))
        for path in self.stage.inbox.rglob("*"):
            os.utime(path)
        self._load()
        key = self.warehouse.value(
            "SELECT unit_key FROM ops.published WHERE source = 'registers' ORDER BY unit LIMIT 1"
        )
        withdraw_units(self.warehouse, "registers", [key], "a wrong file")
        self._keep("old")

    def _load(self, jobs: Sequence[str] = ("visits", "hits", *FILE_SOURCES)) -> None:
        for job in jobs:
            self.run(job)

    def _keep(self, state: str) -> None:
        for name in _FILES:
            shutil.copytree(self.stage.root / name, self.root / state / name)
        states.keep(self.warehouse, state)

    def _copy_engine(self) -> None:
        self.server.stop()
        shutil.copytree(self.root / "server", self.stage.warehouse, symlinks=True)
        self.server.start()


def last_publication(warehouse: Warehouse) -> object:
    """The time of the last entry in the ledger of loads."""
    return warehouse.value("SELECT max(at) FROM ops.load_events")


def versions(world: World, since: object) -> Iterator[Marks]:
    """What was published since then: of each unit its first version, then its second one, and so on."""
    orders = (
        "SELECT load_id, row_number() OVER (PARTITION BY dataset, unit_key ORDER BY at) AS number "
        "FROM ops.load_events WHERE status = 'published' AND at > {since:DateTime64(6, 'UTC')}"
    )
    count = world.warehouse.value(f"SELECT max(number) FROM ({orders})", {"since": since})
    for number in range(1, int(count) + 1):
        loads = world.warehouse.rows(
            f"SELECT toString(load_id) FROM ({orders}) WHERE number = {number}", {"since": since}
        )
        yield world.reader.units(", ".join(f"'{load_id}'" for (load_id,) in loads))
