"""The databases of a district: every statement of ours is translated, and nothing else in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from municipal_indicators import settings
from municipal_indicators.errors import ConfigurationError
from municipal_indicators.warehouse.districts import DATABASES, renamed
from tests import conftest


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("core.visits", "d_core.visits"),
        ("SELECT a FROM core.visits AS core", "SELECT a FROM d_core.visits AS core"),
        (
            "INSERT INTO mart_rows.x SELECT 1 FROM marts.y",
            "INSERT INTO d_mart_rows.x SELECT 1 FROM d_marts.y",
        ),
        (
            "SELECT 'it\\'s ops.a', 'ops.b''c' FROM ops.c",
            "SELECT 'it\\'s ops.a', 'ops.b''c' FROM d_ops.c",
        ),
        ("DROP TABLE ops.a -- of ops.b", "DROP TABLE d_ops.a -- of ops.b"),
        (
            "CREATE DATABASE IF NOT EXISTS ops ON CLUSTER m",
            "CREATE DATABASE IF NOT EXISTS d_ops ON CLUSTER m",
        ),
        (
            "Distributed(m, shards, visits, cityHash64(a))",
            "Distributed(m, d_shards, visits, cityHash64(a))",
        ),
        (
            "WHERE t.database = 'core' AND name = 'core'",
            "WHERE t.database = 'd_core' AND name = 'core'",
        ),
        (
            "database IN ('intermediate', 'x', 'ops')",
            "database IN ('d_intermediate', 'x', 'd_ops')",
        ),
        ("SELECT database || '.' || name", "SELECT database || '.' || name"),
        (
            "SELECT marts, p.core.x, my_core.x FROM d_ops.y",
            "SELECT marts, p.core.x, my_core.x FROM d_ops.y",
        ),
    ],
)
def test_only_names_of_databases_are_translated(ours: str, theirs: str) -> None:
    assert renamed(ours, "d") == theirs
    assert renamed(theirs, "d") == theirs
    assert renamed(ours, None) == ours


def test_the_databases_are_those_of_the_installation() -> None:
    assert {*DATABASES} == {*conftest.DATABASES, "shards"}


@pytest.fixture
def passports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of two passports; what else lies there is no district."""
    for name in ("oryol.yaml", "mtsensk.yaml", "README.md"):
        (tmp_path / name).touch()
    monkeypatch.setenv(settings.PASSPORT_VARIABLE, str(tmp_path))
    monkeypatch.delenv("AIRFLOW_CTX_DAG_ID", raising=False)
    return tmp_path


def test_the_district_is_that_of_the_dag_or_is_named(
    passports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings.districts() == ("mtsensk", "oryol")
    with pytest.raises(
        ConfigurationError, match=r"назовите один из mtsensk, oryol .*MUNICIPAL_DISTRICT"
    ):
        settings.district()
    monkeypatch.setenv(settings.DISTRICT_VARIABLE, "oryol")
    assert settings.district() == "oryol"
    assert settings.passport_path() == passports / "oryol.yaml"
    monkeypatch.setenv("AIRFLOW_CTX_DAG_ID", "mtsensk__load_metrica_visits")
    assert settings.district() == "mtsensk"
    with settings.working_for("oryol"):
        assert settings.named("load_smev_requests") == "oryol__load_smev_requests"
        assert settings.inbox_folder().name == "oryol"
    monkeypatch.setenv("AIRFLOW_CTX_DAG_ID", "elsewhere__load_metrica_visits")
    with pytest.raises(ConfigurationError, match="паспорта elsewhere нет"):
        settings.district()


def test_a_passport_with_a_name_that_no_database_can_have_is_refused(passports: Path) -> None:
    (passports / "Мценск.yaml").touch()
    with pytest.raises(
        ConfigurationError, match=r"имя Мценск\.yaml не годится\. Дайте каждому району"
    ):
        settings.districts()
    for path in passports.iterdir():
        path.unlink()
    with pytest.raises(ConfigurationError, match="в ней нет ни одного паспорта"):
        settings.districts()


def test_a_folder_named_where_dag_files_cannot_read_it_is_refused(
    passports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(settings.PASSPORT_VARIABLE)
    monkeypatch.setattr(settings, "_variable", lambda _: str(passports))
    with pytest.raises(ConfigurationError, match="AIRFLOW_VAR_PROGRAMME_PASSPORT всех служб"):
        settings.passport_path()
