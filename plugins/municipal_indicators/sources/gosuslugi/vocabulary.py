"""Statuses and channels: maps codes and words of a portal to the groups of the marts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

from pydantic import BeforeValidator, Field, RootModel, model_validator

from municipal_indicators.inbox.masking import mask_personal
from municipal_indicators.reference.files import PlacedError, Strict
from municipal_indicators.reference.lists import read_list
from municipal_indicators.spreadsheets.cells import Cell, normal_form, plain_text
from municipal_indicators.spreadsheets.kinds import Note
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
_NOT_ONLY = re.compile(r"не\s+только\b|\bтак\s+и\b", re.IGNORECASE)
_SEGMENTS = re.compile(r"[;\n\r]|\.\s|[\s,](?:но|а|зато)\s", re.IGNORECASE)
_PARTS = re.compile(r"([,/()]|(?<!\s)\s+[иИ]\s+)")
_LAST_SIGN = re.compile(r"[\s:]([^\w\s])\Z")
_MOST_WORDS = 12


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

    def channel(self, cell: Cell, words: Words) -> str:
        """One of CHANNELS; empty for a word that is not mapped, a blank, or a portal that is denied."""
        text = plain_text(cell)
        name = self._words[text] or ""
        return "" if name in ELECTRONIC and words.denies(normal_form(text)) else name

    def electronic(self, cell: Cell, words: Words) -> bool | None:
        """Whether an answer means electronic filing; None if it does not say so clearly.

        An answer is yes or no, a list of channels, or both («ЕПГУ: нет, МФЦ: да»).
        """
        text = cell if isinstance(cell, str) else plain_text(cell)
        flag = words.flag(normal_form(text))
        if flag is not None:
            return flag
        segments = _SEGMENTS.split(_NOT_ONLY.sub(" ", text))
        parts = [part for one in segments for part in self._parts(one, words)]
        # «Не только лично» leaves open how else.
        return None if len(parts) == 1 and _NOT_ONLY.search(text) else _verdict(parts)

    def _parts(self, segment: str, words: Words) -> list[_Part]:
        pieces = ["", *_PARTS.split(segment)]
        parts: list[_Part] = []
        for joint, piece in zip(pieces[::2], pieces[1::2], strict=True):
            if not piece.strip():
                continue
            part = self._part(piece, words)
            before = parts[-1] if parts else None
            if joint == "(" and before and before.takes(part):
                before.answer = part.answer
            elif joint == "(" and before and part.takes(before):
                part.answer = before.answer
                parts[-1] = part
            else:
                if before and before.spreads and part.is_open:
                    part.answer, part.spreads = False, True
                part.joint = joint.strip()
                parts.append(part)
        _deny_before(parts)
        return parts

    def _part(self, piece: str, words: Words) -> _Part:
        normal = normal_form(piece)
        flag = words.flag(normal)
        if flag is not None:
            return _Part(answer=flag)
        if words.undecided.search(normal):
            return _Part(is_undecided=True)
        channels = self._named(normal.split()[:_MOST_WORDS])
        if words.denies(normal):
            first = words.negations.match(normal) or words.exceptions.match(normal)
            return _Part(channels, answer=False, spreads=bool(first and channels))
        sign = _LAST_SIGN.search(piece.strip())
        if sign and (flag := words.flag(sign[1])) is not None:
            return _Part(channels, answer=flag)
        tokens = normal.split()
        is_yes = any(words.flag(token) for token in tokens if len(token) > 1 or token == tokens[-1])
        return _Part(channels, answer=True if is_yes else None)

    def _named(self, tokens: Sequence[str]) -> frozenset[str]:
        """The channels that words name: the longest runs of words that are listed."""
        found, start = set(), 0
        while start < len(tokens):
            for end in range(len(tokens), start, -1):
                if name := self._words.meaning(" ".join(tokens[start:end])):
                    found.add(name)
                    start = end
                    break
            else:
                start += 1
        return frozenset(found)


@dataclass(slots=True)
class _Part:
    """One item of an answer: the channels that it names, and whether it affirms or denies.

    ``joint`` is what stands before it. A denial that comes before its channel spreads to those that
    follow («кроме ЕПГУ и РПГУ»).
    """

    channels: frozenset[str] = frozenset()
    answer: bool | None = None
    spreads: bool = False
    is_undecided: bool = False
    joint: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it names channels and nothing else."""
        return bool(self.channels) and self.answer is None

    @property
    def is_portal(self) -> bool:
        """Whether it names a way of electronic filing."""
        return not self.channels.isdisjoint(ELECTRONIC)

    def takes(self, other: _Part) -> bool:
        """Whether another item is the answer to this one: «ЕПГУ (нет)»."""
        return self.is_open and other.answer is not None and not other.channels


def _deny_before(parts: Sequence[_Part]) -> None:
    """«ЕПГУ и РПГУ отсутствуют» denies both; whether «ЕПГУ, МФЦ нет» does, nobody knows."""
    for part, before in zip(reversed(parts), reversed(parts[:-1]), strict=False):
        if part.channels and part.answer is False and not part.spreads and before.is_open:
            if part.joint != ",":
                before.answer = False
            elif before.is_portal:
                before.is_undecided = True


def _verdict(parts: Sequence[_Part]) -> bool | None:
    plain = {part.answer for part in parts if not part.channels} - {None}
    portals = {part.answer is not False for part in parts if part.is_portal}
    others = {part.answer is not False for part in parts if part.channels and not part.is_portal}
    is_undecided = any(part.is_undecided for part in parts)
    is_unknown = any(not part.channels and part.answer is None for part in parts)
    if True in portals:
        return None if is_undecided or False in plain else True
    if plain == {False}:
        return False
    if plain == {True}:
        return None if is_undecided or portals or True in others else True
    if plain or is_undecided or is_unknown:
        return None
    return False if portals or others else None


def unmapped(code: str, what: str, loaded_as: str, counts: Mapping[str, int]) -> list[Note]:
    """Words that no list of ``reference/`` maps, with the number of their occurrences."""
    return [
        Note(code, f"{what} (loaded as {loaded_as}): «{mask_personal(word)[:60]}»", times)
        for word, times in counts.items()
    ]


def _known(allowed: Sequence[str]) -> BeforeValidator:
    def check(meanings: object) -> object:
        for name in meanings if isinstance(meanings, dict) else ():
            if name not in allowed:
                raise PlacedError(f"незнакомый ключ; допустимы {', '.join(allowed)}", name)
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
                    problem = f"код {code} стоит и в {group}, и в {other}"
                    raise PlacedError(problem, "codes", group, place)
        return self

    @cached_property
    def groups(self) -> dict[int, str]:
        """The group of every code."""
        return {code: group for group, codes in self.codes.items() for code in codes}


class _ChannelList(RootModel[Dictionary]):
    root: Annotated[Dictionary, _known(CHANNELS)]
