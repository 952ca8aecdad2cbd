"""The tables of ``reference/`` that no source owns: what a line may hold."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from municipal_indicators import settings
from municipal_indicators.errors import ConfigurationError
from municipal_indicators.reference import lists


def _annotated(folder: Path, monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    text = "\n".join(("month;indicator;text", *lines, ""))
    (folder / "annotations.csv").write_text(text, encoding="utf-8")
    monkeypatch.setattr(settings, "REFERENCE", folder)


def test_annotations_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _annotated(tmp_path, monkeypatch, "2026-02;ict_events; Семинары перенесены ", "")
    assert lists.course_annotations() == [
        (date(2026, 2, 1), "ict_events", "Семинары перенесены"),
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("2026-13;ict_events;Текст", "month: '2026-13' — не месяц; напишите его как 2026-10"),
        ("02.2026;ict_events;Текст", "month: '02.2026' — не месяц"),
        ("2026-02-15;ict_events;Текст", "month: '2026-02-15' — не месяц"),
        ("2026-02;events;Текст", "indicator: 'events' — допустимы '"),
        ("2026-02;ict_events; ", "text: .*нужен"),
        ("2026-02;ict_events", "строка: нужно ячеек: 3"),
    ],
)
def test_a_wrong_annotation_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, expected: str
) -> None:
    _annotated(tmp_path, monkeypatch, "2026-01;ict_events;Верно", line)
    with pytest.raises(ConfigurationError, match=rf"annotations\.csv:3: {expected}"):
        lists.course_annotations()
