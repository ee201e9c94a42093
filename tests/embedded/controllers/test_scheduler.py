"""Which node a pod gets, and what is said when none will do."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from meshtutor.embedded.controllers import fit
from meshtutor.kube.kinds import NODE, POD
from tests.embedded.world import World, deployment, pod, until

ZONE = "topology.kubernetes.io/zone"
NODES = {
    "server": {"zone": "eu", "disk": "10", "kubernetes.io/hostname": "server"},
    "agent": {"zone": "br", "disk": "20", "kubernetes.io/hostname": "agent"},
}


def affinity(*expressions: dict[str, Any], preferred: bool = False) -> dict[str, Any]:
    term = {"matchExpressions": list(expressions)}
    if preferred:
        return {
            "nodeAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 5, "preference": term}]
            }
        }
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}}


def expression(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"key": key, "operator": operator, **({"values": list(values)} if values else {})}


def node(name: str, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": NODES[name]}, "spec": spec}


@pytest.mark.parametrize(
    ("spec", "able"),
    [
        ({}, {"server", "agent"}),
        ({"nodeSelector": {"zone": "br"}}, {"agent"}),
        ({"nodeSelector": {"zone": "us"}}, set()),
        ({"affinity": affinity(expression("zone", "In", "eu", "us"))}, {"server"}),
        ({"affinity": affinity(expression("zone", "NotIn", "eu"))}, {"agent"}),
        ({"affinity": affinity(expression("gpu", "NotIn", "yes"))}, {"server", "agent"}),
        ({"affinity": affinity(expression("gpu", "Exists"))}, set()),
        ({"affinity": affinity(expression("gpu", "DoesNotExist"))}, {"server", "agent"}),
        ({"affinity": affinity(expression("disk", "Gt", "15"))}, {"agent"}),
        ({"affinity": affinity(expression("disk", "Lt", "15"))}, {"server"}),
        ({"affinity": affinity(expression("zone", "In", "eu"), expression("disk", "Gt", "15"))}, set()),
        ({"affinity": affinity()}, set()),
    ],
)
def test_selectors_and_affinity_choose_nodes(spec: dict[str, Any], able: set[str]) -> None:
    wanted = pod("p", None, **spec)
    assert {name for name in NODES if not fit.why_not(wanted, node(name))} == able


def test_a_cordoned_node_takes_only_pods_that_tolerate_it() -> None:
    closed = node("server", unschedulable=True)
    assert fit.why_not(pod("p"), closed) == "node(s) were unschedulable"
    assert not fit.why_not(pod("p", None, tolerations=[{"operator": "Exists"}]), closed)


@pytest.mark.parametrize(
    ("toleration", "able"),
    [
        ({"key": "gpu", "operator": "Exists"}, True),
        ({"key": "gpu", "value": "yes", "effect": "NoSchedule"}, True),
        ({"key": "gpu", "value": "no"}, False),
        ({"key": "gpu", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"key": "other", "operator": "Exists"}, False),
    ],
)
def test_taints_keep_out_what_does_not_tolerate_them(toleration: dict[str, Any], able: bool) -> None:
    tainted = node("server", taints=[{"key": "gpu", "value": "yes", "effect": "NoSchedule"}])
    assert (not fit.why_not(pod("p", None, tolerations=[toleration]), tainted)) is able


def test_a_preference_wins_over_spreading() -> None:
    wanted = pod("p", None, affinity=affinity(expression("zone", "In", "eu"), preferred=True))
    crowd = [pod(f"other-{i}", None, nodeName="server") for i in range(3)]
    assert fit.best(wanted, [node("server"), node("agent")], crowd)["metadata"]["name"] == "server"


async def test_replicas_are_spread_over_the_three_nodes(cluster: World) -> None:
    await cluster.api.create(deployment("web", 6))

    async def bound() -> bool:
        pods = await cluster.pods("web")
        return len(pods) == 6 and all(p["spec"].get("nodeName") for p in pods)

    await until(bound, "all pods have a node")
    spread = Counter(p["spec"]["nodeName"] for p in await cluster.pods("web"))
    assert sorted(spread.values()) == [2, 2, 2]


async def test_a_pod_without_a_node_waits_with_the_reason_until_a_node_changes(cluster: World) -> None:
    await cluster.api.create(pod("picky", None, nodeSelector={"disk": "fast"}))
    told = await cluster.event("FailedScheduling")
    assert told["message"] == "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector."
    waiting = await cluster.api.get(POD, "picky", "default")
    (condition,) = (c for c in waiting["status"]["conditions"] if c["type"] == "PodScheduled")
    assert (condition["status"], condition["reason"]) == ("False", "Unschedulable")
    await cluster.api.patch(NODE, "meshtutor-agent-1", "", {"metadata": {"labels": {"disk": "fast"}}})
    found = await cluster.running("picky")
    assert found["spec"]["nodeName"] == "meshtutor-agent-1"
    assert await cluster.event("Scheduled", "default/picky to meshtutor-agent-1")


async def test_a_locality_lesson_can_pin_pods_to_brazil(cluster: World) -> None:
    await cluster.api.create(
        pod("far", None, affinity=affinity(expression("topology.kubernetes.io/region", "In", "brazil")))
    )
    assert (await cluster.running("far"))["spec"]["nodeName"] == "meshtutor-agent-1"


async def test_a_rule_that_is_not_implemented_is_refused_by_name(cluster: World) -> None:
    rule = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": ZONE}]}}
    await cluster.api.create(pod("apart", None, affinity=rule))
    assert await cluster.event("FailedScheduling", "spec.affinity.podAntiAffinity is not implemented")
