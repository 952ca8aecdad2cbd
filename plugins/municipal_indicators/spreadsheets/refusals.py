"""Why a sheet or a file is refused, for the engineer and for its sender."""

from __future__ import annotations

from collections.abc import Sequence

from municipal_indicators.errors import FileRejectedError
from municipal_indicators.inbox.masking import mask_personal
from municipal_indicators.spreadsheets.cells import is_blank, normal_form, plain_text
from municipal_indicators.spreadsheets.headings import SEARCHED_ROWS, Headings
from municipal_indicators.spreadsheets.kinds import IncompleteTableError, TableKind
from municipal_indicators.spreadsheets.sheets import Row

TABLES_LIMIT = 1_000
"""Tables below the first ones of the sheets of a file."""


class NoTableError(FileRejectedError):
    """No known heading row was found."""

    @property
    def note(self) -> str:
        """What it is beside others that hold a table."""
        return "sheet without a table"


class BesideOpenDataError(NoTableError):
    """It describes a set of open data, and belongs to a file of data."""

    @property
    def note(self) -> str:
        """What it is."""
        return self.reason


def no_table(top: Sequence[Row]) -> FileRejectedError:
    """No heading row was found among the first rows of a sheet."""
    if not any(not is_blank(cell) for row in top for cell in row):
        return NoTableError("it holds no cell with a value", "Таблица пуста.")
    if beside := _beside_open_data(top):
        return beside
    return NoTableError(
        f"no row of the first {SEARCHED_ROWS} is a known heading row (see reference/headings.yaml)",
        f"В первых {SEARCHED_ROWS} строках нет заголовков, по которым понятно, что это за таблица. "
        "Добавьте заголовки столбцов.",
    )


def _beside_open_data(top: Sequence[Row]) -> NoTableError | None:
    """The passport or the structure of a set of open data, by the words that their standard prescribes."""
    first = {normal_form(plain_text(row[0])) for row in top if row}
    heading = {normal_form(plain_text(cell)) for cell in top[0]}
    if "standardversion" in first and "identifier" in first:
        return BesideOpenDataError(
            "it is the passport of a set of open data, not the data",
            "Это паспорт набора открытых данных (meta.csv), а не сами данные. Пришлите файл data-….csv.",
        )
    if {"field name", "format"} <= heading or {
        "english description",
        "russian description",
    } <= heading:
        return BesideOpenDataError(
            "it is the structure of a set of open data, not the data",
            "Это описание структуры набора открытых данных (structure-….csv), а не сами данные. Пришлите "
            "файл data-….csv.",
        )
    return None


def lacks_columns(kind: TableKind, found: Headings, missing: list[str]) -> IncompleteTableError:
    """The heading row of a kind lacks columns that it needs."""
    lacking = ", ".join(f"«{name}»" for name in missing)
    unknown = ", ".join(found.unknown_masked()[:20])
    beside = f"; headings of no known column: {unknown}" if unknown else ""
    also = f" Не распознаны заголовки: {unknown}." if unknown else ""
    return IncompleteTableError(
        f"taken for {kind.name} (headings in line {found.last_row + 1}), but it lacks {lacking}{beside}; "
        "add a new spelling to reference/headings.yaml",
        f"Это похоже на таблицу «{kind.title}» (заголовки в строке {found.last_row + 1}), но в ней нет "
        f"столбцов: {lacking}.{also}",
    )


def unknown_storey(headings: Headings, row: Row) -> IncompleteTableError:
    """Below the headings of a kind stands another row of headings, which says nothing that is known."""
    shown = ", ".join(
        f"«{mask_personal(plain_text(cell))[:60]}»" for cell in row[:20] if not is_blank(cell)
    )
    line = headings.last_row + 1
    return IncompleteTableError(
        f"taken for {headings.known.kind} (headings in line {line}), but below them is another row of "
        f"headings, none of them known: {shown}",
        f"Под заголовками в строке {line} есть ещё одна строка заголовков, смысл которой непонятен: {shown}. "
        "Оставьте одну строку заголовков.",
    )


def too_many_tables() -> FileRejectedError:
    """A file holds more tables below each other than ``TABLES_LIMIT``."""
    return FileRejectedError(
        f"the sheets hold more than {TABLES_LIMIT} tables below each other",
        f"На листе более {TABLES_LIMIT} таблиц. Оставьте заголовки один раз и пришлите файл снова.",
    )


def only_hidden() -> FileRejectedError:
    """All tables are on hidden sheets."""
    return FileRejectedError(
        "no visible sheet holds a known table, and hidden sheets are not read",
        "На видимых листах нет нужной таблицы, а скрытые не читаются. Покажите лист с данными и пришлите "
        "файл снова.",
    )


def joint_rejection(errors: Sequence[FileRejectedError]) -> FileRejectedError:
    """One error for all sheets of a file: those that nearly held a table, else all."""
    if not errors:
        return FileRejectedError(
            "the file holds no sheet", "В файле нет ни одного листа с таблицей."
        )
    named = [error for error in errors if not isinstance(error, NoTableError)] or list(errors)
    is_nearly_known = any(isinstance(error, IncompleteTableError) for error in errors)
    return (IncompleteTableError if is_nearly_known else FileRejectedError)(
        "; ".join(dict.fromkeys(error.reason for error in named)),
        " ".join(dict.fromkeys(error.for_sender for error in named)),
    )
