"""A real istiod as a client of this API server: it becomes ready, reads what is applied and writes what it writes.

The strictest client there is at hand: client-go's informers with streaming lists, metadata-only watches, leader
election by Leases, server-side apply of statuses. Skipped where there is no pilot-discovery (`make real`).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import requests

from meshtutor.embedded.crds import crds
from meshtutor.kube.kinds import CONFIG_MAP, LEASE, SECRET, VIRTUAL_SERVICE
from tests.embedded.apiserver.conftest import BLOCK, Served
from tests.embedded.apiserver.objects import namespace, service
from tests.real.istiod import ENVIRONMENT
from tests.real.programs import find, running, until

pytestmark = pytest.mark.real
HOST = BLOCK.pod(9)
ROUTE = {
    "apiVersion": "networking.istio.io/v1alpha3",
    "kind": "VirtualService",
    "metadata": {"name": "reviews", "namespace": "default"},
    "spec": {"hosts": ["reviews"], "http": [{"route": [{"destination": {"host": "reviews"}}]}]},
}


def command(program: str, served: Served, directory: Path) -> list[str]:
    (directory / "mesh.yaml").write_text("ingressControllerMode: 'OFF'\n")
    (directory / "networks.yaml").write_text("networks: {}\n")
    flags = {
        "kubeconfig": served.kubeconfig, "meshConfig": directory / "mesh.yaml",
        "networksConfig": directory / "networks.yaml", "registries": "Kubernetes", "namespace": "istio-system",
        "httpAddr": f"{HOST}:8080", "grpcAddr": f"{HOST}:15010", "secureGRPCAddr": "", "httpsAddr": "",
        "monitoringAddr": f"{HOST}:15014", "ctrlz_port": 9876, "ctrlz_address": HOST,
    }  # fmt: skip
    return [program, "discovery", *(f"--{flag}={value}" for flag, value in flags.items())]


def page(path: str) -> Any:
    return requests.get(f"http://{HOST}:8080{path}", timeout=5)


def ready() -> bool:
    try:
        return bool(page("/ready").status_code == 200)
    except requests.RequestException:
        return False


def knows(kind: str, name: str) -> bool:
    return any((o["kind"], o["metadata"]["name"]) == (kind, name) for o in page("/debug/configz").json())


def test_istiod_is_at_home(served: Served, tmp_path: Path) -> None:
    program = find("pilot-discovery")
    for definition in crds():
        served.run(served.registry.create(definition))
    served.run(served.registry.create(namespace("istio-system")))
    environment = {
        **os.environ,
        **ENVIRONMENT,
        "ENABLE_LEADER_ELECTION": "true",
        "PILOT_ENABLE_GATEWAY_API": "true",
        # it would watch autoscalers and disruption budgets, kinds that this API server does not have
        "PILOT_ENABLE_GATEWAY_API_DEPLOYMENT_CONTROLLER": "false",
    }
    log = tmp_path / "istiod.log"
    with running(command(program, served, tmp_path), log, environment):
        until(ready, "ready istiod", 60, log)
        served.run(served.registry.create(service("reviews")))
        served.run(served.registry.create(ROUTE))
        until(lambda: knows("VirtualService", "reviews"), "the rule", 10, log)
        until(lambda: "reviews.default.svc" in page("/debug/registryz").text, "the service", 10, log)
        served.run(served.registry.delete(VIRTUAL_SERVICE, "reviews", "default"))
        until(lambda: not knows("VirtualService", "reviews"), "the rule gone", 10, log)
        store = served.registry.store
        until(
            lambda: store.get(CONFIG_MAP, "default", "istio-ca-root-cert"),
            "the root in every namespace",
            10,
            log,
        )
        assert store.get(SECRET, "istio-system", "istio-ca-secret")
        assert store.objects(LEASE, "istio-system")
    assert "failed to list" not in log.read_text()
