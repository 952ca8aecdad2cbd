"""The production shape without a Docker engine: specification, options, secrets, ports, limits.

The schema is the Compose specification's own, as check-jsonschema carries it; option names are
checked against the installed Airflow's list. That the services accept their commands and settings is
shown by starting them (``test_airflow_services.py``). Not checked here, for want of an engine: that
the images are built and the containers find each other.
"""

from __future__ import annotations

import ipaddress
import json
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import chdb
import pytest
import yaml
from airflow.providers.celery import get_provider_info as celery
from airflow.providers.fab import get_provider_info as fab
from cryptography.fernet import Fernet

from municipal_indicators.settings import REPOSITORY
from tests.production.compose import (
    EXAMPLE,
    EXAMPLE_TEXT,
    FILLED,
    OPTIONAL,
    TEXT,
    VARIABLE,
    interpolated,
    read,
    read_services,
)

CHECK = Path(sys.executable).with_name("check-jsonschema")
SECRET = re.compile(r"PASSWORD|KEY|SECRET|TOKEN")
KEEPERS = [f"clickhouse-keeper-{number}" for number in (1, 2, 3)]
SERVERS = ["clickhouse", "clickhouse-1-2", "clickhouse-2-1", "clickhouse-2-2"]
AIRFLOW = [
    "airflow-api-server",
    "airflow-scheduler",
    "airflow-dag-processor",
    "airflow-triggerer",
    "airflow-worker",
    "airflow-init",
]
ONCE = ["airflow-init", "superset-init"]
PROFILES = {
    **dict.fromkeys(["redis", "airflow-worker"], "celery"),
    **dict.fromkeys([*SERVERS[1:], *KEEPERS], "cluster"),
}
ALL = [*SERVERS, *KEEPERS, "postgres", "redis", *AIRFLOW, "superset-init", "superset"]
LASTING = [name for name in ALL if name not in ONCE]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return read()


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return read_services()


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
    assert set(services) == set(ALL)
    profiles = {name: one["profiles"] for name, one in services.items() if "profiles" in one}
    assert profiles == {name: [profile] for name, profile in PROFILES.items()}


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


# The secrets of .env that each service is given: those that it uses.
_METADATA = {"AIRFLOW_DB_PASSWORD", "AIRFLOW_FERNET_KEY"}
_LOADS = {"CLICKHOUSE_LOADER_PASSWORD", "PERSONAL_DATA_KEY", "METRICA_TOKEN"}
_SERVER = {
    "CLICKHOUSE_LOADER_PASSWORD",
    "CLICKHOUSE_BI_PASSWORD",
    "CLICKHOUSE_AUDITOR_PASSWORD",
    "CLICKHOUSE_CLUSTER_SECRET",
}
_SUPERSET = {"SUPERSET_SECRET_KEY", "SUPERSET_DB_PASSWORD", "CLICKHOUSE_BI_PASSWORD"}
SECRETS = {
    **dict.fromkeys(SERVERS, _SERVER),
    **{name: set() for name in KEEPERS},
    "postgres": {"POSTGRES_PASSWORD", "AIRFLOW_DB_PASSWORD", "SUPERSET_DB_PASSWORD"},
    "redis": {"REDIS_PASSWORD"},
    "airflow-init": {*_METADATA, "AIRFLOW_ADMIN_PASSWORD"},
    "airflow-dag-processor": _METADATA,
    "airflow-api-server": {*_METADATA, "AIRFLOW_API_SECRET_KEY", "AIRFLOW_JWT_SECRET"},
    "airflow-triggerer": {*_METADATA, "AIRFLOW_API_SECRET_KEY", "METRICA_TOKEN"},
    "airflow-scheduler": {
        *(*_METADATA, *_LOADS, "AIRFLOW_API_SECRET_KEY"),
        *("AIRFLOW_JWT_SECRET", "REDIS_PASSWORD"),
    },
    "airflow-worker": {*_METADATA, *_LOADS, "AIRFLOW_API_SECRET_KEY", "REDIS_PASSWORD"},
    "superset": _SUPERSET,
    "superset-init": {*_SUPERSET, "SUPERSET_ADMIN_PASSWORD"},
}


@pytest.mark.parametrize("name", ALL)
def test_a_service_is_given_only_the_secrets_that_it_uses(
    services: dict[str, Any], name: str
) -> None:
    given = json.dumps(services[name])
    secrets = {one: value for one, value in FILLED.items() if SECRET.search(one)}
    assert {one for one, value in secrets.items() if value in given} == SECRETS[name]


@pytest.mark.parametrize("name", ALL)
def test_a_service_has_no_rights_and_writes_only_where_it_must(
    services: dict[str, Any], name: str
) -> None:
    service = services[name]
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    targets = [one["target"] for one in service.get("volumes", []) if isinstance(one, dict)]
    assert "/tmp" in [*service["tmpfs"], *targets]
    # Images of our own name their user; those of others start as root unless the file says otherwise.
    named = not service["image"].startswith("municipal-indicators")
    assert service.get("user") in ({"101:101", "999:999"} if named else {None})


def test_forwarded_headers_are_believed_from_the_network_s_gateway_only(
    compose: dict[str, Any],
) -> None:
    (network,) = compose["networks"]["default"]["ipam"]["config"]
    trusted = compose["services"]["airflow-api-server"]["environment"]["FORWARDED_ALLOW_IPS"]
    assert trusted == network["gateway"]
    assert ipaddress.ip_address(trusted) in ipaddress.ip_network(network["subnet"])


def test_services_start_after_what_they_need(services: dict[str, Any]) -> None:
    ready = {"postgres": "service_healthy", "clickhouse": "service_healthy"}
    after = {**ready, "airflow-init": "service_completed_successfully"}
    waits = {
        name: {other: rule["condition"] for other, rule in service.get("depends_on", {}).items()}
        for name, service in services.items()
    }
    assert waits["airflow-init"] == waits["superset-init"] == {"postgres": "service_healthy"}
    assert waits["airflow-api-server"] == waits["airflow-dag-processor"] == after
    with_server = {**after, "airflow-api-server": "service_healthy"}
    assert waits["airflow-scheduler"] == waits["airflow-triggerer"] == with_server
    assert waits["airflow-worker"] == {**with_server, "redis": "service_healthy"}
    assert waits["superset"] == {
        "superset-init": "service_completed_successfully",
        "clickhouse": "service_healthy",
    }
    for name in ("clickhouse", "postgres", "redis", *KEEPERS):
        assert waits[name] == {}
    for name in ONCE:
        assert services[name]["restart"] == "no"


def test_what_starts_without_a_profile_needs_nothing_of_a_profile(services: dict[str, Any]) -> None:
    for name, service in services.items():
        for other in service.get("depends_on", {}):
            assert PROFILES.get(other) in {None, PROFILES.get(name)}, f"{name} waits for {other}"


def test_ports_are_open_to_this_host_only_unless_set_otherwise(services: dict[str, Any]) -> None:
    ports = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert set(ports) == {"clickhouse", "airflow-api-server", "superset"}
    assert all(port.startswith("127.0.0.1:") for listed in ports.values() for port in listed)
    opened = read_services(FILLED | {"BIND_ADDRESS": "10.1.2.3"})
    assert all(opened[name]["ports"][0].startswith("10.1.2.3:") for name in ports)


def test_images_are_pinned_and_airflow_has_one(services: dict[str, Any]) -> None:
    images = {name: service["image"] for name, service in services.items()}
    ours = ("municipal-indicators", "clickhouse/")
    full = {name: one for name, one in images.items() if not one.startswith(ours)}
    assert all(re.search(r":\d+\.\d+[\w.-]*$", image) for image in images.values()), images
    assert set(full) == {"postgres", "redis"}
    assert all(re.search(r":\d+(\.\d+)+-bookworm$", one) for one in full.values()), full
    for dockerfile in ("Dockerfile", "bi/superset/Dockerfile"):
        base = (REPOSITORY / dockerfile).read_text()
        assert re.search(r"^FROM python:3\.\d+\.\d+-slim-bookworm$", base, re.MULTILINE)
        assert "pip install --require-hashes --no-deps -r" in base
    assert len({images[name] for name in AIRFLOW}) == 1
    embedded = chdb.engine_version
    for name in (*SERVERS, *KEEPERS):
        assert images[name].rpartition(":")[2] == ".".join(embedded.split(".")[:2])


def test_named_volumes_are_declared_and_used(compose: dict[str, Any]) -> None:
    used = set()
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            if isinstance(volume, dict):
                own = volume == {"type": "volume", "target": "/tmp"}
                assert own or volume["bind"] == {"create_host_path": False}
            elif volume.startswith("./"):
                source, _, options = volume.split(":")
                assert options == "ro"
                assert (REPOSITORY / source).is_file(), source
            else:
                used.add(volume.split(":")[0])
    assert used == set(compose["volumes"])


def test_each_server_of_the_cluster_has_its_place_and_its_own_data(
    services: dict[str, Any],
) -> None:
    places = {}
    data = set()
    for name in SERVERS:
        environment = services[name]["environment"]
        places[name] = (environment["CLICKHOUSE_SHARD"], environment["CLICKHOUSE_REPLICA"])
        data |= {volume for volume in services[name]["volumes"] if volume.endswith("/clickhouse")}
    assert places == {
        "clickhouse": ("1", "1"),
        "clickhouse-1-2": ("1", "2"),
        "clickhouse-2-1": ("2", "1"),
        "clickhouse-2-2": ("2", "2"),
    }
    assert [services[name]["hostname"] for name in SERVERS] == SERVERS
    assert len(data) == len(SERVERS)
    topology = (REPOSITORY / "deploy/clickhouse/topology/cluster.xml").read_text()
    assert set(re.findall(r"<host>([\w-]+)</host>", topology)) == {*SERVERS, *KEEPERS}
    assert [services[name]["environment"]["KEEPER_ID"] for name in KEEPERS] == ["1", "2", "3"]
    assert {one.name for one in (REPOSITORY / "deploy/clickhouse/topology").iterdir()} >= {
        "single.xml",
        "cluster.xml",
        "keeper.xml",
    }


def test_tasks_and_triggerer_share_the_rate_limit_of_metrica(services: dict[str, Any]) -> None:
    mounted = "metrica-rate-limit:/opt/airflow/metrica-rate-limit"
    assert all(mounted in services[name]["volumes"] for name in AIRFLOW)
    image = (REPOSITORY / "Dockerfile").read_text()
    assert "AIRFLOW_HOME=/opt/airflow" in image
    owned = {"logs", "report", "metrica-rate-limit"}
    assert set(re.findall(r'"\$\{AIRFLOW_HOME\}/([\w-]+)"', image)) == owned
    for name in AIRFLOW:
        homes = [one for one in services[name]["volumes"] if "/opt/airflow/" in one]
        assert {one.rpartition("/")[2] for one in homes} == owned, "it would belong to root"


def test_settings_of_the_host_are_listed_in_the_example_and_used() -> None:
    used = {match["name"] for match in VARIABLE.finditer(TEXT)}
    assert used | {"COMPOSE_PROFILES"} == {*EXAMPLE, *OPTIONAL}
    assert set(OPTIONAL["COMPOSE_PROFILES"].split(",")) == set(PROFILES.values())


@pytest.mark.parametrize("name", [name for name, value in EXAMPLE.items() if not value])
def test_nothing_starts_without_a_secret(name: str) -> None:
    with pytest.raises(LookupError, match=f"fill in {name} in .env"):
        interpolated({**FILLED, name: ""})


def test_every_secret_has_no_default() -> None:
    assert {name for name in EXAMPLE if SECRET.search(name)} == {
        name for name, value in EXAMPLE.items() if not value
    }
    for match in VARIABLE.finditer(TEXT):
        expected = "?" if SECRET.search(match["name"]) else "-"
        assert match["kind"] == expected, match[0]
        if expected == "-" and match["name"] in EXAMPLE:
            assert match["rest"] == EXAMPLE[match["name"]], "the example shows another default"


def test_a_new_env_file_has_every_secret_once_and_only_for_its_owner(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    script = tmp_path / "deploy" / "new-env.sh"
    script.write_text((REPOSITORY / "deploy" / "new-env.sh").read_text())
    (tmp_path / ".env.example").write_text(EXAMPLE_TEXT)

    def make() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", str(script)], capture_output=True, text=True, timeout=60, check=False
        )

    assert make().returncode == 0
    written = tmp_path / ".env"
    assert written.stat().st_mode & 0o077 == 0
    text = written.read_text()
    values = dict(re.findall(r"^([A-Z_]+)=(.*)$", text, re.MULTILINE))
    assert set(values) == set(EXAMPLE)
    assert {name for name, value in values.items() if not value} == {"METRICA_TOKEN"}
    secrets = [value for name, value in values.items() if SECRET.search(name) and value]
    assert len(set(secrets)) == len(secrets)
    assert all(re.fullmatch(r"[\w=-]{44,64}", value) for value in secrets)
    Fernet(values["AIRFLOW_FERNET_KEY"])
    assert values["AIRFLOW_PORT"] == EXAMPLE["AIRFLOW_PORT"]
    again = make()
    assert again.returncode == 1
    assert "exists already" in again.stderr
    assert written.read_text() == text


def test_every_option_is_one_of_this_airflow(services: dict[str, Any]) -> None:
    listed = yaml.safe_load((files("airflow.config_templates") / "config.yml").read_text())
    for provider in (fab, celery):
        listed |= provider.get_provider_info()["config"]
    for name in AIRFLOW:
        hidden = services[name]["environment"]["AIRFLOW__CORE__SENSITIVE_VAR_CONN_NAMES"]
        assert hidden == "personal_data_key"
        options = [key for key in services[name]["environment"] if key.startswith("AIRFLOW__")]
        assert len(options) >= 10
        for option in options:
            _, section, key = option.lower().split("__")
            known = listed[section]["options"]
            assert key in known, f"{option}: this Airflow has no such option"
            assert not known[key].get("version_deprecated"), f"{option} is deprecated"


def test_connections_and_variables_are_those_of_the_readme(services: dict[str, Any]) -> None:
    environment = services["airflow-scheduler"]["environment"]
    clickhouse = json.loads(environment["AIRFLOW_CONN_CLICKHOUSE_DEFAULT"])
    server = services["clickhouse"]["environment"]
    assert clickhouse == {
        "conn_type": "clickhouse",
        "host": "clickhouse",
        "port": 8123,
        "login": "loader",
        "password": server["CLICKHOUSE_LOADER_PASSWORD"],
        "extra": {"cluster": ""},
    }
    metrica = json.loads(environment["AIRFLOW_CONN_METRICA_DEFAULT"])
    assert metrica == {"conn_type": "metrica", "password": FILLED["METRICA_TOKEN"]}
    assert not any("CONN_CLICKHOUSE" in key for key in services["airflow-triggerer"]["environment"])
    targets = {
        volume["target"]
        for volume in services["airflow-scheduler"]["volumes"]
        if isinstance(volume, dict)
    }
    assert environment["AIRFLOW_VAR_REPORT"].rpartition("/")[0] == "/opt/airflow/report"
    for name in ("PROGRAMME_PASSPORT", "INBOX", "ARCHIVE"):
        assert environment[f"AIRFLOW_VAR_{name}"] in targets
    assert environment["AIRFLOW_VAR_PERSONAL_DATA_KEY"] == FILLED["PERSONAL_DATA_KEY"]
    database = services["postgres"]["environment"]
    for option in ("DATABASE__SQL_ALCHEMY_CONN", "CELERY__RESULT_BACKEND"):
        assert environment[f"AIRFLOW__{option}"].endswith(
            f"//airflow:{database['AIRFLOW_DB_PASSWORD']}@postgres:5432/airflow"
        )
    assert services["superset"]["environment"]["SUPERSET_DATABASE_URI"].endswith(
        f"//superset:{database['SUPERSET_DB_PASSWORD']}@postgres:5432/superset"
    )
    broker = environment["AIRFLOW__CELERY__BROKER_URL"]
    assert broker == f"redis://:{services['redis']['environment']['REDIS_PASSWORD']}@redis:6379/0"


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
    assert "requirements-server.txt" in copied
    assert "USER airflow" in lines
    workdir = next(line.split()[1] for line in lines if line.startswith("WORKDIR"))
    assert f"DAGS_FOLDER: {workdir}/dags\n" in TEXT
    assert f"PLUGINS_FOLDER: {workdir}/plugins\n" in TEXT


def test_each_service_and_each_key_is_accounted_for(services: dict[str, Any]) -> None:
    told = (REPOSITORY / "docs" / "server.md").read_text().partition("## Что доказано")[2]
    services_table, keys_table = (
        re.findall(r"^\| `([\w-]+)` \| ", table, re.MULTILINE)
        for table in told.partition("| ключ |")[::2]
    )
    assert sorted(services_table) == sorted(services)
    assert sorted(keys_table) == sorted({key for one in services.values() for key in one})


def test_superset_s_image_is_built_of_its_lock_and_runs_as_nobody_special() -> None:
    folder = REPOSITORY / "bi" / "superset"
    lines = (folder / "Dockerfile").read_text().splitlines()
    copied = [word for line in lines if line.startswith("COPY ") for word in line.split()[1:-1]]
    assert [name for name in copied if not (folder / name).exists()] == []
    assert "requirements.txt" in copied
    assert "USER superset" in lines
