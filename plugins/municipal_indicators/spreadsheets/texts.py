"""A column of text that stays in Arrow until single cells are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from typing import Any, overload

import pyarrow as pa
import pyarrow.compute as pc

_FEW = 4


class Texts(Sequence[str]):
    """A sequence of str over an Arrow array; ``array`` holds the same texts."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def __len__(self) -> int:
        return len(self.array)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        return self._list[place]

    def __iter__(self) -> Iterator[str]:
        return iter(self._list)

    def __contains__(self, text: object) -> bool:
        return bool(pc.any(pc.equal(self.array, text)).as_py())

    def are_decimal(self) -> bool:
        """Whether every text consists of digits."""
        return bool(pc.all(pc.utf8_is_decimal(self.array)).as_py())

    def match(self, pattern: str) -> bool:
        """Whether a pattern of RE2 is found in every text."""
        return bool(pc.all(pc.match_substring_regex(self.array, pattern)).as_py())

    def mapped(self, convert: Callable[[str], str]) -> Texts | None:
        """All texts converted, each distinct one once; None if too many are distinct."""
        encoded = self.array.dictionary_encode()
        if len(encoded.dictionary) * _FEW > len(encoded):
            return None
        converted = pa.array(map(convert, encoded.dictionary.tolist()), pa.string())
        return Texts(converted.take(encoded.indices))

    @cached_property
    def _list(self) -> list[str]:
        texts: list[str] = self.array.to_numpy(zero_copy_only=False).tolist()
        return texts


def joined(columns: Sequence[Sequence[Any]]) -> Sequence[Any]:
    """Columns concatenated."""
    if len(columns) == 1:
        return columns[0]
    if all(isinstance(column, Texts) for column in columns):
        return Texts(pa.concat_arrays([column.array for column in columns]))  # type: ignore[attr-defined]
    return list(chain.from_iterable(columns))


def as_arrow(texts: Iterable[str]) -> Any:
    """A column of text as an Arrow array."""
    return texts.array if isinstance(texts, Texts) else pa.array(texts, pa.string())
