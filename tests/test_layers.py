"""The layers of the house: which room may import which, without circles and without ways back up."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.layers import LAYERS, cycle, imports, modules, rooms, upward


def test_every_room_has_its_layer() -> None:
    listed = {room for layer in LAYERS for room in layer}
    assert set(rooms(imports(modules()))) == listed


def test_no_room_imports_one_above_it() -> None:
    assert upward(rooms(imports(modules()))) == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert cycle(imports(modules())) == []


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"errors.py": "", "settings.py": "from municipal_indicators import errors"}, []),
        (
            {"errors.py": "from municipal_indicators.settings import SQL", "settings.py": ""},
            ["errors imports settings"],
        ),
        (
            {"errors.py": "def f():\n    import municipal_indicators.settings", "settings.py": ""},
            ["errors imports settings"],
        ),
    ],
)
def test_an_import_is_seen_wherever_it_stands(
    tmp_path: Path, files: dict[str, str], expected: list[str]
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert upward(rooms(imports(modules(tmp_path)))) == expected
