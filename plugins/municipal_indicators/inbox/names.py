"""Names of arriving files: which are left alone, how they are shown, which endings the archive keeps."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from municipal_indicators.inbox.masking import mask_personal

# Known suffixes only: "заявление.ivanov" must not bring a name into the archive.
_SUFFIX = re.compile(
    r"(?:\.(?:xlsx|xlsm|xlsb|xls|ods|csv|tsv|txt|xml|jsonl|json|log|html?|zip|gz|tgz|tar|\d{1,3})){1,4}$",
    re.IGNORECASE,
)
# Uploads that have not ended, and lock files and copies of editors. Many more of both begin with a dot.
_UNFINISHED = re.compile(
    r"\.|~\$|~syncthing~"
    r"|.*(?:~|\.(?:part|partial|filepart|tmp|temp|crdownload|download|opdownload|aria2|!ut|sw[a-px]))$",
    re.IGNORECASE | re.DOTALL,
)
_NOT_FOR_US = {
    *("$recycle.bin", "recycler", "#recycle", "@recycle", "@eadir", "#snapshot", "lost+found"),
    *("system volume information", "__macosx", "thumbs.db", "desktop.ini"),
}


def is_left_alone(name: str) -> bool:
    """Whether a file or folder of this name is hidden, unfinished, or a recycle bin of a system."""
    return name.casefold() in _NOT_FOR_US or bool(_UNFINISHED.match(name))


def shown(names: Sequence[str]) -> str:
    """A path of these names that can be logged and stored: decoded, one line, personal data masked."""
    return mask_personal("/".join(map(_decoded, names)))


def suffix_of(name: str) -> str:
    """The known endings of a name, in lower case; empty if there is none."""
    found = _SUFFIX.search(name)
    return found.group().lower() if found else ""


def _decoded(name: str) -> str:
    content = os.fsencode(name)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        # Archivers of Windows write names so; no byte is then left undecoded.
        text = content.decode("windows-1251", errors="replace")
    return "".join(sign if sign.isprintable() else "�" for sign in text)
