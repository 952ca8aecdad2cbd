"""The archive: what is noted of each file in it, what it holds, and what leaves it again.

``archive/<source>/`` has the published contents, ``archive/arrivals/<source>/`` a note of each: the name
without personal data and when it arrived. With both, an empty warehouse can be filled again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from municipal_indicators import settings
from municipal_indicators.inbox import local_files
from municipal_indicators.inbox.local_files import named
from municipal_indicators.warehouse.load_ledger import Unit, now

if TYPE_CHECKING:
    from upath import UPath

# What is not published: refused files, and contents that were withdrawn from the warehouse.
ASIDE = ("rejected", "withdrawn")
_CONTENT = re.compile(r"([0-9a-f]{64})(?:\.|$)(?!.*\.part$)")


@dataclass(frozen=True, slots=True)
class Archived:
    """A content of the archive: its unit, the modification time of the file that brought it, in UTC."""

    unit: Unit
    modified_at: datetime
    path: UPath


def described() -> str:
    """What messages call the archive."""
    return f"архив {settings.archive_folder()} (переменная archive)"


def local(path: UPath) -> Path | None:
    """The same path on a local disk; None if it is elsewhere."""
    return Path(path.path) if path.protocol in ("", "file") else None


def note(unit: Unit, modified_at: datetime, size: int) -> None:
    """Note how a content arrived, before it is moved here; of several arrivals the latest stays noted.

    Raises StorageError.
    """
    path = _note_of(unit.source, unit.key)
    with named(described()):
        before = _noted(path)
        if before and before[1] >= modified_at:
            return
        text = json.dumps(
            {
                "source": unit.source,
                "name": unit.label,
                "modified_at": modified_at.isoformat(),
                "arrived_at": now().isoformat(timespec="seconds"),
                "size": size,
            },
            ensure_ascii=False,
        )
        if place := local(path):
            local_files.make_folder(place.parent)
            local_files.write_text(place, text + "\n")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n", encoding="utf-8")


def is_noted(unit: Unit) -> bool:
    """Whether it is noted how a content arrived."""
    return _noted(_note_of(unit.source, unit.key)) is not None


def contents(source: str) -> list[Archived]:
    """What the archive holds of a source, in the order of arrival. Raises StorageError.

    A content without a readable note has its hash for a name and the time of its file.
    """
    found = []
    with named(described()):
        for key, path in _contents(settings.archive_folder() / source).items():
            label, modified_at = _noted(_note_of(source, key)) or (
                f"{source}/{key}",
                min(datetime.fromtimestamp(path.stat().st_mtime, UTC), now()),
            )
            found.append(Archived(Unit(source, key, label), modified_at, path))
    return sorted(found, key=lambda one: (one.modified_at, one.unit.key))


def set_aside(one: Archived) -> None:
    """Move a content that was withdrawn to ``archive/withdrawn/``, its note with it. Raises StorageError."""
    source, key = one.unit.source, one.unit.key
    place = settings.archive_folder() / "withdrawn" / source
    with named(described()):
        place.mkdir(parents=True, exist_ok=True)
        one.path.rename(place / one.path.name)
        if (path := _note_of(source, key)).exists():
            path.rename(place / path.name)


def old_files(place: UPath, before: datetime) -> Iterator[UPath]:
    """The files below a folder of the archive that came there before an instant. Raises OSError."""
    for path in sorted(place.rglob("*")) if place.is_dir() else ():
        if path.is_file():
            found = path.stat()
            # A file that was moved here keeps its sender's time; when it was moved is its change.
            came = max(found.st_mtime, getattr(found, "st_ctime", 0.0) if local(path) else 0.0)
            if datetime.fromtimestamp(came, UTC) < before:
                yield path


def notes_without_content(source: str) -> Iterator[UPath]:
    """Notes whose content never came, or came to another name. Raises OSError."""
    place = settings.archive_folder() / "arrivals" / source
    kept = _contents(settings.archive_folder() / source)
    return (path for path in _files(place) if path.name[:64] not in kept)


def _contents(place: UPath) -> dict[str, UPath]:
    found: dict[str, UPath] = {}
    for path in _files(place):
        if match := _CONTENT.match(path.name):
            found.setdefault(match[1], path)
    return found


def _files(place: UPath) -> list[UPath]:
    return sorted(place.iterdir()) if place.is_dir() else []


def _note_of(source: str, key: str) -> UPath:
    return settings.archive_folder() / "arrivals" / source / f"{key}.json"


def _noted(path: UPath) -> tuple[str, datetime] | None:
    """Name and modification time of a note; None if there is none, or a kill or a disk spoilt it."""
    try:
        noted = json.loads(path.read_text(encoding="utf-8"))
        return str(noted["name"]), datetime.fromisoformat(noted["modified_at"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
