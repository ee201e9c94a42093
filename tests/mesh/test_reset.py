"""Back to the initial state, whatever was left behind."""

from __future__ import annotations

import json

import pytest

from meshtutor.errors import NotReadyError
from meshtutor.kube.manifests import load
from meshtutor.mesh import Mesh, resetting, waiting
from meshtutor.mesh.changes import ApplyError
from meshtutor.mesh.standing import Standing
from meshtutor.providers.base import INJECTION
from tests.support.kubernetes import pod
from tests.support.servers import Answer

DESIRED = """\
apiVersion: v1
kind: Service
metadata: {name: reviews}
spec: {ports: [{port: 9080}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: bookinfo-gateway}
spec: {servers: []}
"""
LEFT = {
    "apiVersion": "networking.istio.io/v1",
    "kind": "VirtualService",
    "metadata": {"name": "mine"},
    "spec": {},
}


@pytest.fixture
def desired():
    return load(DESIRED)


def record_applied(kubernetes):
    """The names of what is applied from now on."""
    names = []
    kubernetes.refuse = lambda obj: names.append(obj["metadata"]["name"])
    return names


def managed(obj, manager):
    return {**obj, "metadata": {**obj["metadata"], "managedFields": [{"manager": manager}]}}


def test_what_a_lesson_left_goes_and_what_is_missing_comes(mesh, kubernetes, desired):
    kubernetes.put(LEFT)
    done = resetting.restore(mesh.api, "default", desired, injection=INJECTION)
    assert done.removed == ["VirtualService default/mine"]
    assert "Gateway default/bookinfo-gateway" in done.applied
    acts = {(change.action, change.name) for change in done.changes}
    assert acts >= {
        ("deleted", "VirtualService default/mine"),
        ("created", "Gateway default/bookinfo-gateway"),
    }
    assert kubernetes.objects["/api/v1/namespaces/default"]["metadata"]["labels"] == {
        "istio-injection": "enabled"
    }


def test_the_second_reset_finds_nothing_to_do(mesh, desired):
    resetting.restore(mesh.api, "default", desired, injection=INJECTION)
    again = resetting.restore(mesh.api, "default", desired, injection=INJECTION)
    assert not again.anything
    assert "nothing had changed" in repr(again)


def test_what_stands_as_it_was_applied_is_not_applied_again(mesh, kubernetes, desired):
    standing = Standing()
    applied = record_applied(kubernetes)
    resetting.restore(mesh.api, "default", desired, injection=INJECTION, standing=standing)
    assert applied == ["reviews", "bookinfo-gateway"]
    again = resetting.restore(mesh.api, "default", desired, injection=INJECTION, standing=standing)
    assert not again.anything
    assert applied == ["reviews", "bookinfo-gateway"]


def test_what_somebody_wrote_since_is_applied_again(mesh, kubernetes, desired):
    standing = Standing()
    resetting.restore(mesh.api, "default", desired, injection=INJECTION, standing=standing)
    service, gateway = desired
    mesh.apply({**gateway, "spec": {"servers": [{}]}})
    kubernetes.put(managed({**service, "spec": {"ports": []}}, "kubectl"))
    applied = record_applied(kubernetes)
    again = resetting.restore(mesh.api, "default", desired, injection=INJECTION, standing=standing)
    assert again.applied == ["Service default/reviews", "Gateway default/bookinfo-gateway"]
    assert applied == ["reviews", "bookinfo-gateway"]


def test_another_manifest_of_the_same_name_is_applied(mesh, desired):
    standing = Standing()
    resetting.restore(mesh.api, "default", desired, injection=INJECTION, standing=standing)
    other = desired.overlaid(load({**desired[1], "spec": {"servers": [{}]}}))
    done = resetting.restore(mesh.api, "default", other, injection=INJECTION, standing=standing)
    assert done.applied == ["Gateway default/bookinfo-gateway"]


def test_a_rule_of_the_study_that_others_wrote_to_is_made_anew(mesh, kubernetes, desired):
    theirs = {**desired[1], "spec": {"servers": [], "selector": {"istio": "mine"}}}
    theirs["metadata"] = {
        "name": "bookinfo-gateway",
        "managedFields": [{"manager": "meshtutor"}, {"manager": "kubectl-edit"}],
    }
    kubernetes.put(theirs)
    done = resetting.restore(mesh.api, "default", desired, injection=INJECTION)
    assert done.removed == ["Gateway default/bookinfo-gateway"]
    assert "Gateway default/bookinfo-gateway" in done.applied


def test_what_the_control_plane_says_of_a_rule_does_not_make_it_others(mesh, kubernetes, desired):
    authors = [{"manager": "meshtutor"}, {"manager": "pilot-discovery", "subresource": "status"}]
    kubernetes.put({**desired[1], "metadata": {"name": "bookinfo-gateway", "managedFields": authors}})
    assert resetting.restore(mesh.api, "default", desired, injection=INJECTION).removed == []


def test_a_rule_that_down_will_look_for_keeps_its_label(mesh, kubernetes, desired):
    marked = managed(desired[1], "kubectl-edit")
    marked["metadata"]["labels"] = {"app.kubernetes.io/managed-by": "meshtutor"}
    kubernetes.put(marked)
    assert resetting.restore(mesh.api, "default", desired, injection=INJECTION).removed == []


def test_workloads_that_people_made_go_and_what_the_cluster_made_stays(mesh, kubernetes, desired):
    extra = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shop", "namespace": "default"}}
    root = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "kube-root-ca.crt", "namespace": "default"},
    }
    kubernetes.put(managed(extra, "kubectl-client-side-apply"))
    kubernetes.put(managed(root, "kube-controller-manager"))
    assert resetting.restore(mesh.api, "default", desired, injection=INJECTION).removed == [
        "ConfigMap default/shop"
    ]


def test_rules_for_the_whole_mesh_go_only_if_they_were_applied_from_here(mesh, kubernetes, desired):
    strict = {"apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication",
              "metadata": {"name": "default", "namespace": "istio-system"}, "spec": {}}  # fmt: skip
    mesh.apply(strict)
    other = {**strict, "metadata": {"name": "theirs", "namespace": "istio-system"}}
    kubernetes.put(managed(other, "helm"))
    of_another_learner = {
        **other["metadata"],
        "name": "other",
        "labels": {"meshtutor.lesson-of": "student-08"},
    }
    kubernetes.put(managed({**other, "metadata": of_another_learner}, "meshtutor"))
    removed = resetting.restore(mesh.api, "default", desired, injection=INJECTION).removed
    assert removed == ["PeerAuthentication istio-system/default"]


def test_namespaces_that_a_lesson_applied_go_and_no_others(mesh, kubernetes, desired):
    kubernetes.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "theirs"}})
    mesh.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "outside"}})
    done = resetting.restore(mesh.api, "default", desired, injection=INJECTION)
    assert done.namespaces == ["outside"]
    assert done.removed == ["Namespace outside"]
    waiting.wait_gone(mesh.api, done.namespaces, timeout=1)
    with pytest.raises(NotReadyError, match="Namespace theirs did not end"):
        waiting.wait_gone(mesh.api, ["theirs"], timeout=0.1)


def test_a_reset_takes_what_one_learner_made_and_not_what_the_other_did(provider, kubernetes, desired):
    outside = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "outside"}}
    front = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
             "metadata": {"name": "front", "namespace": "istio-system"}, "spec": {}}  # fmt: skip
    for learner in ("student-07", "student-08"):
        kubernetes.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": learner}})
    with Mesh(provider, "student-07") as one, Mesh(provider, "student-08") as other:
        one.apply([outside, front])
        other.apply([outside, front])
        done = resetting.restore(one.api, "student-07", desired, injection=INJECTION)
    assert sorted(done.removed) == ["Gateway istio-system/student-07-front", "Namespace student-07-outside"]


def test_what_was_there_before_a_lesson_applied_its_like_stays(mesh, kubernetes, desired):
    theirs = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "marketing"}}
    kubernetes.put(theirs)
    with pytest.raises(ApplyError, match="no lesson of yours made it"):
        mesh.apply(theirs)
    done = resetting.restore(mesh.api, "default", desired, injection=INJECTION)
    assert done.namespaces == []
    assert "/api/v1/namespaces/marketing" in kubernetes.objects


def test_faults_are_cleared_in_every_pod_that_has_one(mesh, kubernetes):
    kubernetes.proxied = lambda asked: Answer(
        200, json.dumps({"cleared": "reviews-v1" in asked.target}).encode()
    )
    pods = [
        kubernetes.put(pod("reviews-v1-a-b", "reviews")),
        kubernetes.put(pod("ratings-v1-a-b", "ratings")),
    ]
    assert resetting.clear_faults(mesh.api, pods) == ["reviews-v1-a-b"]


def test_a_pod_that_knows_no_faults_is_no_obstacle(mesh, kubernetes):
    assert resetting.clear_faults(mesh.api, [kubernetes.put(pod("x-a-b", "x"))]) == []


def test_pods_without_a_sidecar_are_restarted_when_there_should_be_one(mesh, kubernetes, desired):
    kubernetes.put(pod("reviews-v1-a-b", "reviews", sidecar=False))
    kubernetes.put(pod("ratings-v1-a-b", "ratings"))
    opted_out = pod("plain-v1-a-b", "plain", sidecar=False)
    opted_out["metadata"]["labels"]["sidecar.istio.io/inject"] = "false"
    kubernetes.put(opted_out)
    assert resetting.restore(mesh.api, "default", desired, injection=INJECTION).restarted == [
        "reviews-v1-a-b"
    ]


def test_without_injection_the_label_goes_and_the_sidecars_with_it(mesh, kubernetes, desired):
    resetting.set_injection(mesh.api, "default", INJECTION)
    kubernetes.put(pod("ratings-v1-a-b", "ratings"))
    assert resetting.restore(mesh.api, "default", desired, injection={}).restarted == ["ratings-v1-a-b"]
    assert kubernetes.objects["/api/v1/namespaces/default"]["metadata"]["labels"] == {}


def test_a_namespace_that_asks_a_revision_of_istio_keeps_asking_that_one(mesh, kubernetes, desired):
    labels = {"istio.io/rev": "canary"}
    kubernetes.put(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default", "labels": labels}}
    )
    done = resetting.restore(mesh.api, "default", desired, injection=labels)
    assert not any("label" in name for name in done.applied)
    assert kubernetes.objects["/api/v1/namespaces/default"]["metadata"]["labels"] == labels


# --- waiting


def deployment(name="reviews-v1", available=1):
    status = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": available}
    meta = {"name": name, "generation": 1}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta,
        "spec": {"replicas": 1},
        "status": status,
    }


def test_a_status_that_lags_behind_its_pod_is_not_believed(mesh, kubernetes):
    kubernetes.put(deployment())
    assert waiting.look(mesh.api, "default").waiting_for == "reviews-v1: 1 pods to become ready"
    kubernetes.put(pod("reviews-v1-abc-def", "reviews"))
    assert waiting.look(mesh.api, "default").waiting_for == ""


def test_a_lone_pod_is_waited_for_too_and_only_if_it_is_meant(mesh, kubernetes):
    lone = pod("toolbox", "toolbox", ready=False)
    del lone["metadata"]["ownerReferences"]
    kubernetes.put(lone)
    assert waiting.look(mesh.api, "default").waiting_for == "toolbox: it to become ready"
    assert waiting.look(mesh.api, "default", {"other"}).waiting_for == ""


def test_waiting_in_vain_says_for_what(mesh, kubernetes):
    kubernetes.put(deployment(available=0))
    with pytest.raises(
        NotReadyError, match=r"after 0.1 s; still waiting for reviews-v1: 1 pods to become ready"
    ):
        waiting.wait_ready(mesh.api, "default", timeout=0.1)


def test_a_pod_that_cannot_start_is_quoted_before_the_deadline(mesh, kubernetes, monkeypatch):
    monkeypatch.setattr(waiting, "_PATIENCE_SECONDS", 0.1)
    kubernetes.put(deployment(available=0))
    broken = pod("reviews-v1-abc-def", "reviews", ready=False)
    broken["status"]["containerStatuses"][0]["state"] = {"waiting": {"reason": "CrashLoopBackOff"}}
    kubernetes.put(broken)
    with pytest.raises(NotReadyError, match="Pod reviews-v1-abc-def/reviews: CrashLoopBackOff") as caught:
        waiting.wait_ready(mesh.api, "default", timeout=60)
    assert caught.value.hint == 'mesh.logs("reviews-v1-abc-def") shows what it printed'
