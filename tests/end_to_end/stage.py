"""A bare Airflow and an empty warehouse: only the environment that README.md asks for."""

import json
import os
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from demo import commands
from municipal_indicators import settings
from municipal_indicators.settings import REPOSITORY

TOKEN = "a-token-that-no-log-may-show"
KEY = "a-key-that-no-log-may-show"
PATIENCE = 900


@dataclass
class Stage:
    """One folder with an Airflow home, an inbox, an archive and a warehouse, all empty at first."""

    root: Path
    passport: Path
    metrica_port: int
    more: dict[str, str] = field(default_factory=dict)
    _session: "_Session | None" = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Make the folders that the operator of a new machine would make."""
        for name in ("home", "elsewhere", "inbox"):
            (self.root / name).mkdir(parents=True)

    @property
    def inbox(self) -> Path:
        """Where files arrive."""
        return self.root / "inbox"

    @property
    def archive(self) -> Path:
        """Where processed files go."""
        return self.root / "archive"

    @property
    def said(self) -> Path:
        """All that the commands printed."""
        return self.root / "said.log"

    @property
    def warehouse(self) -> Path:
        """The embedded warehouse."""
        return self.root / "warehouse"

    def environment(self, passport: Path | None = None) -> dict[str, str]:
        """Nothing of the tests' own environment but where the system's programs are."""
        engine = {"client_kwargs": {"interface": "chdb", "path": str(self.warehouse)}}
        metrica = {
            "conn_type": "metrica",
            "schema": "http",
            "host": "127.0.0.1",
            "port": self.metrica_port,
            "password": TOKEN,
        }
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root / "home"),
            "AIRFLOW_HOME": str(self.root / "airflow"),
            "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
            "AIRFLOW_CONN_CLICKHOUSE_DEFAULT": json.dumps(
                {"conn_type": "clickhouse", "extra": engine}
            ),
            "AIRFLOW_CONN_METRICA_DEFAULT": json.dumps(metrica),
            "AIRFLOW_VAR_PROGRAMME_PASSPORT": str(passport or self.passport),
            settings.REFERENCE_VARIABLE: str(settings.REFERENCE),
            "AIRFLOW_VAR_INBOX": str(self.inbox),
            "AIRFLOW_VAR_ARCHIVE": str(self.archive),
            "AIRFLOW_VAR_PERSONAL_DATA_KEY": KEY,
            **self.more,
        }

    @contextmanager
    def session(self) -> Iterator[None]:
        """Run all commands in one process, which imports Airflow once."""
        with _Session(self) as self._session:
            yield
        self._session = None

    def airflow(self, *arguments: str, passport: Path | None = None) -> None:
        """Run a command of Airflow from a folder that is not ours; its output is kept."""
        environment = self.environment(passport)
        run = self._session.run if self._session else self._command_line
        begin = self.said.stat().st_size if self.said.exists() else 0
        code = run(arguments, environment)
        said = self.said.read_bytes()[begin:].decode(errors="replace")
        assert code == 0, f"airflow {' '.join(arguments)}:\n{said[-6000:]}"

    def _command_line(self, arguments: Collection[str], environment: dict[str, str]) -> int:
        """The real command line, in a process of its own."""
        with self.said.open("ab") as log:
            log.write(f"$ airflow {' '.join(arguments)}\n".encode())
            log.flush()
            return subprocess.run(
                [str(Path(sys.executable).with_name("airflow")), *arguments],
                env=environment,
                cwd=self.root / "elsewhere",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=PATIENCE,
                check=False,
            ).returncode

    def run(self, dag: str, params: Mapping[str, str] | None = None, **options: Any) -> None:
        """`airflow dags test`."""
        conf = ["--conf", json.dumps(params)] if params else []
        self.airflow("dags", "test", dag, *conf, **options)

    def dump(self, needles: Collection[str] = ()) -> dict[str, Any]:
        """The warehouse as it is, and where one of the needles was found in it."""
        done = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("dump.py")), str(self.warehouse)],
            input=json.dumps(sorted(needles)),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        content: dict[str, Any] = json.loads(done.stdout)
        return content

    def texts(self) -> dict[Path, str]:
        """All that a person could read afterwards, in lower case: prints, task logs, page, reasons."""
        found = [self.said, *(self.root / "airflow").rglob("*.log")]
        found += (self.root / "airflow").glob("*.html")
        found += self.archive.rglob("*.reason.txt")
        return {path: path.read_text(encoding="utf-8", errors="replace").lower() for path in found}


class _Session:
    """The process of ``demo/commands.py`` for one stage."""

    def __init__(self, stage: Stage) -> None:
        answers, given = os.pipe()
        with stage.said.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", commands.__file__, "--answers", str(given)],
                env=stage.environment(),
                cwd=stage.root / "elsewhere",
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(given,),
                text=True,
            )
        os.close(given)
        self._answers: IO[str] = os.fdopen(answers)

    def run(self, arguments: Collection[str], environment: dict[str, str]) -> int:
        """The exit code of a command; -1 where the process has died."""
        assert self._process.stdin is not None
        order = {"arguments": [*arguments], "environment": environment}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._answers.readline().removeprefix(commands.ENDED) or -1)

    def __enter__(self) -> "_Session":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._answers.close()
