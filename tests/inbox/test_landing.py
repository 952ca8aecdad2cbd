"""Files that arrive: growing, empty, known, changed, unreadable ones; runs that were killed."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from municipal_indicators.errors import (
    ConfigurationError,
    FileRejectedError,
    UnbalancedLoadError,
)
from municipal_indicators.inbox import landing
from municipal_indicators.inbox.file_loads import (
    FileLoad,
    FilesFailedError,
    load_new_files,
    load_outcome,
)
from municipal_indicators.sources.file_sources import file_source
from municipal_indicators.warehouse import load_ledger
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.load_ledger import LoadCounts

PERSON = "Петрова_Анна_Сергеевна"


@pytest.fixture
def inbox(places: Path) -> Path:
    folder = places / "inbox" / "registers"
    folder.mkdir()
    return folder


def put(path: Path, content: bytes = b"row", age: float = 3600.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    stamp = time.time() - age
    os.utime(path, (stamp, stamp))
    return path


def one_row(task: FileLoad) -> tuple[LoadCounts, str]:
    """A loader for which every file is one row."""
    return LoadCounts(delivered=1, loaded=1), "one row"


def archived(places: Path) -> set[str]:
    return {
        path.relative_to(places / "archive").as_posix()
        for path in (places / "archive").rglob("*")
        if path.is_file()
    }


def attempts(warehouse: Warehouse) -> list[tuple[str, str]]:
    return warehouse.rows("SELECT unit, toString(status) FROM ops.loads ORDER BY started_at, unit")


def test_files_of_any_depth_go_to_the_archive_under_their_hash(
    inbox: Path, places: Path, warehouse: Warehouse
) -> None:
    put(inbox / "2024" / "май" / "a.XLSX", b"one")
    put(inbox / "b.log.1.gz", b"two")
    put(inbox / "c.ivanov", b"three")
    put(inbox / "~$a.xlsx")
    put(inbox / ".hidden")
    run = load_new_files(file_source("registers", "Europe/Moscow", one_row))
    assert run.published == 3
    assert archived(places) == {
        "registers/7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed.xlsx",
        "registers/3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3.log.1.gz",
        "registers/8b5b9db0c13db24256c829aa364aa90c6d2eba318b9232a4ab9313b954d3555f",
    }
    assert {path.name for path in inbox.rglob("*") if path.is_file()} == {"~$a.xlsx", ".hidden"}


def test_a_growing_file_is_left_for_the_next_run(inbox: Path, warehouse: Warehouse) -> None:
    path = put(inbox / "growing.csv", age=0)
    put(inbox / "ready.csv", b"ready")
    ended = threading.Event()

    def grow() -> None:
        while not ended.wait(0.1):
            with path.open("ab") as file:
                file.write(b"more\n")

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        assert load_new_files(file_source("registers", "Europe/Moscow", one_row)).published == 1
    finally:
        ended.set()
        writer.join()
    assert path.exists()
    put(path, path.read_bytes())
    assert load_new_files(file_source("registers", "Europe/Moscow", one_row)).published == 1
    assert not path.exists()


def test_a_file_that_grows_while_it_is_loaded_is_not_published(
    inbox: Path, warehouse: Warehouse
) -> None:
    path = put(inbox / "growing.csv")

    def loader(task: FileLoad) -> tuple[LoadCounts, str]:
        with path.open("ab") as file:
            file.write(b"more")
        return one_row(task)

    run = load_new_files(file_source("registers", "Europe/Moscow", loader))
    assert (run.published, run.broken, path.exists()) == (0, [], True)
    assert attempts(warehouse) == [("registers/growing.csv", "failed")]
    assert load_new_files(file_source("registers", "Europe/Moscow", one_row)).published == 1


def test_a_young_file_that_stands_still_is_taken(inbox: Path, warehouse: Warehouse) -> None:
    put(inbox / "young.csv", age=0)
    assert load_new_files(file_source("registers", "Europe/Moscow", one_row)).published == 1


def test_an_empty_file_has_a_minute_and_is_then_rejected(
    inbox: Path, places: Path, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landing, "WATCH_SECONDS", 0.01)
    path = put(inbox / "empty.csv", b"", age=1)
    assert load_new_files(file_source("registers", "Europe/Moscow", one_row)).rejected == []
    assert path.exists()
    put(path, b"", age=90)
    assert load_new_files(file_source("registers", "Europe/Moscow", one_row)).rejected == [
        "registers/empty.csv"
    ]
    assert not path.exists()
    (reason,) = (places / "archive" / "rejected").glob("*.reason.txt")
    assert "Файл пуст" in reason.read_text("utf-8")


def test_the_same_content_again_is_known_and_only_a_later_one_is_loaded_anew(
    inbox: Path, places: Path, warehouse: Warehouse
) -> None:
    put(inbox / "a.csv", age=7200)
    put(inbox / "copy.csv", age=7300)
    assert load_new_files(file_source("registers", "Europe/Moscow", one_row)).published == 2
    put(inbox / "renamed.csv", age=7250)
    run = load_new_files(file_source("registers", "Europe/Moscow", one_row))
    assert (run.published, run.known) == (0, 1)
    put(inbox / "sent again.csv", age=60)
    assert load_new_files(file_source("registers", "Europe/Moscow", one_row)).published == 1
    assert warehouse.value("SELECT count() FROM ops.published") == 1
    assert len(archived(places)) == 1


def test_a_refused_file_is_explained_and_the_others_are_loaded(
    inbox: Path, places: Path, warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    put(inbox / "good.csv", b"good")
    put(inbox / f"{PERSON}.csv", b"bad")

    def loader(task: FileLoad) -> tuple[LoadCounts, str]:
        if task.file.path.read_bytes() == b"bad":
            raise FileRejectedError("no table of Петрова Анна Сергеевна in it", "Нет таблицы.")
        return one_row(task)

    with caplog.at_level(logging.DEBUG):
        run = load_new_files(file_source("registers", "Europe/Moscow", loader))
    assert (run.published, run.rejected) == (1, ["registers/***.csv"])
    (reason,) = (places / "archive" / "rejected").glob("*.csv.reason.txt")
    text = reason.read_text("utf-8")
    assert "Файл не принят: registers/***.csv" in text
    assert "Причина: Нет таблицы." in text
    assert "положите его в ту же папку ещё раз" in text
    assert (
        places / "archive" / "rejected" / reason.name.removesuffix(".reason.txt")
    ).read_bytes() == b"bad"
    for found in (text, caplog.text, str(warehouse.rows("SELECT * FROM ops.load_events"))):
        assert "Петрова" not in found
        assert "Сергеевна" not in found


def test_a_failure_of_ours_leaves_the_file_and_tells_no_content(
    inbox: Path, warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    path = put(inbox / "good.csv", b"good")
    other = put(inbox / "other.csv", b"other")

    def loader(task: FileLoad) -> tuple[LoadCounts, str]:
        if task.file.path.read_bytes() == b"good":
            return one_row(task)
        raise ValueError("cannot parse 112-233-445 95")

    with (
        caplog.at_level(logging.DEBUG),
        pytest.raises(FilesFailedError, match="1 files failed") as caught,
    ):
        load_new_files(file_source("registers", "Europe/Moscow", loader))
    assert caught.value.run.published == 1
    assert "ValueError at test_landing.py" in str(caught.value)
    assert "112-233" not in caplog.text + str(caught.value)
    assert (path.exists(), other.exists()) == (False, True)
    outcome = load_outcome(file_source("registers", "Europe/Moscow", loader))
    assert outcome["published"] == 0
    assert "other.csv" in outcome["failed"]
    assert load_outcome(file_source("registers", "Europe/Moscow", one_row)) == {
        "published": 1,
        "rejected": [],
        "failed": "",
    }


def test_counts_that_do_not_balance_are_not_published(inbox: Path, warehouse: Warehouse) -> None:
    put(inbox / "a.csv")
    with pytest.raises(FilesFailedError, match="2 rows delivered, but 1 loaded"):
        load_new_files(
            file_source(
                "registers", "Europe/Moscow", lambda _: (LoadCounts(delivered=2, loaded=1), "")
            )
        )
    assert warehouse.value("SELECT count() FROM ops.published") == 0
    assert issubclass(UnbalancedLoadError, Exception)


def test_a_wrong_configuration_ends_the_run_at_once(inbox: Path, warehouse: Warehouse) -> None:
    for name in "ab":
        put(inbox / f"{name}.csv", name.encode())

    def loader(task: FileLoad) -> tuple[LoadCounts, str]:
        raise ConfigurationError("the key has changed")

    with pytest.raises(ConfigurationError, match="the key has changed"):
        load_new_files(file_source("registers", "Europe/Moscow", loader))
    assert [status for _, status in attempts(warehouse)] == ["failed"]
    assert len(list(inbox.iterdir())) == 2


@pytest.mark.parametrize(
    "killed_in", ["load_file", "publish_loads", "_FileLoader._remember", "archive"]
)
def test_a_killed_run_is_completed_by_the_next(
    inbox: Path, places: Path, warehouse: Warehouse, killed_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(inbox / "a.csv", b"a", age=7200)

    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    loader: Callable[[FileLoad], tuple[LoadCounts, str]] = one_row
    with monkeypatch.context() as patched:
        if killed_in == "load_file":
            loader = kill  # type: ignore[assignment]
        elif killed_in == "archive":
            patched.setattr(landing, "archive", kill)
        else:
            patched.setattr(f"municipal_indicators.inbox.file_loads.{killed_in}", kill)
        with pytest.raises(KeyboardInterrupt):
            load_new_files(file_source("registers", "Europe/Moscow", loader))
    assert (inbox / "a.csv").exists()
    run = load_new_files(file_source("registers", "Europe/Moscow", one_row))
    assert run.published + run.known == 1
    assert not (inbox / "a.csv").exists()
    assert len(archived(places)) == 1
    assert warehouse.value("SELECT count() FROM ops.published") == 1
    assert "running" not in {status for _, status in attempts(warehouse)}


def test_a_file_taken_away_or_not_readable_stops_nobody(
    inbox: Path, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(inbox / "gone.csv", b"gone")
    put(inbox / "locked.csv", b"locked")
    put(inbox / "good.csv", b"good")
    with without_access(inbox / "gone.csv", inbox / "locked.csv", monkeypatch):
        outcome = load_outcome(file_source("registers", "Europe/Moscow", one_row))
    assert outcome["published"] == 1
    assert "locked.csv: it cannot be read (PermissionError)" in outcome["failed"]
    assert "gone.csv" not in outcome["failed"]
    assert (inbox / "locked.csv").exists()


def test_the_time_of_a_file_is_kept_in_utc(inbox: Path) -> None:
    path = put(inbox / "a.csv")
    os.utime(path, (1_709_618_400, 1_709_618_400))
    with landing.landed_files("registers") as arrivals:
        (file,) = arrivals.files
        assert file.modified_at == datetime(2024, 3, 5, 6, tzinfo=UTC)
        assert landing.is_unchanged(file)
        path.write_bytes(b"changed")
        assert not landing.is_unchanged(file)


def test_an_inbox_that_does_not_exist_is_no_error(places: Path, warehouse: Warehouse) -> None:
    assert load_new_files(file_source("registers", "Europe/Moscow", one_row)).published == 0
    assert load_ledger.published_loads(warehouse, "registers") == {}


class without_access:  # noqa: N801 - reads as a with statement
    """One file that vanishes, and one that nobody may read, between listing and copying."""

    def __init__(self, gone: Path, locked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        real = landing._growing
        self.locked = locked

        def growing(paths: list[object]) -> object:
            gone.unlink()
            if os.geteuid() == 0:
                # Root may read everything: a folder in place of the file cannot be read by anybody.
                monkeypatch.setattr(landing, "_land", self.land)
            else:
                locked.chmod(0)
            return real(paths)  # type: ignore[arg-type]

        self.real_land = landing._land
        monkeypatch.setattr(landing, "_growing", growing)

    def land(self, source: str, path: Path, target: Path) -> object:
        if path.name == self.locked.name:
            raise PermissionError(13, "Permission denied")
        return self.real_land(source, path, target)  # type: ignore[arg-type]

    def __enter__(self) -> Iterator[None] | None:
        return None

    def __exit__(self, *_: object) -> None:
        self.locked.chmod(0o600)
