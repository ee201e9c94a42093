"""What a learner types, on a real cluster: `mesh.apply` against a real API server and a real istiod."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from meshtutor.kube import kinds
from meshtutor.kube.client import KubeClient
from meshtutor.mesh import Mesh
from meshtutor.mesh.changes import ApplyError
from meshtutor.providers import records, resolve
from meshtutor.providers.records import Record
from tests.real import kubelet
from tests.real.apiserver import ApiServer
from tests.real.conftest import REPOSITORY
from tests.real.istiod import Istiod
from tests.real.programs import until
from tests.real.proxy import CDS, RDS, Proxy

SPLIT = REPOSITORY / "manifests" / "06_split_traffic"


@pytest.fixture
def mesh(
    server: ApiServer,
    istiod: Istiod,
    ports: kubelet.Ports,
    pod: Callable,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[tuple[Mesh, Proxy]]:
    """A lab in namespace `class`, as `up --on context` leaves it, and one proxy of it."""
    monkeypatch.setenv("MESHTUTOR_HOME", str(tmp_path))
    monkeypatch.setenv("KUBECONFIG", str(server.kubeconfig))
    kube = server.client()
    kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "class"}})
    kube.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "reviews", "namespace": "class"},
                "spec": {"selector": {"app": "reviews"}, "ports": [{"name": "http", "port": 9080}]}})  # fmt: skip
    _only_istiod(kube, pod)
    ports["istiod-real", 15014] = istiod.monitoring
    Record("default", "context", "admin", "class", gateway="http://127.0.0.1:1").save()
    records.choose("default", "context")
    proxy = Proxy(istiod.grpc, "reviews-v1.class", "10.9.2.1")
    until(lambda: {CDS, RDS} <= set(proxy.received), "a configured proxy")
    with Mesh(resolve.resolve("default", start=False)) as mesh:
        mesh.provider.wait_until_distributed("0", 5)
        yield mesh, proxy
    proxy.close()


def _only_istiod(kube: KubeClient, pod: Callable) -> None:
    for old in kube.list(kinds.POD, "istio-system", labels="app=istiod"):
        kube.delete(kinds.POD, old["metadata"]["name"], "istio-system", grace_seconds=0)
    pod("istiod-real", "istio-system", {"app": "istiod"})


def test_apply_returns_when_the_proxies_have_it(mesh: tuple[Mesh, Proxy]) -> None:
    held, _ = mesh
    assert held.namespace == "class"
    held.apply(SPLIT / "destination-rule.yaml")
    applied = held.apply(SPLIT / "reviews-v1-70-v3-30.yaml")
    assert applied.ok
    assert [ack.proxy for ack in applied.acks] == ["reviews-v1.class"]
    assert "RDS" in applied.acks[0].types
    assert not held.apply(SPLIT / "reviews-v1-70-v3-30.yaml").changed
    deleted = held.delete(SPLIT / "reviews-v1-70-v3-30.yaml")
    assert deleted.ok
    assert [ack.proxy for ack in deleted.acks] == ["reviews-v1.class"]


def test_a_proxy_of_another_team_that_hangs_is_not_waited_for(
    mesh: tuple[Mesh, Proxy], istiod: Istiod
) -> None:
    held, _ = mesh
    held.apply(SPLIT / "destination-rule.yaml")
    theirs = Proxy(istiod.grpc, "app-1.team-b", "10.9.2.9")
    try:
        until(lambda: {CDS, RDS} <= set(theirs.received), "a configured proxy")
        theirs.silent |= {CDS, RDS}
        applied = held.apply(SPLIT / "reviews-v1-70-v3-30.yaml", timeout=20)
        assert applied.ok
        assert [ack.proxy for ack in applied.acks] == ["reviews-v1.class"]
        assert held.provider.wait_until_distributed("0", 10).complete
    finally:
        theirs.close()
        held.delete(SPLIT / "reviews-v1-70-v3-30.yaml")


def test_a_proxys_rejection_is_in_the_result(mesh: tuple[Mesh, Proxy]) -> None:
    held, proxy = mesh
    held.apply(SPLIT / "destination-rule.yaml")
    proxy.rejects.add(RDS)
    applied = held.apply(SPLIT / "reviews-all-v1.yaml")
    assert not applied.ok
    assert applied.nacks[0].error == "the proxy does not like it"
    proxy.rejects.clear()
    held.delete(SPLIT / "reviews-all-v1.yaml")


def test_what_the_api_refuses_is_refused_by_its_field(mesh: tuple[Mesh, Proxy]) -> None:
    held, _ = mesh
    route = {"route": [{"destination": {"host": "reviews"}, "weight": "half"}]}
    broken = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "broken"},
        "spec": {"hosts": ["reviews"], "http": [route]},
    }
    with pytest.raises(ApplyError, match="weight"):
        held.apply(broken)
