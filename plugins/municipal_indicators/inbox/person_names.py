"""How names of persons are spelled: in cases and in Latin letters, as patterns for Python's re and for RE2.

The patterns hold no look-around and no boundary of a word: who uses one writes the boundary. Letters are
lower-case; ``GIVEN`` and the others of Python's masks ask for capitals themselves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache

from municipal_indicators import settings

# Of both sexes, in all cases: Иванов, Ивановой, Бунину, Достоевского, Шевченко, Седых.
SURNAME = (
    "(?:(?:ов|ев|ёв|ин|ын)(?:а|у|ым|ом|е|ой|ою|ы|ых)?|[сц]к(?:ий|ого|ому|им|ом|ая|ой|ую|ою)"
    "|енко|ук|юк|ян|дзе|швили|[иы]х|ец|ич)"
)
LATIN_SURNAME = (
    "(?:(?:ov|ev|in|yn)(?:a|u|ym|om|e|oy|oj|oi)?|[sc]k(?:iy|ij|ii|i|y|ogo|omu|im|aya|aja|aia|oy|oj|uyu)"
    "|enko|uk|yuk|yan|ian|dze|shvili|[iy]kh|ets|ich)"
)

# Иванович; Ивановна. The other cases of the second are adjectives too: основной, церковной.
PATRONYMIC = (
    "(?:[а-яё]{2,}[оеё]вич(?:а|у|ем|ом|е)?|(?:иль|кузьм|фом|лук|никит|савв|сил)[иы]ч(?:а|у|ем|ом|е)?"
    "|[а-яё]{2,}[оеё]вна|(?:ильин|кузьмин|никит|лукин|фомин|саввин)ичн(?:а|ы|е|у|ой))"
)
PATRONYMIC_OR_WORD = "[а-яё]{2,}[оеё]вн(?:ы|у|е|ой|ою)"
LATIN_PATRONYMIC = (
    "(?:[a-z]{2,}[oe]vit?ch(?:a|u|em|om|e)?|(?:il|kuzm|fom|luk|nikit|savv)yi?i?ch(?:a|u|em|om|e)?"
    "|[a-z]{2,}[oe]vna|(?:il|kuzm|fom|luk|nik|savv)[a-z]{1,3}ichn(?:a|y|e|u|oy))"
)
LATIN_PATRONYMIC_OR_WORD = "[a-z]{2,}[oe]vn(?:y|u|e|oy|oj|oi)"

# Given names that are words too: beside a surname's ending they may mean no person.
_WORDS = frozenset({"Вера", "Лев", "Любовь", "Надежда", "Роман"})
_ENDINGS = {
    "а": "а|ы|и|е|у|ой|ою|ей",
    "я": "я|и|е|ю|ей|ею|ёй",
    "й": "й|я|ю|ем|е|и",
    "ь": "ь|я|ю|ем|е|и|ью",
}
_LATIN = {
    **dict(zip("абвгдзлмнопртэ", "abvgdzlmnoprte", strict=True)),
    "е": "(?:ye|ie|e)",
    "ё": "(?:yo|io|jo|e|o)",
    "ж": "(?:zh|j)",
    "и": "[iy]",
    "й": "[yji]",
    "к": "[kc]",
    "с": "ss?",
    "у": "(?:ou|u)",
    "ф": "(?:ph|f)",
    "х": "(?:kh|h)",
    "ц": "(?:ts|c)",
    "ч": "ch",
    "ш": "sh",
    "щ": "s(?:h?ch)",
    "ъ": "",
    "ы": "[yi]",
    "ь": "",
    "ю": "(?:yu|iu|ju|u)",
    "я": "(?:ya|ia|ja|a)",
}
_LATIN_GROUPS = {"кс": "(?:ks|x)", "др": "de?r", "ий": "(?:iy|ii|ij|iya|y|i)"}


def given() -> str:
    """The given names of ``reference/given_names.txt`` in all cases."""
    by_letter: dict[str, list[str]] = defaultdict(list)
    for stem, endings in _stems(_listed()):
        by_letter[stem[0]].append(f"{stem[1:]}(?:{endings})")
    # By their first letter, since Python tries the alternatives one after another.
    return _any(f"{letter}{_any(rests)}" for letter, rests in sorted(by_letter.items()))


def latin_given() -> str:
    """The same in Latin letters, in the usual ways of writing them."""
    return _any(map(_latin_forms, _stems(_listed())))


@dataclass(frozen=True, slots=True)
class InWords:
    """How a name is found in small words between single blanks, as patterns of RE2.

    ``hint`` is in every text that holds a name. To be sure, ``doubtful`` names become ¤ and ``given`` names
    become §; then ``name`` finds them beside a surname, or a patronymic, or initials that stand alone.
    """

    hint: str
    doubtful: str
    given: str
    name: str


@cache
def in_words() -> InWords:
    """The patterns; the lists are read once."""
    either = f"{given()}|{latin_given()}"
    patronymic = f"{PATRONYMIC}|{LATIN_PATRONYMIC}"
    letter = "[а-яёa-z]"
    doubtful = _stems(_listed() & _WORDS)
    surname = f"(?:[а-яё]+{SURNAME}|[a-z]+{LATIN_SURNAME})"
    alone = f"¤ {surname}|{surname} ¤|{surname} {letter} {letter}|{letter} {letter} {surname}"
    return InWords(
        hint=f" (?:{either}|{patronymic}) | {letter} {letter} ",
        doubtful=f" (?:{'|'.join([*map(_forms, doubtful), *map(_latin_forms, doubtful)])}) "
        if doubtful
        else "^$",
        given=f" (?:{either}) ",
        name=f" (?:{patronymic}) | § {surname} | {surname} § "
        f"| [¤§] (?:{PATRONYMIC_OR_WORD}|{LATIN_PATRONYMIC_OR_WORD}) "
        f"|^ (?:{alone})(?: [0-9]+)?(?: [a-z]{{2,4}})? $",
    )


_Stem = tuple[str, str]


def _listed() -> set[str]:
    return set((settings.REFERENCE / "given_names.txt").read_text(encoding="utf-8").split())


def _stems(names: Collection[str]) -> list[_Stem]:
    """What stays of each name in all cases, and the endings; sorted, so that patterns are always the same."""
    found = []
    for name in sorted(names):
        lowered = name.lower()
        if lowered[-1] in _ENDINGS:
            found.append((lowered[:-1], _ENDINGS[lowered[-1]]))
        else:
            found.append((lowered, "|а|у|ом|ем|е"))
        if lowered.endswith("вел"):
            found.append((f"{lowered[:-2]}л", "а|у|ом|е"))
    return found


def _forms(stem: _Stem) -> str:
    return f"{stem[0]}(?:{stem[1]})"


def _latin_forms(stem: _Stem) -> str:
    return _latin(stem[0]) + _any(dict.fromkeys(map(_latin, stem[1].split("|"))))


def _latin(text: str) -> str:
    for group, pattern in _LATIN_GROUPS.items():
        text = text.replace(group, pattern)
    return "".join(_LATIN.get(letter, letter) for letter in text)


def _any(patterns: Iterable[str]) -> str:
    return f"(?:{'|'.join(patterns)})"
