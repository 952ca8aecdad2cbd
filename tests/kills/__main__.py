"""Kills jobs at random moments: ``python -m tests.kills --kills 200``; ends with 1 where one did harm.

Each kill begins from the same state. A reader polls the server meanwhile, all marts by one query and all
published units by another. Then the job is run again undisturbed, and everything must be as if it had never
been killed.
Of an embedded warehouse the engine dies with the process: it is read before and after the second run.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.kills.judging import Judge
    from tests.kills.seen import Marks
    from tests.kills.world import World

# The job and the state that it begins from. Ten kills have each at least once.
JOBS = (
    ("visits", "night"),
    ("build", "loaded"),
    ("gosuslugi", "night"),
    ("rebuild", "bare"),
    ("smev", "night"),
    ("hits", "night"),
    ("registers", "night"),
    ("house", "old"),
    ("build", "loaded"),
    ("registers", "night"),
)
REQUESTS = (
    frozenset(("2024-03-01", "2024-03-02")),
    frozenset(("2024-03-03", "2024-03-04")),
)
EMBEDDED_SHARE = 0.25
# It is opened anew by each task: how many times as long a job takes there.
EMBEDDED_TAKES = 2
# The statements that show something, or that say how far a run came.
LEDGERS = ("ops.", "EXCHANGE", "DELETE")
TRIES = 10


@dataclass(frozen=True, slots=True)
class Reference:
    """An undisturbed run of a job: what may be seen on the way, how it ends, and how long it takes."""

    marts: tuple[Marks, Marks]
    units: dict[str, list[str | None]]
    views: Marks
    files: list[str]
    seconds: float
    changes: list[str]

    def judge(self) -> Judge:
        """A judge who has seen nothing yet."""
        from tests.kills.judging import Judge

        return Judge(self.marts, self.units, REQUESTS)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a job is killed: after so many seconds, or when the engine has answered so many changes."""

    is_embedded: bool
    seconds: float = 0.0
    change: int = 0
    said: str = ""

    def __str__(self) -> str:
        where = (
            f"between commit and answer: {self.said}" if self.change else f"at {self.seconds:.2f} s"
        )
        return f"{'with the engine, ' if self.is_embedded else ''}{where}"


class Polling(threading.Thread):
    """Looks at the server again and again until it is told to stop."""

    def __init__(self, world: World, judge: Judge) -> None:
        super().__init__(daemon=True)
        self._world, self._judge = world, judge
        self._is_over = threading.Event()

    def run(self) -> None:
        while not self._is_over.is_set():
            began = time.monotonic()
            look(self._world, self._judge)
            # Half of the time is the job's: a look takes the processor that it runs on.
            self._is_over.wait(time.monotonic() - began)

    def stop(self) -> None:
        self._is_over.set()
        self.join()


def look(world: World, judge: Judge) -> None:
    """One look of the reader, at marts, units and the page."""
    try:
        judge.see(world.polled.marts(), world.polled.units())
    except Exception as error:  # noqa: BLE001 - a query that fails is a fault as well
        judge.faults.append(f"a query failed: {str(error)[:300]}")
    page = world.page
    if page.exists() and not page.read_text(encoding="utf-8").rstrip().endswith("</html>"):
        judge.faults.append("the page is torn")


def reference(world: World, job: str, state: str) -> Reference:
    """Run a job undisturbed on the server."""
    from tests.kills.world import last_publication, versions

    world.restore(state)
    before_marts, before_units, _ = world.look(is_embedded=False)
    last = last_publication(world.warehouse)
    trace = world.root / "trace.json"
    began = time.monotonic()
    world.run(job, world.http, trace=str(trace))
    seconds = time.monotonic() - began
    marts, units, views = world.look(is_embedded=False)
    shown: dict[str, list[str | None]] = {
        unit: [before_units.get(unit)] for unit in {*before_units, *units}
    }
    for later in versions(world, last):
        for unit, mark in later.items():
            shown.setdefault(unit, [None]).append(mark)
    wrong = [unit for unit, seen in shown.items() if seen[-1] != units.get(unit)]
    assert not wrong, f"{job} ends with other units than it published last: {wrong}"
    return Reference(
        (before_marts, marts), shown, views, world.files(), seconds, world.changes(trace)
    )


def drawn(dice: random.Random, given: Reference) -> Place:
    """A place in a job: half of them between the commit of a statement and its answer."""
    is_embedded = dice.random() < EMBEDDED_SHARE
    if dice.random() < 0.5:
        longest = given.seconds * (EMBEDDED_TAKES if is_embedded else 1)
        return Place(is_embedded, seconds=dice.uniform(0, longest))
    changes = list(enumerate(given.changes, start=1))
    ledgers = [one for one in changes if any(word in one[1] for word in LEDGERS)]
    number, said = dice.choice(ledgers if ledgers and dice.random() < 0.5 else changes)
    return Place(is_embedded, change=number, said=said)


def kill(world: World, job: str, state: str, place: Place, given: Reference) -> Judge | None:
    """Kill a job, run it again, and judge; None where the job had ended before."""
    environment = world.embedded if place.is_embedded else world.http
    judge = given.judge()
    world.restore(state, is_embedded=place.is_embedded)
    polling = None if place.is_embedded else Polling(world, judge)
    if polling:
        polling.start()
    try:
        world.worker.begin(job, environment, die_after=place.change or None)
        if not place.change:
            time.sleep(place.seconds)
            world.worker.kill()
        if not world.worker.wait():
            return None
        if place.is_embedded:
            judge.see(*world.look(is_embedded=True)[:2])
        try:
            world.run(job, environment)
        except AssertionError as error:
            judge.faults.append(f"the second run: {error}")
    finally:
        if polling:
            polling.stop()
    judge.faults += ending(world, place, given, judge)
    return judge


def ending(world: World, place: Place, given: Reference, judge: Judge) -> Iterator[str]:
    """What is not as if nobody had been killed."""
    from tests.kills.judging import differences

    marts, units, views = world.look(is_embedded=place.is_embedded)
    judge.see(marts, units)
    yield from differences("at the end, marts", given.marts[-1], marts)
    last = {unit: seen[-1] for unit, seen in given.units.items() if seen[-1]}
    yield from differences("at the end, units", last, units)
    yield from differences("at the end, views", given.views, views)
    if (files := world.files()) != given.files:
        odd = sorted(set(files) ^ set(given.files))
        yield f"at the end, other files: {odd[:4]}"
    for number, request in world.emulator.store.requests.items():
        if request.status not in ("cleaned_by_user", "canceled"):
            yield f"the request {number} is left at Metrica: {request.status}"


def main() -> int:
    """Kill, tell of each, and sum up."""
    options = _options()
    from tests.kills.world import World

    began = time.monotonic()
    say(f"{options.kills} kills, seed {options.seed}: python -m tests.kills --seed {options.seed}")
    done: Counter[str] = Counter()
    faulty = 0
    with (
        tempfile.TemporaryDirectory(prefix="municipal-kills-") as folder,
        World(Path(folder)) as world,
    ):
        given: dict[str, Reference] = {}
        say(f"The world stands after {time.monotonic() - began:.0f} s.")
        for number in [options.only] if options.only else range(1, options.kills + 1):
            job, state = JOBS[(number - 1) % len(JOBS)]
            if job not in given:
                given[job] = reference(world, job, state)
            dice = random.Random(f"{options.seed} {number}")
            for _ in range(TRIES):
                place = drawn(dice, given[job])
                judge = kill(world, job, state, place, given[job])
                if judge:
                    break
            else:
                raise AssertionError(f"kill {number}: {job} always ended before it was killed")
            faulty += bool(judge.faults)
            say(
                f"[{number}/{options.kills}] {job}, {place}; {judge.polls} looks, "
                f"{'old and new' if judge.was_new else 'old only'}: {'FAULT' if judge.faults else 'ok'}"
            )
            for fault in judge.faults[:5]:
                say(f"    {fault}")
            done.update((job, "with the engine" if place.is_embedded else "beside the server"))
            done["between commit and answer" if place.change else "at a random moment"] += 1
            done["looks"] += judge.polls
    spent = timedelta(seconds=round(time.monotonic() - began))
    say(f"{', '.join(f'{name} {count}' for name, count in done.items())}.")
    say(f"{faulty} kills with faults, {spent}, seed {options.seed}.")
    return int(bool(faulty))


def say(line: str) -> None:
    """Print at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="how many (200)")
    parser.add_argument(
        "--seed", type=int, default=random.randrange(10**6), help="random by default"
    )
    parser.add_argument("--only", type=int, help="repeat the kill of this number")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
