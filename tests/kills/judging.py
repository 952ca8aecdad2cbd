"""What a reader may see while a job is killed and run again: the old, then the new, and nothing else."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.kills.seen import Marks

_DAY = re.compile(r"(metrica_\w+) .*(20\d\d-\d\d-\d\d)")
SHOWN = 3


@dataclass
class Judge:
    """The versions that may be seen, in their order: of all marts together, and of each unit in each table.

    None is a unit that is not there. ``requests`` has the counter days of each log request, which are
    published together.
    """

    marts: Sequence[Marks]
    units: Mapping[str, Sequence[str | None]]
    requests: Sequence[frozenset[str]] = ()
    polls: int = 0
    faults: list[str] = field(default_factory=list)
    _build: int = 0
    _version: dict[str, int] = field(default_factory=dict)

    def see(self, marts: Marks, units: Marks) -> None:
        """Judge one look; what is wrong is added to ``faults``."""
        self.polls += 1
        self.faults += [*self._wrong_marts(marts), *self._wrong_units(units)]

    @property
    def was_new(self) -> bool:
        """Whether something new was seen."""
        return bool(self._build or any(self._version.values()))

    def _wrong_marts(self, marts: Marks) -> Iterator[str]:
        for build in range(self._build, len(self.marts)):
            if marts == self.marts[build]:
                self._build = build
                return
        differing = [
            f"{mart} is {_which([build.get(mart) for build in self.marts], marts.get(mart))}"
            for mart in sorted({*marts, *self.marts[-1]})
        ]
        yield f"marts are of no build that may be seen: {', '.join(differing)}"

    def _wrong_units(self, units: Marks) -> Iterator[str]:
        days: dict[tuple[str, frozenset[str]], set[int]] = defaultdict(set)
        for unit in sorted({*units, *self.units}):
            versions, seen = self.units.get(unit, (None,)), units.get(unit)
            first = self._version.get(unit, 0)
            if seen not in versions[first:]:
                yield f"{unit} is {_which(versions, seen)} after {_which(versions, versions[first])}"
                continue
            self._version[unit] = versions.index(seen, first)
            if (match := _DAY.match(unit)) and len(set(versions)) > 1:
                request = next((one for one in self.requests if match[2] in one), frozenset())
                days[match[1], request].add(self._version[unit])
        for (table, request), seen_versions in days.items():
            if request and len(seen_versions) > 1:
                yield f"{table}: the days {sorted(request)} of one request are of two versions"


def _which(versions: Sequence[str | None], seen: str | None) -> str:
    """The place of what was seen among the versions, else what was seen."""
    if seen in versions:
        return f"version {versions.index(seen)} of 0…{len(versions) - 1} ({seen})"
    return f"none of 0…{len(versions) - 1}: {seen}"


def differences(what: str, expected: Marks, found: Marks) -> Iterator[str]:
    """A line with the first names whose marks differ, if any do."""
    names = [name for name in sorted({*expected, *found}) if expected.get(name) != found.get(name)]
    if names:
        shown = (f"{name} {found.get(name)} instead of {expected.get(name)}" for name in names)
        yield f"{what}: {len(names)} differ: {'; '.join([*shown][:SHOWN])}"
