"""The reference of kinds of information, exact when it is wrong, and the words of a way to count."""

from __future__ import annotations

from pathlib import Path

import pytest

from municipal_indicators.errors import ConfigurationError
from municipal_indicators.reference import lists
from municipal_indicators.reference.labels import read_labels

HEADINGS = "information_type;name;term;unit;source"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (";Вид;;;", "information_type is empty"),
        ("urn://a/;Вид;;;", "information_type is given twice"),
        ("urn://b;;;;", "name is empty"),
        ("urn://b;Вид;5;;", "term '5', unit '': give a number from 1 to 999 and one of hours"),
        ("urn://b;Вид;0;hours;", "term '0', unit 'hours'"),
        ("urn://b;Вид;5;weeks;", "unit 'weeks'.*working_days"),
        ("urn://b;Вид;5", "5 cells are needed"),
    ],
)
def test_a_wrong_line_of_the_kinds_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, told: str
) -> None:
    text = f"{HEADINGS}\nurn://a;Вид;5;working_days;закон\n{line}\n"
    (tmp_path / "smev_kinds.csv").write_text(text, encoding="utf-8")
    monkeypatch.setattr(lists.read_rows, "__defaults__", (tmp_path,))
    with pytest.raises(ConfigurationError, match=rf"reference/smev_kinds\.csv:3.*{told}"):
        lists.smev_kinds()


def test_the_kinds_as_delivered_set_no_term() -> None:
    kinds = lists.smev_kinds()
    assert len(kinds) > 5
    assert {(term, unit) for *_, term, unit in kinds} == {(None, "")}


def test_the_words_of_a_variant() -> None:
    labels = read_labels()
    words = labels.explanation("smev_requests", "answers_received")
    assert words is not None
    assert words.numerator == "ответов за период учёта"
    usual = labels.explanation("smev_requests", "requests")
    assert usual == labels.indicators["smev_requests"]
    assert labels.explanation("unknown", "") is None
