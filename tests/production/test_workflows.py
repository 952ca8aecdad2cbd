"""The workflow files of the usual forges: valid, and the same commands and Pythons everywhere."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from municipal_indicators.settings import REPOSITORY

GITHUB = REPOSITORY / ".github" / "workflows" / "ci.yaml"
GITLAB = REPOSITORY / ".gitlab-ci.yml"


def test_a_pull_request_gets_no_rights() -> None:
    container = yaml.safe_load(GITHUB.read_text())["jobs"]["test"]["container"]
    assert (
        container["options"] == "${{ github.event_name == 'push' && '--privileged' || '--init' }}"
    )
    assert "privileged" not in GITLAB.read_text()


def locks() -> list[Path]:
    return sorted(one for one in REPOSITORY.rglob("requirements*.txt") if "build" not in one.parts)


def test_locks_carry_a_hash_of_each_package_and_no_address() -> None:
    ours = [one for one in locks() if ".venv" not in one.parts]
    assert len(ours) == 5
    for lock in ours:
        text = lock.read_text()
        pinned = re.findall(
            r"^[\w.-]+(?:\[[\w,-]+\])?==.*(?:\n    --hash=sha256:[0-9a-f]{64}.*)*", text, re.M
        )
        assert len(pinned) > 50
        assert all("--hash=sha256:" in one for one in pinned), lock
        assert "://" not in text
        assert "-index" not in text


@pytest.mark.parametrize(
    ("schema", "path"), [("vendor.github-workflows", GITHUB), ("vendor.gitlab-ci", GITLAB)]
)
def test_a_workflow_keeps_its_forge_s_schema(schema: str, path: Path) -> None:
    checked = subprocess.run(
        [Path(sys.executable).with_name("check-jsonschema"), "--builtin-schema", schema, path],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_every_python_of_the_project_is_tested_by_ci_s_own_command() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    bounds = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", project["requires-python"])
    assert bounds
    pythons = [f"3.{minor}" for minor in range(int(bounds[1]), int(bounds[2]))]
    github = yaml.safe_load(GITHUB.read_text())["jobs"]
    gitlab = yaml.safe_load(GITLAB.read_text())
    assert github["test"]["strategy"]["matrix"]["python"] == pythons
    assert gitlab["test"]["parallel"]["matrix"] == [{"PYTHON_VERSION": pythons}]
    runs = [step.get("run") for step in github["test"]["steps"]]
    assert "bash .ci/run" in runs
    assert gitlab["test"]["script"] == ["bash .ci/run"]
    assert "make demo" in [step.get("run") for step in github["demo"]["steps"]]
    assert gitlab["demo"]["script"] == ["make demo"]
