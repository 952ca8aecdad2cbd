"""The fixtures of mart tests are those of the cluster's."""

from __future__ import annotations

from tests.marts.conftest import given

__all__ = ["given"]
