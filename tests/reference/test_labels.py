"""The labels file: complete as delivered, exact when it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from municipal_indicators.errors import ConfigurationError
from municipal_indicators.reference.labels import in_order, read_labels, word

METRICA_SOURCES = [
    "organic", "direct", "referral", "ad", "social", "internal", "email", "saved", "recommend",
    "messenger", "qrcode", "external", "undefined",
]  # fmt: skip


def test_the_delivered_file_knows_every_code() -> None:
    labels = read_labels()
    assert set(labels.traffic_sources) == set(METRICA_SOURCES)
    assert labels.devices == {"1": "Компьютер", "2": "Телефон", "3": "Планшет", "4": "Телевизор"}
    assert set(labels.statuses) == {"no_data", "off_track", "at_risk", "on_track", "achieved"}
    assert set(labels.sources) == {"metrica", "gosuslugi", "smev", "registers"}
    assert len(labels.indicators) == 7


def test_unknown_codes_are_shown_and_come_last() -> None:
    labels = read_labels()
    assert word(labels.devices, "5") == "5"
    assert in_order(["zz", "smev", "aa", "metrica"], labels.sources) == [
        "metrica", "smev", "aa", "zz",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("sources: {metrica: Метрика}\n", "freshness: Field required"),
        ("sources: [metrica]\n", "sources: Input should be a valid dictionary"),
        ("colours: {a: b}\n", "colours: Extra inputs are not permitted"),
        ("indicators: {ict_events: {formula: ф}}\n", "indicators.ict_events.numerator"),
        ("", "top level"),
        ("sources: {metrica\n", "is not YAML"),
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
    with pytest.raises(ConfigurationError, match=r"gone\.yaml: cannot be read"):
        read_labels(tmp_path / "gone.yaml")
