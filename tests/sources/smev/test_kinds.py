"""The reference of kinds of information, exact when it is wrong, and the words of a way to count."""

from __future__ import annotations

from pathlib import Path

import pytest

from municipal_indicators import settings
from municipal_indicators.errors import ConfigurationError
from municipal_indicators.reference import lists
from municipal_indicators.reference.labels import read_labels

HEADINGS = "information_type;name;term;unit;source"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (";Вид;;;", "information_type: '' cannot stand here; it must have at least 1"),
        ("urn://a/;Вид;;;", "information_type: urn://a is given twice"),
        ("urn://b;;;;", "name: '' cannot stand here"),
        ("urn://b;Вид;5;;", "term: term and unit belong together"),
        (
            "urn://b;Вид;0;hours;",
            "term: '0' cannot stand here; it must be greater than or equal to 1",
        ),
        (
            "urn://b;Вид;5;weeks;",
            "unit: 'weeks' cannot stand here; it must be 'hours', 'working_days'",
        ),
        ("urn://b;Вид;5", "row: 5 cells are needed"),
    ],
)
def test_a_wrong_line_of_the_kinds_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, expected: str
) -> None:
    text = f"{HEADINGS}\nurn://a;Вид;5;working_days;закон\n{line}\n"
    (tmp_path / "smev_kinds.csv").write_text(text, encoding="utf-8")
    monkeypatch.setattr(settings, "REFERENCE", tmp_path)
    with pytest.raises(ConfigurationError, match=rf"smev_kinds\.csv:3: {expected}"):
        lists.smev_kinds()


def test_the_words_of_a_variant() -> None:
    labels = read_labels()
    words = labels.explanation("smev_requests", "answers_received")
    assert words is not None
    assert words.numerator == "ответов за период учёта"
    usual = labels.explanation("smev_requests", "requests")
    assert usual == labels.indicators["smev_requests"]
    assert labels.explanation("unknown", "") is None
