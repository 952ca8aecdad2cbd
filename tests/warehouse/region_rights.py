"""The rights that a district needs, as docs/operations.md gives them for ``mtsensk``."""

from __future__ import annotations

import re

from municipal_indicators.settings import REPOSITORY


def rights(role: str) -> list[str]:
    """The statements of the page for a role."""
    page = (REPOSITORY / "docs" / "operations.md").read_text(encoding="utf-8")
    block = re.search(rf"Роль\s`{role}`.*?```\n(.*?)```", page, re.DOTALL)
    assert block is not None
    return block[1].splitlines()
