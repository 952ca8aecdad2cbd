"""A fence round each file: what parses it runs in a child process whose memory and time are limited.

A file that takes all memory or never ends costs the child, not the process that holds the warehouse.
The child has no connection, no secret and no engine: it gets paths and returns rows.
"""

from __future__ import annotations

import atexit
import os
import pickle
import resource
import signal
import socket
import subprocess
import sys
import traceback
from abc import abstractmethod
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from types import GeneratorType
from typing import TYPE_CHECKING, Any, NoReturn

from municipal_indicators import settings
from municipal_indicators.errors import FileRejectedError, IndicatorsError, ParserDiedError
from municipal_indicators.warehouse.templates import render

if TYPE_CHECKING:
    from municipal_indicators.warehouse.client import Warehouse
    from municipal_indicators.warehouse.load_ledger import Load

ITEM_LIMIT = 64 << 20
"""Bytes that the child may hand over at once: a block of rows."""

_DEATHS = 2
_DIED = "разбор файла прервался"
_OUT_OF_MEMORY = 77
# A busy host gives the child a part of a processor: by the clock it may take some times its time, and more
# to start.
_PATIENCE = 4
_START_SECONDS = 120
_SPENT_SHARE = 4
_PARSERS = ("pyarrow.csv", "python_calamine", "lxml.html")
# No content causes these.
_OURS = (IndicatorsError, OSError, ImportError, NameError)


@dataclass(frozen=True, slots=True)
class Limits:
    """What the parsing of one file may take: bytes of memory, and seconds of processor time."""

    memory: int
    seconds: int


@dataclass(frozen=True, slots=True)
class _Job:
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    reference: Path
    limits: Limits


class Parsing(Iterator[Any]):
    """What a parser yields, one by one; ``result`` is what it returned once it has ended.

    ``skip_to(n)`` is sent into a parser that is a generator: it need not yield what belongs to the
    groups before n.
    """

    result: Any = None

    @abstractmethod
    def skip_to(self, group: int) -> None:
        """Tell the parser that nothing before a group is wanted any more."""

    def finish(self) -> Any:
        """The result, once all has been yielded."""
        for _ in self:
            pass
        return self.result


_raised: list[Limits] = []
_idle: list[_Child] = []


def parse(function: Callable[..., Any], *arguments: Any) -> Parsing:
    """Call a function that reads a file: in the child inside of ``fenced``, else here.

    It is a function of a module, a generator function or not; it, its arguments, its result and what
    it yields must be picklable. Raises what the function raises; for what only content can cause
    (any error but ours and those of the operating system) FileRejectedError, and ParserDiedError when
    the child died of the file.
    """
    if not _raised:
        return _Here(function, arguments)
    return _InChild(function, arguments, _raised[-1])


@contextmanager
def fenced() -> Iterator[None]:
    """While the context is open, ``parse`` works in a child, which is kept until this process ends."""
    if not _idle:
        # It starts while the warehouse is opened.
        _idle.append(_Child())
    _raised.append(Limits(settings.file_memory(), settings.file_seconds()))
    try:
        yield
    finally:
        _raised.pop()


@contextmanager
def counted(warehouse: Warehouse, load: Load) -> Iterator[None]:
    """Raise FileRejectedError instead of ParserDiedError where an earlier attempt died too."""
    try:
        yield
    except ParserDiedError as error:
        before = warehouse.value(
            render("loads/deaths_of_parser.sql"),
            {"source": load.unit.source, "unit_key": load.unit.key, "died": _DIED},
        )
        if before + 1 < _DEATHS:
            raise
        raise FileRejectedError(
            f"{error}, как и в прошлый раз",
            "Не удаётся прочитать файл: его разбор занимает слишком много памяти или времени. "
            "Удалите из таблицы лишние строки, столбцы и очень длинные тексты, сохраните её заново как "
            ".xlsx или .csv, большой файл разделите на несколько.",
        ) from None


class _Here(Parsing):
    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self._steps = _steps(function, arguments)
        self._group = -1

    def __next__(self) -> Any:
        try:
            return self._steps.send(None if self._group < 0 else self._group)
        except StopIteration as end:
            self.result = end.value
            raise

    def skip_to(self, group: int) -> None:
        self._group = group


class _InChild(Parsing):
    def __init__(
        self, function: Callable[..., Any], arguments: tuple[Any, ...], limits: Limits
    ) -> None:
        self._patience = limits.seconds * _PATIENCE + _START_SECONDS
        self._child: _Child | None = _idle.pop() if _idle else _Child()
        self._child.send(_Job(function, arguments, settings.REFERENCE, limits))

    def __next__(self) -> Any:
        if self._child is None:
            raise StopIteration
        try:
            what, value = self._child.receive(self._patience)
        except BaseException:
            self.close()
            raise
        if what == "item":
            return value
        child, self._child = self._child, None
        if what != "spent":
            _idle.append(child)
        else:
            child.end()
            what, value = value
        if what == "error":
            raise value
        self.result = value
        raise StopIteration

    def skip_to(self, group: int) -> None:
        if self._child:
            self._child.send(group)

    def close(self) -> None:
        """End a child whose answer is not wanted any more."""
        if self._child:
            self._child.end()
            self._child = None

    def __del__(self) -> None:
        self.close()


class _Child:
    """A process of its own, not a fork: this one holds the engine and its threads."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", f"from {__name__} import serve; serve({theirs.fileno()})"],
                pass_fds=[theirs.fileno()],
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                # A panic of a parser may quote the file.
                stderr=subprocess.DEVNULL,
            )
        self._channel = Connection(ours.detach())

    def send(self, message: object) -> None:
        # A child that has died is told of by the next answer.
        with suppress(BrokenPipeError, ConnectionResetError):
            self._channel.send(message)

    def receive(self, patience: float) -> tuple[str, Any]:
        """The next answer; raises ParserDiedError when there is none."""
        try:
            if self._channel.poll(patience):
                answer: tuple[str, Any] = self._channel.recv()
                return answer
        except (EOFError, ConnectionResetError):
            raise ParserDiedError(f"{_DIED}: {_cause(self._process.wait())}") from None
        raise ParserDiedError(f"{_DIED}: нет ответа {patience:.0f} с")

    def end(self) -> None:
        """Kill the process; it has nothing to lose."""
        self._channel.close()
        self._process.kill()
        self._process.wait()


def _environment() -> dict[str, str]:
    """No connections, no secrets: only what Python needs."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(sys.path)}


def _cause(code: int) -> str:
    if code == -signal.SIGXCPU:
        return "ему не хватило отведённого времени процессора"
    if code == _OUT_OF_MEMORY:
        return "ему не хватило отведённой памяти"
    if code < 0:
        return f"ему не хватило памяти, или он упал ({signal.Signals(-code).name})"
    return f"он закончился сам (код {code})"


@atexit.register
def _end_idle() -> None:
    while _idle:
        _idle.pop().end()


# A fork would speak to the same child, and end it.
os.register_at_fork(after_in_child=_idle.clear)


def serve(descriptor: int) -> None:
    """The child: does one job after another until the other side is closed."""
    channel = Connection(descriptor)
    with suppress(OSError):
        # Where the host itself has too little memory, the child is what it should end.
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    for name in _PARSERS:
        import_module(name)
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            job = channel.recv()
            # A group to skip to may come after the end of its job.
            if isinstance(job, _Job):
                _limit(job.limits)
                settings.REFERENCE = job.reference
                answer = _answer(channel, job)
                is_spent = _pages(_RESIDENT) > job.limits.memory // _SPENT_SHARE
                channel.send(("spent", answer) if is_spent else answer)


def _answer(channel: Connection, job: _Job) -> tuple[str, Any]:
    steps = _steps(job.function, job.arguments)
    group = None
    try:
        while True:
            item = pickle.dumps(("item", steps.send(group)), pickle.HIGHEST_PROTOCOL)
            if len(item) > ITEM_LIMIT:
                return "error", _too_much()
            channel.send_bytes(item)
            while channel.poll():
                group = channel.recv()
    except StopIteration as end:
        return "result", end.value
    except (BrokenPipeError, ConnectionResetError, EOFError):
        raise
    except MemoryError:
        os._exit(_OUT_OF_MEMORY)
    except _OURS as error:
        return "error", error


_RESIDENT, _DATA = 1, 5


def _pages(column: int) -> int:
    """Bytes that this process has, resident or reserved for data."""
    # Not ru_maxrss, which begins with that of the process that started this one.
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[column]
    return int(pages) * resource.getpagesize()


def _limit(limits: Limits) -> None:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(usage.ru_utime + usage.ru_stime) + 1 + limits.seconds
    for what, wanted in (
        # Threads of the libraries reserve much that they do not use; below it, a thread would wait for ever.
        (resource.RLIMIT_DATA, _pages(_DATA) + limits.memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        is_lower = hard == resource.RLIM_INFINITY or wanted < hard
        resource.setrlimit(what, (wanted if is_lower else hard, hard))


def _steps(
    function: Callable[..., Any], arguments: tuple[Any, ...]
) -> Generator[Any, int | None, Any]:
    """The items and the result of a function, be it a generator function or not."""
    try:
        result = function(*arguments)
        return (yield from result) if isinstance(result, GeneratorType) else result
    except (*_OURS, MemoryError, GeneratorExit, KeyboardInterrupt):
        raise
    except BaseException as error:  # noqa: BLE001 - a panic of a Rust parser is no Exception
        _refuse(error)


def _refuse(error: BaseException) -> NoReturn:
    # The same content would fail again in each run. The message of the error may quote it.
    frame = traceback.extract_tb(error.__traceback__)[-1]
    raise FileRejectedError(
        f"no parser can read it ({type(error).__name__} at {Path(frame.filename).name}:{frame.lineno})",
        "Файл не удаётся прочитать: он повреждён или устроен необычно. Откройте его в Excel, сохраните "
        "заново как .xlsx и пришлите снова.",
    ) from None


def _too_much() -> FileRejectedError:
    return FileRejectedError(
        f"a block of rows holds more than {ITEM_LIMIT >> 20} MiB of text",
        "В таблице слишком длинные тексты. Удалите их и пришлите файл снова.",
    )
