"""The embedded API server under the real programs.

istioctl finds what it expects, and a real istiod can take the place of the embedded control plane.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from meshtutor.kube import kinds
from meshtutor.providers import embedded
from meshtutor.providers.embedded import EmbeddedProvider
from tests.real import istiod as real_istiod
from tests.real.programs import find, until
from tests.real.proxy import CDS, RDS, Proxy


@pytest.fixture(scope="module")
def lab() -> Iterator[EmbeddedProvider]:
    """An embedded lab of its own: a real istiod writes into it."""
    for program in ("istioctl", "pilot-discovery"):
        find(program)
    provider, _ = embedded.up("real-istiod")
    yield provider
    embedded.down("real-istiod")


@pytest.fixture(scope="module")
def istiod(lab: EmbeddedProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[real_istiod.Istiod]:
    """A real istiod that watches the embedded API server."""
    with real_istiod.serving(lab.kubeconfig, lab.context, tmp_path_factory.mktemp("istiod")) as istiod:
        yield istiod


def istioctl(lab: EmbeddedProvider, *words: str) -> str:
    command = [find("istioctl"), "--kubeconfig", str(lab.kubeconfig), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


def test_istioctl_analyzes_the_embedded_mesh(lab: EmbeddedProvider, tmp_path: Path) -> None:
    assert "No validation issues found when analyzing all namespaces" in istioctl(lab, "analyze", "-A")
    broken = tmp_path / "broken.yaml"
    broken.write_text(
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: lost, namespace: default}\n"
        "spec: {hosts: [nowhere], http: [{route: [{destination: {host: nowhere}}]}]}\n"
    )
    assert "IST0101" in istioctl(lab, "analyze", str(broken))  # beside what the API server has


def test_a_real_istiod_finds_every_service_and_rule(
    lab: EmbeddedProvider, istiod: real_istiod.Istiod
) -> None:
    services = {f"{s['metadata']['name']}.{s['metadata']['namespace']}.svc.cluster.local"
                for s in lab.http.get(kinds.SERVICE.path())["items"]}  # fmt: skip
    known = {s.get("hostname") for s in istiod.pages("/debug/registryz")[0]}
    assert {
        f"{name}.default.svc.cluster.local" for name in ("productpage", "reviews", "ratings", "details")
    } <= known
    assert known <= services
    rules = {(c["kind"], c["metadata"]["name"]) for c in istiod.pages("/debug/configz")[0]}
    assert {("Gateway", "bookinfo-gateway"), ("VirtualService", "bookinfo")} <= rules


def test_a_real_istiod_configures_a_pod_of_the_embedded_lab(
    lab: EmbeddedProvider, istiod: real_istiod.Istiod
) -> None:
    pods = lab.http.get(kinds.POD.path(namespace="default"), {"labelSelector": "app=productpage"})["items"]
    meta, ip = pods[0]["metadata"], pods[0]["status"]["podIP"]
    proxy = Proxy(istiod.grpc, f"{meta['name']}.default", ip)
    try:
        until(lambda: {CDS, RDS} <= set(proxy.received), "a configured proxy")
    finally:
        proxy.close()
