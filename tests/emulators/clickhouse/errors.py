"""The engine's errors as the HTTP interface shows them: a status, a code and a text."""

from __future__ import annotations

import re

AUTHENTICATION_FAILED = 516
BAD_ARGUMENTS = 36
SESSION_IS_LOCKED = 373
SESSION_NOT_FOUND = 372

_CODE = re.compile(r"Code: (\d+)\. ")
_BAD_REQUEST = {6, 26, 27, 36, 38, 41, 44, 53, 62, 69, 72, 117, 168, 225, 376, 427, 441, 675, 676}
_NOT_FOUND = {46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 336, 511}
_STATUS = {
    **dict.fromkeys(_BAD_REQUEST, 400),
    **dict.fromkeys(_NOT_FOUND, 404),
    **dict.fromkeys((192, 193, 497, AUTHENTICATION_FAILED), 403),
    194: 401,
    159: 408,
    48: 501,
    76: 503,
    209: 503,
    439: 503,
}


class EngineError(Exception):
    """A refusal with ClickHouse's numeric code; `text` is what the server writes into the body."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text

    @property
    def status(self) -> int:
        """The HTTP status that the server answers this code with."""
        return _STATUS.get(self.code, 500)


def from_engine(error: Exception, version: str) -> EngineError:
    """What chDB raised, whatever words it put before the engine's own."""
    text = str(error)
    match = _CODE.search(text)
    if match is None:
        return EngineError(1002, f"Code: 1002. DB::Exception: {text}. (UNKNOWN_EXCEPTION)")
    text = text[match.start() :].strip()
    return EngineError(
        int(match[1]), text if "(version " in text else f"{text} (version {version})"
    )


def refusal(code: int, name: str, message: str) -> EngineError:
    """An error of the HTTP side itself, in the engine's form."""
    return EngineError(code, f"Code: {code}. DB::Exception: {message}. ({name})")
