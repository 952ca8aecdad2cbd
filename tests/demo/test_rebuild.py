"""``make rebuild``: a warehouse filled from the archive alone has the marts of the live one."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from municipal_indicators.settings import REPOSITORY
from tests.compare_warehouses import differences, dump
from tests.emulators.inbox import write_inbox
from tests.end_to_end.stage import Stage

LOADS = ("load_gosuslugi_applications", "load_smev_requests", "load_programme_registers")


@pytest.mark.slow
@pytest.mark.frees_engine
def test_the_archive_alone_gives_the_same_marts(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "stage", REPOSITORY / "tests" / "passport.yaml", metrica_port=1)
    write_inbox(stage.inbox, date(2024, 1, 1), date(2024, 2, 1))
    with stage.session():
        stage.airflow("db", "migrate")
        for name in (*LOADS, "build_indicator_marts"):
            stage.run(name)
    live = stage.warehouse.rename(stage.root / "live")
    done = subprocess.run(
        [sys.executable, "-m", "demo.rebuild"],
        env=stage.environment(),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert "airflow dags test load_metrica_visits --conf" in done.stdout + done.stderr
    before, after = dump(live), dump(stage.warehouse)
    assert list(differences(before, after)) == []
    assert sum(map(len, after.values())) > 100
