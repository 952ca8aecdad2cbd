"""Makes both documents of a period, each whole or not at all, and offers those that were made."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from municipal_indicators import settings
from municipal_indicators.closings.periods import Period, parse_period
from municipal_indicators.documents.figures import (
    Closing,
    NothingToReportError,
    period_words,
    read_figures,
)
from municipal_indicators.documents.word import write_document
from municipal_indicators.documents.workbook import write_workbook
from municipal_indicators.errors import IndicatorsError
from municipal_indicators.reference.passport import Passport
from municipal_indicators.report import write_sheet
from municipal_indicators.report.page import Offer
from municipal_indicators.warehouse.client import Warehouse
from municipal_indicators.warehouse.templates import render

log = logging.getLogger(__name__)

_NAME = re.compile(r"report-(20\d\d(?:-(?:Q[1-4]|\d\d))?)(?:-v([12]))?\.(xlsx|docx|pdf)")


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
    closing = _closed(warehouse, wanted, version) if version else None
    figures = read_figures(warehouse, passport, wanted, closing)
    name = f"report-{wanted.name}" + (f"-v{version}" if version else "")
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _whole(folder / f"{name}.xlsx", lambda path: write_workbook(figures, path)),
        _whole(folder / f"{name}.docx", lambda path: write_document(figures, path, template)),
    ]


def write_newest(warehouse: Warehouse, passport: Passport, folder: Path) -> list[Path]:
    """Write the documents of the newest whole month, quarter and year, instead of earlier ones.

    The month has the first page of the report as a PDF beside them. Those of closed versions stay.
    Writes nothing before the first whole month. Raises what ``make_report`` raises.
    """
    newest = warehouse.value(
        "SELECT maxOrNull(month) FROM marts.indicators_latest WHERE role = 'headline'"
    )
    written = []
    for name in _whole_periods(newest) if newest else ():
        try:
            written += make_report(warehouse, passport, name, folder)
        except NothingToReportError:
            log.info("No documents of %s: the programme or its data begin later.", name)
    if newest:
        written.append(
            _whole(sheet_path(folder, newest), lambda path: _sheet(warehouse, passport, path))
        )
    for path in folder.glob("report-*"):
        if path not in written and offered_name(path.name) and "-v" not in path.name:
            path.unlink(missing_ok=True)
    return written


def sheet_path(folder: Path, month: date) -> Path:
    """Where the first page of the report lies as a PDF."""
    return folder / f"report-{month:%Y-%m}.pdf"


def _sheet(warehouse: Warehouse, passport: Passport, path: Path) -> None:
    write_sheet(
        warehouse,
        path,
        programme=passport.programme,
        time_zone=passport.time_zone,
        baseline_year=passport.baseline_year,
        address=settings.report_address() if settings.airflow_base() else "",
    )


def offers(folder: Path) -> list[Offer]:
    """What lies in a folder of documents, the newest period first, with addresses below its parent."""
    found: dict[tuple[date, date, int], list[Path]] = {}
    for path in sorted(folder.glob("report-*"), reverse=True):
        if name := offered_name(path.name):
            period = parse_period(name[1])
            found.setdefault((period.last, period.first, int(name[2] or 0)), []).append(path)
    return [
        Offer(
            _offered(paths[0]),
            tuple((path.suffix, f"{folder.name}/{path.name}") for path in paths),
        )
        for _, paths in sorted(found.items(), reverse=True)
    ]


def offered_name(name: str) -> re.Match[str] | None:
    """Period, version and ending of a document's file name; None if it is none."""
    return _NAME.fullmatch(name)


def _offered(path: Path) -> str:
    name = offered_name(path.name)
    assert name
    version = f", версия {name[2]} (закрыт)" if name[2] else ""
    return f"{period_words(parse_period(name[1]))}{version}"


def _whole_periods(month: date) -> Iterator[str]:
    yield f"{month:%Y-%m}"
    quarters = month.month // 3
    year, quarter = (month.year, quarters) if quarters else (month.year - 1, 4)
    yield f"{year}-Q{quarter}"
    yield str(month.year if month.month == 12 else month.year - 1)


def _closed(warehouse: Warehouse, period: Period, version: int) -> Closing:
    found = warehouse.mappings(render("documents/closing.sql", period=period.name, version=version))
    if not found:
        raise IndicatorsError(
            f"{period.name} не закрывали как версию {version}: запустите сначала close_reporting_period или "
            "уберите версию, и отчёт будет по сегодняшним витринам."
        )
    return Closing(**found[0])


def _whole(path: Path, write: Callable[[Path], None]) -> Path:
    beside = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        write(beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return path
