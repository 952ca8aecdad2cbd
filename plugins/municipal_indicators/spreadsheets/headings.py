"""Finds the header rows of a table, and the field of each column, by the known headings."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import chain, islice, pairwise
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from municipal_indicators import settings
from municipal_indicators.errors import ConfigurationError
from municipal_indicators.inbox.masking import mask_personal
from municipal_indicators.reference.files import PlacedError
from municipal_indicators.reference.lists import read_list
from municipal_indicators.spreadsheets.cells import Cell, is_blank, normal_form, plain_text
from municipal_indicators.spreadsheets.dates import is_date
from municipal_indicators.spreadsheets.sheets import Row
from municipal_indicators.spreadsheets.words import wildcard

FILE = "headings.yaml"
SEARCHED_ROWS = 40
SEARCHED_COLUMNS = 512
HEADER_ROWS = 3
_LONGEST = 1_000
_SHOWN = 20
_MOST_WORDS = 20
_STEM = 5
_SHORTEST = 3
_TYPO = 0.65
_KNOWN_WEIGHT = 0.6
_LEAST_ALIKE = 0.5
_HINTED = 0.7
_MONEY_UNIT = r"(?:в )?(?:(?:тыс|тысяч|тысячах|млн|миллионах|миллионов) )?(?:руб|рублей|рублях|р)"


@dataclass(frozen=True, slots=True)
class HeadingSet:
    """The known headings of one kind of table, in normal form, with their place in the list."""

    kind: str
    names: Mapping[str, str]
    """Canonical heading of each field, as quarantine and messages show it."""
    exact: Mapping[str, tuple[str, int]]
    patterns: Sequence[tuple[re.Pattern[str], str, int]]
    ending: re.Pattern[str]

    def match(self, normal: str) -> tuple[str, int] | None:
        """The field of a heading and its rank (0 is the best), or None."""
        while normal:
            if found := self.exact.get(normal):
                return found
            for pattern, name, rank in self.patterns:
                if pattern.match(normal):
                    return name, rank
            shorter = self.ending.sub("", normal)
            if shorter == normal:
                return None
            normal = shorter
        return None


@dataclass(frozen=True, slots=True)
class Headings:
    """The place of a table's headings and their meaning.

    ``last_row`` is the 0-based row of the lowest header level, ``columns`` the position of each field,
    ``texts`` its heading as written, ``full`` all levels of it, ``unknown`` the headings of no field by their
    0-based column. ``repeated`` has the columns of a field that several equally good ones name, and
    ``groups`` the full headings of these by column, where other storeys tell them apart.
    """

    known: HeadingSet
    first_row: int
    last_row: int
    columns: Mapping[str, int]
    texts: Mapping[str, str]
    full: Mapping[str, str]
    unknown: Mapping[int, str] = field(default_factory=dict)
    groups: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    repeated: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def missing(self, needed: Iterable[str]) -> list[str]:
        """The canonical names of needed fields without a column."""
        return [self.known.names[name] for name in needed if name not in self.columns]

    def unknown_masked(self) -> list[str]:
        """The first unknown headings, masked for messages, each with the most similar known one."""
        shown = islice(self.unknown.values(), _SHOWN)
        return [_with_hint(text, self.known) for text in shown]


def heading_sets() -> dict[str, HeadingSet]:
    """All kinds of ``reference/headings.yaml``."""
    return read_list(FILE, _HeadingLists).sets


def headings_of(needed: Mapping[str, Sequence[str]]) -> list[HeadingSet]:
    """The headings of the kinds in ``needed``, which holds the fields that each kind must have.

    Raises ConfigurationError where ``reference/headings.yaml`` lacks a kind or such a field.
    """
    known = heading_sets()
    for kind, fields in needed.items():
        lacking = [name for name in fields if kind not in known or name not in known[kind].names]
        if kind not in known or lacking:
            raise no_headings(kind, lacking)
    return [known[kind] for kind in needed]


def no_headings(kind: str, fields: Sequence[str]) -> ConfigurationError:
    """The error for fields of a kind that ``reference/headings.yaml`` lacks."""
    return ConfigurationError(
        f"{settings.REFERENCE / FILE}:1: {kind}: у таблиц этого вида нет заголовков для "
        f"{', '.join(fields) or 'полей'}; добавьте под ключом {kind} список заголовков для каждого."
    )


def find_headings(rows: Sequence[Row], needed: Mapping[str, Sequence[str]]) -> Headings | None:
    """The best header rows among the first rows: those with all needed fields, else with most of them.

    A kind that lacks fields is preferred to a complete one if, for each of them, two more of its
    headings are known. A complete table above it is preferred: tables are read from the top. ``needed``
    holds by kind the fields that its tables must have. None when no row has two known headings. Raises
    ConfigurationError like ``headings_of``.
    """
    complete: tuple[tuple[float, int, int], Headings] | None = None
    partial: tuple[tuple[float, int, int], Headings] | None = None
    searched = [row[:SEARCHED_COLUMNS] for row in rows[:SEARCHED_ROWS]]
    for headings in _candidates(searched, headings_of(needed), needed):
        wanted = needed[headings.known.kind]
        lacking = len(headings.missing(wanted))
        share = 1 - lacking / len(wanted) if lacking else len(headings.columns)
        rank = (share, headings.first_row - headings.last_row, -headings.first_row)
        if lacking and (partial is None or rank > partial[0]):
            partial = rank, headings
        elif not lacking and (complete is None or rank > complete[0]):
            complete = rank, headings
    if (
        complete
        and partial
        and _is_more_likely(partial[1], complete[1], needed[partial[1].known.kind])
    ):
        return partial[1]
    best = complete or partial
    if complete:
        first = complete[1].first_row
        above = find_headings(searched[:first], needed)
        # A row of headings just above is their upper storey.
        if above and above.last_row < first - 1 and not above.missing(needed[above.known.kind]):
            return above
    return _with_groups(best[1], searched) if best else None


def _with_groups(headings: Headings, rows: Sequence[Row]) -> Headings:
    """The headings with the row above or below them where it tells columns of the same heading apart."""
    if headings.groups or not headings.repeated:
        return headings
    first, last = headings.first_row, headings.last_row
    around = [(first - 1, last)] if first else []
    if last + 1 < len(rows) and _is_lower_storey(rows[last + 1], headings):
        around.append((first, last + 1))
    for top, bottom in around:
        grouped = _assigned(headings.known, top, bottom, _heading_texts(rows[top : bottom + 1]))
        if grouped.groups:
            return grouped
    return headings


def _is_lower_storey(row: Row, headings: Headings) -> bool:
    """Whether a row holds words only below repeated headings, and nothing new below all other ones."""
    texts = [normal_form(plain_text(cell)) for cell in row]
    texts += [""] * (
        max(chain(headings.columns.values(), *headings.repeated.values())) + 1 - len(texts)
    )
    shared = [texts[place] for places in headings.repeated.values() for place in places]
    return all(any(map(str.isalpha, text)) for text in shared) and all(
        texts[place] in ("", normal_form(headings.texts[name]))
        for name, place in headings.columns.items()
        if name not in headings.repeated
    )


def known_headings(needed: Mapping[str, Sequence[str]], rows: Sequence[Row]) -> int:
    """How many headings of one kind are in these rows; ``needed`` as for ``find_headings``."""
    found = find_headings(rows, needed)
    return len(found.columns) if found else 0


def _is_more_likely(partial: Headings, complete: Headings, wanted: Sequence[str]) -> bool:
    # A budget without its execution has the date and the title of an event: it must not become events.
    lacking = len(partial.missing(wanted))
    return (
        partial.known.kind != complete.known.kind
        and lacking * 2 <= len(wanted)
        and len(partial.columns) - 2 * lacking >= len(complete.columns)
    )


def _candidates(
    rows: Sequence[Row], known: Sequence[HeadingSet], needed: Mapping[str, Sequence[str]]
) -> Iterator[Headings]:
    shown = [_shown(row) for row in rows]
    for first in range(len(rows)):
        for last in range(first, min(first + HEADER_ROWS, len(rows))):
            # «По состоянию на | 01.07.2024» is a title, though its first cell could be a heading.
            if len(shown[last]) == 2 and is_date(shown[last][1]):
                break
            texts = _heading_texts(rows[first : last + 1])
            alone = [cells[0] for cells in shown[first : last + 1] if len(cells) == 1]
            for one in known:
                headings = _assigned(one, first, last, texts)
                if len(headings.columns) > 1 and not _are_titles(alone, one, needed[one.kind]):
                    yield headings


def _shown(row: Row) -> list[Cell]:
    """The first three cells of a row that show something."""
    return list(islice((cell for cell in row if not is_blank(cell)), 3))


def _are_titles(alone: Sequence[Cell], known: HeadingSet, needed: Sequence[str]) -> bool:
    """Whether a cell alone in its row says what titles say too: «Единица измерения: тыс. руб.»."""
    matches = (known.match(normal_form(plain_text(cell)[:_LONGEST])) for cell in alone)
    return any(found and found[0] not in needed for found in matches)


def _heading_texts(levels: Sequence[Row]) -> list[list[str]]:
    """For each column the possible texts of its heading: all header levels joined, then some of them."""
    width = max(map(len, levels))
    grid = [
        [plain_text(cell)[:_LONGEST] for cell in row] + [""] * (width - len(row)) for row in levels
    ]
    for upper, lower in pairwise(grid):
        for column in range(1, width):
            if not upper[column] and lower[column]:
                upper[column] = upper[column - 1]
    columns = [[text for text in column if text] for column in zip(*grid, strict=True)]
    return [_phrases(column) for column in columns]


def _phrases(texts: list[str]) -> list[str]:
    size = len(texts)
    parts = [
        texts[start : start + length] for length in range(size, 0, -1) for start in range(size)
    ]
    return list(dict.fromkeys(" ".join(dict.fromkeys(part)) for part in parts))


def _assigned(known: HeadingSet, first: int, last: int, texts: Sequence[Sequence[str]]) -> Headings:
    ranked: dict[str, tuple[int, int, str]] = {}
    rivals: dict[tuple[str, int], dict[int, str]] = {}
    unknown: dict[int, str] = {}
    for column, phrases in enumerate(texts):
        found = next(
            ((match, text) for text in phrases if (match := known.match(normal_form(text)))), None
        )
        if found is None:
            if phrases:
                unknown[column] = phrases[0]
            continue
        (name, rank), text = found
        rivals.setdefault((name, rank), {})[column] = phrases[0]
        ranked[name] = min(ranked.get(name, (rank, column, text)), (rank, column, text))
    return Headings(
        known=known,
        first_row=first,
        last_row=last,
        columns={name: column for name, (_, column, _) in ranked.items()},
        texts={name: text for name, (*_, text) in ranked.items()},
        full={name: texts[column][0] for name, (_, column, _) in ranked.items()},
        unknown=unknown,
        groups={
            name: same
            for (name, rank), same in rivals.items()
            if rank == ranked[name][0] and len(set(map(normal_form, same.values()))) > 1
        },
        repeated={
            name: list(same)
            for (name, rank), same in rivals.items()
            if rank == ranked[name][0] and len(same) > 1
        },
    )


def nearest(text: str, known: HeadingSet, cutoff: float) -> list[str]:
    """The names of the fields with the most similar headings, the nearest first.

    Headings are compared as sets of words, and words by their stems or nearly all of their letters:
    «Кол-во ПК оснащённых» is near «Оснащено». A heading of which all words are there has at least 0.6 of 1.
    """
    words = _words(normal_form(text)[:_LONGEST])
    best: dict[str, float] = {}
    for heading, (name, _) in known.exact.items():
        likeness = _likeness(words, _words(heading))
        if likeness >= max(cutoff, best.get(name, 0)):
            best[name] = likeness
    return [known.names[name] for name in sorted(best, key=best.__getitem__, reverse=True)]


def _words(normal: str) -> frozenset[str]:
    return frozenset(normal.split()[:_MOST_WORDS])


def _likeness(own: frozenset[str], other: frozenset[str]) -> float:
    if not own or not other:
        return 0
    covered = sum(max(_alike(one, word) for word in own) for one in other) / len(other)
    if covered * _KNOWN_WEIGHT + 1 - _KNOWN_WEIGHT < _LEAST_ALIKE:
        return 0
    used = sum(max(_alike(word, one) for one in other) for word in own) / len(own)
    return covered * _KNOWN_WEIGHT + used * (1 - _KNOWN_WEIGHT)


@lru_cache(maxsize=16_384)
def _alike(one: str, other: str) -> float:
    """1 for words of one stem, the share of equal letters for words that differ by few, else 0."""
    if one == other or (min(len(one), len(other)) >= _STEM and one[:_STEM] == other[:_STEM]):
        return 1
    if one[:1] != other[:1] or min(len(one), len(other)) < _SHORTEST:
        return 0
    ratio = difflib.SequenceMatcher(None, one, other).ratio()
    return ratio if ratio >= _TYPO else 0


def _with_hint(text: str, known: HeadingSet) -> str:
    near = nearest(text, known, _HINTED)
    hint = f" (похоже на «{near[0]}»)" if near else ""
    return f"«{mask_personal(plain_text(text))[:60]}»{hint}"


class _HeadingLists(BaseModel):
    """The file: endings that headings may have, and the spellings by kind of table and field."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, dict[str, Annotated[list[str], Field(min_length=1)]]] = Field(
        init=False
    )
    endings: list[str] = []

    @model_validator(mode="after")
    def _one_field_a_heading(self) -> _HeadingLists:
        _ = self.sets
        return self

    @cached_property
    def sets(self) -> dict[str, HeadingSet]:
        """The kinds by name."""
        endings = sorted(map(normal_form, self.endings), key=len, reverse=True)
        ending = re.compile(rf" (?:{'|'.join(map(re.escape, endings))}|{_MONEY_UNIT})\Z")
        kinds = self.__pydantic_extra__
        return {kind: _heading_set(kind, fields, ending) for kind, fields in kinds.items()}


def _heading_set(kind: str, fields: Mapping[str, list[str]], ending: re.Pattern[str]) -> HeadingSet:
    exact: dict[str, tuple[str, int]] = {}
    patterns = []
    for name, headings in fields.items():
        for rank, heading in enumerate(headings):
            if "*" in heading:
                patterns.append((wildcard(heading), name, rank))
                continue
            other = exact.setdefault(normal_form(heading), (name, rank))[0]
            if other != name:
                problem = (
                    f"«{heading}» стоит и в {other}, и в {name}; столбец может быть только один"
                )
                raise PlacedError(problem, kind, name, rank)
    names = {name: headings[0] for name, headings in fields.items()}
    return HeadingSet(kind, names, exact, patterns, ending)


def is_heading_again(row: Row, headings: Headings) -> bool:
    """Whether a row repeats the headings, as on printed pages."""
    same = sum(
        column < len(row)
        and not is_blank(row[column])
        and normal_form(plain_text(row[column])) == normal_form(headings.texts[name])
        for name, column in headings.columns.items()
    )
    return same * 3 >= len(headings.columns) * 2
