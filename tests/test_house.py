"""The house rules that a reader relies on, checked over the files that git tracks."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from _pytest.outcomes import Failed, Skipped
from packaging.requirements import Requirement

from municipal_indicators.settings import REPOSITORY
from tests.services import require

LONGEST_MODULE = 450
LONGEST_SQL_LINE = 110
HEAVY = {"pandas", "chdb", "clickhouse_connect", "lxml", "numpy", "pyarrow", "requests"}
DEVELOPMENT = {"tests", "demo", "bench"}
NAMELESS = {"utils", "util", "common", "helpers", "misc"}


def tracked(*patterns: str) -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files", "-z", "--", *patterns],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    return [path for name in names if name and (path := REPOSITORY / name).is_file()]


def texts(*patterns: str) -> Iterator[tuple[str, str]]:
    for path in tracked(*patterns):
        content = path.read_bytes()
        if b"\0" not in content:
            yield str(path.relative_to(REPOSITORY)), content.decode("utf-8", errors="replace")


def places(pattern: str, *patterns: str) -> list[str]:
    """Every ``file:line`` of the tracked text files that the pattern matches."""
    return [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in texts(*patterns)
        for number, line in enumerate(text.splitlines(), 1)
        if re.search(pattern, line)
    ]


def imported(tree: ast.AST) -> set[str]:
    """The top-level packages that the nodes of the tree import."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def at_parse_time(tree: ast.Module) -> ast.Module:
    """The module without what runs later: the bodies of tasks, and of ``if TYPE_CHECKING``."""

    class Parsed(ast.NodeTransformer):
        def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST | None:
            decorators = [ast.unparse(decorator).split("(")[0] for decorator in node.decorator_list]
            return self.generic_visit(node) if {"dag", "task_group"} & set(decorators) else None

        def visit_If(self, node: ast.If) -> ast.AST | None:
            return None if "TYPE_CHECKING" in ast.unparse(node.test) else self.generic_visit(node)

    parsed = Parsed().visit(tree)
    assert isinstance(parsed, ast.Module)
    return parsed


def choices(name: str) -> list[tuple[Requirement, str]]:
    """The requirements of a ``.in`` file with the comment beside each."""
    chosen = []
    for line in (REPOSITORY / name).read_text().splitlines():
        requirement, _, comment = line.partition("#")
        if requirement.strip() and not requirement.startswith("-"):
            chosen.append((Requirement(requirement.strip()), comment.strip()))
    return chosen


def pins(name: str) -> dict[str, Requirement]:
    """The requirements of a lock by normalised name; a line that pins nothing or has no hash is an error."""
    text = (REPOSITORY / name).read_text().replace("\\\n", " ")
    lines = [
        line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]
    found = {}
    for line in lines:
        pinned, *hashes = re.split(r"\s+--hash=sha256:", line)
        assert hashes, f"{name}: no hash: {line}"
        requirement = Requirement(pinned)
        assert re.fullmatch(r"==[^*,]+", str(requirement.specifier)), f"{name}: not pinned: {line}"
        assert requirement.url is None, f"{name}: comes from an address: {line}"
        found[normalised(requirement)] = requirement
    return found


def normalised(requirement: Requirement) -> str:
    return re.sub(r"[-_.]+", "-", requirement.name).lower()


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A PATH of its own: the plain tools of every system, and nothing that is installed here."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("bash", "cat", "cksum", "awk", "rm", "dirname", "mkdir", "tail"):
        found = shutil.which(name)
        assert found, name
        (folder / name).symlink_to(found)
    return folder


def program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_no_registry_address_is_written_down() -> None:
    # Bracketed, so that the search does not find itself.
    hosts = (r"pypi[.]org", r"pythonh[o]sted", r"registry[.]npmjs", r"deb[.]debian[.]org")
    assert places("|".join(hosts)) == []
    assert places(r"--(?:extra-)?index-url|--find-links|file://", "*requirements*") == []


def test_no_path_of_one_machine_is_written_down() -> None:
    assert places(r"(?<![a-z}\w.])/(?:work|root|home|Users)/") == []


@pytest.mark.parametrize(
    "name", ["requirements", "requirements-server", "requirements-lineage", "requirements-dev"]
)
def test_every_choice_is_explained_or_self_explaining_and_locked(name: str) -> None:
    locked = pins(f"{name}.txt")
    for requirement, comment in choices(f"{name}.in"):
        pinned = locked[normalised(requirement)]
        assert requirement.specifier.contains(next(iter(pinned.specifier)).version)
        if name != "requirements-dev":
            assert comment, f"{name}.in does not say why {requirement.name} was chosen"


@pytest.mark.parametrize(
    ("wider", "narrower"),
    [
        ("requirements-server", "requirements"),
        ("requirements-dev", "requirements-server"),
        ("requirements-dev", "requirements-lineage"),
    ],
)
def test_a_wider_lock_holds_the_narrower_one(wider: str, narrower: str) -> None:
    wide = pins(f"{wider}.txt")
    for name, requirement in pins(f"{narrower}.txt").items():
        assert wide[name].specifier == requirement.specifier


def test_lineage_is_an_option_that_changes_no_pin() -> None:
    served, optional = pins("requirements-server.txt"), pins("requirements-lineage.txt")
    shared = served.keys() & optional.keys()
    assert all(served[name].specifier == optional[name].specifier for name in shared)
    assert "apache-airflow-providers-openlineage" in optional.keys() - served.keys()


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_the_lock_serves_every_python_that_the_project_names(python: str) -> None:
    environment = {"python_version": python, "python_full_version": f"{python}.9"}
    active = {
        name
        for name, requirement in pins("requirements.txt").items()
        if requirement.marker is None or requirement.marker.evaluate(environment)
    }
    assert {normalised(requirement) for requirement, _ in choices("requirements.in")} <= active


def test_this_environment_is_the_lock() -> None:
    other = {
        name: f"{version(name)} is installed, the lock says {requirement.specifier}"
        for name, requirement in pins("requirements-dev.txt").items()
        if (requirement.marker is None or requirement.marker.evaluate())
        and not requirement.specifier.contains(version(name), prereleases=True)
    }
    assert other == {}, "run make setup development"


def test_make_alone_prints_a_line_of_help_for_each_target() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert phony
    shown = run("make")
    assert shown.returncode == 0, shown.stderr
    helped = dict(re.findall(r"^  make (\S+) +(\S.*)$", shown.stdout, re.MULTILINE))
    assert set(helped) == set(phony[1].split())
    assert {"setup", "demo", "test", "lint"} <= set(helped)
    assert len(shown.stdout.splitlines()) == len(helped)


def test_make_setup_is_done_once_for_a_lock() -> None:
    if Path(sys.prefix) != REPOSITORY / ".venv":
        pytest.skip("the tests do not run from this repository's .venv")
    again = run("make", "--question", "setup", "development")
    assert again.returncode == 0, again.stdout + again.stderr


def test_make_setup_names_the_way_out_where_python_is_too_old(tools: Path, tmp_path: Path) -> None:
    make = shutil.which("make")
    assert make
    program(tools, "python3", "exit 1")  # what a Python 3.10 answers to the question of its age
    result = run(make, f"VENV={tmp_path}/venv", "setup", PATH=str(tools))
    assert result.returncode != 0
    assert "no Python 3.11, 3.12 or 3.13 among" in result.stderr
    assert "make setup PYTHON=" in result.stderr


def test_an_airflow_of_the_user_does_not_reach_what_make_runs() -> None:
    shown = run(
        "make",
        "--eval=environment: ; @env",
        "environment",
        AIRFLOW__CORE__DAGS_FOLDER="/elsewhere",
        AIRFLOW_CONN_CLICKHOUSE_DEFAULT="clickhouse://production",
        AIRFLOW_HOME="/elsewhere",
        PIP_TARGET="/elsewhere",
        PYTHONDONTWRITEBYTECODE="1",
    )
    ours = "AIRFLOW|PIP_TARGET|PYTHONDONT"
    lines = [line for line in shown.stdout.splitlines() if re.match(ours, line)]
    assert lines == [f"AIRFLOW_HOME={REPOSITORY}/build/airflow"]


def test_ci_says_why_programs_are_missing_and_fails(tools: Path) -> None:
    program(tools, "id", "echo 1000")
    program(tools, "make", 'echo "make $*"')
    result = run("bash", ".ci/run", PATH=str(tools))
    assert result.returncode == 1, result.stderr
    assert re.search(r"^Installing for the tests: .*chromium.*redis-server", result.stdout, re.M)
    assert "Not installed" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("not root")


@pytest.mark.parametrize(("target", "made"), [([], "lint test"), (["test-all"], "lint test-all")])
def test_ci_installs_what_is_missing_and_runs_make(
    tools: Path, target: list[str], made: str
) -> None:
    program(tools, "id", "echo 0")
    program(tools, "apt-get", 'echo "apt-get $*"')
    program(tools, "make", 'echo "make $* in CI=$CI"')
    result = run("bash", ".ci/run", *target, PATH=str(tools))
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == f"make {made} in CI=true"


@pytest.mark.parametrize(("ci", "outcome"), [("true", Failed), ("", Skipped)])
def test_what_ci_installs_is_not_skipped_there(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("CI", ci)
    require(None)
    with pytest.raises(outcome, match="No browser"):
        require("No browser")


def test_ci_fails_where_make_fails(tools: Path) -> None:
    program(tools, "id", "echo 0")
    program(tools, "apt-get", "exit 0")
    program(tools, "make", "exit 2")
    assert run("bash", ".ci/run", PATH=str(tools)).returncode == 2


def test_parsing_a_dag_file_imports_nothing_heavy() -> None:
    heavy = {
        path.name: found
        for path in tracked("dags/*.py")
        if (found := imported(at_parse_time(ast.parse(path.read_text()))) & HEAVY)
    }
    assert heavy == {}


@pytest.mark.parametrize(
    ("source", "heavy"),
    [
        ("import pandas as pd", {"pandas"}),
        ("@dag()\ndef load():\n    from lxml import etree\n    @task\n    def a(): ...", {"lxml"}),
        ("@dag()\ndef load():\n    @task\n    def a():\n        import chdb", set()),
        ("if TYPE_CHECKING:\n    import requests", set()),
    ],
)
def test_a_heavy_import_is_seen_where_it_runs(source: str, heavy: set[str]) -> None:
    assert imported(at_parse_time(ast.parse(source))) & HEAVY == heavy


def test_what_is_installed_imports_no_development_part() -> None:
    found = {
        str(path.relative_to(REPOSITORY)): parts
        for path in tracked("plugins/*.py", "dags/*.py")
        if (parts := imported(ast.parse(path.read_text())) & DEVELOPMENT)
    }
    assert found == {}


def test_every_module_says_what_may_live_there() -> None:
    silent = [
        str(path.relative_to(REPOSITORY))
        for path in tracked("plugins/*.py", "dags/*.py", "demo/*.py")
        if not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_no_module_is_long_or_named_for_nothing() -> None:
    modules = tracked("*.py")
    long = {
        path.name: lines
        for path in modules
        if (lines := len(path.read_text().splitlines())) > LONGEST_MODULE
    }
    assert long == {}
    assert [path for path in modules if {path.stem, path.parent.name} & NAMELESS] == []


def test_nothing_is_left_unfinished_in_sql() -> None:
    assert places(r"\b(?:TO[D]O|FIX[M]E|XX[X])\b", "*.sql") == []


def test_no_line_of_sql_is_long() -> None:
    # ClickHouse takes a comment only as one literal, which no line break can cut.
    one_comment = r"\s+COMMENT '[^']*',?$"
    assert places(rf"^(?!{one_comment}).{{{LONGEST_SQL_LINE + 1}}}", "sql/*.sql") == []


def test_no_document_is_cited_that_users_do_not_have() -> None:
    # Bracketed, so that the search does not find itself.
    unshipped = (
        r"\b[Cc]ontract('s|,| section)",
        r"\b(?:of|by|in) the [c]ontract\b",
        r"\b[f]acts/",
        r"\b[Ff]acts? [s]heet",
        r"\b[d]esign\.md",
        r"\b(?:shared|style-examples)[/.]m?d?\b",
        r"\b[i]ssues? #?[0-9]",
        r"\b[s]heet [0-9]+\.[0-9]",
    )
    assert places("|".join(unshipped), ":!LICENSE", ":!*requirements*.txt") == []


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as the usual forges make them."""
    text = re.sub(r"^ *```.*?^ *```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def citations() -> Iterator[tuple[str, Path, str]]:
    """File that cites, page and anchor of each page of docs that is named, and of each link."""
    for name, text in texts(":!*requirements*.txt"):
        for page, anchor in re.findall(r"\b(docs/[\w/-]+\.md)(?:#([\w-]+))?", text):
            yield name, REPOSITORY / page, anchor
        if name.endswith(".md"):
            for page, anchor in re.findall(r"\]\(([\w./-]*)(?:#([\w-]+))?\)", text):
                path = REPOSITORY / name
                yield name, (path.parent / page).resolve() if page else path, anchor


def test_every_page_that_is_cited_is_there() -> None:
    cited = set(citations())
    missing = [
        f"{name}: {page.relative_to(REPOSITORY)}#{anchor}"
        for name, page, anchor in sorted(cited)
        if not page.exists() or (anchor and anchor not in anchors(page))
    ]
    assert missing == []
    assert len(cited) > len(tracked("docs/*.md"))


def test_every_file_that_a_page_names_is_there() -> None:
    folders = "bench|bi|dags|demo|deploy|plugins|reference|sql|tests"
    named = {
        (page, name)
        for page, text in texts("*.md")
        for name in re.findall(
            rf"(?<![\w/.-])((?:{folders})/[\w./-]+\.(?:csv|py|sh|sql|xml|yaml))\b", text
        )
    }
    assert sorted(pair for pair in named if not (REPOSITORY / pair[1]).exists()) == []
    assert named


def test_nothing_that_is_built_is_tracked() -> None:
    built = r"\.(?:pyc|log|sqlite|db|parquet)$|(?:^|/)(?:\.venv|build|__pycache__|node_modules)/"
    names = [str(path.relative_to(REPOSITORY)) for path in tracked()]
    assert [name for name in names if re.search(built, name)] == []
