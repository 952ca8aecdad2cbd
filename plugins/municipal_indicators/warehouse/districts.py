"""Translates the names of our databases into those of a district; runs no statement.

In a region ``core.site_visits`` of the district ``mtsensk`` is ``mtsensk_core.site_visits``. Texts, comments
and names that are a district's already stay as they are.
"""

from __future__ import annotations

import re

DATABASES = (
    "core",
    "intermediate",
    "mart_rows",
    "marts",
    "marts_next",
    "ops",
    "reference",
    "shards",
    "staging",
)
"""The databases of one installation, or of one district of a region."""

_ONE = rf"(?:{'|'.join(DATABASES)})"
_TEXT = r"'(?:[^'\\]|\\.|'')*'"
# What names a database, or, to be left alone, a text or a comment: whichever begins first.
_PLACES = re.compile(
    rf"""(?P<asked>\bdatabase\s*(?:=|!=|(?:NOT\s+)?IN)\s*\(?\s*{_TEXT}(?:\s*,\s*{_TEXT})*)
    | {_TEXT} | --[^\n]* | /\*.*?\*/
    | (?P<before>\bCREATE\ DATABASE\ IF\ NOT\ EXISTS\s+|\bDistributed\(\w+,\s*)(?P<database>{_ONE})\b
    | (?<![.\w])(?P<of>{_ONE})\.(?=\w)""",
    re.DOTALL | re.VERBOSE,
)
_ASKED = re.compile(rf"'({_ONE})'")


def database_of(name: str, district: str | None) -> str:
    """The name of one of ``DATABASES`` for a district; itself without one."""
    return f"{district}_{name}" if district else name


def renamed(sql: str, district: str | None) -> str:
    """A statement, or the name of a table, with the databases of the district in place of ours."""
    if not district:
        return sql

    def rename(found: re.Match[str]) -> str:
        if found["asked"]:
            return _ASKED.sub(rf"'{district}_\1'", found[0])
        if found["of"]:
            return f"{district}_{found[0]}"
        if found["database"]:
            return f"{found['before']}{district}_{found['database']}"
        return found[0]

    return _PLACES.sub(rename, sql)
