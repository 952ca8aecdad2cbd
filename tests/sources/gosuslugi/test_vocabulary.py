"""The lists of statuses and channels: a word has one meaning, and an impossible mapping is an error."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from municipal_indicators import settings
from municipal_indicators.errors import ConfigurationError
from municipal_indicators.reference.files import PlacedError
from municipal_indicators.sources.gosuslugi.vocabulary import Channels, Statuses
from municipal_indicators.spreadsheets.words import Dictionary


def test_a_word_under_two_meanings_is_an_error() -> None:
    with pytest.raises(PlacedError, match="«ОТКАЗ» стоит и в a, и в b"):
        Dictionary({"a": ["Отказ"], "b": ["ОТКАЗ"]})


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (
            "statuses.yaml",
            {"codes": {"done": [3]}, "texts": {}},
            r"2: codes\.done: незнакомый ключ; допустимы in_progress",
        ),
        (
            "statuses.yaml",
            {"codes": {"failed": [3], "draft": [3]}, "texts": {}},
            r"3: codes\.draft\[0\]: код 3 стоит и в draft, и в failed",
        ),
        ("channels.yaml", {"Портал": ["портал"]}, "1: Портал: незнакомый ключ; допустимы ЕПГУ"),
    ],
)
def test_an_impossible_mapping_names_file_and_place(
    name: str, content: object, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    monkeypatch.setattr(settings, "REFERENCE", tmp_path)
    with pytest.raises(ConfigurationError, match=rf"{name}:{words}"):
        (Statuses if name == "statuses.yaml" else Channels)()
