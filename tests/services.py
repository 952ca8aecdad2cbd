"""Programs that some tests start and that a machine may lack."""

from __future__ import annotations

import os

import pytest


def require(missing: str | None) -> None:
    """Skip a test for want of a program; in CI, where ``.ci/run`` installs it, fail instead.

    ``missing`` says what is not there; None is fine.
    """
    if missing is None:
        return
    if os.environ.get("CI"):
        pytest.fail(f"{missing}, though .ci/run installs it")
    pytest.skip(missing)
