"""An error in every call of the operating system on the way of a file: the other files never notice."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from municipal_indicators.errors import FileRejectedError
from municipal_indicators.inbox import local_files
from municipal_indicators.inbox.file_loads import FileLoad, load_outcome
from municipal_indicators.sources.file_sources import file_source
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.load_ledger import LoadCounts
from tests.inbox.conftest import files_in, one_row, put

ERRORS = (
    errno.EIO,
    errno.EACCES,
    errno.ENOSPC,
    errno.EROFS,
    errno.ENOENT,
    errno.ESTALE,
    errno.EMFILE,
)
GOOD = {"first.csv": b"first", "deep/second.csv": b"second", "third.csv.gz": b"third"}
BAD = {"bad.csv": b"bad"}


class FailingOs:
    """The module ``os``, whose n-th call fails; with ``is_apart``, no file can be renamed to another disk."""

    def __init__(
        self, fails_at: int = 0, error: int = errno.EIO, *, is_apart: bool = False
    ) -> None:
        self.calls: list[str] = []
        self.sites: dict[tuple[int, ...], list[int]] = {}
        self.fails_at = fails_at
        self.error = error
        self.is_apart = is_apart

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        return self._counted(name, real) if callable(real) else real

    def _counted(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls.append(name)
            self.sites.setdefault(_site(), []).append(len(self.calls))
            if len(self.calls) == self.fails_at:
                if name == "close":
                    real(*args)
                raise OSError(self.error, os.strerror(self.error))
            if self.is_apart and name == "rename":
                raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
            return real(*args, **kwargs)

        return call

    def one_of_each(self) -> list[int]:
        """The second call, or the only one, from each place in the code and by each way to it."""
        return [numbers[min(1, len(numbers) - 1)] for numbers in self.sites.values()]


def _site() -> tuple[int, ...]:
    lines = []
    frame: FrameType | None = sys._getframe(2)
    while frame and frame.f_code.co_filename.endswith(
        ("local_files.py", "landing.py", "archived.py")
    ):
        lines.append(frame.f_lineno)
        frame = frame.f_back
    return tuple(lines)


def loader(task: FileLoad) -> tuple[LoadCounts, str]:
    if task.file.path.read_bytes() == b"bad":
        raise FileRejectedError("no table", "Нет таблицы.")
    return one_row(task)


@pytest.mark.parametrize("is_apart", [False, True], ids=["one disk", "two disks"])
def test_an_error_in_any_call_is_the_fate_of_one_file(
    inbox: Path, places: Path, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, is_apart: bool
) -> None:
    def run(failing: FailingOs) -> dict[str, Any]:
        with monkeypatch.context() as patched:
            patched.setattr(local_files, "os", failing)
            return load_outcome(file_source("registers", "Europe/Moscow", loader))

    def published() -> int:
        events = "SELECT count() FROM ops.load_events WHERE status = 'published'"
        return int(warehouse.value(events))

    def arrive(number: int) -> None:
        for name, content in GOOD.items():
            put(inbox / name, b"%b %d" % (content, number))
        put(inbox / "bad.csv", b"bad")

    arrive(0)
    whole = FailingOs(is_apart=is_apart)
    assert run(whole) == {"published": 3, "rejected": ["registers/bad.csv"], "failed": ""}
    assert len(whole.sites) > 20
    for count, number in enumerate(whole.one_of_each(), start=1):
        arrive(count)
        before = published()
        failing = FailingOs(number, ERRORS[count % len(ERRORS)], is_apart=is_apart)
        outcome = run(failing)
        place = f"call {number}, {failing.calls[number - 1]}, {errno.errorcode[failing.error]}"
        # All that was published is announced, and nothing stays behind without a word.
        assert published() - before == outcome["published"], place
        left = files_in(inbox)
        assert len(left) <= 1 or "listed" in outcome["failed"] or failing.error == errno.ENOENT, (
            place
        )
        assert not left or outcome["failed"] or failing.error == errno.ENOENT, place
        # The next run ends what this one could not.
        again = {"published": 0, "rejected": [], "failed": ""}
        if left or outcome["failed"]:
            again = run(FailingOs(is_apart=is_apart))
        assert again["failed"] == "", place
        assert files_in(inbox) == set(), place
        assert warehouse.value("SELECT count() FROM ops.published") == 3 * (count + 1), place
        assert published() - before == outcome["published"] + again["published"] == 3, place
    archived = list((places / "archive" / "registers").iterdir())
    assert len(archived) == 3 * (len(whole.sites) + 1)
    notes = {path.stem for path in (places / "archive" / "arrivals" / "registers").iterdir()}
    assert notes == {path.name[:64] for path in archived}
    for path in archived:
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name[:64]
    assert warehouse.value("SELECT count() FROM ops.loads WHERE status = 'running'") == 0
