"""Files that arrive: growing, empty, known, changed, unreadable ones; runs that were killed."""

from __future__ import annotations

import errno
import logging
import os
import threading
from collections.abc import Callable
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
from tests.inbox.conftest import files_in, one_row, put

PERSON = "Петрова_Анна_Сергеевна"


def attempts(warehouse: Warehouse) -> list[tuple[str, str]]:
    return warehouse.rows("SELECT unit, toString(status) FROM ops.loads ORDER BY started_at, unit")


def test_files_of_any_depth_go_to_the_archive_under_their_hash(
    inbox: Path, places: Path, warehouse: Warehouse
) -> None:
    put(inbox / "2024" / "май" / "a.XLSX", b"one")
    put(inbox / "b.log.1.gz", b"two")
    put(inbox / "c.ivanov", b"three")
    put(inbox / f"d{'.gz' * 80}", b"four")
    put(inbox / "~$a.xlsx")
    put(inbox / ".hidden")
    run = load_new_files(file_source("registers", "Europe/Moscow", one_row))
    assert run.published == 4
    assert files_in(places / "archive" / "registers") == {
        "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed.xlsx",
        "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3.log.1.gz",
        "8b5b9db0c13db24256c829aa364aa90c6d2eba318b9232a4ab9313b954d3555f",
        "04efaf080f5a3e74e1c29d1ca6a48569382cbbcd324e8d59d2b83ef21c039f00.gz.gz.gz.gz",
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
    assert len(files_in(places / "archive" / "registers")) == 1


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
        pytest.raises(FilesFailedError, match="не загружено файлов: 1") as caught,
    ):
        load_new_files(file_source("registers", "Europe/Moscow", loader))
    assert caught.value.run.published == 1
    assert "ValueError, место в коде test_landing.py" in str(caught.value)
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
    with pytest.raises(FilesFailedError, match="получено строк 2, а загружено 1"):
        load_new_files(
            file_source(
                "registers", "Europe/Moscow", lambda _: (LoadCounts(delivered=2, loaded=1), "")
            )
        )
    assert warehouse.value("SELECT count() FROM ops.published") == 0
    assert issubclass(UnbalancedLoadError, Exception)


def test_a_wrong_configuration_of_one_file_does_not_end_the_others(
    inbox: Path, warehouse: Warehouse
) -> None:
    for name in "abc":
        put(inbox / f"{name}.csv", name.encode())

    def loader(task: FileLoad) -> tuple[LoadCounts, str]:
        if task.file.path.read_bytes() == b"a":
            raise ConfigurationError("the key has changed")
        return one_row(task)

    outcome = load_outcome(file_source("registers", "Europe/Moscow", loader))
    assert outcome["published"] == 2
    assert "registers/a.csv: the key has changed" in outcome["failed"]
    assert sorted(status for _, status in attempts(warehouse)) == [
        "failed",
        "published",
        "published",
    ]
    assert files_in(inbox) == {"a.csv"}


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
    assert len(files_in(places / "archive" / "registers")) == 1
    assert warehouse.value("SELECT count() FROM ops.published") == 1
    assert "running" not in {status for _, status in attempts(warehouse)}


def test_what_a_killed_attempt_published_is_announced_by_the_next(
    inbox: Path, warehouse: Warehouse
) -> None:
    put(inbox / "a.csv", b"a", age=7200)
    put(inbox / "b.csv", b"b")

    def killed(task: FileLoad) -> tuple[LoadCounts, str]:
        if task.file.path.read_bytes() == b"b":
            raise KeyboardInterrupt
        return one_row(task)

    since = datetime.now(UTC)
    with pytest.raises(KeyboardInterrupt):
        load_outcome(file_source("registers", "Europe/Moscow", killed), since=since)
    (inbox / "b.csv").unlink()
    source = file_source("registers", "Europe/Moscow", one_row)
    assert load_outcome(source, since=since) == {"published": 1, "rejected": [], "failed": ""}
    assert load_outcome(source, since=datetime.now(UTC)) == {
        "published": 0,
        "rejected": [],
        "failed": "",
    }


def test_a_file_taken_away_stops_nobody(inbox: Path, warehouse: Warehouse) -> None:
    put(inbox / "a.csv", b"a", age=7200)
    gone = put(inbox / "gone.csv", b"gone")
    put(inbox / "good.csv", b"good", age=1800)

    def loader(task: FileLoad) -> tuple[LoadCounts, str]:
        gone.unlink(missing_ok=True)
        return one_row(task)

    outcome = load_outcome(file_source("registers", "Europe/Moscow", loader))
    assert outcome == {"published": 2, "rejected": [], "failed": ""}


def test_a_file_that_another_run_archives_too_is_no_failure(
    inbox: Path, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(inbox / "a.csv", b"a", age=7200)
    real = os.replace

    def replace(partial: Path, target: Path) -> None:
        real(partial, target)
        raise FileNotFoundError(errno.ENOENT, "No such file or directory")

    monkeypatch.setattr(os, "replace", replace)
    assert load_new_files(file_source("registers", "Europe/Moscow", one_row)).published == 1
    assert not files_in(inbox)


def test_the_time_of_a_file_is_kept_in_utc(inbox: Path, tmp_path: Path) -> None:
    path = put(inbox / "a.csv")
    os.utime(path, (1_709_618_400, 1_709_618_400))
    (arrival,) = landing.waiting_files("registers").files
    file = landing.land(arrival, tmp_path)
    assert file
    assert file.modified_at == datetime(2024, 3, 5, 6, tzinfo=UTC)
    assert landing.is_unchanged(file)
    path.write_bytes(b"changed")
    assert not landing.is_unchanged(file)


def test_a_source_without_a_folder_is_no_error(places: Path, warehouse: Warehouse) -> None:
    assert load_new_files(file_source("registers", "Europe/Moscow", one_row)).published == 0
    assert load_ledger.published_loads(warehouse, "registers") == {}


def test_an_inbox_that_does_not_exist_is_an_error(places: Path, warehouse: Warehouse) -> None:
    (places / "inbox").rmdir()
    with pytest.raises(ConfigurationError, match="переменную Airflow inbox"):
        load_outcome(file_source("registers", "Europe/Moscow", one_row))


def test_a_file_of_the_future_ranks_by_its_arrival_and_is_told(
    inbox: Path, warehouse: Warehouse
) -> None:
    put(inbox / "right.csv", b"right")
    put(inbox / "ahead.csv", b"ahead", age=-30 * 86400.0)
    source = file_source("registers", "Europe/Moscow", one_row)
    assert load_new_files(source).published == 2
    assert warehouse.value("SELECT max(modified_at) <= now64(6) FROM ops.files") == 1
    assert warehouse.rows("SELECT unit, code FROM ops.load_warnings") == [
        ("registers/ahead.csv", "future_file_time")
    ]
    told = "SELECT unit, reason FROM marts.data_problems WHERE kind = 'warned'"
    assert warehouse.rows(told) == [
        (
            "registers/ahead.csv",
            "Файл датирован будущим: временем файла считается время загрузки",
        )
    ]
    # Its time in the archive is put right, and it is not loaded every night.
    assert load_new_files(source).published == 0
