"""Dockerfile, compose.yaml and k8s/ agree with the settings, with the code and with each other."""

import json
import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from service import __version__
from service.local.neo4j import DEFAULT_VERSION as NEO4J_VERSION
from service.settings import Settings, variables

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))

COMMAND = ["faststream", "run", "service.app:app", "--host", "0.0.0.0", "--port", "8000"]
KNOWN = {name for variable in variables(Settings).values() for name in (variable, f"{variable}_FILE")}
OTHERS = {"PATH", "PYTHONPATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PROMETHEUS_MULTIPROC_DIR"}
GIB = 1 << 30


@cache
def manifest(name):
    return yaml.safe_load((ROOT / "k8s" / f"{name}.yaml").read_text(encoding="utf-8"))


@cache
def config_map():
    lines = (ROOT / "k8s" / "settings.env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def pod():
    return manifest("deployment")["spec"]["template"]["spec"]


def container():
    (only,) = pod()["containers"]
    return only


@pytest.fixture
def settings(monkeypatch):
    """The settings of a pod: those of the ConfigMap, and defaults."""
    for variable in KNOWN:
        monkeypatch.delenv(variable, raising=False)
    for variable, value in config_map().items():
        monkeypatch.setenv(variable, value)
    return Settings.load()


def seconds(text):
    assert text.endswith("s")
    return float(text[:-1])


# --- settings ---------------------------------------------------------------------------------------------------------


def test_every_variable_of_the_pods_is_a_setting():
    names = {*config_map(), *(variable["name"] for variable in container()["env"])}
    assert names <= KNOWN


def test_every_variable_of_the_composed_service_is_a_setting():
    assert set(COMPOSE["services"]["docgraph"]["environment"]) <= KNOWN


def test_every_variable_of_the_image_is_a_setting_or_python_s_own():
    final = DOCKERFILE.rsplit("\nFROM ", 1)[1]
    block = re.search(r"^ENV ((?:.*\\\n)*.*)$", final, re.MULTILINE)
    assert block
    assert set(re.findall(r"([A-Z0-9_]+)=", block[1])) <= KNOWN | OTHERS


def test_the_config_map_is_loaded_as_settings(settings):
    assert settings.neo4j_uri == config_map()["NEO4J_URI"]


def test_the_config_map_holds_nothing_secret():
    assert not {"RABBITMQ_URL", "NEO4J_PASSWORD"} & set(config_map())


def test_each_secret_is_mounted_where_its_variable_points():
    (mount,) = (mount for mount in container()["volumeMounts"] if mount["name"] == "secrets")
    (volume,) = (volume for volume in pod()["volumes"] if volume["name"] == "secrets")
    files = {f"{mount['mountPath']}/{item['path']}" for item in volume["secret"]["items"]}
    assert {variable["value"] for variable in container()["env"]} == files


def test_no_password_is_written_into_compose_yaml():
    for service in COMPOSE["services"].values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASS|AUTH|URL", name):
                assert re.search(r"\$\{[A-Z0-9_]+_PASSWORD:\?[^}]+\}", value), (
                    f"{name} is not taken from the environment"
                )


# --- time and memory --------------------------------------------------------------------------------------------------


def test_a_pod_is_given_longer_to_end_than_the_service_takes(settings):
    assert pod()["terminationGracePeriodSeconds"] >= settings.shutdown_grace + 15


def test_a_composed_service_is_given_longer_to_end_than_it_takes():
    default = Settings.model_fields["shutdown_grace"].default
    assert seconds(COMPOSE["services"]["docgraph"]["stop_grace_period"]) >= default + 15


def test_a_pod_is_given_longer_to_start_than_the_service_waits_for_its_servers(settings):
    probe = container()["startupProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] >= settings.startup_timeout + 15


def test_an_image_is_given_longer_to_start_than_the_service_waits_for_its_servers():
    start_period = re.search(r"--start-period=(\d+)s", DOCKERFILE)
    assert start_period
    assert int(start_period[1]) >= Settings.model_fields["startup_timeout"].default + 15


def test_the_parsers_and_the_service_fit_in_the_pod_s_memory(settings):
    limit = container()["resources"]["limits"]["memory"]
    assert limit.endswith("Gi")
    parsers = settings.parser_processes * settings.parser_memory_bytes
    assert parsers + GIB <= int(limit.removesuffix("Gi")) * GIB


# --- images -----------------------------------------------------------------------------------------------------------


def test_every_image_is_pinned_to_a_patch_release():
    base = re.search(r"^ARG PYTHON_IMAGE=(.+)$", DOCKERFILE, re.MULTILINE)
    assert base
    images = [base[1], container()["image"], *(service["image"] for service in COMPOSE["services"].values())]
    for image in images:
        assert re.fullmatch(r"[a-z0-9./-]+:\d+\.\d+\.\d+(-[a-z0-9-]+)?", image), f"{image} is not pinned"


def test_every_stage_of_the_image_has_the_same_python():
    stages = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert stages == ["${PYTHON_IMAGE}"] * 2


def test_the_service_s_images_have_its_version():
    (kustomized,) = manifest("kustomization")["images"]
    assert f"\nARG VERSION={__version__}\n" in DOCKERFILE
    assert container()["image"] == COMPOSE["services"]["docgraph"]["image"] == f"docgraph:{__version__}"
    assert kustomized == {"name": "docgraph", "newTag": __version__}


def test_the_composed_neo4j_is_the_one_that_the_tests_run_on():
    assert COMPOSE["services"]["neo4j"]["image"] == f"neo4j:{NEO4J_VERSION}"


def test_the_image_starts_the_documented_command():
    assert json.loads(DOCKERFILE.rsplit("\nCMD ", 1)[1]) == COMMAND
    assert " ".join(COMMAND[:3]) in (ROOT / "README.md").read_text(encoding="utf-8")


def test_no_manifest_overrides_the_image_s_command():
    for workload in (container(), COMPOSE["services"]["docgraph"]):
        assert not {"command", "args", "entrypoint"} & set(workload)


# --- rights -----------------------------------------------------------------------------------------------------------


def test_the_image_runs_as_a_numeric_user_who_is_not_root():
    user = re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE)[-1]
    uid, gid = user.split(":")
    assert int(uid) > 0
    assert int(gid) > 0


def test_the_pods_run_as_the_image_s_user():
    context = pod()["securityContext"]
    assert f"\nUSER {context['runAsUser']}:{context['runAsGroup']}\n" in DOCKERFILE


def test_the_pods_meet_the_restricted_pod_security_standard():
    assert pod()["securityContext"]["runAsNonRoot"] is True
    assert pod()["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    context = container()["securityContext"]
    assert context["allowPrivilegeEscalation"] is False
    assert context["readOnlyRootFilesystem"] is True
    assert context["capabilities"] == {"drop": ["ALL"]}


def test_the_pods_get_no_token():
    assert pod()["serviceAccountName"] == manifest("serviceaccount")["metadata"]["name"]
    assert pod()["automountServiceAccountToken"] is False
    assert manifest("serviceaccount")["automountServiceAccountToken"] is False


def test_published_ports_are_bound_to_loopback():
    for service in COMPOSE["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])


# --- wiring -----------------------------------------------------------------------------------------------------------


def test_probes_service_and_network_policy_use_the_port_of_the_image():
    (port,) = container()["ports"]
    (served,) = manifest("service")["spec"]["ports"]
    (admitted,) = manifest("networkpolicy")["spec"]["ingress"][0]["ports"]
    assert str(port["containerPort"]) == COMMAND[-1]
    assert f"\nEXPOSE {port['containerPort']}\n" in DOCKERFILE
    assert served["targetPort"] == port["name"]
    assert admitted["port"] == port["containerPort"]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container()[probe]["httpGet"]["port"] == port["name"]


def test_liveness_asks_nobody_else():
    assert container()["startupProbe"]["httpGet"]["path"] == "/livez"
    assert container()["livenessProbe"]["httpGet"]["path"] == "/livez"
    assert container()["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_every_selector_selects_the_pods():
    labels = manifest("deployment")["spec"]["template"]["metadata"]["labels"]
    selectors = [
        manifest("deployment")["spec"]["selector"]["matchLabels"],
        manifest("service")["spec"]["selector"],
        manifest("poddisruptionbudget")["spec"]["selector"]["matchLabels"],
        manifest("networkpolicy")["spec"]["podSelector"]["matchLabels"],
    ]
    for selector in selectors:
        assert selector
        assert selector.items() <= labels.items()


def test_the_kustomization_lists_every_manifest():
    files = {path.name for path in (ROOT / "k8s").glob("*.yaml")} - {"kustomization.yaml"}
    assert set(manifest("kustomization")["resources"]) == files


def test_the_generated_config_map_is_the_one_that_the_pods_read():
    (generator,) = manifest("kustomization")["configMapGenerator"]
    (source,) = container()["envFrom"]
    assert source == {"configMapRef": {"name": generator["name"]}}
    assert generator["envs"] == ["settings.env"]


def test_a_node_can_be_drained_while_the_service_goes_on():
    assert manifest("deployment")["spec"]["replicas"] > manifest("poddisruptionbudget")["spec"]["maxUnavailable"]


def test_the_image_is_made_of_files_that_are_not_ignored():
    admitted = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = re.findall(r"^COPY (?!--)(\S+) ", DOCKERFILE, re.MULTILINE)
    assert copied
    for source in copied:
        assert source.rstrip("/") in admitted
        assert (ROOT / source).exists()
