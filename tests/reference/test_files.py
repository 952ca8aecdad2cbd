"""The reader of YAML and CSV files: every mistake has file, line, place, the value and what is allowed."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field

from municipal_indicators import settings
from municipal_indicators.errors import ConfigurationError
from municipal_indicators.reference.files import Strict, read_table, read_yaml
from municipal_indicators.spreadsheets.words import read_words


class Leaf(Strict):
    name: Annotated[str, Field(min_length=1)]
    day: date | None = None


class Tree(Strict):
    leaves: list[Leaf]
    by_colour: dict[Literal["red", "green"], dict[int, Leaf]] = Field(default_factory=dict)
    enabled: bool = False


def told(tmp_path: Path, text: str) -> list[str]:
    """What is said of a file, without its path."""
    path = tmp_path / "tree.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_yaml(path, Tree)
    return [line.removeprefix(f"{path}:") for line in str(caught.value).splitlines()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "leaves:\n  - name: ''\n",
            "2: leaves[0].name: '' — нужен непустой",
        ),
        ("leaves:\n  - day: 2023-01-01\n", "2: leaves[0].name: отсутствует"),
        (
            "leaves: []\nleafs: 1\n",
            "2: leafs: незнакомый ключ; допустимы leaves, by_colour, enabled",
        ),
        (
            "leaves: []\nby_colour:\n  red:\n    1: {title: a}\n",
            "4: by_colour.red.1.name: отсутствует",
        ),
        (
            "leaves: []\nby_colour:\n  blue: {}\n",
            "3: by_colour.blue: 'blue' — допустимы 'red' или 'green'",
        ),
        (
            "leaves:\n- {name: a, day: 2023-02-30}\n",
            "2: leaves[0].day: '2023-02-30' — нужен день",
        ),
        (
            "leaves: []\nenabled: perhaps\n",
            "2: enabled: 'perhaps' — нужно true или false",
        ),
        ("leaves: {a: b}\n", "1: leaves: ключи со значениями — нужен список"),
        (
            "leaves:\n- {name: [a]}\n",
            "2: leaves[0].name: список — нужен текст",
        ),
        ("leaves:\n", "1: leaves: пусто — нужен список"),
        ("leaves: []\n\nleaves: []\n", "3: leaves: ключ дан дважды, первый раз в строке 1"),
        (
            "leaves:\n- name: a\n  name: b\n",
            "3: leaves[0].name: ключ дан дважды, первый раз в строке 2",
        ),
        ("- a\n", "1: весь файл: список — нужны ключи со значениями"),
        ("leaves: [\n", "2: весь файл: это не YAML: did not find expected node content"),
    ],
)
def test_a_mistake_has_line_place_value_and_what_is_allowed(
    tmp_path: Path, text: str, expected: str
) -> None:
    assert told(tmp_path, text)[0].startswith(expected)


def test_an_unknown_key_in_a_deep_part_names_the_keys_of_that_part(tmp_path: Path) -> None:
    text = "leaves: []\nby_colour:\n  red:\n    1: {name: a, title: b}\n"
    assert told(tmp_path, text) == [
        "4: by_colour.red.1.title: незнакомый ключ; допустимы name, day."
    ]


def test_several_mistakes_are_several_lines(tmp_path: Path) -> None:
    lines = told(tmp_path, "leaves:\n  - {}\n  - {name: a, colour: b}\nenabled: 7\n")
    assert [line.split(": ")[:2] for line in lines] == [
        ["2", "leaves[0].name"],
        ["3", "leaves[1].colour"],
        ["4", "enabled"],
    ]


def test_words_stay_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "words.yaml"
    path.write_text("yes: [yes, 1.0, 2024-01-01, ~]\n", encoding="utf-8-sig")
    assert read_yaml(path, dict[str, list[str | None]]) == {
        "yes": ["yes", "1.0", "2024-01-01", None]
    }


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "tree.yaml"
    if content:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"tree\.yaml:1: файл не читается \(.*верните"):
        read_yaml(path, Tree)


def test_mistakes_of_a_table_name_line_and_heading(tmp_path: Path) -> None:
    path = tmp_path / "leaves.csv"
    path.write_text("name;day\na;2023-01-01\n\n;2023-01-01\nb;2023-02-30\nc\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_table(path, Leaf)
    lines = [line.removeprefix(f"{path}:") for line in str(caught.value).splitlines()]
    assert [line.split(": ")[:2] for line in lines] == [
        ["4", "name"],
        ["5", "day"],
        ["6", "строка"],
    ]
    path.write_text("name,day\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r":1: заголовки: нужны name;day"):
        read_table(path, Leaf)


def test_the_environment_names_another_folder_of_lists() -> None:
    assert settings.REFERENCE == settings.REPOSITORY / "tests" / "lists"


def test_words_that_are_no_lists_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (settings.REFERENCE / "words.yaml").read_text(encoding="utf-8")
    text = re.sub(r'(?m)^"no": .*$', '"no": нет', text)
    text = re.sub(r"(?m)^totals: .*$", "totals: [{a: b}]", text)
    text = re.sub(r"(?m)^levels:$", "levels:\n  другая: [федеральная]", text)
    (tmp_path / "words.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(settings, "REFERENCE", tmp_path)
    with pytest.raises(ConfigurationError) as caught:
        read_words()
    lines = str(caught.value).splitlines()
    assert [line.split(": ", 1)[1] for line in lines] == [
        "no: 'нет' — нужен список.",
        "totals[0]: ключи со значениями — нужен текст.",
        "levels.федеральная[0]: «федеральная» стоит и в другая, и в федеральная; значение может быть только "
        "одно.",
    ]
