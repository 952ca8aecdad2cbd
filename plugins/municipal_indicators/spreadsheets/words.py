"""Words and headings of ``reference/`` as the readers compare them: in their normal form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from typing import Any

from municipal_indicators import settings
from municipal_indicators.errors import ConfigurationError
from municipal_indicators.reference.lists import read_mapping
from municipal_indicators.spreadsheets.cells import normal_form


class Dictionary:
    """Maps words to what they mean; a synonym with ``*`` is a pattern, tried after the exact ones.

    Raises ConfigurationError for a word that stands under two meanings.
    """

    def __init__(self, place: str, meanings: Mapping[str, Iterable[Any]]) -> None:
        self._exact: dict[str, str] = {}
        self._patterns: list[tuple[re.Pattern[str], str]] = []
        for meaning, words in meanings.items():
            for word in map(str, words):
                if "*" in word:
                    self._patterns.append((wildcard(word), meaning))
                elif self._exact.setdefault(normal_form(word), meaning) != meaning:
                    raise ConfigurationError(
                        f"{place}: «{word}» stands under {self._exact[normal_form(word)]} and {meaning}; "
                        "it can mean only one."
                    )

    def __getitem__(self, word: str) -> str | None:
        """What a word means, given in any spelling; None for an unknown one."""
        return self.meaning(normal_form(word))

    def meaning(self, normal: str) -> str | None:
        """What a word in its normal form means; None for an unknown one."""
        if found := self._exact.get(normal):
            return found
        return next((meaning for pattern, meaning in self._patterns if pattern.match(normal)), None)


def wildcard(word: str) -> re.Pattern[str]:
    """The pattern of a word in which ``*`` stands for anything, against normal forms."""
    parts = [
        " " * part.startswith(" ") + normal_form(part) + " " * part.endswith(" ")
        if part.strip()
        else part
        for part in word.split("*")
    ]
    return re.compile(translate("*".join(parts)))


@dataclass(frozen=True, slots=True)
class Words:
    """``reference/words.yaml``: sets hold normal forms."""

    yes: frozenset[str]
    no: frozenset[str]
    absent: frozenset[str]
    open_ended: frozenset[str]
    totals: re.Pattern[str]
    parts: re.Pattern[str]
    groups: re.Pattern[str]
    footers: re.Pattern[str]
    no_data: frozenset[str]
    made_on: re.Pattern[str]
    as_of: re.Pattern[str]
    applicant_types: Dictionary
    levels: Dictionary

    def flag(self, normal: str) -> bool | None:
        """Yes or no as a bool, None for anything else."""
        return True if normal in self.yes else False if normal in self.no else None


def read_words() -> Words:
    """The words of ``reference/words.yaml``; raises ConfigurationError for a missing list."""
    return _words(_version("words.yaml"))


def read_dictionary(name: str, key: str = "") -> Dictionary:
    """A YAML file of ``reference/`` (or one of its keys) that maps meanings to words."""
    return _dictionary(name, key, _version(name))


@lru_cache(maxsize=4)
def _words(_: int) -> Words:
    content = read_mapping("words.yaml")
    plain = ("yes", "no", "absent", "open_ended", "no_data")
    starts = ("totals", "parts", "groups", "footers", "made_on", "as_of")
    missing = {*plain, *starts, "applicant_types", "levels"} - content.keys()
    if missing:
        raise ConfigurationError(f"reference/words.yaml: missing: {', '.join(sorted(missing))}.")
    sets = {key: frozenset(normal_form(str(word)) for word in content[key]) for key in plain}
    return Words(
        **sets,
        totals=_starts_with(content["totals"]),
        parts=_starts_with(content["parts"]),
        groups=_starts_with(content["groups"]),
        footers=_starts_with(content["footers"]),
        made_on=_one_of(content["made_on"]),
        as_of=_one_of(content["as_of"]),
        applicant_types=Dictionary(
            "reference/words.yaml, applicant_types", content["applicant_types"]
        ),
        levels=Dictionary("reference/words.yaml, levels", content["levels"]),
    )


@lru_cache(maxsize=16)
def _dictionary(name: str, key: str, _: int) -> Dictionary:
    content = read_mapping(name)
    if key and not isinstance(content.get(key), dict):
        raise ConfigurationError(f"reference/{name}: the mapping {key} is missing.")
    return Dictionary(f"reference/{name}", content[key] if key else content)


def _version(name: str) -> int:
    return (settings.REFERENCE / name).stat().st_mtime_ns


def _starts_with(words: Iterable[Any]) -> re.Pattern[str]:
    return re.compile(rf"(?:{_alternatives(words)})\b")


def _one_of(words: Iterable[Any]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{_alternatives(words)})(?!\w)")


def _alternatives(words: Iterable[Any]) -> str:
    normal = sorted((normal_form(str(word)) for word in words), key=len, reverse=True)
    return "|".join(map(re.escape, normal))
