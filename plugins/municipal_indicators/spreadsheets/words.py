"""Words and headings of ``reference/`` in the normal form in which they are compared."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import translate
from typing import Annotated

from pydantic import AfterValidator, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from municipal_indicators.reference.files import PlacedError, Strict
from municipal_indicators.reference.lists import read_list
from municipal_indicators.spreadsheets.cells import normal_form


class Dictionary:
    """Maps words to their meaning; a synonym with ``*`` is a pattern, tried after the exact ones.

    Raises PlacedError for a word that is listed under two meanings. Can be a field's type in
    what ``read_list`` reads.
    """

    def __init__(self, meanings: Mapping[str, Iterable[str]]) -> None:
        self._meanings = frozenset(meanings)
        self._exact: dict[str, str] = {}
        self._patterns: list[tuple[re.Pattern[str], str]] = []
        for meaning, words in meanings.items():
            for number, word in enumerate(words):
                if "*" in word:
                    self._patterns.append((wildcard(word), meaning))
                elif (other := self._exact.setdefault(normal_form(word), meaning)) != meaning:
                    problem = f"«{word}» стоит и в {other}, и в {meaning}; значение может быть только одно"
                    raise PlacedError(problem, meaning, number)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        listed = handler.generate_schema(dict[str, list[str]])
        return core_schema.no_info_after_validator_function(cls, listed)

    def __contains__(self, meaning: str) -> bool:
        return meaning in self._meanings

    def __getitem__(self, word: str) -> str | None:
        """The meaning of a word in any spelling; None for an unknown one."""
        return self.meaning(normal_form(word))

    def meaning(self, normal: str) -> str | None:
        """The meaning of a word in normal form; None for an unknown one."""
        if found := self._exact.get(normal):
            return found
        return next((meaning for pattern, meaning in self._patterns if pattern.match(normal)), None)

    def only_meaning(self, word: str) -> str | None:
        """The meaning of a word; None for one that fits patterns of several meanings, or none."""
        normal = normal_form(word)
        if found := self._exact.get(normal):
            return found
        fitting = {meaning for pattern, meaning in self._patterns if pattern.match(normal)}
        return fitting.pop() if len(fitting) == 1 else None


def wildcard(word: str) -> re.Pattern[str]:
    """A pattern for normal forms, from a word in which ``*`` matches anything."""
    parts = [
        " " * part.startswith(" ") + normal_form(part) + " " * part.endswith(" ")
        if part.strip()
        else part
        for part in word.split("*")
    ]
    return re.compile(translate("*".join(parts)))


def _starts_with(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"(?:{_alternatives(words)})\b")


def _ends_with(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{_alternatives(words)})\Z")


def _one_of(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{_alternatives(words)})(?!\w)")


def _alternatives(words: Iterable[str]) -> str:
    normal = sorted(map(normal_form, words), key=len, reverse=True)
    return "|".join(map(re.escape, normal))


@dataclass(frozen=True)
class _Compiled:
    """Marks a field that is a list of words in the file and becomes a pattern."""

    make: Callable[[Iterable[str]], re.Pattern[str]]

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        listed = handler.generate_schema(list[str])
        return core_schema.no_info_after_validator_function(self.make, listed)


_Set = Annotated[frozenset[str], AfterValidator(lambda words: frozenset(map(normal_form, words)))]
_Start = Annotated[re.Pattern[str], _Compiled(_starts_with)]
_End = Annotated[re.Pattern[str], _Compiled(_ends_with)]
_Phrase = Annotated[re.Pattern[str], _Compiled(_one_of)]


class Words(Strict):
    """``reference/words.yaml``: sets hold normal forms."""

    yes: _Set
    no: _Set
    absent: _Set
    negations: _Phrase
    exceptions: _Phrase
    undecided: _Phrase
    open_ended: _Set
    totals: _Start
    total_ends: _End
    summaries: _Phrase
    parts: _Start
    memos: _Start
    groups: _Start
    footers: _Start
    no_data: _Set
    made_on: _Phrase
    as_of: _Phrase
    applicant_types: Dictionary
    levels: Dictionary

    def flag(self, normal: str) -> bool | None:
        """Yes or no as a bool, None for anything else."""
        return True if normal in self.yes else False if normal in self.no else None

    def is_total(self, normal: str) -> bool:
        """Whether the first or the last words of a text name a total."""
        return bool(self.totals.match(normal) or self.total_ends.search(normal))

    def denies(self, normal: str) -> bool:
        """Whether some word of a text denies: «не предусмотрено», «кроме ЕПГУ»."""
        return bool(self.negations.search(normal) or self.exceptions.search(normal))


def read_words() -> Words:
    """The words of ``reference/words.yaml``."""
    return read_list("words.yaml", Words)
