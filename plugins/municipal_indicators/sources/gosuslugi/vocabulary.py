"""Statuses and channels: maps codes and words of a portal to the groups of the marts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated

from pydantic import BeforeValidator, Field, RootModel, model_validator

from municipal_indicators.reference.files import PlacedError, Strict
from municipal_indicators.reference.lists import read_list
from municipal_indicators.spreadsheets.cells import Cell, normal_form, plain_text
from municipal_indicators.spreadsheets.words import Dictionary, Words

GROUPS = (
    *("in_progress", "provided", "refused", "withdrawn"),
    *("draft", "failed", "message", "removed"),
)
CHANNELS = ("ЕПГУ", "РПГУ", "МФЦ", "лично", "почта", "прочее")
ELECTRONIC = ("ЕПГУ", "РПГУ")

LONGEST_WORD = 250
"""The most characters of an unknown word that is counted."""

_CODE = re.compile(r"-?\d{1,2}")
_CODE_AND_TITLE = re.compile(r"(?P<code>-?\d{1,2})\s*[-–—.:)]\s*+(?P<title>\D.*)")
_LIST = re.compile(r"[;,/\n()]|(?<!\s)\s+и\s+|\s-\s|:\s")


class Statuses:
    """``reference/statuses.yaml``; counts statuses that it does not map."""

    def __init__(self) -> None:
        lists = read_list("statuses.yaml", _StatusLists)
        self._codes, self._texts = lists.groups, lists.texts
        self.unknown: Counter[str] = Counter()

    def group(self, status: Cell, code: Cell = "") -> str:
        """The group of a status by its code, else by its words; ``unknown`` if neither is mapped.

        The code may be in a column of its own, or in the status column, alone or before the title.
        """
        text = plain_text(status)
        given = plain_text(code)
        if _CODE.fullmatch(given) and (group := self._codes.get(int(given))):
            return group
        if _CODE.fullmatch(text):
            return self._codes.get(int(text)) or "unknown"
        if group := self._texts[text]:
            return group
        if found := _CODE_AND_TITLE.fullmatch(text):
            return self._codes.get(int(found["code"])) or self._texts[found["title"]] or "unknown"
        return "unknown"

    def count_unknown(self, groups: Sequence[str], statuses: Sequence[str]) -> None:
        """Count the statuses of a block (masked) that are not mapped."""
        if "unknown" in groups:
            pairs = zip(groups, statuses, strict=True)
            self.unknown.update(
                text[:LONGEST_WORD] for group, text in pairs if group == "unknown" and text
            )


class Channels:
    """``reference/channels.yaml``; counts words that it does not map."""

    def __init__(self) -> None:
        self._words = read_list("channels.yaml", _ChannelList).root
        self.unknown: Counter[str] = Counter()

    def channel(self, cell: Cell) -> str:
        """One of CHANNELS; empty for a word that is not mapped or a blank."""
        return self._words[plain_text(cell)] or ""

    def electronic(self, cell: Cell, words: Words) -> bool | None:
        """Whether a yes/no cell or a list of channels means electronic filing; None if it is neither."""
        text = plain_text(cell)
        flag = words.flag(normal_form(text))
        if flag is not None:
            return flag
        items = [item for item in _LIST.split(text) if item.strip()]
        named = {self._words[item] for item in items}
        flags = {words.flag(normal_form(item)) for item in items} - {None}
        if named & set(ELECTRONIC):
            return None if False in flags else True
        if flags:
            return flags.pop() if len(flags) == 1 else None
        return False if named and None not in named else None


def _known(allowed: Sequence[str]) -> BeforeValidator:
    def check(meanings: object) -> object:
        for name in meanings if isinstance(meanings, dict) else ():
            if name not in allowed:
                raise PlacedError(f"unknown key; allowed are {', '.join(allowed)}", name)
        return meanings

    return BeforeValidator(check)


class _StatusLists(Strict):
    codes: Annotated[dict[str, list[int]], _known(GROUPS)] = Field(default_factory=dict)
    texts: Annotated[Dictionary, _known(GROUPS)] = Dictionary({})

    @model_validator(mode="after")
    def _one_group_a_code(self) -> _StatusLists:
        for group, codes in self.codes.items():
            for place, code in enumerate(codes):
                if (other := self.groups[code]) != group:
                    problem = f"code {code} is listed under {group} and {other}"
                    raise PlacedError(problem, "codes", group, place)
        return self

    @cached_property
    def groups(self) -> dict[int, str]:
        """The group of every code."""
        return {code: group for group, codes in self.codes.items() for code in codes}


class _ChannelList(RootModel[Dictionary]):
    root: Annotated[Dictionary, _known(CHANNELS)]
