"""Which pods get a sidecar, and what they get."""

from __future__ import annotations

import json
from typing import Any

import pytest

from meshtutor.embedded.apiserver.admission import Request
from meshtutor.embedded.kubelet.injection import inject, wants_sidecar, workload_name
from meshtutor.embedded.kubelet.place import has_sidecar
from meshtutor.kube.kinds import NAMESPACE, POD
from tests.embedded.world import World, deployment, pod, until

ON = {"istio-injection": "enabled"}


def made(
    labels: dict[str, str] | None = None, annotations: dict[str, str] | None = None, **spec: Any
) -> dict[str, Any]:
    one = pod("one", None, **spec)
    one["metadata"] |= {"labels": labels or {}, "annotations": annotations or {}}
    return one


def space(labels: dict[str, str]) -> dict[str, Any]:
    return {"metadata": {"name": "default", "labels": labels}}


@pytest.mark.parametrize(
    ("namespace", "labels", "annotations", "wanted"),
    [
        ({}, {}, {}, False),
        (ON, {}, {}, True),
        ({"istio-injection": "disabled"}, {"sidecar.istio.io/inject": "true"}, {}, False),
        ({"istio.io/rev": "default"}, {}, {}, True),
        ({"istio.io/rev": "canary"}, {}, {}, False),
        ({"istio-injection": "enabled", "istio.io/rev": "canary"}, {}, {}, True),
        (ON, {"sidecar.istio.io/inject": "false"}, {}, False),
        (ON, {}, {"sidecar.istio.io/inject": "false"}, False),
        (ON, {"sidecar.istio.io/inject": "true"}, {"sidecar.istio.io/inject": "false"}, True),
        ({}, {"sidecar.istio.io/inject": "true"}, {}, True),
        ({}, {}, {"sidecar.istio.io/inject": "true"}, False),  # without a label the webhook is not called
        ({}, {"istio.io/rev": "default"}, {}, True),
        ({}, {"istio.io/rev": "canary", "sidecar.istio.io/inject": "true"}, {}, False),
    ],
)
def test_labels_decide_as_in_istio(namespace: dict, labels: dict, annotations: dict, wanted: bool) -> None:
    assert wants_sidecar(made(labels, annotations), space(namespace)) is wanted


def test_host_network_and_kubernetes_own_namespaces_are_left_alone() -> None:
    assert not wants_sidecar(made(None, None, hostNetwork=True), space(ON))
    own = made()
    own["metadata"]["namespace"] = "kube-system"
    assert not wants_sidecar(own, space(ON))


def injected(one: dict[str, Any]) -> dict[str, Any]:
    inject(Request(POD, "CREATE", one, None, space(ON)))
    return one


def test_the_proxy_comes_last_and_the_pod_is_marked() -> None:
    one = injected(made({"app": "reviews", "version": "v2"}))
    assert [c["name"] for c in one["spec"]["containers"]] == ["app", "istio-proxy"]
    assert has_sidecar(one)
    labels, annotations = one["metadata"]["labels"], one["metadata"]["annotations"]
    assert labels["security.istio.io/tlsMode"] == "istio"
    assert labels["service.istio.io/canonical-name"] == "reviews"
    assert labels["service.istio.io/canonical-revision"] == "v2"
    assert json.loads(annotations["sidecar.istio.io/status"])["containers"] == ["istio-proxy"]
    assert annotations["kubectl.kubernetes.io/default-container"] == "app"


def test_a_pod_is_injected_once_and_only_on_creation() -> None:
    one = injected(made())
    again = json.loads(json.dumps(one))
    inject(Request(POD, "CREATE", again, None, space(ON)))
    assert again == one
    plain = made()
    inject(Request(POD, "UPDATE", plain, plain, space(ON)))
    assert not has_sidecar(plain)


@pytest.mark.parametrize(
    ("owner", "labels", "name"),
    [
        (None, {}, "one"),
        ({"kind": "ReplicaSet", "name": "web-abc"}, {"pod-template-hash": "abc"}, "web"),
        ({"kind": "ReplicaSet", "name": "web-abc"}, {}, "web-abc"),
        ({"kind": "StatefulSet", "name": "db"}, {}, "db"),
    ],
)
def test_the_workload_is_named_as_istio_names_it(owner: dict | None, labels: dict, name: str) -> None:
    one = made(labels)
    if owner:
        one["metadata"]["ownerReferences"] = [{**owner, "controller": True, "apiVersion": "apps/v1"}]
    assert workload_name(one) == name


async def test_the_label_of_a_namespace_affects_only_new_pods(cluster: World) -> None:
    """As the study says: `kubectl label namespace default istio-injection=enabled` ... delete the existing ones."""
    await cluster.api.create(deployment("web"))

    async def containers() -> list[list[str]]:
        pods = [p for p in await cluster.pods("web") if not p["metadata"].get("deletionTimestamp")]
        return [[c["name"] for c in p["spec"]["containers"]] for p in pods]

    async def has(wanted: list[list[str]]) -> bool:
        return await containers() == wanted

    await until(lambda: has([["app"]]), "the pod has one container")
    await cluster.api.patch(NAMESPACE, "default", "", {"metadata": {"labels": ON}})
    assert await containers() == [["app"]]
    (old,) = await cluster.pods("web")
    await cluster.api.delete(POD, old["metadata"]["name"], "default")
    await until(lambda: has([["app", "istio-proxy"]]), "its successor has two")
