"""ReplicaSets: so many pods, adopted and released by their labels."""

from __future__ import annotations

import pytest

from meshtutor.embedded.api import Object
from meshtutor.embedded.controllers.replicasets import _usefulness
from meshtutor.kube.kinds import POD, REPLICA_SET
from tests.embedded.world import World, pod, until


def replica_set(name: str, replicas: int, **spec: object) -> Object:
    template = {"metadata": {"labels": {"app": name}}, "spec": pod("x")["spec"]}
    body = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template, **spec}
    meta = {"name": name, "namespace": "default"}
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": meta, "spec": body}


async def ready(cluster: World, name: str, count: int) -> Object:
    async def done() -> Object | None:
        found = await cluster.api.get(REPLICA_SET, name, "default")
        return found if (found.get("status") or {}).get("readyReplicas", 0) == count else None

    return await until(done, f"{count} pods of {name} are ready")


async def test_pods_are_named_after_it_and_owned_by_it(cluster: World) -> None:
    made = await cluster.api.create(replica_set("web", 2))
    await ready(cluster, "web", 2)
    for one in await cluster.pods("web"):
        assert one["metadata"]["name"].startswith("web-")
        assert one["metadata"]["ownerReferences"][0]["uid"] == made["metadata"]["uid"]
    assert await cluster.event("SuccessfulCreate", "Created pod: web-")


async def test_a_pod_whose_label_is_changed_leaves_and_is_replaced(cluster: World) -> None:
    await cluster.api.create(replica_set("web", 1))
    await ready(cluster, "web", 1)
    (old,) = await cluster.pods("web")
    await cluster.api.patch(
        POD, old["metadata"]["name"], "default", {"metadata": {"labels": {"app": "patient"}}}
    )

    async def replaced() -> bool:
        return [p["metadata"]["uid"] for p in await cluster.pods("web")] not in ([], [old["metadata"]["uid"]])

    await until(replaced, "another pod has come")
    (patient,) = await cluster.pods("patient")
    assert not patient["metadata"].get("ownerReferences")


async def test_an_orphan_that_matches_is_adopted(cluster: World) -> None:
    orphan = pod("stray")
    orphan["metadata"]["labels"] = {"app": "web"}
    await cluster.api.create(orphan)
    made = await cluster.api.create(replica_set("web", 1))
    await ready(cluster, "web", 1)
    (only,) = await cluster.pods("web")
    assert only["metadata"]["name"] == "stray"
    assert only["metadata"]["ownerReferences"][0]["uid"] == made["metadata"]["uid"]


async def test_ready_pods_become_available_only_after_min_ready_seconds(cluster: World) -> None:
    await cluster.api.create(replica_set("web", 1, minReadySeconds=2))
    found = await ready(cluster, "web", 1)
    assert "availableReplicas" not in found["status"]

    async def available() -> bool:
        now = await cluster.api.get(REPLICA_SET, "web", "default")
        return now["status"].get("availableReplicas") == 1

    await until(available, "the pod counts as available")


async def test_the_refusal_of_a_pod_is_told_on_the_replica_set(cluster: World) -> None:
    broken = replica_set("web", 1)
    broken["spec"]["template"]["spec"]["volumes"] = [{"name": "x", "configMap": {"name": "a"}}]
    made = await cluster.api.create(broken)

    def refuse(request: object) -> list[str]:
        from meshtutor.errors import InvalidError

        if request.kind is POD:  # type: ignore[attr-defined]
            raise InvalidError({"message": "no pods today", "code": 422})
        return []

    cluster.api.validators.append(refuse)  # type: ignore[arg-type]
    await cluster.api.patch(REPLICA_SET, "web", "default", {"spec": {"replicas": 2}})

    async def told() -> bool:
        now = await cluster.api.get(REPLICA_SET, made["metadata"]["name"], "default")
        return any(c["type"] == "ReplicaFailure" for c in (now.get("status") or {}).get("conditions") or ())

    await until(told, "ReplicaFailure is in the conditions")
    assert await cluster.event("FailedCreate", "no pods today")


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ({}, {"spec": {"nodeName": "n"}}),
        ({"status": {"phase": "Pending"}}, {"status": {"phase": "Running"}}),
        (
            {"status": {"phase": "Running"}},
            {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}},
        ),
        ({"annotations": {"controller.kubernetes.io/pod-deletion-cost": "-1"}}, {}),
        (
            {"status": {"phase": "Running", "containerStatuses": [{"restartCount": 3}]}},
            {"status": {"phase": "Running"}},
        ),
        ({"created": "2026-01-02T00:00:00Z"}, {"created": "2026-01-01T00:00:00Z"}),
    ],
    ids=["unbound", "pending", "unready", "cheap", "restarted", "young"],
)
def test_the_less_useful_pod_goes_first(less: dict, more: dict) -> None:
    def make(facts: dict) -> Object:
        meta = {
            "name": "p",
            "annotations": facts.get("annotations", {}),
            "creationTimestamp": facts.get("created", ""),
        }
        return {"metadata": meta, "spec": facts.get("spec", {}), "status": facts.get("status", {})}

    assert _usefulness(make(less), {}) < _usefulness(make(more), {})
