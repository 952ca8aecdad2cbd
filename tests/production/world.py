"""Hosts, paths and users of the compose file in Linux namespaces of their own, without containers.

A service of the compose file runs here natively with its exact command and environment: the network
is a loopback of its own where every service's name is a host, ``/opt`` and ``/data`` are what the
image and the volumes hold, and Airflow runs as the image's user without privileges.
"""

from __future__ import annotations

import json
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import psutil
import pytest

from municipal_indicators.settings import REPOSITORY
from tests.production.compose import read_services
from tests.services import require

AIRFLOW_USER = 50000
SUPERSET_USER = 50001
POSTGRES_BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
SETUP_SECONDS = 30.0
STAGE = "/mnt"


def require_world() -> None:
    """Skip the tests where such a world cannot be had; what CI installs must be there in CI."""
    if sys.platform != "linux":
        pytest.skip("Linux namespaces are needed")
    for tool in ("unshare", "nsenter", "setpriv", "ip", "mount", "redis-server"):
        require(None if shutil.which(tool) else f"{tool} is not installed")
    require(None if POSTGRES_BINARIES else "PostgreSQL is not installed")
    tried = subprocess.run(
        ["unshare", "--net", "--mount", "--pid", "--fork", "true"], capture_output=True, check=False
    )
    if tried.returncode:
        pytest.skip("This user may not make namespaces")


class World:
    """One network, one tree of mounts, one tree of processes; all end with it."""

    def __init__(
        self, folder: Path, environment: dict[str, str], superset: Path | None = None
    ) -> None:
        """``superset`` is the ``bin`` of Superset's own Python environment."""
        self.folder = folder
        self.superset = superset
        self.environment = environment
        self.services = read_services(environment)
        self._init: psutil.Process | None = None
        self._unshare: subprocess.Popen[bytes] | None = None
        self._logs: list[IO[bytes]] = []
        self._started: dict[str, subprocess.Popen[bytes]] = {}

    @contextmanager
    def running(self) -> Iterator[World]:
        """Make the namespaces; on leaving, end every process in them."""
        script = self.folder / "world.sh"
        script.write_text(self._setup(), encoding="utf-8")
        with (self.folder / "world.log").open("wb") as log:
            self._unshare = subprocess.Popen(
                ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
                + ["--propagation", "private", "bash", str(script)],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        try:
            self._await_setup(self._unshare)
            yield self
        finally:
            self._unshare.kill()
            self._unshare.wait(timeout=20)
            for process in self._started.values():
                process.wait(timeout=20)
            for opened in self._logs:
                opened.close()

    def _await_setup(self, unshare: subprocess.Popen[bytes]) -> None:
        ready = self.folder / "ready"
        deadline = time.monotonic() + SETUP_SECONDS
        while not ready.exists():
            if unshare.poll() is not None or time.monotonic() > deadline:
                raise AssertionError((self.folder / "world.log").read_text())
            time.sleep(0.05)
        (self._init,) = psutil.Process(unshare.pid).children()

    def _setup(self) -> str:
        """The mounts of all services together; what only root can reach is laid open for the image's user."""
        needed = [Path(sys.base_prefix), REPOSITORY, self.folder]
        if self.superset:
            needed.append((self.superset / "python").resolve().parents[1])
        hosts = " ".join(["localhost", *self.services])
        lines = [
            "set -euo pipefail",
            "ip link set lo up",
            f"mount -t tmpfs -o mode=0755 tmpfs {STAGE}",
            f"echo '127.0.0.1 {hosts}' > {STAGE}/hosts",
            f"mount --bind {STAGE}/hosts /etc/hosts",
            f"cp /etc/passwd {STAGE}/passwd",
            f"echo airflow:x:{AIRFLOW_USER}:0::/opt/airflow:/bin/bash >> {STAGE}/passwd",
            f"mount --bind {STAGE}/passwd /etc/passwd",
        ]
        for number, place in enumerate(needed):
            lines += [f"mkdir {STAGE}/{number}", f"mount --rbind {place} {STAGE}/{number}"]
        closed = sorted({closed for place in needed if (closed := _closed_parent(place))})
        lines += [f"mount -t tmpfs -o mode=0755 tmpfs {place}" for place in closed]
        for number, place in enumerate(needed):
            if any(place.is_relative_to(parent) for parent in closed):
                lines += [f"mkdir -p {place}", f"mount --rbind {STAGE}/{number} {place}"]
        lines += [
            "mount -t tmpfs -o mode=0755 tmpfs /opt",
            "mkdir -p /opt/municipal-indicators /data",
            f"mount --bind {STAGE}/1 /opt/municipal-indicators",
            "mount -o remount,bind,ro /opt/municipal-indicators",
            f"mount --bind {STAGE}/2/data /data",
            "mkdir -p /opt/airflow/logs /opt/airflow/report /opt/airflow/metrica-rate-limit",
            f"chown -R {AIRFLOW_USER}:0 /opt/airflow /data/inbox /data/archive",
            "mkdir /opt/postgres && chown postgres /opt/postgres",
            *self._superset_image(),
            f"touch {STAGE}/2/ready",
            "exec sleep infinity",
        ]
        return "\n".join(lines) + "\n"

    def _superset_image(self) -> list[str]:
        """What Superset's Dockerfile copies, where it copies it."""
        lines = ["mkdir -p /opt/superset/home", f"chown {SUPERSET_USER} /opt/superset/home"]
        for name in ("superset_config.py", "superset_setup.py", "bundle"):
            place = f"/opt/superset/{name}"
            lines.append(f"mkdir {place}" if name == "bundle" else f"touch {place}")
            lines.append(f"mount --bind {STAGE}/1/bi/superset/{name} {place}")
        return lines

    def _enter(self, service: str, command: Sequence[str], extra: Mapping[str, str]) -> list[str]:
        assert self._init is not None
        environment = {
            "PATH": f"{REPOSITORY}/.venv/bin:{POSTGRES_BINARIES[-1]}:/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
            "HOME": "/tmp",
            **{name: str(value) for name, value in extra.items()},
        }
        as_user = []
        if service.startswith("airflow"):
            environment |= image_environment(REPOSITORY / "Dockerfile")
            environment["HOME"] = "/opt/airflow"
            as_user = ["setpriv", f"--reuid={AIRFLOW_USER}", "--regid=0", "--clear-groups"]
            as_user += ["--no-new-privs", "--bounding-set=-all"]
        elif service.startswith("superset"):
            environment |= image_environment(REPOSITORY / "bi" / "superset" / "Dockerfile")
            environment |= {
                "PATH": f"{self.superset}:/usr/bin:/bin",
                "HOME": "/opt/superset/home",
            }
            as_user = ["setpriv", f"--reuid={SUPERSET_USER}", "--regid=0", "--clear-groups"]
            as_user += ["--no-new-privs", "--bounding-set=-all"]
        elif service == "postgres":
            as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        for name, value in self.services[service].get("environment", {}).items():
            environment[name] = str(value).replace("$$", "$")
        return [
            *("nsenter", "--net", "--mount", "--pid", f"--target={self._init.pid}"),
            *(*as_user, "env", "-i", f"--chdir={_inside(service)}"),
            *(f"{name}={value}" for name, value in environment.items()),
            *command,
        ]

    def run(
        self, service: str, command: Sequence[str], seconds: float = 300, **extra: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as a service would and wait for its end."""
        return subprocess.run(
            self._enter(service, command, extra),
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def start(self, service: str, command: Sequence[str] | None = None, **extra: str) -> Path:
        """Start a service (its own command by default) in the background; returns its log."""
        command = command or [str(word).replace("$$", "$") for word in self.command(service)]
        log = self.folder / f"{service}.log"
        opened = log.open("ab")
        self._logs.append(opened)
        self._started[service] = subprocess.Popen(
            self._enter(service, command, extra),
            stdout=opened,
            stderr=opened,
            stdin=subprocess.DEVNULL,
        )
        return log

    def command(self, service: str) -> list[str]:
        """A service's command as the compose file has it."""
        command = self.services[service]["command"]
        assert isinstance(command, list)
        return command

    def await_healthy(self, service: str) -> None:
        """Run the service's own health check until it passes, as long as the compose file gives it."""
        check = self.services[service]["healthcheck"]
        given = _seconds(check["start_period"]) + check["retries"] * _seconds(check["interval"])
        deadline = time.monotonic() + given
        kind, *words = check["test"]
        command = ["sh", "-c", words[0].replace("$$", "$")] if kind == "CMD-SHELL" else words
        while True:
            said = "the check took too long"
            with suppress(subprocess.TimeoutExpired):
                tried = self.run(service, command, seconds=_seconds(check["timeout"]))
                if tried.returncode == 0:
                    return
                said = tried.stdout + tried.stderr
            ended = self._started[service].poll()
            if ended is not None:
                said = f"it ended with {ended}"
            if ended is not None or time.monotonic() > deadline:
                log = (self.folder / f"{service}.log").read_text(errors="replace")
                raise AssertionError(f"{service} is not healthy: {said}\n{log[-4000:]}")
            time.sleep(1)

    def stop(self, words: str) -> None:
        """End the processes in this world whose command line holds these words."""
        assert self._init is not None
        found = [
            process
            for process in psutil.process_iter(["pid"])
            if process.is_running() and self._is_inside(process, words)
        ]
        for process in found:
            process.send_signal(signal.SIGTERM)
        psutil.wait_procs(found, timeout=60)

    def _is_inside(self, process: psutil.Process, words: str) -> bool:
        assert self._init is not None
        try:
            ours, its = (
                Path(f"/proc/{one.pid}/ns/pid").readlink() for one in (self._init, process)
            )
            return ours == its and words in " ".join(process.cmdline())
        except (OSError, psutil.Error):
            return False


def image_environment(dockerfile: Path) -> dict[str, str]:
    """The variables that an image's ``ENV`` sets."""
    text = dockerfile.read_text(encoding="utf-8").replace("\\\n", " ")
    words = [
        word for line in text.splitlines() if line.startswith("ENV ") for word in shlex.split(line)
    ]
    return dict(word.split("=", 1) for word in words if "=" in word)


def image_command(dockerfile: Path) -> list[str]:
    """The words of an image's ``CMD``."""
    text = dockerfile.read_text(encoding="utf-8").replace("\\\n", " ")
    (line,) = [line for line in text.splitlines() if line.startswith("CMD ")]
    command = json.loads(line.removeprefix("CMD "))
    assert isinstance(command, list)
    return command


def _closed_parent(place: Path) -> Path | None:
    """The highest folder above ``place`` that the image's user may not enter."""
    for parent in reversed(place.parents):
        if not parent.stat().st_mode & 0o001:
            return parent
    return None


def _inside(service: str) -> str:
    image = service.partition("-")[0]
    return {"airflow": "/opt/municipal-indicators", "superset": "/opt/superset"}.get(image, "/")


def _seconds(text: Any) -> float:
    assert str(text).endswith("s")
    return float(str(text).removesuffix("s"))
