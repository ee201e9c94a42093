"""A real istiod on loopback, as a fixture."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.real.apiserver import ApiServer
from tests.real.programs import find, free_ports, running, until

ENVIRONMENT = {
    "POD_NAME": "istiod-0",
    "POD_NAMESPACE": "istio-system",
    "CLUSTER_ID": "Kubernetes",
    "ENABLE_LEADER_ELECTION": "false",
    "INJECT_ENABLED": "false",
    "INJECTION_WEBHOOK_CONFIG_NAME": "",
    "VALIDATION_WEBHOOK_CONFIG_NAME": "",
    "PILOT_ENABLE_GATEWAY_API": "false",
}


class Istiod:
    """A running istiod; its pages are asked on loopback, from where a port-forward arrives in a pod."""

    def __init__(self, monitoring: int, grpc: int) -> None:
        self.monitoring, self.grpc = monitoring, grpc

    def pages(self, path: str) -> list[Any]:
        return [requests.get(f"http://127.0.0.1:{self.monitoring}{path}", timeout=5).json()]


@contextmanager
def serving(kubeconfig: Path, context: str, directory: Path) -> Iterator[Istiod]:
    """An istiod that watches the API server of a context; ready."""
    http, grpc, secure, monitoring, control = free_ports(5)
    mesh = {"ingressControllerMode": "OFF", "defaultConfig": {"discoveryAddress": f"127.0.0.1:{grpc}"}}
    (directory / "mesh.yaml").write_text(yaml.safe_dump(mesh))
    (directory / "networks.yaml").write_text("networks: {}\n")
    config = yaml.safe_load(kubeconfig.read_text())
    (directory / "kubeconfig").write_text(yaml.safe_dump({**config, "current-context": context}))
    flags = {
        "kubeconfig": directory / "kubeconfig", "meshConfig": directory / "mesh.yaml",
        "networksConfig": directory / "networks.yaml", "registries": "Kubernetes", "namespace": "istio-system",
        "httpAddr": f"127.0.0.1:{http}", "grpcAddr": f"127.0.0.1:{grpc}", "secureGRPCAddr": f"127.0.0.1:{secure}",
        "httpsAddr": "", "monitoringAddr": f"127.0.0.1:{monitoring}",
        "ctrlz_port": control, "ctrlz_address": "127.0.0.1",
    }  # fmt: skip
    command = [find("pilot-discovery"), "discovery", *(f"--{flag}={value}" for flag, value in flags.items())]
    log = directory / "istiod.log"
    with running(command, log, {**os.environ, **ENVIRONMENT}):
        until(lambda: _answers(f"http://127.0.0.1:{http}/ready"), "ready istiod", 90, log)
        yield Istiod(monitoring, grpc)


@pytest.fixture(scope="session")
def istiod(server: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Istiod]:
    """A real istiod on the real API server."""
    with serving(server.kubeconfig, "admin", tmp_path_factory.mktemp("istiod")) as istiod:
        yield istiod


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=1).status_code == 200
    except requests.RequestException:
        return False
