"""The manifests of config/kubernetes: what they say of each other, and of the sidecar, is so."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sidecar.cli.main import COMMANDS
from sidecar.clock import utc_now
from sidecar.settings.load import Loaded, load_settings

FOLDER = Path(__file__).parent.parent / "config" / "kubernetes"
PAUSE_S = 15
"""What is closed last may take so long, after the drain."""

Manifest = dict[str, Any]


def manifests() -> Iterator[Manifest]:
    for path in sorted(FOLDER.glob("*.yaml")):
        yield from yaml.safe_load_all(path.read_text(encoding="utf-8"))


def one(kind: str) -> Manifest:
    (found,) = (manifest for manifest in manifests() if manifest["kind"] == kind)
    return found


def pod(kind: str) -> Manifest:
    spec: Manifest = one(kind)["spec"]["template"]["spec"]
    return spec


def ours(kind: str) -> Manifest:
    """Return the container that runs the sidecar's image."""
    (found,) = (item for item in pod(kind)["containers"] if "/sidecar:" in item["image"])
    container: Manifest = found
    return container


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    """The configuration of the ConfigMap, read as `check --without-secrets` does."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sidecar.yaml"
        file.write_text(one("ConfigMap")["data"]["sidecar.yaml"], encoding="utf-8")
        return load_settings(file, {}, utc_now(), secrets=False)


def test_the_configuration_is_right(loaded: Loaded) -> None:
    """The embedded sidecar.yaml shows no fault and no warning."""
    assert loaded.warnings == ()


def test_there_are_as_many_replicas_as_are_declared(loaded: Loaded) -> None:
    """The Deployment shows no more pods than the configuration reckons with, rollouts aside."""
    assert one("Deployment")["spec"]["replicas"] == loaded.settings.replicas > 1


def test_a_stop_has_time_enough(loaded: Loaded) -> None:
    """The grace period shows room for the pause, the drain, and what is closed last."""
    pause_s = ours("Deployment")["lifecycle"]["preStop"]["sleep"]["seconds"]
    drain_s = loaded.settings.drain.total_seconds()
    assert pod("Deployment")["terminationGracePeriodSeconds"] >= pause_s + drain_s + PAUSE_S


def test_probes_ask_what_answers(loaded: Loaded) -> None:
    """Each probe shows the probes listener and its path; liveness never asks the database."""
    container, listen = ours("Deployment"), loaded.settings.listen
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert listen.probes is not None
    assert ports == {"public": listen.public.port, "probes": listen.probes.port}
    asked = {name: container[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness")}
    assert all(get == {"path": "/health/live", "port": "probes"} for get in asked.values())
    ready = container["readinessProbe"]
    assert ready["httpGet"] == {"path": "/health/ready", "port": "probes"}
    assert ready["timeoutSeconds"] > loaded.settings.storage.statement.total_seconds()
    (port,) = one("Service")["spec"]["ports"]
    assert port["targetPort"] == "public"


def test_nobody_reaches_the_application_but_its_sidecar(loaded: Loaded) -> None:
    """The application's container shows no port, and listens where the sidecar asks it."""
    containers = pod("Deployment")["containers"]
    (application,) = (item for item in containers if "/sidecar:" not in item["image"])
    assert "ports" not in application
    (upstream,) = loaded.settings.upstreams.values()
    (bind,) = (item["value"] for item in application["env"] if item["name"] == "BIND")
    assert upstream.url == (f"http://{bind}",)


@pytest.mark.parametrize("kind", ["Deployment", "Job"])
def test_secrets_come_from_where_they_are(kind: str, loaded: Loaded) -> None:
    """Variables and files of the configuration show an entry of the Secret, mounted there."""
    secret, config = one("Secret"), one("ConfigMap")
    container, volumes = ours(kind), {item["name"]: item for item in pod(kind)["volumes"]}
    refs = {item["name"]: item["valueFrom"]["secretKeyRef"] for item in container["env"]}
    text = config["data"]["sidecar.yaml"]
    assert all(f"${{{name}}}" in text for name in refs)
    assert text.count("${") == len(refs)
    named = [(ref["name"], ref["key"]) for ref in refs.values()]
    named += [
        (volumes["keys"]["secret"]["secretName"], item["key"])
        for item in volumes["keys"]["secret"]["items"]
    ]
    assert {name for name, _ in named} == {secret["metadata"]["name"]}
    assert {key for _, key in named} == set(secret["stringData"])
    assert not any(secret["stringData"].values())
    mounts = {item["name"]: item["mountPath"] for item in container["volumeMounts"]}
    (key,) = loaded.settings.keys
    (item,) = volumes["keys"]["secret"]["items"]
    assert key.source.file == f"{mounts['keys']}/{item['path']}"
    assert volumes["configuration"]["configMap"]["name"] == config["metadata"]["name"]
    assert f"{mounts['configuration']}/sidecar.yaml" in container["args"]
    assert container["args"][0] in COMMANDS


@pytest.mark.parametrize("kind", ["Deployment", "Job"])
def test_the_sidecar_may_do_little(kind: str) -> None:
    """Its container shows nobody's user, no capability and nothing that it could write."""
    may = {**pod(kind)["securityContext"], **ours(kind)["securityContext"]}
    assert may["runAsNonRoot"]
    assert may["runAsUser"] == may["fsGroup"] == 65532
    assert may["readOnlyRootFilesystem"]
    assert not may["allowPrivilegeEscalation"]
    assert may["capabilities"] == {"drop": ["ALL"]}
    assert not pod(kind)["automountServiceAccountToken"]


def test_both_run_one_version() -> None:
    """The Job shows the image that the pods have."""
    assert ours("Job")["image"] == ours("Deployment")["image"]
