"""How configuration is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from municipal_indicators import settings


def test_a_variable_is_read_once_within_a_run_and_anew_after_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_LANDING", str(tmp_path / "before"))
    with settings.read_once():
        assert settings.landing_folder().name == "before"
        monkeypatch.setenv("AIRFLOW_VAR_LANDING", str(tmp_path / "after"))
        assert settings.landing_folder().name == "before"
    assert settings.landing_folder().name == "after"
