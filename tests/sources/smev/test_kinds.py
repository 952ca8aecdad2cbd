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
        (";Вид;;;", "information_type: '' — нужен непустой"),
        ("urn://a/;Вид;;;", "information_type: urn://a дано дважды"),
        ("urn://b;;;;", "name: '' —"),
        ("urn://b;Вид;5;;", "term: term и unit даются вместе"),
        (
            "urn://b;Вид;0;hours;",
            "term: '0' — нужно не меньше 1",
        ),
        (
            "urn://b;Вид;5;weeks;",
            "unit: 'weeks' — допустимы 'hours', 'working_days'",
        ),
        ("urn://b;Вид;5", "строка: нужно ячеек: 5"),
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
