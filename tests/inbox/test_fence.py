"""The fence round each file: what a parser may cost, what becomes of a file that costs more."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from municipal_indicators import settings
from municipal_indicators.errors import ConfigurationError, FileRejectedError, ParserDiedError
from municipal_indicators.inbox.fence import fenced, parse
from municipal_indicators.inbox.file_loads import FileLoad, FilesFailedError
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.load_ledger import LoadCounts
from tests.spreadsheets.arrivals import Arrivals

DEATHS = ("too much memory", "too much time", "an end")


def by_content(path: Path) -> str:
    """A parser that does what the file says."""
    text = path.read_text("utf-8")
    if text == "too much memory":
        return str(len([bytes(1 << 20) for _ in range(4096)]))
    if text == "too much time":
        while True:
            pass
    if text == "an end":
        os._exit(3)
    if text == "no parser":
        raise KeyError(text)
    return text


def groups(sizes: list[int]) -> Generator[tuple[int, int], int | None, str]:
    for group, size in enumerate(sizes):
        for number in range(size):
            wanted = yield group, number
            if wanted is not None and wanted > group:
                break
    return "end"


def long_text() -> Iterator[str]:
    yield "я" * (64 << 20)


def secrets() -> list[str]:
    return [name for name in os.environ if name.startswith("AIRFLOW")]


def own_process() -> int:
    return os.getpid()


def load_file(task: FileLoad) -> tuple[LoadCounts, str]:
    return LoadCounts(), str(parse(by_content, task.content.members[0].path).finish())


@pytest.fixture(autouse=True)
def _low(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_FILE_MEMORY_MIB", "1024")
    monkeypatch.setenv("AIRFLOW_VAR_FILE_SECONDS", "2")


@pytest.fixture
def arrivals(places: Path, warehouse: Warehouse) -> Arrivals:
    return Arrivals("gosuslugi", places, warehouse, load_file)


def test_a_parser_works_in_a_process_of_its_own_without_secrets() -> None:
    with fenced():
        first, second = (parse(own_process).finish() for _ in range(2))
        assert first == second != os.getpid()
        assert parse(secrets).finish() == []
    assert parse(own_process).finish() == os.getpid()


@pytest.mark.parametrize("is_fenced", [True, False])
def test_what_is_not_wanted_is_passed_over(*, is_fenced: bool) -> None:
    sizes = [1_000_000, 3]
    if not is_fenced:
        parsing = parse(groups, sizes)
        assert [next(parsing) for _ in range(2)] == [(0, 0), (0, 1)]
        parsing.skip_to(1)
        assert list(parsing) == [(1, 0), (1, 1), (1, 2)]
        assert parsing.result == "end"
        return
    with fenced():
        parsing = parse(groups, sizes)
        assert next(parsing) == (0, 0)
        parsing.skip_to(1)
        rest = list(parsing)
        assert rest[-3:] == [(1, 0), (1, 1), (1, 2)]
        assert len(rest) < sizes[0]
        assert parsing.result == "end"


@pytest.mark.parametrize("content", DEATHS)
def test_a_child_that_dies_is_told_and_the_next_one_works(tmp_path: Path, content: str) -> None:
    file = tmp_path / "a"
    file.write_text(content, "utf-8")
    with fenced():
        with pytest.raises(ParserDiedError, match=r"^разбор файла прервался: "):
            parse(by_content, file).finish()
        file.write_text("good", "utf-8")
        assert parse(by_content, file).finish() == "good"


def test_a_block_that_is_too_large_never_reaches_the_parent() -> None:
    with fenced(), pytest.raises(FileRejectedError, match="MiB of text"):
        parse(long_text).finish()


@pytest.mark.parametrize("value", ["0", "much", "-1"])
def test_a_limit_is_a_whole_number(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_FILE_SECONDS", value)
    with pytest.raises(ConfigurationError, match="file_seconds"):
        settings.file_seconds()


@pytest.mark.parametrize("content", DEATHS)
def test_a_deadly_file_is_rejected_at_its_second_attempt_and_the_others_are_loaded(
    arrivals: Arrivals, content: str
) -> None:
    arrivals.put("before.csv", b"before")
    deadly = arrivals.put("deadly.csv", content.encode())
    arrivals.put("after.csv", b"after")
    with pytest.raises(FilesFailedError, match=r"deadly\.csv: разбор файла прервался") as first:
        arrivals.load()
    assert (first.value.run.published, first.value.run.rejected) == (2, [])
    assert deadly.exists()
    second = arrivals.load()
    assert (second.broken, second.rejected) == ([], ["gosuslugi/deadly.csv"])
    assert not deadly.exists()
    assert "Не удаётся прочитать файл" in arrivals.reasons()
    assert arrivals.load().rejected == []


def test_content_that_no_parser_can_read_is_rejected_without_quoting_it(arrivals: Arrivals) -> None:
    assert arrivals.take("a.csv", b"no parser").rejected == ["gosuslugi/a.csv"]
    assert "no parser can read it (KeyError at test_fence.py:" in arrivals.reasons()
    assert "'no parser'" not in arrivals.reasons()


def test_a_child_is_kept_however_large_the_parent_is() -> None:
    ballast = bytearray(b"a") * (512 << 20)
    with fenced():
        parse(grown, 300 << 20).finish()
        first, second = (parse(own_process).finish() for _ in range(2))
    assert first == second
    assert ballast[-1]


def test_a_child_that_keeps_much_memory_is_replaced() -> None:
    with fenced():
        first = parse(own_process).finish()
        parse(grown, 300 << 20).finish()
        assert parse(own_process).finish() != first


def grown(size: int) -> None:
    kept.append(bytearray(b"a") * size)


kept: list[bytearray] = []


def test_a_fork_has_a_child_of_its_own() -> None:
    with fenced():
        first = parse(own_process).finish()
        reading, writing = os.pipe()
        if not (fork := os.fork()):
            os.write(writing, str(parse(own_process).finish()).encode())
            os._exit(0)
        os.waitpid(fork, 0)
        assert int(os.read(reading, 99)) != first
        assert parse(own_process).finish() == first
