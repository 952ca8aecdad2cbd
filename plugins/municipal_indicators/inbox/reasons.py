"""Why a file failed, in words that quote nothing of it."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from pathlib import Path

from municipal_indicators.errors import IndicatorsError
from municipal_indicators.inbox import workplace
from municipal_indicators.inbox.local_files import in_words


def first_of(reasons: Sequence[str], shown: int = 20) -> str:
    """The first of many reasons, for a message."""
    more = f"; и ещё {len(reasons) - shown}, смотрите журнал" if len(reasons) > shown else ""
    return "; ".join(reasons[:shown]) + more


def reason_of(error: Exception) -> str:
    """The message of our own errors; of others type and place, since their message may quote the file."""
    if isinstance(error, IndicatorsError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    place = " < ".join(
        f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames)
    )
    if isinstance(error, OSError):
        # Reading the copy and unpacking it are all that a loader does on a disk.
        return f"{workplace.described()}: {in_words(error)}, место в коде {place}"
    return f"{type(error).__name__}, место в коде {place}"
