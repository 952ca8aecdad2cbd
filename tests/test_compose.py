"""The production shape without a Docker engine: specification, options, commands, secrets.

The schema is the Compose specification's own, as check-jsonschema carries it; option names are
checked against the installed Airflow's list and commands against its command line. Not checked
here, for want of an engine: that the images start and find each other.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import chdb
import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[1]
CHECK = Path(sys.executable).with_name("check-jsonschema")
TEXT = (REPOSITORY / "docker-compose.yaml").read_text()
VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+)(?::(?P<kind>[?-])(?P<rest>[^}]*))?\}")
EXAMPLE = dict(
    re.findall(r"^([A-Z_]+)=(.*)$", (REPOSITORY / ".env.example").read_text(), re.MULTILINE)
)
FILLED = {name: value or f"filled-{name.lower()}" for name, value in EXAMPLE.items()}
LASTING = [
    "clickhouse",
    "postgres",
    "airflow-api-server",
    "airflow-scheduler",
    "airflow-dag-processor",
    "airflow-triggerer",
]
AIRFLOW = [name for name in [*LASTING, "airflow-init"] if name.startswith("airflow-")]


def interpolated(environment: dict[str, str]) -> str:
    """The file as Compose reads it: ``${NAME:-default}``, ``${NAME:?message}``, else an error."""

    def value(match: re.Match[str]) -> str:
        given = environment.get(match["name"])
        if given:
            return given
        if match["kind"] != "-":
            raise LookupError(match["rest"])
        return str(match["rest"])

    text = VARIABLE.sub(value, TEXT)
    assert "${" not in text.replace("$${", "")
    return text


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    document = yaml.safe_load(interpolated(FILLED))
    assert isinstance(document, dict)
    return document


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, Any]:
    found = compose["services"]
    assert isinstance(found, dict)
    return found


def specification(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [CHECK, "--builtin-schema", "vendor.compose-spec", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_file_keeps_the_compose_specification(tmp_path: Path) -> None:
    kept = specification(REPOSITORY / "docker-compose.yaml")
    assert kept.returncode == 0, kept.stdout
    (tmp_path / "filled.yaml").write_text(interpolated(FILLED))
    kept = specification(tmp_path / "filled.yaml")
    assert kept.returncode == 0, kept.stdout
    (tmp_path / "broken.yaml").write_text(TEXT.replace("shm_size:", "shared_memory:"))
    broken = specification(tmp_path / "broken.yaml")
    assert broken.returncode == 1
    assert "shared_memory" in broken.stdout


def test_all_the_services_are_there_and_no_other(services: dict[str, Any]) -> None:
    assert set(services) == {*LASTING, "airflow-init"}


@pytest.mark.parametrize("name", LASTING)
def test_a_lasting_service_is_watched_limited_and_started_again(
    services: dict[str, Any], name: str
) -> None:
    service = services[name]
    assert service["restart"] == "unless-stopped"
    assert {"test", "interval", "timeout", "retries", "start_period"} <= set(service["healthcheck"])
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
    assert service["logging"]["options"]["max-size"]
    assert "no-new-privileges:true" in service["security_opt"]


def test_airflow_starts_after_what_it_needs(services: dict[str, Any]) -> None:
    ready = {"postgres": "service_healthy", "clickhouse": "service_healthy"}
    after = {**ready, "airflow-init": "service_completed_successfully"}
    waits = {
        name: {other: rule["condition"] for other, rule in service.get("depends_on", {}).items()}
        for name, service in services.items()
    }
    assert waits["airflow-init"] == {"postgres": "service_healthy"}
    assert waits["airflow-api-server"] == waits["airflow-dag-processor"] == after
    with_server = {**after, "airflow-api-server": "service_healthy"}
    assert waits["airflow-scheduler"] == waits["airflow-triggerer"] == with_server
    assert waits["clickhouse"] == waits["postgres"] == {}
    assert services["airflow-init"]["restart"] == "no"


def test_ports_are_open_to_this_host_only(services: dict[str, Any]) -> None:
    ports = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert set(ports) == {"clickhouse", "airflow-api-server"}
    assert all(port.startswith("127.0.0.1:") for listed in ports.values() for port in listed)


def test_images_are_pinned_and_airflow_has_one(services: dict[str, Any]) -> None:
    images = {name: service["image"] for name, service in services.items()}
    assert all(re.search(r":\d+[\w.-]*$", image) for image in images.values()), images
    assert len({images[name] for name in AIRFLOW}) == 1
    embedded = chdb.engine_version
    assert images["clickhouse"].rpartition(":")[2] == ".".join(embedded.split(".")[:2])


def test_named_volumes_are_declared_and_used(compose: dict[str, Any]) -> None:
    used = set()
    for service in compose["services"].values():
        for volume in service["volumes"]:
            if isinstance(volume, str):
                used.add(volume.split(":")[0])
            else:
                assert volume["bind"] == {"create_host_path": False}
    assert used == set(compose["volumes"])


def test_tasks_and_triggerer_share_the_pace_of_metrica_calls(services: dict[str, Any]) -> None:
    mounted = "metrica-pacing:/opt/airflow/metrica-pacing"
    assert all(mounted in services[name]["volumes"] for name in AIRFLOW)
    image = (REPOSITORY / "Dockerfile").read_text()
    assert "AIRFLOW_HOME=/opt/airflow" in image
    assert '"${AIRFLOW_HOME}/metrica-pacing"' in image, "a new volume would belong to root"


def test_settings_of_the_host_are_listed_in_the_example_and_used() -> None:
    assert {match["name"] for match in VARIABLE.finditer(TEXT)} == set(EXAMPLE)


@pytest.mark.parametrize("name", [name for name, value in EXAMPLE.items() if not value])
def test_nothing_starts_without_a_secret(name: str) -> None:
    with pytest.raises(LookupError, match=f"fill in {name} in .env"):
        interpolated({**FILLED, name: ""})


def test_every_secret_has_no_default() -> None:
    secret = re.compile(r"PASSWORD|KEY|SECRET|TOKEN")
    assert {name for name in EXAMPLE if secret.search(name)} == {
        name for name, value in EXAMPLE.items() if not value
    }
    for match in VARIABLE.finditer(TEXT):
        expected = "?" if secret.search(match["name"]) else "-"
        assert match["kind"] == expected, match[0]
        if expected == "-":
            assert match["rest"] == EXAMPLE[match["name"]], "the example shows another default"


def test_every_option_is_one_of_this_airflow(services: dict[str, Any]) -> None:
    listed = yaml.safe_load((files("airflow.config_templates") / "config.yml").read_text())
    for name in AIRFLOW:
        options = [key for key in services[name]["environment"] if key.startswith("AIRFLOW__")]
        assert len(options) >= 10
        for option in options:
            _, section, key = option.lower().split("__")
            known = listed[section]["options"]
            assert key in known, f"{option}: this Airflow has no such option"
            assert not known[key].get("version_deprecated"), f"{option} is deprecated"


def test_connections_and_variables_are_those_of_the_contract(services: dict[str, Any]) -> None:
    environment = services["airflow-scheduler"]["environment"]
    clickhouse = json.loads(environment["AIRFLOW_CONN_CLICKHOUSE_DEFAULT"])
    server = services["clickhouse"]["environment"]
    assert clickhouse == {
        "conn_type": "clickhouse",
        "host": "clickhouse",
        "port": 8123,
        "login": server["CLICKHOUSE_USER"],
        "password": server["CLICKHOUSE_PASSWORD"],
    }
    metrica = json.loads(environment["AIRFLOW_CONN_METRICA_DEFAULT"])
    assert metrica == {"conn_type": "metrica", "password": FILLED["METRICA_TOKEN"]}
    targets = {
        volume["target"]
        for volume in services["airflow-scheduler"]["volumes"]
        if isinstance(volume, dict)
    }
    for name in ("PROGRAMME_PASSPORT", "INBOX", "ARCHIVE"):
        assert environment[f"AIRFLOW_VAR_{name}"] in targets
    assert environment["AIRFLOW_VAR_PERSONAL_DATA_KEY"] == FILLED["PERSONAL_DATA_KEY"]
    database = services["postgres"]["environment"]
    assert environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].endswith(
        f"//{database['POSTGRES_USER']}:{database['POSTGRES_PASSWORD']}"
        f"@postgres:5432/{database['POSTGRES_DB']}"
    )


def test_every_airflow_command_is_one_of_this_airflow(services: dict[str, Any]) -> None:
    script = (REPOSITORY / "deploy" / "airflow-init.sh").read_text()
    commands = [services[name]["command"] for name in AIRFLOW if name != "airflow-init"]
    commands += [
        test[1:]
        for name in AIRFLOW
        if (test := services[name].get("healthcheck", {}).get("test")) and test[1] == "airflow"
    ]
    commands.append(["airflow", "pools", "set", "warehouse", "4", "description"])
    assert re.findall(r"^airflow (\w+ \w+)", script, re.MULTILINE) == ["db migrate", "pools set"]
    commands.append(["airflow", "db", "migrate"])
    check = (
        "import json, sys\n"
        "from airflow.cli.cli_parser import get_parser\n"
        "for command in json.load(sys.stdin):\n"
        "    get_parser().parse_args(command[1:])\n"
    )
    parsed = subprocess.run(
        [sys.executable, "-c", check],
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert parsed.returncode == 0, parsed.stderr


def test_the_image_is_built_of_the_lock_and_runs_as_nobody_special() -> None:
    lines = (REPOSITORY / "Dockerfile").read_text().splitlines()
    copied = [word for line in lines if line.startswith("COPY ") for word in line.split()[1:-1]]
    allowed = {
        line[1:]
        for line in (REPOSITORY / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    assert set(copied) == allowed
    assert [name for name in sorted(copied) if not (REPOSITORY / name).exists()] == []
    assert "requirements.txt" in copied
    assert "USER airflow" in lines
    workdir = next(line.split()[1] for line in lines if line.startswith("WORKDIR"))
    assert f"DAGS_FOLDER: {workdir}/dags\n" in TEXT
    assert f"PLUGINS_FOLDER: {workdir}/plugins\n" in TEXT


@pytest.mark.slow
def test_the_init_script_makes_metadata_pool_and_password(tmp_path: Path) -> None:
    passwords = tmp_path / "passwords.json"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW_ADMIN_PASSWORD": "of-the-test",
        "WAREHOUSE_SLOTS": "3",
    }

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=240, check=False
        )

    initialised = run(str(REPOSITORY / "deploy" / "airflow-init.sh"))
    assert initialised.returncode == 0, initialised.stdout + initialised.stderr
    assert json.loads(passwords.read_text()) == {"admin": "of-the-test"}
    assert passwords.stat().st_mode & 0o077 == 0
    pools = json.loads(run("airflow", "pools", "list", "--output", "json").stdout)
    assert {pool["pool"]: int(pool["slots"]) for pool in pools}["warehouse"] == 3
