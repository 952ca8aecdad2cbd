"""The bench of parsing, with small numbers: every DAG of every district is there."""

from __future__ import annotations

from tests.bench.running import bench
from tests.dags.test_dag_files import DAG_IDS


def test_every_district_has_its_dags() -> None:
    done = bench("dags", "--districts", "2", "--rounds", "1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"2 districts: {2 * len(DAG_IDS)} DAGs in ")
