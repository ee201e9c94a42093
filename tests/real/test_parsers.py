"""Every command line of `up --on k3d` is one that the real program accepts: asked of its own parser."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from meshtutor.providers import requirements
from meshtutor.providers.k3d import up as k3d
from meshtutor.providers.k3d.istio import overlay
from meshtutor.providers.k3d.options import K3dOptions
from meshtutor.providers.tools import Tools
from tests.real.apiserver import ApiServer
from tests.real.programs import find

EVERYTHING = {"agents": 3, "image": "rancher/k3s:v1.33.4-k3s1", "port": 8123, "switch_context": True}
NO_DOCKER = {
    "DOCKER_HOST": "unix:///nonexistent/docker.sock",
    "HOME": "/nonexistent",
    "PATH": "/usr/bin:/bin",
}


def planned(tool: str, **options: object) -> list[list[str]]:
    plan = k3d.plan("class", K3dOptions.of("class", **options), Tools())
    typed = [line.splitlines()[0] for _, commands in plan for line in commands]
    return [words for line in typed if "|" not in line for words in [shlex.split(line)] if words[0] == tool]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESHTUTOR_HOME", str(tmp_path))


@pytest.mark.parametrize("options", [{}, EVERYTHING], ids=["as the study", "every option"])
def test_k3d_parses_its_commands_down_to_docker(options: dict) -> None:
    """k3d reads flags, ports and node filters before it asks Docker: that it gets as far as Docker is the proof."""
    commands = [
        *planned("k3d", **options),
        ["k3d", "cluster", "start", "class"],
        ["k3d", "cluster", "delete", "class"],
    ]
    assert len(commands) >= 4
    for words in commands:
        done = subprocess.run(
            [find("k3d"), *words[1:]], capture_output=True, text=True, timeout=60, env=NO_DOCKER, check=False
        )
        said = done.stdout + done.stderr
        assert "unknown" not in said, (words, said)
        assert "invalid" not in said.lower(), (words, said)
        if words[1:] != ["version"]:
            assert "docker" in said.lower(), (words, said)


def test_k3d_would_refuse_a_wrong_node_filter() -> None:
    """The test above can fail: the same command with a filter that k3d does not know."""
    command = [find("k3d"), "cluster", "create", "-p", "8000:30000@balancer"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=NO_DOCKER, check=False)
    assert "invalid format or empty subset in 'balancer'" in done.stdout + done.stderr


@pytest.mark.parametrize("options", [{}, EVERYTHING], ids=["as the study", "every option"])
def test_kubectl_parses_its_commands(server: ApiServer, options: dict) -> None:
    """Run dry where kubectl can; objects that are not there are fine, flags that it does not know are not."""
    for words in planned("kubectl", **options):
        replaced = ["admin" if word == "k3d-class" else word for word in words]
        command = [find("kubectl"), "--kubeconfig", str(server.kubeconfig), *replaced[1:], *_harmless(words)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        fine = done.returncode == 0 or "not found" in done.stderr or "already exists" in done.stderr
        assert fine, (words, done.stderr)
        assert "unknown flag" not in done.stderr


def _harmless(words: list[str]) -> list[str]:
    if "version" in words or "wait" in words or any(word.startswith("https://") for word in words):
        return ["--help"]  # the address is not reached from here
    return [] if words[1] == "config" else ["--dry-run=server"]


@pytest.mark.parametrize("profile", ["default", "demo"])
def test_istioctl_takes_the_overlay(tmp_path: Path, profile: str) -> None:
    file = tmp_path / "istio.yaml"
    file.write_text(yaml.safe_dump(overlay(profile)))
    command = [find("istioctl"), "manifest", "generate", "-f", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    objects = {(o["kind"], o["metadata"]["name"]): o for o in yaml.safe_load_all(done.stdout) if o}
    gateway = objects["Service", "istio-ingressgateway"]["spec"]
    assert gateway["type"] == "NodePort"
    assert {"name": "http2", "port": 80, "targetPort": 8080, "nodePort": 30000} in gateway["ports"]
    mesh = yaml.safe_load(objects["ConfigMap", "istio"]["data"]["mesh"])
    assert mesh["accessLogFile"] == "/dev/stdout"
    assert mesh["defaultProviders"]["tracing"] == ["jaeger"]
    assert mesh["defaultConfig"]["proxyMetadata"] == {"ISTIO_META_DNS_CAPTURE": "true"}
    istiod = objects["Deployment", "istiod"]["spec"]["template"]["spec"]["containers"][0]
    assert istiod["resources"]["requests"] == {"cpu": "50m", "memory": "256Mi"}
    assert {"name": "PILOT_TRACE_SAMPLING", "value": "100"} in istiod["env"]


def test_the_real_programs_say_their_versions_as_we_read_them() -> None:
    versions = {}
    for wanted in (requirements.K3D, requirements.KUBECTL, requirements.ISTIOCTL):
        done = subprocess.run(
            [find(wanted.tool), *wanted.ask], capture_output=True, text=True, timeout=30, check=True
        )
        versions[wanted.tool] = wanted.read(done.stdout)
    assert requirements.parse(versions["k3d"]) in (None, (5, 8, 3))
    assert versions["istioctl"]
    assert versions["kubectl"].startswith("v")
