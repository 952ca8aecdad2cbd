"""The folder of one run for copies and unpacked files; leftovers of runs that were killed are removed."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from municipal_indicators import settings
from municipal_indicators.inbox.local_files import named

_LOCK = "lock"


def described() -> str:
    """What messages call the place of all such folders."""
    return f"временная папка {settings.landing_folder()} (переменная landing)"


@contextmanager
def own_folder() -> Iterator[Path]:
    """An empty folder of this run; what is written meanwhile is closed to other users (umask 027).

    Raises StorageError if it cannot be made.
    """
    place = settings.landing_folder()
    before = os.umask(0o027)
    try:
        with named(described()):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            # One after another: a folder that has no lock yet is not a leftover.
            with (place / _LOCK).open("a") as turn:
                fcntl.flock(turn, fcntl.LOCK_EX)
                _sweep(place)
                folder = Path(tempfile.mkdtemp(dir=place))
                alive = (folder / _LOCK).open("w")
                fcntl.flock(alive, fcntl.LOCK_EX)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            alive.close()
    finally:
        os.umask(before)


def _sweep(place: Path) -> None:
    for folder in place.iterdir():
        if folder.name == _LOCK or folder.is_symlink() or not folder.is_dir():
            continue
        try:
            with (folder / _LOCK).open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            continue
