"""An inbox of registers, disks that are full or read-only, and what became of files."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from municipal_indicators.inbox.file_loads import FileLoad
from municipal_indicators.warehouse.load_ledger import LoadCounts

Disk = Callable[..., Path]


@pytest.fixture
def inbox(places: Path) -> Path:
    """The empty folder of the source ``registers``."""
    folder = places / "inbox" / "registers"
    folder.mkdir()
    return folder


@pytest.fixture
def disk() -> Iterator[Disk]:
    """Mounts a small disk of its own at a folder; mounted again with other options the second time."""
    mounted: list[Path] = []

    def mount(folder: Path, options: str) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        again = ["-o", f"remount,{options}"] if folder in mounted else ["-o", options]
        command = ["mount", "-t", "tmpfs", *again, "tmpfs", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"this user may not mount: {done.stderr.strip()}")
        if folder not in mounted:
            mounted.append(folder)
        return folder

    yield mount
    for folder in reversed(mounted):
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def put(path: Path, content: bytes = b"row", age: float = 3600.0) -> Path:
    """A file whose modification time lies ``age`` seconds back."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    stamp = time.time() - age
    os.utime(path, (stamp, stamp))
    return path


def one_row(task: FileLoad) -> tuple[LoadCounts, str]:
    """A loader for which every file is one row."""
    return LoadCounts(delivered=1, loaded=1), "one row"


def files_in(folder: Path) -> set[str]:
    """The files below a folder by their paths, hidden ones too."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }
