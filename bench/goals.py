"""What each bench's figures say against its goals, one line a measure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from statistics import median
from typing import Any

Report = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """Ours beside its reference, in one unit; ``ratio`` is held against the goal, where there is one."""

    what: str
    ours: float
    reference: str
    against: float
    unit: str
    ratio: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def verdict(self) -> str:
        """Whether the ratio lies within the goal; empty without one."""
        low, high = self.at_least, self.at_most
        if low is None and high is None:
            return ""
        is_reached = (low is None or self.ratio >= low) and (high is None or self.ratio <= high)
        return "reached" if is_reached else "**missed**"

    @property
    def goal(self) -> str:
        """The bounds as they are written into the table."""
        if self.at_least is not None and self.at_most is not None:
            return f"{self.at_least:g}–{self.at_most:g}"
        if self.at_least is not None:
            return f"≥ {self.at_least:g}"
        return "" if self.at_most is None else f"≤ {self.at_most:g}"


def _speeds(measures: list[Report]) -> dict[str, float]:
    """Rows per second of each way: the median of its rounds."""
    ordered = sorted(measures, key=lambda one: str(one["way"]))
    return {
        way: median(one["rows"] / one["seconds"] for one in rounds)
        for way, rounds in groupby(ordered, key=lambda one: str(one["way"]))
    }


def _faster(what: str, speeds: dict[str, float], way: str, reference: str, goal: float) -> Line:
    ours, against = speeds[way], speeds[reference]
    return Line(what, ours, reference, against, "rows/s", ours / against, at_least=goal)


def metrica(report: Report) -> Iterator[Line]:
    """Loads of one day: against the engine's typed INSERT, pandas and lists; memory as the day grows."""
    peaks = []
    for day in report["days"]:
        speeds = _speeds(day["measures"])
        size = f"{day['rows'] / 1e6:g} M visits loaded"
        for reference, goal in {"infile": 0.8, "pandas": 2, "lists": 6}.items():
            yield _faster(size, speeds, "ours", reference, goal)
        peaks.append(max(m["peak_megabytes"] for m in day["measures"] if m["way"] == "ours"))
    if len(peaks) > 1:
        first, last = peaks[0], peaks[-1]
        sizes = [f"{day['rows'] / 1e6:g} M" for day in report["days"]]
        yield Line(
            f"peak of {sizes[-1]}",
            last,
            f"peak of {sizes[0]}",
            first,
            "MB",
            last / first,
            at_most=1.2,
        )


def files(report: Report) -> Iterator[Line]:
    """Loads of one register: .xlsx against calamine's mere reading, CSV against the engine's typed INSERT."""
    speeds = _speeds(report["measures"])
    rows = f"{report['rows']:,} rows of"
    yield _faster(f"{rows} .xlsx", speeds, "ours-xlsx", "calamine", 1)
    yield _faster(f"{rows} CSV", speeds, "ours-utf8", "infile", 0.5)
    yield _faster(f"{rows} CSV in windows-1251", speeds, "ours-cp1251", "infile", 0.5)


def smev(report: Report) -> Iterator[Line]:
    """Loads of logs, journals and envelopes: against the engine's best form, Python's re, bare lxml."""
    speeds = _speeds(report["measures"])
    yield _faster(
        f"{report['lines']:,} lines of a text log", speeds, "ours-text", "engine-text", 0.7
    )
    yield _faster(f"{report['lines']:,} lines of a text log", speeds, "ours-text", "re-text", 8)
    yield _faster(
        f"{report['notes']:,} lines of a journal", speeds, "ours-journal", "engine-journal", 0.7
    )
    yield _faster(
        f"{report['envelopes']:,} envelopes", speeds, "ours-envelopes", "lxml-envelopes", 0.7
    )


def marts(report: Report) -> Iterator[Line]:
    """One sum over what is published against the bare table; a build after one new day against a full one."""
    size = f"{report['visits'] / 1e6:.3g} M visits"
    bare, published = report["readings"]["bare"], report["readings"]["published"]
    yield Line(
        f"{size}: a sum of what is published", published, "bare table", bare, "s",
        published / bare, at_most=1.5,
    )  # fmt: skip
    seconds = {one["step"]: one["seconds"] for one in report["steps"]}
    full, day = seconds["full build"], seconds["build after one new day"]
    # Of few visits nothing but the cost of any build is left.
    goal = 0.1 if report["visits"] > 40e6 else None
    yield Line(
        f"{size}: build after one new day", day, "full build", full, "s", day / full, at_most=goal
    )
    idle = seconds["nothing new"]
    yield Line(f"{size}: nothing new", idle, "goal", 1, "s", idle, at_most=1)


def night(report: Report) -> Iterator[Line]:
    """Processor time of a night with nothing new."""
    spent, goal = (
        sum(one["task_seconds"] + one["api_seconds"] for one in report["costs"]),
        report["goal"],
    )
    yield Line("a night with nothing new, CPU", spent, "goal", goal, "s", spent / goal, at_most=1)


def dags(report: Report) -> Iterator[Line]:
    """Seconds of parsing all DAG files of the largest region."""
    largest = report["sizes"][-1]
    what = f"{largest['dags']} DAGs of {largest['districts']} districts parsed"
    yield Line(what, largest["seconds"], "goal", 1, "s", largest["seconds"], at_most=1)


def forecast(report: Report) -> Iterator[Line]:
    """What share of outcomes lay inside the 80 % bands; the chosen method's loss against the rule's."""
    for row in report["scores"]:
        if row["share"] is not None:
            low, high = 0.77, 0.83
            yield Line(
                f"{row['indicator']}: inside the band", row["share"], "nominal", 0.8, "share",
                row["share"], at_least=low, at_most=high,
            )  # fmt: skip
        if "loss" in row:
            loss, rule = row["loss"], row["loss_of_rule"]
            yield Line(
                f"{row['indicator']}: loss", loss, "the rule", rule, "share", loss / rule, at_most=1
            )


LINES: dict[str, Callable[[Report], Iterator[Line]]] = {
    "metrica": metrica,
    "files": files,
    "smev": smev,
    "marts": marts,
    "night": night,
    "dags": dags,
    "forecast": forecast,
}
