"""What is taken from the inbox, when, and how: names, links, writers that are not done, disks."""

from __future__ import annotations

import fcntl
import gzip
import logging
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from municipal_indicators.errors import ConfigurationError, FileRejectedError, StorageError
from municipal_indicators.inbox import landing, local_files, workplace
from municipal_indicators.inbox.file_loads import FileLoad, load_outcome
from municipal_indicators.settings import landing_folder
from municipal_indicators.sources.file_sources import file_source
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.load_ledger import LoadCounts
from tests.inbox.conftest import Disk, files_in, one_row, put

SECRET = "token-of-the-environment"
ROWS = [f"row {number}\n".encode() for number in range(499)]


def source(loader: object = one_row) -> object:
    return file_source("registers", "Europe/Moscow", loader)  # type: ignore[arg-type]


def outcome(loader: object = one_row) -> dict[str, object]:
    return load_outcome(source(loader))  # type: ignore[arg-type]


def published(warehouse: Warehouse) -> list[str]:
    return [row[0] for row in warehouse.rows("SELECT unit FROM ops.published ORDER BY unit")]


def contents(places: Path) -> list[bytes]:
    """What the archive holds of published files."""
    return [path.read_bytes() for path in (places / "archive" / "registers").iterdir()]


def test_a_name_in_windows_1251_is_a_name(
    inbox: Path, warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    name = os.fsdecode("отчёт.csv".encode("windows-1251"))
    put(inbox / name, b"one")
    put(inbox / "two\n\x1b[31m.csv", b"two")
    put(inbox / "three.csv", b"three")
    with caplog.at_level(logging.INFO):
        assert outcome() == {"published": 3, "rejected": [], "failed": ""}
    labels = ["registers/three.csv", "registers/two��[31m.csv", "registers/отчёт.csv"]
    assert published(warehouse) == labels
    assert "\x1b" not in caplog.text
    assert files_in(inbox) == set()


def test_links_and_what_is_no_file_are_never_opened(
    inbox: Path, places: Path, warehouse: Warehouse
) -> None:
    outside = put(places / "outside" / "secret.csv", SECRET.encode())
    (inbox / "link.csv").symlink_to(outside)
    (inbox / "environ.csv").symlink_to("/proc/self/environ")
    (inbox / "folder").symlink_to(outside.parent)
    os.mkfifo(inbox / "fifo.csv")
    with socket.socket(socket.AF_UNIX) as bound, standing_in(inbox):
        bound.bind("socket.csv")
    put(inbox / "good.csv")
    assert outcome() == {"published": 1, "rejected": [], "failed": ""}
    assert contents(places) == [b"row"]
    assert {path.name for path in inbox.iterdir()} == {
        *("link.csv", "environ.csv", "folder", "fifo.csv", "socket.csv")
    }


@contextmanager
def standing_in(folder: Path) -> Iterator[None]:
    # The path of a socket is short.
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def test_a_link_that_takes_the_place_of_a_file_is_not_followed(
    inbox: Path, places: Path, warehouse: Warehouse
) -> None:
    """Links that come between listing and opening: of the file, and of the folder above it."""
    outside = put(places / "outside" / "b.csv", SECRET.encode())
    put(inbox / "a.csv", b"first", age=7200)
    put(inbox / "b.csv", b"b")
    put(inbox / "deep" / "b.csv", b"deep")

    def loader(task: FileLoad) -> tuple[LoadCounts, str]:
        assert task.file.path.read_bytes() == b"first"
        (inbox / "b.csv").unlink()
        (inbox / "b.csv").symlink_to(outside)
        shutil.rmtree(inbox / "deep")
        (inbox / "deep").symlink_to(outside.parent)
        return one_row(task)

    assert outcome(loader) == {"published": 1, "rejected": [], "failed": ""}
    assert contents(places) == [b"first"]
    assert outside.read_bytes() == SECRET.encode()


def test_the_folder_of_a_source_may_not_be_a_link_but_the_inbox_may(
    places: Path, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(places / "elsewhere" / "registers" / "a.csv")
    (places / "inbox" / "registers").symlink_to(places / "elsewhere" / "registers")
    assert "registers/: папка не читается" in str(outcome()["failed"])
    (places / "link").symlink_to(places / "elsewhere")
    monkeypatch.setenv("AIRFLOW_VAR_INBOX", str(places / "link"))
    assert outcome() == {"published": 1, "rejected": [], "failed": ""}


UNFINISHED = (
    *(
        "a.csv.part",
        "a.csv.PART",
        "a.tmp",
        "~$a.xlsx",
        ".~lock.a.ods#",
        ".a.csv.swp",
        "a.csv.filepart",
    ),
    *("Не подтвержден 1.crdownload", "~syncthing~a.csv.tmp", ".a.csv.~1c2d", "a.csv~", "Thumbs.db"),
    *(".hidden/a.csv", "$RECYCLE.BIN/S-1-5/a.csv", ".Trash-1000/files/a.csv", "#recycle/a.csv"),
    *("@eaDir/a.csv", "System Volume Information/a.csv", "lost+found/a.csv"),
)


def test_unfinished_and_hidden_names_are_left_alone(inbox: Path, warehouse: Warehouse) -> None:
    for name in UNFINISHED:
        put(inbox / name)
    put(inbox / "a.party.csv", b"one")
    put(inbox / "tmp" / "part.csv", b"two")
    assert outcome() == {"published": 2, "rejected": [], "failed": ""}
    assert files_in(inbox) == set(UNFINISHED)


def test_a_writer_that_pauses_loses_no_row(inbox: Path, places: Path, warehouse: Warehouse) -> None:
    path = inbox / "slow.csv"
    with path.open("wb") as writer:
        writer.write(ROWS[0])
        writer.flush()
        os.utime(path, (0, path.stat().st_mtime - 35))
        assert outcome() == {"published": 0, "rejected": [], "failed": ""}
        writer.writelines(ROWS[1:])
    assert outcome() == {"published": 1, "rejected": [], "failed": ""}
    assert contents(places) == [b"".join(ROWS)]


def test_what_is_added_after_a_file_was_taken_is_loaded_too(
    inbox: Path, places: Path, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer on another machine, of whom the kernel knows nothing."""
    monkeypatch.setattr(local_files, "is_written", lambda _: False)
    path = inbox / "slow.csv"
    with path.open("wb") as writer:
        writer.write(ROWS[0])
        writer.flush()
        os.utime(path, (0, path.stat().st_mtime - 35))
        assert outcome() == {"published": 1, "rejected": [], "failed": ""}
        writer.writelines(ROWS[1:])
        writer.flush()
        assert outcome() == {"published": 1, "rejected": [], "failed": ""}
        assert contents(places) == [b"".join(ROWS)]
        assert outcome() == {"published": 0, "rejected": [], "failed": ""}
    assert published(warehouse) == ["registers/slow.csv"]
    reasons = warehouse.rows("SELECT message FROM ops.load_events WHERE status = 'withdrawn'")
    assert [reason.split(" ")[0] for (reason,) in reasons] == ["replaced"]


def test_a_log_that_is_emptied_in_the_archive_keeps_what_was_loaded(
    inbox: Path, places: Path, warehouse: Warehouse
) -> None:
    """Rotation by copying and truncating, while the archived file is still the writer's."""
    put(inbox / "a.log", b"".join(ROWS))
    assert outcome() == {"published": 1, "rejected": [], "failed": ""}
    (archived,) = (places / "archive" / "registers").iterdir()
    archived.write_bytes(b"another day")
    assert outcome() == {"published": 1, "rejected": [], "failed": ""}
    assert contents(places) == [b"another day"]
    assert published(warehouse) == ["registers/a.log"] * 2


def test_a_run_killed_while_it_loads_a_grown_file_is_completed(
    inbox: Path, places: Path, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(inbox / "slow.csv", ROWS[0])
    assert outcome() == {"published": 1, "rejected": [], "failed": ""}
    (archived,) = (places / "archive" / "registers").iterdir()
    archived.write_bytes(b"".join(ROWS))

    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("municipal_indicators.inbox.file_loads.withdraw_units", kill)
        with pytest.raises(KeyboardInterrupt):
            outcome()
    outcome()
    assert contents(places) == [b"".join(ROWS)]
    assert published(warehouse) == ["registers/slow.csv"]


def test_an_archived_file_that_was_only_touched_is_not_loaded_again(
    inbox: Path, places: Path, warehouse: Warehouse
) -> None:
    put(inbox / "a.csv")
    assert outcome() == {"published": 1, "rejected": [], "failed": ""}
    (archived,) = (places / "archive" / "registers").iterdir()
    kept = archived.stat().st_mtime_ns // 1000
    archived.touch()
    assert outcome() == {"published": 0, "rejected": [], "failed": ""}
    assert archived.stat().st_mtime_ns // 1000 == kept


def test_a_file_is_left_until_it_is_quiet(
    inbox: Path, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_FILE_QUIET_SECONDS", "300")
    path = put(inbox / "a.csv", age=200)
    assert outcome() == {"published": 0, "rejected": [], "failed": ""}
    put(path, age=400)
    assert outcome() == {"published": 1, "rejected": [], "failed": ""}
    monkeypatch.setenv("AIRFLOW_VAR_FILE_QUIET_SECONDS", "5 minutes")
    with pytest.raises(ConfigurationError, match="file_quiet_seconds"):
        outcome()


def test_files_of_any_time_are_taken(inbox: Path, warehouse: Warehouse) -> None:
    """Clocks that are ahead or were never set; the last is beyond what the warehouse can store."""
    for number, stamp in enumerate((-11_644_473_600, 0, 4_000_000_000, 12_000_000_000)):
        path = put(inbox / f"{number}.csv", str(number).encode())
        os.utime(path, (stamp, stamp))
    assert outcome() == {"published": 4, "rejected": [], "failed": ""}
    assert outcome() == {"published": 0, "rejected": [], "failed": ""}


def test_a_file_is_renamed_into_the_archive(
    inbox: Path, places: Path, warehouse: Warehouse
) -> None:
    inode = put(inbox / "a.csv").stat().st_ino
    assert outcome() == {"published": 1, "rejected": [], "failed": ""}
    (archived,) = (places / "archive" / "registers").iterdir()
    assert archived.stat().st_ino == inode


def test_from_another_disk_a_file_is_copied_and_then_removed(
    inbox: Path, places: Path, warehouse: Warehouse, disk: Disk
) -> None:
    disk(places / "archive", "size=1m")
    path = put(inbox / "a.csv")
    modified = path.stat().st_mtime_ns // 1000
    assert outcome() == {"published": 1, "rejected": [], "failed": ""}
    (archived,) = (places / "archive" / "registers").iterdir()
    assert (archived.stat().st_mode & 0o777, archived.stat().st_mtime_ns // 1000) == (
        0o640,
        modified,
    )
    assert archived.parent.stat().st_mode & 0o777 == 0o750
    assert files_in(inbox) == set()


def test_files_are_copied_one_at_a_time(inbox: Path, warehouse: Warehouse) -> None:
    for number in range(3):
        put(inbox / f"{number}.csv", bytes([number]) * 1000)
    seen = []

    def loader(task: FileLoad) -> tuple[LoadCounts, str]:
        seen.append(
            sum(path.stat().st_size for path in landing_folder().rglob("*") if path.is_file())
        )
        return one_row(task)

    assert outcome(loader)["published"] == 3
    assert seen == [1000] * 3
    assert [path.name for path in landing_folder().iterdir()] == ["lock"]


def test_leftovers_of_killed_runs_are_removed_and_no_others(places: Path) -> None:
    with workplace.own_folder() as alive:
        (alive / "arrived").write_bytes(b"copy")
        dead = landing_folder() / "dead"
        (dead / "unpacked").mkdir(parents=True)
        (dead / "lock").touch()
        with workplace.own_folder():
            assert not dead.exists()
            assert (alive / "arrived").exists()
        with (alive / "lock").open() as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.fixture
def as_nobody() -> Iterator[Path]:
    """A folder that everybody may enter; permissions bind this user too."""
    folder = Path(tempfile.mkdtemp(prefix="municipal-tests-"))
    folder.chmod(0o777)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield folder
    finally:
        if is_root:
            os.seteuid(0)
        for path in folder.rglob("*"):
            path.chmod(0o700)
        shutil.rmtree(folder)


def test_rights_that_are_lacking_are_the_matter_of_their_files_only(
    as_nobody: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("inbox", "archive"):
        monkeypatch.setenv(f"AIRFLOW_VAR_{name.upper()}", str(as_nobody / name))
    inbox = as_nobody / "inbox" / "registers"
    put(inbox / "good.csv", b"good")
    put(inbox / "locked.csv", b"locked").chmod(0)
    put(inbox / "unlisted" / "a.csv").parent.chmod(0o300)
    put(inbox / "unwritable" / "a.csv", b"stays").parent.chmod(0o500)
    copies = as_nobody / "copies"
    copies.mkdir()
    waiting = landing.waiting_files("registers")
    assert waiting.problems == [
        "registers/unlisted/: папка не читается: "
        "у этого пользователя нет права: исправьте владельца или права (PermissionError)"
    ]
    said = {}
    for arrival in waiting.files:
        try:
            file = landing.land(arrival, copies)
            assert file
            landing.archive(file)
        except StorageError as error:
            said[arrival.label] = str(error)
    assert said == {
        "registers/locked.csv": "файл не читается: "
        "у этого пользователя нет права: исправьте владельца или права (PermissionError)",
        "registers/unwritable/a.csv": "файл в архиве, но его не убрать из папки приёма: "
        "у этого пользователя нет права: исправьте владельца или права (PermissionError)",
    }
    archived = sorted(path.read_bytes() for path in (as_nobody / "archive" / "registers").iterdir())
    assert archived == [b"good", b"stays"]


def test_a_published_file_that_cannot_be_removed_is_told_every_night_and_loaded_once(
    inbox: Path, places: Path, warehouse: Warehouse, disk: Disk
) -> None:
    shared = disk(inbox / "common", "size=1m")
    put(shared / "a.csv", b"shared")
    put(inbox / "good.csv", b"good")
    disk(shared, "ro")
    for published_now in (2, 0, 0):
        found = outcome()
        assert found["published"] == published_now
        assert "registers/common/a.csv: файл в архиве, но его не убрать из папки приёма" in str(
            found["failed"]
        )
        assert "закрыт для записи" in str(found["failed"])
    assert sorted(contents(places)) == [b"good", b"shared"]
    disk(shared, "rw")
    assert outcome() == {"published": 0, "rejected": [], "failed": ""}
    assert files_in(inbox) == set()
    assert warehouse.value("SELECT count() FROM ops.load_events WHERE status = 'published'") == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [("size=64k", "диск заполнен: освободите место"), ("ro", "диск закрыт для записи")],
)
def test_an_archive_that_takes_nothing_is_named(
    inbox: Path, places: Path, warehouse: Warehouse, disk: Disk, options: str, words: str
) -> None:
    archive = disk(places / "archive", options)
    put(inbox / "big.csv", os.urandom(1 << 20))
    put(inbox / "bad.csv", b"bad", age=1800)

    def loader(task: FileLoad) -> tuple[LoadCounts, str]:
        if task.file.path.stat().st_size == 3:
            (archive / "filler").touch()
            raise FileRejectedError("no table", "Нет таблицы.")
        return one_row(task)

    found = outcome(loader if options != "ro" else one_row)
    assert f"registers/big.csv: архив {archive} (переменная archive): {words}" in str(
        found["failed"]
    )
    assert found["published"] == (1 if options != "ro" else 2)
    disk(archive, "rw,size=4m")
    assert outcome(loader)["failed"] == ""
    assert files_in(inbox) == set()


def test_a_full_temporary_folder_is_named(
    inbox: Path, places: Path, warehouse: Warehouse, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = disk(places / "copies", "size=64k")
    monkeypatch.setenv("AIRFLOW_VAR_LANDING", str(place))
    put(inbox / "big.csv", os.urandom(1 << 20))
    put(inbox / "good.csv", b"good")
    found = outcome()
    assert found["published"] == 1
    assert f"registers/big.csv: временная папка {place} (переменная landing): диск заполнен" in str(
        found["failed"]
    )
    disk(place, "rw,size=4m")
    assert outcome() == {"published": 1, "rejected": [], "failed": ""}


def test_a_disk_that_fills_while_a_file_is_unpacked_is_named(
    inbox: Path, places: Path, warehouse: Warehouse, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = disk(places / "copies", "size=256k")
    monkeypatch.setenv("AIRFLOW_VAR_LANDING", str(place))
    rows = b"".join(b"row %d\n" % number for number in range(100_000))
    put(inbox / "big.csv.gz", gzip.compress(rows))
    assert "(переменная landing): диск заполнен" in str(outcome()["failed"])
    assert files_in(inbox) == {"big.csv.gz"}
