"""What is doubtful in a load of tables as a whole, once its rows are in the warehouse."""

from __future__ import annotations

from collections.abc import Sequence

from municipal_indicators.inbox.file_loads import FileLoad
from municipal_indicators.spreadsheets.headings import Headings
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
            found += _repeated_rows(task, kind)
            found += _sheets_of_sums(task, kind) if kind.summed else []
        found += [("", note) for note in kind.doubts(task)]
    return found


def repeated_headings(kind: TableKind, headings: Headings) -> list[Note]:
    """A note for each column of values that several columns could be, by their headings."""
    if headings.groups:
        return []
    read = set(kind.of_type("flag", "number", "amount")) & set(headings.repeated)
    return [
        Note(
            "repeated_heading",
            f"several columns have the heading «{headings.known.names[name]}»: the first is read",
            len(headings.repeated[name]),
            headings.last_row + 1,
        )
        for name in sorted(read)
    ]


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


def _repeated_rows(task: FileLoad, kind: TableKind) -> list[tuple[str, Note]]:
    values = [name for name in task.warehouse.columns(kind.target) if name not in ORIGIN]
    query = render("loads/repeated_rows.sql", kind=kind, values=values)
    text = (
        f"{kind.name}: rows that are equal in all columns count once; other ones need a number or name of "
        "their own"
    )
    return [
        (sheet, Note("repeated_rows", text, rows, line))
        for rows, (sheet, line) in task.warehouse.rows(query, task.parameters())
    ]


def _sheets_of_sums(task: FileLoad, kind: TableKind) -> list[tuple[str, Note]]:
    query = render("loads/sheets_of_sums.sql", kind=kind, common=list(kind.key[:-1]))
    text = f"{kind.name}: the sheet adds up to all other ones, beside which it is loaded"
    return [
        (sheet, Note("sheet_of_sums", text))
        for (sheet,) in task.warehouse.rows(query, task.parameters())
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
