"""Pods as one line each, and what is wrong with them in the cluster's own words."""

from __future__ import annotations

from meshtutor.providers import pods


def pod(*, native: bool = False, ready: tuple[bool, ...] = (True, True), **status: object) -> dict:
    names = ("app", "istio-proxy")
    statuses = [{"name": name, "ready": is_ready} for name, is_ready in zip(names, ready, strict=True)]
    spec = {"containers": [{"name": name} for name in names], "initContainers": [{"name": "istio-init"}]}
    containers = {"containerStatuses": statuses}
    if native:
        stays = {"name": "istio-proxy", "restartPolicy": "Always"}
        spec = {"containers": [{"name": "app"}], "initContainers": [{"name": "istio-init"}, stays]}
        inits = [{"name": "istio-init", "ready": True}, statuses[1]]
        containers = {"containerStatuses": statuses[:1], "initContainerStatuses": inits}
    return {"metadata": {"namespace": "default", "name": "web-1"}, "spec": spec,
            "status": {"phase": "Running", "podIP": "10.0.0.1", **containers, **status}}  # fmt: skip


def test_a_sidecar_counts_wherever_istio_puts_it() -> None:
    assert pods.pod_info(pod()).ready == "2/2"
    assert pods.pod_info(pod(native=True)).ready == "2/2"
    assert pods.pod_info(pod(native=True, ready=(True, False))).ready == "1/2"


def test_a_pod_that_has_not_started_is_a_line_too() -> None:
    pending = {
        "metadata": {"namespace": "a", "name": "b"},
        "spec": {"containers": [{"name": "c"}]},
        "status": {},
    }
    assert pods.pod_info(pending).ready == "0/1"
    assert not pods.is_well(pending)


def test_a_finished_job_is_well() -> None:
    assert pods.is_well(pod(phase="Succeeded"))


def test_why_no_pod_could_be_made_is_told() -> None:
    failure = {
        "type": "ReplicaFailure",
        "status": "True",
        "message": 'pods "web" is forbidden: violates PodSecurity',
    }
    deployment = {"metadata": {"name": "web"}, "status": {"conditions": [failure]}}
    assert pods.trouble([deployment], []) == 'web: pods "web" is forbidden: violates PodSecurity'


def test_a_pod_that_fits_on_no_node_is_told() -> None:
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "0/3 nodes: Insufficient memory",
    }
    assert "Insufficient memory" in pods.trouble([], [pod(conditions=[condition])])
