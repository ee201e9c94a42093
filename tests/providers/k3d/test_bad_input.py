"""Each thing that is wrong on a learner's machine: a sentence, the next step, and nothing half-made unexplained."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from meshtutor.errors import LabError, MeshtutorError, NotReadyError
from meshtutor.providers import ports, records, waits
from tests.providers.k3d.conftest import Machine


@pytest.mark.parametrize("tool", ["docker", "k3d", "kubectl", "istioctl"])
def test_a_missing_program_is_named_with_its_installation(machine: Machine, up: Callable, tool: str) -> None:
    machine.remove(tool)
    with pytest.raises(LabError) as caught:
        up()
    assert f"{tool} is not on PATH" in caught.value.message
    assert "https://" in caught.value.hint
    assert machine.changes == []
    assert records.names() == []


def test_all_missing_programs_are_named_at_once(machine: Machine, up: Callable) -> None:
    machine.remove("k3d")
    machine.remove("istioctl")
    with pytest.raises(LabError) as caught:
        up()
    assert "k3d is not on PATH" in caught.value.message
    assert "istioctl is not on PATH" in caught.value.message


DOCKER = {
    "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?": "start Docker",
    "permission denied while trying to connect to the Docker daemon socket": "usermod -aG docker",
}


@pytest.mark.parametrize(("says", "next_step"), DOCKER.items())
def test_docker_that_does_not_answer(machine: Machine, up: Callable, says: str, next_step: str) -> None:
    machine.fail("docker version", output=says)
    with pytest.raises(LabError) as caught:
        up()
    assert next_step in caught.value.hint
    assert machine.changes == []


@pytest.mark.parametrize(("tool", "old"), [("k3d", "v4.4.8"), ("istioctl", "1.17.2"), ("docker", "19.3.0")])
def test_a_program_that_is_too_old(machine: Machine, up: Callable, tool: str, old: str) -> None:
    machine.change(versions={**machine.read()["versions"], tool: old})
    with pytest.raises(LabError) as caught:
        up()
    assert f"{tool} is {old}" in caught.value.message
    assert "or newer is needed" in caught.value.message


def test_a_build_from_source_that_knows_no_version_will_do(machine: Machine, up: Callable) -> None:
    versions = {
        **machine.read()["versions"],
        "istioctl": "unknown",
        "k3d": "v5-dev",
        "kubectl": "v0.0.0-master",
    }
    machine.change(versions=versions)
    up()
    assert machine.read()["gateway"]


def test_a_taken_port_is_named_before_anything_is_made(
    machine: Machine, up: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("PATH", str(machine.path))
    monkeypatch.setenv("PRETEND", str(machine.directory))
    monkeypatch.setenv("KUBECONFIG", str(machine.kubeconfig))
    monkeypatch.setenv("MESHTUTOR_HOME", str(machine.directory / "home"))
    with pytest.raises(LabError) as caught:
        up()
    assert f"Port {machine.port} is taken by" in caught.value.message
    assert "nothing was created" in caught.value.message
    assert f"--port {machine.port + 1}" in caught.value.hint
    assert machine.changes == []


def test_who_has_a_port() -> None:
    with socket.socket() as mine:
        mine.bind(("127.0.0.1", 0))
        mine.listen()
        port = mine.getsockname()[1]
        assert not ports.is_free(port)
        assert "pytest" in ports.owner(port) or "python" in ports.owner(port)
    assert ports.is_free(port)


def test_a_cluster_of_somebody_else_is_not_touched(machine: Machine, up: Callable) -> None:
    machine.change(cluster={"name": "k3s-default", "running": True, "labels": {}})
    with pytest.raises(LabError) as caught:
        up()
    assert "meshtutor did not make it" in caught.value.message
    assert "--on context --context k3d-k3s-default" in caught.value.hint
    assert machine.changes == []


CREATE, INSTALL = "k3d cluster create", "istioctl install"
SAID = [
    (
        CREATE,
        "driver failed programming external connectivity: Bind for 0.0.0.0:8000 failed: port is already allocated",
        ("could not publish port", "--port"),
    ),
    (
        CREATE,
        "FATA Failed to create cluster 'k3s-default' because a cluster with that name already exists",
        ("exists already", "--name"),
    ),
    (
        INSTALL,
        "The Kubernetes version v1.27.4 is not supported by Istio 1.30.3. Minimum supported Kubernetes version is 1.29",
        ("does not support", "--image"),
    ),
    (
        INSTALL,
        (
            "✘ Istiod encountered an error: resources not ready after 10m0s: context deadline exceeded\n"
            "  Deployment/istio-system/istiod (containers with unready status: [discovery])"
        ),
        ("not become ready in time", "get pods -A"),
    ),
    (
        INSTALL,
        "Deployment/istio-system/istiod (container failed to start: ImagePullBackOff: Back-off pulling image)",
        ("cannot be pulled", "get pods"),
    ),
    (
        "prometheus.yaml",
        'error: unable to read URL "https://raw...", dial tcp: lookup raw: no such host',
        ("cannot be reached", "--addons DIR"),
    ),
    (
        CREATE,
        "docker failed to pull image 'k3s': toomanyrequests: You have reached your pull rate limit",
        ("limits pulls", "docker login"),
    ),
    (
        CREATE,
        (
            "docker failed to pull the image 'docker.io/rancher/k3s:v1.31.5-k3s1': Error response from daemon: "
            'Get "https://registry/v2/": dial tcp: lookup registry: no such host'
        ),
        (
            "cannot pull the image docker.io/rancher/k3s:v1.31.5-k3s1",
            "docker pull docker.io/rancher/k3s:v1.31.5",
        ),
    ),
    (CREATE, "write /var/lib/docker: no space left on device", ("disk is full", "docker system df")),
]


@pytest.mark.parametrize(("command", "says", "expected"), SAID, ids=[says[:40] for _, says, _ in SAID])
def test_what_a_program_says_becomes_a_sentence(
    machine: Machine, up: Callable, command: str, says: str, expected: tuple[str, str]
) -> None:
    sentence, next_step = expected
    machine.fail(command, output=says)
    with pytest.raises(MeshtutorError) as caught:
        up()
    assert sentence in caught.value.message
    assert next_step in caught.value.hint
    assert "goes on from here" in caught.value.hint


def test_a_pod_that_never_becomes_ready_is_named_with_its_reason(
    machine: Machine, up: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waits, "_POLL_SECONDS", 0.01)
    monkeypatch.setattr(
        waits.wait_ready, "__kwdefaults__", {**waits.wait_ready.__kwdefaults__, "patience": 0.0}
    )
    limit = "toomanyrequests: You have reached your unauthenticated pull rate limit"
    machine.change(stuck={"reviews-v3": ["ImagePullBackOff", limit]})
    heard: list[dict] = []
    with pytest.raises(NotReadyError) as caught:
        up(heard=heard)
    assert "reviews-v3-5d-x/app: ImagePullBackOff" in caught.value.message
    assert "docker login" in caught.value.hint
    assert any("waiting for reviews-v3" in said.get("waiting", "") for said in heard)


def test_a_folder_without_addons_is_refused_by_name(machine: Machine, up: Callable) -> None:
    with pytest.raises(LabError, match=r"has no prometheus\.yaml"):
        up(addons=str(machine.directory))
