"""One real API server for all tests here, with Istio's CRDs and control plane objects as istioctl writes them."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from meshtutor.embedded.crds import crds
from meshtutor.errors import NotFoundError
from meshtutor.kube import kinds
from meshtutor.kube.client import KubeClient
from meshtutor.kube.ordering import rank
from meshtutor.providers.k3d.istio import overlay
from tests.real import kubelet
from tests.real.apiserver import ApiServer, serving
from tests.real.caretaker import Caretaker
from tests.real.istiod import istiod
from tests.real.programs import find, module_folder, until

__all__ = ["istiod"]  # a fixture, which pytest finds here
REPOSITORY = Path(__file__).parents[2]
_LEFT_OUT = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")  # nobody answers them here


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is marked `real`."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.real)


@pytest.fixture(scope="session")
def istio_objects(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What `istioctl install` would apply with our overlay: CRDs, istiod, the gateway."""
    file = tmp_path_factory.mktemp("istio") / "istio.yaml"
    file.write_text(yaml.safe_dump(overlay("default")))
    done = subprocess.run([find("istioctl"), "manifest", "generate", "-f", str(file)], capture_output=True, text=True,
                          check=True, timeout=60)  # fmt: skip
    return [obj for obj in yaml.safe_load_all(done.stdout) if obj and obj["kind"] not in _LEFT_OUT]


@pytest.fixture(scope="session")
def empty_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """A real kube-apiserver with nothing in it."""
    with serving(tmp_path_factory.mktemp("apiserver")) as server:
        yield server


@pytest.fixture(scope="session")
def gateway_api() -> list[dict[str, Any]]:
    """The Gateway API's own definitions as Istio's module knows them; without Go those of the embedded API."""
    module = module_folder("sigs.k8s.io/gateway-api")
    if module is None:
        return [definition for definition in crds() if definition["spec"]["group"].startswith("gateway.")]
    files = sorted((module / "config" / "crd" / "standard").glob("*.yaml"))
    found = [obj for file in files for obj in yaml.safe_load_all(file.read_text())]
    return [obj for obj in found if obj and obj["kind"] == "CustomResourceDefinition"]


@pytest.fixture(scope="session")
def server(
    empty_server: ApiServer, istio_objects: list[dict[str, Any]], gateway_api: list[dict[str, Any]]
) -> ApiServer:
    """The same with the CRDs of Istio and of the Gateway API, istiod's and the gateway's objects."""
    kube = empty_server.client()
    kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "istio-system"}})
    ordered = sorted([*istio_objects, *gateway_api], key=rank)
    for obj in (o for o in ordered if o["kind"] == "CustomResourceDefinition"):
        kube.apply(obj)
    until(lambda: _established(kube), "established CRDs")
    for obj in (o for o in ordered if o["kind"] in ("ServiceAccount", "ConfigMap", "Service", "Deployment")):
        kube.apply(obj, "istio-system")
    return empty_server


@pytest.fixture(scope="session")
def ports(server: ApiServer) -> Iterator[kubelet.Ports]:
    """Which port of which pod leads where; the kubelet reads it at each connection."""
    ports: kubelet.Ports = {}
    with kubelet.serving(server.directory / "certs", ports) as port:
        kubelet.register(server.client(), port)
        yield ports


@pytest.fixture
def pod(server: ApiServer) -> Iterator[Callable[..., None]]:
    """Make a pod that is ready on the kubelet's node."""
    kube, made = server.client(), []

    def make(name: str, namespace: str, labels: dict[str, str], container: str = "c") -> None:
        spec = {"nodeName": kubelet.NODE, "containers": [{"name": container, "image": "i"}]}
        meta = {"name": name, "namespace": namespace, "labels": labels}
        written = kube.apply({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}).object
        written["status"] = {
            "phase": "Running",
            "podIP": "10.1.0.9",
            "conditions": [{"type": "Ready", "status": "True"}],
        }
        kube.request("PUT", kinds.POD.path(name, namespace, "status"), body=written)
        made.append((name, namespace))

    yield make
    for name, namespace in made:
        with contextlib.suppress(NotFoundError):  # a test may have deleted it
            kube.delete(kinds.POD, name, namespace, grace_seconds=0)


@pytest.fixture
def caretaker(server: ApiServer) -> Iterator[Caretaker]:
    """Workloads become ready, and namespaces end."""
    with Caretaker(server.client()) as caretaker:
        yield caretaker


def _established(kube: KubeClient) -> bool:
    found = kube.list(kinds.CRD)
    return len(found) > 10 and all(
        any(
            c["type"] == "Established" and c["status"] == "True"
            for c in (crd.get("status", {}).get("conditions") or ())
        )
        for crd in found
    )
