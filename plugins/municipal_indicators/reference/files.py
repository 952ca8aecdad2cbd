"""The one reader of the YAML and CSV files that people edit; what the files mean is said by models.

A mistake is always reported as ``path:line: place: problem``, several mistakes on a line each.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Hashable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast, get_args

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from municipal_indicators.errors import ConfigurationError

Place = tuple[str | int, ...]
T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

# What must stand in a place, by the kind of pydantic's error, or by its family.
_NEEDED = {
    "greater_than_equal": "нужно не меньше {ge}",
    "greater_than": "нужно больше {gt}",
    "less_than_equal": "нужно не больше {le}",
    "less_than": "нужно меньше {lt}",
    "literal_error": "допустимы {expected}",
    "enum": "допустимы {expected}",
    "string_pattern_mismatch": "нужен текст вида {pattern}",
    "string_too_short": "нужен непустой текст",
    "too_short": "нужно значений не меньше {min_length}",
    "finite_number": "нужно число",
    "decimal_max_places": "нужно не больше {decimal_places} знаков после запятой",
}
_FAMILIES = {
    "model": "нужны ключи со значениями",
    "dict": "нужны ключи со значениями",
    "list": "нужен список",
    "tuple": "нужен список",
    "frozen_set": "нужен список",
    "string": "нужен текст",
    "int": "нужно целое число",
    "float": "нужно число",
    "decimal": "нужно число",
    "bool": "нужно true или false",
    "date": "нужен день, например 2026-10-31",
    "time": "нужно время, например 08:00",
}


class Strict(BaseModel):
    """A part of a file: no other keys than the fields."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class PlacedError(ValueError):
    """What a validator raises to name a place below the value that it was given."""

    def __init__(self, problem: str, *place: str | int) -> None:
        super().__init__(problem)
        self.place = place


# The reader in C is ten times as fast; not every build of PyYAML has it.
class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Leaves numbers, dates and yes/no as they are written: the models say what they mean."""

    yaml_implicit_resolvers: ClassVar = {
        sign: [(tag, pattern) for tag, pattern in resolvers if tag.endswith((":null", ":merge"))]
        for sign, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def read_yaml(
    path: Path,
    kind: type[T],
    error: type[ConfigurationError] = ConfigurationError,
    remedy: str = "верните его",
) -> T:
    """A YAML file as what ``kind`` says: a model, or a mapping with checked keys and values.

    Raises ``error`` with file, line, place and what is allowed; ``remedy`` tells what to do about a
    file that cannot be read at all.
    """
    loader = _Loader(_text(path, error, remedy))
    try:
        tree = loader.get_single_node()
        lines = _lines(path, tree, error)
        content = loader.construct_document(tree) if tree else None
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        words = getattr(problem, "problem", None) or "не разбирается"
        raise error(
            f"{path}:{mark.line + 1 if mark else 1}: весь файл: это не YAML: {words}."
        ) from None
    finally:
        loader.dispose()
    try:
        return TypeAdapter(kind).validate_python(content)
    except ValidationError as problems:
        raise error("\n".join(_told(path, lines, kind, problems))) from None


def read_kept(path: Path, kind: type[T]) -> T:
    """``read_yaml``, kept in memory until the file changes."""
    changed_at = path.stat().st_mtime_ns if path.is_file() else 0
    kept: T = _kept(path, changed_at, cast("Hashable", kind))
    return kept


@lru_cache(maxsize=32)
def _kept(path: Path, _changed_at: int, kind: Any) -> Any:
    return read_yaml(path, kind)


def read_table(path: Path, row: type[M]) -> list[M]:
    """The rows of a ``;``-separated UTF-8 file whose headings are exactly the fields of ``row``.

    Raises ConfigurationError with file, line, heading and what is allowed. A validator gets the rows
    before as ``info.context``, by their line.
    """
    headings = list(row.model_fields)
    reader = csv.reader(io.StringIO(_text(path, ConfigurationError, "верните его")), delimiter=";")
    if next(reader, None) != headings:
        raise ConfigurationError(f"{path}:1: заголовки: нужны {';'.join(headings)}.")
    rows: dict[int, M] = {}
    mistakes: list[str] = []
    for cells in reader:
        line = reader.line_num
        if not cells:
            continue
        if len(cells) != len(headings):
            mistakes.append(f"{path}:{line}: строка: нужно ячеек: {len(headings)}.")
            continue
        try:
            content = dict(zip(headings, cells, strict=True))
            rows[line] = row.model_validate(content, context=rows)
        except ValidationError as problems:
            mistakes += _told(path, {(): line}, row, problems)
    if mistakes:
        raise ConfigurationError("\n".join(mistakes))
    return list(rows.values())


def _text(path: Path, error: type[ConfigurationError], remedy: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        name = type(problem).__name__
        raise error(f"{path}:1: файл не читается ({name}): {remedy}.") from problem


def _lines(path: Path, tree: yaml.Node | None, error: type[ConfigurationError]) -> dict[Place, int]:
    """The line of every place of a file; refuses a key that is given twice."""
    lines: dict[Place, int] = {}
    twice: list[str] = []
    for place, mark in _nodes(tree, ()):
        if place in lines:
            problem = f"ключ дан дважды, первый раз в строке {lines[place]}"
            twice.append(f"{path}:{mark.line + 1}: {_dotted(place)}: {problem}.")
        lines.setdefault(place, mark.line + 1)
    if twice:
        raise error("\n".join(twice))
    return lines


def _nodes(node: yaml.Node | None, place: Place) -> Iterator[tuple[Place, yaml.Mark]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*place, str(key.value)), key.start_mark
            yield from _nodes(value, (*place, str(key.value)))
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield (*place, number), item.start_mark
            yield from _nodes(item, (*place, number))


def _told(
    path: Path, lines: dict[Place, int], kind: Any, problems: ValidationError
) -> Iterator[str]:
    for problem in problems.errors(include_url=False):
        cause = problem.get("ctx", {}).get("error")
        below = cause.place if isinstance(cause, PlacedError) else ()
        place = (*(part for part in problem["loc"] if part != "[key]"), *below)
        known = place
        while known and known not in lines:
            known = known[:-1]
        yield f"{path}:{lines.get(known, 1)}: {_dotted(place)}: {_problem(kind, place, problem)}."


def _problem(kind: Any, place: Place, problem: ErrorDetails) -> str:
    message, given = problem["msg"], problem["input"]
    if problem["type"] == "value_error":
        return message.removeprefix("Value error, ")
    if problem["type"] == "missing":
        return "отсутствует"
    if problem["type"] == "extra_forbidden":
        return f"незнакомый ключ; допустимы {', '.join(_allowed_keys(kind, place[:-1]))}"
    named = {dict: "ключи со значениями", list: "список", type(None): "пусто"}.get(type(given))
    return f"{named or repr(given)} — {_needed(problem)}"


def _needed(problem: ErrorDetails) -> str:
    """What must stand there; pydantic's own words where there are none of ours."""
    kind = problem["type"]
    if kind in _NEEDED:
        return _NEEDED[kind].format(**problem.get("ctx", {})).replace(" or ", " или ")
    return next((words for one, words in _FAMILIES.items() if kind.startswith(one)), problem["msg"])


def _allowed_keys(kind: Any, place: Place) -> list[str]:
    """The fields of the model at a place; only models refuse keys."""
    for part in place:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            kind = next(
                field.annotation
                for name, field in kind.model_fields.items()
                if part in (name, field.alias)
            )
        else:
            kind = next(one for one in reversed(get_args(kind)) if one is not Ellipsis)
        if type(None) in get_args(kind):
            kind = next(one for one in get_args(kind) if one is not type(None))
    return [field.alias or name for name, field in kind.model_fields.items()]


def _dotted(place: Place) -> str:
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return "".join(parts).removeprefix(".") or "весь файл"
