"""What is doubtful in a load of tables as a whole, once its rows are in the warehouse."""

from __future__ import annotations

from collections.abc import Sequence

from municipal_indicators.inbox.file_loads import FileLoad
from municipal_indicators.spreadsheets.kinds import Note, TableKind
from municipal_indicators.warehouse.templates import render

MOST_QUARANTINED = 0.05

# Columns about the origin of a row say nothing about what it means.
ORIGIN = {"unit_key", "load_id", "sheet", "line", "file_at", "arrived_at", "is_dated"}
_SHOWN = 5


def doubts(
    task: FileLoad, kinds: Sequence[TableKind], delivered: int, quarantined: int
) -> list[tuple[str, Note]]:
    """What to warn of in a load of these kinds, with the sheet of its first place; one of a code and kind.

    Reads the rows of the load, and of published loads those that it is compared with.
    """
    found = _many_quarantined(delivered, quarantined) + _swapped_days(task)
    for kind in kinds:
        if kind.key:
            found += _repeated_keys(task, kind)
        if "as_of" in kind.key:
            found += _smaller_versions(task, kind)
        found += [("", note) for note in kind.doubts(task)]
    return found


def _many_quarantined(delivered: int, quarantined: int) -> list[tuple[str, Note]]:
    if quarantined <= delivered * MOST_QUARANTINED:
        return []
    text = f"{quarantined} of {delivered} rows are in quarantine"
    return [("", Note("many_quarantined", text))]


def _swapped_days(task: FileLoad) -> list[tuple[str, Note]]:
    rows = task.warehouse.rows(render("loads/swapped_days.sql"), task.parameters())
    return [
        (
            sheet,
            Note(
                "swapped_days",
                f"«{field}»: days and months look swapped, since some months are beyond 12; then the other "
                "dates of the column are wrong too",
                cells,
                line,
            ),
        )
        for field, cells, (sheet, line) in rows
    ]


def _repeated_keys(task: FileLoad, kind: TableKind) -> list[tuple[str, Note]]:
    values = [
        name
        for name in task.warehouse.columns(kind.target)
        if name not in ORIGIN and name not in kind.key
    ]
    query = render("loads/repeated_keys.sql", kind=kind, values=values)
    text = f"{kind.name}: rows of one key ({', '.join(kind.key)}) have other values"
    return [
        (sheet, Note("repeated_key", text, keys, line))
        for keys, (sheet, line) in task.warehouse.rows(query, task.parameters())
    ]


def _smaller_versions(task: FileLoad, kind: TableKind) -> list[tuple[str, Note]]:
    rows = task.warehouse.rows(
        render("loads/smaller_versions.sql", kind=kind),
        task.parameters(),
    )
    texts = [
        f"{kind.name}: the version of {as_of} has {found} rows and lacks {missing} of the {found_before} of "
        f"{before}"
        for as_of, found, before, found_before, missing in rows
    ]
    return [("", note) for note in joined("smaller_version", texts)]


def joined(code: str, texts: Sequence[str]) -> list[Note]:
    """One note of several texts of a kind; none if there are none."""
    more = f"; and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return [Note(code, "; ".join(texts[:_SHOWN]) + more, len(texts))] if texts else []
