"""`up --on k3d` with the real kubectl and istioctl against a real API server; docker and k3d alone are pretended.

No container runs: a caretaker says that workloads are ready, as kubelets would. What is proved is that each command
does on a real API server what its step says, and that the steps recognise their own work.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from meshtutor.kube import kinds
from meshtutor.kube.client import KubeClient
from meshtutor.providers import records
from meshtutor.providers.k3d import up as k3d
from meshtutor.providers.k3d.options import K3dOptions
from meshtutor.providers.tools import Tools
from tests.providers.k3d.conftest import Machine
from tests.real.apiserver import ApiServer, serving
from tests.real.caretaker import Caretaker
from tests.real.programs import find, module_folder
from tests.support.servers import Answer
from tests.support.servers import serving as serving_pages

NODES = ("k3d-k3s-default-server-0", "k3d-k3s-default-agent-0", "k3d-k3s-default-agent-1")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """An API server of its own, into which `istioctl install` may install."""
    with serving(tmp_path_factory.mktemp("fresh")) as server:
        yield server


@pytest.fixture(scope="module")
def page() -> Iterator[int]:
    """A port at which something answers 200."""
    with serving_pages(lambda _asked: Answer()) as answering:
        yield answering.port


@pytest.fixture
def machine(fresh: ApiServer, page: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """docker and k3d pretended, kubectl and istioctl real, and a cluster's nodes as objects."""
    machine = Machine(tmp_path, page, ("docker", "k3d"))
    for tool in ("kubectl", "istioctl"):
        (machine.path / tool).symlink_to(find(tool))
    config = yaml.safe_load(fresh.kubeconfig.read_text())
    admin = next(user["user"] for user in config["users"] if user["name"] == "admin")
    (tmp_path / "cluster.json").write_text(
        json.dumps({"cluster": config["clusters"][0]["cluster"], "user": admin})
    )
    for node in NODES:
        fresh.client().apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": node}})
    monkeypatch.setenv("PATH", str(machine.path))
    monkeypatch.setenv("PRETEND", str(tmp_path))
    monkeypatch.setenv("KUBECONFIG", str(machine.kubeconfig))
    monkeypatch.setenv("MESHTUTOR_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("meshtutor.providers.ports.is_free", lambda port, host="": True)
    return machine


@pytest.fixture(scope="module")
def addons() -> str:
    """Istio's own add-ons, as they lie in the module that istioctl is built from."""
    istio = module_folder("istio.io/istio")
    if istio is None:
        pytest.skip(
            "Istio's add-ons are in Go's module cache, and there is no Go or no such module: make real"
        )
    return str(istio / "samples" / "addons")


def test_the_whole_way_up_and_a_second_time(machine: Machine, fresh: ApiServer, addons: str) -> None:
    options = K3dOptions.of("default", port=machine.port, addons=addons)
    heard: list[dict] = []
    tools = Tools(heard.append, dict(os.environ))
    with Caretaker(fresh.client()):
        k3d.up("default", options, tools, heard.append)
        first = [said["done_before"] for said in heard if "part" in said]
        heard.clear()
        k3d.up("default", options, tools, heard.append)
    assert first.count(False) >= 7
    assert all(said["done_before"] for said in heard if "part" in said), heard
    _is_what_the_study_says(fresh.client())
    record = records.load("default")
    assert record is not None
    assert all(done for _, done in k3d.state(record, tools))


def _is_what_the_study_says(kube: KubeClient) -> None:
    labels = {n["metadata"]["name"]: n["metadata"]["labels"] for n in kube.list(kinds.NODE)}
    assert [labels[node]["topology.kubernetes.io/region"] for node in NODES] == ["europe", "europe", "brazil"]
    assert kube.get(kinds.NAMESPACE, "default")["metadata"]["labels"]["istio-injection"] == "enabled"
    ports = kube.get(kinds.SERVICE, "istio-ingressgateway", "istio-system")["spec"]["ports"]
    assert next(p for p in ports if p["name"] == "http2")["nodePort"] == 30000
    deployments = {d["metadata"]["name"] for d in kube.list(kinds.DEPLOYMENT, "istio-system")}
    assert {"istiod", "istio-ingressgateway", "prometheus", "grafana", "jaeger", "kiali"} <= deployments
    prometheus = kube.get(kinds.CONFIG_MAP, "prometheus", "istio-system")["data"]["prometheus.yml"]
    config = yaml.safe_load(prometheus)["global"]
    assert (config["scrape_interval"], config["scrape_timeout"]) == ("1s", "1s")
    assert {d["metadata"]["name"] for d in kube.list(kinds.DEPLOYMENT, "default")} >= {"reviews-v3", "client"}
    assert kube.list(kinds.GATEWAY, "default")
