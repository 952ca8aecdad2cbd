"""The labels file: codes without a word, and errors that name the place."""

from __future__ import annotations

from pathlib import Path

import pytest

from municipal_indicators.errors import ConfigurationError
from municipal_indicators.reference.labels import in_order, read_labels, word


def test_unknown_codes_are_shown_and_come_last() -> None:
    labels = read_labels()
    assert word(labels.devices, "5") == "5"
    assert in_order(["zz", "smev", "aa", "metrica"], labels.sources) == [
        "metrica", "smev", "aa", "zz",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("sources: {metrica: Метрика}\n", ":1: freshness: отсутствует"),
        ("sources: [metrica]\n", ":1: sources: список — нужны ключи со значениями"),
        ("colours: {a: b}\n", ":1: colours: незнакомый ключ; допустимы sources, freshness,"),
        (
            "indicators: {ict_events: {formula: ф}}\n",
            ":1: indicators.ict_events.numerator: отсутствует",
        ),
        ("", ":1: весь файл: пусто — нужны ключи со значениями"),
        ("sources: {metrica\n", ":2: весь файл: это не YAML"),
    ],
)
def test_a_wrong_file_is_named_with_the_place(tmp_path: Path, content: str, place: str) -> None:
    path = tmp_path / "labels.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_labels(path)
    assert str(path) in str(caught.value)
    assert place in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"gone\.yaml:1: файл не читается"):
        read_labels(tmp_path / "gone.yaml")
