"""When a Deployment is rolled out and a pod is ready."""

from __future__ import annotations

import pytest

from meshtutor.kube import rollouts
from meshtutor.kube.ordering import rank
from tests.support.kubernetes import pod


def deployment(**status):
    return {"metadata": {"name": "d", "generation": 3}, "spec": {"replicas": 2}, "status": status}


DONE = {"observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}


@pytest.mark.parametrize(
    ("change", "waits_for"),
    [
        ({}, ""),
        ({"observedGeneration": 2}, "its change to be seen"),
        ({"updatedReplicas": 1}, "1 new pods to start"),
        ({"replicas": 3}, "1 old pods to end"),
        ({"availableReplicas": 0}, "2 pods to become ready"),
    ],
)
def test_a_rollout_says_what_it_waits_for(change, waits_for):
    assert rollouts.unfinished(deployment(**{**DONE, **change})) == waits_for


def test_a_pod_that_is_being_deleted_is_not_ready():
    ready = pod("a-b-c", "a")
    assert rollouts.is_ready(ready)
    ready["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert not rollouts.is_ready(ready)
    assert rollouts.phase(ready) == "Terminating"


def test_columns_as_kubectl_prints_them():
    assert rollouts.ready_column(pod("a-b-c", "a")) == "2/2"
    assert rollouts.ready_column(pod("a-b-c", "a", sidecar=False, ready=False)) == "0/1"


def test_trouble_quotes_the_container():
    broken = pod("shop-1-2", "shop", ready=False)
    broken["status"]["containerStatuses"][0]["state"] = {
        "waiting": {"reason": "ImagePullBackOff", "message": "only python images run here"}
    }
    assert rollouts.trouble([pod("a-b-c", "a"), broken]) == (
        "shop-1-2/shop: ImagePullBackOff, only python images run here"
    )
    assert rollouts.phase(broken) == "ImagePullBackOff"


def test_a_native_sidecar_is_a_sidecar_too():
    injected = pod("a-b-c", "a", sidecar=False)
    assert not rollouts.has_sidecar(injected)
    injected["spec"]["initContainers"] = [{"name": "istio-proxy", "restartPolicy": "Always"}]
    assert rollouts.has_sidecar(injected)


def test_what_is_referred_to_comes_first():
    kinds = ["VirtualService", "Unknown", "Deployment", "DestinationRule", "Namespace", "ConfigMap"]
    ordered = sorted(({"kind": kind} for kind in kinds), key=rank)
    assert [obj["kind"] for obj in ordered] == [
        "Namespace", "ConfigMap", "Deployment", "DestinationRule", "VirtualService", "Unknown",
    ]  # fmt: skip
