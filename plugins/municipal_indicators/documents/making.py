"""Makes both documents of a period, each whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from municipal_indicators.closings.periods import parse_period
from municipal_indicators.documents.figures import read_figures
from municipal_indicators.documents.word import write_document
from municipal_indicators.documents.workbook import write_workbook
from municipal_indicators.reference.passport import Passport
from municipal_indicators.warehouse.client import Warehouse


def make_report(
    warehouse: Warehouse,
    passport: Passport,
    period: str,
    folder: Path,
    version: int | None = None,
    template: Path | None = None,
) -> list[Path]:
    """Write ``report-<period>.xlsx`` and ``.docx``, of a version ``report-<period>-v<version>``.

    Raises ConfigurationError for a period or template that is none, IndicatorsError where there is
    nothing to report or the version was not closed.
    """
    wanted = parse_period(period)
    closing = None
    figures = read_figures(warehouse, passport, wanted, closing)
    name = f"report-{wanted.name}" + (f"-v{version}" if version else "")
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _whole(folder / f"{name}.xlsx", lambda path: write_workbook(figures, path)),
        _whole(folder / f"{name}.docx", lambda path: write_document(figures, path, template)),
    ]


def _whole(path: Path, write: Callable[[Path], None]) -> Path:
    beside = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        write(beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return path
