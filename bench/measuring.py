"""What all benches share: the machine, the cost of a process, progress, and the choice of ways."""

from __future__ import annotations

import argparse
import os
import platform
import resource
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processors": os.cpu_count(),
        "memory_gib": round(memory / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def say(text: str) -> None:
    """A line of progress."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def peak_megabytes() -> float:
    """The highest resident size; of this process alone, while ru_maxrss begins with the parent's."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024
    except (OSError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def cpu_seconds() -> float:
    """User and system time of this process and those that it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def chosen_ways(known: Collection[str]) -> Callable[[str], list[str]]:
    """Reads a comma list of ways, each once."""

    def read(text: str) -> list[str]:
        chosen = text.split(",")
        if unknown := [way for way in chosen if way not in known]:
            raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(known)}")
        return list(dict.fromkeys(chosen))

    return read
