"""Which documents lie beside the page, and how the page offers them."""

from __future__ import annotations

from pathlib import Path

import pytest

from municipal_indicators.documents.making import make_report, offers, write_newest
from municipal_indicators.errors import IndicatorsError
from municipal_indicators.report import write_report
from tests.marts.given import Given


def test_the_newest_whole_periods_replace_older_ones(year: Given, tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    kept = ["report-2024-v1.docx", "report-2024-Q4-v2.xlsx", "notes.txt"]
    for name in (*kept, "report-2024-Q3.xlsx"):
        (folder / name).touch()
    written = write_newest(year.warehouse, year.passport, folder)
    # SMEV reaches 9 January 2026: December is the newest whole month.
    assert [path.name for path in written] == [
        f"report-{period}.{ending}"
        for period in ("2025-12", "2025-Q4", "2025")
        for ending in ("xlsx", "docx")
    ] + ["report-2025-12.pdf"]
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [*kept, *(path.name for path in written)]
    )
    found = offers(folder)
    assert [offer.title for offer in found] == [
        "декабрь 2025 года",
        "IV квартал 2025 года",
        "2025 год",
        "IV квартал 2024 года, версия 2 (закрыт)",
        "2024 год, версия 1 (закрыт)",
    ]
    assert found[0].files == (
        (".xlsx", "documents/report-2025-12.xlsx"),
        (".pdf", "documents/report-2025-12.pdf"),
        (".docx", "documents/report-2025-12.docx"),
    )
    page = write_report(
        year.warehouse,
        tmp_path / "report.html",
        programme="П",
        time_zone="Europe/Moscow",
        documents=found,
    )
    text = page.read_text(encoding="utf-8")
    assert '<a href="documents/report-2025-Q4.xlsx" download>.xlsx</a>' in text


def test_a_version_that_was_not_closed_is_refused(year: Given, tmp_path: Path) -> None:
    with pytest.raises(
        IndicatorsError, match="2025-Q4 не закрывали как версию 1: запустите сначала close_rep"
    ):
        make_report(year.warehouse, year.passport, "2025-Q4", tmp_path, version=1)
