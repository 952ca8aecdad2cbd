"""Runs the patterns of the package, and what uses them, over hostile texts: ``python -m tests.patterns``.

A pattern that takes more than linear time on one of them takes minutes to hours: whoever starts this
sets a limit of processor time. The last line printed names the pattern that was running.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

PACKAGE = Path(__file__).resolve().parents[1] / "plugins" / "municipal_indicators"
SIZE = 200_000
# These read our own SQL and the messages of the engine.
OWN_TEXTS = {"warehouse", "marts"}
# A name of a file has at most 255 bytes; a field of an envelope is cut before the patterns of the reference.
SHORT = {"_SUFFIX": 255, "_NUMBERED": 255, "_DATED": 255, "rules": 2_000}
PUMPS = (
    *"_ .,-1aАа@+(=<\"'\t\n\r:/№",
    *(
        "Аб ",
        "Аб_",
        "а-",
        "1 ",
        "7 ",
        "1.",
        "а ",
        "и ",
        " и",
        "А.",
        "Abc ",
        "ул. ",
        "д. ",
        "кв. ",
        "+7 ",
    ),
    *(
        "руб ",
        "тыс руб ",
        "на ",
        "по состоянию на ",
        "01.01.2024 ",
        "итого ",
        '="',
        "a@",
        "@a.",
        "<?xml ",
    ),
    *(
        "Иванович ",
        "ова",
        "Ова ",
        "Иван ",
        "112-233-445 ",
        "1234 №",
        "(123) ",
        "charset = ",
        "<!--",
        "?>",
    ),
    *(
        'number-columns-repeated="99"',
        '<table:table-row number-rows-repeated="99">',
        'r="AA11"',
        "\\",
        "''",
    ),
)


def patterns() -> dict[str, re.Pattern[Any]]:
    """The patterns of the package by module and name; those without a name by their text."""
    found: dict[str, re.Pattern[Any]] = {}
    compiled: Callable[..., re.Pattern[Any]] = re._compile  # type: ignore[attr-defined]

    def recorded(pattern: Any, flags: int) -> re.Pattern[Any]:
        frame = sys._getframe(2)
        one = compiled(pattern, flags)
        if _reads_files(Path(frame.f_code.co_filename)):
            found[f"{Path(frame.f_code.co_filename).stem} {one.pattern!r}"] = one
        return one

    re._compile = recorded  # type: ignore[attr-defined]
    for module in pkgutil.walk_packages([str(PACKAGE)], f"{PACKAGE.name}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    _use_lists()
    re._compile = compiled  # type: ignore[attr-defined]
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if _reads_files(path) and _is_inline(node):
                found[f"{path.stem}:{node.lineno}"] = re.compile(node.args[0].value)  # type: ignore[attr-defined]
    for name, loaded in list(sys.modules.items()):
        if name.startswith(PACKAGE.name) and _reads_files(Path(str(loaded.__file__))):
            for variable, value in vars(loaded).items():
                if isinstance(value, re.Pattern):
                    found.pop(f"{name.rpartition('.')[2]} {value.pattern!r}", None)
                    found[f"{name.rpartition('.')[2]}.{variable}"] = value
    return found


def _reads_files(path: Path) -> bool:
    return PACKAGE in path.parents and path.relative_to(PACKAGE).parts[0] not in OWN_TEXTS


def _use_lists() -> None:
    from municipal_indicators.inbox.masking import mask_value
    from municipal_indicators.sources.gosuslugi.vocabulary import Channels, Statuses
    from municipal_indicators.sources.smev.rules import load_rules
    from municipal_indicators.spreadsheets.headings import heading_sets
    from municipal_indicators.spreadsheets.words import read_words

    for use in (read_words, heading_sets, Statuses, Channels):
        use()
    mask_value("")
    _ = load_rules().test_name


def _is_inline(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
        and node.func.attr != "compile"
        and bool(node.args)
        and isinstance(node.args[0], ast.Constant)
    )


def uses() -> dict[str, set[str]]:
    """The methods that the package calls of each name."""
    found: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        for name, method in re.findall(r"\b(\w+)\.(\w+)\(", path.read_text(encoding="utf-8")):
            found.setdefault(name, set()).add(method)
    return found


def hostile(pattern: re.Pattern[Any]) -> Iterator[str]:
    """Texts that a pattern almost matches, again and again."""
    for pump in PUMPS:
        yield pump * (SIZE // len(pump))
    tree = re._parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)  # type: ignore[attr-defined]
    for prefix, body in _repeats(list(tree), ""):
        yield prefix + body * (SIZE // max(len(body), 1)) + "\0"
        yield (prefix + body) * (SIZE // max(len(prefix + body), 1)) + "\0"


def _repeats(items: list[Any], prefix: str) -> Iterator[tuple[str, str]]:
    for what, value in items:
        name = str(what)
        if "REPEAT" in name:
            yield prefix, _sample(list(value[2]))
            yield from _repeats(list(value[2]), prefix)
        elif name == "BRANCH":
            for branch in value[1]:
                yield from _repeats(list(branch), prefix)
        elif name == "SUBPATTERN":
            yield from _repeats(list(value[3]), prefix)
        elif name == "ATOMIC_GROUP":
            yield from _repeats(list(value), prefix)
        prefix += _sample([(what, value)])


def _sample(items: list[Any]) -> str:
    return "".join(_sampled(str(what), value) for what, value in items)


def _sampled(name: str, value: Any) -> str:
    if name == "LITERAL":
        return chr(value)
    if name == "IN":
        return "ж" if str(value[0][0]) == "NEGATE" else _sampled(str(value[0][0]), value[0][1])
    if name == "RANGE":
        return chr(value[0])
    if name == "CATEGORY":
        kinds: dict[str, str] = {"DIGIT": "1", "SPACE": " "}
        return kinds.get(str(value).rpartition("_")[2], "а")
    if "REPEAT" in name:
        times: int = max(value[0], 1)
        return _sample(list(value[2])) * times
    if name == "SUBPATTERN":
        return _sample(list(value[3]))
    if name == "ATOMIC_GROUP":
        return _sample(list(value))
    if name == "BRANCH":
        return _sample(list(value[1][0]))
    return "ж" if name in ("ANY", "NOT_LITERAL") else ""


def try_pattern(name: str, pattern: re.Pattern[Any], methods: set[str]) -> None:
    """Use a pattern on all hostile texts as the package does."""
    variable = name.rpartition(".")[2]
    # Words with an asterisk are compared from their beginning.
    is_wildcard = str(pattern.pattern).startswith("(?s:")
    known = (
        {"match"}
        if is_wildcard
        else methods & {"match", "fullmatch", "search", "sub", "split", "findall", "finditer"}
    )
    for text in hostile(pattern):
        cut: Any = text[: SHORT.get(variable, SIZE)]
        if isinstance(pattern.pattern, bytes):
            cut = cut.encode("utf-8", "replace")
        for method in known or {"sub"}:
            if method in ("match", "fullmatch"):
                getattr(pattern, method)(cut)
            else:
                pattern.sub(cut[:0], cut)


def readers() -> dict[str, Callable[[str], object]]:
    """What reads single texts of files."""
    from municipal_indicators.inbox.masking import mask_personal
    from municipal_indicators.sources.gosuslugi.vocabulary import Channels, Statuses
    from municipal_indicators.spreadsheets import amounts, cells, columns, dates
    from municipal_indicators.spreadsheets.headings import find_headings, heading_sets
    from municipal_indicators.spreadsheets.words import read_words

    words, zone = read_words(), ZoneInfo("UTC")
    needed: dict[str, list[str]] = {kind: [] for kind in heading_sets()}
    return {
        "mask_personal": mask_personal,
        "normal_form": cells.normal_form,
        "code_text": cells.code_text,
        "is_damaged": cells.is_damaged,
        "units_in": lambda text: amounts.units_in([text]),
        "is_unit": amounts.is_unit,
        "roubles": lambda text: amounts.roubles(words, Decimal(1))[text],
        "codes": lambda text: columns.codes()[text],
        "numbers": lambda text: columns.numbers(words)[text],
        "moment_text": lambda text: dates.moment_text(text, words),
        "made_at": lambda text: dates.made_at([text], words, zone),
        "true_at": lambda text: dates.true_at([text], words, zone),
        "Statuses": lambda text: Statuses().group(text),
        "Channels": lambda text: Channels().electronic(text, words),
        "find_headings": lambda text: find_headings([[text, text]], needed),
    }


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Try all patterns and readers."""
    known = uses()
    for name, pattern in patterns().items():
        _say(f"{name} {pattern.pattern!r}")
        try_pattern(name, pattern, known.get(name.rpartition(".")[2], set()))
    for name, reader in readers().items():
        for pump in PUMPS:
            _say(f"{name}: {pump!r}")
            reader(pump * (SIZE // len(pump)))


if __name__ == "__main__":
    main()
