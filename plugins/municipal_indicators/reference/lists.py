"""Reads the files of ``reference/`` that a data engineer edits; no other module knows their format."""

from __future__ import annotations

import csv
import re
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from municipal_indicators import settings
from municipal_indicators.errors import ConfigurationError

# The reader in C is ten times faster, but not every build of PyYAML has it.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


TERM_UNITS = ("hours", "working_days", "calendar_days")


def read_rows(
    name: str, columns: tuple[str, ...], folder: Path = settings.REFERENCE
) -> list[dict[str, str]]:
    """Read the rows of a ``;``-separated UTF-8 file with exactly these headings.

    Raises ConfigurationError that names the file, and the line if a cell is missing.
    """
    path = folder / name
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, delimiter=";")
        if tuple(reader.fieldnames or ()) != columns:
            raise ConfigurationError(
                f"reference/{name}:1: the headings must be {';'.join(columns)}."
            )
        rows = []
        for number, row in enumerate(reader, start=2):
            if None in row or None in row.values():
                raise ConfigurationError(
                    f"reference/{name}:{number}: {len(columns)} cells are needed."
                )
            rows.append(row)
        return rows


def read_mapping(name: str, folder: Path = settings.REFERENCE) -> dict[str, Any]:
    """Read a YAML file that is a mapping; raises ConfigurationError that names file and line."""
    path = folder / name
    try:
        content = load_yaml(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ConfigurationError(
            f"reference/{name}:{mark.line + 1 if mark else 1}: not valid YAML."
        ) from error
    if not isinstance(content, dict):
        raise ConfigurationError(f"reference/{name}:1: a mapping is needed at the top.")
    return content


def load_yaml(text: str) -> Any:
    """Parse a YAML text; raises yaml.YAMLError."""
    return yaml.load(text, _Loader)  # noqa: S506 - both are safe loaders


def holidays() -> list[tuple[date, str]]:
    """Non-working days from Monday to Friday, and the reason."""
    rows = read_rows("holidays.csv", ("day", "name"))
    return [(_day(row["day"], number), row["name"]) for number, row in enumerate(rows, start=2)]


def freshness_terms() -> list[tuple[str, int, str]]:
    """Source, days after which its data are late, and the reason."""
    rows = read_rows("freshness.csv", ("source", "late_after_days", "why"))
    return [(row["source"], int(row["late_after_days"]), row["why"]) for row in rows]


def smev_kinds() -> list[tuple[str, str, int | None, str]]:
    """Kinds of information: namespace without version, name, term (None: the passport's) and its unit.

    Raises ConfigurationError that names file, line, field and what is allowed.
    """
    columns = ("information_type", "name", "term", "unit", "source")
    kinds: dict[str, tuple[str, str, int | None, str]] = {}
    for number, row in enumerate(read_rows("smev_kinds.csv", columns), start=2):
        place = f"reference/smev_kinds.csv:{number}"
        kind, term, unit = row["information_type"].strip().rstrip("/"), row["term"], row["unit"]
        if not kind or kind in kinds:
            problem = "is given twice" if kind else "is empty"
            raise ConfigurationError(f"{place}: information_type {problem}; give each once.")
        if not row["name"].strip():
            raise ConfigurationError(f"{place}: name is empty: give the kind a short Russian name.")
        if (term or unit) and not (re.fullmatch(r"[1-9]\d{0,2}", term) and unit in TERM_UNITS):
            raise ConfigurationError(
                f"{place}: term {term!r}, unit {unit!r}: give a number from 1 to 999 and one of "
                f"{', '.join(TERM_UNITS)}, or neither for the term of the passport."
            )
        kinds[kind] = (kind, row["name"].strip(), int(term) if term else None, unit)
    return list(kinds.values())


def _day(text: str, line: int) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"reference/holidays.csv:{line}: {text!r} is not an ISO date."
        ) from None
