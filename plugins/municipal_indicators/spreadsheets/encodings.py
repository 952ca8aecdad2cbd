"""The encoding of a text: told by its first bytes or by its letters, and verified to its end."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from pathlib import Path

from municipal_indicators.errors import FileRejectedError

SPOKEN = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 with BOM",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16 without BOM",
    "utf-16-be": "UTF-16 without BOM",
    "utf-32": "UTF-32",
    "cp866": "cp866 (DOS)",
    "koi8-r": "KOI8-R",
    "mac-cyrillic": "MacCyrillic",
}
_BLOCK = 1 << 22
_SAMPLE = 1 << 16
# The mark of UTF-16 begins that of UTF-32.
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF8: "utf-8-sig",
}
_OTHERS = ("cp866", "koi8-r", "mac-cyrillic", "utf-8")
_WORD = re.compile("(?<![^\\W\\d_])(?:[А-ЯЁ]?[а-яё]+|[А-ЯЁ]+)(?![^\\W\\d_])")
_FREQUENT = "оеаинтсрвл"
_DISTINCT = 5
_CLEARLY = 1.2
_MOST_NULS = 100
_FEW_NULS = 20


def encoding_of(path: Path) -> str:
    """The encoding of a whole file, as Python names it: UTF-8, UTF-16, UTF-32 or a Russian one.

    Raises FileRejectedError for a file that is no text, that holds a NUL, or that is in no single encoding.
    """
    with path.open("rb") as file:
        head = file.read(_SAMPLE)
    marked = next((name for mark, name in _MARKS.items() if head.startswith(mark)), "")
    encoding = marked or _unmarked_utf16(head)
    if encoding:
        if fault := _first_fault(path, encoding):
            raise _damaged(encoding, fault[0])
        return encoding
    if head.count(0) * _MOST_NULS > len(head):
        raise _binary()
    if fault := _first_fault(path, "utf-8"):
        encoding = _likeliest(path, fault[1])
        if fault := _first_fault(path, encoding):
            raise _damaged(encoding, fault[0])
        return encoding
    return "utf-8"


def _unmarked_utf16(head: bytes) -> str:
    """UTF-16 without its mark: nearly all characters are of ASCII or Cyrillic."""
    for encoding, high, low in (("utf-16-le", 1, 0), ("utf-16-be", 0, 1)):
        upper, lower = head[high::2], head[low::2]
        if (
            lower.count(0) * _FEW_NULS <= len(lower)
            and 0 in upper
            and (upper.count(0) + upper.count(4)) * 10 > 9 * len(upper)
        ):
            return encoding
    return ""


def _first_fault(path: Path, encoding: str) -> tuple[int, int] | None:
    """Line and offset of the first bytes that are not in an encoding. Raises FileRejectedError for a NUL."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    with path.open("rb") as file:
        while True:
            start = file.tell()
            block = file.read(_BLOCK)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                offset = file.tell() - len(error.object) + error.start
                return _line_at(path, encoding, offset), offset
            if (place := text.find("\0")) >= 0:
                raise _nul(_line_at(path, encoding, start) + text.count("\n", 0, place))
            if not block:
                return None


def _line_at(path: Path, encoding: str, offset: int) -> int:
    with path.open("rb") as file:
        return file.read(offset).decode(encoding, "ignore").count("\n") + 1


def _likeliest(path: Path, offset: int) -> str:
    """The encoding in which a part of the file has most letters that are frequent in Russian words.

    It is windows-1251 unless another one is clearly better.
    """
    with path.open("rb") as file:
        file.seek(max(offset - _SAMPLE // 2, 0))
        sample = file.read(_SAMPLE)

    scores = {encoding: _frequent_letters(sample, encoding) for encoding in _OTHERS}
    best = max(_OTHERS, key=lambda encoding: scores[encoding].total())
    usual = _frequent_letters(sample, "windows-1251").total()
    is_sure = len(scores[best]) >= _DISTINCT and scores[best].total() > _CLEARLY * usual
    return best if is_sure else "windows-1251"


def _frequent_letters(sample: bytes, encoding: str) -> Counter[str]:
    words = "".join(_WORD.findall(sample.decode(encoding, "replace"))).lower()
    return Counter({letter: times for letter in _FREQUENT if (times := words.count(letter))})


def _damaged(encoding: str, line: int) -> FileRejectedError:
    name = SPOKEN.get(encoding, encoding)
    return FileRejectedError(
        f"the text looks like {name}, but line {line} holds bytes that are not in it",
        f"Файл похож на текст в кодировке {name}, но в строке {line} есть байты не из неё. Сохраните CSV "
        "заново в кодировке UTF-8 или пришлите .xlsx.",
    )


def _nul(line: int) -> FileRejectedError:
    return FileRejectedError(
        f"line {line} holds a NUL byte: the text is damaged",
        f"В строке {line} файла есть нулевой байт: файл повреждён. Сохраните его заново и пришлите снова.",
    )


def _binary() -> FileRejectedError:
    return FileRejectedError(
        "the file is binary and in no format that can be read",
        "Формат файла не распознан. Пришлите таблицу .xlsx, .xls, .ods или .csv.",
    )
